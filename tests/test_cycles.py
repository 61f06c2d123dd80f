"""Rhythms that come back every bar, every other bar, or every fourth."""

import numpy as np
import pytest

from musicgen.models.cycles import in_cycles
from musicgen.roles import ROLE_NAMES
from tests.test_patterns import bars, rhythms

A, B, MORE = {0: 0.95, 24: 0.9}, {0: 0.95, 18: 0.9}, {0: 0.95, 24: 0.9, 36: 0.5}
MELODY, CHORDS = ROLE_NAMES.index("melody"), ROLE_NAMES.index("chords")


@pytest.mark.parametrize("cycle", [[A], [A, B], [A, A, A, B]])
def test_a_bar_that_has_a_note_more_than_its_cycle_loses_it(cycle: list[dict[int, float]]) -> None:
    piece = cycle * (16 // len(cycle))
    piece[6] = piece[6] | {36: 0.5}
    given = rhythms(bars(*piece))
    after = rhythms(in_cycles(bars(*piece)))
    assert given[6] == [*given[2], 36]
    assert after == [sorted(bar) for bar in cycle] * (16 // len(cycle))


def test_a_bar_that_lacks_a_note_of_its_cycle_gains_it() -> None:
    piece = [A] * 15 + [{0: 0.95, 24: 0.05}]
    assert rhythms(bars(*piece))[15] == [0]
    assert rhythms(in_cycles(bars(*piece)))[15] == [0, 24]


def test_a_note_that_no_pitch_is_for_stays_away() -> None:
    assert rhythms(in_cycles(bars(*[A] * 15, {0: 0.95})))[15] == [0]


def test_a_rest_stays_a_rest() -> None:
    assert rhythms(in_cycles(bars(*[A] * 14, {0: 0.1, 24: 0.2}, A)))[14] == []


def test_a_section_with_another_rhythm_keeps_it() -> None:
    song = [A] * 8 + [B] * 4 + [A] * 4
    assert rhythms(in_cycles(bars(*song))) == [sorted(bar) for bar in song]


def test_each_sixteen_bars_have_cycles_of_their_own() -> None:
    song = [A] * 16 + [B] * 15 + [B | {36: 0.5}]
    assert rhythms(in_cycles(bars(*song))) == [[0, 24]] * 16 + [[0, 18]] * 16


def test_a_chord_gains_all_of_its_notes() -> None:
    root, third = (bars(*[A] * 15, {0: 0.95, 24: 0.1}, role=CHORDS, pitch=pitch) for pitch in (5, 9))
    after = in_cycles(root + third)
    assert after[CHORDS, 15, 24, [5, 9]] == pytest.approx([0.6, 0.6])


def test_melodies_stay_and_without_weight_so_does_all() -> None:
    melody = bars(*[A] * 15, MORE, role=MELODY)
    assert np.array_equal(in_cycles(melody), melody)
    bass = bars(*[A] * 15, MORE)
    given = bass.copy()
    assert in_cycles(bass, 0.0) == pytest.approx(bass)
    assert np.array_equal(bass, given)
