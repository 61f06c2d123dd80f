"""How many notes roles play, and how many of them together."""

import numpy as np
import pytest

from musicgen.models.decoding import choose_onsets
from musicgen.models.fullness import even, folded, fuller, steady
from musicgen.roles import ROLE_NAMES, ROLES

C, E, G, B = 60, 64, 67, 71
NO_FAVOUR = {"chords": (0.0, 0.0, 0.0, 0.0), "pad": (0.0, 0.0, 0.0, 0.0)}


def chances(*ticks: dict[int, float], role: str = "chords") -> np.ndarray:
    """Probabilities of a bar in which a role begins MIDI pitches on one beat after another."""
    table = np.zeros((5, 1, 48, 48), np.float32)
    for beat, pitches in enumerate(ticks):
        for pitch, chance in pitches.items():
            table[place(pitch, beat, role)] = chance
    return table


def place(pitch: int, beat: int = 0, role: str = "chords") -> tuple[int, int, int, int]:
    index = ROLE_NAMES.index(role)
    return index, 0, 12 * beat, pitch - ROLES[index].low


def played(onsets: np.ndarray, role: str = "chords") -> list[set[int]]:
    """MIDI pitches of each chord that is played."""
    index = ROLE_NAMES.index(role)
    chords: dict[int, set[int]] = {}
    for row in choose_onsets(onsets):
        if row[0] == index:
            chords.setdefault(int(row[2]), set()).add(int(row[3]) + ROLES[index].low)
    return [chords[tick] for tick in sorted(chords)]


def played_in_all(onsets: np.ndarray) -> list[set[int]]:
    """The same, of all bars."""
    return [chord for bar in range(onsets.shape[1]) for chord in played(onsets[:, bar : bar + 1])]


def test_a_fuller_role_plays_more_of_what_is_in_doubt_and_the_others_stay() -> None:
    before = chances({C: 0.9, G: 0.3}, role="pad")
    before[place(C)] = 0.3
    after = fuller(before, {"pad": 1.0}, {})
    assert after[place(G, role="pad")] == pytest.approx(0.3 / 0.7 * np.e / (1 + 0.3 / 0.7 * np.e))
    assert after[place(C, role="pad")] > 0.95
    assert after[place(C)] == before[place(C)]
    assert fuller(before, {"pad": 1.0}, {}, weight=0.0) == pytest.approx(before, abs=1e-6)


def test_off_the_beat_something_else_may_speak_for_notes_than_on_it() -> None:
    before = np.zeros((5, 1, 48, 48), np.float32)
    before[ROLE_NAMES.index("bass"), 0, [0, 6, 9, 8], 5] = 0.3  # a beat, an eighth, a sixteenth, a triplet
    after = fuller(before, {}, {"bass": (-1.0, 0.0, 1.0, 2.0)})[ROLE_NAMES.index("bass"), 0, :, 5]
    assert after[[0, 6, 9, 8]] == pytest.approx([0.136, 0.3, 0.538, 0.760], abs=0.001)


def test_a_tone_whose_octave_is_in_doubt_is_played_once() -> None:
    before = chances({C: 0.3, C + 12: 0.25, G: 0.9})
    assert played(before) == [{G}]
    after = folded(before)
    assert after[place(C)] == pytest.approx(0.55)
    assert after[place(C + 12)] == pytest.approx(0.01)
    assert played(after) == [{C, G}]


def test_a_tone_that_is_sure_in_two_octaves_is_played_twice() -> None:
    assert played(folded(chances({C: 0.9, C + 12: 0.8}))) == [{C, C + 12}]


def test_half_of_the_folding_is_half_of_the_way() -> None:
    after = folded(chances({C: 0.3, C + 12: 0.2}), 0.5)
    assert after[place(C)] == pytest.approx(0.4)
    assert after[place(C + 12)] == pytest.approx(0.105)


@pytest.mark.parametrize("role", ["melody", "bass", "drums"])
def test_lines_and_drums_have_no_chords(role: str) -> None:
    before = chances({48: 0.4, 60: 0.4}, role=role) if role != "drums" else np.full((5, 1, 48, 48), 0.0, np.float32)
    assert np.array_equal(folded(before), before)
    assert np.array_equal(steady(before, NO_FAVOUR), before)


