"""Changing pieces that are there: MIDI files in, and what a model's `Composer` makes of them out, in any format."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from musicgen import export, hub, midi
from musicgen.audio import Renderer
from musicgen.errors import MidiError, RequestError
from musicgen.intake import Intake, read_music
from musicgen.models.base import Composer
from musicgen.music import Music, Track
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES, STYLE_BY_NAME, STYLES

# --- the changes: a model, a piece, a seed, and what the user says ---------------------------------------------


def vary(composer: Composer, music: Music, seed: int, *, strength: float, keep: str) -> Music:
    """See `Composer.vary`; `keep` names roles that come back note for note, "" is none."""
    return composer.vary(music, strength, seed, cells(music, None, _roles("keep", keep)))


def infill(composer: Composer, music: Music, seed: int, *, bars: str | None, roles: str) -> Music:
    """See `Composer.infill`; the bars as in `cells` and the roles ("" is those that the piece has) are made anew."""
    named = _roles("roles", roles)
    style = STYLE_BY_NAME.get(music.style, STYLES[0])
    have = [track.role for track in music.tracks]
    added = tuple(Track(role, style.program(role), ()) for role in named if role not in have)
    music = replace(music, tracks=(*music.tracks, *added))
    return composer.infill(music, cells(music, bars, named or have), seed)


def accompany(composer: Composer, music: Music, seed: int, *, roles: str) -> Music:
    """See `Composer.accompany`; "" is every role."""
    return composer.accompany(music, _roles("roles", roles) or ROLE_NAMES, seed)


def continue_(composer: Composer, music: Music, seed: int, *, bars: int) -> Music:
    """See `Composer.continue_`."""
    return composer.continue_(music, bars, seed)


def restyle(composer: Composer, music: Music, seed: int, *, to: str, strength: float) -> Music:
    """See `Composer.transfer`."""
    return composer.transfer(music, to, strength, seed)


CHANGES: dict[str, Callable[..., Music]] = {
    "vary": vary,
    "infill": infill,
    "accompany": accompany,
    "continue": continue_,
    "restyle": restyle,
}
"""Name of a change to the function that makes it."""


def cells(music: Music, bars: str | None, roles: Sequence[str]) -> np.ndarray:
    """A mask of cells, bool, shape (bars, roles): those of some roles in some bars.

    Args:
        bars: such as "5-8" or "1-4,9", counted from 1; None is all.

    Raises:
        RequestError: bars that the piece has not, or no bars.
    """
    inside = np.ones(music.bars, bool) if bars is None else np.zeros(music.bars, bool)
    for part in [] if bars is None else bars.split(","):
        match = re.fullmatch(r"\s*(\d{1,4})\s*(?:-\s*(\d{1,4}))?\s*", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= music.bars:
            raise RequestError(f'bars: expected bars of 1 to {music.bars}, such as "1-2". Received: {part[:40]!r}.')
        inside[first - 1 : last] = True
    return inside[:, None] & np.array([role in roles for role in ROLE_NAMES])


def _roles(field: str, text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if unknown := [name for name in names if name not in ROLE_NAMES]:
        raise RequestError(f"{field}: expected roles of {', '.join(ROLE_NAMES)}. Received: {unknown[0][:40]!r}.")
    return names


# --- files -----------------------------------------------------------------------------------------------------


def write_change(
    name: str, model: str, source: Path, out: Path, seed: int = 0, style: str | None = None, **values: object
) -> list[str]:
    """Change the piece in a MIDI file and write it in the format that the ending of `out` names.

    Args:
        name: one of `CHANGES`; `values` are its own arguments.
        model: as in `hub.resolve`.
        source: any MIDI file, see `read_music`.
        seed: 0 to 2**32 - 1; the same file, change and seed give the same bytes.
        style: what the model should take the piece for; as `read_music` finds it if not given.

    Returns:
        A sentence for each thing that reading changed.

    Raises:
        MusicgenError: the file, the model, an argument or the place to write cannot be used.
    """
    format_name = export.format_of(out)  # before the work, not after it
    seed = Request(seed=seed).seed
    data, piece = _read(source, style)
    composer = _load(model)
    music = CHANGES[name](composer, piece.music, seed, **values)
    recipe = {
        "model": composer.identity, "change": name, "seed": seed, "style": music.style,
        "values": values, "sources": [_digest(data)],
    }  # fmt: skip
    written = midi.to_midi(music, recipe)
    audio = Renderer().render(written) if export.needs_audio(format_name) else None
    export.write(out, export.encode(format_name, written, audio))
    return _about(source, piece)


def write_morph(model: str, first: Path, last: Path, steps: int, folder: Path) -> tuple[list[Path], list[str]]:
    """Write MIDI files morph-000.mid and on into a folder: the way from one piece to another, see `Composer.morph`.

    Returns:
        The files, and a sentence for each thing that reading changed.

    Raises:
        MusicgenError: as for `write_change`.
    """
    (data, start), (other, end) = _read(first), _read(last)
    composer = _load(model)
    paths = []
    for step, music in enumerate(composer.morph(start.music, end.music, steps)):
        values = {"step": step, "steps": steps}
        recipe = {
            "model": composer.identity, "change": "morph", "values": values, "sources": [_digest(data), _digest(other)],
        }  # fmt: skip
        paths.append(folder / f"morph-{step:03}.mid")
        export.write(paths[-1], midi.to_midi(music, recipe))
    return paths, _about(first, start) + _about(last, end)


def _read(path: Path, style: str | None = None) -> tuple[bytes, Intake]:
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or error
        raise MidiError(f"Expected a MIDI file at {str(path)[-60:]!r}. Received from the system: {reason}.") from None
    try:
        return data, read_music(data, style)
    except MidiError as error:
        raise MidiError(f"{path.name}: {error}") from None


def _load(model: str) -> Composer:
    from musicgen.models import load_composer  # loads Keras: not at import time

    return load_composer(hub.resolve(model))


def _about(path: Path, piece: Intake) -> list[str]:
    return [f"{path.name}: {note}" for note in piece.notes]


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


__all__ = ["CHANGES", "cells", "write_change", "write_morph"]
