"""How dissonant notes are beside each other, changed no more than a target needs.

Notes are rows of `codec.COLUMNS`; `logits` those of all onsets, shape (roles, bars, ticks, pitches).
"""

from __future__ import annotations

import numpy as np

from musicgen.models.voicing import DRUMS, losses, mean_loss, sounding, units
from musicgen.music import TICKS_PER_BAR

STEPS = np.array([-1, -2, 1, 2, -3, 3, -4, 4])
"""Where a note may go, in semitones."""
_ROUNDS = 10
_CHEAPEST = 0.3
_HALF_BAR = TICKS_PER_BAR // 2
_INTERVAL = np.minimum(np.arange(12), 12 - np.arange(12))
_DISSONANT, _CONSONANT = np.isin(_INTERVAL, (1, 2, 6)).astype(float), np.isin(_INTERVAL, (3, 4, 5)).astype(float)
_AFTER = (np.arange(12)[:, None] + STEPS) % 12
_BETWEEN = np.subtract.outer(np.arange(12), np.arange(12)) % 12


def tense(notes: np.ndarray, logits: np.ndarray, share: float, dearest: float) -> np.ndarray:
    """Notes of whose pairs of pitch classes a share is dissonant: some go up or down by one to four semitones.

    All notes of one pitch, role and half bar go together, or all of one pitch class and half bar. One change for each
    half bar at a time, as it changes what the other notes there are beside.
    """
    notes, bars = notes.copy(), logits.shape[1]
    pitched = np.flatnonzero(notes[:, 1] != DRUMS)
    for _ in range(_ROUNDS):
        here = notes[pitched]
        begin, end, pitch = sounding(here, bars)
        half = begin // _HALF_BAR
        needed, of_notes, of_classes = gains(begin, end, pitch % 12, bars * TICKS_PER_BAR, share)
        lost, found = losses(here, logits, STEPS), []
        for whole in (False, True):
            unit, count = units(half, pitch % 12) if whole else units(half, here[:, 1], here[:, 3])
            size, one = np.bincount(unit, minlength=count), np.zeros(count, int)
            one[unit] = np.arange(len(unit))  # any note of each unit
            gain = of_classes[half[one], pitch[one] % 12] if whole else _sums(of_notes, unit, count)
            gain, cost = gain * np.sign(needed), mean_loss(lost, unit, count)
            which, step = np.nonzero((gain > 0) & (gain < 1.5 * abs(needed)) & (cost < dearest))
            worth = gain[which, step]
            price = np.maximum(cost[which, step], _CHEAPEST) * size[which] / worth
            found.append((price, worth, half[one][which], which, step, np.full(len(which), whole), unit))
        if abs(needed) < 1 or not len(found[0][0]) + len(found[1][0]):
            break
        price, worth, place, which, step, is_whole = (
            np.concatenate([found[0][i], found[1][i]]) for i in range(6)
        )  # fmt: skip
        order = np.argsort(price, kind="stable")
        best = order[np.sort(np.unique(place[order], return_index=True)[1])]
        taken = best[np.cumsum(worth[best]) - worth[best] < abs(needed)]
        for whole in (False, True):
            goes = np.zeros(found[whole][6].max() + 1, int)
            mine = taken[is_whole[taken] == whole]
            goes[which[mine]] = STEPS[step[mine]]
            notes[pitched, 3] += goes[found[whole][6]]
    return notes


def gains(
    begin: np.ndarray, end: np.ndarray, pitch_class: np.ndarray, length: int, share: float
) -> tuple[float, np.ndarray, np.ndarray]:
    """What would bring the dissonant pairs to a share of all pairs of pitch classes, in ticks for which a pair sounds.

    Returns:
        By how much `dissonant - share * all` is short of 0; how much each of `STEPS` adds to it for each note, shape
        (n, steps); and for all notes of a half bar and pitch class, shape (half bars, 12, steps).
    """
    change = np.zeros((length + 1, 12))
    np.add.at(change, (begin, pitch_class), 1)
    np.add.at(change, (end, pitch_class), -1)
    count = np.rint(np.cumsum(change[:-1], axis=0))
    alone, present, absent = count == 1, count > 0, count == 0
    weights = (1 - share) * _DISSONANT - share * _CONSONANT
    field = present @ weights[_BETWEEN]
    # what a pitch class brings where it is absent, and then to one that goes away for it; shape (ticks, 12, steps)
    comes = (absent * field)[:, _AFTER]
    brings = comes - absent[:, _AFTER] * weights[STEPS % 12]
    of_classes = _halves(present[:, :, None] * brings) - _halves(present * field)[:, :, None]
    free = comes - alone[:, :, None] * (comes - brings) - (alone * field)[:, :, None]
    before = np.zeros((length + 1, 12, len(STEPS)))
    np.cumsum(free, axis=0, out=before[1:])
    return -float((present * field).sum()) / 2, before[end, pitch_class] - before[begin, pitch_class], of_classes


def _halves(values: np.ndarray) -> np.ndarray:
    return values.reshape(-1, _HALF_BAR, *values.shape[1:]).sum(axis=1)


def _sums(values: np.ndarray, unit: np.ndarray, count: int) -> np.ndarray:
    return np.stack([np.bincount(unit, column, count) for column in values.T], axis=1)