def test_a_voice_that_most_chords_have_is_in_all_of_them() -> None:
    sure, doubtful = {C: 0.9, E: 0.85, G: 0.8}, {C: 0.9, E: 0.85, G: 0.25}
    before = chances(sure, sure, doubtful, sure)
    assert played(before)[2] == {C, E}
    assert played(steady(before, NO_FAVOUR)) == 4 * [{C, E, G}]


def test_a_voice_that_few_chords_have_is_in_none() -> None:
    sure, doubtful = {C: 0.9, E: 0.85, G: 0.8, B: 0.05}, {C: 0.9, E: 0.85, G: 0.8, B: 0.45}
    before = chances(sure, doubtful, sure, sure)
    assert played(before)[1] == {C, E, G, B}
    assert played(steady(before, NO_FAVOUR)) == 4 * [{C, E, G}]


def test_a_chord_does_not_become_a_single_note_for_it() -> None:
    before = chances({C: 0.9}, {C: 0.9, E: 0.6}, {C: 0.9}, {C: 0.9})
    assert played(steady(before, NO_FAVOUR)) == played(before)


def test_what_speaks_for_a_voice_brings_it() -> None:
    before = chances(*4 * [{C: 0.9, E: 0.85, G: 0.8, B: 0.2}])
    assert played(steady(before, NO_FAVOUR)) == 4 * [{C, E, G}]
    assert played(steady(before, {"chords": (0.0, 0.0, 0.0, 12.0)})) == 4 * [{C, E, G, B}]


def test_what_speaks_against_the_first_voice_makes_chords_rarer() -> None:
    before = chances({C: 0.9}, {C: 0.45})
    assert played(steady(before, NO_FAVOUR)) == [{C}, {C}]
    assert played(steady(before, {"chords": (-1.0, 0.0, 0.0, 0.0)})) == [{C}]


def test_a_bar_keeps_its_likeliest_chord_whatever_speaks_against_it() -> None:
    doubtful = chances({C: 0.4}, {C: 0.45}, {C: 0.38})
    assert played(steady(doubtful, {"chords": (-3.0, 0.0, 0.0, 0.0)})) == [{C}]
    assert steady(doubtful, {"chords": (-3.0, 0.0, 0.0, 0.0)})[place(C, 1)] == pytest.approx(0.45)
    two_bars = np.concatenate([doubtful, doubtful], axis=1)
    assert [row[1] for row in choose_onsets(steady(two_bars, {"chords": (-3.0, 0.0, 0.0, 0.0)})).tolist()] == [0, 1]


def test_a_role_that_nearly_always_plays_two_notes_always_does() -> None:
    two, one, three = {C: 0.9, G: 0.9}, {C: 0.9, G: 0.3}, {C: 0.9, E: 0.6, G: 0.9}
    bars = [chances(two, two, two, two) for _ in range(6)]
    bars[1], bars[3] = chances(two, two, one, two), chances(two, three, two, two)
    before = np.concatenate(bars, axis=1)
    assert played_in_all(even(before)) == [{C, G}] * 24
    assert played_in_all(even(before, 0.0)) == played_in_all(before) != played_in_all(even(before))


def test_one_that_does_so_in_four_of_five_strikes_stays_as_it_is() -> None:
    before = chances({C: 0.9, G: 0.9}, {C: 0.9, G: 0.9}, {C: 0.9, G: 0.9}, {C: 0.9})
    assert np.array_equal(even(before), before)


def test_a_note_that_is_hardly_ever_there_is_not_brought_in_for_it() -> None:
    before = np.concatenate([chances({C: 0.9, G: 0.9}, {C: 0.9, G: 0.9}) for _ in range(6)], axis=1)
    before[place(G)] = 0.005
    assert even(before)[place(G)] == before[place(G)]


def test_without_weight_nothing_changes() -> None:
    before = chances({C: 0.3, C + 12: 0.25, G: 0.9}, {C: 0.9, E: 0.4})
    assert folded(before, 0.0) == pytest.approx(before, abs=1e-6)
    assert steady(before, {"chords": (-1.0, 2.0, 2.0, 2.0)}, 0.0) == pytest.approx(before, abs=1e-6)
