"""Motifs that return in melodies and basses where the decoder is in doubt."""

import numpy as np
import pytest

from musicgen.models.decoding import choose_onsets
from musicgen.models.motifs import figured, recurring, returning
from musicgen.roles import ROLE_NAMES, ROLES
from tests.test_patterns import bars, rhythms
from tests.test_striking import chances

MELODY, BASS = ROLE_NAMES.index("melody"), ROLE_NAMES.index("bass")
PITCHES = np.arange(12, 30)
"""Of the melody, from C4 to F5."""
C, D, E, F, G, A, B, HIGH_C = 0, 2, 4, 5, 7, 9, 11, 12


def again(*lines: tuple[int, ...], nearly: dict[int, dict[int, float]] | None = None, weight: float = 1.0) -> list[int]:
    """The melody of bars of four beats, whose notes are sure, but for those of which others are nearly as good: the
    place of the note, the others and what they lose in logits."""
    line = np.array([pitch for each in lines for pitch in each])
    score = np.full((len(line), len(PITCHES)), -20.0)
    score[np.arange(len(line)), line] = 0
    for place, others in (nearly or {}).items():
        for pitch, lost in others.items():
            score[place, pitch] = -lost
    when = np.concatenate([48 * bar + 12 * np.arange(len(each)) for bar, each in enumerate(lines)])
    moves = np.zeros((len(PITCHES), len(PITCHES)))
    return [int(pitch) for pitch in returning(line, score, moves, when, PITCHES, MELODY, weight)]


def test_a_bar_that_is_nearly_an_earlier_one_is_that_bar_again() -> None:
    assert again((C, E, G, E), (C, E, G, F), nearly={7: {E: 2.0}}) == [C, E, G, E] * 2


def test_a_bar_that_nearly_goes_as_an_earlier_one_on_another_step_does_so() -> None:
    # C E G E is D F A F a step higher: as many steps of the scale, not as many semitones
    assert again((C, E, G, E), (D, F, A, G), nearly={7: {F: 2.0}}) == [C, E, G, E, D, F, A, F]


def test_a_bar_of_its_own_stays() -> None:
    assert again((C, E, G, E), (C, D, E, F), nearly={7: {E: 2.0}}) == [C, E, G, E, C, D, E, F]


def test_a_bar_of_another_rhythm_stays() -> None:
    assert again((C, E, G), (C, E, G, F), nearly={6: {E: 0.1}}) == [C, E, G, C, E, G, F]


def test_notes_outside_of_the_scale_stay_as_far_from_it() -> None:
    assert again((C, D + 1, E), (F, G + 1, B), nearly={5: {A: 1.0}})[3:] == [F, G + 1, A]


def test_what_comes_before_and_after_speaks_too() -> None:
    line, when = np.array([C, E, C, D, G]), np.array([0, 12, 48, 60, 96])
    score = np.full((5, len(PITCHES)), -20.0)
    score[np.arange(5), line] = 0
    score[3, E] = -1.0
    moves = np.zeros((len(PITCHES), len(PITCHES)))
    assert returning(line, score, moves, when, PITCHES, MELODY).tolist() == [C, E, C, E, G]
    moves[E, G] = -9.0  # the next bar does not like it
    assert returning(line, score, moves, when, PITCHES, MELODY).tolist() == line.tolist()


def test_without_weight_lines_stay() -> None:
    assert again((C, E, G, E), (C, E, G, F), nearly={7: {E: 2.0}}, weight=0.0) == [C, E, G, E, C, E, G, F]


TUNE, NEARLY = {0: 0.9, 12: 0.9, 30: 0.8}, {0: 0.9, 12: 0.9, 24: 0.5, 30: 0.8}


def test_a_bar_whose_rhythm_is_nearly_that_of_an_earlier_one_has_it() -> None:
    before = bars(TUNE, {0: 0.9}, NEARLY, role=MELODY)
    assert rhythms(before, MELODY) == [[0, 12, 30], [0], [0, 12, 24, 30]]
    assert rhythms(recurring(before), MELODY) == [[0, 12, 30], [0], [0, 12, 30]]


