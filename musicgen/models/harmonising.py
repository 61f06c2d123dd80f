"""What the notes that a piece has already say of its chords: those it makes, and how well any other would fit."""

from __future__ import annotations

import numpy as np

from musicgen.harmony import NO_CHORD
from musicgen.heard import NONE, chroma_of, heard_chords
from musicgen.music import FOUR_FOUR, TICKS_PER_QUARTER, Metre
from musicgen.roles import PITCHED, ROLE_NAMES, ROLES

_ENOUGH = 2
"""Roles that must play in a bar for its chords to be heard: a melody alone leaves them open."""
_WEIGHT = 1.5
"""Of the notes' word against the progression's; chosen on melodies of validation songs (docs/experiments.md)."""
_LEAST = 0.005
"""No pitch class is less likely than this over any chord, so that one strange note does not decide."""

# Of the sounding time of a role over each quality of chord, the share of each pitch class, from the root upwards, in
# thousandths: arrangements of the training songs of OpenEWLD, where the chords are known (tools/chord_notes.py).
_OVER = {
    "melody": (
        (286, 1, 48, 8, 251, 18, 12, 244, 6, 80, 5, 41), (198, 4, 77, 238, 12, 102, 9, 210, 10, 47, 77, 17),
        (248, 12, 124, 5, 114, 29, 13, 229, 23, 82, 112, 9), (90, 20, 29, 172, 27, 39, 293, 57, 72, 134, 29, 39),
    ),
    "chords": (
        (329, 1, 8, 2, 320, 6, 2, 293, 5, 15, 1, 19), (298, 2, 10, 258, 2, 14, 2, 288, 4, 20, 98, 4),
        (259, 4, 17, 2, 231, 8, 2, 253, 7, 5, 209, 3), (263, 9, 4, 226, 9, 10, 250, 9, 5, 161, 46, 8),
    ),
    "pad": (
        (356, 0, 6, 1, 271, 4, 1, 324, 4, 14, 1, 17), (325, 1, 7, 235, 2, 11, 2, 300, 3, 17, 93, 3),
        (285, 3, 16, 2, 210, 7, 2, 264, 7, 3, 200, 2), (286, 8, 3, 208, 7, 6, 263, 6, 3, 159, 45, 5),
    ),
    "bass": (
        (499, 2, 53, 1, 128, 40, 2, 226, 4, 31, 1, 13), (496, 2, 46, 102, 3, 56, 2, 234, 28, 8, 17, 6),
        (460, 2, 51, 2, 93, 50, 4, 279, 8, 29, 19, 3), (429, 11, 40, 89, 9, 46, 286, 14, 35, 19, 13, 10),
    ),
}  # fmt: skip


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


def fits(rows: np.ndarray, bars: int, metre: Metre = FOUR_FOUR) -> np.ndarray:
    """How well each chord fits the notes: the logarithm of their likelihood over it, weighted.

    Each quarter note that a role sounds counts as one draw from what the role plays over such a chord.

    Returns:
        Shape (2 * bars, `NO_CHORD`).
    """
    result = np.zeros((2 * bars, NO_CHORD))
    for role, shares in _OVER.items():
        sounding, _ = chroma_of(rows[rows[:, 1] == ROLE_NAMES.index(role)], bars, np.ones(len(ROLES)), metre)
        total = sounding.sum(axis=1, keepdims=True)
        longest = 2 * TICKS_PER_QUARTER  # a half bar of 4/4: the notes of a chord say together what one line says
        draws = sounding * np.minimum(1, longest / np.maximum(total, 1)) / TICKS_PER_QUARTER
        likely = np.log(np.maximum(np.array(shares) / 1000, _LEAST))
        for code in range(NO_CHORD):
            result[:, code] += _WEIGHT * draws @ np.roll(likely[code // 12], code % 12)
    return result
