"""Which pitch classes chord names ask for, and which of a root's chords notes are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen import codec
from musicgen.chord_names import QUALITIES, parse_chord_name
from musicgen.chord_tones import TONES, chord_tones, encode_tones, estimate_tones, progression_tones, simplify
from musicgen.harmony import NO_CHORD, chord_code
from musicgen.music import Music, Note, Track


def band(chords: tuple[int, ...], bass: int = 36) -> np.ndarray:
    """One bar of a chord in whole notes over a bass, rows of `codec.COLUMNS`."""
    notes = tuple(Note(0, pitch, 48, 80) for pitch in chords)
    tracks = (Track("chords", 0, notes), Track("bass", 32, (Note(0, bass, 48, 80),)))
    return codec.encode(Music(tracks, 1))


@pytest.mark.parametrize(
    ("name", "tones"),
    [
        ("C", {0, 4, 7}), ("Cm", {0, 3, 7}), ("C7", {0, 4, 7, 10}), ("Cmaj7", {0, 4, 7, 11}), ("C6", {0, 4, 7, 9}),
        ("Cm6", {0, 3, 7, 9}), ("Csus4", {0, 5, 7}), ("Csus2", {0, 2, 7}), ("C7sus4", {0, 5, 7, 10}), ("C5", {0, 7}),
        ("Caug", {0, 4, 8}), ("Cdim", {0, 3, 6}), ("Cdim7", {0, 3, 6, 9}), ("Cm7b5", {0, 3, 6, 10}),
        ("Cadd9", {0, 2, 4, 7}), ("C9", {0, 2, 4, 7, 10}), ("C7b9", {0, 1, 4, 7, 10}), ("C7#5", {0, 4, 8, 10}),
        ("Cm(maj7)", {0, 3, 7, 11}), ("C6/9", {0, 2, 4, 7, 9}),
    ],
)  # fmt: skip
def test_a_chord_has_the_tones_of_its_name(name: str, tones: set[int]) -> None:
    chord = parse_chord_name(name)
    assert chord is not None and chord_tones(chord) == tones


def test_tones_are_pitch_classes_moved_with_the_key_and_a_bass_is_told_where_it_is_written() -> None:
    plain, slash = encode_tones(parse_chord_name("Dm")), encode_tones(parse_chord_name("C/E"), shift=2)
    assert np.flatnonzero(plain).tolist() == [2, 5, 9]
    assert np.flatnonzero(slash).tolist() == [2, 6, 9, 12 + 6]  # D over F sharp
    assert not encode_tones(None).any()


def test_a_progression_is_repeated_with_two_chords_a_bar_where_two_are_written() -> None:
    tones = progression_tones("C | F G7", 3, 0)
    assert tones.shape == (3, 2, TONES)
    assert np.flatnonzero(tones[1, 1]).tolist() == [2, 5, 7, 11]
    assert (tones[2] == tones[0]).all() and (tones[0, 0] == tones[0, 1]).all()


@pytest.mark.parametrize(
    ("pitches", "code", "tones"),
    [
        ((60, 64, 67), chord_code(0, "major"), [0, 4, 7]),
        ((60, 65, 67), chord_code(0, "major"), [0, 5, 7]),
        ((60, 62, 64, 67), chord_code(0, "major"), [0, 2, 4, 7]),
        ((57, 60, 64, 67), chord_code(9, "minor"), [0, 4, 7, 9]),
        ((60, 63, 66, 69), chord_code(0, "diminished"), [0, 3, 6, 9]),
    ],
)
def test_notes_are_the_nearest_chord_of_their_root(pitches: tuple[int, ...], code: int, tones: list[int]) -> None:
    rows = band(pitches, bass=40)
    found = estimate_tones(rows, 1, np.array([[code, code]]))
    assert np.flatnonzero(found[0, 0, :12]).tolist() == tones
    assert np.flatnonzero(found[0, 0, 12:]).tolist() == [40 % 12]


def test_where_there_is_no_chord_there_are_no_tones() -> None:
    assert not estimate_tones(band((60, 64, 67)), 1, np.array([[NO_CHORD, 255]])).any()


def test_a_suspension_becomes_the_third_that_its_code_has() -> None:
    code = np.array([[chord_code(0, "major")] * 2])
    rows = band((60, 65, 67))
    plain = simplify(rows, code, estimate_tones(rows, 1, code))
    assert plain.tolist() == band((60, 64, 67)).tolist()


@given(st.integers(0, 47), st.lists(st.integers(48, 80), min_size=1, max_size=6, unique=True))
def test_simplified_notes_stay_in_range_and_over_their_chord(code: int, pitches: list[int]) -> None:
    rows, codes = band(tuple(pitches)), np.array([[code, code]])
    tones = estimate_tones(rows, 1, codes)
    plain = simplify(rows, codes, tones)
    assert (plain[:, [0, 1, 2, 4, 5]] == rows[:, [0, 1, 2, 4, 5]]).all()
    assert (np.abs(plain[:, 3].astype(int) - rows[:, 3]) <= 6).all()
    assert (tones[0, 0, code % 12] == 1) and QUALITIES[code // 12]
