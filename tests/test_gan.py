"""The GAN: one pass from noise, what its statistics say, and that its training learns, stops and goes on."""

from pathlib import Path

import keras
import numpy as np
import pytest

from musicgen.corpus.dataset import Dataset
from musicgen.models import load_composer
from musicgen.models.compiling import compiled
from musicgen.models.forms import formed
from musicgen.models.gan import LAGS, Critic, CriticConfig, Generator, alike
from musicgen.models.gan_composer import GANComposer
from musicgen.models.grid_composer import GridComposer
from musicgen.models.lens import Lens
from musicgen.models.prior import ANY_CHORD, ANY_EDGE, ANY_MODE, ANY_SECTION, CONDITIONS
from musicgen.models.vae_composer import VAEComposer
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES
from musicgen.training.adversaries import CriticSide
from musicgen.training.fit_gan import train_gan
from musicgen.training.forms import usual_forms
from musicgen.training.grid_statistics import compare_grids, frechet
from musicgen.training.latents import LatentWindows
from musicgen.training.pairs import Pairs, make_pairs
from musicgen.training.phases import GANPlan, Phase, adversarial, distillation
from musicgen.training.stepping import Stepper
from tests.tiny import tiny_gan, tiny_vae

BLUR = np.full((5, 8), 0.1, np.float32)


def plan_for(count: int = 1) -> dict[str, np.ndarray]:
    """A plan in which all roles play, with nothing asked for."""
    return {
        "bar_mask": np.ones((count, 16), "float32"),
        "present": np.ones((count, 5), "float32"),
        "style": np.zeros(count, "int32"),
        "mode": np.full(count, ANY_MODE, "int32"),
        "attributes": np.zeros((count, 5, 2), "float32"),
        "chords": np.full((count, 16, 2), ANY_CHORD, "int32"),
        "form": np.full((count, 16), ANY_SECTION, "int32"),
        "metre": np.zeros(count, "int32"),
        "edge": np.full((count, 16), ANY_EDGE, "int32"),
        "known": np.zeros((count, 16, 5, 8), "float32"),
        "known_mask": np.zeros((count, 16, 5), "float32"),
    }


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 16, 5, 8)).astype("float32")


def leap(plan: dict[str, np.ndarray], time: float = 0.0) -> np.ndarray:
    """What the generator of `tiny_gan` makes of `noise(1)`."""
    composer = tiny_gan()
    assert isinstance(composer, GANComposer)
    made = compiled(composer.generator.leap)(noise(1), np.full(1, time, "float32"), plan)
    return np.asarray(made[0])


# --- the generator ---


def test_known_cells_come_back_and_the_others_hear_them() -> None:
    plan = plan_for()
    made = []
    for value in (2.0, -2.0):
        plan["known"][:, :8], plan["known_mask"][:, :8] = value, 1.0
        made.append(leap(plan))
        assert np.allclose(made[-1][:8], value)
    assert np.abs(made[0][8:] - made[1][8:]).max() > 0.01


def test_what_does_not_play_is_nothing() -> None:
    plan = plan_for()
    plan["present"][0, 2], plan["bar_mask"][0, 8:] = 0, 0
    grid = leap(plan)
    assert not grid[:, 2].any() and not grid[8:].any() and grid[:8, 0].all()


def test_at_the_end_of_the_way_there_is_nothing_left_to_go() -> None:
    assert np.allclose(leap(plan_for(), time=1.0), noise(1)[0])


@pytest.mark.parametrize("make", [tiny_vae, tiny_gan])
def test_noises_have_pieces_between_them(make: type) -> None:
    composer = make()
    assert isinstance(composer, GridComposer)
    chords = "C F | G C"  # those that are written depend on the seed
    first, last = (Request(seed=seed, bars=4, temperature=1.0, chords=chords) for seed in (1, 2))
    path = composer.interpolate(first, last, 3)
    assert path[0] == composer.generate(first) and path[2] == composer.generate(last)
    assert path[0] != path[1] != path[2]


# --- form ---


