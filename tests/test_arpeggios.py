"""Broken chords where the decoder is in doubt which note comes where."""

import numpy as np
import pytest

from musicgen.models.arpeggios import breaking, broken
from musicgen.models.decoding import choose_onsets
from musicgen.roles import ROLE_NAMES, ROLES
from tests.test_striking import chances

C, E, G, HIGH_C = 60, 64, 67, 72
CHORDS, PAD = ROLE_NAMES.index("chords"), ROLE_NAMES.index("pad")


def beats(*pitches: dict[int, float], role: int = CHORDS) -> np.ndarray:
    """Probabilities of one bar after another, in which a role begins MIDI pitches on four beats."""
    name = ROLE_NAMES[role]
    return chances(*(list(pitches[start : start + 4]) for start in range(0, len(pitches), 4)), role=name)


def played(onsets: np.ndarray, role: int = CHORDS) -> list[int]:
    """MIDI pitches of the role's notes, in order."""
    return [int(row[3]) + ROLES[role].low for row in choose_onsets(onsets) if row[0] == role]


SOME = {CHORDS: 1.5}
"""A role that plays one note here and two there."""
DOUBTFUL = {C: 0.4, E: 0.3, G: 0.25}


@pytest.mark.parametrize("role", [CHORDS, PAD])
def test_a_role_that_plays_few_notes_at_a_time_breaks_its_chords(role: int) -> None:
    assert breaking(beats(*[{C: 0.9}, {E: 0.9}] * 2, role=role)) == {role: pytest.approx(0.9)}
    assert breaking(beats(*[{C: 0.9}, {C: 0.9, E: 0.9}] * 2, role=role)) == {role: pytest.approx(1.5)}
    assert breaking(beats(*[DOUBTFUL] * 4, role=role)) == {role: pytest.approx(0.95)}
    assert breaking(beats(*[{C: 0.9, E: 0.9, G: 0.8}] * 4, role=role)) == {}
    assert breaking(np.zeros((5, 1, 48, 48), np.float32)) == {}


def test_notes_in_doubt_go_from_one_tone_of_the_chord_to_another() -> None:
    before = beats(*[DOUBTFUL] * 4)
    assert played(before) == [C, C, C, C]
    after, decided = broken(before, SOME)
    assert played(after) == [C, E, G, C]
    assert np.argwhere(decided).tolist() == [[CHORDS, 0, tick] for tick in (0, 12, 24, 36)]


def test_where_no_note_is_likely_enough_one_of_them_is_played() -> None:
    before = beats({C: 0.9}, {E: 0.3, G: 0.3, HIGH_C: 0.3}, {C: 0.3, E: 0.3, G: 0.3}, {C: 0.9})
    assert played(before) == [C, E, C]
    assert played(broken(before, SOME)[0]) == [C, E, G, C]


def test_a_sure_note_is_played_again() -> None:
    before = beats({C: 0.99}, {C: 0.99, E: 0.005}, {E: 0.9}, {G: 0.9})
    assert played(broken(before, SOME)[0]) == [C, C, E, G]


def test_the_octave_above_is_the_same_tone() -> None:
    before = beats({C: 0.9}, {HIGH_C: 0.5, G: 0.3}, {E: 0.9}, {C: 0.9})
    assert played(broken(before, SOME)[0]) == [C, G, E, C]


def test_bars_are_broken_each_for_itself() -> None:
    assert played(broken(beats(*[DOUBTFUL] * 8), SOME)[0]) == [C, E, G, C] * 2


def test_a_role_of_one_voice_plays_one_note_on_every_tick() -> None:
    before = beats({C: 0.9}, {E: 0.95, G: 0.9}, {C: 0.9}, {E: 0.9})
    assert played(broken(before, {CHORDS: 1.1})[0]) == [C, E, C, E]
    assert played(broken(before, SOME)[0]) == [C, E, G, C, E]


def test_a_role_of_two_voices_plays_two_notes_on_every_tick() -> None:
    before = beats({C: 0.9, E: 0.9}, {C: 0.9, E: 0.3, G: 0.1}, {C: 0.9, E: 0.9}, {E: 0.9, G: 0.9, HIGH_C: 0.3})
    assert played(before) == [C, E, C, C, E, E, G]
    assert played(broken(before, {CHORDS: 2.0})[0]) == [C, E, C, E, C, E, E, G]


def test_chords_between_single_notes_stay_and_so_do_other_roles() -> None:
    chord = {C: 0.9, E: 0.9, G: 0.9}
    before = beats(DOUBTFUL, chord, DOUBTFUL, chord) + beats(*[DOUBTFUL] * 4, role=PAD)
    given = before.copy()
    after, decided = broken(before, SOME)
    assert played(after) == [C, C, E, G, E, C, E, G]
    assert not decided[CHORDS, 0, [12, 36]].any() and not decided[PAD].any()
    assert np.array_equal(after[PAD], before[PAD]) and np.array_equal(before, given)


def test_without_weight_all_stays() -> None:
    before = beats(*[DOUBTFUL] * 4)
    assert broken(before, SOME, 0.0)[0] == pytest.approx(before)
