"""How notes on the grid are cut into note values, in every metre, and how they are spelled."""

from __future__ import annotations

from xml.etree import ElementTree as xml

import pytest

from musicgen.export.notation import spelled, voices, written
from musicgen.export.score import musicxml
from musicgen.music import ALL_KEYS, FOUR_FOUR, SIX_EIGHT, THREE_FOUR, Key, Metre, Music, Note, Track


def values(*notes: tuple[int, int], metre: Metre = FOUR_FOUR) -> list[tuple[str, int, int]]:
    """(note value, dots, length of its triplet) of a bar of notes (onset, duration); rests in brackets."""
    bar = written([Note(onset, 60, duration, 80) for onset, duration in notes], 1, metre)[0]
    return [(event.kind if event.heads else f"({event.kind})", event.dots, event.triplet) for event in bar]


def test_plain_notes_are_written_plainly() -> None:
    assert values((0, 48)) == [("whole", 0, 0)]
    assert values((0, 18), (18, 6), (24, 9), (33, 3), (36, 12)) == [
        ("quarter", 1, 0), ("eighth", 0, 0), ("eighth", 1, 0), ("16th", 0, 0), ("quarter", 0, 0),
    ]  # fmt: skip


def test_off_the_beat_the_middle_of_the_bar_is_seen() -> None:
    assert values((0, 6), (6, 12), (18, 12), (30, 18)) == [
        ("eighth", 0, 0), ("quarter", 0, 0), ("eighth", 0, 0), ("eighth", 0, 0), ("quarter", 1, 0),
    ]  # fmt: skip


def test_a_waltz_is_written_in_quarters_and_no_rest_is_longer() -> None:
    assert values((0, 36), metre=THREE_FOUR) == [("half", 1, 0)]
    assert values((0, 24), (24, 12), metre=THREE_FOUR) == [("half", 0, 0), ("quarter", 0, 0)]
    assert values((0, 12), metre=THREE_FOUR) == [("quarter", 0, 0), ("(quarter)", 0, 0), ("(quarter)", 0, 0)]
    assert values((0, 6), (6, 18), (24, 8), (32, 4), metre=THREE_FOUR) == [
        ("eighth", 0, 0), ("quarter", 1, 0), ("quarter", 0, 12), ("eighth", 0, 12),
    ]  # fmt: skip


def test_a_jig_is_written_in_two_dotted_beats() -> None:
    assert values((0, 12), (12, 6), (18, 18), metre=SIX_EIGHT) == [
        ("quarter", 0, 0),
        ("eighth", 0, 0),
        ("quarter", 1, 0),
    ]
    assert values((0, 9), (9, 3), (12, 24), metre=SIX_EIGHT) == [
        ("eighth", 1, 0), ("16th", 0, 0), ("eighth", 0, 0), ("quarter", 1, 0),
    ]  # fmt: skip
    assert values((0, 6), (18, 2), (20, 2), (22, 2), metre=SIX_EIGHT) == [
        ("eighth", 0, 0), *[("(eighth)", 0, 0)] * 2, *[("16th", 0, 6)] * 3, *[("(eighth)", 0, 0)] * 2,
    ]  # fmt: skip
    eighths = written([Note(6 * place, 60, 6, 80) for place in range(6)], 1, SIX_EIGHT)[0]
    assert [event.beams for event in eighths] == [("begin",), ("continue",), ("end",)] * 2


def test_triplets_are_of_a_beat_of_half_a_bar_or_of_half_a_beat() -> None:
    assert values((0, 4), (4, 4), (8, 4), (12, 36)) == [*[("eighth", 0, 12)] * 3, ("half", 1, 0)]
    assert values((0, 8), (8, 8), (16, 8), (24, 24)) == [*[("quarter", 0, 24)] * 3, ("half", 0, 0)]
    assert values((0, 6), (6, 2), (8, 2), (10, 2), (12, 36)) == [
        ("eighth", 0, 0), *[("16th", 0, 6)] * 3, ("half", 1, 0),
    ]  # fmt: skip


def test_a_bracket_opens_and_closes_once() -> None:
    bar = written([Note(0, 60, 8, 80)], 1)[0]
    assert [(event.ticks, event.opens, event.closes) for event in bar] == [
        (8, True, False), (4, False, True), (36, False, False),
    ]  # fmt: skip


def test_beams_join_what_is_within_a_beat() -> None:
    bar = written([Note(onset, 60, length, 80) for onset, length in ((0, 6), (6, 3), (9, 3), (12, 9), (21, 3))], 1)[0]
    assert [event.beams for event in bar] == [
        ("begin",), ("continue", "begin"), ("end", "end"), ("begin",), ("end", "backward hook"), (),
    ]  # fmt: skip


def test_overlaps_are_voices_and_what_is_left_is_tied() -> None:
    notes = [Note(0, 72, 24, 80), Note(0, 60, 48, 80), Note(12, 65, 24, 80)]
    first, second = voices(notes, 2)
    assert (first, second) == ([notes[0]], [notes[1], notes[2]])
    events = written(second, 1)[0]
    assert [[(head.note.pitch, head.tied_from, head.tied_to) for head in event.heads] for event in events] == [
        [(60, False, True)], [(60, True, True), (65, False, False)], [(60, True, False)],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "pitch", "name"),
    [("C major", 66, ("F", 1, 4)), ("C major", 70, ("B", -1, 4)), ("A minor", 68, ("G", 1, 4)),
     ("Eb major", 63, ("E", -1, 4)), ("Eb minor", 59, ("C", -1, 4)), ("F# major", 65, ("E", 1, 4)),
     ("C minor", 71, ("B", 0, 4)), ("B major", 60, ("B", 1, 3))],
)  # fmt: skip
def test_pitches_are_spelled_in_their_key(key: str, pitch: int, name: tuple[str, int, int]) -> None:
    assert spelled(pitch, Key.parse(key)) == name


def test_signatures() -> None:
    assert {str(key): key.fifths for key in ALL_KEYS} == {
        "C major": 0, "Db major": -5, "D major": 2, "Eb major": -3, "E major": 4, "F major": -1, "F# major": 6,
        "G major": 1, "Ab major": -4, "A major": 3, "Bb major": -2, "B major": 5, "C minor": -3, "C# minor": 4,
        "D minor": -1, "Eb minor": -6, "E minor": 1, "F minor": -4, "F# minor": 3, "G minor": -2, "G# minor": 5,
        "A minor": 0, "Bb minor": -5, "B minor": 2,
    }  # fmt: skip


def test_accidentals_are_printed_where_key_and_bar_do_not_say_them() -> None:
    pitches = (66, 66, 65, 66, 62)  # in G major: F#, F#, F natural, F#, D
    track = Track("melody", 0, tuple(Note(6 * i, pitch, 6, 80) for i, pitch in enumerate(pitches)))
    root = xml.fromstring(musicxml(Music((track,), 1, key=Key.parse("G major")), ""))
    signs = [note.findtext("accidental") for note in root.iter("note") if note.find("pitch") is not None]
    assert signs == [None, None, "natural", "sharp", None]
