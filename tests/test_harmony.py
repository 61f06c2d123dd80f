"""Chord names, and progressions as people write them."""

import pytest

from musicgen.errors import MusicgenError
from musicgen.harmony import (
    NO_CHORD,
    chord_code,
    describe_hearing,
    parse_chord,
    progression_codes,
    read_progression,
    write_progression,
)

C, F, G7, AM, BDIM = (0, "major"), (5, "major"), (7, "dominant"), (9, "minor"), (11, "diminished")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("C", C), ("Fmaj7", F), ("G7", G7), ("Am", AM), ("Amin7", AM), ("B°", BDIM), ("Bm7b5", BDIM), ("C/E", C),
     ("Bbsus4", (10, "major")), ("F#13", (6, "dominant")), ("z", None)],
)  # fmt: skip
def test_a_chord_is_a_root_and_a_quality(name, expected):
    assert parse_chord(name) == expected


def names(text):
    return [[chord and chord.name for chord in bar] for bar in read_progression(text)]


def test_a_progression_has_a_chord_a_bar_or_two_between_bar_lines():
    assert names("Am F  C G") == [["Am"], ["F"], ["C"], ["G"]]
    assert names("| Am F | C | % |") == [["Am", "F"], ["C"], ["C"]]
    assert names("C N.C.") == [["C"], [None]]


@pytest.mark.parametrize(
    ("bars", "text"),
    [
        ([("Am", "Am"), ("F", "F")], "Am F"),
        ([("Am", "F"), ("C", "C")], "Am F | C"),
        ([("Am", "F")], "Am F |"),
        ([("C",), ("G",), ("C",), ("G",), ("C",)], "C G"),
        ([("C", "C"), ("N.C.", "N.C.")], "C N.C."),
    ],
)
def test_a_progression_is_written_as_short_as_it_can_be_repeated(bars, text):
    assert write_progression(bars) == text
    whole = "|".join(["", *map(" ".join, bars), ""])
    assert (progression_codes(text, len(bars), 0) == progression_codes(whole, len(bars), 0)).all()


def test_a_progression_is_repeated_and_moved_to_the_key_of_the_models():
    d_major = progression_codes("D | G A7", 3, -2)
    assert d_major.tolist() == [[chord_code(*C)] * 2, [chord_code(*F), chord_code(*G7)], [chord_code(*C)] * 2]


@pytest.mark.parametrize("text", ["", " ", "H", "C,F", "a", "C | F G A", "C | | F", "C " * 321, "Czz", "% C"])
def test_what_is_no_progression_is_told(text):
    with pytest.raises(MusicgenError, match=r"^Expected .* Received: "):
        read_progression(text)


def test_no_chord_has_a_code_of_its_own():
    assert progression_codes("C | N.C.", 2, 0).tolist() == [[chord_code(*C)] * 2, [NO_CHORD] * 2]


def test_what_the_models_hear_of_chords_is_said_where_it_is_less_than_is_written():
    assert describe_hearing("C Am G7 Bdim N.C.") == ()
    assert describe_hearing("Cmaj7#11 Dm9 | C/E | Cmaj7#11") == ("The models hear Cmaj7#11 as C, Dm9 as Dm, C/E as C.",)
