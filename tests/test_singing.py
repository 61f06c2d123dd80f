"""Melodies that move by steps where the decoder is in doubt."""

import numpy as np
import pytest

from musicgen.codec import DURATIONS
from musicgen.models.decoding import choose_onsets
from musicgen.models.singing import MELODY, lasting, singing
from musicgen.roles import ROLE_NAMES, ROLES

C, D, E, G, HIGH_C = 60, 62, 64, 67, 72
BY_STEP = (0.0, 2.0, 0.0, -1.0, -1.0, -1.0)


def chances(*ticks: tuple[int, dict[int, float]], **others: dict[int, float]) -> np.ndarray:
    """Probabilities of four bars: of the melody by tick, of other roles on the first tick of the first bar."""
    table = np.zeros((5, 4, 48, 48), np.float32)
    for tick, pitches in ticks:
        for pitch, chance in pitches.items():
            table[MELODY, tick // 48, tick % 48, pitch - ROLES[MELODY].low] = chance
    for role, pitches in others.items():
        index = ROLE_NAMES.index(role)
        for pitch, chance in pitches.items():
            table[index, 0, 0, pitch - ROLES[index].low] = chance
    return table


def melody(onsets: np.ndarray) -> list[int]:
    """MIDI pitches of the melody that is played, in order."""
    rows = choose_onsets(onsets)
    return [int(row[3]) + ROLES[MELODY].low for row in rows if row[0] == MELODY]


def test_of_two_likely_pitches_the_nearer_one_is_sung() -> None:
    before = chances((0, {C: 0.95}), (12, {D: 0.4, G: 0.5}), (24, {E: 0.95}))
    assert melody(before) == [C, G, E]
    assert melody(singing(before, BY_STEP)) == [C, D, E]


def test_a_sure_leap_stays() -> None:
    before = chances((0, {C: 0.95}), (12, {HIGH_C: 0.999, D: 0.0001}), (24, {C: 0.95}))
    assert melody(singing(before, BY_STEP)) == [C, HIGH_C, C]


def test_the_line_is_chosen_as_a_whole() -> None:
    before = chances((0, {C: 0.9}), (12, {E: 0.5, D: 0.45}), (24, {C: 0.3, E: 0.45}), (36, {G: 0.5, D: 0.45}))
    assert melody(before) == [C, E, E, G]
    assert melody(singing(before, BY_STEP)) == [C, D, E, D]


def test_a_melody_in_doubt_does_not_go_back_and_forth() -> None:
    before = chances((0, {C: 0.95}), (12, {D: 0.95}), (24, {C: 0.5, E: 0.4}), (36, {D: 0.95}))
    assert melody(before) == [C, D, C, D]
    assert melody(singing(before, BY_STEP)) == [C, D, E, D]


def test_a_repeated_note_goes_nowhere_and_so_not_back() -> None:
    before = chances((0, {C: 0.95}), (12, {C: 0.95}), (24, {C: 0.5, D: 0.4}))
    assert melody(singing(before, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0))) == [C, C, C]


def test_a_melody_in_doubt_goes_on_in_its_direction_by_steps_and_turns_after_a_leap() -> None:
    by_step = chances((0, {C: 0.95}), (12, {D: 0.95}), (24, {C - 1: 0.5, E: 0.4}))
    assert melody(singing(by_step, (0.0,) * 6)) == [C, D, E]
    by_leap = chances((0, {C: 0.95}), (12, {HIGH_C: 0.95}), (24, {HIGH_C + 4: 0.5, HIGH_C - 4: 0.4}))
    assert melody(singing(by_leap, (0.0,) * 6)) == [C, HIGH_C, HIGH_C - 4]


def test_a_note_is_of_all_the_chords_that_it_sounds_over() -> None:
    """D or E on the first beat, where both are of the chord: E is of the next one, too, and D is not."""
    first, then = {C: 0.9, D: 0.9, E: 0.9, G: 0.9}, {C: 0.9, E: 0.9, G: 0.9}

    def sung(next_one: int) -> int:
        tune = chances((0, {D: 0.55, E: 0.45}), (next_one, {G: 0.99}), chords=first, pad=first)
        for role in ("chords", "pad"):
            for pitch, chance in then.items():
                tune[ROLE_NAMES.index(role), 0, 24, pitch - ROLES[ROLE_NAMES.index(role)].low] = chance
        return melody(singing(tune, (0.0,) * 6))[0]

    assert [sung(12), sung(48)] == [D, E]


