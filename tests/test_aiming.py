"""Bringing a piece to its target, on pieces that are formulas."""

import numpy as np

from musicgen.models.aiming import aim


def test_it_finds_the_target_of_a_piece_that_answers_more_or_less_than_expected() -> None:
    answer = np.array([[0.9, 0.2], [-0.1, 0.3]])

    def piece(steps: np.ndarray) -> np.ndarray:
        return np.array([-0.4, 0.1]) + answer @ steps

    target = np.array([0.3, 0.4])
    assert np.abs(piece(aim(piece, target, rounds=8)) - target).max() < 0.03
    assert np.abs(piece(aim(piece, target)) - target).max() < 0.25


def test_a_piece_that_is_there_is_left_alone() -> None:
    calls = []

    def piece(steps: np.ndarray) -> np.ndarray:
        calls.append(steps)
        return np.array([0.5])

    assert aim(piece, np.array([0.51])).tolist() == [0.0] and len(calls) == 1


def test_the_best_try_counts_and_not_the_last() -> None:
    assert aim(lambda steps: np.array([0.0 if not steps.any() else -1.0]), np.array([0.5])).tolist() == [0.0]


def test_no_step_is_longer_than_the_reach() -> None:
    steps = aim(lambda steps: 0.01 * steps, np.array([1.0, -1.0]), rounds=20, reach=2.0)
    assert np.abs(steps).max() == 2.0


def test_what_is_undefined_moves_nothing() -> None:
    assert aim(lambda steps: np.full(2, np.nan), np.zeros(2)).tolist() == [0.0, 0.0]
