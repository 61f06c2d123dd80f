"""From files of other people's music to the encoded data set."""

import json
from pathlib import Path

import numpy as np
import pytest

from musicgen.corpus import band, dataset, drums, scores
from musicgen.corpus.duplicates import find_duplicates, signature
from musicgen.corpus.keys import estimate_key
from musicgen.corpus.metres import Measure, stretches_in, stretches_of
from musicgen.corpus.sources import SOURCES, attribution, iter_files
from musicgen.errors import CorpusError
from musicgen.midi_reading import Score, ScoreNote, ScoreTrack, read_score
from musicgen.music import FOUR_FOUR, THREE_FOUR, Key, Music, Note, Track
from tests.little_corpus import band_file


def line(
    pitches: list[int], length: float = 1.0, program: int = 0, name: str = "", is_drums: bool = False
) -> ScoreTrack:
    """A track that plays chords of the given pitches' length one after another, `length` beats each."""
    notes = tuple(ScoreNote(i * length, pitch, (i + 1) * length, 80) for i, pitch in enumerate(pitches))
    return ScoreTrack(name, program, is_drums, notes)


def stack(track: ScoreTrack, *intervals: int) -> ScoreTrack:
    notes = [ScoreNote(n.start, n.pitch + i, n.end, n.velocity) for n in track.notes for i in (0, *intervals)]
    return ScoreTrack(track.name, track.program, track.is_drums, tuple(sorted(notes)))


LEAD = line([72, 74, 76, 77] * 16, program=80)
BASS = line([36, 43, 36, 43] * 16, program=33)
COMP = stack(line([60] * 128, 0.5, program=0), 4, 7)
STRINGS = stack(line([55] * 16, 4.0, program=48), 5, 9)
KIT = line([36, 42, 38, 42] * 16, is_drums=True)


def score(*tracks: ScoreTrack, metres: tuple = ((0.0, (4, 4)),)) -> Score:
    return Score(tracks, ((0.0, 120.0),), metres)


# --- roles ---


def test_each_track_of_a_band_gets_its_chair() -> None:
    found = band.assign_roles([STRINGS, LEAD, KIT, BASS, COMP], end=64)
    assert {role: tracks for role, tracks in found.items()} == {
        "melody": [LEAD], "chords": [COMP], "pad": [STRINGS], "bass": [BASS], "drums": [KIT],
    }  # fmt: skip


def test_a_name_helps_where_the_program_says_nothing() -> None:
    low = line([45, 47, 48, 50] * 16, program=0, name="E-Bass")
    assert band.assign_roles([low, LEAD], end=64)["bass"] == [low]


def test_without_a_lead_the_highest_of_several_chord_parts_takes_the_melody() -> None:
    high = stack(line([79] * 128, 0.5, program=0), 4, 7)
    found = band.assign_roles([COMP, high, BASS], end=64)
    assert (found["melody"], found["chords"]) == ([high], [COMP])


def test_sound_effects_are_left_out() -> None:
    assert not any(band.assign_roles([line([60] * 64, program=123)], end=64).values())


# --- metre and grid ---


def test_each_stretch_of_eight_bars_keeps_its_metre() -> None:
    metres = ((0.0, (4, 4)), (32.0, (5, 4)), (42.0, (3, 4)), (66.0, (2, 4)), (70.0, (4, 4)))
    found = stretches_of(score(line([60] * 110), metres=metres))
    assert [(s.start, s.end, s.metre.name, s.bars, s.begins, s.ends) for s in found] == [
        (0.0, 32.0, "4/4", 8, True, False), (42.0, 66.0, "3/4", 8, False, False), (66.0, 110.0, "4/4", 11, False, True),
    ]  # fmt: skip


def test_five_four_is_refused_with_the_reason() -> None:
    with pytest.raises(CorpusError, match="3/4"):
        band.to_music(score(LEAD, BASS, metres=((0.0, (5, 4)),)), "game")


def test_a_waltz_has_three_beats_a_bar() -> None:
    (passage,) = band.to_music(score(LEAD, BASS, metres=((0.0, (3, 4)),)), "game")
    assert (passage.music.metre, passage.music.bars) == (THREE_FOUR, 22)
    assert passage.music.notes("melody")[3].onset == passage.music.ticks_per_bar


