"""Lines of notes one after another: the best of all, by what speaks for each note and for going to the next one.

Found by dynamic programming (Viterbi 1967). Onsets are rows, pitches columns; all that speaks for something is in
logits.
"""

from __future__ import annotations

import numpy as np

FROM = (1, 3, 5, 8, 13)
"""Semitones from which a wider kind of interval begins; narrower than all is a repeated note."""


def kinds(pitches: np.ndarray) -> np.ndarray:
    """The kind of the interval from each pitch (row) to each, 0 to ``len(FROM)``."""
    return np.searchsorted(FROM, np.abs(pitches - pitches[:, None]), side="right")


def give_way(chances: np.ndarray, line: np.ndarray) -> None:
    """Let pitches of a line have the largest chances of their onsets, shape (onsets, pitches), and these have theirs,
    in place."""
    here, best = np.arange(len(line)), chances.argmax(axis=1)
    chances[here, line], chances[here, best] = chances[here, best], chances[here, line]


def best_line(score: np.ndarray, moves: np.ndarray) -> np.ndarray:
    """The columns with the largest sum of scores and of moves.

    Args:
        score: what speaks for each pitch, shape (onsets, pitches), of one onset or more.
        moves: what speaks for going from one pitch (row) to another, shape (pitches, pitches).

    Returns:
        A column of `score` for each onset.
    """
    total, ways = score[0], []
    for own in score[1:]:
        both = total[:, None] + moves
        way = both.argmax(axis=0)
        ways.append(way)
        total = both.max(axis=0) + own
    line = [int(total.argmax())]
    for way in reversed(ways):
        line.append(int(way[line[-1]]))
    return np.array(line[::-1])


def best_line_of_pairs(score: np.ndarray, moves: np.ndarray, pairs: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """As `best_line`, of two onsets or more, where pairs of moves count too.

    Args:
        pairs: what speaks for going from one pitch to another and on to a third, shape (pitches, pitches, pitches).
        weights: how much moves to the second onset count, and to each later one, shape (onsets - 1,).
    """
    total = score[0][:, None] + weights[0] * moves + score[1]  # of the last two pitches, shape (pitches, pitches)
    ways = []
    for own, weight in zip(score[2:], weights[1:], strict=True):
        both = total[:, :, None] + (pairs if weight == 1 else weight * pairs)
        way = both.argmax(axis=0)
        ways.append(way)
        total = both.max(axis=0) + (weight * moves + own)
    before, last = np.unravel_index(total.argmax(), total.shape)
    line = [int(last), int(before)]
    for way in reversed(ways):
        line.append(int(way[line[-1], line[-2]]))
    return np.array(line[::-1])
