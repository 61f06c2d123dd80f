"""Chords that come again in the octaves that they had."""

import numpy as np
import pytest

from musicgen.models.decoding import LEFT_OUT
from musicgen.models.inversions import inverted
from tests.test_arpeggios import CHORDS, HIGH_C, PAD, C, E, G, beats, played

ROOT, SIXTH = {C: 0.9, E: 0.8, G: 0.9}, {E: 0.8, G: 0.9, HIGH_C: 0.5}
"""C major, and an inversion of it."""
F_CHORD = {C: 0.9, 65: 0.8, 69: 0.9}


@pytest.mark.parametrize("role", [CHORDS, PAD])
def test_a_chord_that_comes_again_has_its_usual_pitches(role: int) -> None:
    before = beats(ROOT, ROOT, F_CHORD, SIXTH, role=role)
    assert played(before, role) == [C, E, G, C, E, G, C, 65, 69, E, G, HIGH_C]
    assert played(inverted(before), role) == [C, E, G, C, E, G, C, 65, 69, C, E, G]


def test_a_tone_is_as_likely_in_its_new_octave_as_it_was() -> None:
    after = inverted(beats(ROOT, ROOT, F_CHORD, SIXTH))[CHORDS, 0, 36]
    assert after[after > 0].tolist() == pytest.approx([0.5, 0.8, 0.9, float(LEFT_OUT)])


def test_a_tone_in_two_octaves_is_in_both_each_time() -> None:
    wide = ROOT | {HIGH_C: 0.9}
    assert played(inverted(beats(wide, wide, wide, ROOT))) == 4 * [C, E, G, HIGH_C]


def test_a_role_that_often_turns_its_chords_over_still_does() -> None:
    before = beats(ROOT, SIXTH, F_CHORD, ROOT, SIXTH, ROOT, SIXTH, ROOT)
    assert np.array_equal(inverted(before), before)


def test_single_notes_and_other_roles_stay() -> None:
    before = beats({C: 0.9}, {HIGH_C: 0.9}, {C: 0.9}, {C: 0.9}) + beats(ROOT, SIXTH, F_CHORD, F_CHORD, role=4)
    assert np.array_equal(inverted(before), before)
    assert np.array_equal(inverted(np.zeros_like(before)), np.zeros_like(before))


def test_without_weight_all_stays() -> None:
    before = beats(ROOT, ROOT, F_CHORD, SIXTH)
    given = before.copy()
    assert np.array_equal(inverted(before, 0.0), before) and np.array_equal(before, given)
