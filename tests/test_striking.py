"""Chords that come back with the notes that they had."""

import numpy as np
import pytest

from musicgen.codec import DURATIONS
from musicgen.models.decoding import choose_onsets
from musicgen.models.striking import let_go, struck_again
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


def lengths(*chords: list[dict[int, float]], role: str = "chords", weight: float = 1.0) -> list[list[int]]:
    """Ticks of the notes of chords on one beat after another, of which the decoder says how likely some lengths are."""
    rows = [
        [ROLE_NAMES.index(role), *divmod(12 * i, 48), 4 * j]
        for i, chord in enumerate(chords)
        for j in range(len(chord))
    ]
    logits = np.full((len(rows), len(DURATIONS)), -20.0, np.float32)
    for row, likely in zip(logits, [note for chord in chords for note in chord], strict=True):
        for ticks, chance in likely.items():
            row[DURATIONS.index(ticks)] = np.log(chance)
    classes = np.stack([logits.argmax(axis=1), np.zeros(len(rows), int)], axis=1)
    best, _ = let_go(lambda _: (classes, logits), weight, np.array(rows))
    ticks = iter(DURATIONS[length] for length in best[:, 0])
    return [[next(ticks) for _ in chord] for chord in chords]


LONG, DOUBTFUL = {12: 0.9, 9: 0.1}, {12: 0.4, 9: 0.6}


@pytest.mark.parametrize("role", ["chords", "pad"])
def test_where_most_chords_end_together_all_do(role: str) -> None:
    even, odd = [LONG] * 3, [LONG, DOUBTFUL, LONG]
    assert lengths(*[even] * 4, odd, role=role) == [[12] * 3] * 5
    assert lengths(*[even] * 4, odd, role=role, weight=0.0)[4] == [12, 9, 12]


def test_where_many_do_not_they_stay_as_they_are() -> None:
    even, odd = [LONG] * 3, [LONG, DOUBTFUL, LONG]
    assert lengths(even, odd, even, odd) == [[12] * 3, [12, 9, 12]] * 2


def test_where_hardly_any_chord_rings_on_into_the_next_none_does() -> None:
    short, rings = [LONG] * 2, [{24: 0.9, 12: 0.1}] * 2
    assert lengths(*[short] * 19, rings, *[short] * 5)[19] == [12, 12]
    assert lengths(*[short] * 19, rings, *[short] * 5, weight=0.0)[19] == [24, 24]
    assert lengths(*[short] * 17, rings, rings, *[short] * 5)[17] == [24, 24]  # one in twelve


def test_single_notes_and_other_roles_have_the_lengths_that_they_had() -> None:
    assert lengths([LONG], [DOUBTFUL], [LONG]) == [[12], [9], [12]]
    assert lengths(*[[LONG] * 2] * 4, [LONG, DOUBTFUL], role="drums")[4] == [12, 9]
