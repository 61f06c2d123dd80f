"""Metrics over `Music`, against values worked out by hand."""

import math
from dataclasses import replace

import pytest

from musicgen.evaluation import metrics, rhythm, tonality
from musicgen.evaluation.view import View
from musicgen.music import Key, Music, Note, Track
from tests.made_songs import song


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


# --- texture ---


def test_a_triplet_hit_is_off_the_drum_pattern() -> None:
    hits = tuple(Note(onset, 38, 3, 80) for onset in (0, 3, 4))
    assert metrics.drum_pattern(Music((Track("drums", 0, hits),), 1)) == pytest.approx(2 / 3)


def test_register_range_duration_and_velocity() -> None:
    music = melody(Note(0, 60, 12, 80), Note(12, 67, 24, 100))
    assert metrics.register(music, "melody") == 63.5
    assert metrics.pitch_range(music, "melody") == 7
    assert metrics.duration(music, "melody") == 1.5  # beats
    assert metrics.velocity(music, "melody") == 90
    assert metrics.velocity_spread(music, "melody") == 10


def test_a_chord_is_struck_again_where_the_one_before_it_in_the_half_bar_has_its_notes() -> None:
    def chord(onset: int, *pitches: int) -> tuple[Note, ...]:
        return tuple(Note(onset, pitch, 6, 80) for pitch in pitches)

    again, other, later = chord(6, 60, 64), chord(12, 60, 65), chord(24, 60, 65)
    assert metrics.struck_again(melody(*chord(0, 60, 64), *again), "melody") == 1
    assert metrics.struck_again(melody(*chord(0, 60, 64), *again, *other, *later), "melody") == 0.5
    assert math.isnan(metrics.struck_again(melody(*chord(0, 60, 64), Note(6, 60, 6, 80), *later), "melody"))


def test_the_notes_of_a_chord_end_together_or_not() -> None:
    even, odd = (Note(0, 60, 6, 80), Note(0, 64, 6, 80)), (Note(12, 60, 6, 80), Note(12, 64, 12, 80))
    assert metrics.ends_together(melody(*even, Note(30, 60, 4, 80)), "melody") == 1
    assert metrics.ends_together(melody(*even, *odd), "melody") == 0.5
    assert math.isnan(metrics.ends_together(melody(Note(0, 60, 6, 80)), "melody"))


def test_a_broken_chord_hardly_repeats_a_note() -> None:
    broken = [Note(3 * i, pitch, 3, 80) for i, pitch in enumerate((60, 64, 67, 64, 60, 64, 67, 64, 64))]
    assert metrics.same_note(melody(*broken), "melody") == 0.125
    # neither what comes more than half a bar later nor what comes after a chord counts
    chord = (Note(27, 64, 3, 80), Note(27, 67, 3, 80))
    after = melody(*broken, *chord, Note(30, 67, 3, 80))
    assert metrics.same_note(after, "melody") == 0.125
    later = Music((Track("melody", 0, (*after.tracks[0].notes, Note(60, 67, 3, 80))),), 2)
    assert metrics.same_note(later, "melody") == 0.125
    assert math.isnan(metrics.same_note(melody(*broken[:8]), "melody"))  # seven pairs are too few to tell


def test_a_chord_has_its_usual_voicing_or_another_one() -> None:
    def chord(onset: int, *pitches: int) -> tuple[Note, ...]:
        return tuple(Note(onset, pitch, 6, 80) for pitch in pitches)

    twice, another, turned = (*chord(0, 60, 64), *chord(12, 60, 64)), chord(24, 60, 65), chord(36, 64, 72)
    assert metrics.usual_voicing(melody(*twice, *another), "melody") == 1
    assert metrics.usual_voicing(melody(*twice, *another, *turned), "melody") == 0.75
    assert math.isnan(metrics.usual_voicing(melody(Note(0, 60, 6, 80)), "melody"))


def test_a_note_is_cut_short_that_lasts_half_of_the_time_to_the_next() -> None:
    notes = Note(0, 60, 12, 80), Note(12, 62, 6, 80), Note(24, 64, 7, 80), Note(36, 65, 1, 80)
    assert metrics.cut_short(melody(*notes), "melody") == pytest.approx(1 / 3)  # the last has none after it
    chord = Note(0, 60, 3, 80), Note(0, 64, 12, 80), Note(12, 62, 6, 80)
    assert metrics.cut_short(melody(*chord), "melody") == 0
    assert math.isnan(metrics.cut_short(melody(notes[0]), "melody"))


def test_a_line_turns_where_it_does_not_go_on() -> None:
    def line(*pitches: int) -> Music:
        return melody(*(Note(6 * i, pitch, 6, 80) for i, pitch in enumerate(pitches)))

    assert metrics.turns(line(60, 62, 64, 65), "melody") == 0
    assert metrics.turns(line(60, 62, 62, 60, 64), "melody") == 1
    assert metrics.turns(line(60, 62, 64, 62), "melody") == 0.5
    assert math.isnan(metrics.turns(line(60, 60, 62), "melody"))


