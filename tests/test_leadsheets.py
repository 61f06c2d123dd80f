"""Lead sheets: bar lines, repeats, ties and chord names from MusicXML written here; one run of the real mma."""

import shutil
from dataclasses import replace

import pytest

from musicgen.corpus.arranging import arrange
from musicgen.corpus.bands import BANDS
from musicgen.corpus.grooves import GROOVES, groove_tempo
from musicgen.corpus.labels import Place
from musicgen.corpus.leadsheets import LeadSheet, read_lead_sheet
from musicgen.corpus.mma_language import definition
from musicgen.errors import CorpusError
from musicgen.music import SIX_EIGHT, THREE_FOUR, Key, Note
from musicgen.roles import STYLE_NAMES

REST = "rest"


def note(pitch: str, quarters: float, tie: str = "", more: str = "") -> str:
    """A <note>; `pitch` such as "C5", or "rest"; 12 divisions a quarter, so triplets are whole."""
    what = "<rest/>" if pitch == REST else f"<pitch><step>{pitch[0]}</step><octave>{pitch[1]}</octave></pitch>"
    ties = "".join(f'<tie type="{kind}"/>' for kind in tie.split())
    return f"<note>{more}{what}<duration>{round(quarters * 12)}</duration>{ties}</note>"


def harmony(root: str, kind: str, degrees: str = "", bass: str = "", alter: int = 0) -> str:
    extra = "".join(
        f"<degree><degree-value>{d.lstrip('+-')}</degree-value><degree-alter>{d.count('+') - d.count('-')}"
        f"</degree-alter><degree-type>{'alter' if d.lstrip('+-') == '5' else 'add'}</degree-type></degree>"
        for d in degrees.split()
    )
    low = f"<bass><bass-step>{bass}</bass-step></bass>" if bass else ""
    root_xml = f"<root><root-step>{root}</root-step><root-alter>{alter}</root-alter></root>"
    return f"<harmony>{root_xml}<kind>{kind}</kind>{low}{extra}</harmony>"


def sheet(*measures: str, beats: int = 4, unit: int = 4, fifths: int = 0, mode: str = "major") -> bytes:
    head = (
        f"<attributes><divisions>12</divisions><key><fifths>{fifths}</fifths><mode>{mode}</mode></key>"
        f"<time><beats>{beats}</beats><beat-type>{unit}</beat-type></time></attributes>"
    )
    body = "".join(
        f'<measure number="{i + 1}">{head if i == 0 else ""}{content}</measure>' for i, content in enumerate(measures)
    )
    return (
        '<?xml version="1.0"?><score-partwise version="3.0"><part-list><score-part id="P1"><part-name>V</part-name>'
        f'</score-part></part-list><part id="P1">{body}</part></score-partwise>'
    ).encode()


C = harmony("C", "major")
WHOLE = note("C5", 4)


def test_a_pickup_ends_on_the_second_bar_line():
    read = read_lead_sheet(sheet(note("G4", 1), C + WHOLE, *[WHOLE] * 7), "t")
    assert read.melody[:2] == (Note(36, 67, 12, 94), Note(48, 72, 48, 98))
    assert read.chords == ((48, "C"),)
    assert read.bars == 9


def test_repeats_and_endings_are_played_out():
    forward = '<barline location="left"><repeat direction="forward"/></barline>'
    first = '<barline location="left"><ending number="1" type="start"/></barline>'
    back = '<barline location="right"><ending number="1" type="stop"/><repeat direction="backward"/></barline>'
    second = '<barline location="left"><ending number="2" type="start"/></barline>'
    stop = '<barline location="right"><ending number="2" type="stop"/></barline>'
    measures = [
        forward + C + note("C5", 4), note("D5", 4), note("E5", 4),
        first + note("F5", 4) + back, second + note("G5", 4) + stop, note("A5", 4),
    ]  # fmt: skip
    read = read_lead_sheet(sheet(*measures), "t")
    assert [n.pitch for n in read.melody] == [72, 74, 76, 77, 72, 74, 76, 79, 81]
    assert [n.onset for n in read.melody] == [0, 48, 96, 144, 192, 240, 288, 336, 384]
    assert read.bars == 9 and read.expanded


def test_two_bars_of_two_four_make_one_bar():
    bars = [C + note("C5", 2), note("D5", 1) + note("E5", 1)] * 8
    read = read_lead_sheet(sheet(*bars, beats=2), "t")
    assert read.bars == 8
    assert [(n.onset, n.pitch, n.velocity) for n in read.melody[:4]] == [
        (0, 72, 98), (24, 74, 94), (36, 76, 94), (48, 72, 98),
    ]  # fmt: skip


def test_ties_join_graces_go_and_the_top_note_stays():
    grace = "<note><grace/><pitch><step>B</step><octave>4</octave></pitch></note>"
    low = note("E4", 1, more="<chord/>")
    measures = [
        C + grace + note("C5", 3) + note("D5", 1, "start"), note("D5", 2, "stop") + note("G5", 1) + low + note(REST, 1)
    ]  # fmt: skip
    read = read_lead_sheet(sheet(*measures, *[WHOLE] * 6), "t")
    assert read.melody[:3] == (Note(0, 72, 36, 98), Note(36, 74, 36, 94), Note(72, 79, 12, 94))


