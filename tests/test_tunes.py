"""Tunes and hymns in ABC notation, and the chords that are found for them."""

import numpy as np
import pytest

from musicgen.chord_fit import likeliest
from musicgen.corpus.charts import harmonised, heard_sheet
from musicgen.corpus.labels import Place
from musicgen.corpus.marks import sections_of_bars
from musicgen.corpus.passages import Passage
from musicgen.corpus.reasons import Unusable
from musicgen.corpus.tunes import music21_tunes, read_hymn, read_tune, tunes_in
from musicgen.music import SIX_EIGHT, THREE_FOUR, Key, Music, Note, Track

JIG = b"X:1\nT:A jig\nM:6/8\nL:1/8\nK:Ador\n|:A|ABA c2e|A3 e2d|GBd G2B|A3 A2:|\n|:e|edc B2A|G3 A3|G2B d2B|A3 A2:|\n"
HYMN = (
    b"X:1\nM:3/4\nL:1/4\nV:S\nV:A\nV:T\nV:B\nK:F\n"
    b"[V:S] c|fec|A2B|cBA|G2c|fec|A2B|c=Bc|F2|]\nw: the words, which are no notes\n"
    b"[V:A] F|AGF|F2F|FFF|E2E|AGF|F2F|GFE|F2|]\n"
    b"[V:T] A,|CCC|C2D|CDC|C2C|CCC|C2D|EDC|A,2|]\n"
    b"[V:B] F,|F,C,F,|F,2F,|F,F,F,|C,2C,|F,C,F,|F,2F,|C,C,C,|F,2|]\n"
)


def test_a_jig_is_read_with_its_repeats_pickups_and_sections() -> None:
    sheet = read_tune(JIG, "jig")
    assert (sheet.metre, sheet.bars, sheet.key) == (SIX_EIGHT, 17, Key(9, "minor"))  # four times four, and a pickup
    assert [(n.onset, n.pitch, n.duration) for n in sheet.melody[:3]] == [(30, 69, 6), (36, 69, 6), (42, 71, 6)]
    assert sheet.place == Place(True, True, (0,) * 9 + (1,) * 8)


def test_an_accidental_holds_to_the_end_of_the_bar() -> None:
    tune = read_tune(b"X:1\nM:3/4\nL:1/4\nK:C\n" + b"F^FF|F2F|" * 5 + b"\n", "t")
    assert [n.pitch for n in tune.melody[:5]] == [65, 66, 66, 65, 65]


def test_a_file_of_tunes_is_taken_apart() -> None:
    file = b"% a book\n\n" + JIG + b"\n" + JIG.replace(b"X:1", b"X:2") + JIG
    assert [number for number, _ in tunes_in(file)] == ["1", "2", "1b"]
    assert [text[:3] for _, text in tunes_in(file)] == [b"X:1", b"X:2", b"X:1"]


def test_a_hymn_has_melody_pad_and_bass() -> None:
    (passage,) = read_hymn(HYMN)
    music = passage.music
    assert (music.metre, music.bars, str(music.key)) == (THREE_FOUR, 9, "F major")
    assert {track.role: [n.pitch for n in track.notes if n.onset in (24, 36)] for track in music.tracks} == {
        "melody": [72, 77], "pad": [57, 65, 60, 69], "bass": [53, 53],
    }  # fmt: skip
    assert passage.place == Place(True, True)


def test_a_hymn_is_a_lead_sheet_with_the_chords_of_its_voices() -> None:
    (passage,) = read_hymn(HYMN)
    sheet = heard_sheet(passage, "hymn")
    assert sheet is not None
    assert (sheet.metre, sheet.bars, sheet.key) == (THREE_FOUR, 9, Key(5))
    at = dict(sheet.chords)
    assert sheet.chords[0] == (0, "F") and sheet.chords[-1][1] == "F"
    assert at[36 * 4].startswith("C")


def test_music_whose_chords_change_more_than_twice_a_bar_is_no_lead_sheet() -> None:
    roots = (0, 5, 7, 9) * 8
    triads = [Note(12 * i, 60 + root + step, 12, 80) for i, root in enumerate(roots) for step in (0, 4, 7)]
    melody = [Note(12 * i, 72 + root, 12, 80) for i, root in enumerate(roots)]
    bass = [Note(12 * i, 36 + root, 12, 80) for i, root in enumerate(roots)]
    tracks = (Track("melody", 0, tuple(melody)), Track("chords", 0, tuple(triads)), Track("bass", 0, tuple(bass)))
    assert heard_sheet(Passage(Music(tracks, 8)), "busy") is None


def test_a_tune_gets_chords_that_carry_it_and_comes_home() -> None:
    arpeggios = b"CEGCEGCE|FAcFAcFA|GBdGBdGB|CEGCEG2|"
    sheet = harmonised(read_tune(b"X:1\nM:4/4\nL:1/8\nK:C\n" + arpeggios * 2 + b"\n", "t"))
    assert [name for _, name in sheet.chords] == ["C", "F", "G", "C", "F", "G", "C"]
    assert [tick for tick, _ in sheet.chords] == [0, 48, 96, 144, 240, 288, 336]


def test_the_likeliest_line_weighs_moves_against_fit() -> None:
    fit = np.log(np.array([[0.9, 0.1], [0.4, 0.6], [0.9, 0.1]]))
    sticky = np.log(np.array([[0.9, 0.1], [0.1, 0.9]]))
    assert likeliest(fit, np.zeros((2, 2))).tolist() == [0, 1, 0]
    assert likeliest(fit, sticky).tolist() == [0, 0, 0]


def test_the_section_of_a_bar_is_the_one_that_holds_its_middle() -> None:
    assert sections_of_bars([(0, 0), (4, 0), (8, 1), (11, 0)], 4, 4) == (0, 0, 1, 0)
    assert sections_of_bars([(0, 3), (4, 3)], 2, 4) == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "parse"), (b"X:1\nM:5/4\nL:1/4\nK:C\n" + b"CDEFG|" * 8, "metre"), (b"X:1\nM:4/4\nK:C\nCDEF|", "length"),
        (JIG.replace(b"A3 A2", b"A99999"), "parse"), (b"X" * 600_000, "parse"),
    ],
)  # fmt: skip
def test_an_unusable_tune_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Unusable) as caught:
        read_tune(data, "t")
    assert caught.value.reason == reason


def test_the_tunes_of_music21_have_names_of_their_own() -> None:
    names = [name for name, _ in music21_tunes("airdsAirs")]
    assert len(names) == len(set(names)) == 1180
    assert names[0] == "book1-0001"
