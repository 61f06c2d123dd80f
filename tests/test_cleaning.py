"""What is mended in a file, and counted."""

from dataclasses import replace

import numpy as np
import pytest

from musicgen.corpus import band
from musicgen.corpus.cleaning import STEPS, Cleaning
from musicgen.corpus.reading import Reading, work
from musicgen.corpus.reasons import Unusable
from musicgen.midi import to_midi
from musicgen.midi_reading import Score, ScoreNote, ScoreTrack
from musicgen.music import Music, Note, Track
from tests.test_corpus import BASS, KIT, LEAD, line, score


def counted(*tracks: ScoreTrack) -> tuple[Music, dict[str, int]]:
    cleaning = Cleaning()
    (passage,) = band.to_music(score(*tracks), "pop", cleaning=cleaning)
    return passage.music, {step: count for step, count in cleaning.items() if count and step != "key filled in"}


def plus(track: ScoreTrack, *notes: ScoreNote) -> ScoreTrack:
    return replace(track, notes=tuple(sorted((*track.notes, *notes))))


def test_a_clean_file_has_nothing_to_mend() -> None:
    assert counted(LEAD, BASS, KIT)[1] == {}


def test_a_note_shorter_than_a_tick_is_noise() -> None:
    music, counts = counted(plus(LEAD, ScoreNote(0.5, 90, 0.55, 80)), BASS)
    assert counts == {"notes shorter than a tick removed": 1}
    assert 90 not in {note.pitch for note in music.notes("melody")}


def test_short_notes_stay_where_all_are_short_and_in_drums() -> None:
    staccato = replace(LEAD, notes=tuple(replace(note, end=note.start + 0.05) for note in LEAD.notes))
    tapped = replace(KIT, notes=tuple(replace(note, end=note.start + 0.01) for note in KIT.notes))
    music, counts = counted(staccato, BASS, tapped)
    assert counts == {}
    assert {note.duration for note in music.notes("melody")} == {1}


def test_a_stuck_note_is_cut_to_four_bars() -> None:
    music, counts = counted(plus(LEAD, ScoreNote(0, 84, 60, 80)), BASS)
    assert counts == {"stuck notes cut to four bars": 1}
    assert next(note.duration for note in music.notes("melody") if note.pitch == 84) == 192


def test_a_note_out_of_range_moves_by_octaves() -> None:
    music, counts = counted(plus(LEAD, ScoreNote(0.5, 101, 1, 80)), BASS)
    assert counts == {"notes moved by octaves into their role's range": 1}
    assert 89 in {note.pitch for note in music.notes("melody")}


def test_a_doubled_note_is_one_note() -> None:
    assert counted(plus(LEAD, ScoreNote(0, 72, 1, 60)), BASS)[1] == {"doubled notes removed": 1}


def test_what_a_file_does_not_say_is_filled_in_and_flagged() -> None:
    cleaning = Cleaning()
    silent = Score((LEAD, BASS))
    (passage,) = band.to_music(silent, "pop", cleaning=cleaning)
    music = passage.music
    assert cleaning.filled == ("tempo", "metre", "key")
    assert (music.tempo, str(music.key)) == (120.0, "C major")


def test_leading_silence_is_cut() -> None:
    notes = tuple(Note(96 + 12 * i, 60 + i % 12, 12, 80) for i in range(60))
    bass = tuple(Note(96 + 24 * i, 40, 24, 80) for i in range(30))
    outcome = work(
        Reading("late", "band", to_midi(Music((Track("melody", 80, notes), Track("bass", 33, bass)), 18)), "pop")
    )
    assert outcome.counts == {"bars of leading silence cut": 2, "key filled in": 1}
    (piece,) = outcome.pieces
    assert (piece.bars, piece.cut, piece.filled) == (15, 2, ("key",))
    assert set(outcome.counts) <= set(STEPS)


# --- off the grid ---


def shaken(track: ScoreTrack, beats: float) -> ScoreTrack:
    """Each note moved by up to so many beats, as by a hand."""
    rng = np.random.default_rng(0)
    moved = [n.start + max(-n.start, float(rng.uniform(-beats, beats))) for n in track.notes]
    return replace(
        track, notes=tuple(sorted(replace(n, start=s, end=s + 0.5) for n, s in zip(track.notes, moved, strict=True)))
    )


def test_a_played_file_is_snapped_bar_by_bar() -> None:
    music, counts = counted(shaken(LEAD, 0.1), shaken(BASS, 0.1))
    assert counts == {"files off the grid snapped bar by bar": 1}
    assert {note.onset % 12 for note in music.notes("melody")} == {0}


def test_a_file_that_ignores_its_beat_is_dropped() -> None:
    with pytest.raises(Unusable) as refused:
        counted(shaken(LEAD, 0.5), shaken(BASS, 0.5))
    assert refused.value.reason == "grid"


def test_the_grid_error_is_0_on_the_grid_and_1_anywhere() -> None:
    assert band.grid_error(np.arange(100) / 4) == band.grid_error(np.arange(100) / 3 / 2) == 0
    assert band.grid_error(np.random.default_rng(0).uniform(0, 64, 5000)) == pytest.approx(1, abs=0.03)


# --- roles ---


def test_a_low_synth_lead_is_a_bass_and_a_low_guitar_is_not() -> None:
    lead = line([36, 38, 40, 41] * 16, program=81)
    guitar = line([40, 43] * 32, program=30)
    assert band.assign_roles([LEAD, lead], 64)["bass"] == [lead]
    assert band.assign_roles([LEAD, guitar, BASS], 64)["bass"] == [BASS]


def test_timpani_and_drums_by_name_are_left_out() -> None:
    left = [line([40, 43] * 32, program=47), line([60, 62] * 32, program=24, name="DrumL")]
    assert not any(band.assign_roles(left, 64).values())
