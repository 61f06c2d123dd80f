"""Engraved scores as MIDI files, whose bar lines after a pickup are found by the notes."""

import io

import mido
import pytest

from musicgen.corpus.engraved import free_files, read_engraved
from musicgen.corpus.reasons import Unusable
from musicgen.music import THREE_FOUR

QUARTER = 384


def engraved(*staves: list[tuple[float, float, int]], metre: tuple[int, int] = (3, 4)) -> bytes:
    """A MIDI file as LilyPond writes it: a track a staff, notes as (onset, length in quarters, pitch)."""
    head = mido.MidiTrack([mido.MetaMessage("time_signature", numerator=metre[0], denominator=metre[1])])
    file = mido.MidiFile(type=1, ticks_per_beat=QUARTER, tracks=[head])
    for number, notes in enumerate(staves):
        events = sorted(
            event
            for onset, length, pitch in notes
            for event in ((onset, 1, pitch, "note_on"), (onset + length, 0, pitch, "note_off"))
        )
        track, now = mido.MidiTrack([mido.MetaMessage("track_name", name=f"staff{number}:")]), 0.0
        for at, _, pitch, kind in events:
            track.append(mido.Message(kind, channel=number, note=pitch, velocity=90, time=round((at - now) * QUARTER)))
            now = at
        file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def waltz(pickup: float, bars: int = 12) -> bytes:
    """A melody of a half note and a quarter a bar over a bass of whole bars and chords between; one note of pickup."""
    tune = [(0.0, pickup, 67)] if pickup else []
    left = []
    for bar in range(bars):
        at = pickup + 3 * bar
        tune += [(at, 2, 72 + bar % 5), (at + 2, 1, 74)]
        left += [(at, 3, 43), (at + 1, 1, 60), (at + 1, 1, 64), (at + 2, 1, 60), (at + 2, 1, 64)]
    return engraved(tune, left)


@pytest.mark.parametrize("pickup", [0.0, 1.0])
def test_bar_lines_are_where_long_notes_and_basses_begin(pickup: float) -> None:
    (passage,) = read_engraved(waltz(pickup), "classical")
    music = passage.music
    assert (music.metre, music.bars) == (THREE_FOUR, 12 + bool(pickup))
    assert {note.onset % 36 for note in music.notes("bass")} == {0}
    assert music.notes("melody")[0].onset == (24 if pickup else 0)
    assert {note.pitch for note in music.notes("chords")} == {60, 64}


def test_a_piece_whose_bar_lines_could_be_anywhere_is_left_out() -> None:
    even = [(float(beat), 1.0, 60 + beat % 7) for beat in range(48)]
    with pytest.raises(Unusable) as caught:
        read_engraved(engraved(even, [(at, length, pitch - 24) for at, length, pitch in even]))
    assert caught.value.reason == "bars"


def test_files_in_the_public_domain_are_taken_and_jazz_is_ragtime() -> None:
    table = (
        b"file\tsource\tlicence\tstyle\tinstruments\tmetre\n"
        b"a.mid\tx\tPublic Domain\tHymn\tVoice\t4/4\nb.mid\tx\tCreative Commons Attribution 2.5\tHymn\tVoice\t4/4\n"
        b"c.mid\tx\tPublic Domain\tJazz\tPiano\t2/4\n"
    )
    assert free_files(table) == {"a.mid": "classical", "c.mid": "trad"}
