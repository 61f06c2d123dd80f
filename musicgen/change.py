"""Changing pieces from the command line: MIDI files in, and what a model makes of them out, in any format."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from musicgen import export
from musicgen.compose import Result, Studio
from musicgen.errors import MidiError, RequestError
from musicgen.music import Music
from musicgen.recipe import Edit, Mix
from musicgen.recipe_texts import mask_text
from musicgen.roles import ROLE_NAMES

# --- the changes: a piece, a seed, and what the user says ------------------------------------------------------


def vary(music: Music, seed: int, *, strength: float, keep: str) -> Edit:
    """See `Composer.vary`; `keep` names roles that come back note for note, "" is none."""
    return Edit("vary", seed, strength, mask_text(cells(music, None, _roles("keep", keep))))


def infill(music: Music, seed: int, *, bars: str | None, roles: str, chords: str | None = None) -> Edit:
    """See `Composer.infill`; the bars as in `cells` and the roles ("" is those that the piece has) are made anew.

    Args:
        chords: of the whole piece, repeated; None for those that are there.
    """
    named = _roles("roles", roles)
    fresh = cells(music, bars, named or [track.role for track in music.tracks])
    return Edit("infill", seed, keep=mask_text(~fresh), roles=named, chords="" if chords is None else chords)


def accompany(music: Music, seed: int, *, roles: str) -> Edit:
    """See `Composer.accompany`; "" is every role."""
    return Edit("accompany", seed, roles=_roles("roles", roles))


def continue_(music: Music, seed: int, *, bars: int) -> Edit:
    """See `Composer.continue_`."""
    return Edit("continue", seed, bars=bars)


def restyle(music: Music, seed: int, *, to: str, strength: float, keep: str) -> Edit:
    """See `Composer.transfer`; `keep` names roles that come back note for note besides the melody."""
    return Edit("restyle", seed, strength, mask_text(cells(music, None, _roles("keep", keep))), style=to)


CHANGES: dict[str, Callable[..., Edit]] = {
    "vary": vary,
    "infill": infill,
    "accompany": accompany,
    "continue": continue_,
    "restyle": restyle,
}
"""Name of a change to the function that says it as an `Edit`."""


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
    name: str, model: str, source: Path, out: Path, seed: int = 0, style: str | None = None, mix: Mix | None = None,
    keep_beat: bool = False, **values: object,
) -> list[str]:  # fmt: skip
    """Change the piece in a MIDI file and write it in the format that the ending of `out` names.

    Args:
        name: one of `CHANGES`; `values` are its own arguments.
        model: as in `hub.resolve`.
        source: any MIDI file, see `read_music`.
        seed: 0 to 2**32 - 1; the same file, change and seed give the same bytes.
        style: what the model should take the piece for; as `read_music` finds it if not given.
        mix: how the new piece is played.
        keep_beat: of a performance that does not follow the beat of its file, see `read_music`.

    Returns:
        A sentence for each thing that reading changed, and how much the change did.

    Raises:
        MusicgenError: the file, the model, an argument or the place to write cannot be used.
    """
    format_name = export.format_of(out)  # before the work, not after it
    data = _bytes(source)
    sound = export.needs_audio(format_name)
    studio = Studio.open(model, sound)
    piece = _read(studio, source, data, style, keep_beat)
    result = studio.change(piece, CHANGES[name](piece.music, seed, **values), sound=sound and not mix)
    said = [*_about(source, piece), *result.said]
    if result.changed is not None:
        said.append(f"{result.changed:.0%} of the notes that were free to change are others now.")
    if mix:
        result = studio.change(result, Edit("mix", mix=mix), sound=sound)
    export.write(out, studio.export(result, format_name))
    return said


def write_morph(
    model: str, first: Path, last: Path, steps: int, folder: Path, keep_beat: bool = False
) -> tuple[list[Path], list[str]]:  # fmt: skip
    """Write MIDI files morph-000.mid and on into a folder: the way from one piece to another, see `Composer.blend`.

    Args:
        keep_beat: of performances that do not follow the beat of their files, see `read_music`.

    Returns:
        The files, and a sentence for each thing that reading changed.

    Raises:
        MusicgenError: as for `write_change`, or fewer than 2 or more than 64 steps.
    """
    if not 2 <= steps <= 64:
        raise RequestError(f"steps: expected 2 to 64. Received: {steps!r}.")
    data = [_bytes(first), _bytes(last)]
    studio = Studio.open(model, sound=False)
    ends = [_read(studio, path, each, None, keep_beat) for path, each in zip((first, last), data, strict=True)]
    paths = []
    for step in range(steps):
        share = step / (steps - 1)
        paths.append(folder / f"morph-{step:03}.mid")
        export.write(paths[-1], studio.morph(ends, [1 - share, share], sound=False).midi)
    return paths, _about(first, ends[0]) + _about(last, ends[1])


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or error
        raise MidiError(f"Expected a MIDI file at {str(path)[-60:]!r}. Received from the system: {reason}.") from None


def _read(
    studio: Studio, path: Path, data: bytes, style: str | None = None, keep_beat: bool = False
) -> Result:  # fmt: skip
    try:
        return studio.read(data, path.name, style, keep_beat=keep_beat)
    except MidiError as error:
        raise MidiError(f"{path.name}: {error}") from None


def _about(path: Path, piece: Result) -> list[str]:
    return [f"{path.name}: {said}" for said in piece.said]


__all__ = ["CHANGES", "cells", "write_change", "write_morph"]
