"""The commands that begin with MIDI files: what they keep, what they write, what they say."""

import re
from functools import cache
from pathlib import Path

import pytest
import soundfile

from musicgen import models
from musicgen.__main__ import main
from musicgen.change import cells
from musicgen.errors import RequestError
from musicgen.hub import write_manifest
from musicgen.midi import from_midi, read_recipe, to_midi
from musicgen.music import TICKS_PER_BAR, Music, Note
from tests.made_songs import song
from tests.test_intake import KIT, LEAD, metre, midi_file
from tests.tiny import tiny_vae


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint folder of a tiny model."""
    folder = tmp_path_factory.mktemp("model")
    tiny_vae().save_pretrained(folder)
    write_manifest(folder)
    return str(folder)


load_once = cache(models.load_composer)


@pytest.fixture(autouse=True)
def loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loading and compiling takes seconds: all commands here share what the first one loads."""
    monkeypatch.setattr(models, "load_composer", load_once)


@pytest.fixture(scope="module")
def piece() -> Music:
    """Eight bars of five roles."""
    return song(3, "AB")


@pytest.fixture
def source(piece: Music, tmp_path: Path) -> Path:
    path = tmp_path / "in.mid"
    path.write_bytes(to_midi(piece))
    return path


def change(name: str, model: str, source: Path, out: Path, *more: str) -> Music:
    assert main([name, str(source), "--model", model, "--out", str(out), *more]) == 0
    return from_midi(out.read_bytes())


