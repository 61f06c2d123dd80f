"""`python -m musicgen evaluate`: the report it writes, and what it says of what it is given."""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from musicgen.__main__ import main
from musicgen.corpus.dataset import Dataset
from musicgen.corpus.labels import ENDS
from musicgen.evaluation.answering import open_model
from musicgen.evaluation.metrics import HEADLINE
from musicgen.evaluation.protocol import DIFFERS, LOSES, MATCHES
from musicgen.evaluation.run import answers
from musicgen.evaluation.windows import windows
from musicgen.models.note_classifier import ClassifierConfig, ClassifierTrainer
from musicgen.request import Request
from tests.made_songs import made_data
from tests.tiny import tiny_vae


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    edges = np.zeros(len(made_data(folder).offsets) - 1, np.uint8)
    edges[15::16] = ENDS  # of every song the last bar
    np.save(folder / "edges.npy", edges)
    return folder


def tiny_trainer(bars: int) -> ClassifierTrainer:
    return ClassifierTrainer(ClassifierConfig(bars=bars, width=16, heads=2, blocks=1, windows=16, rate=5e-3))


@pytest.fixture(scope="module")
def out(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("musicgen.evaluation.learned_ear._trainer", lru_cache(tiny_trainer))
        evaluate_into(data, folder)
        yield folder


def evaluate_into(data: Path, folder: Path) -> None:
    models = [text for name in ("noise", "markov", "real") for text in ("--model", name)]
    assert (
        main(["evaluate", *models, "--data", str(data), "--count", "30", "--learned", "48", "--out", str(folder)]) == 0
    )
    return folder


def test_the_report_has_every_metric_with_its_interval(out: Path) -> None:
    report = json.loads((out / "report.json").read_text())
    assert [model["name"] for model in report["models"]] == ["noise", "markov", "real"]
    for model in report["models"]:
        for name in HEADLINE:
            value = model["metrics"][name]
            assert value["low"] <= value["value"] <= value["high"], name
            assert report["held-out"]["metrics"][name]["noise floor"] is not None
        assert sum(model["verdicts"].values()) == len(HEADLINE)
        assert model["styles"]["pop"]["coverage"] == model["diversity"]["coverage"]
        assert model["styles"]["pop"]["composite"] == pytest.approx(model["composite"]["value"], abs=1e-4)


def test_it_tells_noise_from_songs(out: Path) -> None:
    noise, markov, real = json.loads((out / "report.json").read_text())["models"]
    assert noise["composite"]["value"] > markov["composite"]["value"] > real["composite"]["value"]
    assert noise["classifier"]["AUC"] > 0.95
    assert real["classifier"]["AUC"] < 0.75
    assert noise["harmony gain"]["clash rate"] < 0.5
    assert noise["metrics"]["scale consistency"]["verdict"] == DIFFERS
    assert real["metrics"]["scale consistency"]["verdict"] == MATCHES
    assert noise["alarms"]["any"] == 1


def test_networks_that_read_the_notes_tell_noise_from_songs_and_not_songs_from_songs(out: Path) -> None:
    noise, _, real = (model["learned ear"] for model in json.loads((out / "report.json").read_text())["models"])
    assert min(noise["whole"]) > 0.9
    assert 0.2 < sum(real["whole"]) / 3 < 0.8
    assert len(noise["four bars"]) == 3
    assert noise["roles"]["melody"] > 0.7
    assert "Can a network that listens tell?" in (out / "report.html").read_text()


def test_models_that_answered_the_same_requests_are_paired(out: Path) -> None:
    (pair,) = json.loads((out / "report.json").read_text())["pairs"]
    assert (pair["model"], pair["composite"], pair["other"]) == ("noise", LOSES, "markov")


def test_the_report_says_how_pieces_end_beside_songs(out: Path) -> None:
    report = json.loads((out / "report.json").read_text())
    songs = report["held-out"]["endings"]
    assert songs["last note, quarter notes"]["count"] > 10
    noise, markov, real = (model["endings"] for model in report["models"])
    assert set(noise) == set(markov) == set(real) == set(songs)
    for name, share in (("last chord on the tonic", 0), ("silence after it, quarter notes", 0)):
        assert real[name]["value"] == songs[name]["value"] == share, "made songs end on the dominant, in their last bar"
    assert markov["last chord on the tonic"]["value"] > 0 and noise["silence after it, quarter notes"]["value"] > 0
    assert "<h2>Endings</h2>" in (out / "report.html").read_text()


def test_every_request_is_answered_again_with_other_seeds(out: Path) -> None:
    for model in json.loads((out / "report.json").read_text())["models"]:
        seeds = model["seeds"]
        assert seeds["distance to data"]["each"][0] == model["composite"]["value"]  # all tables are of the first
        assert seeds["classifier AUC"]["each"][0] == model["classifier"]["AUC"]
        for name, found in seeds.items():
            assert len(found["each"]) == 3
            assert found["least"] <= found["mean"] <= found["most"], name
        assert seeds["chord-tone agreement"]["least"] < seeds["chord-tone agreement"]["most"]


def test_the_report_says_what_gives_the_pieces_away(out: Path) -> None:
    noise, _, real = json.loads((out / "report.json").read_text())["models"]
    worst = noise["classifier"]["telling"][0]
    assert max(worst["AUC"], 1 - worst["AUC"]) > 0.95
    assert (worst["generated"] > worst["real"]) == (worst["AUC"] > 0.5)
    assert noise["classifier"]["by kind"]["tonality"] > 0.95
    assert real["classifier"]["by kind"]["tonality"] < 0.75
    assert worst["feature"] in (out / "report.html").read_text()


def test_songs_through_a_model_and_back_are_a_rung(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = Dataset.open(data)
    tiny_vae().save_pretrained(tmp_path / "tiny")
    rung = open_model(f"rebuilt:{tmp_path / 'tiny'}", dataset)
    monkeypatch.setattr(rung.composer, "reconstruct", lambda music: music)
    test = windows(dataset, "test", 5)
    pieces, songs = answers(rung, dataset, test, 0.8, seed=0)
    assert (pieces, songs) == answers(None, dataset, test, 0.8, seed=0)  # the windows of `real`, song by song
    assert not set(songs) & {window.song for window in test}
    assert rung.generate(Request(seed=1)) == rung.generate(Request(seed=1))


def test_the_page_needs_nothing_else(out: Path) -> None:
    page = (out / "report.html").read_text()
    assert len(page) < 3_000_000
    assert not re.findall(r"""(?:src|href)=["'](?!data:)""", page)
    assert page.count('aria-label="Piano roll') == 4 * 12
    assert "NaN" not in page
    assert ">nan<" not in page


def test_a_model_with_latents_is_also_asked_to_reconstruct(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("musicgen.evaluation.run.RECONSTRUCTED", 2)
    monkeypatch.setattr("musicgen.evaluation.run.ENCODED", 2)
    monkeypatch.setattr("musicgen.evaluation.run.steering", lambda *_: {})
    tiny_vae().save_pretrained(tmp_path / "tiny")
    arguments = [
        "--model",
        str(tmp_path / "tiny"),
        "--data",
        str(data),
        "--count",
        "20",
        "--seeds",
        "1",
        "--learned",
        "0",
        "--out",
        str(tmp_path / "out"),
    ]
    assert main(["evaluate", *arguments]) == 0
    (model,) = json.loads((tmp_path / "out" / "report.json").read_text())["models"]
    bass = model["reconstruction"]["bass"]
    assert list(bass)[::2] == ["onset F1", "framewise accuracy", "hold floor"]
    assert bass["Markov floor of accuracy"] > bass["hold floor"]  # songs made by rule are easy to foretell
    assert bass["Markov floor of F1"] > bass["onset F1"]  # and this model is untrained
    assert model["latents"]["roles"]["bass"]["cells"] == 16 * 2
    assert model["latents"]["KL, nats per cell"] > 0
    assert "nats a cell" in (tmp_path / "out" / "report.html").read_text()
    assert model["identity"].startswith("vae-")


def test_windows_take_songs_in_turn_and_leave_out_silent_roles(data: Path) -> None:
    dataset = Dataset.open(data)
    songs = {piece.song for piece in dataset.split("test")}
    found = windows(dataset, "test", len(songs))
    assert {window.song for window in found} == songs
    assert all(window.music.bars == 16 and all(track.notes for track in window.music.tracks) for window in found)
    assert [w.music for w in windows(dataset, "test", 5)] == [w.music for w in windows(dataset, "test", 5)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--count", "3"], "expected a whole number from 20 to 10000"),
        (["--seeds", "0"], "expected a whole number from 1 to 10"),
        (["--learned", "-1"], "expected a whole number from 0 to 20000"),
        (["--model", "no-such-model"], "Expected"),
        (["--data", "nowhere"], "Expected a folder made by `prepare`"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    given = ["evaluate", "--data", str(data), "--count", "20", "--out", str(tmp_path / "out"), *arguments]
    assert main(given) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_the_ladder_is_not_needed_where_only_the_package_is_installed(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("musicgen.evaluation.answering.import_module", refuse)
    with pytest.raises(Exception, match="Expected"):
        open_model("noise", Dataset.open(data))
