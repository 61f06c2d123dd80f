"""Chord symbols of a score, and the score as another program draws it."""

import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as xml

import pytest
import verovio

from musicgen.export import encode
from musicgen.export.chord_symbols import Symbol, find_symbols, list_markers, name_bars
from musicgen.export.score import musicxml
from musicgen.midi import to_midi
from musicgen.music import METRES, SIX_EIGHT, Key, Metre, Music, Note, Track
from musicgen.roles import DRUM_PITCHES

ASKED = {"request": {"chords": "Cmaj7#11 | C-7 F7(b9,#11) | N.C. | B♭/D | Gø"}, "edits": []}


def chords(*triads: tuple[int, ...], metre: Metre = METRES["4/4"], key: str = "C major") -> Music:
    """Half a bar of each triad."""
    notes, tick = [], 0
    for place, triad in enumerate(triads):
        length = metre.half_bar if place % 2 == 0 else metre.ticks_per_bar - metre.half_bar
        notes += [Note(tick, pitch, length, 80) for pitch in triad]
        tick += length
    return Music((Track("chords", 0, tuple(notes)),), -(-len(triads) // 2), 100, Key.parse(key), "", metre)


def names(symbols: list[Symbol]) -> list[tuple[int, int, str | None]]:
    return [(bar, tick, chord and chord.name) for bar, tick, chord in symbols]


C, F, G7, A_FLAT = (60, 64, 67), (60, 65, 69), (59, 62, 65, 67), (56, 60, 63)


def test_chords_that_were_asked_for_are_written_as_they_were() -> None:
    music = chords(*[C] * 10)
    assert names(find_symbols(music, ASKED)) == [
        (0, 0, "Cmaj7#11"), (1, 0, "C-7"), (1, 24, "F7(b9,#11)"), (2, 0, None), (3, 0, "B♭/D"), (4, 0, "Gø"),
    ]  # fmt: skip


def test_a_progression_is_repeated_and_a_chord_that_stays_is_written_once() -> None:
    recipe = {"request": {"chords": "C | C F"}, "edits": []}
    assert names(find_symbols(chords(*[C] * 8), recipe)) == [
        (0, 0, "C"), (1, 24, "F"), (2, 0, "C"), (3, 24, "F"),
    ]  # fmt: skip


@pytest.mark.parametrize("recipe", [None, {}, ASKED | {"edits": [{"kind": "vary"}]}, {"request": {"chords": "no"}}])
def test_else_they_are_what_the_notes_make(recipe: dict | None) -> None:
    assert names(find_symbols(chords(C, F, G7, C), recipe)) == [(0, 0, "C"), (0, 24, "F"), (1, 0, "G7"), (1, 24, "C")]


def test_a_mix_changes_no_chords() -> None:
    mixed = ASKED | {"edits": [{"kind": "mix", "mix": {"tempo": 90}}]}
    assert names(find_symbols(chords(C, C), mixed)) == [(0, 0, "Cmaj7#11")]


def test_chords_that_a_change_was_told_are_written_as_they_were() -> None:
    told = ASKED | {"edits": [{"kind": "vary"}, {"kind": "infill", "chords": "Dm9 | G7alt C"}, {"kind": "mix"}]}
    assert names(find_symbols(chords(C, C, C, C), told)) == [(0, 0, "Dm9"), (1, 0, "G7alt"), (1, 24, "C")]
    untold = told | {"edits": [*told["edits"], {"kind": "infill", "keep": ""}]}
    assert names(find_symbols(chords(F, F), untold)) == [(0, 0, "F")]


def test_both_halves_of_each_bar_have_names() -> None:
    assert name_bars(chords(C, F, F, F), None) == [("C", "F"), ("F", "F")]
    assert name_bars(chords((), ()), None) == []


def test_markers_are_in_plain_letters() -> None:
    recipe = {"request": {"chords": "CΔ | FΔ7 B♭−7 | Gø7 C° | N.C."}}
    assert list_markers(chords(*[C] * 8), recipe) == [
        (0, "Cmaj7"), (48, "Fmaj7"), (72, "Bb-7"), (96, "Gm7b5"), (120, "Cdim"), (144, "N.C."),
    ]  # fmt: skip


def test_roots_are_spelled_in_the_key_and_halves_are_those_of_the_metre() -> None:
    assert names(find_symbols(chords(A_FLAT, A_FLAT, key="Eb major"), None)) == [(0, 0, "Ab")]
    assert names(find_symbols(chords(A_FLAT, A_FLAT, key="E major"), None)) == [(0, 0, "G#")]
    assert names(find_symbols(chords(C, F, metre=SIX_EIGHT), None)) == [(0, 0, "C"), (0, 18, "F")]


def test_drums_alone_have_none() -> None:
    assert find_symbols(Music((Track("drums", 0, (Note(0, 36, 3, 90),)),), 1), None) == []


def test_the_parts_of_a_symbol() -> None:
    music = chords(*[C] * 10)
    root = xml.fromstring(encode("musicxml", to_midi(music, ASKED)))
    found = [
        (
            symbol.findtext("root/root-step"), symbol.findtext("root/root-alter"), symbol.findtext("kind"),
            symbol.findtext("bass/bass-step"), symbol.findtext("offset"),
            [(each.findtext("degree-value"), each.findtext("degree-alter")) for each in symbol.iter("degree")],
        )
        for symbol in root.iter("harmony")
    ]  # fmt: skip
    assert found == [
        ("C", None, "major-seventh", None, None, [("11", "1")]), ("C", None, "minor-seventh", None, None, []),
        ("F", None, "dominant", None, "24", [("9", "-1"), ("11", "1")]), ("C", None, "none", None, None, []),
        ("B", "-1", "major", "D", None, []), ("G", None, "half-diminished", None, None, []),
    ]  # fmt: skip


# --- as Verovio draws it ---------------------------------------------------------------------------------------


def full_piece(metre: Metre, key: str) -> Music:
    """Eight bars of five roles: sixteenths and triplets, held chords, notes across bar lines, every drum, and
    a tempo that changes."""
    bar, ticks = metre.ticks_per_bar, 8 * metre.ticks_per_bar
    tune = [Note(at, 60 + at // 3 % 13, 3, 80) for at in range(0, ticks // 2, 3)]
    tune += [Note(at, 72 + at // 4 % 9, 4, 80) for at in range(ticks // 2, ticks, 4)]
    held = [Note(at, pitch, 2 * bar - 5, 70) for at in range(0, ticks, 2 * bar) for pitch in (48, 55, 64, 70)]
    steps = [Note(at, 36 + at // 6 % 12, 11, 90) for at in range(0, ticks, 12)]
    strokes = [Note(at, DRUM_PITCHES[at // 3 % len(DRUM_PITCHES)], 3, 100) for at in range(0, ticks, 3)]
    parts = {"melody": tune, "chords": held, "pad": held, "bass": steps, "drums": strokes}
    tracks = tuple(Track(role, 0, tuple(notes)) for role, notes in parts.items())
    return Music(tracks, 8, 96, Key.parse(key), "jazz", metre, ((bar + 6, 80.0), (3 * bar, 72.5)))


def draw(data: bytes) -> tuple[bool, str]:
    """Whether Verovio can read a score, and its pages as SVG."""
    verovio.enableLog(verovio.LOG_WARNING)
    toolkit = verovio.toolkit()
    good = toolkit.loadData(data.decode())
    return good, "".join(toolkit.renderToSVG(page + 1) for page in range(toolkit.getPageCount()))


@pytest.mark.parametrize("metre", METRES.values(), ids=str)
@pytest.mark.parametrize("key", ["C major", "Gb major", "C# minor"])
def test_verovio_draws_a_score_without_complaint(metre: Metre, key: str, capfd: pytest.CaptureFixture[str]) -> None:
    music = full_piece(metre, key)
    symbols = find_symbols(music, ASKED)
    good, pages = draw(musicxml(music, "A piece", symbols))
    assert good and capfd.readouterr().err == ""
    assert pages.count('class="harm"') == len(symbols)
    assert pages.count('class="measure"') == music.bars


def test_verovio_would_complain(capfd: pytest.CaptureFixture[str]) -> None:
    draw(musicxml(full_piece(METRES["4/4"], "C major"), "").replace(b"<divisions>", b"<divisionz>"))
    assert "Warning" in capfd.readouterr().err or "Error" in capfd.readouterr().err


# --- as MuseScore reads it: a program of its own, so only where it is installed ---------------------------------

MUSESCORE = os.environ.get("MUSICGEN_TEST_MUSESCORE") or shutil.which("mscore3") or shutil.which("musescore3")
_NOT_OF_THE_FILE = ("convert <", "to <", "... success!", "QStandardPaths", "element already exists")
"""How lines begin or end that MuseScore writes of its own scores too."""


def counts(data: bytes) -> list[tuple[int, ...]]:
    """Of each part the notes and rests, the rests, triplets, ties, accidentals, chord symbols, tempos and bars."""
    names = ("note", "rest", "time-modification", "tied", "accidental", "harmony", "sound[@tempo]", "measure")
    return [tuple(len(part.findall(f".//{name}")) for name in names) for part in xml.fromstring(data).findall("part")]


@pytest.mark.skipif(MUSESCORE is None, reason="MuseScore is not installed (Debian: musescore3)")
@pytest.mark.parametrize("metre", METRES.values(), ids=str)
@pytest.mark.parametrize("key", ["C major", "Gb major"])
def test_musescore_reads_a_score_whole_and_without_complaint(metre: Metre, key: str, tmp_path: Path) -> None:
    music = full_piece(metre, key)
    source, read, back = (tmp_path / name for name in ("in.musicxml", "read.mscx", "back.musicxml"))
    source.write_bytes(musicxml(music, "A piece", find_symbols(music, ASKED)))
    offscreen = os.environ | {"QT_QPA_PLATFORM": "offscreen"}

    def convert(old: Path, new: Path) -> list[str]:
        command = [str(MUSESCORE), "-o", str(new), str(old)]
        done = subprocess.run(command, env=offscreen, capture_output=True, text=True, check=True, timeout=120)
        return [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]

    assert not [line for line in convert(source, read) if not any(words in line for words in _NOT_OF_THE_FILE)]
    convert(read, back)  # which writes of every drum
    assert counts(back.read_bytes()) == counts(source.read_bytes())


def test_a_seventh_chord_on_c_flat_is_named_so_that_it_can_be_read_again() -> None:
    notes = tuple(Note(0, pitch, 48, 80) for pitch in (59, 63, 66, 69))  # B7, which Gb major spells Cb7
    music = Music((Track("chords", 0, notes), Track("bass", 32, (Note(0, 35, 48, 80),))), 1, key=Key.parse("Gb major"))
    (symbol,) = find_symbols(music, {})
    assert symbol.chord is not None and symbol.chord.name == "B7"
