"""From probabilities to notes: how many onsets, which ones, and how long they last."""

import numpy as np

from musicgen.codec import DURATIONS
from musicgen.models.decoding import Chances, choose_onsets

MELODY, CHORDS, BASS = 0, 1, 3


def chances(role: int, **ticks: dict[int, float]) -> np.ndarray:
    """Probabilities of one bar: t12={3: 0.9} is tick 12, pitch index 3."""
    table = np.zeros((5, 1, 48, 48), np.float32)
    for tick, pitches in ticks.items():
        for pitch, chance in pitches.items():
            table[role, 0, int(tick[1:]), pitch] = chance
    return table


def chosen(table: np.ndarray) -> list[tuple[int, int]]:
    """Tick and pitch of each onset."""
    return [(tick, pitch) for _, _, tick, pitch in choose_onsets(table).tolist()]


def test_every_likely_onset_is_played() -> None:
    assert chosen(chances(CHORDS, t0={3: 0.9, 4: 0.6, 5: 0.45, 6: 0.3})) == [(0, 3), (0, 4), (0, 5)]


def test_where_all_is_in_doubt_most_of_the_onsets_that_are_expected_are_played() -> None:
    assert chosen(chances(CHORDS, t0=dict.fromkeys(range(10), 0.3))) == [(0, 0), (0, 1)]  # of 3


def test_so_are_most_of_many_faint_ones_the_likeliest_first() -> None:
    table = np.zeros((5, 1, 48, 48), np.float32)
    table[CHORDS, 0, :12, :40] = 0.005
    table[CHORDS, 0, 5, 7] = 0.02
    assert chosen(table) == [(0, 0), (5, 7)]  # of 2.4


def test_pitches_beyond_a_roles_range_are_not_played() -> None:
    assert chosen(chances(BASS, t12={40: 1.0})) == []


def test_a_melody_in_doubt_plays_the_likeliest_pitch_and_not_two() -> None:
    doubt = {"t0": {3: 0.5, 5: 0.45}, "t12": {7: 0.6, 8: 0.4}}
    assert chosen(chances(MELODY, **doubt)) == [(0, 3), (12, 7)]
    assert chosen(chances(CHORDS, **doubt)) == [(0, 3), (0, 5), (12, 7), (12, 8)]
    more = doubt | {"t24": {9: 0.35, 10: 0.33, 11: 0.32}}  # surely a note, of some pitch
    assert chosen(chances(MELODY, **more)) == [(0, 3), (12, 7), (24, 9)]


def test_two_notes_of_a_melody_that_are_both_sure_are_both_played() -> None:
    assert chosen(chances(MELODY, t0={3: 0.9, 7: 0.8})) == [(0, 3), (0, 7)]


def test_a_note_of_one_voice_ends_where_the_next_begins() -> None:
    rows = np.array([[role, 0, tick, 3] for role in (MELODY, CHORDS) for tick in (0, 12)])
    long = np.tile([10, 4], (4, 1))  # of class 10: 24 ticks
    notes, _ = Chances(np.zeros((5, 1, 48, 48)), lambda rows: (long, np.zeros((4, 18)))).notes(rows)
    assert notes[:, [1, 2, 4]].tolist() == [[MELODY, 0, 7], [MELODY, 12, 10], [CHORDS, 0, 10], [CHORDS, 12, 10]]


def test_it_ends_as_near_to_the_next_as_a_duration_class_comes() -> None:
    rows = np.array([[MELODY, 0, tick, 3] for tick in (0, 42)])
    long = np.tile([15, 4], (2, 1))  # of class 15: 96 ticks
    notes, _ = Chances(np.zeros((5, 1, 48, 48)), lambda rows: (long, np.zeros((2, 18)))).notes(rows)
    assert [DURATIONS[length] for length in notes[:, 4]] == [
        48,
        96,
    ]  # as songs are encoded: 42 is nearer to 48 than to 36


def test_where_hardly_any_note_of_a_line_is_sure_to_sound_longer_none_does() -> None:
    rows = np.array([[BASS, tick // 48, tick % 48, 3] for tick in range(0, 12 * 24, 12)])
    long, logits = np.tile([10, 4], (24, 1)), np.zeros((24, 18))
    notes = Chances(np.zeros((5, 6, 48, 48)), lambda rows: (long, logits))

    def overlapping() -> int:
        return int((notes.notes(rows)[0][:-1, 4] == 10).sum())

    logits[3, 10] = 12.0
    assert overlapping() == 0
    logits[9, 10] = 12.0  # one in twelve
    assert overlapping() == 2


def test_it_sounds_longer_where_that_is_sure() -> None:
    rows = np.array([[BASS, 0, tick, 3] for tick in (0, 12)])
    long, logits = np.tile([10, 4], (2, 1)), np.zeros((2, 18))
    logits[0, 10] = 12.0  # the first one's, of all classes
    notes, _ = Chances(np.zeros((5, 1, 48, 48)), lambda rows: (long, logits)).notes(rows)
    assert [DURATIONS[length] for length in notes[:, 4]] == [24, 24]