def test_triplets_are_exact_and_a_short_bar_does_not_move_the_next():
    third = 1 / 3
    short = note("C5", third) + note("D5", third) + note("E5", third) + note("F5", 2)
    read = read_lead_sheet(sheet(C + WHOLE, short, *[WHOLE] * 6), "t")
    assert [n.onset for n in read.melody[:6]] == [0, 48, 52, 56, 60, 96]


def test_a_low_melody_moves_up_by_octaves():
    read = read_lead_sheet(sheet(C + note("C3", 4), *[note("C3", 4)] * 7), "t")
    assert {n.pitch for n in read.melody} == {60}


@pytest.mark.parametrize(
    ("written", "name"),
    [
        (harmony("C", "major"), "C"),
        (harmony("B", "dominant", alter=-1), "Bb7"),
        (harmony("F", "minor-seventh", alter=1), "F#m7"),
        (harmony("C", "dominant", "-9"), "C7b9"),
        (harmony("C", "dominant", "-5"), "C7b5"),
        (harmony("C", "dominant", "+5 -9"), "C7#5b9"),
        (harmony("G", "suspended-fourth", "7"), "G7sus"),
        (harmony("D", "half-diminished"), "Dm7b5"),
        (harmony("C", "minor-sixth", "9"), "Cm69"),
        (harmony("C", "major-seventh", bass="E"), "CM7/E"),
        (harmony("C", "augmented-seventh"), "Caug7"),
        (harmony("A", "major-minor"), "AmM7"),
    ],
)
def test_chord_names(written, name):
    read = read_lead_sheet(sheet(written + WHOLE, *[WHOLE] * 7), "t")
    assert read.chords == ((0, name),)


def test_chords_move_to_the_nearest_beat():
    late = C + note("C5", 2.5) + harmony("F", "major") + note("F5", 1.5)
    assert read_lead_sheet(sheet(late, *[WHOLE] * 7), "t").chords == ((0, "C"), (36, "F"))


def test_the_last_chord_decides_between_relative_keys():
    minor = harmony("A", "minor")
    assert read_lead_sheet(sheet(C + WHOLE, *[WHOLE] * 7), "t").key == Key(0)
    assert read_lead_sheet(sheet(C + WHOLE, *[WHOLE] * 6, minor + WHOLE), "t").key == Key(9, "minor")
    assert read_lead_sheet(sheet(C + WHOLE, *[WHOLE] * 6, harmony("F", "major") + WHOLE), "t").key is None
    assert read_lead_sheet(sheet(C + WHOLE, *[WHOLE] * 7, fifths=-2, mode="minor"), "t").key == Key(7, "minor")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (sheet(*[C + note("C5", 5)] * 8, beats=5), "5/4"),
        (sheet(*[WHOLE] * 8), "chord symbols"),
        (sheet(*[C + WHOLE] * 4), "Expected 8"),
        (sheet(*[C + note(REST, 4)] * 8), "melody"),
        (sheet(*[C + note("C5", 5)] * 8), "bars of 48 ticks"),
        (b"not music", "parse"),
        (b"PK\x03\x04 broken", "parse"),
        (b"", "parse"),
    ],
)
def test_unusable_sheets_say_why(data, reason):
    with pytest.raises(CorpusError, match=reason):
        read_lead_sheet(data, "t")


def test_the_groove_table():
    every = set(STYLE_NAMES) - {"classical"}
    assert {metre: set(styles) for metre, styles in GROOVES.items()} == {"4/4": every, "3/4": every, "6/8": every}
    assert len({name for names in GROOVES["4/4"].values() for name in names}) >= 120
    assert min(len(names) for names in GROOVES["4/4"].values()) >= 10
    assert min(len(names) for metre in ("3/4", "6/8") for names in GROOVES[metre].values()) >= 2
    for metre, styles in GROOVES.items():
        assert all(40 <= groove_tempo(style, name, metre) <= 240 for style, names in styles.items() for name in names)
    for bands in BANDS.values():
        assert all(definition(f"own/{style}:{name}")[-1] == "End" for style in bands for name in bands[style])


def test_names_of_bands_are_unique_within_a_style():
    names = [(style, name) for bands in BANDS.values() for style in bands for name in bands[style]]
    assert len(names) == len(set(names))


needs_mma = pytest.mark.skipif(shutil.which("mma") is None, reason="Debian's mma package is not installed")


def song() -> LeadSheet:
    chords = ((0, "C"), (48, "Am"), (96, "Dm7"), (120, "G7"), (144, "C"), (192, "F"), (240, "Fm6"), (288, "C/G"))
    eighths = tuple(Note(tick, 72, 6, 90) for tick in range(0, 384, 6))
    return LeadSheet("t", Key(0), None, eighths, chords, 8)


