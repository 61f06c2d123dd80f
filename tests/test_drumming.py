"""Drums that are hit as often as expected."""

import numpy as np

from musicgen.models.decoding import choose_onsets
from musicgen.models.drumming import often
from musicgen.roles import ROLE_NAMES

CHORDS, DRUMS = ROLE_NAMES.index("chords"), ROLE_NAMES.index("drums")


def hits(onsets: np.ndarray) -> list[int]:
    """The bars in which a drum is hit on the first beat."""
    return [int(row[1]) for row in choose_onsets(onsets) if row[0] == DRUMS and row[2] == 0]


def drum(*bars: float, others: int = 5) -> np.ndarray:
    """Probabilities of a hit on the first beat of each bar, and of so many others that are sure."""
    table = np.zeros((5, len(bars), 48, 48), np.float32)
    table[DRUMS, :, 0, 2] = bars
    table[DRUMS, :, 6 : 6 * others + 6 : 6, 4] = 1
    return table


def test_a_hit_that_is_in_doubt_in_every_bar_is_played_in_some_that_are_far_apart() -> None:
    before = drum(*[0.25] * 8)
    assert hits(before) == []
    assert hits(often(before)) == [3, 6]
    assert hits(often(drum(*[0.75] * 8))) == [0, 1, 2, 4, 5, 7]


def test_drums_in_much_doubt_play_about_and_those_in_little_loop() -> None:
    assert hits(often(drum(*[0.25] * 8, others=0))) == [1, 3, 6]
    assert hits(often(drum(*[0.25] * 8, others=7))) == [3]


def test_it_is_played_in_the_likeliest_bars() -> None:
    before = drum(0.1, 0.1, 0.1, 0.36, 0.1, 0.1, 0.1, 0.36)
    assert hits(often(before)) == [3]
    assert hits(often(drum(0.9, 0.5, 0.9, 0.6))) == [0, 2, 3]


def test_hits_that_are_sure_and_the_other_roles_stay() -> None:
    before = drum(0.98, 0.99, 0.97, 0.98)
    before[CHORDS, :, 0, 12] = 0.4
    given = before.copy()
    assert np.array_equal(often(before), before) and np.array_equal(before, given)
    doubtful = drum(0.5, 0.2)
    assert np.array_equal(often(doubtful, weight=0.0), doubtful)
