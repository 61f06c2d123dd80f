"""How well each chord fits the notes that are there."""

from __future__ import annotations

import numpy as np

from musicgen.harmony import NO_CHORD
from musicgen.heard import chroma_of, half_bars
from musicgen.music import FOUR_FOUR, TICKS_PER_QUARTER, Metre
from musicgen.roles import ROLE_NAMES, ROLES

_WEIGHT = 1.5
"""Of the notes' word against the progression's; chosen on melodies of validation songs (docs/decisions.md, D23)."""
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


def fits(rows: np.ndarray, bars: int, metre: Metre = FOUR_FOUR, bounds: np.ndarray | None = None) -> np.ndarray:
    """How well each chord fits the notes: the logarithm of their likelihood over it, weighted.

    Each quarter note that a role sounds counts as one draw from what the role plays over such a chord.

    Args:
        rows: of `codec.COLUMNS`, in C major or A minor.
        bars: length of the piece.
        metre: of the piece.
        bounds: ticks between which chords are fitted; those of `heard.half_bars` by default.

    Returns:
        Shape (stretches, `NO_CHORD`), a stretch from each bound to the next: 2 * bars by default.
    """
    bounds = half_bars(bars, metre) if bounds is None else bounds
    result = np.zeros((len(bounds) - 1, NO_CHORD))
    for role, shares in _OVER.items():
        mine = rows[rows[:, 1] == ROLE_NAMES.index(role)]
        sounding, _ = chroma_of(mine, bars, np.ones(len(ROLES)), metre, bounds)
        total = sounding.sum(axis=1, keepdims=True)
        longest = 2 * TICKS_PER_QUARTER  # a half bar: the notes of a chord say together what one line says
        draws = sounding * np.minimum(1, longest / np.maximum(total, 1)) / TICKS_PER_QUARTER
        likely = np.log(np.maximum(np.array(shares) / 1000, _LEAST))
        for code in range(NO_CHORD):
            result[:, code] += _WEIGHT * draws @ np.roll(likely[code // 12], code % 12)
    return result


def likeliest(fit: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """The likeliest line of chords (Viterbi 1967).

    Args:
        fit: logarithm of how likely each of C chords is at each of N places, shape (N, C), N at least 1.
        moves: logarithm of the probability of each chord after each other, shape (C, C), or (N, C, C), of which the
            first is not looked at.

    Returns:
        Positions, shape (N,).
    """
    count = len(fit)
    moves = np.broadcast_to(moves, (count, *moves.shape[-2:]))
    best, came = fit[0], np.zeros((count, fit.shape[1]), np.int64)
    for place in range(1, count):
        through = best[:, None] + moves[place]
        came[place] = through.argmax(axis=0)
        best = through.max(axis=0) + fit[place]
    line = [int(best.argmax())]
    for place in range(count - 1, 0, -1):
        line.append(int(came[place, line[-1]]))
    return np.array(line[::-1])
