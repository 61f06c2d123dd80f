"""A model led to a folder of MIDI files: what comes out, what is held out, and what is said when it cannot be."""

from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import pytest

from musicgen import load
from musicgen.__main__ import main
from musicgen.corpus.dataset import Dataset
from musicgen.errors import CorpusError
from musicgen.hub import write_manifest
from musicgen.models import load_composer
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES, STYLE_NAMES
from musicgen.training.adapt import AdaptPlan, adapt, between, held_out, sentences
from tests.little_corpus import band_file
from tests.tiny import tiny_vae

SHORT = AdaptPlan(steps=1, epoch=1, windows=4, replay=3)
CARD = {
    "corpus": {"songs": 9, "pieces": 9, "bars": 99},
    "attribution": "- **Some songs** (CC0 1.0). example.org\n",
    "plan": {"steps": 1},
    "cost": {"hours": 0.5, "cores": 2},
    "test": {"windows": 3} | {f"{what}_{role}": 0.5 for what in ("f1", "density", "duration", "velocity")
                              for role in ROLE_NAMES},
}  # fmt: skip


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint folder of a tiny model that says what it was trained on."""
    folder = tmp_path_factory.mktemp("model")
    composer = tiny_vae()
    composer.card = CARD
    composer.save_pretrained(folder)
    write_manifest(folder)
    return folder


def songs(folder: Path, count: int) -> Path:
    """A folder of little songs of sixteen bars, one of them in a folder below."""
    (folder / "below").mkdir(parents=True)
    for seed in range(count):
        (folder / ("below" if seed == 0 else "") / f"song{seed:02}.mid").write_bytes(band_file(seed))
    return folder


@pytest.fixture(scope="module")
def runs(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of runs that the command makes below the current one, with a run on a folder named Mine."""
    here = tmp_path_factory.mktemp("here")
    mine = songs(here / "Mine", 5)
    settings = [f"--set={name}={value}" for name, value in asdict(SHORT).items()]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        assert main(["train", "vae", "--from", str(model), "--data", str(mine), *settings]) == 0
    return here / "runs"


def test_the_command_makes_a_model_that_loads_and_says_what_it_was_made_of(model: Path, runs: Path) -> None:
    folder = runs / "vae-Mine" / "checkpoint"
    adapted = load(folder)
    assert adapted.generate(Request(bars=4)).bars == 4
    told = adapted.card["adapted"]  # type: ignore[attr-defined]
    assert (told["from"], told["songs"], told["bars"], told["held_out"]) == (load(model).identity, 5, 80, 0)
    assert 0 < told["before"] != told["after"] > 0
    card = (folder / "README.md").read_text()
    assert told["from"] in card and "5 songs, 80 bars" in card and "9 songs" in card
    assert sentences(told)[0].startswith(f"Adapted from {told['from']} to 5 songs, 80 bars, taken for {told['style']}")


def test_the_model_rehearses_pieces_of_its_own_in_all_styles_beside_the_music(runs: Path) -> None:
    pieces = Dataset.open(runs / "vae-Mine" / "data").pieces
    assert len([piece for piece in pieces if piece.source == "mine"]) == 5
    assert {piece.style for piece in pieces if piece.source == "replay"} == set(STYLE_NAMES[:3])


def test_what_the_prior_measures_by_and_the_other_networks_stay_as_they_were(model: Path, runs: Path) -> None:
    before, after = load_composer(model), load_composer(runs / "vae-Mine" / "checkpoint")
    changed = {
        a.path: not np.array_equal(a.numpy(), b.numpy()) for a, b in zip(before.weights, after.weights, strict=True)
    }
    still = {"prior/mean", "prior/scale", "prior/quantiles", "prior/directions"}
    still |= {path for path in changed if not path.startswith("prior/")}
    assert not any(changed[path] for path in still)
    assert changed["prior/x_in/kernel"]


def test_of_ten_songs_one_is_held_out_and_of_fewer_none() -> None:
    names = [f"song{number:02}" for number in range(20)]
    assert held_out(names[:9]) == set()
    assert held_out(names) == {"song09", "song19"}


def test_a_folder_without_midi_files_or_with_too_little_music_is_told(model: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match=r"Expected MIDI files.* Received: neither"):
        adapt(tmp_path / "empty", tmp_path / "run", model)
    mine = songs(tmp_path / "few", 2)
    (mine / "broken.mid").write_bytes(b"MThd")
    with pytest.raises(CorpusError, match=r"at least 64 bars.* Received: 32, in 2 files; left out: 1 \(cannot be read"):
        adapt(mine, tmp_path / "run", model)


def test_music_of_ones_own_needs_a_model_to_begin_with(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "vae", "--data", str(songs(tmp_path / "mine", 1))]) == 2
    assert "--from" in capsys.readouterr().err


def test_weights_that_come_out_lie_between_the_old_and_the_new() -> None:
    new, old = (keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, name="a")]) for _ in range(2))
    new.set_weights([np.array([[4.0]]), np.array([0.0])])
    old.set_weights([np.array([[8.0]]), np.array([2.0])])
    between(new, old, 0.25)
    assert [weight.item() for weight in new.get_weights()] == [5.0, 0.5]