@needs_mma
def test_a_swing_band(tmp_path):
    music = arrange(song(), "jazz", "stdlib/jazzcombo:JazzCombo", tmp_path)
    assert [track.role for track in music.tracks] == ["melody", "chords", "pad", "bass", "drums"]
    assert (music.bars, music.style, music.key) == (8, "jazz", Key(0))
    assert [n.onset for n in music.notes("melody")[:4]] == [0, 8, 12, 20]
    onsets = {n.onset % 12 for role in ("chords", "bass", "drums") for n in music.notes(role)}
    assert onsets <= {0, 4, 8}
    for role in ("chords", "bass", "drums"):
        assert len({n.onset // 48 for n in music.notes(role)}) >= 7
    assert music == arrange(song(), "jazz", "stdlib/jazzcombo:JazzCombo", tmp_path)
    assert list(tmp_path.iterdir()) == []
    straight = arrange(song(), "jazz", "stdlib/jazzcombo:JazzCombo", tmp_path, swing=False)
    assert straight.notes("melody") == song().melody


@needs_mma
def test_a_swing_groove_in_dotted_notation_lands_on_the_triplet(tmp_path):
    music = arrange(song(), "jazz", "stdlib/bigband:BigBand", tmp_path)
    assert {n.onset % 12 for n in music.notes("drums")} == {0, 8}


@needs_mma
def test_a_band_of_our_own(tmp_path):
    music = arrange(song(), "reggae", "own/reggae:Steppers", tmp_path)
    assert music.notes("melody") == song().melody
    # kick on each beat, skank on each off-beat, both as the band's steps say
    assert [n.onset for n in music.notes("drums") if n.pitch == 36][:5] == [0, 12, 24, 36, 48]
    assert sorted({n.onset for n in music.notes("chords")})[:5] == [6, 18, 30, 42, 54]
    assert {n.pitch % 12 for n in music.notes("chords") if n.onset < 48} == {0, 4, 7}
    assert {n.duration for n in music.notes("drums")} == {3}


@needs_mma
def test_a_strummed_chord_is_struck_together(tmp_path):
    music = arrange(song(), "folk", "stdlib/folkrock:FolkRock", tmp_path)
    assert sorted(n.pitch % 12 for n in music.notes("chords") if n.onset == 0) == [0, 0, 4, 4, 4, 7]


@needs_mma
@pytest.mark.parametrize("groove", ["no/such:Groove", "own/reggae:None", "x\nSystem"])
def test_a_bad_groove_is_a_corpus_error(tmp_path, groove):
    with pytest.raises(CorpusError):
        arrange(song(), "pop", groove, tmp_path)


def test_without_mma_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CorpusError, match="install Debian's mma package"):
        arrange(song(), "pop", "stdlib/8beat:8Beat", tmp_path)


@needs_mma
@pytest.mark.parametrize(
    ("metre", "style", "groove"),
    [
        (THREE_FOUR, "folk", "stdlib/waltz:Waltz"), (THREE_FOUR, "jazz", "stdlib/jazzwaltz:JazzWaltz"),
        (THREE_FOUR, "blues", "own/blues:BluesWaltz"), (SIX_EIGHT, "blues", "stdlib/blues68:Blues68"),
        (SIX_EIGHT, "trad", "stdlib/68march:68March"), (SIX_EIGHT, "folk", "own/folk:Jig"),
    ],
)  # fmt: skip
def test_a_band_plays_in_the_metre_of_the_song(tmp_path, metre, style, groove):
    chords = tuple((36 * bar, name) for bar, name in enumerate("CFGCFGGC"))
    sheet = LeadSheet("t", Key(0), None, tuple(Note(36 * bar, 72, 36, 90) for bar in range(8)), chords, 8, metre=metre)
    music = arrange(sheet, style, groove, tmp_path)
    assert (music.metre, music.bars, music.ticks) == (metre, 8, 288)
    assert len({n.onset // 36 for n in music.notes("drums")}) == 8
    roots = {name: {(root + step) % 12 for step in (0, 4, 7)} for name, root in (("C", 0), ("F", 5), ("G", 7))}
    assert len({n.onset // 36 for n in music.notes("chords")}) == 8
    assert all(n.pitch % 12 in roots["CFGCFGGC"[n.onset // 36]] for n in music.notes("chords"))


@needs_mma
def test_a_song_that_ends_has_a_last_chord_that_is_struck_once_and_held(tmp_path):
    music = arrange(song(), "pop", "stdlib/8beat:8Beat", tmp_path)
    for role in ("chords", "bass"):
        last = [n for n in music.notes(role) if n.onset >= 336]
        assert {(n.onset, n.end) for n in last} == {(336, 384)}
    assert max(n.onset for n in music.notes("drums")) == 336
    goes_on = arrange(replace(song(), place=Place()), "pop", "stdlib/8beat:8Beat", tmp_path)
    assert max(n.onset for n in goes_on.notes("drums")) > 336
