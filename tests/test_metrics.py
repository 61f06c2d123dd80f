"""Metrics over `Music`, against values worked out by hand."""

import math

import pytest

from musicgen.evaluation import metrics
from musicgen.music import Key, Music, Note, Track


def melody(*notes: Note, bars: int = 1, key: str = "C major") -> Music:
    return Music((Track("melody", 0, notes),), bars, key=Key.parse(key))


def band(lead: tuple[Note, ...], bass: tuple[Note, ...], bars: int = 1) -> Music:
    return Music((Track("melody", 0, lead), Track("bass", 33, bass)), bars)


def test_a_black_key_is_out_of_c_major() -> None:
    assert metrics.in_key(melody(Note(0, 60, 12, 80), Note(12, 61, 12, 80))) == 0.5


def test_both_leading_notes_are_in_a_minor_key() -> None:
    assert metrics.in_key(melody(Note(0, 67, 12, 80), Note(12, 68, 12, 80), key="A minor")) == 1


def test_scale_consistency_takes_the_best_scale_and_is_undefined_in_silence() -> None:
    chromatic = melody(*(Note(i, 60 + i, 1, 80) for i in range(12)))
    assert metrics.scale_consistency(chromatic) == pytest.approx(7 / 12)
    assert math.isnan(metrics.scale_consistency(melody()))


def test_density_counts_only_bars_that_play_and_empty_bars_the_others() -> None:
    music = melody(Note(0, 60, 6, 80), Note(6, 60, 6, 80), bars=4)
    assert metrics.notes_per_bar(music, "melody") == 2
    assert metrics.empty_bars(music, "melody") == 0.75


def test_pitch_classes_are_counted_per_bar() -> None:
    music = melody(Note(0, 60, 6, 80), Note(6, 72, 6, 80), Note(48, 62, 6, 80), Note(54, 64, 6, 80), bars=2)
    assert metrics.pitch_classes_per_bar(music, "melody") == 1.5


def test_a_note_of_one_tick_is_not_qualified() -> None:
    assert metrics.qualified_notes(melody(Note(0, 60, 1, 80), Note(12, 60, 2, 80)), "melody") == 0.5


def test_a_semitone_between_melody_and_bass_clashes_and_an_octave_agrees() -> None:
    music = band((Note(0, 60, 24, 80), Note(24, 61, 24, 80)), (Note(0, 36, 48, 80),))
    assert metrics.clash_rate(music) == 0.5
    assert metrics.chord_tone_agreement(music) == 0.5


def test_clash_is_undefined_where_nothing_sounds_together() -> None:
    assert math.isnan(metrics.clash_rate(melody(Note(0, 60, 12, 80))))


def test_a_loop_matches_an_earlier_bar_wholly_and_new_music_not_at_all() -> None:
    assert metrics.best_earlier_match(melody(Note(0, 60, 6, 80), Note(48, 60, 6, 80), bars=2)) == 1
    assert metrics.best_earlier_match(melody(Note(0, 60, 6, 80), Note(48, 62, 6, 80), bars=2)) == 0


def test_onset_f1_needs_the_pitch_and_the_tick() -> None:
    original = melody(Note(0, 60, 6, 80), Note(12, 62, 6, 80))
    copy = melody(Note(0, 60, 12, 80), Note(12, 63, 6, 80), Note(24, 64, 6, 80))
    assert metrics.onset_f1(original, copy, "melody") == pytest.approx(2 * 1 / 5)


def test_a_silent_role_and_a_stuck_note_are_seen() -> None:
    music = band((Note(0, 60, 300, 80),), (), bars=8)
    assert metrics.summary(music)["silent roles"] == 1
    assert metrics.summary(music)["stuck notes"] == 1
