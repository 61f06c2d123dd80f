"""How long notes last and in which octave they are, changed no more than a target needs.

Notes are rows of `codec.COLUMNS`; `logits` those of all onsets, shape (roles, bars, ticks, pitches).
"""

from __future__ import annotations

import numpy as np

from musicgen.codec import DURATIONS, PITCHES
from musicgen.models.decoding import MONOPHONIC
from musicgen.music import FOUR_FOUR, Metre
from musicgen.roles import ROLES

_LONGEST = 16.0
"""Most that a doubling of a note's length is favoured, in logits of its duration (docs/decisions.md, D21)."""
_SHORTEST = 3
_TICKS = np.array(DURATIONS)
_BETWEEN = np.sqrt(_TICKS[1:] * _TICKS[:-1])
"""Where the nearest duration class, in ratio, changes."""
_LOW = np.array([role.low for role in ROLES])
DRUMS = next(i for i, role in enumerate(ROLES) if role.is_drums)
_SECTION = 4
"""Bars."""


def lasting(
    notes: np.ndarray, by_length: np.ndarray, bars: int, polyphony: float, metre: Metre = FOUR_FOUR
) -> np.ndarray:
    """Notes so long or short that `polyphony` of them sound at a time, where any sounds.

    Longer classes are favoured, or shorter ones, for all notes alike.

    Args:
        by_length: logits of the duration classes of each note, shape (n, classes).
    """
    lengths = _Lengths(notes, by_length, bars, metre)
    low, high = -_LONGEST, _LONGEST
    for _ in range(10):
        middle = (low + high) / 2
        low, high = (middle, high) if lengths.polyphony(middle) < polyphony else (low, middle)
    return lengths.notes(min(low, high, key=lambda favour: abs(lengths.polyphony(favour) - polyphony)))


def polyphonies(notes: np.ndarray, by_length: np.ndarray, bars: int, metre: Metre = FOUR_FOUR) -> tuple[float, float]:
    """The least and the most that `lasting` can reach."""
    lengths = _Lengths(notes, by_length, bars, metre)
    return lengths.polyphony(-_LONGEST), lengths.polyphony(_LONGEST)


class _Lengths:
    """Notes with longer or shorter durations.

    No note of a sixteenth or more is made shorter than one, or is drawn out over both its half bar and the next onset
    of its role. Few notes at a time are short chords under a long line, so that roles of one voice are never shortened,
    and they never overlap themselves more than they did.
    """

    def __init__(self, notes: np.ndarray, by_length: np.ndarray, bars: int, metre: Metre) -> None:
        self._notes, self._by_length, self._bars, self._metre = notes, by_length, bars, metre
        self._pitched, own = notes[:, 1] != DRUMS, notes[:, 4]
        self._single = np.isin(notes[:, 1], MONOPHONIC)
        bar, half = metre.ticks_per_bar, metre.half_bar
        gap = _until_next(notes[:, 1], notes[:, 0] * bar + notes[:, 2], bars * bar)
        left = np.where(notes[:, 2] < half, half, bar) - notes[:, 2]  # of the half bar
        room = np.where(self._single, gap, np.maximum(gap, left))
        self._most = np.maximum(np.searchsorted(_TICKS, room, side="right") - 1, own)
        self._least = np.minimum(own, DURATIONS.index(_SHORTEST))

    def notes(self, favour: float) -> np.ndarray:
        """With a doubling of the length favoured by so many logits."""
        favours = np.where(self._single, abs(favour), favour)
        best = np.argmax(self._by_length + favours[:, None] * np.log2(_TICKS), axis=1)
        changed = self._notes.copy()
        changed[self._pitched, 4] = np.clip(best, self._least, self._most)[self._pitched]
        return changed

    def polyphony(self, favour: float) -> float:
        begin, end, _ = sounding(self.notes(favour)[self._pitched], self._bars, self._metre)
        room = self._bars * self._metre.ticks_per_bar + 1
        line = np.cumsum(np.bincount(begin, minlength=room) - np.bincount(end, minlength=room))
        return float(line.sum() / max((line > 0).sum(), 1))