def test_a_melody_that_is_expected_to_repeat_notes_repeats_more_of_them() -> None:
    repeating = [(12 * beat, {C: 0.98}) for beat in range(15)]
    moving = [(12 * beat, {(C, D, E, D)[beat % 4]: 0.98}) for beat in range(15)]
    last = 15 * 12
    assert melody(singing(chances(*repeating, (last, {C: 0.2, D: 0.7})), BY_STEP))[-2:] == [C, C]
    assert melody(singing(chances(*moving, (last, {E: 0.7, D: 0.2})), BY_STEP))[-2:] == [E, D]


def test_across_a_rest_intervals_count_less() -> None:
    near, far = (chances((0, {C: 0.95}), (tick, {D: 0.2, G: 0.7})) for tick in (12, 144))
    assert melody(singing(near, BY_STEP)) == [C, D]
    assert melody(singing(far, BY_STEP)) == [C, G]


def test_what_the_other_roles_play_speaks_for_a_pitch() -> None:
    step_or_chord = (0, {C: 0.95}), (12, {D: 0.5, E: 0.4})
    chord = {C: 0.9, E: 0.9, G: 0.9}
    assert melody(singing(chances(*step_or_chord), BY_STEP))[1] == D
    assert melody(singing(chances(*step_or_chord, chords=chord, pad=chord), (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)))[1] == E


def test_a_melody_with_one_quick_note_has_none() -> None:
    tune = [(12 * beat, {(C, D, E, G)[beat % 4]: 0.99}) for beat in range(12)]
    quick = [*tune, (14, {E: 0.6})]
    assert melody(chances(*quick)) == [C, D, E, E, G, C, D, E, G, C, D, E, G]
    assert melody(singing(chances(*quick), BY_STEP)) == [C, D, E, G, C, D, E, G, C, D, E, G]


def test_a_melody_of_quick_notes_keeps_them() -> None:
    trill = [(2 * step, {(C, D)[step % 2]: 0.99}) for step in range(12)]
    assert melody(singing(chances(*trill), BY_STEP)) == 6 * [C, D]


def test_even_there_no_note_comes_a_tick_after_another() -> None:
    trill = [(2 * step, {(C, D)[step % 2]: 0.99}) for step in range(12)]
    assert melody(singing(chances(*trill, (5, {E: 0.8})), BY_STEP)) == 6 * [C, D]


def test_a_melody_has_no_blips() -> None:
    rows = np.array([[role, 0, 0, 3] for role in (MELODY, ROLE_NAMES.index("bass"))])
    blips, logits = np.zeros((2, 2), int), np.zeros((2, 18))
    best, _ = lasting(lambda _: (blips, logits), 1.0, rows)
    assert [DURATIONS[length] for length in best[:, 0]] == [2, 1]


def held(weight: float, *lengths: dict[int, float], apart: int = 36) -> list[int]:
    """Ticks of melody notes that begin so far apart, of which the decoder says how likely some lengths are."""
    rows = np.array([[MELODY, *divmod(apart * note, 48), 3] for note in range(len(lengths))])
    logits = np.full((len(lengths), len(DURATIONS)), -20.0)
    for row, chances_ in zip(logits, lengths, strict=True):
        for ticks, chance in chances_.items():
            row[DURATIONS.index(ticks)] = np.log(chance)
    classes = np.stack([logits.argmax(axis=1), np.zeros(len(rows), int)], axis=1)
    best, _ = lasting(lambda _: (classes, logits), weight, rows)
    return [DURATIONS[length] for length in best[:, 0]]


def test_a_note_is_held_until_the_next_one_if_that_is_not_out_of_the_question() -> None:
    doubtful, short = {24: 0.9, 36: 0.1}, {24: 0.9999, 36: 0.0001}
    assert held(1.0, doubtful, short, doubtful) == [36, 24, 24]  # nothing comes after the last one
    assert held(0.0, doubtful, short, doubtful) == [24, 24, 24]


