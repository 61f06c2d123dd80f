"""Chords that come back with the notes that they had."""

import numpy as np
import pytest

from musicgen.models.decoding import choose_onsets
from musicgen.models.striking import struck_again
from musicgen.roles import ROLE_NAMES, ROLES

C, E, G, A = 60, 64, 67, 69


def chances(*bars: list[dict[int, float]], role: str = "chords") -> np.ndarray:
    """Probabilities of bars in which a role begins MIDI pitches on one beat after another."""
    index = ROLE_NAMES.index(role)
    table = np.zeros((5, len(bars), 48, 48), np.float32)
    for bar, beats in enumerate(bars):
        for beat, pitches in enumerate(beats):
            for pitch, chance in pitches.items():
                table[index, bar, 12 * beat, pitch - ROLES[index].low] = chance
    return table


def played(onsets: np.ndarray, role: str = "chords") -> list[list[set[int]]]:
    """MIDI pitches of the chords of each bar."""
    index = ROLE_NAMES.index(role)
    bars: list[dict[int, set[int]]] = [{} for _ in range(onsets.shape[1])]
    for row in choose_onsets(onsets).tolist():
        if row[0] == index:
            bars[row[1]].setdefault(row[2], set()).add(row[3] + ROLES[index].low)
    return [[chords[tick] for tick in sorted(chords)] for chords in bars]


FULL = {C: 0.95, E: 0.9, G: 0.95}
WITHOUT_E = {C: 0.95, E: 0.2, G: 0.95}


@pytest.mark.parametrize("role", ["chords", "pad"])
def test_a_chord_that_is_struck_again_has_the_same_notes(role: str) -> None:
    before = chances([FULL, WITHOUT_E, FULL, FULL], role=role)
    assert played(before, role) == [[{C, E, G}, {C, G}, {C, E, G}, {C, E, G}]]
    assert played(struck_again(before), role) == [[{C, E, G}] * 4]


def test_a_note_that_one_chord_has_alone_is_left_out() -> None:
    before = chances([FULL, FULL, FULL | {A: 0.6}, FULL])
    assert played(before)[0][2] == {C, E, G, A}
    assert played(struck_again(before)) == [[{C, E, G}] * 4]


def test_another_chord_stays_another_chord() -> None:
    other = {62: 0.95, 65: 0.9, A: 0.95}
    assert played(struck_again(chances([FULL, FULL, other, other]))) == [[{C, E, G}] * 2 + [{62, 65, A}] * 2]


def test_a_broken_chord_stays_broken() -> None:
    before = chances([{C: 0.95}, {E: 0.95}, {G: 0.95}, {E: 0.95}])
    assert played(struck_again(before)) == [[{C}, {E}, {G}, {E}]]


def test_bars_do_not_hear_each_other() -> None:
    before = chances([FULL] * 4, [], [WITHOUT_E])
    assert played(struck_again(before)) == [[{C, E, G}] * 4, [], [{C, G}]]


def test_other_roles_stay_and_so_does_what_was_given() -> None:
    before = chances([FULL, WITHOUT_E], role="melody") + chances([FULL, WITHOUT_E])
    given = before.copy()
    after = struck_again(before)
    assert np.array_equal(before, given)
    assert np.array_equal(after[ROLE_NAMES.index("melody")], before[ROLE_NAMES.index("melody")])


def test_without_weight_they_stay_as_they_are() -> None:
    before = chances([FULL, WITHOUT_E, FULL])
    assert struck_again(before, 0.0) == pytest.approx(before, abs=1e-6)
