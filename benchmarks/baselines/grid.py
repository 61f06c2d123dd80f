"""Pieces as grids of sixteenths, which is how the older networks of the ladder see music."""

from __future__ import annotations

import numpy as np

from musicgen import codec
from musicgen.music import Music
from musicgen.roles import ROLE_NAMES

STEP = 3
"""Ticks of a sixteenth."""
STEPS_PER_BAR = 16
FIRST = np.concatenate([[0], np.cumsum(codec.PITCHES)])
"""Column at which each role's pitches begin."""
COLUMNS = int(FIRST[-1])
VELOCITY = 4
"""The one velocity class that these networks play: they know no loudness."""
_TICKS = np.array(codec.DURATIONS)


def grid(rows: np.ndarray, bars: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of `codec.COLUMNS` to (begins, goes on), each bool, shape (16 * bars, `COLUMNS`).

    Onsets move down to the sixteenth; a drum never goes on, a note no further than the next of its pitch.
    """
    rows = rows.astype(np.int64)
    steps = bars * STEPS_PER_BAR
    begins, on = np.zeros((steps, COLUMNS), bool), np.zeros((steps + 1, COLUMNS), np.int64)
    first = rows[:, 0] * STEPS_PER_BAR + rows[:, 2] // STEP
    column = FIRST[rows[:, 1]] + rows[:, 3]
    length = np.maximum(np.round(_TICKS[rows[:, 4]] / STEP).astype(np.int64), 1)
    length[rows[:, 1] == ROLE_NAMES.index("drums")] = 1
    begins[first, column] = True
    np.add.at(on, (first, column), 1)
    np.add.at(on, (np.minimum(first + length, steps), column), -1)
    return begins, (np.cumsum(on, axis=0)[:-1] > 0) & ~begins


def music(begins: np.ndarray, goes_on: np.ndarray, like: Music) -> Music:
    """The inverse of `grid`: a piece with the tracks of `like`. What goes on without having begun is silent."""
    steps, columns = np.nonzero(begins)
    tables = np.zeros((len(steps), 6), np.int64)
    stops = begins | ~goes_on
    for index, (step, column) in enumerate(zip(steps, columns, strict=True)):
        rest = stops[step + 1 :, column]
        length = 1 + (int(rest.argmax()) if rest.any() else len(rest))
        duration = int(np.abs(np.log(_TICKS / (length * STEP))).argmin())
        role = int(np.searchsorted(FIRST, column, "right")) - 1
        tables[index] = (
            step // STEPS_PER_BAR, role, step % STEPS_PER_BAR * STEP, column - FIRST[role], duration, VELOCITY,
        )  # fmt: skip
    return codec.decode(tables, like)


def from_sounding(sounding: np.ndarray, like: Music) -> Music:
    """A piece from what sounds on each sixteenth, bool, shape (16 * bars, `COLUMNS`): notes begin where silence ends.

    Drums begin on every step on which they sound. Notes that a threshold tears apart stay torn.
    """
    before = np.concatenate([np.zeros((1, sounding.shape[1]), bool), sounding[:-1]])
    begins = sounding & ~before
    drums = ROLE_NAMES.index("drums")
    hits = slice(FIRST[drums], FIRST[drums + 1])
    begins[:, hits] = sounding[:, hits]
    return music(begins, sounding & ~begins, like)
