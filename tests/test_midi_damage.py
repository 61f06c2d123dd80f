"""Files that are not as the standard has it, and what is read of them all the same."""

import struct

import pytest

from musicgen.errors import MidiError
from musicgen.midi_reading import ScoreNote, read_score
from musicgen.midi_reading.texts import decode_text

NOTES = b"\x00\x90\x3c\x40\x60\x3c\x00"
"""A beat of middle C at 96 ticks a beat; the note-off is a note-on of velocity 0 with running status."""
END = b"\x00\xff\x2f\x00"
SOUND = ((ScoreNote(0.0, 60, 1.0, 64),),)


def chunk(name: bytes, content: bytes, more: int = 0) -> bytes:
    """A chunk whose length is given as `more` than it is."""
    return name + struct.pack(">I", len(content) + more) + content


def file(*tracks: bytes, kind: int = 1, count: int | None = None, division: int = 96) -> bytes:
    header = struct.pack(">HHh", kind, len(tracks) if count is None else count, division)
    return chunk(b"MThd", header) + b"".join(tracks)


TRACK = chunk(b"MTrk", NOTES + END)


def heard(data: bytes) -> tuple:
    return tuple(track.notes for track in read_score(data).tracks)


def test_an_undamaged_file_has_nothing_to_say() -> None:
    assert heard(file(TRACK)) == SOUND
    assert read_score(file(TRACK)).said == ()


@pytest.mark.parametrize(
    "event",
    [
        b"\x00\xff\x51\x00", b"\x00\xff\x51\x02\x07\xa1", b"\x00\xff\x51\x03\x00\x00\x00",  # tempo: short, zero
        b"\x00\xff\x58\x00", b"\x00\xff\x58\x01\x04", b"\x00\xff\x58\x04\x00\x02\x18\x08",  # metre: short, 0/4
        b"\x00\xff\x58\x04\x04\xff\x18\x08",  # 4 over two to the power of 255
        b"\x00\xff\x59\x00", b"\x00\xff\x59\x01\x00", b"\x00\xff\x59\x02\x0b\x00",  # key: short, eleven sharps
        b"\x00\xff\x54\x00", b"\x00\xff\x54\x05\x80\x00\x00\x00\x00",  # SMPTE offset: short, no such rate
    ],
)  # fmt: skip
def test_a_meta_event_that_is_too_short_or_impossible_is_left_out_and_said(event: bytes) -> None:
    score = read_score(file(chunk(b"MTrk", event + NOTES + END)))
    assert tuple(track.notes for track in score.tracks) == SOUND
    assert (score.tempos, score.metres, score.keys) == ((), (), ())
    assert len(score.said) == 1 and score.said[0].startswith("Events that are too short or impossible are left out: ")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (file(TRACK, count=3), "The header counts 3 tracks, there are 1"),
        (file(TRACK, TRACK, count=1), "The header counts 1 tracks, there are 2"),
        (file(chunk(b"MTrk", NOTES)), ""),  # no end of track
        (file(chunk(b"MTrk", NOTES + END, more=4)), ""),
        (file(chunk(b"MTrk", NOTES + END, more=1_000_000)), ""),
        (file(chunk(b"MTrk", NOTES + END, more=-5)), ""),
        (file(chunk(b"MTrk", NOTES + b"\x00\xff", more=40)), "Track 1 is damaged"),
        (file(chunk(b"MTrk", NOTES, more=40)), "Track 1 does not end where the file says"),
        (file(chunk(b"XFIH", b"karaoke"), TRACK, count=1), "that the standard does not know"),
        (file(TRACK, b"\0\0\0", count=1), ""),
        (b"\0" * 128 + file(TRACK), "128 bytes before the beginning"),
        (chunk(b"RIFF", b"RMID" + chunk(b"data", file(TRACK)))[:4] + b"\0\0\0\0RMIDdata\0\0\0\0" + file(TRACK), ""),
        (chunk(b"MThd", struct.pack(">HHH", 1, 1, 96) + b"more") + TRACK, ""),
        (file(TRACK, kind=7), ""),
        (file(chunk(b"MTrk", b"\x00\xf8\x00\xf2\x01\x02" + NOTES + END)), ""),  # messages of the system
        (
            file(chunk(b"MTrk", b"\x00\x90\x3c\x40\x60\xff\x01\x01x\x00\x3c\x00" + END)),
            "",
        ),  # running status across meta
    ],
)
def test_what_is_there_is_read(data: bytes, words: str) -> None:
    score = read_score(data)
    assert score.tracks[0].notes == SOUND[0]
    assert any(words in sentence for sentence in score.said) if words else score.said == ()


def test_a_damaged_file_may_be_refused() -> None:
    with pytest.raises(MidiError, match="as the standard has it"):
        read_score(file(TRACK, count=3), strict=True)


def test_of_independent_sequences_the_one_with_most_notes_is_read() -> None:
    score = read_score(file(TRACK, chunk(b"MTrk", NOTES + NOTES + END), kind=2))
    assert score.tracks[0].notes == (ScoreNote(0.0, 60, 1.0, 64), ScoreNote(1.0, 60, 2.0, 64))
    assert "2 independent sequences" in score.said[0]


def test_film_frames_are_read_as_half_seconds() -> None:
    score = read_score(file(chunk(b"MTrk", b"\x00\x90\x3c\x40\x87\x68\x3c\x00" + END), division=-6360))  # 25 x 40
    assert score.tracks[0].notes == (ScoreNote(0.0, 60, 2.0, 64),)
    assert score.tempo == 120.0 and "film frames" in score.said[0]


def test_an_event_far_behind_the_last_note_counts_for_nothing() -> None:
    far = b"\xff\xff\xff\x7f\xb0\x07\x64" + END
    assert heard(file(chunk(b"MTrk", NOTES + far))) == SOUND
    held = read_score(file(chunk(b"MTrk", b"\x00\x90\x3c\x40" + far)))
    assert held.end == 16.0  # a note that is never ended is cut there


@pytest.mark.parametrize("data", [b"", b"MThd", file(), file(TRACK, division=0), b"\x89PNG" + b"\0" * 90])
def test_what_is_no_midi_file_is_refused(data: bytes) -> None:
    with pytest.raises(MidiError, match="Expected a MIDI file"):
        read_score(data)


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("Flöte", "latin-1"), ("Flöte", "utf-8"), ("Gitarre électrique", "latin-1"), ("ÉTÉ", "latin-1"),
        ("ピアノ", "shift-jis"), ("ピアノ", "utf-8"), ("ﾋﾟｱﾉ", "shift-jis"), ("主旋律", "shift-jis"),
        ("歌 (Vocal)", "shift-jis"), ("Don’t", "cp1252"), ("Lead", "ascii"),
    ],
)  # fmt: skip
def test_names_are_shown_as_they_were_meant(name: str, encoding: str) -> None:
    assert decode_text(name.encode(encoding)) == name


def test_every_byte_is_some_text() -> None:
    for first in range(256):
        for second in (0, 65, 0x81, 0xFF):
            assert isinstance(decode_text(bytes([first, second])), str)
