"""Cells of a piece made anew on chords that a person names.

A change of a `Composer` keeps to the chords that the notes of the piece make, and cannot be told others. So the cells
are filled with notes that make nothing but the chords, a guide, before the model makes the cells anew.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from musicgen import codec
from musicgen.harmony import NO_CHORD, QUALITIES, progression_codes
from musicgen.heard import NONE, heard_chords
from musicgen.models.base import Composer
from musicgen.models.windows import WINDOW, change_by_windows
from musicgen.music import Music, Note
from musicgen.request import MAX_SEED
from musicgen.roles import PITCHED, ROLE_BY_NAME, ROLE_NAMES

_TRIES = 4
"""Draws at most, until the chords are heard in one of them."""
_STRENGTH = 0.999
"""A strength that forgets the notes of a piece, but not their chords; see `models/redrawing.py`."""
_TONES = {"major": (0, 4, 7), "minor": (0, 3, 7), "dominant": (0, 4, 7, 10), "diminished": (0, 3, 6)}
_VELOCITY = 80


def change_chords(composer: Composer, music: Music, cells: np.ndarray, chords: str, seed: int = 0) -> Music:
    """The piece with some cells made anew on chords; the other cells come back note for note.

    Of up to `_TRIES` draws the one is taken in which the most of the chords are heard.

    Args:
        cells: which to make, bool, shape (bars, roles).
        chords: the progression of the whole piece, see `harmony.read_progression`.
    """
    if not cells.any():
        return music
    guide, keep = write_guide(music, cells, chords), ~cells
    best: tuple[int, Music] | None = None
    for attempt in range(_TRIES):
        drawn = _draw(composer, guide, keep, seed + attempt)
        missed = len(find_missed(drawn, cells, chords))
        if best is None or missed < best[0]:
            best = missed, drawn
        if not missed:
            break
    assert best is not None
    return best[1]


def find_missed(music: Music, cells: np.ndarray, chords: str) -> list[int]:
    """The bars, from 0, in which cells were made anew and other chords are heard than those that were named.

    A seventh more or less is no other chord.
    """
    asked = _codes(music, chords)
    heard = heard_chords(codec.encode(music), music.bars, music.metre)
    asked, heard = (np.where(codes >= NO_CHORD, -1, _as_triad(codes)) for codes in (asked, heard.astype(np.int64)))
    changed = cells[:, list(PITCHED)].any(axis=1)
    return np.flatnonzero(changed & (asked != heard).any(axis=1)).tolist()


def describe_missed(music: Music, cells: np.ndarray, chords: str) -> tuple[str, ...]:
    """A sentence about `find_missed`, if there are such bars."""
    numbers = [str(bar + 1) for bar in find_missed(music, cells, chords)]
    if not numbers:
        return ()
    bars = f"bar {numbers[0]}" if len(numbers) == 1 else f"bars {', '.join(numbers)}"
    return (f"In {bars} other chords are heard than those that were asked for: try again, or free more roles.",)


def write_guide(music: Music, cells: np.ndarray, chords: str) -> Music:
    """The piece with notes in some cells that make the chords and nothing else; drums stay as they are."""
    asked = _codes(music, chords, normal=False)
    bounds = np.array([0, music.metre.half_bar, music.ticks_per_bar])
    tracks = []
    for track in music.tracks:
        column = ROLE_NAMES.index(track.role)
        if column not in PITCHED:
            tracks.append(track)
            continue
        notes = [note for note in track.notes if not cells[note.onset // music.ticks_per_bar, column]]
        for bar in np.flatnonzero(cells[:, column]).tolist():
            for half, (start, end) in enumerate(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)):
                for pitch in _voice(track.role, int(asked[bar, half])):
                    notes.append(Note(bar * music.ticks_per_bar + start, pitch, end - start, _VELOCITY))
        tracks.append(replace(track, notes=tuple(sorted(notes))))
    return replace(music, tracks=tuple(tracks))


def _draw(composer: Composer, guide: Music, keep: np.ndarray, seed: int) -> Music:
    """One draw of the cells that are not kept; a long piece is drawn window by window."""

    def draw(part: Music, kept: np.ndarray, number: int = 0) -> Music:
        drawn = composer.redraw(part, kept, _STRENGTH, (seed + number) % (MAX_SEED + 1))
        return codec.splice(part, drawn, kept)

    return draw(guide, keep) if guide.bars <= WINDOW else change_by_windows(guide, keep, draw)


def _codes(music: Music, chords: str, normal: bool = True) -> np.ndarray:
    """The chord of each half bar, in C major or A minor as models have it, or as it sounds; shape (bars, 2)."""
    return progression_codes(chords, music.bars, music.key.shift_to_normal if normal else 0).astype(np.int64)


def _as_triad(codes: np.ndarray) -> np.ndarray:
    """Codes in which a dominant is the major chord on its root."""
    is_dominant = codes // 12 == QUALITIES.index("dominant")
    return np.where(is_dominant, codes % 12 + 12 * QUALITIES.index("major"), codes)


def _voice(role: str, code: int) -> list[int]:
    """The pitches with which a role plays a chord: a melody and a bass its root, the others all of it."""
    if code in (NO_CHORD, NONE):
        return []
    low = ROLE_BY_NAME[role].low + (ROLE_BY_NAME[role].high - ROLE_BY_NAME[role].low) // 3
    root = low + (code % 12 - low) % 12
    tones = _TONES[QUALITIES[code // 12]] if role in ("chords", "pad") else (0,)
    return [root + tone for tone in tones]


__all__ = ["change_chords", "describe_missed", "find_missed", "write_guide"]
