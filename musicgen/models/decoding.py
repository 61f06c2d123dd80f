"""From onset probabilities to the notes that are played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from musicgen.codec import PITCHES
from musicgen.roles import ROLE_NAMES

MAX_NOTES_PER_CELL = 96
MONOPHONIC = (ROLE_NAMES.index("melody"), ROLE_NAMES.index("bass"))
"""Roles of one voice."""
_CERTAIN = np.float32(1 - 2**-24)
"""The last number before 1."""


@dataclass(frozen=True)
class Chances:
    """What a decoder says of a piece.

    Args:
        onsets: the probability of each, shape (roles, bars, ticks, pitches); 0 where a role does not play.
        classes: for onsets as `choose_onsets` gives them, their duration and velocity class, int, shape (n, 2), and the
            logits of all duration classes, shape (n, classes).
    """

    onsets: np.ndarray
    classes: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

    def choose(self) -> np.ndarray:
        """The onsets that are played, see `choose_onsets`."""
        return choose_onsets(self.onsets)

    def notes(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Onsets as notes, rows of `codec.COLUMNS`, shape (n, 6), and the logits of their duration classes."""
        classes, by_length = self.classes(rows)
        return np.concatenate([rows[:, [1, 0, 2, 3]], classes], axis=1), by_length

    def logits(self) -> np.ndarray:
        """Of each onset, at most 16.6; -inf for those that no role plays."""
        likely = np.minimum(self.onsets, _CERTAIN)
        with np.errstate(divide="ignore"):
            return np.log(likely / (1 - likely))


def choose_onsets(probabilities: np.ndarray) -> np.ndarray:
    """The most probable onsets of each cell, as many as are expected: the rounded sum of their probabilities.

    A fixed threshold would thin out uncertain cells (chords fell from 10.6 to 7.6 notes a bar in the pilot of
    notes/models.md); the expected count keeps the density of the music.

    Args:
        probabilities: shape (roles, cells, ticks, pitches).

    Returns:
        Rows of (role, cell, tick, pitch index), int64, shape (n, 4), sorted.
    """
    roles, cells, ticks, pitches = probabilities.shape
    flat = probabilities.reshape(roles, cells, ticks * pitches).copy()
    for index, count in enumerate(PITCHES):
        flat.reshape(probabilities.shape)[index, :, :, count:] = 0
    expected = np.minimum(np.rint(flat.sum(axis=-1)), MAX_NOTES_PER_CELL).astype(int)
    most = max(int(expected.max(initial=0)), 1)
    best = np.argpartition(-flat, most - 1, axis=-1)[..., :most]
    chance = np.take_along_axis(flat, best, axis=-1)
    # equal probabilities are settled by place, so that the result never depends on the partition
    order = np.lexsort((best, -chance), axis=-1)
    best = np.take_along_axis(best, order, axis=-1)
    keep = np.arange(most) < expected[..., None]
    role, cell, _ = np.nonzero(keep)
    place = best[keep]
    rows = np.stack([role, cell, place // pitches, place % pitches], axis=1)
    return rows[np.lexsort(rows.T[::-1])]
