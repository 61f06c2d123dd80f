"""`Music` to arrays and back: the only place that quantises, encodes and decodes. No Keras, no paths.

A piece becomes a list of notes, one row of small integers each. A *cell* is one bar of one role. Pieces are
encoded in C major or A minor; a request's key is an exact transposition of what the model says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from musicgen.errors import MusicgenError
from musicgen.music import FOUR_FOUR, TICKS_PER_QUARTER, Metre, Music, Note, Track
from musicgen.roles import DRUM_PITCHES, ROLES, canonical_drum

DURATIONS = (1, 2, 3, 4, 6, 8, 9, 12, 15, 18, 24, 30, 36, 48, 72, 96, 144, 192)
"""Ticks of each duration class; a note takes the class nearest in ratio."""
VELOCITIES = (20, 36, 50, 64, 78, 92, 106, 120)
"""MIDI velocity of each velocity class; a note takes the nearest."""
DRUM_DURATION = 3

PITCHES: tuple[int, ...] = tuple(len(DRUM_PITCHES) if role.is_drums else role.high - role.low + 1 for role in ROLES)
"""Number of pitch indices of each role, in role order."""
MAX_PITCHES = max(PITCHES)
COLUMNS = ("bar", "role", "tick", "pitch", "duration", "velocity")
"""Columns of an encoded note: bar of the piece, role, tick in the bar (0 to 47, in 3/4 and 6/8 to 35), pitch index,
duration and velocity class."""

SCALE = np.array([0, 2, 4, 5, 7, 9, 11])
"""Pitch classes of C major and A minor."""

_DURATION_CLASS = np.array(
    [int(np.argmin([abs(np.log(ticks / value)) for value in DURATIONS])) for ticks in range(1, 193)]
)
_VELOCITY_CLASS = np.array([int(np.argmin([abs(v - value) for value in VELOCITIES])) for v in range(128)])
_DRUM_INDEX = {pitch: index for index, pitch in enumerate(DRUM_PITCHES)}
_STRAIGHT = np.array([0, 3, 6, 9, 12])
_TRIPLET = np.array([0, 2, 4, 6, 8, 10, 12])


def scale_steps(pitches: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of MIDI pitches the steps of `SCALE`, seven an octave from 0 up, and the semitones above them, 0 or 1."""
    octave, pitch_class = np.divmod(pitches, 12)
    degree = np.searchsorted(SCALE, pitch_class, side="right") - 1
    return 7 * octave + degree, pitch_class - SCALE[degree]


def quantise(quarters: np.ndarray, human: bool = False, metre: Metre = FOUR_FOUR) -> np.ndarray:
    """Onsets in quarter notes to ticks.

    Args:
        quarters: onsets from a bar line, float, shape (n,).
        human: the onsets were played, not written: each bar is snapped as a whole to sixteenths or to
            sixteenth triplets, whichever is nearer, instead of each onset to the nearest tick. In 6/8, whose beats
            are triple already, to sixteenths.
        metre: says where bars begin.

    Returns:
        Ticks, int64, shape (n,).
    """
    quarters = np.asarray(quarters, float)
    if not human:
        return np.round(quarters * TICKS_PER_QUARTER).astype(np.int64)
    ticks = np.zeros(len(quarters), np.int64)
    bars = np.floor((quarters + 1 / 8) / metre.quarters_per_bar)
    # the triplet grid is finer, so it has to be clearly nearer to be chosen
    grids = [(_STRAIGHT, 1.0)] if metre.is_compound else [(_STRAIGHT, 1.0), (_TRIPLET, 1.6)]
    for bar in np.unique(bars):
        inside = bars == bar
        exact = quarters[inside] * TICKS_PER_QUARTER
        whole = np.floor(exact / TICKS_PER_QUARTER) * TICKS_PER_QUARTER
        snapped = []
        for grid, handicap in grids:
            near = grid[np.argmin(np.abs((exact - whole)[:, None] - grid), axis=1)]
            error = float(np.mean(np.abs(exact - whole - near))) * handicap
            snapped.append((error, whole + near))
        ticks[inside] = min(snapped, key=lambda pair: pair[0])[1]
    return ticks


def on_grid(quarters: np.ndarray) -> float:
    """Share of onsets (in quarter notes) within a fifth of a tick of a sixteenth or of an eighth triplet."""
    exact = np.asarray(quarters, float) * TICKS_PER_QUARTER
    near = np.round(exact)
    hit = (np.abs(exact - near) < 0.2) & ((near % 3 == 0) | (near % 4 == 0))
    return float(hit.mean()) if len(hit) else 1.0


