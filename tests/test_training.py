"""Training: batches, a run that is stopped and goes on, and that it learns at all."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from musicgen.corpus.dataset import Dataset, Piece
from musicgen.errors import CheckpointError, CorpusError
from musicgen.models import load_composer
from musicgen.models.asking import in_order
from musicgen.models.prior import ANY_EDGE, BEGINS, INSIDE, Prior, PriorConfig
from musicgen.models.vae import VAE, VAEConfig
from musicgen.models.vae_composer import VAEComposer
from musicgen.request import Request
from musicgen.training.batches import Windows, collate, mutate, piece_weights, room_for, transpose
from musicgen.training.feeding import AT_ONCE, fed
from musicgen.training.fit import Plan, train_vae
from musicgen.training.forms import usual_forms
from musicgen.training.latents import LatentWindows, heard_mode, transposed

PIECE = Piece("song", "source", "train", "jazz", "C major", 120, (0, -1, -1, 33, 0), 0, 16)
SMALL = VAEConfig(latent=8, width=48, heads=2, encoder_blocks=1, conductor_blocks=1, note_width=32, features=12)


def test_transposing_moves_pitches_but_not_drums_and_stays_in_range() -> None:
    rows = np.array([[0, 0, 0, 47, 0, 0], [0, 3, 0, 0, 0, 0], [0, 4, 0, 5, 0, 0]])
    assert transpose(rows, 2)[:, 3].tolist() == [47 + 2 - 12, 2, 5]
    assert transpose(rows, -3)[:, 3].tolist() == [44, 9, 5]


def test_a_mutated_window_lacks_notes_and_moves_some_but_invents_none_and_leaves_drums_in_place() -> None:
    rows = np.array([[0, role, tick, 5, 3, 2] for role in (0, 4) for tick in range(48)])
    changed = [mutate(rows, np.random.default_rng(seed)) for seed in range(20)]
    places = {tuple(row) for row in rows[:, [0, 1, 2]].tolist()}
    assert all({tuple(row) for row in table[:, [0, 1, 2]].tolist()} <= places for table in changed)
    assert all((table[table[:, 1] == 4, 3] == 5).all() for table in changed)
    assert any((table[table[:, 1] == 0, 3] != 5).any() for table in changed)
    assert min(map(len, changed)) > 0.5 * len(rows) > 0 and max(map(len, changed)) <= len(rows)


def test_sections_are_named_in_the_order_of_their_appearance_and_the_first_of_a_letter_is_plain() -> None:
    form = np.repeat([7, 2, 7, 3], 4)  # D' B D' B'
    assert in_order(form)[::4].tolist() == [0, 2, 1, 3]  # A B A' B'
    half = np.repeat([1, 3], 8)  # of A' A' B' B' the window has nothing before
    assert in_order(half)[::4].tolist() == [0, 1, 2, 3]


def test_the_mode_is_what_most_bars_sound_like() -> None:
    keys = np.array([0, 21, 21, 7])
    assert heard_mode(keys, np.array([0.1, 0.2, 0.2, 0.9])) == 1
    assert heard_mode(keys, np.array([0.5, 0.2, 0.2, 0.9])) == 0
    assert heard_mode(np.array([7, 7]), np.ones(2)) == 2


def test_a_latent_window_asks_for_what_it_is(prepared: Path) -> None:
    vae = VAE(SMALL, name="vae")
    prior = Prior(PriorConfig(latent=8, width=20, heads=2, blocks=1), name="prior")
    windows = LatentWindows(vae, Dataset.open(prepared), "train", 64, 4, {}, seed=3)
    prior.quantiles.assign(windows.quantiles())
    windows.rank(prior)
    batch = windows.batch()
    levels, asked = batch["attributes"][..., 0], batch["attributes"][..., 1]
    assert np.abs(levels).max() <= 1 and 0 < asked.mean() < 1
    assert set(batch["style"]) & {SMALL.styles} and set(batch["style"]) - {SMALL.styles}  # asked for, and left open
    assert batch["chords"].max() == 49 and batch["chords"].min() < 48
    assert batch["form"].max() == 8 and batch["form"].min() == 0
    cut = batch["bar_mask"].sum(axis=1) < 16
    assert 0 < cut.sum() < 32


def test_a_prior_that_is_taught_in_three_keys_is_told_which_and_keeps_the_first(prepared: Path) -> None:
    vae = VAE(SMALL, name="vae")
    config = PriorConfig(latent=8, width=20, heads=2, blocks=1)
    taught, kept = Prior(config, keys=3, name="prior"), Prior(config, name="prior")
    windows = LatentWindows(vae, Dataset.open(prepared), "train", 64, 4, {}, seed=3, keys=3)
    windows.rank(taught)
    assert set(windows.batch()["mode"] // 3) == {0, 1, 2}
    kept.in_first_key(taught)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 16, 5, 8)).astype("float32")
    plan = {name: value[:1] for name, value in windows.batch().items()}
    rest = (np.ones(1, "float32"), x, plan["known_mask"], plan["bar_mask"], plan["present"])
    same, other = ({**plan, "mode": np.array([mode], "int32")} for mode in (1, 4))
    for name in ("modulation", "x_out"):  # which are nothing before training
        kernel = rng.standard_normal(getattr(taught, name).kernel.shape)
        for model in (taught, kept):
            getattr(model, name).kernel.assign(kernel)
    in_c = keras.ops.convert_to_numpy(taught.velocity(x, *rest, same))
    assert np.allclose(in_c, kept.velocity(x, *rest, same), atol=1e-4)
    assert not np.allclose(in_c, taught.velocity(x, *rest, other), atol=1e-2)


def test_chords_are_transposed_with_the_notes() -> None:
    codes = np.array([[[0, 11], [12 + 9, 48], [47, 49]]])  # C B, Am and silence, B diminished and any
    assert transposed(codes, np.array([[[2]]])).tolist() == [[[2, 1], [12 + 11, 48], [36 + 1, 49]]]


def test_batches_of_several_processes_are_those_of_one(prepared: Path) -> None:
    one, two = (fed(prepared, 2, 16, 7, processes) for processes in (1, 2))
    for _ in range(AT_ONCE + 1):
        (a,), (b,) = next(one), next(two)
        assert all(np.array_equal(a[name], b[name]) for name in a)
    assert a["onsets"].shape == (5, 2 * 16, 48, 48) and a["onsets"].sum() > 0


def test_training_goes_on_from_a_checkpoint(prepared: Path, tmp_path: Path) -> None:
    prior = PriorConfig(latent=8, width=20, heads=2, blocks=1)
    plan = Plan(steps=1, prior_steps=1, progression_steps=1, epoch=1, windows=2, prior_windows=4, rate=0.0)
    first = train_vae(prepared, tmp_path / "a", plan, SMALL, prior)
    keras.utils.set_random_seed(5)
    second = train_vae(
        prepared, tmp_path / "b", replace(plan, seed=9), SMALL, prior, start=tmp_path / "a" / "checkpoint"
    )
    for a, b in zip(first.vae.get_weights(), second.vae.get_weights(), strict=True):
        assert np.allclose(a, b, atol=0.02)  # a checkpoint has large matrices in 8 bits
    with pytest.raises(CheckpointError, match="architecture"):
        train_vae(prepared, tmp_path / "c", plan, replace(SMALL, width=24), prior, start=tmp_path / "a" / "checkpoint")


def test_latents_that_are_kept_mean_the_same_after_training(prepared: Path, tmp_path: Path) -> None:
    prior = PriorConfig(latent=8, width=20, heads=2, blocks=1)
    plan = Plan(steps=1, prior_steps=1, progression_steps=1, epoch=1, windows=2, prior_windows=4)
    train_vae(prepared, tmp_path / "a", plan, SMALL, prior)
    first = load_composer(tmp_path / "a" / "checkpoint")
    longer = replace(plan, steps=4, prior_steps=2, keep_latents=1)
    second = train_vae(prepared, tmp_path / "b", longer, SMALL, prior, start=tmp_path / "a" / "checkpoint")
    assert isinstance(first, VAEComposer)
    music = first.generate(Request(bars=8))
    assert np.allclose(first.encode(music), second.encode(music), atol=1e-4)
    assert not np.allclose(first.vae.latent_in.kernel, second.vae.latent_in.kernel)  # the decoder learned
    assert np.array_equal(first.prior.quantiles, second.prior.quantiles)
    with pytest.raises(CheckpointError, match="keep_latents: expected a checkpoint"):
        train_vae(prepared, tmp_path / "c", replace(plan, keep_latents=1), SMALL, prior)


def test_networks_are_told_of_metre_and_edges(prepared: Path) -> None:
    vae = VAE(SMALL, name="vae")
    prior = Prior(PriorConfig(latent=8, width=20, heads=2, blocks=1), name="prior")
    windows = LatentWindows(vae, Dataset.open(prepared), "train", 64, 4, {}, seed=3)
    windows.rank(prior)
    batch = windows.batch()
    assert set(batch["edge"].ravel()) >= {INSIDE, BEGINS, ANY_EDGE}
    assert set(batch["metre"]) <= {0, 1, 2}
    assert prior.anything(batch)["metre"].tolist() == batch["metre"].tolist()  # a metre is never left open


def test_a_batch_has_a_cell_per_bar_and_role() -> None:
    rows = np.array([[1, 3, 6, 12, 4, 5]])
    batch = collate([(rows, PIECE, 2), (rows, PIECE, 2)], bars=2, room=4)
    assert batch["notes"][:3].tolist() == [[5 + 3, 3, 6, 12, 4, 5], [10 + 5 + 3, 3, 6, 12, 4, 5], [-1, 0, 0, 0, 0, 0]]
    assert np.argwhere(batch["onsets"]).tolist() == [[3, 1, 6, 12], [3, 3, 6, 12]]
    assert batch["present"].tolist() == [[1, 0, 0, 1, 1]] * 2


def test_a_row_of_dense_windows_finds_room_for_every_note() -> None:
    thin, dense = ((np.zeros((notes, 6), np.int16), PIECE, 16) for notes in (10, 900))
    assert room_for([thin, thin, dense, dense, thin], size=2) == 1800


def test_cells_that_are_alone_do_not_hear_each_other() -> None:
    keras.utils.set_random_seed(1)
    vae = VAE(SMALL, name="vae")
    ones = np.ones((1, 16), "float32"), np.ones((1, 5), "float32")
    notes = np.array([[0, 0, 0, 0, 0, 0], [80 - 1, 4, 0, 0, 0, 0]], "int32")
    other = np.array([[0, 0, 0, 0, 0, 0], [80 - 1, 4, 9, 3, 0, 0]], "int32")

    def first_cell(table: np.ndarray, context: float) -> np.ndarray:
        return keras.ops.convert_to_numpy(vae.encode(table, *ones, np.array([context], "float32"))[0])[0, 0, 0]

    assert np.allclose(first_cell(notes, 0), first_cell(other, 0))
    assert not np.allclose(first_cell(notes, 1), first_cell(other, 1))


def test_the_grooves_of_a_song_in_one_style_count_as_one_piece() -> None:
    def piece(song: str, source: str, style: str) -> Piece:
        return Piece(song, source, "train", style, "C", 120.0, (0, 0, -1, 0, 0), 0, 16)

    pieces = [
        piece("tune", "openewld", "jazz"), piece("tune", "openewld", "jazz"), piece("tune", "openewld", "pop"),
        piece("level", "freedoom", "game"), piece("level", "freedoom", "game"),
    ]  # fmt: skip
    assert piece_weights(pieces, {"freedoom": 3.0}).tolist() == [0.5, 0.5, 1.0, 3.0, 3.0], "stretches are not grooves"


def test_a_vae_learns_one_batch_by_heart(prepared: Path) -> None:
    keras.utils.set_random_seed(1)
    windows = Windows(Dataset.open(prepared), "train", 2, augment=False)
    batch = next(iter(windows))[0]
    vae = VAE(SMALL, name="vae")
    vae.compile(keras.optimizers.Adam(3e-3), jit_compile=False)
    first = vae.train_on_batch(batch, return_dict=True)["onset"]
    for _ in range(60):
        vae.reset_metrics()
        last = vae.train_on_batch(batch, return_dict=True)["onset"]
    assert last < 0.35 * first


def test_a_stopped_run_goes_on_where_it_was_and_ends_in_a_checkpoint(
    prepared: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan = Plan(steps=4, prior_steps=2, progression_steps=2, epoch=2, windows=2, prior_windows=4)
    prior = PriorConfig(latent=8, width=20, heads=2, blocks=1)
    steps = []
    real = VAE.train_on_batch

    def counted(self: VAE, *args: object, **kwargs: object) -> object:
        if len(steps) == 3:
            steps.append("stopped")
            raise KeyboardInterrupt
        steps.append(int(self.optimizer.iterations.numpy()))
        return real(self, *args, **kwargs)

    monkeypatch.setattr(VAE, "train_on_batch", counted)
    with pytest.raises(KeyboardInterrupt):
        train_vae(prepared, tmp_path, plan, SMALL, prior)
    train_vae(prepared, tmp_path, plan, SMALL, prior)
    assert steps == [0, 1, 2, "stopped", 2, 3]  # the epoch that was stopped is done again, no more
    assert len((tmp_path / "log-vae.csv").read_text().splitlines()) == 3
    composer = load_composer(tmp_path / "checkpoint")
    assert isinstance(composer, VAEComposer)
    assert composer.generate(Request(bars=4)).bars == 4
    assert composer.forms == usual_forms(Dataset.open(prepared), 16)


def test_a_run_is_not_resumed_with_another_plan(prepared: Path, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(CorpusError, match="new run folder"):
        train_vae(prepared, tmp_path, Plan(steps=1), SMALL)