def test_a_note_that_is_gained_costs_more_than_one_that_is_lost() -> None:
    # both are as far from being as likely as not
    assert rhythms(recurring(bars(TUNE, TUNE | {24: 0.78}, role=MELODY)), MELODY)[1] == [0, 12, 30]
    assert rhythms(recurring(bars(TUNE | {24: 0.8}, TUNE | {24: 0.089}, role=MELODY)), MELODY)[1] == [0, 12, 30]
    assert rhythms(recurring(bars(TUNE | {24: 0.8}, TUNE | {24: 0.15}, role=MELODY)), MELODY)[1] == [0, 12, 24, 30]


def test_a_bar_four_bars_ago_is_heard_sooner_than_the_last() -> None:
    other = {0: 0.9, 24: 0.9}
    nearly = TUNE | {24: 0.8}
    assert rhythms(recurring(bars(nearly, TUNE, other, other, TUNE | {24: 0.12}, role=MELODY)), MELODY)[4] == [
        0,
        12,
        30,
    ]
    assert rhythms(recurring(bars(TUNE, other, other, TUNE | {24: 0.83}, role=MELODY)), MELODY)[3] == [0, 12, 24, 30]
    assert rhythms(recurring(bars(TUNE, other, other, other, TUNE | {24: 0.83}, role=MELODY)), MELODY)[4] == [0, 12, 30]


def test_other_rhythms_other_roles_and_what_was_given_stay() -> None:
    before = bars(TUNE, {6: 0.9, 18: 0.9, 42: 0.9}, role=MELODY) + bars(TUNE, NEARLY)
    given = before.copy()
    assert np.array_equal(recurring(before), before) and np.array_equal(before, given)
    tune = bars(TUNE, NEARLY, role=MELODY)
    assert recurring(tune, 0.0) == pytest.approx(tune)


def test_a_bass_plays_its_figure_on_the_next_root() -> None:
    root_and_fifth = [{36: 0.9}, {43: 0.9}, {36: 0.9}, {43: 0.9}]
    on_g = [{43: 0.9}, {38: 0.4, 50: 0.3}, {43: 0.9}, {50: 0.9}]
    before = chances(root_and_fifth, on_g, role="bass")
    played = [
        [int(row[3]) + ROLES[BASS].low for row in choose_onsets(each) if row[0] == BASS]
        for each in (before, figured(before, 0.2), figured(before, 0.2, 0.0))
    ]
    assert played == [
        [36, 43, 36, 43, 43, 38, 43, 50], [36, 43, 36, 43, 43, 50, 43, 50], [36, 43, 36, 43, 43, 38, 43, 50]
    ]  # fmt: skip


def test_a_bass_in_doubt_walks_by_step() -> None:
    doubtful = [{36: 0.9}, {38: 0.4, 43: 0.5}, {40: 0.9}, {43: 0.9}]
    bass = [int(row[3]) + ROLES[BASS].low for row in choose_onsets(figured(chances(doubtful, role="bass"), 0.2))]
    assert bass == [36, 38, 40, 43]


def of_two_steps(chord: tuple[int, ...], shared: float) -> int:
    """Which of D and B a bass takes that has one of them in a chord, and one of its two other notes."""
    line = chances([{36: 0.9}, {36: 0.9}, {38: 0.45, 35: 0.5}, {36: 0.9}], role="bass")
    both = line + chances([{60: 0.9}, {}, {pitch: 0.9 for pitch in chord}], role="chords")
    return [int(row[3]) + ROLES[BASS].low for row in choose_onsets(figured(both, shared)) if row[0] == BASS][2]


def test_of_two_steps_a_bass_takes_the_one_of_the_chord() -> None:
    assert [of_two_steps((62, 65, 69), 0.2), of_two_steps((59, 64, 67), 0.2)] == [38, 35]


def test_a_bass_that_strays_from_the_harmony_takes_the_other_one() -> None:
    assert [of_two_steps((62, 65, 69), 0.9), of_two_steps((59, 64, 67), 0.9)] == [35, 38]


def test_a_bass_that_does_not_play_stays_silent() -> None:
    assert not figured(np.zeros((5, 4, 48, 48), np.float32), 0.2).any()
