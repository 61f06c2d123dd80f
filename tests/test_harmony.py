"""Chord names, and progressions as people write them."""

import pytest

from musicgen.errors import MusicgenError
from musicgen.harmony import chord_code, parse_chord, progression_codes, read_progression

C, F, G7, AM, BDIM = (0, "major"), (5, "major"), (7, "dominant"), (9, "minor"), (11, "diminished")


@pytest.mark.parametrize(
    ("name", "expected"),
    [("C", C), ("Fmaj7", F), ("G7", G7), ("Am", AM), ("Amin7", AM), ("B°", BDIM), ("Bm7b5", BDIM), ("C/E", C),
     ("Bbsus4", (10, "major")), ("F#13", (6, "dominant")), ("z", None)],
)  # fmt: skip
def test_a_chord_is_a_root_and_a_quality(name, expected):
    assert parse_chord(name) == expected


def test_a_progression_has_a_chord_a_bar_or_two_between_bar_lines():
    assert read_progression("Am F  C G") == (("Am",), ("F",), ("C",), ("G",))
    assert read_progression("| Am F | C |") == (("Am", "F"), ("C",))


def test_a_progression_is_repeated_and_moved_to_the_key_of_the_models():
    d_major = progression_codes("D | G A7", 3, -2)
    assert d_major.tolist() == [[chord_code(*C)] * 2, [chord_code(*F), chord_code(*G7)], [chord_code(*C)] * 2]


@pytest.mark.parametrize("text", ["", " ", "H", "C,F", "am", "C | F G A", "C | | F", "C " * 321, "Czz"])
def test_what_is_no_progression_is_told(text):
    with pytest.raises(MusicgenError, match=r"^Expected .* Received: "):
        read_progression(text)