def _until_next(role: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
    """Ticks from each onset to the next one of its role, or to the end of the piece."""
    here = role * (length + 1) + start
    ends = np.arange(len(ROLES)) * (length + 1) + length
    onsets = np.unique(np.concatenate([here, ends]))
    return onsets[np.searchsorted(onsets, here, side="right")] - here


def sounding(notes: np.ndarray, bars: int, metre: Metre = FOUR_FOUR) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First tick, the tick after the last one, and MIDI pitch of pitched notes, as they are when the piece is written.

    A note ends where the next one of its pitch and role begins, and takes the nearest duration class.
    """
    length = bars * metre.ticks_per_bar
    begin, end = notes[:, 0] * metre.ticks_per_bar + notes[:, 2], _TICKS[notes[:, 4]]
    end = np.minimum(begin + end, length)
    order = np.lexsort((begin, notes[:, 3], notes[:, 1]))
    same = (notes[order[1:], 3] == notes[order[:-1], 3]) & (notes[order[1:], 1] == notes[order[:-1], 1])
    cut = order[:-1][same]
    end[cut] = np.minimum(end[cut], begin[order[1:][same]])
    kept = _TICKS[np.searchsorted(_BETWEEN, end - begin)]
    return begin, np.minimum(begin + kept, length), notes[:, 3] + _LOW[notes[:, 1]]


def in_octaves(
    notes: np.ndarray, logits: np.ndarray, register: float, dearest: float, metre: Metre = FOUR_FOUR
) -> np.ndarray:
    """Notes whose mean MIDI pitch is `register`: some go up or down by an octave.

    Of roles with many voices all notes of one pitch and half bar go together, which makes other inversions of a
    chord; of those with one voice, four bars.
    """
    notes = notes.copy()
    pitched = np.flatnonzero(notes[:, 1] != DRUMS)
    if not len(pitched):
        return notes
    for _ in range(3):
        here = notes[pitched]
        needed = float(register * len(here) - (here[:, 3] + _LOW[here[:, 1]]).sum())
        step = 12 if needed > 0 else -12
        alone = np.isin(here[:, 1], MONOPHONIC)
        stretch = np.where(alone, here[:, 0] // _SECTION, half_bar_of(here, metre))
        unit, count = units(here[:, 1], stretch, np.where(alone, 0, here[:, 3]))
        cost = mean_loss(losses(here, logits, np.array([step])), unit, count)[:, 0]
        size, goes, left = np.bincount(unit, minlength=count), np.zeros(count, int), abs(needed)
        for one in np.argsort(cost, kind="stable"):
            if cost[one] >= dearest:
                break
            if 12 * size[one] < 2 * left:  # nearer with it than without
                goes[one] = step
                left -= 12 * size[one]
        if not goes.any():
            break
        notes[pitched, 3] += goes[unit]
    return notes


def half_bar_of(notes: np.ndarray, metre: Metre) -> np.ndarray:
    """Number of the half bar in which each note begins, shape (n,)."""
    return np.asarray(2 * notes[:, 0] + (notes[:, 2] >= metre.half_bar))


def units(*names: np.ndarray) -> tuple[np.ndarray, int]:
    """Which of the units each note belongs to, notes with the same names being one, and how many there are.

    Args:
        names: whole numbers from 0 to 1023 that together name the unit of each note.
    """
    name = np.zeros(len(names[0]), np.int64)
    for part in names:
        name = name * 1024 + part
    found, unit = np.unique(name, return_inverse=True)
    return unit, len(found)


def losses(notes: np.ndarray, logits: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """What each note loses in logits by going some semitones up, shape (n, steps); infinite where it cannot go."""
    bar, role, tick, pitch = notes[:, 0], notes[:, 1], notes[:, 2], notes[:, 3]
    to = pitch[:, None] + steps
    inside = (to >= 0) & (to < np.array(PITCHES)[role][:, None])
    place = role[:, None], bar[:, None], tick[:, None], np.clip(to, 0, logits.shape[-1] - 1)
    taken = np.zeros(logits.shape, bool)
    taken[role, bar, tick, pitch] = True
    lost = logits[role, bar, tick, pitch][:, None] - logits[place]
    return np.where(inside & ~taken[place], lost, np.inf)


def mean_loss(lost: np.ndarray, unit: np.ndarray, count: int) -> np.ndarray:
    """The mean over the notes of each unit, shape (units, steps)."""
    total = np.stack([np.bincount(unit, column, count) for column in lost.T], axis=1)
    return total / np.bincount(unit, minlength=count)[:, None]
