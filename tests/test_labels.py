"""What is said about bars: chords, keys, form, and how each role plays."""

import json
from pathlib import Path

import numpy as np
import pytest

from musicgen import codec
from musicgen.corpus import labels
from musicgen.corpus.dataset import Dataset
from musicgen.corpus.encoding import encode, from_json, to_json, without_end
from musicgen.harmony import chord_code, parse_chord
from musicgen.heard import NONE
from musicgen.music import SIX_EIGHT, THREE_FOUR, Key, Music, Note, Track

C, F, G7, AM, BDIM = ((0, "major"), (5, "major"), (7, "dominant"), (9, "minor"), (11, "diminished"))
VOICES = {C: (60, 64, 67), F: (60, 65, 69), G7: (59, 62, 65, 67), AM: (60, 64, 69), BDIM: (59, 62, 65)}


def song(*chords: tuple[int, str], length: int = 24, key: str = "C major") -> Music:
    """Chords of half a bar each, over a bass on their roots."""
    notes = [Note(i * length, p, length, 80) for i, chord in enumerate(chords) for p in VOICES[chord]]
    bass = [Note(i * length, 36 + chord[0], length, 80) for i, chord in enumerate(chords)]
    bars = -(-len(chords) * length // 48)
    return Music((Track("chords", 0, tuple(notes)), Track("bass", 33, tuple(bass))), bars, key=Key.parse(key))


def measured(music: Music) -> dict[str, np.ndarray]:
    return labels.measure(codec.encode(music), music.bars)


# --- chords ---


def test_chords_are_heard_half_bar_by_half_bar() -> None:
    heard = measured(song(C, F, G7, AM, BDIM, C))["chords"]
    assert heard.tolist() == [[chord_code(*a), chord_code(*b)] for a, b in ((C, F), (G7, AM), (BDIM, C))]
    assert heard[0].tolist() == [0, 5] and chord_code(*G7) == 31


def test_chords_are_those_of_the_normalised_key() -> None:
    in_g = song(C, C, F, F, key="G major")  # C major is the subdominant of G, as F is of C
    assert measured(in_g)["chords"][0].tolist() == [chord_code(5, "major")] * 2


def test_a_passing_note_of_the_tune_does_not_change_the_chord() -> None:
    tune = Track("melody", 73, (Note(0, 77, 12, 80), Note(12, 76, 12, 80)))
    music = song(C, C)
    assert measured(Music((tune, *music.tracks), 1))["chords"].tolist() == [[0, 0]]


def test_chords_of_three_four_change_before_the_last_beat_and_those_of_six_eight_half_way() -> None:
    for metre, half in ((THREE_FOUR, 24), (SIX_EIGHT, 18)):
        notes = [Note(0, p, half, 80) for p in VOICES[C]] + [Note(half, p, 36 - half, 80) for p in VOICES[G7]]
        music = Music((Track("chords", 0, tuple(notes)),), 1, metre=metre)
        heard = labels.measure(codec.encode(music), 1, metre=metre)["chords"]
        given = labels.given_chords(((0, "C"), (half, "G7")), 1, 0, metre)
        assert heard.tolist() == given.tolist() == [[chord_code(*C), chord_code(*G7)]]


def test_a_piece_says_where_its_song_begins_and_ends_and_which_section_each_bar_is_in() -> None:
    music = Music((Track("bass", 33, (Note(48, 40, 12, 80), Note(144, 40, 12, 80))),), 5)
    piece = encode(music, place=labels.Place(begins=True, ends=True, sections=(0, 0, 1, 0, 0)))
    assert piece is not None and piece.cut == 1  # a silent bar before, one behind
    assert piece.labels["edges"].tolist() == [labels.BEGINS, 0, labels.ENDS]
    assert piece.labels["sections"].tolist() == [0, 1, 0]
    assert without_end(piece).labels["edges"].tolist() == [labels.BEGINS, 0, 0]
    middle = encode(music)
    assert middle is not None
    assert middle.labels["edges"].tolist() == [0, 0, 0] and set(middle.labels["sections"].tolist()) == {NONE}


def test_silence_has_no_chord_and_no_key() -> None:
    drums = Music((Track("drums", 0, (Note(0, 36, 3, 80),)),), 1)
    found = measured(drums)
    assert (found["chords"].tolist(), found["key"].tolist()) == ([[NONE, NONE]], [NONE])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("C", (0, "major")), ("F#m7", (6, "minor")), ("Bb7", (10, "dominant")), ("CM7/E", (0, "major")),
        ("G7sus", (7, "dominant")), ("Dm7b5", (2, "diminished")), ("Caug7", (0, "dominant")), ("C69", (0, "major")),
        ("Ebdim7", (3, "diminished")), ("AmM7", (9, "minor")), ("G13b9", (7, "dominant")), ("z", None),
    ],
)  # fmt: skip
def test_chord_names_are_reduced_to_root_and_quality(name: str, expected: tuple[int, str] | None) -> None:
    assert parse_chord(name) == expected