def test_before_a_rest_a_note_is_the_longer_of_two_likely_ones() -> None:
    assert held(1.0, {12: 0.9, 24: 0.1}, {12: 1.0}) == [24, 12]
    assert held(1.0, {12: 0.999, 24: 0.001}, {12: 1.0}) == [12, 12]
    assert held(0.0, {12: 0.9, 24: 0.1}, {12: 1.0}) == [12, 12]
    assert held(1.0, {12: 0.9, 48: 0.1}, {12: 1.0}, apart=192) == [48, 12]


def test_a_melody_has_no_tone_that_the_piece_has_not_unless_it_is_sure() -> None:
    cis, own = C + 1, {3 * step: {(C, D, E, G)[step % 4]: 0.99} for step in range(64)}

    def sung(chance: float) -> list[int]:
        return melody(singing(chances(*(own | {15: {cis: chance, D: 1 - chance}}).items()), (0.0,) * 6))

    assert [sung(0.6)[5], sung(0.999)[5]] == [D, cis]


def test_a_piece_with_few_second_notes_has_none() -> None:
    tune = [(12 * beat, {(C, D, E, G)[beat % 4]: 0.99}) for beat in range(8)]
    tune[2] = (24, {E: 0.99, HIGH_C: 0.9})
    assert melody(chances(*tune)) == [C, D, E, HIGH_C, G, C, D, E, G]
    assert melody(singing(chances(*tune), BY_STEP)) == [C, D, E, G, C, D, E, G]


def test_a_bass_that_often_plays_two_keeps_them() -> None:
    before = chances((0, {C: 0.99}), (12, {D: 0.99}), bass={36: 0.99, 43: 0.93})
    bass = [row for row in choose_onsets(singing(before, BY_STEP)) if row[0] == 3]
    assert [int(row[3]) + ROLES[3].low for row in bass] == [36, 43]


def test_on_a_beat_the_other_roles_speak_louder_than_between_beats() -> None:
    chord = {C: 0.9, E: 0.9, G: 0.9}

    def sung(tick: int) -> int:
        tune = chances((0, {C: 0.95}), (tick, {D: 0.9, E: 0.1}), (24, {C: 0.99}), chords=chord, pad=chord)
        return melody(singing(tune, (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)))[1]

    assert [sung(12), sung(15)] == [E, D]


def test_a_note_that_is_held_over_a_beat_is_of_the_chord_there() -> None:
    """D or E before the third beat, on which the chord changes: held over it, E is of the chord; before another note,
    D is, as the chord before it."""
    first, then = {C: 0.9, D: 0.9, G: 0.9}, {C: 0.9, E: 0.9, G: 0.9}

    def sung(next_one: int) -> int:
        tune = chances((0, {C: 0.99}), (21, {D: 0.4, E: 0.6}), (next_one, {G: 0.99}), chords=first, pad=first)
        for role in ("chords", "pad"):
            for pitch, chance in then.items():
                tune[ROLE_NAMES.index(role), 0, 24, pitch - ROLES[ROLE_NAMES.index(role)].low] = chance
        return melody(singing(tune, (0.0,) * 6))[1]

    assert [sung(36), sung(24)] == [E, D]


def test_a_melody_with_one_syncopated_note_has_none() -> None:
    tune = [(12 * beat, {(C, D, E, G)[beat % 4]: 0.99}) for beat in range(16) if beat != 6]
    assert melody(singing(chances(*tune, (66, {E: 0.9})), BY_STEP)) == [C, D, E, G, C, D, G, C, D, E, G, C, D, E, G]


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_as_many_onsets_are_expected_on_every_tick_where_one_note_plays(weight: float) -> None:
    before = chances((0, {C: 0.95}), (12, {D: 0.3, G: 0.45}), (24, {E: 0.95}), chords={C: 0.5, E: 0.9})
    after = singing(before, BY_STEP, weight)
    assert not np.array_equal(after, before) or weight == 0
    assert after[MELODY].sum(axis=-1) == pytest.approx(before[MELODY].sum(axis=-1))
    assert np.array_equal(after[MELODY + 1 :], before[MELODY + 1 :])


def test_without_weight_or_without_a_melody_nothing_changes() -> None:
    doubtful = chances((0, {C: 0.95}), (12, {D: 0.4, G: 0.5}), (24, {E: 0.95}))
    assert np.array_equal(singing(doubtful, BY_STEP, 0.0), doubtful)
    silent = chances(chords={C: 0.9})
    assert np.array_equal(singing(silent, BY_STEP), silent)