def in_bars(music: Music, role: str, first: int, last: int) -> list[Note]:
    """The notes of a role that begin in bars `first` to `last`, counted from 1."""
    return [note for note in music.notes(role) if first - 1 <= note.onset // TICKS_PER_BAR < last]


def test_vary_changes_a_piece_and_keeps_the_roles_to_be_kept(
    model: str, piece: Music, source: Path, tmp_path: Path
) -> None:
    music = change("vary", model, source, tmp_path / "out.mid", "--strength", "0.8", "--keep", "drums, bass")
    assert music.notes("drums") == piece.notes("drums") and music.notes("bass") == piece.notes("bass")
    assert music.notes("melody") != piece.notes("melody")
    assert (music.bars, music.tempo, music.key) == (piece.bars, piece.tempo, piece.key)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(model: str, source: Path, tmp_path: Path) -> None:
    paths = [tmp_path / f"{name}.mid" for name in "abc"]
    for path, seed in zip(paths, ("7", "7", "8"), strict=True):
        change("vary", model, source, path, "--seed", seed)
    first, again, other = (path.read_bytes() for path in paths)
    assert first == again != other


def test_no_strength_gives_the_piece_itself(model: str, piece: Music, source: Path, tmp_path: Path) -> None:
    assert change("vary", model, source, tmp_path / "out.mid", "--strength", "0") == piece


def test_the_recipe_says_what_was_done_to_what(model: str, source: Path, tmp_path: Path) -> None:
    change("vary", model, source, tmp_path / "out.mid", "--seed", "7", "--strength", "0.5")
    recipe = read_recipe((tmp_path / "out.mid").read_bytes())
    assert recipe is not None
    assert recipe["edits"] == [{"kind": "vary", "seed": 7, "strength": 0.5, "keep": ""}]
    assert str(recipe["model"]).startswith("vae-") and recipe["source"] == "in.mid"


def test_infill_makes_only_the_cells_named(model: str, piece: Music, source: Path, tmp_path: Path) -> None:
    music = change("infill", model, source, tmp_path / "out.mid", "--bars", "3-4,8", "--roles", "melody")
    for role in ("chords", "pad", "bass", "drums"):
        assert music.notes(role) == piece.notes(role)
    assert in_bars(music, "melody", 1, 2) == in_bars(piece, "melody", 1, 2)
    assert in_bars(music, "melody", 3, 4) != in_bars(piece, "melody", 3, 4)
    assert in_bars(music, "melody", 5, 7) == in_bars(piece, "melody", 5, 7)


def test_infill_is_told_chords(model: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    change("infill", model, source, tmp_path / "out.mid", "--bars", "3", "--chords", "Am F7sus | C")
    recipe = read_recipe((tmp_path / "out.mid").read_bytes())
    assert recipe is not None and recipe["edits"][0]["chords"] == "Am F7sus | C"  # type: ignore[index]
    assert "The models hear F7sus as F7." in capsys.readouterr().err


def test_accompany_and_infill_bring_in_roles_that_were_silent(model: str, tmp_path: Path) -> None:
    tune = tmp_path / "tune.mid"
    tune.write_bytes(midi_file([metre(4, 4)], LEAD))
    music = change("accompany", model, tune, tmp_path / "out.mid", "--roles", "bass,drums")
    assert music.notes("bass") and music.notes("drums") and not music.notes("pad")
    assert [(note.onset, note.pitch) for note in music.notes("melody")][:2] == [(0, 67), (12, 69)]
    filled = change("infill", model, tune, tmp_path / "filled.mid", "--roles", "bass", "--bars", "2")
    assert in_bars(filled, "bass", 2, 2) == list(filled.notes("bass")) != []


def test_continue_goes_on_after_the_piece(model: str, piece: Music, source: Path, tmp_path: Path) -> None:
    music = change("continue", model, source, tmp_path / "out.mid", "--bars", "4")
    assert music.bars == 12
    assert in_bars(music, "drums", 1, 8) == list(piece.notes("drums"))
    assert in_bars(music, "drums", 9, 12)


def test_restyle_keeps_the_melody_and_takes_the_instruments_of_the_style(
    model: str, piece: Music, source: Path, tmp_path: Path
) -> None:
    music = change("restyle", model, source, tmp_path / "out.mid", "--to", "jazz")
    assert music.style == "jazz" and music.notes("melody") == piece.notes("melody")
    assert {track.role: track.program for track in music.tracks}["bass"] == 32


def test_morph_writes_the_way_from_one_to_the_other(model: str, source: Path, tmp_path: Path) -> None:
    other, folder = tmp_path / "other.mid", tmp_path / "way"
    other.write_bytes(to_midi(song(4, "AABA")))
    assert main(["morph", str(source), str(other), "--model", model, "--steps", "3", "--out", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["morph-000.mid", "morph-001.mid", "morph-002.mid"]
    first, _, last = (from_midi(path.read_bytes()) for path in sorted(folder.iterdir()))
    assert (first.bars, last.bars) == (16, 16)
    assert first.key == from_midi(source.read_bytes()).key and last.key == song(4, "AABA").key
    assert first.tracks != last.tracks


def test_sound_is_written_in_the_format_of_the_ending(model: str, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.flac"
    assert main(["vary", str(source), "--model", model, "--out", str(out)]) == 0
    assert soundfile.info(out).duration > 15  # eight bars at 120 beats a minute


def test_what_reading_changed_is_told_beside_the_result(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    waltz = tmp_path / "waltz.mid"
    waltz.write_bytes(midi_file([metre(3, 4)], LEAD, KIT))
    change("vary", model, waltz, tmp_path / "out.mid")
    told = capsys.readouterr()
    assert told.out == f"{tmp_path / 'out.mid'}\n"
    *reading, unsure, changing = told.err.splitlines()
    assert reading and all(line.startswith("waltz.mid: ") for line in reading)
    assert re.fullmatch(r"\d+% of the notes that were free to change are others now\.", changing)
    assert unsure.startswith("The model learned from music in 4/4 alone")


BAD = {
    "too much strength": ["vary", "--strength", "1.5"],
    "strength that is no number": ["vary", "--strength", "nan"],
    "an unknown role": ["vary", "--keep", "kazoo"],
    "a negative seed": ["vary", "--seed", "-1"],
    "an unknown style": ["vary", "--style", "polka"],
    "a missing model": ["vary", "--model", "does-not-exist"],
    "an unknown ending": ["vary", "--out", "out.xyz"],
    "bars that the piece has not": ["infill", "--bars", "8-9"],
    "bars that are none": ["infill", "--bars", "4-3"],
    "more bars than there can be": ["continue", "--bars", "400"],
    "bars that are not whole": ["continue", "--bars", "1.5"],
    "no style to go to": ["restyle"],
    "a style that is none": ["restyle", "--to", "polka"],
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_plain_line_and_status_2_and_nothing_is_written(
    model: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    name, *more = arguments
    out = tmp_path / "new" / "out.mid"
    if "--out" in more:
        out, more = tmp_path / "new" / "out.xyz", []
    assert main([name, str(source), "--model", model, "--out", str(out), *more]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("musicgen: ") and told.err.count("\n") == 1 and told.out == ""
    assert not out.parent.exists()


@pytest.mark.parametrize("content", [None, b"", b"not music", midi_file([metre(4, 4)])])
def test_a_file_that_cannot_be_used_is_named(
    model: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    bad = tmp_path / "bad.mid"
    if content is not None:
        bad.write_bytes(content)
    for arguments in (["vary", str(bad), "--out", "x.mid"], ["morph", str(source), str(bad), "--out", "x"]):
        assert main([*arguments, "--model", model]) == 2
        told = capsys.readouterr().err
        assert "bad.mid" in told and "Received" in told and told.count("\n") == 1


@pytest.mark.parametrize("steps", ["1", "65", "2.5"])
def test_a_morph_has_2_to_64_steps(model: str, source: Path, tmp_path: Path, steps: str) -> None:
    folder = tmp_path / "way"
    assert main(["morph", str(source), str(source), "--model", model, "--steps", steps, "--out", str(folder)]) == 2
    assert not folder.exists()


def test_cells_are_named_by_bars_and_roles() -> None:
    mask = cells(Music((), 4), "1,3-4", ("bass", "drums"))
    assert mask.astype(int).tolist() == [[0, 0, 0, 1, 1], [0] * 5, [0, 0, 0, 1, 1], [0, 0, 0, 1, 1]]
    assert cells(Music((), 4), None, ("melody",)).sum() == 4


@pytest.mark.parametrize("bars", ["", "0", "5", "3-2", "1-99999999999", "a", "1;2", "-1"])
def test_bars_that_are_not_there_are_refused(bars: str) -> None:
    with pytest.raises(RequestError, match=r'bars: expected bars of 1 to 4, such as "1-2"'):
        cells(Music((), 4), bars, ("melody",))
