"""The GAN: what form means to it, what its statistics say, and that its training learns, stops and goes on."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from musicgen.corpus.dataset import Dataset
from musicgen.errors import CheckpointError
from musicgen.models import load_composer
from musicgen.models.asking import Asked
from musicgen.models.compiling import compiled
from musicgen.models.gan import Critic, GANConfig, Generator, read_form
from musicgen.models.gan_composer import GANComposer, form_name
from musicgen.models.prior import ANY_CHORD, ANY_MODE, ANY_SECTION
from musicgen.models.vae_composer import VAEComposer
from musicgen.music import Music
from musicgen.request import Request
from musicgen.roles import STYLE_NAMES
from musicgen.training.fit_gan import GAN, GANPlan, posterior_deviation, train_gan, usual_forms
from musicgen.training.grid_statistics import compare_grids, frechet
from musicgen.training.latents import LatentWindows
from tests.test_composers import tiny_gan
from tests.tiny import tiny_vae

SMALL = GANConfig(
    latent=8, width=20, heads=2, base_blocks=1, change_blocks=1, whole_noise=4, section_noise=4,
    critic_width=20, critic_heads=2, critic_blocks=1,
)  # fmt: skip


def plan_for(form: np.ndarray, count: int = 1) -> dict[str, np.ndarray]:
    """A plan in which all roles play, with nothing asked for but the form."""
    return {
        "bar_mask": np.ones((count, 16), "float32"),
        "present": np.ones((count, 5), "float32"),
        "style": np.zeros(count, "int32"),
        "mode": np.full(count, ANY_MODE, "int32"),
        "attributes": np.zeros((count, 5, 2), "float32"),
        "chords": np.full((count, 16, 2), ANY_CHORD, "int32"),
        "form": np.tile(form, (count, 1)).astype("int32"),
        "known": np.zeros((count, 16, 5, 8), "float32"),
        "known_mask": np.zeros((count, 16, 5), "float32"),
    }


def form_codes(form: str) -> np.ndarray:
    """The section code of each bar, shape (16,)."""
    codes = Asked.of(Request(form=form)).form
    assert codes is not None
    return codes


def run(network: keras.Model, *inputs: Any) -> np.ndarray:
    """The network's answer, compiled as it is for serving."""
    return np.asarray(compiled(lambda *tensors: network(*tensors))(*inputs))


def generator_and_noise() -> tuple[Generator, dict[str, np.ndarray]]:
    keras.utils.set_random_seed(1)
    generator = Generator(SMALL, name="generator")
    drawn = generator.draw(1, keras.random.SeedGenerator(1))
    return generator, {name: keras.ops.convert_to_numpy(value) for name, value in drawn.items()}


# --- form ---


def test_a_form_has_a_name() -> None:
    assert form_name(form_codes("AA'BC'")) == "AA'BC'"


def test_sections_left_open_have_letters_of_their_own() -> None:
    form = np.array([[2] * 4 + [3] * 4 + [ANY_SECTION] * 8])
    letter, variation, unknown = (np.asarray(part)[0, ::4].tolist() for part in read_form(form))
    assert (letter, variation, unknown) == ([1, 1, 2, 3], [0, 1, 0, 0], [0, 0, 1, 1])


def test_bars_with_the_same_letter_have_the_same_base_and_are_changed_a_little() -> None:
    generator, noise = generator_and_noise()
    plan, kernel = plan_for(form_codes("ABAC")), generator.change_out.kernel
    grid = run(generator, noise, plan)[0]
    kernel.assign(keras.ops.zeros_like(kernel))
    base = run(generator, noise, plan)[0]
    assert np.allclose(base[0:4], base[8:12], atol=1e-5)
    assert not np.allclose(base[0:4], base[4:8], atol=0.1) and not np.allclose(base[0:4], base[12:16], atol=0.1)
    assert not np.allclose(grid[0:4], grid[8:12], atol=1e-2)
    assert np.abs(grid - base).mean() < 0.6 * np.abs(base).mean()


def test_the_form_asked_for_is_the_form_that_is_made() -> None:
    composer = tiny_gan()
    assert isinstance(composer, GANComposer)
    for form, same, other in (("ABAC", 2, 1), ("AABC", 1, 2)):
        music = composer.generate(Request(seed=3, temperature=1.0, form=form))
        sections = [music.excerpt(4 * i, 4) for i in range(4)]
        assert shared(sections[0], sections[same]) > shared(sections[0], sections[other]) + 0.1