def test_a_piece_without_a_form_gets_one_of_its_styles() -> None:
    forms = {"pop": {"AABA": 0.7, "AA'BB": 0.3}}
    assert {formed(Request("pop", seed=seed), forms, 16).form for seed in range(20)} == {"AABA", "AA'BB"}
    assert formed(Request("pop", bars=32, temperature=0), forms, 16).form == "AABAAABA"
    assert formed(Request("pop", form="ABAC"), forms, 16).form == "ABAC"
    assert formed(Request("jazz"), forms, 16).form is None  # of which nothing is known here


def test_the_form_that_was_drawn_is_played() -> None:
    composer = tiny_gan()
    assert isinstance(composer, GANComposer)
    composer.forms = {"pop": {"AABA": 1.0}}
    assert composer.generate(Request("pop", seed=3)) == composer.generate(Request("pop", seed=3, form="AABA"))


def test_forms_are_counted_by_style(prepared: Path) -> None:
    forms = usual_forms(Dataset.open(prepared), 16)
    assert forms and all(0.99 < sum(shares.values()) < 1.01 for shares in forms.values())
    assert all(Request(form=form).sections is not None for shares in forms.values() for form in shares)


# --- the critic ---


def test_the_critic_begins_with_the_first_blocks_of_a_prior() -> None:
    composer = tiny_vae()
    assert isinstance(composer, VAEComposer)
    critic = Critic(CriticConfig(composer.prior.config, blocks=1), name="critic")
    critic.begin(composer.prior)
    plan, time = plan_for(), np.zeros(1, "float32")

    def top(trunk: Generator) -> np.ndarray:
        def last(x: np.ndarray, time: np.ndarray, plan: dict) -> object:
            return trunk.tokens(x, time, plan["known"], plan["known_mask"], plan["bar_mask"], plan["present"], plan)[-1]

        return np.asarray(compiled(last)(noise(1), time, plan))

    assert np.allclose(top(critic.trunk), top(composer.prior), atol=1e-5)  # type: ignore[arg-type]


def test_the_critic_is_told_which_bars_are_alike() -> None:
    grid, plan = noise(1), plan_for()
    grid[:, 4] = grid[:, 0]
    plan["present"][0, 2] = 0
    told = np.asarray(alike(grid, plan)).reshape(16, len(LAGS), 2, 5)
    four = LAGS.index(4)
    assert np.allclose(told[4, four, 0], [1, 1, 0, 1, 1]) and np.allclose(told[0, four, 1], [1, 1, 0, 1, 1])
    assert not told[3, four, 0].any(), "no bar is so far before it"
    assert told[5, four, 0].max() < 0.5


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


def little_pairs(prepared: Path, count: int = 32) -> tuple[VAEComposer, Pairs]:
    composer = tiny_vae()
    assert isinstance(composer, VAEComposer)
    windows = LatentWindows(composer.vae, Dataset.open(prepared), "train", 8, 4, {}, 0)
    windows.rank(composer.prior)
    return composer, Pairs(make_pairs(composer, windows, count), 8, 0)


def test_pairs_are_what_the_flow_makes_of_the_noise(prepared: Path) -> None:
    composer, pairs = little_pairs(prepared)
    assert len(pairs) == 32
    batch = pairs.rows(slice(0, 8))
    asked = {name: batch[name] for name in CONDITIONS}
    made = composer.sample(
        batch["noise"], batch["mean"], batch["begin"][0], batch["known_mask"], batch["bar_mask"], batch["present"],
        asked,
    )  # fmt: skip
    assert np.allclose(made, batch["target"], atol=0.02)  # half precision; this prior's latents have mean 0, scale 1
    assert {float(value) for value in pairs.fields["begin"][:8]} == {float(batch["begin"][0])}


