"""The command line: what it writes, and what it says when it cannot."""

import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import mido
import pytest
import soundfile

from musicgen.__main__ import main
from musicgen.hub import write_manifest
from musicgen.midi import from_midi, read_recipe
from musicgen.music import SIX_EIGHT, Key
from musicgen.request import BAR_CHOICES, Request
from tests.tiny import tiny_vae


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint folder of a tiny model."""
    folder = tmp_path_factory.mktemp("model")
    tiny_vae().save_pretrained(folder)
    write_manifest(folder)
    return str(folder)


def generate(model: str, out: Path, *more: str) -> int:
    return main(["generate", "--model", model, "--bars", "4", "--out", str(out), *more])


def test_what_may_not_be_meant_is_remarked_on_beside_the_files(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--chords", "Am F C G", "--key", "F# major", "--temperature", "0"]
    assert generate(model, tmp_path / "song.mid", *asked) == 0
    said = capsys.readouterr()
    assert said.out == f"{tmp_path / 'song.mid'}\n"
    assert "These chords fit A minor better than F# major" in said.err
    assert "every seed gives the same piece" in said.err


def test_a_midi_file_holds_what_was_asked_for(model: str, tmp_path: Path) -> None:
    out = tmp_path / "song.mid"
    asked = ["--style", "jazz", "--tempo", "90", "--key", "A minor", "--seed", "7"]
    assert generate(model, out, *asked) == 0
    music = from_midi(out.read_bytes())
    assert (music.bars, music.tempo, music.key, music.style) == (4, 90, Key.parse("A minor"), "jazz")


def test_words_are_a_request_and_options_win_over_them(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "song.mid"
    words = ["--words", "a slow sad rock song of 8 bars with purple drums and no bass", "--key", "D major"]
    assert generate(model, out, *words) == 0  # with --bars 4
    assert capsys.readouterr().err == (
        "Understood: slow: 93 BPM; sad: A minor; rock; 8 bars; drums: with Drums; no bass: without Bass. "
        "Not understood: purple.\n"
    )
    music, recipe = from_midi(out.read_bytes()), read_recipe(out.read_bytes())
    assert (music.bars, music.tempo, music.key, music.style) == (4, 93, Key.parse("D major"), "rock")
    assert recipe is not None
    assert recipe["request"]["roles"] == ["melody", "chords", "pad", "drums"]  # type: ignore[index]


def test_wishes_are_in_the_recipe(model: str, tmp_path: Path) -> None:
    out = tmp_path / "song.mid"
    assert generate(model, out, "--density", "40", "--chords", "Am F | C G", "--form", "AB") == 0
    recipe = read_recipe(out.read_bytes())
    assert recipe is not None
    wishes = {"density": 40.0, "tension": None, "chords": "Am F | C G", "form": "AB"}
    assert recipe["request"].items() >= wishes.items()  # type: ignore[attr-defined]


def test_what_the_model_hears_of_chords_is_told(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    assert generate(model, tmp_path / "song.mid", "--chords", "Cmaj7#11 | B♭/D | N.C. | G7") == 0
    assert capsys.readouterr().err.splitlines() == ["The models hear Cmaj7#11 as C, B♭/D as Bb."]


def test_a_model_that_knows_a_metre_is_asked_for_it(tmp_path: Path) -> None:
    composer = tiny_vae()
    composer.metres = ("4/4", "6/8")
    composer.save_pretrained(tmp_path)
    write_manifest(tmp_path)
    assert generate(str(tmp_path), tmp_path / "jig.mid", "--metre", "6/8") == 0
    jig = (tmp_path / "jig.mid").read_bytes()
    assert (from_midi(jig).metre, from_midi(jig).ticks) == (SIX_EIGHT, 4 * 36)
    assert read_recipe(jig)["request"]["metre"] == "6/8"  # type: ignore[index]


def test_a_piece_has_an_ending_and_a_loop_has_none_unless_it_is_asked_for(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def write_one(model: str, request: Request, path: Path) -> Path:
        asked.append(request.ending)
        return path

    monkeypatch.setattr("musicgen.make.write_one", write_one)
    for name, options in (
        ("a.mid", []), ("a.mid", ["--no-ending"]), ("a.wav", []), ("a.loop.wav", []), ("a.loop.wav", ["--ending"]),
    ):  # fmt: skip
        assert generate(model, tmp_path / name, *options) == 0
    assert asked == [True, False, True, False, True]


def test_a_file_without_an_ending_has_the_recipe_that_files_had_before_there_were_endings(
    model: str, tmp_path: Path
) -> None:
    recipes = []
    for name, options in (("with", []), ("without", ["--no-ending"])):
        assert generate(model, tmp_path / f"{name}.mid", *options) == 0
        recipes.append(read_recipe((tmp_path / f"{name}.mid").read_bytes()))
    assert recipes[0]["request"].pop("ending") is True  # type: ignore[index]
    assert recipes[0] == recipes[1]


def test_the_recipe_in_the_file_makes_the_same_bytes_again(model: str, tmp_path: Path) -> None:
    first, again = tmp_path / "first.mid", tmp_path / "again.mid"
    assert generate(model, first, "--seed", "3", "--roles", "bass,drums") == 0
    recipe = read_recipe(first.read_bytes())
    assert recipe is not None
    request = Request.from_dict(recipe["request"])  # type: ignore[arg-type]
    assert generate(model, again, "--seed", str(request.seed), "--roles", ",".join(request.roles)) == 0
    assert again.read_bytes() == first.read_bytes()


@pytest.mark.parametrize("ending", ["wav", "mp3", "ogg", "flac"])
def test_sound_is_written_in_the_format_of_the_ending(model: str, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"song.{ending}"
    assert generate(model, out, "--tempo", "240") == 0
    info = soundfile.info(out)
    assert (info.channels, info.samplerate) == (2, 44100)
    assert 4 <= info.duration <= 9  # four bars at 240 beats a minute, and the tail


def test_a_score_has_a_part_for_each_role_that_plays(model: str, tmp_path: Path) -> None:
    assert generate(model, tmp_path / "song.musicxml", "--seed", "3") == 0
    assert generate(model, tmp_path / "song.mid", "--seed", "3") == 0
    music = from_midi((tmp_path / "song.mid").read_bytes())
    parts = ElementTree.parse(tmp_path / "song.musicxml").findall("part-list/score-part/part-name")
    assert [part.text for part in parts] == [track.role.capitalize() for track in music.tracks if track.notes]


def test_a_loop_and_a_zip_are_written(model: str, tmp_path: Path) -> None:
    for ending in ("loop.wav", "zip"):
        assert generate(model, tmp_path / f"song.{ending}", "--tempo", "240", "--seed", "3", "--no-ending") == 0
    assert soundfile.info(tmp_path / "song.loop.wav").frames == 4 * 44100
    with zipfile.ZipFile(tmp_path / "song.zip") as archive:
        assert archive.testzip() is None
        loop = archive.read(next(name for name in archive.namelist() if name.endswith("-seed3-loop.wav")))
    assert loop == (tmp_path / "song.loop.wav").read_bytes()


def test_a_path_without_an_ending_is_a_folder_of_pieces_with_seeds_in_order(model: str, tmp_path: Path) -> None:
    assert generate(model, tmp_path / "many", "--count", "3", "--seed", "5") == 0
    assert sorted(path.name for path in (tmp_path / "many").iterdir()) == [
        "song-000.mid",
        "song-001.mid",
        "song-002.mid",
    ]
    assert generate(model, tmp_path / "one.mid", "--seed", "6") == 0
    assert (tmp_path / "one.mid").read_bytes() == (tmp_path / "many" / "song-001.mid").read_bytes()


def test_a_folder_that_is_there_is_a_folder_whatever_its_name(model: str, tmp_path: Path) -> None:
    folder = tmp_path / "songs.v2"
    folder.mkdir()
    assert generate(model, folder, "--count", "2") == 0
    assert sorted(path.name for path in folder.iterdir()) == ["song-000.mid", "song-001.mid"]


BAD = {
    "an unknown style": ["--style", "polka"],
    "a length that is not offered": ["--bars", "5"],
    "a tempo out of range": ["--tempo", "9000"],
    "a tempo that is no number": ["--tempo", "fast"],
    "not a number at all": ["--tempo", "nan"],
    "an unknown key": ["--key", "H major"],
    "a negative seed": ["--seed", "-1"],
    "a seed that is not whole": ["--seed", "1.5"],
    "a temperature out of range": ["--temperature", "inf"],
    "an unknown role": ["--roles", "kazoo"],
    "no role": ["--roles", ""],
    "an unknown metre": ["--metre", "5/4"],
    "a metre that the model does not know": ["--metre", "6/8"],
    "no pieces": ["--count", "0"],
    "an unknown option": ["--loud"],
    "a missing model": ["--model", "does-not-exist"],
    "a model that is not pinned": ["--model", "someone/model"],
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD.keys())
def test_bad_input_is_one_plain_line_and_status_2_and_nothing_is_written(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    out = tmp_path / "folder"
    assert generate(model, out, *arguments) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("musicgen: ")
    assert "\n" not in said
    assert "xpected" in said or "unrecognized" in said
    assert not out.exists()


def test_an_unknown_ending_is_told_before_any_work(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(model, tmp_path / "song.xyz") == 2
    assert ".mid" in capsys.readouterr().err


def test_a_damaged_checkpoint_is_told(model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "damaged"
    folder.mkdir()
    for path in Path(model).iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    assert generate(str(folder), tmp_path / "song.mid") == 2
    assert "model.safetensors" in capsys.readouterr().err
    assert not (tmp_path / "song.mid").exists()


def test_a_soundfont_that_is_none_is_told(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    font = tmp_path / "font.sf2"
    font.write_bytes(b"this is not a soundfont")
    monkeypatch.setenv("MUSICGEN_SOUNDFONT", str(font))
    assert generate(model, tmp_path / "song.wav") == 2
    assert "soundfont" in capsys.readouterr().err
    assert not (tmp_path / "song.wav").exists()


def test_a_missing_corpus_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prepare", "--corpus", str(tmp_path), "--out", str(tmp_path / "data"), "--source", "simutrans"]) == 2
    assert "simutrans.tar.xz" in capsys.readouterr().err


def test_training_without_data_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "vae", "--data", str(tmp_path), "--run", str(tmp_path / "run")]) == 2
    assert "prepare" in capsys.readouterr().err


def test_the_gan_trains_on_one_device(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "gan", "--data", str(tmp_path), "--from", str(tmp_path), "--devices", "2"]) == 2
    assert "--devices" in capsys.readouterr().err


def test_the_program_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "musicgen", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "0.1.0")


def test_the_benchmark_reports_every_length(model: str, tmp_path: Path) -> None:
    out = tmp_path / "bench.json"
    assert main(["benchmark", "--model", model, "--rounds", "5", "--out", str(out)]) == 0
    assert out.read_text().count('"p95"') == len(BAR_CHOICES) + 1


def test_a_midi_file_opens_elsewhere(model: str, tmp_path: Path) -> None:
    out = tmp_path / "song.mid"
    generate(model, out)
    file = mido.MidiFile(out)
    assert (file.type, file.ticks_per_beat, len(file.tracks)) == (1, 480, 6)