def shared(a: Music, b: Music) -> float:
    """Jaccard index of the notes' (role, onset, pitch)."""
    first, second = ({(t.role, n.onset, n.pitch) for t in music.tracks for n in t.notes} for music in (a, b))
    return len(first & second) / len(first | second)


def test_noises_have_pieces_between_them() -> None:
    composer = tiny_gan()
    assert isinstance(composer, GANComposer)
    first, last = Request(seed=1, bars=4, temperature=1.0), Request(seed=2, bars=4, temperature=1.0)
    path = composer.interpolate(first, last, 3)
    assert path[0] == composer.generate(first)
    assert path[0] != path[1] != path[2]


def test_known_cells_come_back_and_the_others_hear_them() -> None:
    generator, noise = generator_and_noise()
    # untrained gates are shut: blocks that hear other bars are opened by hand
    kernel = generator.modulation.kernel
    kernel.assign(keras.random.normal(kernel.shape, stddev=0.3, seed=1))
    plan = plan_for(np.full(16, ANY_SECTION))
    made = []
    for value in (2.0, -2.0):
        plan["known"][:, :8], plan["known_mask"][:, :8] = value, 1.0
        made.append(run(generator, noise, plan)[0])
        assert np.allclose(made[-1][:8], value)
    assert np.abs(made[0][8:] - made[1][8:]).max() > 0.01


def test_what_does_not_play_is_nothing() -> None:
    generator, noise = generator_and_noise()
    plan = plan_for(form_codes("AABA"))
    plan["present"][0, 2], plan["bar_mask"][0, 8:] = 0, 0
    grid = run(generator, noise, plan)[0]
    assert not grid[:, 2].any() and not grid[8:].any() and grid[:8, 0].all()


# --- the critic ---


def test_the_critic_hears_when_all_pieces_are_one() -> None:
    keras.utils.set_random_seed(1)
    critic = Critic(SMALL, name="critic")
    varied = np.random.default_rng(0).standard_normal((4, 16, 5, 8)).astype("float32")
    both = np.concatenate([varied, np.repeat(varied[:1], 4, axis=0)])
    call = compiled(lambda x, plan: critic(x, plan, groups=2))
    scores = call(both, plan_for(form_codes("AABA"), 8))
    # the first piece is in both groups: only its company differs
    assert abs(scores[0] - scores[4]) > 1e-5
    assert scores[:4] == pytest.approx(run(critic, varied, plan_for(form_codes("AABA"), 4)), abs=1e-5)


# --- statistics ---


def grids(count: int, seed: int, spread: float = 1.0) -> np.ndarray:
    return spread * np.random.default_rng(seed).standard_normal((count, 16, 5, 4)).astype(np.float32)


def test_statistics_tell_good_grids_from_collapsed_and_copied_ones() -> None:
    real, exists = grids(60, 0), np.ones((60, 16, 5))
    letter = np.tile(np.repeat([0, 1, 0, 2], 4), (60, 1))
    real[:, 8:12] = real[:, :4]
    good = grids(60, 1)
    good[:, 8:12] = good[:, :4]
    stats = compare_grids(good, real, letter, exists)
    assert stats["pairwise"] == pytest.approx(1, abs=0.05)
    assert stats["spread"] == pytest.approx(1, abs=0.05)
    assert stats["nearest"] == pytest.approx(1, abs=0.05)
    assert (stats["same_made"], stats["same_real"]) == (pytest.approx(1), pytest.approx(1))
    assert abs(stats["other_made"]) < 0.1
    collapsed = compare_grids(np.repeat(good[:1], 60, axis=0), real, letter, exists)
    assert collapsed["pairwise"] < 0.01 and collapsed["coverage"] < 0.6 < stats["coverage"]
    assert compare_grids(real, real, letter, exists)["nearest"] < 0.01
    assert compare_grids(grids(60, 1, 0.5), real, letter, exists)["spread"] == pytest.approx(0.5, abs=0.05)


def test_the_frechet_distance_of_two_normal_distributions() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((200_000, 2)), [3, 0] + 2 * rng.standard_normal((200_000, 2))
    assert frechet(a, b) == pytest.approx(9 + 2 * (2 - 1) ** 2, rel=0.02)


# --- training ---


def test_forms_are_counted_by_style(prepared: Path) -> None:
    windows = LatentWindows(tiny_vae().vae, Dataset.open(prepared), "train", 4, 4, {}, 0)
    windows.style[:], windows.chance[:] = STYLE_NAMES.index("jazz"), 1 / len(windows.chance)
    windows.asked["form"][:] = np.repeat([0, 1, 2, 0], 4)
    assert usual_forms(windows) == {"jazz": {"AA'BA": 1.0}}


