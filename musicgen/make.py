"""Making pieces from the command line: a request in, files out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

from musicgen import export
from musicgen.cluster import open_cluster, processes_for_networks
from musicgen.compose import Studio
from musicgen.errors import RequestError
from musicgen.request import MAX_SEED, Request

_CHUNK = 100
"""Pieces that a worker makes in one job: about ten seconds of work, which is what a worker that dies costs."""


def is_loop(path: Path) -> bool:
    """Whether a piece that is written to a path is to be a loop, which has no ending."""
    return path.name.lower().endswith(".loop.wav")


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


def write_many(model: str, request: Request, count: int, folder: Path, scheduler: str | None = None) -> list[Path]:
    """Write `count` MIDI files song-000.mid and on into a folder, with seeds from the request's seed on.

    Args:
        scheduler: address of a Dask scheduler whose workers make them; processes of this machine if None. The files
            are written here.

    Raises:
        RequestError: a count that is not from 1 to 100,000; else as `write_one`, and as `cluster.open_cluster`.
    """
    if not isinstance(count, int) or not 1 <= count <= 100_000:
        raise RequestError(f"count: expected a whole number from 1 to 100000. Received: {count!r}.")
    requests = [replace(request, seed=(request.seed + index) % (MAX_SEED + 1)) for index in range(count)]
    chunks = [requests[start : start + _CHUNK] for start in range(0, count, _CHUNK)]
    paths = [folder / f"song-{index:0{max(3, len(str(count - 1)))}}.mid" for index in range(count)]
    with open_cluster(scheduler, processes_for_networks(len(chunks))) as cluster:
        for place, files in cluster.results(_make_files, chunks, model, uuid4().hex):
            for path, data in zip(paths[place * _CHUNK :], files, strict=False):
                export.write(path, data)
    return paths


def _make_files(requests: Sequence[Request], model: str, run: str) -> list[bytes]:
    studio = _studio(model, run)
    return [studio.make(request, sound=False).midi for request in requests]


@lru_cache(1)
def _studio(model: str, run: str) -> Studio:
    """A model stays loaded in its worker from one job to the next, but not to the next run: it may be another then."""
    return Studio.open(model, sound=False)
