"""MusicXML read back by music21 and, for drums, element by element; and how notes are cut into note values."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from xml.etree import ElementTree as xml

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen.errors import ExportError
from musicgen.export.score import musicxml
from musicgen.midi import from_midi, to_midi
from musicgen.music import ALL_KEYS, METRES, SIX_EIGHT, THREE_FOUR, Key, Metre, Music, Note, Track
from musicgen.roles import DRUM_PITCHES


def read(data: bytes):  # type: ignore[no-untyped-def]
    from music21 import converter

    return converter.parseData(data, format="musicxml", forceSource=True)


def notes_of(part) -> Counter[tuple[int, int, int, int]]:  # type: ignore[no-untyped-def]
    """(onset, pitch, duration, velocity) of the notes that a player hears, ties joined."""
    found: Counter[tuple[int, int, int, int]] = Counter()
    open_ties: dict[int, tuple[Fraction, Fraction, int]] = {}  # pitch: onset, end, velocity
    heads = []
    for element in part.flatten().notes:
        start = Fraction(element.offset).limit_denominator(48)
        length = Fraction(element.quarterLength).limit_denominator(48)
        for head in element.notes if element.isChord else [element]:
            heads.append((start, length, head))
    for start, length, head in sorted(heads, key=lambda item: item[0]):
        pitch, tie = head.pitch.midi, head.tie.type if head.tie else None
        if tie in ("stop", "continue"):
            onset, end, velocity = open_ties.pop(pitch)
            assert end == start, "a tie to a note that does not follow"
        else:
            onset, velocity = start, head.volume.velocity
        if tie in ("start", "continue"):
            open_ties[pitch] = (onset, start + length, velocity)
        else:
            found[int(onset * 12), pitch, int((start + length - onset) * 12), velocity] += 1
    assert not open_ties
    return found


def parts_of(score) -> dict[str, list]:  # type: ignore[no-untyped-def,type-arg]
    """Role label to the staves of its part."""
    found: dict[str, list] = {}  # type: ignore[type-arg]
    for part in score.parts:
        found.setdefault(part.partName, []).append(part)
    return found


def expected(track: Track, ticks: int) -> Counter[tuple[int, int, int, int]]:
    return Counter((n.onset, n.pitch, min(n.duration, ticks - n.onset), n.velocity) for n in track.notes)


def check_pitched(music: Music) -> None:
    parts = parts_of(read(musicxml(music, "A title")))
    for track in music.tracks:
        if track.role != "drums" and track.notes:
            heard = sum((notes_of(staff) for staff in parts[track.role.capitalize()]), Counter())
            assert heard == expected(track, music.ticks), track.role


def test_every_note_comes_back(small_music: Music) -> None:
    check_pitched(small_music)


def test_triplets_offbeats_overlaps_and_long_notes_come_back() -> None:
    melody = (Note(0, 72, 4, 80), Note(4, 74, 4, 81), Note(8, 76, 4, 82), Note(15, 77, 30, 83), Note(45, 79, 60, 84),
              Note(106, 80, 1, 85), Note(107, 81, 5, 86), Note(112, 72, 16, 87), Note(128, 74, 64, 88))  # fmt: skip
    pad = (Note(0, 48, 96, 60), Note(7, 52, 50, 61), Note(13, 55, 20, 62), Note(20, 76, 100, 63), Note(21, 70, 3, 64))
    check_pitched(Music((Track("melody", 0, melody), Track("pad", 0, pad)), 4, 120.0, Key.parse("F# minor")))


@st.composite
def pieces(draw: st.DrawFn) -> Music:
    tracks = []
    metre = draw(st.sampled_from(list(METRES.values())))
    last = 2 * metre.ticks_per_bar - 1
    for role, low in (("melody", 60), ("chords", 40)):
        drawn = draw(st.lists(st.tuples(st.integers(0, last), st.integers(0, 30), st.integers(1, 60)), max_size=14))
        notes = {(onset, low + above): Note(onset, low + above, ticks, 90) for onset, above, ticks in drawn}
        tracks.append(Track(role, 0, tuple(notes.values())))
    music = Music(tuple(tracks), 2, 100.0, draw(st.sampled_from(ALL_KEYS)), metre=metre)
    return from_midi(to_midi(music))  # a pitch does not overlap itself


@given(pieces())
def test_any_notes_come_back(music: Music) -> None:
    check_pitched(music)


def test_a_note_past_the_last_bar_line_is_cut_there() -> None:
    check_pitched(Music((Track("melody", 0, (Note(90, 60, 20, 90),)),), 2))


def test_head_of_the_score() -> None:
    key = Key.parse("Eb major")
    tracks = (Track("melody", 73, (Note(0, 75, 12, 90),)), Track("bass", 33, (Note(0, 39, 12, 90),)),
              Track("drums", 0, (Note(0, 36, 3, 90),)), Track("pad", 48, ()))  # fmt: skip
    score = read(musicxml(Music(tracks, 2, 132.5, key), "Jazz in Eb major"))
    assert score.metadata.title == "Jazz in Eb major"
    assert [part.partName for part in score.parts] == ["Melody", "Bass", "Drums"]
    melody, bass, drums = score.parts
    assert [part.recurse().getElementsByClass("Clef").first().name for part in score.parts] == [
        "treble", "bass8vb", "percussion",
    ]  # fmt: skip
    assert melody.recurse().getElementsByClass("KeySignature").first().sharps == -3
    assert drums.recurse().getElementsByClass("TimeSignature").first().ratioString == "4/4"
    assert melody.recurse().getElementsByClass("MetronomeMark").first().number == 132.5
    assert bass.recurse().getElementsByClass("Instrument").first().midiProgram == 33
    assert [len(part.getElementsByClass("Measure")) for part in score.parts] == [2, 2, 2]


@pytest.mark.parametrize(
    ("metre", "signature", "beat", "beats"), [(THREE_FOUR, "3/4", 1.0, 132.0), (SIX_EIGHT, "6/8", 1.5, 88.0)], ids=str
)
def test_a_score_says_its_metre_and_counts_its_beats(metre: Metre, signature: str, beat: float, beats: float) -> None:
    music = Music((Track("melody", 73, (Note(36, 75, 36, 90),)),), 3, 132.0, metre=metre)
    (part,) = read(musicxml(music, "")).parts
    assert part.recurse().getElementsByClass("TimeSignature").first().ratioString == signature
    mark = part.recurse().getElementsByClass("MetronomeMark").first()
    assert (mark.referent.quarterLength, mark.number) == (beat, beats)
    measures = list(part.getElementsByClass("Measure"))
    assert [measure.duration.quarterLength for measure in measures] == [3.0] * 3
    assert [[event.isRest for event in measure.notesAndRests] for measure in measures] == [[True], [False], [True]]


def test_changes_of_the_tempo_are_where_they_are_heard() -> None:
    music = Music(
        (Track("melody", 0, (Note(0, 60, 12, 80),)),), bars=3, tempo=90, later_tempos=((54, 80.0), (96, 60.0))
    )
    bars = xml.fromstring(musicxml(music, "")).findall(".//measure")
    later = [
        (place, int(sound.findtext("offset", "")), float(sound.attrib["tempo"]))
        for place, bar in enumerate(bars)
        for sound in bar.findall("sound")
    ]
    assert later == [(1, 6, 80.0), (2, 0, 60.0)]


def test_chords_around_middle_c_have_two_staves() -> None:
    wide = Track("chords", 0, (Note(0, 48, 48, 80), Note(0, 64, 48, 80), Note(0, 72, 48, 80)))
    staves = parts_of(read(musicxml(Music((wide,), 1), "")))["Chords"]
    assert [staff.recurse().getElementsByClass("Clef").first().sign for staff in staves] == ["G", "F"]
    assert [sorted(pitch for _, pitch, *_ in notes_of(staff)) for staff in staves] == [[64, 72], [48]]


def drum_notes(data: bytes) -> list[tuple[int, int]]:
    """(onset, General MIDI pitch) of the unpitched notes, by way of their instruments; checks that bars are full."""
    root = xml.fromstring(data)
    sounds = {
        entry.get("id"): int(entry.findtext("midi-unpitched", "")) - 1 for entry in root.iter("midi-instrument")
        if entry.find("midi-unpitched") is not None
    }  # fmt: skip
    found = []
    for bar, measure in enumerate(root.iter("measure")):
        now = bar * 48
        for element in measure:
            if element.tag == "backup":
                assert now == (bar + 1) * 48
                now = bar * 48
            if element.tag == "note":
                length = int(element.findtext("duration", ""))
                now -= length if element.find("chord") is not None else 0
                if element.find("unpitched") is not None:
                    instrument = element.find("instrument")
                    assert instrument is not None
                    found.append((now, sounds[instrument.get("id")]))
                now += length
        assert now == (bar + 1) * 48
    return sorted(found)


def test_drums_come_back_by_their_instruments() -> None:
    strokes = [
        (0, 36),
        (0, 42),
        (6, 42),
        (12, 38),
        (12, 42),
        (16, 38),
        (20, 38),
        (24, 36),
        (33, 46),
        (48, 44),
        (60, 61),
    ]
    strokes += [(72 + tick, pitch) for tick, pitch in enumerate(DRUM_PITCHES)]
    track = Track("drums", 0, tuple(Note(onset, pitch, 3, 100) for onset, pitch in strokes))
    assert drum_notes(musicxml(Music((track,), 2), "")) == sorted(strokes)


def test_no_two_drums_look_alike() -> None:
    track = Track("drums", 0, tuple(Note(0, pitch, 3, 100) for pitch in DRUM_PITCHES))
    root = xml.fromstring(musicxml(Music((track,), 1), ""))
    looks = [
        (note.findtext("unpitched/display-step"), note.findtext("unpitched/display-octave"), note.findtext("notehead"))
        for note in root.iter("note") if note.find("unpitched") is not None
    ]  # fmt: skip
    assert len(looks) == len(DRUM_PITCHES) == len(set(looks))


def test_drums_last_to_the_next_stroke_or_beat_and_feet_have_their_own_voice() -> None:
    strokes = ((0, 42), (6, 42), (12, 38), (0, 36), (36, 36))
    track = Track("drums", 0, tuple(Note(onset, pitch, 3, 100) for onset, pitch in strokes))
    root = xml.fromstring(musicxml(Music((track,), 1), ""))
    values = [(note.findtext("voice"), note.findtext("stem"), note.findtext("duration"))
              for note in root.iter("note") if note.find("unpitched") is not None]  # fmt: skip
    assert values == [("1", "up", "6"), ("1", "up", "6"), ("1", "up", "12"), ("2", "down", "12"), ("2", "down", "12")]


def test_silence_is_a_bar_of_rest() -> None:
    root = xml.fromstring(musicxml(Music((), 2), ""))
    assert [note.find("rest").attrib for note in root.iter("note")] == [{"measure": "yes"}] * 2  # type: ignore[union-attr]


def test_the_same_piece_gives_the_same_bytes_and_no_date(small_music: Music) -> None:
    data = musicxml(small_music, "A title")
    assert musicxml(small_music, "A title") == data
    assert b"date" not in data


def test_a_title_is_only_what_xml_can_hold(small_music: Music) -> None:
    root = xml.fromstring(musicxml(small_music, "a\x00<b>\x1f&"))
    assert root.findtext("work/work-title") == "a<b>&"


@pytest.mark.parametrize(
    ("music", "message"),
    [(Music((), 1001), "at most 1,000 bars"), (Music((Track("bass", 0, (Note(0, 11, 1, 1),)),), 1), "from 12 on")],
)
def test_what_a_score_cannot_hold_is_refused(music: Music, message: str) -> None:
    with pytest.raises(ExportError, match=message):
        musicxml(music, "")


@pytest.mark.parametrize(
    ("name", "count"),
    [("Gb major", -6), ("F# major", 6), ("Cb major", -7), ("C# major", 7), ("Ab minor", -7), ("D# minor", 6)],
)
def test_a_key_keeps_its_spelling_in_midi_and_in_a_score(name: str, count: int) -> None:
    music = Music((Track("melody", 0, (Note(0, 66, 12, 80),)),), 1, key=Key.parse(name))
    assert str(from_midi(to_midi(music)).key) == name
    root = xml.fromstring(musicxml(music, ""))
    assert root.findtext(".//fifths") == str(count)
    assert root.findtext(".//pitch/step") == ("G" if count < 0 else "F")