def batches(prepared: Path, size: int = 8) -> tuple[LatentWindows, GAN]:
    keras.utils.set_random_seed(1)
    vae = tiny_vae().vae
    windows = LatentWindows(vae, Dataset.open(prepared), "train", size, 4, {}, 0)
    gan = GAN(SMALL, GANPlan(steps=60, windows=size, rate=2e-3, critic_rate=2e-3, decay=0.9))
    mean, scale = windows.moments()
    for generator in (gan.generator, gan.average):
        generator.mean.assign(mean)
        generator.scale.assign(scale)
        generator.blur.assign(posterior_deviation(windows) / scale)
    windows.rank(gan.generator)
    return windows, gan


def test_each_side_trains_its_own_weights_only(prepared: Path) -> None:
    windows, gan = batches(prepared)
    batch = windows.batch()
    before = [keras.ops.convert_to_numpy(w) for w in (*gan.generator.trainable_weights, *gan.critic.trainable_weights)]
    gan.critic_step.train_on_batch(batch)
    count = len(gan.generator.trainable_weights)
    after = [keras.ops.convert_to_numpy(w) for w in (*gan.generator.trainable_weights, *gan.critic.trainable_weights)]
    assert all(np.array_equal(a, b) for a, b in zip(before[:count], after[:count], strict=True))
    assert sum(not np.array_equal(a, b) for a, b in zip(before[count:], after[count:], strict=True)) > 10
    gan.generator_step.train_on_batch(batch)
    last = [keras.ops.convert_to_numpy(w) for w in (*gan.generator.trainable_weights, *gan.critic.trainable_weights)]
    assert all(np.array_equal(a, b) for a, b in zip(after[count:], last[count:], strict=True))
    assert sum(not np.array_equal(a, b) for a, b in zip(before[:count], last[:count], strict=True)) > 10
    assert all(norm > 0 for norm in gan.norms().values())


def test_the_critic_learns_to_tell_and_the_average_follows(prepared: Path) -> None:
    windows, gan = batches(prepared)
    first = gan.train(windows.batch())["gap"]
    for _ in range(40):
        gan.critic_step.reset_metrics()
        last = gan.critic_step.train_on_batch(windows.batch(), return_dict=True)["gap"]
    assert last > first + 0.5
    for _ in range(20):
        gan.train(windows.batch())
    weights = zip(gan.average.trainable_weights, gan.generator.trainable_weights, strict=True)
    apart = [float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in weights]
    assert 0 < max(apart) < 0.2


def test_a_stopped_run_goes_on_where_it_was_and_ends_in_a_checkpoint(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, run = tmp_path / "vae", tmp_path / "run"
    tiny_vae().save_pretrained(start)
    plan = GANPlan(steps=4, epoch=2, windows=4, lens_steps=2)
    steps: list[object] = []
    real = GAN.train

    def counted(self: GAN, batch: dict) -> object:
        if len(steps) == 3:
            steps.append("stopped")
            raise KeyboardInterrupt
        steps.append(self.step)
        return real(self, batch)

    monkeypatch.setattr(GAN, "train", counted)
    with pytest.raises(KeyboardInterrupt):
        train_gan(prepared, run, start, plan, SMALL)
    composer = train_gan(prepared, run, start, plan, SMALL)
    assert steps == [0, 1, 2, "stopped", 2, 3]  # the epoch that was stopped is done again, no more
    log = (run / "log-gan.csv").read_text().splitlines()
    assert len(log) == 3
    assert {"gap", "critic_gradient", "pairwise", "same_made"} <= set(log[0].split(","))
    loaded = load_composer(run / "checkpoint")
    assert isinstance(loaded, GANComposer)
    assert loaded.forms == composer.forms
    assert loaded.generate(Request(bars=4)).bars == 4
    assert "AABA" in (run / "checkpoint" / "README.md").read_text()


def test_a_vae_with_other_latents_is_refused(prepared: Path, tmp_path: Path) -> None:
    tiny_vae().save_pretrained(tmp_path / "vae")
    assert isinstance(load_composer(tmp_path / "vae"), VAEComposer)
    with pytest.raises(CheckpointError, match="Expected a VAE with the latents"):
        train_gan(prepared, tmp_path / "run", tmp_path / "vae", GANPlan(steps=1), GANConfig(latent=9))