def test_the_first_phase_learns_to_make_in_one_step_what_the_flow_makes_in_many(prepared: Path) -> None:
    composer, pairs = little_pairs(prepared)
    phase = distillation(composer.prior, GANPlan(distil_steps=60, distil_rate=3e-3, decay=0.9), BLUR)
    stepper = Stepper(phase.sides, (batch for (batch,) in pairs))
    first = stepper.take(1)["apart"]
    for _ in range(59):
        stepper.reset()
        last = stepper.take(1)["apart"]
    assert last < 0.5 * first
    apart = [
        float(np.abs(np.asarray(a) - np.asarray(b)).max())
        for a, b in zip(phase.average.trainable_weights, phase.sides[-1].generator.trainable_weights, strict=True)
    ]
    assert 0 < max(apart) < 0.2


def little_gan(prepared: Path) -> tuple[Phase, Pairs]:
    composer, pairs = little_pairs(prepared)
    lens = Lens(8, name="lens")
    lens.build()
    plan = GANPlan(steps=60, rate=2e-3, critic_rate=2e-3, decay=0.9, anchor=1.0)
    return adversarial(composer.prior, composer.prior, lens, plan, BLUR), pairs


def test_each_side_trains_its_own_weights_only(prepared: Path) -> None:
    gan, pairs = little_gan(prepared)
    critic_side, generator_side = gan.sides
    generator, critic = generator_side.generator, generator_side.critic
    batch, count = pairs.batch(), len(generator.trainable_variables)

    def weights() -> list[np.ndarray]:
        both = (*generator.trainable_variables, *critic.learned)
        return [np.array(keras.ops.convert_to_numpy(weight)) for weight in both]

    def same(a: list, b: list) -> list[bool]:
        return [np.array_equal(x, y) for x, y in zip(a, b, strict=True)]

    before = weights()
    critic_side.train_on_batch(batch)
    after = weights()
    assert all(same(before[:count], after[:count])) and same(before[count:], after[count:]).count(False) > 10
    generator_side.train_on_batch(batch)
    last = weights()
    assert all(same(after[count:], last[count:])) and same(after[:count], last[:count]).count(False) > 10
    assert all(norm > 0 for norm in gan.norms().values())


def test_the_critic_learns_to_tell(prepared: Path) -> None:
    gan, pairs = little_gan(prepared)
    stepper = Stepper(gan.sides, (batch for (batch,) in pairs))
    first = stepper.take(1)["gap"]
    for _ in range(40):
        stepper.reset()
        last = gan.sides[0].train_on_batch(pairs.batch(), return_dict=True)["gap"]
    assert last > first + 0.5


def test_a_stopped_run_goes_on_where_it_was_and_ends_in_a_checkpoint(
    prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, run = tmp_path / "vae", tmp_path / "run"
    tiny_vae().save_pretrained(start)
    plan = GANPlan(pairs=8, distil_steps=2, steps=4, epoch=2, windows=4, lens_steps=2)
    steps: list[object] = []
    real = CriticSide.train_on_batch

    def counted(self: CriticSide, batch: dict) -> object:
        if len(steps) == 3:
            steps.append("stopped")
            raise KeyboardInterrupt
        steps.append(int(self.optimizer.iterations.numpy()))
        return real(self, batch)

    monkeypatch.setattr(CriticSide, "train_on_batch", counted)
    with pytest.raises(KeyboardInterrupt):
        train_gan(prepared, run, start, plan)
    composer = train_gan(prepared, run, start, plan)
    assert steps == [0, 1, 2, "stopped", 2, 3]  # the epoch that was stopped is done again, no more
    for name, rows in (("distil", 1), ("gan", 2)):
        log = (run / f"log-{name}.csv").read_text().splitlines()
        assert len(log) == 1 + rows
        assert {"apart", "generator_gradient", "pairwise", "frechet", "frechet_flow"} <= set(log[0].split(","))
    loaded = load_composer(run / "checkpoint")
    assert isinstance(loaded, GANComposer) and isinstance(composer, GANComposer)
    music = loaded.generate(Request(bars=4))
    assert music.bars == 4 and [track.role for track in music.tracks] == list(ROLE_NAMES)
    assert "trained against a critic" in (run / "checkpoint" / "README.md").read_text()
