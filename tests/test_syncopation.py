"""Melodies on the beat, and syncopated ones."""

import numpy as np
import pytest

from musicgen.models.syncopation import held_over, strays, syncopated
from musicgen.roles import ROLE_NAMES

MELODY, BASS = ROLE_NAMES.index("melody"), ROLE_NAMES.index("bass")


def line(**chances: float) -> np.ndarray:
    """Eight bars of a melody, each with a note on four beats, and others by tick, as "t6"."""
    table = np.zeros((5, 8, 48, 48), np.float32)
    table[MELODY, :, ::12, 5] = 0.9
    for tick, chance in chances.items():
        table[MELODY, :, int(tick[1:]), 7] = chance
    return table


def test_a_melody_with_many_eighths_has_more_of_them_and_one_with_few_less() -> None:
    many, few = line(t6=0.5, t18=0.5, t30=0.5), line(t6=0.2)
    assert syncopated(many)[MELODY, 0, 6, 7] > 0.6
    assert syncopated(few)[MELODY, 0, 6, 7] < 0.15


def test_it_has_about_as_many_notes_as_before() -> None:
    before = line(t6=0.5, t18=0.5, t30=0.5)
    assert syncopated(before).sum() == pytest.approx(before.sum(), rel=0.1)


def test_other_roles_stay_and_so_does_what_was_given() -> None:
    before = line(t6=0.5)
    before[BASS, 0, 6, 5] = 0.5
    given = before.copy()
    assert np.array_equal(syncopated(before)[BASS], before[BASS])
    assert np.array_equal(before, given)
    assert syncopated(before, 0.0) == pytest.approx(before, abs=1e-6)


def test_a_silent_melody_stays_silent() -> None:
    assert not syncopated(np.zeros((5, 4, 48, 48), np.float32)).any()


def test_a_note_is_held_over_the_beat_before_which_none_follows() -> None:
    assert held_over(np.array([0, 6, 18, 30, 36, 42])).tolist() == [0, 12, 24, 30, 36, 42]
    assert held_over(np.array([], int)).tolist() == []


def test_few_syncopated_notes_are_strays_and_many_are_not() -> None:
    beats = np.arange(0, 240, 12)
    one = np.sort(np.append(beats[beats != 24], 18))
    assert one[strays(one)].tolist() == [18]
    three = np.sort(np.append(beats[~np.isin(beats, [24, 72, 120])], [18, 66, 114]))
    assert not strays(three).any()


def test_the_only_note_of_a_bar_is_no_stray() -> None:
    beats = np.array([*range(0, 192, 12), *range(240, 432, 12)])  # nothing in the fifth bar
    alone = np.sort(np.append(beats, 210))
    assert not strays(alone).any()