def test_given_chords_hold_until_the_next_and_move_with_the_key() -> None:
    # F from beat 3 of bar 1; Am only on the second beat of bar 2, which is not the longer half of its half bar
    changes = ((0, "C"), (24, "F"), (60, "Am"), (72, "z"))
    expected = [[chord_code(2, "major"), chord_code(7, "major")], [chord_code(7, "major"), NONE]]
    assert labels.given_chords(changes, 2, shift=2).tolist() == expected


def test_agreement_counts_known_half_bars_their_roots_and_their_thirds() -> None:
    given = np.array([chord_code(0, "major"), chord_code(7, "dominant"), chord_code(9, "minor"), NONE])
    heard = np.array([chord_code(0, "minor"), chord_code(7, "major"), chord_code(0, "major"), 0])
    assert labels.agreement(heard, given) == (3, 2, 1)


# --- key and form ---


def test_the_key_is_that_of_the_four_bars_from_here() -> None:
    cadence = [C, F, G7, C, C, F, G7, C]
    found = measured(song(*cadence, *[AM] * 8))
    assert found["key"][0] == 0 and found["key_confidence"][0] > 0.05
    assert found["key"][4] == 12 + 9  # A minor


def test_form_names_sections_of_four_bars_by_their_likeness() -> None:
    a, b = [C, F, G7, C] * 2, [G7, C, AM, BDIM] * 2
    varied = [C, F, G7, C, C, F, AM, AM]
    form = measured(song(*a, *a, *b, *varied, *a))["form"]
    assert form[::4].tolist() == [0, 0, 2, 1, 0]  # A A B A' A
    assert len(form) == 20


# --- attributes ---


def test_attributes_of_a_role_in_a_bar() -> None:
    notes = (Note(0, 60, 12, 80), Note(0, 64, 12, 80), Note(18, 67, 12, 80), Note(30, 72, 6, 80), Note(36, 72, 6, 80))
    found = measured(Music((Track("chords", 0, notes),), 1))["attributes"]
    assert found.shape == (1, 5, 4)
    density, register, polyphony, syncopation = found[0, 1].tolist()
    assert (density, register, polyphony) == (4, 67, 1.25)
    assert syncopation == 0.25  # of four onsets the one at 18 skips the beat at 24; the one at 30 leads to 36
    assert found[0, 0, 0] == 0 and np.isnan(found[0, 0, 1:]).all()  # the silent melody


# --- in the data set ---


def test_a_piece_goes_through_json_unchanged() -> None:
    piece = encode(song(C, F, G7, C), 0.25, ("key",), ((0, "C"), (24, "F")), labels.Place(begins=True))
    assert piece is not None
    back = from_json(json.loads(json.dumps(to_json(piece))))
    assert (back.rows == piece.rows).all() and back.rows.shape == (17, 6)
    assert {name: array.tolist() for name, array in back.labels.items() if name != "attributes"} == {
        name: array.tolist() for name, array in piece.labels.items() if name != "attributes"
    }
    assert (back.key, back.key_confidence, back.filled, back.programs) == (
        "C major",
        0.25,
        ("key",),
        (-1, 0, -1, 33, -1),
    )


def test_a_window_has_a_row_of_labels_for_each_bar(prepared: Path) -> None:
    data = Dataset.open(prepared)
    window = data.window(data.pieces[3], 2, 4)
    assert {name: array.shape for name, array in window.items()} == {
        "chords": (4, 2), "key": (4,), "key_confidence": (4,), "form": (4,), "attributes": (4, 5, 4), "edges": (4,),
        "sections": (4,),
    }  # fmt: skip
    assert all(len(array) == len(data.offsets) - 1 for array in data.labels.values())
    assert data.pieces[0].filled == ("key",)


def test_a_data_set_from_before_there_were_labels_opens(prepared: Path, tmp_path: Path) -> None:
    for name in ("manifest.json", "notes.npy", "offsets.npy"):
        (tmp_path / name).write_bytes((prepared / name).read_bytes())
    rows = json.loads((prepared / "pieces.json").read_text())
    old = [{name: row[name] for name in row if name not in ("key_confidence", "filled")} for row in rows]
    (tmp_path / "pieces.json").write_text(json.dumps(old))
    data = Dataset.open(tmp_path)
    assert data.labels == {} and data.window(data.pieces[0], 0, 4) == {}
    assert data.pieces[0].key_confidence is None
