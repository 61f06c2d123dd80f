"""The one file that sees every stage: a request in, a piece with its MIDI and its sound out."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from musicgen import export, hub, midi
from musicgen.audio import Audio, Renderer
from musicgen.errors import AudioError, RequestError
from musicgen.models.base import Composer
from musicgen.music import Music
from musicgen.request import MAX_SEED, Request


@dataclass(frozen=True)
class Result:
    """A finished piece.

    Args:
        request: what was asked for, with every default filled in.
        music: the notes.
        midi: the bytes of a MIDI file; its text events hold `recipe`.
        recipe: model, revision and request: all that is needed to make the same bytes again.
        audio: the sound, or None where there is no synthesiser.
        notice: one line for the user where something is missing, else None.
        seconds: how long each stage took.
    """

    request: Request
    music: Music
    midi: bytes
    recipe: dict[str, object]
    audio: Audio | None = None
    notice: str | None = None
    seconds: dict[str, float] = field(default_factory=dict)


class Studio:
    """A model and a synthesiser, ready to work. Holds no visitor's state: share one between all of them.

    Args:
        composer: the model.
        renderer: the synthesiser, or None to make MIDI only.
        notice: why there is no renderer, for the user to read.
    """

    def __init__(self, composer: Composer, renderer: Renderer | None = None, notice: str | None = None) -> None:
        self.composer = composer
        self.renderer = renderer
        self.notice = notice

    @classmethod
    def open(cls, model: str = "vae", sound: bool = True) -> Studio:
        """Load a model (bundled name, folder, or `org/name@revision`) and, where it can be had, the synthesiser.

        Raises:
            CheckpointError: the model cannot be loaded. A missing synthesiser is no error, it becomes `notice`.
        """
        from musicgen.models import load_composer  # loads Keras: not at import time

        composer = load_composer(hub.resolve(model))
        if not sound:
            return cls(composer)
        try:
            return cls(composer, Renderer())
        except AudioError as error:
            return cls(composer, None, str(error))

    def make(self, request: Request, sound: bool = True) -> Result:
        """Compose, write and, if `sound` is asked for and can be had, render one piece."""
        started = time.perf_counter()
        music = self.composer.generate(request)
        composed = time.perf_counter()
        recipe: dict[str, object] = {"model": self.composer.identity, "request": request.to_dict()}
        data = midi.to_midi(music, recipe)
        audio, notice = None, self.notice
        if sound and self.renderer is not None:
            try:
                audio = self.renderer.render(data)
            except AudioError as error:
                notice = str(error)
        seconds = {"compose": composed - started, "render": time.perf_counter() - composed}
        return Result(request, music, data, recipe, audio, notice, seconds)

    def export(self, result: Result, format_name: str) -> bytes:
        """The piece in one of `export.FORMATS`; renders the sound if that was not done yet.

        Raises:
            ExportError: the format is unknown.
            AudioError: the format needs sound and there is no synthesiser.
        """
        audio = result.audio
        if export.needs_audio(format_name) and audio is None:
            if self.renderer is None:
                raise AudioError(self.notice or "Expected a synthesiser. Received: none was asked for.")
            audio = self.renderer.render(result.midi)
        return export.encode(format_name, result.midi, audio)


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
