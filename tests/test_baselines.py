"""The trained rungs of the ladder: their grid, their tokens, and that training runs, stops, goes on and loads."""

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.baselines import TRAINED, find, grid, training
from benchmarks.baselines.musicvae import MusicVAE, condition
from benchmarks.baselines.training import Budget
from benchmarks.baselines.trio import HOLD, OFF, TRIO, Trio, held_out, reduced
from benchmarks.compare_reconstruction import compare, table
from musicgen.codec import encode
from musicgen.corpus.dataset import Dataset
from musicgen.errors import CheckpointError, CorpusError
from musicgen.evaluation.reconstruction import onset_f1
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


# --- tokens ---


def tokens(music: Music, trio: Trio) -> np.ndarray:
    return trio.tokens(*grid.grid(encode(music), music.bars))


KIT = Trio(np.eye(4, 20, -1, bool))  # silence, kick, snare, side stick


def test_a_line_begins_holds_and_falls_silent() -> None:
    notes = (Note(0, 24, 6, 80), Note(6, 31, 3, 80), Note(12, 24, 36, 80))
    found = tokens(Music((Track("bass", 33, notes),), 1), KIT)
    assert found[:, 1].tolist() == [2, HOLD, 9, OFF, 2, *[HOLD] * 11]
    assert not found[:, [0, 2]].any()


def test_the_melody_is_its_highest_note_and_the_bass_its_lowest() -> None:
    pair = (Note(0, 48, 12, 80), Note(0, 55, 12, 80))
    found = tokens(Music((Track("melody", 0, pair), Track("bass", 33, pair)), 1), KIT)
    assert found[0, :2].tolist() == [2 + 7, 2 + 24]


def test_drums_that_have_no_token_become_the_nearest_that_have() -> None:
    kick, clap = Note(0, 36, 3, 80), Note(0, 39, 3, 80)
    assert tokens(Music((Track("drums", 0, (kick,)),), 1), KIT)[0, 2] == 1
    assert tokens(Music((Track("drums", 0, (kick, clap)),), 1), KIT)[0, 2] == 1


def test_a_transposed_line_moves_its_notes_within_the_range_of_the_role() -> None:
    line = np.array([[2, 2, 1], [HOLD, OFF, 2], [49, 37, 3]], np.int32)  # lowest, highest
    assert KIT.transposed(line, 2).tolist() == [[4, 4, 1], [HOLD, OFF, 2], [39, 27, 3]]
    assert KIT.transposed(line, -1).tolist() == [[13, 13, 1], [HOLD, OFF, 2], [48, 36, 3]]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.floats(0.2, 0.95))
