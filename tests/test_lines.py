"""The best line of all, beside all of them tried in turn."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen.models.lines import best_line, best_line_of_pairs, kinds


def test_intervals_are_of_six_kinds() -> None:
    pitches = np.array([60, 61, 62, 64, 67, 72, 74])
    assert kinds(pitches)[0].tolist() == [0, 1, 1, 2, 3, 4, 5]
    assert np.array_equal(kinds(pitches), kinds(pitches).T)


def test_a_note_may_be_worth_less_than_the_way_through_it() -> None:
    score = np.array([[0.0, -9, -9], [-1.0, -9, 0], [0.0, -9, -9]])
    assert best_line(score, np.zeros((3, 3))).tolist() == [0, 2, 0]
    assert best_line(score, -np.abs(np.arange(3) - np.arange(3)[:, None])).tolist() == [0, 0, 0]


@given(st.integers(0, 999), st.integers(1, 5))
def test_no_line_is_better(seed: int, onsets: int) -> None:
    rng = np.random.default_rng(seed)
    score, moves = rng.normal(size=(onsets, 3)), rng.normal(size=(3, 3))

    def worth(line: tuple[int, ...]) -> float:
        return sum(score[range(onsets), line]) + sum(moves[a, b] for a, b in pairwise(line))

    best = max(worth(line) for line in product(range(3), repeat=onsets))
    assert worth(tuple(best_line(score, moves))) == pytest.approx(best)


@given(st.integers(0, 999), st.integers(2, 5))
def test_no_line_is_better_where_pairs_count(seed: int, onsets: int) -> None:
    rng = np.random.default_rng(seed)
    score, moves, pairs = rng.normal(size=(onsets, 3)), rng.normal(size=(3, 3)), rng.normal(size=(3, 3, 3))
    weights = rng.choice([0.3, 1.0], onsets - 1)

    def worth(line: tuple[int, ...]) -> float:
        steps = list(pairwise(line))
        turns = [pairs[a, b, c] for (a, b), (_, c) in pairwise(steps)]
        alone = sum(score[range(onsets), line])
        return alone + sum(w * moves[a, b] for w, (a, b) in zip(weights, steps, strict=True)) + weights[1:] @ turns

    best = max(worth(line) for line in product(range(3), repeat=onsets))
    assert worth(tuple(best_line_of_pairs(score, moves, pairs, weights))) == pytest.approx(best)
