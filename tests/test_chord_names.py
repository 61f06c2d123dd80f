"""Every name that people write for a chord: what it is, and what the models hear of it."""

import itertools

import pytest

from musicgen.chord_names import parse_chord_name
from musicgen.corpus import chords as mma
from musicgen.errors import MusicgenError

NAMES = {
    # name: (kind of MusicXML, what the models hear, what differs from the kind)
    "C": ("major", "C", ""),
    "CM": ("major", "C", ""),
    "Cmaj": ("major", "C", ""),
    "CMaj": ("major", "C", ""),
    "C:maj": ("major", "C", ""),
    "Cm": ("minor", "Cm", ""),
    "Cmin": ("minor", "Cm", ""),
    "Cmi": ("minor", "Cm", ""),
    "C-": ("minor", "Cm", ""),
    "CMIN": ("minor", "Cm", ""),
    "am": ("minor", "Am", ""),
    "f#m": ("minor", "F#m", ""),
    "C7": ("dominant", "C7", ""),
    "Cdom7": ("dominant", "C7", ""),
    "g7": ("dominant", "G7", ""),
    "bb7": ("dominant", "Bb7", ""),
    "C9": ("dominant-ninth", "C7", ""),
    "C11": ("dominant-11th", "C7", ""),
    "C13": ("dominant-13th", "C7", ""),
    "Cmaj7": ("major-seventh", "C", ""),
    "CM7": ("major-seventh", "C", ""),
    "Cma7": ("major-seventh", "C", ""),
    "CMA7": ("major-seventh", "C", ""),
    "Cj7": ("major-seventh", "C", ""),
    "C7M": ("major-seventh", "C", ""),
    "CΔ": ("major-seventh", "C", ""),
    "CΔ7": ("major-seventh", "C", ""),
    "C△7": ("major-seventh", "C", ""),
    "C^7": ("major-seventh", "C", ""),
    "C^": ("major-seventh", "C", ""),
    "CΔ9": ("major-ninth", "C", ""),
    "Cmaj9": ("major-ninth", "C", ""),
    "Cmaj11": ("major-11th", "C", ""),
    "Cmaj13": ("major-13th", "C", ""),
    "Cm7": ("minor-seventh", "Cm", ""),
    "Cmi7": ("minor-seventh", "Cm", ""),
    "C-7": ("minor-seventh", "Cm", ""),
    "C−7": ("minor-seventh", "Cm", ""),
    "Cmin7": ("minor-seventh", "Cm", ""),
    "CMI7": ("minor-seventh", "Cm", ""),
    "C:min7": ("minor-seventh", "Cm", ""),
    "C-9": ("minor-ninth", "Cm", ""),
    "Cm11": ("minor-11th", "Cm", ""),
    "Cm13": ("minor-13th", "Cm", ""),
    "Cm6": ("minor-sixth", "Cm", ""),
    "C-6": ("minor-sixth", "Cm", ""),
    "Cm69": ("minor-sixth", "Cm", "9"),
    "CmM7": ("major-minor", "Cm", ""),
    "CmMaj7": ("major-minor", "Cm", ""),
    "Cm(maj7)": ("major-minor", "Cm", ""),
    "Cm/maj7": ("major-minor", "Cm", ""),
    "C-Δ7": ("major-minor", "Cm", ""),
    "C-Δ": ("major-minor", "Cm", ""),
    "CmM9": ("major-minor", "Cm", "9"),
    "C°": ("diminished", "Cdim", ""),
    "Cdim": ("diminished", "Cdim", ""),
    "Co": ("diminished", "Cdim", ""),
    "Cmb5": ("diminished", "Cdim", ""),
    "C°7": ("diminished-seventh", "Cdim", ""),
    "Cdim7": ("diminished-seventh", "Cdim", ""),
    "Co7": ("diminished-seventh", "Cdim", ""),
    "Cø": ("half-diminished", "Cdim", ""),
    "Cø7": ("half-diminished", "Cdim", ""),
    "Cm7b5": ("half-diminished", "Cdim", ""),
    "C-7b5": ("half-diminished", "Cdim", ""),
    "Cm7-5": ("half-diminished", "Cdim", ""),
    "Cm7(b5)": ("half-diminished", "Cdim", ""),
    "Cmi7(♭5)": ("half-diminished", "Cdim", ""),
    "Ch7": ("half-diminished", "Cdim", ""),
    "Chalfdim": ("half-diminished", "Cdim", ""),
    "C+": ("augmented", "C", ""),
    "Caug": ("augmented", "C", ""),
    "C+5": ("augmented", "C", ""),
    "C(#5)": ("augmented", "C", ""),
    "C+7": ("augmented-seventh", "C7", ""),
    "Caug7": ("augmented-seventh", "C7", ""),
    "C7aug": ("augmented-seventh", "C7", ""),
    "C7#5": ("dominant", "C7", "#5"),
    "C7+5": ("dominant", "C7", "#5"),
    "C+maj7": ("augmented", "C", "#7"),
    "Cmaj7#5": ("major-seventh", "C", "#5"),
    "C6": ("major-sixth", "C", ""),
    "C69": ("major-sixth", "C", "9"),
    "C6/9": ("major-sixth", "C", "9"),
    "C6add9": ("major-sixth", "C", "9"),
    "Csus": ("suspended-fourth", "C", ""),
    "Csus4": ("suspended-fourth", "C", ""),
    "C4": ("suspended-fourth", "C", ""),
    "Csus2": ("suspended-second", "C", ""),
    "Csus24": ("suspended-fourth", "C", "2"),
    "C7sus4": ("suspended-fourth", "C7", "7"),
    "C7sus": ("suspended-fourth", "C7", "7"),
    "Csus47": ("suspended-fourth", "C7", "7"),
    "C9sus4": ("suspended-fourth", "C7", "7 9"),
    "C6sus4": ("suspended-fourth", "C", "6"),
    "C5": ("power", "C", ""),
    "Eb5": ("power", "Eb", ""),
    "C2": ("major", "C", "9"),
    "Cadd9": ("major", "C", "9"),
    "C(add9)": ("major", "C", "9"),
    "Cadd2": ("major", "C", "2"),
    "C/9": ("major", "C", "9"),
    "Cmadd9": ("minor", "Cm", "9"),
    "Cm7add11": ("minor-seventh", "Cm", "11"),
    "Cm7/11": ("minor-seventh", "Cm", "11"),
    "C(no3)": ("major", "C", "-3"),
    "Comit5": ("major", "C", "-5"),
    "C7b9": ("dominant", "C7", "b9"),
    "C7-9": ("dominant", "C7", "b9"),
    "C7+9": ("dominant", "C7", "#9"),
    "C7#9": ("dominant", "C7", "#9"),
    "C7♯11": ("dominant", "C7", "#11"),
    "C7(#11)": ("dominant", "C7", "#11"),
    "C7(b9,#11)": ("dominant", "C7", "b9 #11"),
    "C7b13": ("dominant", "C7", "b13"),
    "C7b5": ("dominant", "C7", "b5"),
    "C7(13)": ("dominant", "C7", "13"),
    "C13b9": ("dominant-13th", "C7", "b9"),
    "C9#11": ("dominant-ninth", "C7", "#11"),
    "C7alt": ("dominant", "C7", "#5 b9 #9"),
    "Cmaj7#11": ("major-seventh", "C", "#11"),
    "C(b5)": ("major", "C", "b5"),
    "B♭": ("major", "Bb", ""),
    "C♯m": ("minor", "C#m", ""),
    "Dbmaj7": ("major-seventh", "Db", ""),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_understood(name: str) -> None:
    chord = parse_chord_name(name)
    assert chord is not None
    signs = {-1: "b", 0: "", 1: "#"}
    degrees = " ".join(f"{'-' if how == 'subtract' else signs[by]}{degree}" for degree, by, how in chord.degrees)
    assert (chord.musicxml, chord.heard_as, degrees) == NAMES[name]
    assert chord.bass is None


@pytest.mark.parametrize(
    ("name", "root", "bass"),
    [("C/E", "C", "E"), ("C/Bb", "C", "Bb"), ("Am7/G", "A", "G"), ("F♯m7♭5/B♭", "F#", "Bb"), ("Dm/c#", "D", "C#")],
)
def test_a_chord_may_stand_over_another_note(name: str, root: str, bass: str) -> None:
    chord = parse_chord_name(name)
    assert chord is not None and (chord.root, chord.bass) == (root, bass)


@pytest.mark.parametrize("name", ["N.C.", "NC", "n.c.", "N.C", "z"])
def test_no_chord_is_none(name: str) -> None:
    assert parse_chord_name(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "", "H", "Hm", "Re", "IV", "X", "%", "C,F", "Czz", "C7q", "Cmm", "C77", "Cmaj7maj7", "C/", "C/H", "C(",
        "Cmsus4",
        "c", "a",  # major to some, minor to others
        "Cb5", "Fb9", "E#9",  # C flat, or C with a flat fifth
        "C7+", "C-5",  # augmented or major seventh; minor or with a flat fifth
    ],
)  # fmt: skip
def test_what_is_no_chord_or_could_be_two_is_refused(name: str) -> None:
    with pytest.raises(MusicgenError, match=r"^Expected chords .* Received: "):
        parse_chord_name(name)


def test_roots_have_their_pitch_class() -> None:
    chords = [parse_chord_name(letter + sign) for letter, sign in itertools.product("CDEFGAB", ("", "b", "#"))]
    assert [chord and chord.root_class for chord in chords] == [
        0,
        11,
        1,
        2,
        1,
        3,
        4,
        3,
        5,
        5,
        4,
        6,
        7,
        6,
        8,
        9,
        8,
        10,
        11,
        10,
        0,
    ]


def test_every_name_of_mma_that_the_corpus_writes_is_understood() -> None:
    for kind in {*mma._KINDS.values(), *mma._ALTERED.values()}:
        assert parse_chord_name("D" + kind) is not None
