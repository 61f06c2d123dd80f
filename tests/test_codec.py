"""`Music` to arrays and back."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen import codec
from musicgen.errors import MusicgenError
from musicgen.music import METRES, SIX_EIGHT, THREE_FOUR, Key, Music, Note, Track
from musicgen.roles import DRUM_PITCHES, ROLES


def piece(role: str, *notes: Note, bars: int = 2, key: str = "C major") -> Music:
    return Music((Track(role, 0, notes),), bars, key=Key.parse(key))


def test_a_note_becomes_a_row_of_bar_role_tick_pitch_duration_and_velocity() -> None:
    music = piece("melody", Note(onset=48 + 6, pitch=60, duration=12, velocity=92))
    assert codec.encode(music).tolist() == [[1, 0, 6, 12, codec.DURATIONS.index(12), codec.VELOCITIES.index(92)]]


def test_a_bar_of_three_four_has_36_ticks() -> None:
    music = replace(piece("melody", Note(6, 60, 12, 92)), metre=THREE_FOUR)
    later = replace(music, tracks=(Track("melody", 0, (Note(36 + 6, 60, 12, 92),)),))
    assert codec.encode(later)[:, [0, 2]].tolist() == [[1, 6]]
    assert codec.decode(codec.encode(later), music) == later


def test_a_tick_past_the_end_of_a_shorter_bar_is_refused() -> None:
    rows = np.array([[0, 0, 36, 0, 0, 0]])
    codec.decode(rows, piece("melody"))
    with pytest.raises(MusicgenError, match=r"Expected note rows below \[2, 5, 36"):
        codec.decode(rows, replace(piece("melody"), metre=THREE_FOUR))


def test_drums_are_encoded_by_class_and_unknown_percussion_is_left_out() -> None:
    music = piece("drums", Note(0, 35, 3, 92), Note(0, 71, 3, 92))  # acoustic bass drum, whistle
    assert codec.encode(music)[:, [1, 3]].tolist() == [[4, DRUM_PITCHES.index(36)]]


def test_a_minor_key_is_encoded_in_a_minor_and_decoded_where_it_was() -> None:
    music = piece("bass", Note(0, 40, 12, 92), key="E minor")
    assert codec.encode(music)[0, 3] == 40 + 5 - 24  # E to A is five semitones up
    assert codec.decode(codec.encode(music), music) == music


def test_a_pitch_out_of_range_moves_by_octaves() -> None:
    assert codec.fold(100, 48, 95) == 88
    assert codec.fold(30, 48, 95) == 54


def test_the_second_of_two_notes_of_one_pitch_ends_the_first() -> None:
    notes = codec.untangle([Note(0, 60, 48, 90), Note(12, 60, 6, 90)], end=96)
    assert notes == (Note(0, 60, 12, 90), Note(12, 60, 6, 90))


def test_no_note_sounds_past_the_end() -> None:
    assert codec.untangle([Note(90, 60, 48, 90)], end=96) == (Note(90, 60, 6, 90),)


def test_straight_and_swung_playing_are_snapped_to_their_own_grid() -> None:
    straight = np.array([0.02, 0.27, 0.49, 0.76])
    swung = np.array([0.01, 0.35, 0.65, 1.02, 1.66])
    assert codec.quantise(straight, human=True).tolist() == [0, 3, 6, 9]
    assert codec.quantise(swung, human=True).tolist() == [0, 4, 8, 12, 20]


def test_playing_in_six_eight_is_snapped_to_sixteenths_of_its_own_bars() -> None:
    played = np.array([0.01, 0.52, 0.98, 1.51, 2.02, 2.74, 2.97])
    assert codec.quantise(played, human=True, metre=SIX_EIGHT).tolist() == [0, 6, 12, 18, 24, 33, 36]


def test_each_bar_of_a_waltz_has_a_grid_of_its_own() -> None:
    straight, swung = [0.0, 0.5, 1.0, 2.25], [3.0, 3.66, 4.35, 5.66]
    played = np.array(straight + swung)
    assert codec.quantise(played, human=True, metre=THREE_FOUR).tolist() == [0, 6, 12, 27, 36, 44, 52, 68]


def test_the_grid_share_counts_sixteenths_and_triplets() -> None:
    assert codec.on_grid(np.array([0.25, 1 / 3, 0.45])) == pytest.approx(2 / 3)


def test_rows_out_of_range_are_refused() -> None:
    with pytest.raises(MusicgenError, match="Expected note rows"):
        codec.decode(np.array([[5, 0, 0, 0, 0, 0]]), piece("melody"))


def test_kept_notes_come_back_whole_and_fresh_ones_give_way() -> None:
    kept = piece("melody", Note(48, 60, 12, 92), Note(60, 62, 6, 92))
    fresh = piece("melody", Note(36, 60, 24, 80), Note(50, 61, 6, 80), Note(0, 64, 6, 80))
    keep = np.zeros((2, 5), bool)
    keep[1] = True
    spliced = codec.splice(kept, fresh, keep)
    assert spliced.notes("melody") == (Note(0, 64, 6, 80), Note(36, 60, 12, 80), *kept.notes("melody"))


@st.composite
def playable(draw: st.DrawFn) -> Music:
    """Pieces whose every number is one the codec can say."""
    metre = draw(st.sampled_from(list(METRES.values())))
    end, tracks = 4 * metre.ticks_per_bar, []
    for role in draw(st.lists(st.sampled_from(ROLES), min_size=1, max_size=5, unique=True)):
        pitches = st.sampled_from(DRUM_PITCHES) if role.is_drums else st.integers(role.low, role.high)
        lengths = st.just(codec.DRUM_DURATION) if role.is_drums else st.sampled_from(codec.DURATIONS)
        note = st.builds(Note, st.integers(0, end - 1), pitches, lengths, st.sampled_from(codec.VELOCITIES))
        notes = codec.untangle(draw(st.lists(note, max_size=12)), end)
        notes = tuple(n for n in notes if role.is_drums or n.duration in codec.DURATIONS)
        if role.is_drums:
            notes = tuple(Note(n.onset, n.pitch, codec.DRUM_DURATION, n.velocity) for n in notes)
            notes = codec.untangle(notes, end)
            notes = tuple(n for n in notes if n.duration == codec.DRUM_DURATION)
        tracks.append(Track(role.name, 7, notes))
    return Music(tuple(tracks), 4, 100, Key(draw(st.sampled_from([0, 9])), "major"), "pop", metre)


@settings(deadline=None, max_examples=100)
@given(playable())
def test_decode_undoes_encode(music: Music) -> None:
    music = Music(music.tracks, music.bars, music.tempo, Key(0), music.style, music.metre)
    again = codec.decode(codec.encode(music), music)
    assert {t.role: [(n.onset, n.pitch, n.velocity) for n in t.notes] for t in again.tracks} == {
        t.role: [(n.onset, n.pitch, n.velocity) for n in t.notes] for t in music.tracks
    }
    assert codec.encode(again).tolist() == codec.encode(music).tolist()


@settings(deadline=None, max_examples=50)
@given(playable(), st.integers(0, 11))
def test_the_key_does_not_change_what_is_encoded_inside_the_range(music: Music, tonic: int) -> None:
    music = Music(music.tracks, music.bars, music.tempo, Key(0), music.style, music.metre)
    moved = music.transposed(tonic)
    home, away = codec.encode(music), codec.encode(moved)

    def classes(rows: np.ndarray) -> set[tuple[int, ...]]:
        pitched = rows[rows[:, 1] != 4]
        lowest = np.array([role.low for role in ROLES])[pitched[:, 1]]
        return set(zip(*pitched[:, :3].T.tolist(), ((pitched[:, 3] + lowest) % 12).tolist(), strict=True))

    assert classes(home) == classes(away)