def test_twelve_eight_is_four_beats_of_triplets() -> None:
    eighths = line([72, 74, 76] * 32, 0.5, program=80)
    (passage,) = band.to_music(score(eighths, BASS, metres=((0.0, (12, 8)),)), "game")
    assert (passage.music.metre, passage.music.bars, passage.music.tempo) == (FOUR_FOUR, 11, 80.0)
    assert [note.onset for note in passage.music.notes("melody")[:4]] == [0, 4, 8, 12]


@pytest.mark.parametrize(
    ("signature", "metre", "bars"),
    [("3/4", "3/4", 8), ("6/8", "6/8", 8), ("9/8", "3/4", 8), ("3/8", "6/8", 4), ("3/2", "3/4", 8), ("2/4", "4/4", 4)],
)
def test_written_bars_are_read_as_the_metre_they_are_heard_in(signature: str, metre: str, bars: int) -> None:
    above, below = map(int, signature.split("/"))
    length = 4 * above / below
    written = [Measure(i * length, length, signature) for i in range(16)]
    (found,) = stretches_in(written)
    assert (found.metre.name, found.bars) == (metre, bars * 2)
    assert found.quarters(length) * 12 == found.metre.ticks_per_bar * bars / 8


def test_a_pickup_counts_back_from_the_first_whole_bar() -> None:
    written = [Measure(0, 1, "3/4"), *(Measure(1 + 3 * i, 3, "3/4") for i in range(8))]
    (found,) = stretches_in(written)
    assert (found.start, found.end, found.bars) == (-2.0, 25.0, 9)


def test_a_band_file_becomes_music_in_its_key() -> None:
    (passage,) = band.to_music(score(LEAD, BASS, COMP, KIT), "game")
    music = passage.music
    assert (passage.place.begins, passage.place.ends) == (True, True)
    assert (music.bars, music.key, music.style) == (16, Key(0), "game")
    assert music.notes("melody")[:2] == (Note(0, 72, 12, 80), Note(12, 74, 12, 80))
    assert music.notes("drums")[0] == Note(0, 36, 3, 80)


def test_a_part_an_octave_too_low_is_moved_as_a_whole() -> None:
    (passage,) = band.to_music(score(line([22, 31] * 32, program=33), LEAD), "game")
    assert [note.pitch for note in passage.music.notes("bass")[:2]] == [34, 43]


# --- keys and duplicates ---


def test_the_key_of_a_cadence_is_found() -> None:
    chords = [(57, 60, 64), (62, 65, 69), (64, 68, 71), (57, 60, 64)]  # i iv V i in A minor
    notes = tuple(Note(48 * i, pitch, 48, 80) for i, chord in enumerate(chords) for pitch in chord)
    key, confidence = estimate_key(Music((Track("chords", 0, notes),), 4))
    assert str(key) == "A minor"
    assert confidence > 0


def tune(seed: int, shift: int = 0) -> Music:
    rng = np.random.default_rng(seed)
    notes = tuple(Note(12 * i, int(60 + shift + rng.integers(12)), 12, 80) for i in range(60))
    return Music((Track("melody", 0, notes),), 15)


def one_split(song: str) -> str:
    return "train"


def test_a_transposed_song_is_a_duplicate_and_another_song_is_not() -> None:
    songs = {"a": tune(1), "b": tune(2), "a in D": tune(1, shift=2)}
    assert find_duplicates({name: signature([music]) for name, music in songs.items()}, one_split) == {"a in D": "a"}


