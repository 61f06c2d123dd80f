"""What sliders ask for, counted by hand in small pieces."""

import math

import numpy as np

from musicgen.attributes import counts, in_normal_key, measure, values
from musicgen.codec import encode
from musicgen.music import FOUR_FOUR, SIX_EIGHT, THREE_FOUR, Metre, Music, Note, Track


def piece(bars: int = 1, metre: Metre = FOUR_FOUR, **roles: list[tuple[int, int, int]]) -> Music:
    """Notes as (onset, pitch, duration)."""
    return Music(
        tuple(
            Track(role, 0, tuple(Note(onset, pitch, duration, 92) for onset, pitch, duration in notes))
            for role, notes in roles.items()
        ),
        bars,
        metre=metre,
    )


def test_density_is_notes_a_bar_of_all_roles() -> None:
    music = piece(2, chords=[(0, 60, 48), (0, 64, 48), (0, 67, 48)], drums=[(0, 36, 3)])
    assert measure(music)["density"] == 2.0


def test_an_onset_off_the_beat_is_syncopated_unless_the_beat_follows() -> None:
    music = piece(melody=[(0, 60, 6), (6, 62, 18), (30, 64, 6), (36, 65, 12)])
    assert measure(music)["rhythm"] == 25.0  # the second of four: nothing on beat 2


def test_the_beats_of_six_eight_are_dotted() -> None:
    notes = [(0, 60, 6), (12, 62, 6), (30, 64, 6)]  # two off the beat; on the second beat is nothing, nor on the third
    assert measure(piece(2, SIX_EIGHT, melody=notes))["rhythm"] == 100 * 2 / 3
    assert measure(piece(2, SIX_EIGHT, melody=[*notes, (36, 65, 6)]))["rhythm"] == 25.0
    assert measure(piece(2, melody=[(0, 60, 6), (12, 62, 6), (24, 64, 6)]))["rhythm"] == 0.0


def test_each_bar_of_a_waltz_is_counted_by_itself() -> None:
    waltz = piece(2, THREE_FOUR, melody=[(24, 60, 24), (36, 62, 12)], chords=[(36, 64, 36)])
    assert values(counts(encode(waltz), 2, THREE_FOUR)[:1])[0] == 1.0
    assert values(counts(encode(waltz), 2, THREE_FOUR)[1:])[0] == 2.0


def test_a_chord_is_one_onset() -> None:
    assert measure(piece(chords=[(6, 60, 6), (6, 64, 6), (24, 60, 6)]))["rhythm"] == 50.0


def test_register_is_the_mean_pitch_without_drums() -> None:
    assert measure(piece(bass=[(0, 36, 24)], melody=[(0, 72, 24)], drums=[(0, 49, 3)]))["register"] == 54.0


def test_register_is_what_sounds_and_models_are_asked_for_it_in_c() -> None:
    music = piece(melody=[(0, 66, 24), (24, 68, 24)]).transposed(3)
    assert music.key.tonic == 3 and measure(music)["register"] == 70.0
    assert in_normal_key({"register": 70.0, "density": 20.0}, music.key) == {"register": 67.0, "density": 20.0}


def test_polyphony_counts_notes_where_any_sounds() -> None:
    assert measure(piece(chords=[(0, 60, 24), (0, 64, 12)]))["polyphony"] == 1.5


def test_tension_is_the_share_of_dissonant_pairs() -> None:
    assert measure(piece(chords=[(0, 60, 12), (0, 64, 12), (0, 67, 12)]))["tension"] == 0.0
    # C E G Bb: third, fifth, minor third are consonant twice each way; C-Bb and E-Bb are not
    assert math.isclose(measure(piece(chords=[(0, p, 12) for p in (60, 64, 67, 70)]))["tension"], 100 * 2 / 6)
    assert measure(piece(chords=[(0, 60, 12), (0, 66, 12)]))["tension"] == 100.0


def test_what_is_not_there_is_nan() -> None:
    drums = measure(piece(drums=[(0, 36, 3)]))
    assert math.isnan(drums["register"]) and math.isnan(drums["polyphony"]) and math.isnan(drums["tension"])
    assert drums["density"] == 1.0


def test_counts_of_bars_add_up_to_the_piece() -> None:
    music = piece(2, chords=[(0, 60, 24), (0, 61, 48), (48, 64, 12)], melody=[(54, 72, 12), (90, 80, 6)])
    counted = counts(encode(music), 2)
    assert counted.shape == (2, 5, 2)
    assert np.allclose(values(counted), list(measure(music).values()))
