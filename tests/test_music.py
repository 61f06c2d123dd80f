"""Notes, tracks, keys, pieces."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen.errors import MusicgenError
from musicgen.music import (
    ALL_KEYS,
    CELL_TICKS,
    FOUR_FOUR,
    METRES,
    SIX_EIGHT,
    THREE_FOUR,
    WRITTEN_KEYS,
    Key,
    Music,
    Note,
    Track,
)


@pytest.mark.parametrize(
    ("text", "tonic", "mode"),
    [
        ("C", 0, "major"),
        ("a minor", 9, "minor"),
        ("F# major", 6, "major"),
        ("Bb minor", 10, "minor"),
        ("Am", 9, "minor"),
        ("  E♭ MAJ ", 3, "major"),
        ("AB", 8, "major"),
        ("Cb", 11, "major"),
        ("B#", 0, "major"),
    ],
)
def test_key_reads_text(text, tonic, mode):
    assert Key.parse(text) == Key(tonic, mode)


@pytest.mark.parametrize("text", ["", "H", "C dur", "CM", "A minor!", "A mın", "C##", "🎵", "C" * 10_000])
def test_key_refuses_other_text_in_one_line(text):
    with pytest.raises(MusicgenError, match="Expected a key such as") as error:
        Key.parse(text)
    assert "\n" not in str(error.value) and len(str(error.value)) < 150


def test_key_keeps_its_spelling_which_decides_nothing_else():
    assert (str(Key.parse("Gb")), str(Key.parse("F# major")), str(Key(6))) == ("Gb major", "F# major", "F# major")
    assert Key.parse("Gb") == Key.parse("F#") and hash(Key.parse("Gb")) == hash(Key.parse("F#"))
    assert (Key.parse("Gb").fifths, Key.parse("F#").fifths) == (-6, 6)


def test_key_of_more_than_seven_accidentals_is_written_with_fewer():
    assert [str(Key.parse(text)) for text in ("G#", "Fbm", "B#")] == ["Ab major", "E minor", "C major"]


def test_notation_has_fifteen_keys_of_each_mode():
    assert sorted(key.fifths for key in WRITTEN_KEYS) == sorted([*range(-7, 8)] * 2)


def test_a_transposed_piece_has_the_usual_spelling_and_one_that_stays_its_own():
    music = Music((), 1, key=Key.parse("Gb"))
    assert [str(music.transposed(by).key) for by in (0, 12, 1)] == ["Gb major", "Gb major", "G major"]


@given(st.text(max_size=12))
def test_key_parse_raises_nothing_else(text):
    with contextlib.suppress(MusicgenError):
        assert Key.parse(text) in ALL_KEYS


@pytest.mark.parametrize("key", ALL_KEYS, ids=str)
def test_key_text_reads_back_and_shifts_to_normal(key):
    assert Key.parse(str(key)) == key
    assert -6 <= key.shift_to_normal <= 5
    assert (key.tonic + key.shift_to_normal) % 12 == (9 if key.mode == "minor" else 0)


@pytest.mark.parametrize(("tonic", "mode"), [(12, "major"), (-1, "major"), (1.5, "major"), (0, "dorian")])
def test_key_refuses(tonic, mode):
    with pytest.raises(MusicgenError, match="Received"):
        Key(tonic, mode)


def test_track_sorts_its_notes_by_onset_then_pitch():
    track = Track("bass", 33, (Note(12, 36, 6, 90), Note(0, 43, 6, 90), Note(0, 40, 6, 90)))
    assert [(note.onset, note.pitch) for note in track.notes] == [(0, 40), (0, 43), (12, 36)]


@pytest.mark.parametrize(
    "note",
    [Note(-1, 60, 1, 64), Note(0, 128, 1, 64), Note(0, -1, 1, 64), Note(0, 60, 0, 64), Note(0, 60, 1, 0),
     Note(0, 60, 1, 128)],
)  # fmt: skip
def test_track_refuses_notes_out_of_range(note):
    with pytest.raises(MusicgenError, match="Expected onset"):
        Track("melody", 0, (note,))


@pytest.mark.parametrize(("role", "program"), [("lead", 0), ("melody", 128), ("melody", -1)])
def test_track_refuses_unknown_role_and_program(role, program):
    with pytest.raises(MusicgenError, match="Received"):
        Track(role, program, ())


def test_music_keeps_role_order():
    music = Music((Track("drums", 0, ()), Track("melody", 0, ())), bars=1)
    assert [track.role for track in music.tracks] == ["melody", "drums"]


@pytest.mark.parametrize(
    "fields",
    [
        {"bars": 0},
        {"bars": 1, "tempo": float("nan")},
        {"bars": 1, "tempo": float("inf")},
        {"bars": 1, "tempo": 3},
        {"bars": 1, "tempo": 1001},
        {"bars": 1, "tracks": (Track("bass", 0, ()), Track("bass", 1, ()))},
        {"bars": 1, "tracks": (Track("bass", 0, (Note(48, 36, 1, 64),)),)},
    ],
    ids=str,
)
def test_music_refuses(fields):
    with pytest.raises(MusicgenError, match=r"Expected .* Received: "):
        Music(**{"tracks": (), **fields})


def test_music_counts_and_finds_notes(small_music):
    assert small_music.ticks == 96
    assert small_music.note_count == 4 + 6 + 2 + 3 + 8
    assert small_music.notes("bass")[0] == Note(0, 36, 24, 90)
    assert Music((), bars=1).notes("bass") == ()


def test_transposed_moves_pitches_and_key_but_not_drums(small_music):
    up = small_music.transposed(2)
    assert [note.pitch for note in up.notes("bass")] == [38, 45, 38]
    assert up.notes("drums") == small_music.notes("drums")
    assert up.key == Key.parse("D major")
    assert up.transposed(-2) == small_music


@given(st.integers(0, 127), st.integers(-200, 200))
def test_transposed_stays_in_range_and_keeps_the_pitch_class(pitch, semitones):
    music = Music((Track("melody", 0, (Note(0, pitch, 1, 64),)),), bars=1).transposed(semitones)
    assert music.notes("melody")[0].pitch % 12 == (pitch + semitones) % 12


def test_excerpt_takes_the_notes_that_begin_in_it_and_cuts_them_at_its_end():
    music = Music((Track("pad", 48, (Note(0, 60, 200, 64), Note(50, 62, 100, 64), Note(96, 64, 1, 64))),), bars=3)
    assert music.excerpt(1, 1) == Music((Track("pad", 48, (Note(2, 62, 46, 64),)),), bars=1)


@pytest.mark.parametrize(
    ("name", "bar", "beat", "beats", "half"), [("4/4", 48, 12, 4, 24), ("3/4", 36, 12, 3, 24), ("6/8", 36, 18, 2, 18)]
)
def test_a_metre_says_how_long_bars_beats_and_half_bars_are(name, bar, beat, beats, half):
    metre = METRES[name]
    assert str(metre) == f"{metre.numerator}/{metre.denominator}" == name
    assert (metre.ticks_per_bar, metre.ticks_per_beat, metre.beats_per_bar, metre.half_bar) == (bar, beat, beats, half)
    assert metre.ticks_per_bar * metre.denominator == 4 * 12 * metre.numerator <= 4 * CELL_TICKS * metre.denominator


def test_music_is_in_four_four_unless_it_says_otherwise():
    assert Music((), bars=2).metre == FOUR_FOUR and Music((), bars=2).ticks == 96
    assert Music((), bars=2, metre=SIX_EIGHT).ticks == 72


def test_a_note_past_the_end_of_three_shorter_bars_is_refused():
    late = Track("bass", 33, (Note(108, 36, 1, 64),))
    with pytest.raises(MusicgenError, match="below tick 108"):
        Music((late,), bars=3, metre=THREE_FOUR)


FASTER = Music(
    (Track("pad", 48, (Note(0, 60, 24, 64), Note(100, 62, 40, 64))),), bars=3, later_tempos=((60, 90.0), (96, 60.0))
)


def test_changes_of_the_tempo_are_in_order_and_within_the_limits():
    assert FASTER.tempos == ((0, 120), (60, 90), (96, 60))
    assert Music((), bars=3, tempo=90, later_tempos=((60, 90.0), (96, 60.0))).later_tempos == ((96, 60),)
    for later in (((0, 90),), ((60, 90), (60, 80)), ((60, 90), (48, 80)), ((60, 3.9),)):
        with pytest.raises(MusicgenError, match=r"Expected .* tempo"):
            Music((), bars=3, later_tempos=later)


def test_an_excerpt_has_the_tempo_at_its_beginning_and_the_changes_inside_it():
    assert FASTER.excerpt(1, 2).tempos == ((0, 120), (12, 90), (48, 60))
    assert FASTER.excerpt(2, 1).tempos == ((0, 60),)


def test_the_usual_tempo_holds_longest():
    assert FASTER.usual_tempo == 120
    assert FASTER.excerpt(1, 2).usual_tempo == 60
    assert Music((), bars=1, tempo=77).usual_tempo == 77


def test_at_another_tempo_changes_stay_in_proportion():
    assert FASTER.at_tempo(60).tempos == ((0, 60), (60, 45), (96, 30))
    assert FASTER.at_tempo(6).tempos[-1] == (96, 4)  # no file can say less


def test_an_excerpt_of_a_waltz_is_cut_at_its_bars():
    waltz = Music((Track("bass", 33, (Note(0, 36, 50, 64), Note(36, 43, 50, 64))),), bars=2, metre=THREE_FOUR)
    assert waltz.excerpt(1, 1) == Music((Track("bass", 33, (Note(0, 43, 36, 64),)),), bars=1, metre=THREE_FOUR)
