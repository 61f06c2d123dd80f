"""The whole way from what a decoder says to roles that hear each other."""

import numpy as np
import pytest

from musicgen.models.decoding import Chances
from musicgen.models.together import Habits, together

HABITS = Habits(
    leaps=(0.0, 2.0, 0.0, -1.0, -1.0, -1.0),
    fuller={"bass": 1.0},
    places={"bass": (0.0, 0.5, 0.5, 0.5)},
    voices={"chords": (0.0, -2.0, 0.0, 2.0)},
    rhythm={"bass": 1.0},
)


def classes(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.full((len(rows), 2), 4), np.zeros((len(rows), 18))


def doubtful() -> Chances:
    rng = np.random.default_rng(3)
    return Chances(
        np.where(rng.random((5, 8, 48, 48)) < 0.02, rng.random((5, 8, 48, 48)), 0).astype(np.float32), classes
    )


def test_it_plays_by_the_habits() -> None:
    chances = doubtful()
    played, without = together(chances, HABITS), together(chances, Habits(HABITS.leaps))
    assert not np.array_equal(played.onsets, chances.onsets)
    bass = 3
    assert played.onsets[bass].sum() > without.onsets[bass].sum()


def test_all_stay_probabilities_and_what_is_silent_stays_silent() -> None:
    chances = doubtful()
    after = together(chances, HABITS).onsets
    assert after.dtype == np.float32 and after.min() >= 0 and after.max() <= 1
    assert not after[chances.onsets == 0].any()


def test_without_weight_it_is_what_the_decoder_says() -> None:
    chances = doubtful()
    assert together(chances, HABITS, 0.0) is chances


@pytest.mark.parametrize("weight", [0.5, 1.0])
def test_what_the_decoder_said_is_not_changed(weight: float) -> None:
    chances = doubtful()
    before = chances.onsets.copy()
    together(chances, HABITS, weight)
    assert np.array_equal(chances.onsets, before)
