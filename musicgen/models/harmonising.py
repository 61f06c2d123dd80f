"""What the notes that a piece has already say of its chords."""

from __future__ import annotations

import numpy as np

from musicgen.heard import NONE, heard_chords
from musicgen.music import FOUR_FOUR, Metre
from musicgen.roles import PITCHED, ROLES

_ENOUGH = 2
"""Roles that must play in a bar for its chords to be heard: a melody alone leaves them open."""


def told_chords(rows: np.ndarray, bars: int, metre: Metre = FOUR_FOUR) -> np.ndarray:
    """The chords that notes make, `heard.NONE` where too few roles play to tell.

    Args:
        rows: of `codec.COLUMNS`, in C major or A minor.

    Returns:
        Codes of `harmony`, uint8, shape (bars, 2).
    """
    playing = np.zeros((bars, len(ROLES)), bool)
    playing[rows[:, 0], rows[:, 1]] = True
    enough = playing[:, list(PITCHED)].sum(axis=1) >= _ENOUGH
    return np.where(enough[:, None], heard_chords(rows, bars, metre), NONE).astype(np.uint8)
