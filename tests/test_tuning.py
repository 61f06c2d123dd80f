"""How much of its latents a model believes, chosen by a listener on validation songs."""

import json
from pathlib import Path

import numpy as np
import pytest

from musicgen.__main__ import main
from musicgen.models import load_composer
from musicgen.models.grid_composer import GridComposer
from tests.made_songs import made_data
from tests.tiny import tiny_gan, tiny_vae


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    made_data(folder)
    return folder


def test_the_command_writes_a_model_with_the_time_that_the_listener_tells_least(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("musicgen.evaluation.tuning.TIMES", (0.3, 0.8))
    monkeypatch.setattr("musicgen.evaluation.tuning._SEEDS", 1)
    model = tiny_vae()
    model.card = {  # type: ignore[attr-defined]
        "corpus": {"bars": 1, "pieces": 1, "songs": 1}, "attribution": "Made here.", "plan": {"steps": 1},
        "cost": {"hours": 0.1, "hardware": "none"}, "test": {"windows": 1},
    }  # fmt: skip
    model.save_pretrained(tmp_path / "vae")
    arguments = ["--data", str(data), "--count", "40", "--out", str(tmp_path / "tuned")]
    assert main(["tune", str(tmp_path / "vae"), *arguments]) == 0
    areas = json.loads(capsys.readouterr().out.rsplit("}", 1)[0] + "}")
    tuned = load_composer(tmp_path / "tuned")
    assert isinstance(tuned, GridComposer)
    assert tuned.time == float(min(areas, key=areas.__getitem__)) and set(areas) == {"0.3", "0.8"}
    assert tuned.card["tuned"]["area by time"] == areas


def test_a_model_over_other_latents_lends_no_decoder(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_gan().save_pretrained(tmp_path / "gan")
    other = tiny_vae()
    assert isinstance(other, GridComposer)
    other.notes.mean.assign(np.ones(other.notes.mean.shape))
    other.save_pretrained(tmp_path / "other")
    given = ["--notes", str(tmp_path / "other"), "--data", str(data), "--out", str(tmp_path / "out")]
    assert main(["tune", str(tmp_path / "gan"), *given]) == 2
    assert "expected a model over the latents of" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