def test_music_of_tokens_says_the_same_again(seed: int, quiet: float) -> None:
    rng = np.random.default_rng(seed)
    like = Music((Track("melody", 0, ()), Track("bass", 33, ()), Track("drums", 0, ())), 2)
    drawn = np.stack([rng.integers(size, size=32) for size in KIT.sizes], axis=1)
    drawn[rng.random((32, 3)) < quiet] = HOLD
    music = KIT.music(drawn, like)
    assert [n.onset // 3 for n in music.notes("melody")] == np.flatnonzero(drawn[:, 0] >= 2).tolist()
    assert KIT.music(tokens(music, KIT), like) == music


def test_a_kit_holds_what_is_played_and_comes_back_from_its_run(dataset: Dataset, tmp_path: Path) -> None:
    trio = Trio.of(dataset)
    assert not trio.kit[0].any()
    music = reduced(dataset.music(dataset.split("train")[0]))
    assert trio.music(tokens(music, trio), music) == music
    trio.save(tmp_path)
    assert np.array_equal(Trio.load(tmp_path).kit, trio.kit)
    with pytest.raises(CheckpointError, match=r"kit\.npy"):
        Trio.load(tmp_path / "elsewhere")


# --- MusicVAE ---


def ostinato(first: int, beat: int) -> Music:
    """Sixteen bars of one: four notes of melody from `first` on, a bass on the one, a kick on a beat."""
    bars = [48 * bar for bar in range(16)]
    melody = [Note(bar + 12 * place, first + place, 12, 78) for bar in bars for place in range(4)]
    bass = [Note(bar, first - 24, 24, 78) for bar in bars]
    drums = [Note(bar + 12 * beat, 36, 3, 78) for bar in bars]
    return Music(
        (Track("melody", 0, tuple(melody)), Track("bass", 0, tuple(bass)), Track("drums", 0, tuple(drums))), 16
    )


def test_two_pieces_learned_by_heart_come_back_each_from_its_own_vector() -> None:
    model = MusicVAE(KIT, width=32)
    step = model.steps["network"]
    step.compile(optimizer=keras.optimizers.Adam(0.01, clipnorm=5.0), jit_compile=False)
    pieces = [ostinato(60, 0), ostinato(67, 2)]
    batch = {
        "tokens": np.stack([tokens(music, KIT) for music in pieces]),
        "condition": np.stack([condition(music.style, music.key) for music in pieces]),
    }
    rng = np.random.default_rng(0)
    for _ in range(200):
        step.train_on_batch(batch | {"noise": rng.standard_normal((2, 512)).astype(np.float32)})
    copies = model.reconstruct_many(pieces)
    assert model.reconstruct(pieces[0]) == copies[0]
    for role in TRIO:
        assert min(onset_f1(piece, copy, role) for piece, copy in zip(pieces, copies, strict=True)) > 0.9
        assert max(onset_f1(piece, copy, role) for piece, copy in zip(pieces, copies[::-1], strict=True)) < 0.5


def test_temperature_is_how_far_a_copy_strays(dataset: Dataset) -> None:
    model = MusicVAE(Trio.of(dataset), width=16)
    like = dataset.music(dataset.split("train")[0], 0, 16)
    z = np.zeros((1, 512), np.float32)
    assert model.decode(z, like, 0.0, seed=1) == model.decode(z, like, 0.0, seed=2)
    assert model.decode(z, like, 1.0, seed=1) == model.decode(z, like, 1.0, seed=1)
    assert model.decode(z, like, 1.0, seed=1) != model.decode(z, like, 1.0, seed=2)


def test_a_piece_of_any_length_is_encoded_in_windows_of_sixteen_bars(dataset: Dataset) -> None:
    model = MusicVAE(Trio.of(dataset), width=16)
    music = Music((Track("bass", 33, (Note(0, 24, 12, 80),)),), 20)
    latents = model.encode(music)
    assert latents.shape == (2, 512)
    assert np.allclose(latents[1], model.encode(Music((Track("bass", 33, ()),), 4))[0], atol=1e-5)
    copy = model.decode(latents, music)
    assert (copy.bars, [track.role for track in copy.tracks]) == (20, ["bass"])


# --- comparing copies ---


def test_a_copy_that_is_right_beats_one_that_is_silent(dataset: Dataset) -> None:
    windows = held_out(dataset, "train", 16)
    songs, pieces = [song for song, _ in windows], [music for _, music in windows]
    silent = [replace(music, tracks=tuple(replace(t, notes=()) for t in music.tracks)) for music in pieces]
    rows = compare(pieces, songs, [pieces, silent])
    assert [(row["role"], row["metric"]) for row in rows][:2] == [
        ("melody", "onset F1"), ("melody", "framewise accuracy"),
    ]  # fmt: skip
    assert {row["verdict"] for row in rows} == {"beats"}
    assert all(row["model"]["value"] == 1 for row in rows)
    assert all(row["other"]["value"] == 0 for row in rows if row["metric"] == "onset F1")
    assert {row["verdict"] for row in compare(pieces, songs, [silent, pieces])} == {"loses to"}
    assert {row["verdict"] for row in compare(pieces, songs, [pieces, pieces])} == {"not told apart from"}
    assert "| beats |" in table(rows, "one", "other")


# --- training ---


def trainer(kind: str) -> Callable[[Dataset, Path, Budget, int], None]:
    from importlib import import_module

    train: Callable[[Dataset, Path, Budget, int], None] = import_module(TRAINED[kind].split(":")[0]).train
    return train


@pytest.mark.parametrize("kind", list(TRAINED))
def test_a_rung_trains_goes_on_and_plays(
    dataset: Dataset, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "EVERY", 2)
    if kind == "dense-gan":
        monkeypatch.setattr("benchmarks.baselines.dense_gan.POOL", 20)
    if kind == "musicvae":
        monkeypatch.setattr("benchmarks.baselines.musicvae.BATCH", 2)
        monkeypatch.setattr("benchmarks.baselines.musicvae.MEASURED", 3)
    run = tmp_path / kind
    training.settle(run, kind, seed=0)
    trainer(kind)(dataset, run, Budget(steps=2), 0)
    trainer(kind)(dataset, run, Budget(steps=4), 0)  # resumes
    rows = list(csv.DictReader((run / "log.csv").open()))
    assert [int(row["step"]) for row in rows] == [2, 4]
    assert all(np.isfinite(float(value)) for row in rows for value in row.values())
    state = json.loads((run / "state.json").read_text())
    assert state["step"] == 4 and 0 < float(rows[0]["core_hours"]) < state["core_hours"]
    trainer(kind)(dataset, run, Budget(core_hours=state["core_hours"]), 0)  # spent: makes no step
    assert len((run / "log.csv").read_text().splitlines()) == 3

    rung = find(str(run), dataset)
    assert rung is not None
    assert rung.identity.endswith("4 steps")
    request = Request("jazz", 8, 90, "D minor", seed=5, roles=("melody", "drums"))
    music = rung.generate(request)
    assert (music.bars, str(music.key), [track.role for track in music.tracks]) == (8, "D minor", ["melody", "drums"])
    assert rung.generate(request) == music


def test_a_step_moves_the_weights_of_its_learner_and_no_others() -> None:
    still, learner = (keras.Sequential([keras.layers.Input([1]), keras.layers.Dense(1)]) for _ in range(2))
    for model in (still, learner):
        model.set_weights([np.array([[2.0]]), np.array([0.0])])
    step = training.Step(
        learner, lambda batch, training: keras.ops.mean((still(learner(batch)) - 3) ** 2), [still, learner], 0.01
    )
    before = [model.get_weights() for model in (still, learner)]
    losses = []
    for _ in range(200):
        step.reset_metrics()  # or each would be the mean of all so far
        losses.append(float(step.train_on_batch(np.ones((4, 1), np.float32))))
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


def test_a_rung_that_finds_nothing_to_learn_from_says_so(dataset: Dataset) -> None:
    source = training.windows(dataset, 16, np.random.default_rng(0), lambda piece: False)
    with pytest.raises(CorpusError, match="Received: none"):
        next(source)
