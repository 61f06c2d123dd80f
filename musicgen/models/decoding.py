"""From onset probabilities to the notes that are played."""

from __future__ import annotations

import numpy as np

from musicgen.codec import PITCHES

MAX_NOTES_PER_CELL = 96


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