def fold(pitch: int, low: int, high: int) -> int:
    """The pitch, moved by octaves into low to high (inclusive, at least an octave apart)."""
    if pitch < low:
        pitch += -(-(low - pitch) // 12) * 12
    if pitch > high:
        pitch -= -(-(pitch - high) // 12) * 12
    return pitch


def encode(music: Music) -> np.ndarray:
    """The notes of a piece, transposed to C major or A minor, as rows of `COLUMNS`.

    Pitches outside a role's range move by octaves; percussion that `roles.canonical_drum` does not know is
    left out; of equal rows the loudest stays.

    Returns:
        Shape (notes, 6), int16, sorted.
    """
    shift = music.key.shift_to_normal
    rows: dict[tuple[int, int, int, int], tuple[int, int]] = {}
    for track in music.tracks:
        index = next(i for i, role in enumerate(ROLES) if role.name == track.role)
        role = ROLES[index]
        for note in track.notes:
            if role.is_drums:
                canonical = canonical_drum(note.pitch)
                if canonical is None:
                    continue
                pitch = _DRUM_INDEX[canonical]
            else:
                pitch = fold(note.pitch + shift, role.low, role.high) - role.low
            bar, tick = divmod(note.onset, music.ticks_per_bar)
            duration = 0 if role.is_drums else int(duration_class(note.duration))
            velocity = int(_VELOCITY_CLASS[note.velocity])
            place = (bar, index, tick, pitch)
            rows[place] = max(rows.get(place, (0, 0)), (duration, velocity), key=lambda value: value[::-1])
    table = [(*place, *value) for place, value in sorted(rows.items())]
    return np.array(table, np.int16).reshape(-1, len(COLUMNS))


def decode(rows: np.ndarray, like: Music) -> Music:
    """The inverse of `encode`: rows of `COLUMNS` in C major or A minor to a piece in the key of `like`.

    Args:
        rows: shape (notes, 6), any order.
        like: gives bars, metre, tempo, key, style and the program of each role; roles it lacks are left out.

    Raises:
        MusicgenError: a row is out of range.
    """
    rows = np.asarray(rows, np.int64).reshape(-1, len(COLUMNS))
    limits = np.array([like.bars, len(ROLES), like.ticks_per_bar, MAX_PITCHES, len(DURATIONS), len(VELOCITIES)])
    if ((rows < 0) | (rows >= limits)).any():
        bad = rows[((rows < 0) | (rows >= limits)).any(axis=1)][0]
        raise MusicgenError(f"Expected note rows below {limits.tolist()}. Received: {bad.tolist()}.")
    shift = -like.key.shift_to_normal
    tracks = []
    for track in like.tracks:
        index = next(i for i, role in enumerate(ROLES) if role.name == track.role)
        role = ROLES[index]
        notes = []
        for bar, _, tick, pitch, duration, velocity in rows[rows[:, 1] == index].tolist():
            if role.is_drums:
                sounding, ticks = DRUM_PITCHES[pitch], DRUM_DURATION
            else:
                sounding, ticks = fold(pitch + role.low + shift, role.low, role.high), DURATIONS[duration]
            notes.append(Note(bar * like.ticks_per_bar + tick, sounding, ticks, VELOCITIES[velocity]))
        tracks.append(replace(track, notes=untangle(notes, like.ticks)))
    return replace(like, tracks=tuple(tracks))


def duration_class(ticks: int | np.ndarray) -> np.ndarray:
    """Position in `DURATIONS` of the class nearest, in ratio, to each length, 1 tick or more."""
    return _DURATION_CLASS[np.minimum(ticks, DURATIONS[-1]) - 1]


def untangle(notes: Iterable[Note], end: int) -> tuple[Note, ...]:
    """Notes without unisons: a note ends where the next of its pitch begins, and no note sounds past tick `end`."""
    by_pitch: dict[int, dict[int, Note]] = {}
    for note in notes:
        seen = by_pitch.setdefault(note.pitch, {})
        if note.onset < end and (note.onset not in seen or seen[note.onset].velocity < note.velocity):
            seen[note.onset] = note
    result: list[Note] = []
    for seen in by_pitch.values():
        line = [seen[onset] for onset in sorted(seen)]
        limits = [note.onset for note in line[1:]] + [end]
        result.extend(
            note if note.end <= limit else note._replace(duration=limit - note.onset)
            for note, limit in zip(line, limits, strict=True)
        )
    return tuple(sorted(result))


def splice(kept: Music, fresh: Music, keep: np.ndarray) -> Music:
    """`fresh`, with the notes of some cells taken from `kept`, every one of them unchanged.

    A fresh note that a kept one of its pitch would cut into gives way: it ends before it, or is left out.

    Args:
        kept, fresh: pieces of one metre; `fresh` may be longer.
        keep: which cells come from `kept`, bool, shape (bars of `fresh`, roles).
    """
    tracks = []
    for track in fresh.tracks:
        column = keep[:, next(i for i, role in enumerate(ROLES) if role.name == track.role)]
        old = [note for note in kept.notes(track.role) if column[note.onset // kept.ticks_per_bar]]
        notes = list(old)
        for note in track.notes:
            if column[note.onset // fresh.ticks_per_bar]:
                continue
            same = [other for other in old if other.pitch == note.pitch]
            if any(other.onset <= note.onset < other.end for other in same):
                continue
            end = min([note.end, *(other.onset for other in same if other.onset > note.onset)])
            notes.append(note._replace(duration=end - note.onset))
        tracks.append(replace(track, notes=tuple(notes)))
    return replace(fresh, tracks=tuple(tracks))


def empty_tracks(programs: Sequence[int], roles: Sequence[str]) -> tuple[Track, ...]:
    """A silent track for each of `roles`, with its program of `programs` (in the order of `roles.ROLES`)."""
    return tuple(Track(role.name, programs[i], ()) for i, role in enumerate(ROLES) if role.name in roles)