@pytest.mark.parametrize("shift", [0, 3])
def test_no_tune_is_in_two_splits_in_another_metre_key_rhythm_or_arrangement(shift: int) -> None:
    pitches = [note.pitch for note in tune(1).notes("melody")]
    in_three = tuple(Note(i // 2 * 36 + i % 2 * 24, p + shift, 12 + 12 * (i % 2), 80) for i, p in enumerate(pitches))
    repeated = tuple(
        Note(24 * i + step, p + shift, 12, 80) for i, p in enumerate(pitches[8:40]) for step in (0, 12)
    )  # to words with more syllables, and without its beginning and end
    band = Track("bass", 33, tuple(Note(48 * bar, 40, 48, 80) for bar in range(15)))
    songs = {
        "tune": tune(1), "another": tune(2), "waltz": Music((Track("melody", 0, in_three),), 30, metre=THREE_FOUR),
        "hymn": Music((Track("melody", 0, repeated), band), 16),
    }  # fmt: skip
    signatures = {name: signature([music]) for name, music in songs.items()}
    splits = {"tune": "test", "another": "train", "waltz": "train", "hymn": "valid"}
    assert find_duplicates(signatures, splits.__getitem__) == {"waltz": "tune", "hymn": "tune"}
    backwards = dict(reversed(signatures.items()))
    left = signatures.keys() - find_duplicates(backwards, splits.__getitem__).keys()
    assert left == {"hymn", "another"}  # the first stays, whichever it is
    assert find_duplicates(signatures, one_split) == {}  # one tune in two rhythms is two songs to learn from


def test_a_song_too_short_for_grams_is_recognised_by_its_notes() -> None:
    def eight(first: int, onset: int, last: int = 12) -> Music:
        steps = (0, 2, 4, 5, 7, 5, 4, last)
        notes = tuple(Note(onset + 6 * i, first + step, 6, 80 + i) for i, step in enumerate(steps))
        return Music((Track("melody", 0, notes),), 2)

    songs = {"a": eight(60, 0), "later, in D": eight(62, 12), "another end": eight(60, 0, last=11)}
    signatures = {name: signature([music]) for name, music in songs.items()}
    assert all(len(each.grams) < 2 for each in signatures.values())
    assert find_duplicates(signatures, one_split) == {"later, in D": "a"}


def test_a_few_notes_are_no_song_that_others_repeat() -> None:
    few = Music((Track("bass", 33, (Note(0, 40, 12, 80), Note(12, 40, 12, 80))),), 1)
    assert find_duplicates({"a": signature([few]), "b": signature([few])}, one_split) == {}


# --- drums ---


def test_a_groove_is_repeated_under_a_longer_piece() -> None:
    groove = Music((Track("drums", 0, (Note(0, 36, 3, 90),)),), 1)
    music = Music((Track("bass", 33, (Note(0, 40, 12, 80),)), Track("drums", 0, (Note(5, 38, 3, 80),))), 3)
    under = drums.put_under(music, groove)
    assert [note.onset for note in under.notes("drums")] == [0, 48, 96]
    assert under.notes("bass") == music.notes("bass")


def test_styles_of_the_groove_data_set_are_mapped_and_fills_left_out() -> None:
    info = (
        b"midi_filename,style,bpm,beat_type,time_signature\n"
        b"a.mid,funk/groove1,138,beat,4-4\nb.mid,rock,100,fill,4-4\nc.mid,middleeastern,90,beat,4-4\n"
    )
    assert drums.groove_styles(info) == {"a.mid": ("funk", 138.0)}


# --- scores ---


def song_xml(bars: int) -> bytes:
    """A song of quarter notes: voice C5, right hand a third, left hand C3 and G3."""

    def note(pitch: str, octave: int, chord: bool = False) -> str:
        mark = "<chord/>" if chord else ""
        return f"<note>{mark}<pitch><step>{pitch}</step><octave>{octave}</octave></pitch><duration>1</duration></note>"

    attributes = (
        "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
    )
    parts = {"P1": note("C", 5), "P2": note("E", 4) + note("G", 4, True), "P3": note("C", 3) + note("G", 3, True)}
    listed = "".join(f'<score-part id="{name}"><part-name>{name}</part-name></score-part>' for name in parts)
    body = "".join(
        f'<part id="{name}">'
        + "".join(f'<measure number="{b + 1}">{attributes if b == 0 else ""}{four * 4}</measure>' for b in range(bars))
        + "</part>"
        for name, four in parts.items()
    )
    return f'<score-partwise version="3.1"><part-list>{listed}</part-list>{body}</score-partwise>'.encode()


def test_a_song_with_piano_gives_melody_chords_and_bass() -> None:
    (passage,) = scores.read_song(song_xml(8))
    music = passage.music
    assert music.bars == 8
    assert {track.role: [n.pitch for n in track.notes if n.onset == 0] for track in music.tracks} == {
        "melody": [72], "chords": [55, 64, 67], "bass": [48],
    }  # fmt: skip


def test_of_a_chorale_with_instruments_the_four_voices_are_read() -> None:
    path = dict(scores.chorales())["chorales/bwv1.6"]  # a horn, and four voices: "Wie schön leuchtet der Morgenstern"
    (passage,) = scores.read_chorale(path)
    assert {track.role: [n.pitch for n in track.notes][:4] for track in passage.music.tracks} == {
        "melody": [65, 72, 69, 65], "pad": [57, 60, 55, 60], "bass": [53, 52, 53, 50],
    }  # fmt: skip


@pytest.mark.parametrize("data", [b"", b"<xml", b"PK\x03\x04 not a zip", song_xml(3)])
def test_an_unusable_score_is_refused(data: bytes) -> None:
    with pytest.raises(CorpusError):
        scores.read_song(data)


# --- the data set ---


def test_the_split_of_a_song_never_changes() -> None:
    assert [dataset.split_of(f"song {i}") for i in range(8)] == [
        "train", "train", "train", "test", "train", "train", "train", "train",
    ]  # fmt: skip
    shares = np.unique([dataset.split_of(str(i)) for i in range(5000)], return_counts=True)[1] / 5000
    assert np.allclose(shares, [0.1, 0.8, 0.1], atol=0.02)


def test_each_song_of_the_first_data_set_stays_in_its_split() -> None:
    table = json.loads(Path(__file__).with_name("splits.json").read_text())
    assert {split: len(songs) for split, songs in table.items()} == {"train": 1065, "valid": 167, "test": 152}
    assert [song for split, songs in table.items() for song in songs if dataset.split_of(song) != split] == []


def test_chorales_have_the_split_of_the_jsb_data() -> None:
    assert [dataset.split_of(f"chorales/{name}") for name in ("bwv253", "bwv255", "bwv267")] == [
        "valid", "train", "train",
    ]  # fmt: skip
    table = json.loads(Path(dataset.__file__).with_name("chorales.json").read_text())
    songs = [song for split in ("train", "valid", "test") for song in table[split]]
    assert len(songs) == len(set(songs)) == 391


def test_the_manifest_says_what_was_kept_and_what_was_dropped_and_why(prepared: Path) -> None:
    manifest = json.loads((prepared / "manifest.json").read_text())
    assert manifest["kept"]["by source"] == {"simutrans": {"songs": 40, "pieces": 40, "bars": 640}}
    assert manifest["dropped"]["simutrans"] == {"repeat": 1, "parse": 1}


def test_no_song_is_in_two_splits(prepared: Path) -> None:
    data = dataset.Dataset.open(prepared)
    songs = [{piece.song for piece in data.split(name)} for name in dataset.SPLITS]
    assert all(songs)
    assert sum(map(len, songs)) == len(set.union(*songs))


def test_a_piece_comes_back_as_it_was(prepared: Path) -> None:
    data = dataset.Dataset.open(prepared)
    piece = next(piece for piece in data.pieces if piece.song.endswith("song07.mid"))
    (passage,) = band.to_music(read_score(band_file(7)), "game")
    expected = passage.music
    expected = expected.transposed(expected.key.shift_to_normal)
    found = data.music(piece)
    assert [n.onset for n in found.notes("melody")] == [n.onset for n in expected.notes("melody")]
    assert [n.pitch % 12 for n in found.notes("bass")] == [n.pitch % 12 for n in expected.notes("bass")]


def test_the_attribution_names_every_source_and_licence(prepared: Path) -> None:
    text = (prepared / "ATTRIBUTION.md").read_text()
    assert text == attribution()
    assert all(source.title in text and source.licence in text for source in SOURCES)


def test_a_folder_that_is_no_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="made by `prepare`"):
        dataset.Dataset.open(tmp_path)


def test_a_missing_archive_is_told(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=r"simutrans\.tar\.xz"):
        list(iter_files(next(s for s in SOURCES if s.name == "simutrans"), tmp_path))