def test_a_bar_is_a_motif_again_on_any_step_of_the_scale() -> None:
    def piece(*bars: tuple[int, ...], tonic: int = 0) -> Music:
        notes = [Note(48 * bar + 12 * i, pitch, 6, 80) for bar, line in enumerate(bars) for i, pitch in enumerate(line)]
        return Music((Track("melody", 0, tuple(notes)),), len(bars), key=Key(tonic))

    up, on_the_second_step, another = (60, 64, 67), (62, 65, 69), (60, 65, 67)
    assert metrics.motifs(piece(up, another, up, on_the_second_step), "melody") == 0.5
    assert metrics.motifs(piece(up, (60,), up), "melody") == 0.5  # a single note is no motif
    assert metrics.motifs(piece(up, (62, 66, 69)), "melody") == 0
    assert metrics.motifs(piece(up, (62, 66, 69), tonic=2), "melody") == 0
    assert metrics.motifs(piece((62, 66, 69), (64, 67, 71), tonic=2), "melody") == 0.5
    assert math.isnan(metrics.motifs(piece((60,)), "melody"))


def test_a_role_in_cycles_begins_notes_on_the_same_ticks_every_bar_or_second_or_fourth() -> None:
    def piece(*ticks: int) -> Music:
        notes = [Note(48 * bar, 60, 6, 80) for bar in range(8)] + [Note(tick, 60, 6, 80) for tick in ticks]
        return Music((Track("melody", 0, tuple(sorted(notes))),), 8)

    assert metrics.in_cycles(piece(), "melody") == 1
    assert metrics.in_cycles(piece(*range(24, 8 * 48, 2 * 48)), "melody") == 1
    assert metrics.in_cycles(piece(24, 4 * 48 + 24), "melody") == 1
    assert metrics.in_cycles(piece(24), "melody") == 0
    assert math.isnan(metrics.in_cycles(melody(Note(0, 60, 6, 80)), "melody"))


def test_polyphony_counts_notes_where_any_sounds() -> None:
    # three sixteenths of one note and one of two; the silence after them does not count
    assert metrics.polyphony(melody(Note(0, 60, 12, 80), Note(9, 64, 3, 80)), "melody") == 1.25


def test_the_most_frequent_pitch() -> None:
    assert metrics.top_pitch(melody(*(Note(6 * i, p, 6, 80) for i, p in enumerate((60, 60, 60, 62)))), "melody") == 0.75


def test_fragments_and_notes_out_of_range() -> None:
    music = melody(Note(0, 60, 1, 80), Note(12, 20, 12, 80))
    assert metrics.one_tick_notes(music) == 0.5
    assert metrics.out_of_range(music) == 0.5


# --- tonality ---


@pytest.mark.parametrize(("pitches", "bits"), [((60, 72), 0.0), ((60, 67), 1.0), ((60, 62, 64, 65), 2.0)])
def test_entropy_of_pitch_classes_is_in_bits(pitches: tuple[int, ...], bits: float) -> None:
    music = melody(*(Note(6 * i, pitch, 6, 80) for i, pitch in enumerate(pitches)))
    assert metrics.pitch_class_entropy(music) == pytest.approx(bits)


@pytest.mark.parametrize(
    ("pitch", "distance"),
    [
        (36, 0.0),  # a unison, octaves apart
        (43, 1.7372),  # a fifth: circles of fifths 2 sin 15 degrees, minor thirds sqrt 2, major thirds sqrt 3 / 2
        (40, 1.9365),  # a major third: sqrt 3, 0, sqrt 3 / 2
        (42, 2.8284),  # a tritone: opposite on two circles of radius 1, the same on the third
    ],
)
def test_tonal_distance_is_that_of_hartes_tonal_space(pitch: int, distance: float) -> None:
    music = band((Note(0, 60, 12, 80),), (Note(0, pitch, 12, 80),))
    assert metrics.tonal_distance(music, "melody", "bass") == pytest.approx(distance, abs=1e-4)


def test_tonal_distance_is_undefined_where_roles_never_meet() -> None:
    assert math.isnan(metrics.tonal_distance(band((Note(0, 60, 12, 80),), (Note(12, 36, 12, 80),)), "melody", "bass"))


def test_clash_is_known_of_every_role() -> None:
    music = band((Note(0, 60, 24, 80),), (Note(0, 36, 12, 80), Note(12, 35, 12, 80)))
    assert metrics.clash_rate(music, "bass") == 0.5


def test_a_swapped_melody_is_in_key_but_does_not_know_the_chords() -> None:
    pieces = [song(seed) for seed in range(12)]
    swapped = tonality.swapped(pieces)
    assert len(swapped) == 12
    own = {piece.notes("bass"): piece.notes("melody") for piece in pieces}
    assert all(piece.notes("melody") != own[piece.notes("bass")] for piece in swapped)
    assert min(metrics.in_key(piece) for piece in swapped) == 1
    before, after = (sum(map(metrics.clash_rate, group)) / 12 for group in (pieces, swapped))
    assert before < 0.02 < after


