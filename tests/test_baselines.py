"""The trained rungs of the ladder: their grid, and that training runs, stops, goes on and loads."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmarks.baselines import TRAINED, find, grid, training
from musicgen.codec import encode
from musicgen.corpus.dataset import Dataset
from musicgen.errors import CheckpointError
from musicgen.music import Music, Note, Track
from musicgen.request import Request
from tests.made_songs import made_data, song


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return made_data(tmp_path_factory.mktemp("made"), 60)


# --- the grid ---


def test_a_note_begins_once_and_goes_on_until_it_ends() -> None:
    music = Music((Track("bass", 33, (Note(6, 30, 9, 80),)),), 1)
    begins, goes_on = grid.grid(encode(music), 1)
    column = grid.FIRST[3] + 6  # the bass begins at MIDI pitch 24
    assert np.argwhere(begins).tolist() == [[2, column]]
    assert np.argwhere(goes_on).tolist() == [[3, column], [4, column]]


def test_grid_and_back_keeps_every_onset_on_a_sixteenth() -> None:
    music = song(3)
    key = music.key
    home = music.transposed(key.shift_to_normal)
    copy = grid.music(*grid.grid(encode(home), home.bars), home)
    for track in home.tracks:
        before = {(note.onset // 3 * 3, note.pitch) for note in track.notes}
        assert {(note.onset, note.pitch) for note in copy.notes(track.role)} == before


def test_what_sounds_without_a_gap_is_one_note_but_each_drum_step_is_a_hit() -> None:
    like = Music((Track("bass", 33, ()), Track("drums", 0, ())), 1)
    sounding = np.zeros((16, grid.COLUMNS), bool)
    sounding[0:4, grid.FIRST[3]] = True
    sounding[0:4, grid.FIRST[4]] = True
    music = grid.from_sounding(sounding, like)
    assert music.notes("bass") == (Note(0, 24, 12, 78),)
    assert len(music.notes("drums")) == 4


# --- training ---


def trainer(kind: str) -> Callable[[Dataset, Path, int, int], None]:
    from importlib import import_module

    train: Callable[[Dataset, Path, int, int], None] = import_module(TRAINED[kind].split(":")[0]).train
    return train


@pytest.mark.parametrize("kind", list(TRAINED))
def test_a_rung_trains_goes_on_and_plays(
    dataset: Dataset, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "EVERY", 2)
    if kind == "dense-gan":
        monkeypatch.setattr("benchmarks.baselines.dense_gan.POOL", 20)
    run = tmp_path / kind
    training.settle(run, kind, seed=0)
    trainer(kind)(dataset, run, 2, 0)
    trainer(kind)(dataset, run, 4, 0)  # resumes
    rows = list(csv.DictReader((run / "log.csv").open()))
    assert [int(row["step"]) for row in rows] == [2, 4]
    assert all(np.isfinite(float(value)) for row in rows for value in row.values())
    assert json.loads((run / "state.json").read_text())["step"] == 4

    rung = find(str(run), dataset)
    assert rung is not None
    assert rung.identity.endswith("4 steps")
    request = Request("jazz", 8, 90, "D minor", seed=5, roles=("melody", "drums"))
    music = rung.generate(request)
    assert (music.bars, str(music.key), [track.role for track in music.tracks]) == (8, "D minor", ["melody", "drums"])
    assert rung.generate(request) == music


def test_a_step_moves_the_weights_of_its_learner_and_no_others() -> None:
    import keras

    still, learner = (keras.Sequential([keras.layers.Input([1]), keras.layers.Dense(1)]) for _ in range(2))
    step = training.Step(
        learner, lambda batch, training: keras.ops.mean((still(learner(batch)) - 3) ** 2), [still, learner], 0.01
    )
    before = [model.get_weights() for model in (still, learner)]
    losses = [float(step.train_on_batch(np.ones((4, 1), np.float32))) for _ in range(200)]
    assert all(np.array_equal(a, b) for a, b in zip(before[0], still.get_weights(), strict=True))
    assert not np.array_equal(before[1][0], learner.get_weights()[0])
    assert losses[-1] < 0.1 * losses[0]


def test_a_run_of_another_plan_is_refused(tmp_path: Path) -> None:
    training.settle(tmp_path, "lstm", seed=0)
    training.settle(tmp_path, "lstm", seed=0)
    with pytest.raises(CheckpointError, match="another"):
        training.settle(tmp_path, "lstm", seed=1)


def test_a_run_without_a_step_cannot_be_evaluated(dataset: Dataset, tmp_path: Path) -> None:
    training.settle(tmp_path, "lstm", seed=0)
    with pytest.raises(CheckpointError, match="no step"):
        find(str(tmp_path), dataset)
