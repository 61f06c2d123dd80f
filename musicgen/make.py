"""Making pieces from the command line: a request in, files out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from musicgen import export
from musicgen.compose import Studio
from musicgen.errors import RequestError
from musicgen.request import MAX_SEED, Request


def write_one(model: str, request: Request, path: Path) -> Path:
    """Make a piece and write it in the format that the path's ending names.

    Raises:
        ExportError: an unknown ending, or the file cannot be written; `CheckpointError`, `AudioError` as elsewhere.
    """
    format_name = export.format_of(path)  # before the work, not after it
    studio = Studio.open(model, sound=export.needs_audio(format_name))
    result = studio.make(request, sound=export.needs_audio(format_name))
    export.write(path, studio.export(result, format_name))
    return path


def write_many(model: str, request: Request, count: int, folder: Path) -> list[Path]:
    """Write `count` MIDI files song-000.mid and on into a folder, with seeds from the request's seed on.

    Raises:
        RequestError: a count that is not from 1 to 100,000; else as `write_one`.
    """
    if not isinstance(count, int) or not 1 <= count <= 100_000:
        raise RequestError(f"count: expected a whole number from 1 to 100000. Received: {count!r}.")
    studio = Studio.open(model, sound=False)
    width = max(3, len(str(count - 1)))
    paths = []
    for index in range(count):
        asked = replace(request, seed=(request.seed + index) % (MAX_SEED + 1))
        path = folder / f"song-{index:0{width}}.mid"
        export.write(path, studio.make(asked, sound=False).midi)
        paths.append(path)
    return paths