def test_harmony_gain_is_0_for_the_shuffle_and_1_for_songs() -> None:
    assert tonality.harmony_gain(generated=0.13, real=0.06, shuffled=0.13) == 0
    assert tonality.harmony_gain(generated=0.06, real=0.06, shuffled=0.13) == 1
    assert math.isnan(tonality.harmony_gain(0.1, 0.1, 0.1))


# --- rhythm ---


def test_groove_consistency_counts_sixteenths_that_change() -> None:
    music = melody(Note(0, 60, 6, 80), Note(48, 60, 6, 80), Note(72, 60, 6, 80), bars=2)
    assert metrics.groove_consistency(music) == 15 / 16
    assert math.isnan(metrics.groove_consistency(melody(Note(0, 60, 6, 80))))


def test_notes_on_the_beat_are_not_syncopated() -> None:
    assert rhythm.syncopation(melody(*(Note(12 * beat, 60, 12, 80) for beat in range(4))), "melody") == 0


def test_a_note_held_over_the_bar_line_is_syncopated() -> None:
    # sixteenth 14 (weight -3) holds over the next downbeat (0): 3 points; the note on beat 2 (-2) has silence on
    # beat 3 (-1): 1 point; two bars
    music = melody(Note(14 * 3, 60, 18, 80), Note(20 * 3, 62, 6, 80), bars=2)
    assert rhythm.syncopation(music, "melody") == 2


# --- form ---


def test_chroma_similarity_is_the_cosine_of_what_sounds() -> None:
    # C for a bar, then C and G half a bar each: 1 / sqrt 2
    music = melody(Note(0, 60, 48, 80), Note(48, 60, 24, 80), Note(72, 67, 24, 80), bars=2)
    assert metrics.chroma_similarity(music) == pytest.approx(0.5**0.5)
    assert metrics.best_chroma_match(music) == pytest.approx(0.5**0.5)


def test_a_bar_is_matched_with_the_best_earlier_one() -> None:
    # C, D, C: the second bar matches nothing, the third the first
    music = melody(Note(0, 60, 48, 80), Note(48, 62, 48, 80), Note(96, 60, 48, 80), bars=3)
    assert metrics.best_chroma_match(music) == 0.5
    assert metrics.best_earlier_match(music) == 0.5


@pytest.mark.parametrize("form", ["AABA", "ABAB", "ABAC", "ABCD"])
def test_the_form_is_read_from_the_notes(form: str) -> None:
    assert metrics.form_code(song(4, form)) == form
    assert metrics.distinct_sections(song(4, form)) == len(set(form)) / 4


def test_an_empty_section_has_no_letter() -> None:
    assert metrics.form_code(replace(song(4, "AB"), bars=12)) == "AB-"


# --- reconstruction ---


def test_holding_still_scores_high_in_framewise_accuracy_and_nothing_in_f1() -> None:
    original = melody(Note(0, 60, 12, 80))  # begins, falls silent on the fifth sixteenth: 14 of 16 say "as before"
    assert metrics.hold_floor(original, "melody") == 14 / 16
    assert metrics.framewise_accuracy(original, melody(), "melody") == 14 / 16
    assert metrics.onset_f1(original, melody(), "melody") == 0


def test_a_chord_is_right_only_if_all_of_it_is() -> None:
    original = melody(Note(0, 60, 48, 80), Note(0, 64, 48, 80))
    assert metrics.framewise_accuracy(original, melody(Note(0, 60, 48, 80)), "melody") == 15 / 16
    assert metrics.framewise_accuracy(original, original, "melody") == 1


def test_two_silences_are_nothing_to_compare() -> None:
    assert math.isnan(metrics.framewise_accuracy(melody(), melody(), "melody"))
    assert math.isnan(metrics.onset_f1(melody(), melody(), "melody"))


# --- all of them ---


def test_every_headline_metric_is_in_the_summary_and_silence_is_nan_not_zero() -> None:
    summary = metrics.summary(melody(bars=2))
    assert set(metrics.HEADLINE) <= set(summary)
    assert math.isnan(summary["clash rate"])
    assert math.isnan(summary["register, melody"])
    assert math.isnan(summary["empty bars, bass"])  # there is no bass to be empty
    assert summary["empty bars, melody"] == 1


def test_a_view_gives_what_its_music_gives() -> None:
    music = song(1)
    assert metrics.summary(View(music)) == pytest.approx(metrics.summary(music), nan_ok=True)


def test_metrics_of_harmony_do_not_change_with_the_key() -> None:
    music = song(2)
    for metric in (metrics.in_key, metrics.clash_rate, metrics.pitch_class_entropy, metrics.chroma_similarity):
        assert metric(music.transposed(3)) == pytest.approx(metric(music))


def test_a_silent_role_and_a_stuck_note_are_seen() -> None:
    music = band((Note(0, 60, 300, 80),), (), bars=8)
    assert metrics.summary(music)["silent roles"] == 1
    assert metrics.summary(music)["stuck notes"] == 1
