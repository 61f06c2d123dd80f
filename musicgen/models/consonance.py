"""How dissonant notes are beside each other, changed no more than a target needs.

Notes are rows of `codec.COLUMNS`; `logits` those of all onsets, shape (roles, bars, ticks, pitches).
"""

from __future__ import annotations

import numpy as np

from musicgen.models.voicing import DRUMS, half_bar_of, losses, mean_loss, sounding, units
from musicgen.music import FOUR_FOUR, Metre

STEPS = np.array([-1, -2, 1, 2, -3, 3, -4, 4])
"""Where a note may go, in semitones."""
_ROUNDS = 40
_CHEAPEST = 0.3
_LEAST = 1e-6
_INTERVAL = np.minimum(np.arange(12), 12 - np.arange(12))
_DISSONANT, _CONSONANT = np.isin(_INTERVAL, (1, 2, 6)).astype(float), np.isin(_INTERVAL, (3, 4, 5)).astype(float)
_BETWEEN = np.subtract.outer(np.arange(12), np.arange(12)) % 12


def tense(notes: np.ndarray, logits: np.ndarray, share: float, dearest: float, metre: Metre = FOUR_FOUR) -> np.ndarray:
    """Notes of whose pairs of pitch classes a share is dissonant: some go up or down by one to four semitones.

    All notes of one pitch, role and half bar go together, or all of one pitch class and half bar. One change for each
    half bar at a time, as it changes what the other notes there are beside; where changes bring the share no nearer, as
    notes ring on into other half bars and are cut off by others of their pitch, fewer are made, and then other ones.
    """
    notes, bars = notes.copy(), logits.shape[1]
    pitched = np.flatnonzero(notes[:, 1] != DRUMS)
    nearest, best, most, passed = np.inf, notes, len(notes), 0
    for _ in range(_ROUNDS):
        here = notes[pitched]
        begin, end, pitch = sounding(here, bars, metre)
        classes, half = Classes(begin, end, pitch % 12, bars * metre.ticks_per_bar, share), half_bar_of(here, metre)
        if abs(classes.needed) > nearest:
            notes, most, passed = best.copy(), max(1, most // 2), passed + (most == 1)
            continue
        if abs(classes.needed) < nearest:
            nearest, best, most, passed = abs(classes.needed), notes.copy(), 2 * most, 0
        lost, found = losses(here, logits, STEPS), []
        kinds = units(half, here[:, 1], here[:, 3]), units(half, pitch % 12)
        for kind, (unit, count) in enumerate(kinds):
            gain = classes.gains(unit, count) * np.sign(classes.needed)
            cost, size, place = mean_loss(lost, unit, count), np.bincount(unit, minlength=count), np.zeros(count, int)
            place[unit] = half
            which, step = np.nonzero((gain > _LEAST) & (gain < 1.5 * nearest) & (cost < dearest))
            worth = gain[which, step]
            price = np.maximum(cost[which, step], _CHEAPEST) * size[which] / worth
            found.append((price, worth, place[which], which, STEPS[step], np.full(len(which), kind)))
        price, worth, place, which, goes, kind_of = (np.concatenate(each) for each in zip(*found, strict=True))
        if nearest < 1 or len(price) <= passed:
            break
        order = np.argsort(price, kind="stable")
        first = order[np.sort(np.unique(place[order], return_index=True)[1])][passed:]
        taken = first[np.cumsum(worth[first]) - worth[first] < nearest][:most]
        most = max(1, len(taken))
        for kind, (unit, count) in enumerate(kinds):
            mine, moved = taken[kind_of[taken] == kind], np.zeros(count, int)
            moved[which[mine]] = goes[mine]
            notes[pitched, 3] += moved[unit]
    return best


class Classes:
    """Which pitch classes sound when, and what would bring the dissonant pairs of them to a share of all pairs.

    Attributes:
        needed: by how much `dissonant - share * all` is short of 0, in ticks for which a pair sounds.
    """

    def __init__(self, begin: np.ndarray, end: np.ndarray, pitch_class: np.ndarray, length: int, share: float) -> None:
        self._begin, self._end, self._class = begin, end, pitch_class
        self._count = _covered(begin, end, pitch_class, 12, length)
        self._absent = (self._count == 0).astype(float)
        self._weights = (1 - share) * _DISSONANT - share * _CONSONANT
        # what each class is beside, in those that sound; shape (12, ticks)
        self._field = self._weights[_BETWEEN] @ (1 - self._absent)
        self.needed = -float(((1 - self._absent) * self._field).sum()) / 2

    def gains(self, unit: np.ndarray, count: int) -> np.ndarray:
        """What each of `STEPS` adds to `dissonant - share * all` for all notes of a unit, shape (units, steps).

        Args:
            unit: of each note; those of a unit have one pitch class.
        """
        own = _covered(self._begin, self._end, unit, count, self._count.shape[1])
        result = np.zeros((count, len(STEPS)))
        for pitch_class in range(12):
            here = np.unique(unit[self._class == pitch_class])
            sounds = (own[here] > 0).astype(float)
            # where nothing else has the class, it goes away
            leaves = (sounds * (own[here] == self._count[pitch_class])).astype(float)
            to = (pitch_class + STEPS) % 12
            comes = self._absent[to] * self._field[to]
            result[here] = sounds @ comes.T - (leaves @ self._absent[to].T) * self._weights[STEPS % 12]
            result[here] -= (leaves @ self._field[pitch_class])[:, None]
        return result


def _covered(begin: np.ndarray, end: np.ndarray, name: np.ndarray, count: int, length: int) -> np.ndarray:
    """How many notes of each name sound at each tick, shape (count, length)."""
    change = np.zeros((count, length + 1))
    np.add.at(change, (name, begin), 1)
    np.add.at(change, (name, end), -1)
    return np.rint(np.cumsum(change[:, :-1], axis=1))
