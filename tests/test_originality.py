"""How original is a piece? Planted copies are found with their song and bars, and what is new is not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from musicgen import hub
from musicgen.__main__ import main
from musicgen.corpus.dataset import Dataset
from musicgen.errors import CheckpointError
from musicgen.midi import to_midi
from musicgen.music import THREE_FOUR, TICKS_PER_BAR, Music, Note
from musicgen.originality import Index, Song
from musicgen.originality.build import build, title_of
from musicgen.originality.index import MANIFEST, RUNS, SONGS
from musicgen.originality.runs import CHORDS, KINDS, MELODY, TUNE, Places
from tests.made_songs import made_data, song


def index_of(songs: list[tuple[str, Music]]) -> Index:
    """An index of songs by title, in memory; those of one title are arrangements."""
    titles = list(dict.fromkeys(title for title, _ in songs))
    numbers = np.array([titles.index(title) for title, _ in songs])
    runs = {kind.name: [kind.runs(music) for _, music in songs] for kind in KINDS}
    return Index(
        [Song(title, "", "made", "none", "") for title in titles],
        {name: numbers for name in runs},
        {name: [hashes for hashes, _ in found] for name, found in runs.items()},
        {name: np.concatenate([t[: len(h)] for h, t in found]) // TICKS_PER_BAR for name, found in runs.items()},
        {},
    )


def with_melody(music: Music, notes: tuple[Note, ...]) -> Music:
    return replace(music, tracks=tuple(replace(t, notes=notes) if t.role == "melody" else t for t in music.tracks))


def random_walk(seed: int) -> Music:
    rng = np.random.default_rng(seed)
    return with_melody(song(0), tuple(Note(12 * i, int(rng.integers(60, 84)), 12, 90) for i in range(64)))


@pytest.fixture(scope="module")
def walks() -> Index:
    return index_of([(f"walk {seed}", random_walk(seed)) for seed in range(30)])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    made_data(folder, 40)
    return folder


@pytest.fixture(scope="module")
def built(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(data, tmp_path_factory.mktemp("index"))


# --- what is found ---


def test_a_stretch_copied_into_another_key_and_bar_is_found_with_its_song_and_bars(walks: Index) -> None:
    copied = random_walk(7).transposed(5).notes("melody")[16:32]  # bars 5 to 8
    moved = tuple(note._replace(onset=note.onset + 3 * TICKS_PER_BAR) for note in copied)  # to bars 8 to 11
    found = walks.find(MELODY, with_melody(song(0), moved))
    best = found.nearest[0]
    assert (best.song.title, best.length) == ("walk 7", 16)
    assert (best.first_bar, best.last_bar, best.song_bar) == (8, 11, 5)
    assert found.reuse == 1


def test_bars_are_counted_in_the_metres_of_the_piece_and_of_the_song(walks: Index) -> None:
    waltz = replace(random_walk(7), metre=THREE_FOUR, bars=22)
    best = walks.find(MELODY, waltz).nearest[0]
    assert (best.song.title, best.first_bar, best.last_bar, best.song_bar) == ("walk 7", 1, 22, 1)
    assert CHORDS.read(waltz)[0][1] % 36 in (0, 24), "a chord begins a bar of three beats, or its last beat"


def test_a_copy_in_another_rhythm_is_found_by_its_tune(walks: Index) -> None:
    slower = tuple(note._replace(onset=2 * note.onset) for note in random_walk(7).notes("melody")[:32])
    piece = with_melody(song(0), slower)
    assert not walks.find(MELODY, piece).nearest
    best = walks.find(TUNE, piece).nearest[0]
    assert (best.song.title, best.length) == ("walk 7", 32)
    assert any(
        sentence.startswith("Melody, whatever its rhythm: 32 notes") for sentence in walks.answer(piece).sentences()
    )


def test_a_random_melody_shares_nothing(walks: Index) -> None:
    found = walks.find(MELODY, random_walk(999))
    assert (found.nearest, found.longest, found.reuse) == ((), 0, 0)
    assert str(found) == "Melody: no stretch of 9 notes or more is shared with a training song."


def test_chords_are_found_whoever_plays_the_melody() -> None:
    index = index_of([(f"song {seed}", song(seed, "ABCD")) for seed in range(20)])
    copy = with_melody(song(7, "ABCD").transposed(3), ())
    silent = index_of([("song 7", with_melody(song(7, "ABCD"), ()))])
    chords = silent.answer(copy).findings[2]
    assert (chords.kind, chords.reuse, chords.nearest[0].song.title) == ("chords", 1, "song 7")
    assert index.answer(song(7, "ABCD").transposed(-2)).findings[2].nearest[0].song.title == "song 7"


def test_a_song_is_named_once_however_many_arrangements_it_has() -> None:
    index = index_of([("a", random_walk(1)), ("a", random_walk(1)), ("b", random_walk(2))])
    assert [shared.song.title for shared in index.find(MELODY, random_walk(1)).nearest] == ["a"]


def test_a_stretch_does_not_go_on_from_one_song_into_the_next() -> None:
    places = Places([np.array([1, 2, 3], np.uint64), np.array([4, 5], np.uint64)])
    first, place, runs = places.stretches(np.array([2, 3, 4, 5, 9], np.uint64))
    assert list(zip(first.tolist(), place.tolist(), runs.tolist(), strict=True)) == [(0, 1, 2), (2, 3, 2)]


def test_a_note_over_and_over_or_a_trill_is_nobodys() -> None:
    trill = with_melody(song(0), tuple(Note(6 * i, 72 + i // 20 * (i % 2), 6, 90) for i in range(40)))
    found = index_of([("trill", trill)]).find(MELODY, trill)
    assert [shared.length for shared in found.nearest] == [14]  # where one goes over into the other
    held = with_melody(song(0), tuple(Note(12 * i, 60, 12, 90) for i in range(40)))
    assert index_of([("held", held)]).find(MELODY, held).reuse is None


def test_a_piece_without_a_melody_is_told_so(walks: Index) -> None:
    finding = walks.find(MELODY, with_melody(song(0), ()))
    assert finding.reuse is None
    assert str(finding) == "Melody: too short or too plain to compare, which takes 9 notes."


# --- the index as files ---


def test_an_index_is_read_as_it_was_built_and_knows_the_training_songs_alone(data: Path, built: Path) -> None:
    index, dataset = Index.open(built), Dataset.open(data)
    for piece in dataset.pieces:
        music = dataset.music(piece).transposed(2)
        found = index.find(MELODY, music)
        if piece.split == "train":
            assert (found.nearest[0].song.title, found.reuse) == (piece.song.split("/")[1], 1)
        else:
            assert found.reuse is not None and found.reuse < 1
    assert {one.title for one in index.songs} == {piece.song.split("/")[1] for piece in dataset.split("train")}


def test_what_is_usual_was_measured_on_held_out_songs(data: Path, built: Path) -> None:
    index, dataset = Index.open(built), Dataset.open(data)
    held_out = [piece for piece in dataset.pieces if piece.split != "train"]
    found = [index.find(CHORDS, dataset.music(piece)) for piece in held_out]
    measured = index.usual["chords"][16]
    for more, share in enumerate(measured["share"]):
        assert share == pytest.approx(np.mean([finding.longest >= 7 + more for finding in found]), abs=1e-4)
    assert max(finding.longest for finding in found) == 6 + len(measured["share"]) > 7
    assert measured["reuse"] == pytest.approx(np.mean([finding.reuse for finding in found]), abs=1e-4)
    assert [finding.usual for finding in found] == [measured["share"][max(f.longest - 7, 0)] for f in found]


def test_a_data_set_always_gives_the_same_bytes(data: Path, built: Path, tmp_path: Path) -> None:
    again = build(data, tmp_path / "again")
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {
        path.name: path.read_bytes() for path in built.iterdir()
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (RUNS, None), (RUNS, b""), (RUNS, b"version https://git-lfs.github.com/spec/v1\n"), (SONGS, b"{}"),
        (MANIFEST, None), (MANIFEST, b"[]"), (MANIFEST, b"{}"), (MANIFEST, b"\xff"), (MANIFEST, b'{"format": 2}'),
    ],
)  # fmt: skip
def test_a_damaged_index_is_one_plain_line(built: Path, tmp_path: Path, name: str, content: bytes | None) -> None:
    for path in built.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=r"^Expected an index of training songs in .*\. Received: .*\.$"):
        Index.open(tmp_path)


def test_one_wrong_byte_is_seen(built: Path, tmp_path: Path) -> None:
    for path in built.iterdir():
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= path.name == RUNS
        (tmp_path / path.name).write_bytes(data)
    with pytest.raises(CheckpointError, match=f"other content in {RUNS}"):
        Index.open(tmp_path)


def test_the_index_that_ships_is_whole_small_and_no_model() -> None:
    index = Index.open()
    folder = next(folder / "originality" for folder in hub.BUNDLED if (folder / "originality").is_dir())
    assert sum(path.stat().st_size for path in folder.iterdir()) < 3_000_000
    assert len(index.songs) > 1000
    assert all(one.title and one.source and one.licence for one in index.songs)
    assert all(finding.usual is not None for finding in index.answer(song(0)).findings)
    assert "originality" not in hub.bundled_names()


@pytest.mark.parametrize(
    ("name", "source", "title", "composer"),
    [
        ("lieder/scores/Hensel,_Fanny/5_Lieder,_Op.10/4_Im_Herbste/lc5000459.mxl", "lieder",
         "Im Herbste (5 Lieder, Op.10)", "Fanny Hensel"),
        ("lieder/scores/Chaminade,_Cécile/_/Au_pays_bleu/lc6261607.mxl", "lieder", "Au pays bleu", "Cécile Chaminade"),
        ("openewld/dataset/George_Gershwin-Irving_Caesar/Swanee/Swanee.mxl", "openewld",
         "Swanee", "George Gershwin, Irving Caesar"),
        ("openewld/dataset/Kenneth_MacLeod-Marjory_Kennedy-Fraser/The_Road/The_Road.mxl", "openewld",
         "The Road", "Kenneth MacLeod, Marjory Kennedy-Fraser"),
        ("openewld/dataset/[Traditional]/Banks_of_the_Ohio/Banks_of_the_Ohio.mxl", "openewld",
         "Banks of the Ohio", "traditional"),
        ("chorales/bwv245.22", "chorales", "BWV 245.22", "J. S. Bach"),
        ("freedoom/d_e1m5_0a635a0d.mid", "freedoom", "d_e1m5", ""),
        ("folder:mine/a_tune_0a635a0d.mid", "folder:mine", "a_tune_0a635a0d", ""),
    ],
)  # fmt: skip
def test_titles_and_composers_are_read_from_ids(name: str, source: str, title: str, composer: str) -> None:
    assert title_of(name, source) == (title, composer)


# --- the command ---


def test_the_command_names_the_song_of_a_file(
    data: Path, built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset = Dataset.open(data)
    piece = dataset.split("train")[3]
    (tmp_path / "copy.mid").write_bytes(to_midi(dataset.music(piece).transposed(4)))
    assert main(["original", str(tmp_path / "copy.mid"), "--index", str(built)]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("Melody: ") and f'(bars 1 to 16) are as in "{piece.song.split("/")[1]}"' in first


@pytest.mark.parametrize("missing", ["file", "index"])
def test_a_missing_file_or_index_is_one_line(
    built: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    file = tmp_path / "song.mid"
    if missing == "index":
        file.write_bytes(to_midi(song(1)))
    folder = tmp_path / "none" if missing == "index" else built
    assert main(["original", str(file), "--index", str(folder)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("musicgen: Expected ") and said.count("\n") == 1


def test_the_index_is_built_by_a_command(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["index", "--data", str(data), "--out", str(tmp_path / "index")]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "index")
    assert json.loads((tmp_path / "index" / MANIFEST).read_text())["files"][RUNS]["size"] > 0
