"""`python -m musicgen train gan`: a resumable run of the generator against its critic, over the latents of a VAE."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
from tqdm import tqdm

from musicgen.corpus.dataset import Dataset
from musicgen.errors import CheckpointError
from musicgen.models.compiling import compiled
from musicgen.models.gan import Critic, GANConfig, Generator
from musicgen.models.gan_composer import GANComposer, form_name
from musicgen.models.lens import DISSONANT, Lens, intervals
from musicgen.models.prior import ANY_SECTION
from musicgen.models.vae_composer import VAEComposer
from musicgen.roles import STYLE_NAMES
from musicgen.training.adversaries import Adam, CriticStep, GeneratorStep, real_grids
from musicgen.training.card import read_attribution, write_card
from musicgen.training.grid_statistics import compare_grids
from musicgen.training.hearing import fit_lens
from musicgen.training.latents import LatentWindows
from musicgen.training.runs import SOURCE_WEIGHTS, append_row, hours, save_state, settle

STATE = "state-gan.weights.h5"
_JUDGED = 384
"""Validation windows that each epoch's statistics are taken over."""
_FORM_HIDDEN = 0.1
"""Share of the windows that leave their form out: a piece always has one when it is composed."""
_FORMS = 24
"""Forms a style, the most usual ones, that the checkpoint knows."""


@dataclass(frozen=True)
class GANPlan:
    """How long and how fast to train; kept in the run's folder so that a resumed run follows it.

    Args:
        steps: of the critic, each with one of the generator.
        epoch: steps between checkpoints and measurements.
        windows: windows a step.
        rate, critic_rate: learning rates; warmed up linearly, then cosine to a tenth.
        gamma: weight of the gradient penalties.
        decay: of the average of the generator's weights.
        lens_steps: of the lens through which the critic hears harmony, before all others.
        seed: of initial weights.
    """

    steps: int = 14000
    epoch: int = 250
    windows: int = 64
    rate: float = 5e-4
    critic_rate: float = 1.5e-3
    gamma: float = 1.0
    decay: float = 0.999
    lens_steps: int = 1500
    seed: int = 0


class GAN(keras.Model):
    """Both sides with their optimisers: what a run saves and goes on from.

    Attributes:
        average: the generator with the moving average of its weights, which is what is measured and published.
    """

    def __init__(self, config: GANConfig, plan: GANPlan) -> None:
        super().__init__(name="gan")
        self.generator, self.average = Generator(config, name="generator"), Generator(config, name="generator")
        self.critic = Critic(config, name="critic")
        self.average.set_weights(self.generator.get_weights())
        self.critic_step = CriticStep(self.generator, self.critic, plan.gamma)
        self.generator_step = GeneratorStep(self.generator, self.critic, self.average, plan.decay)
        for step, rate in ((self.critic_step, plan.critic_rate), (self.generator_step, plan.rate)):
            step.compile(optimizer=_optimiser(rate, plan.steps), jit_compile=False)
            step.optimizer.build(step.trainable_variables)
        self.built = True

    @property
    def step(self) -> int:
        return int(self.generator_step.optimizer.iterations.numpy())

    def train(self, batch: dict[str, np.ndarray]) -> dict[str, float]:
        """One step of each side; the means of what was measured since `reset`, and the last gradients' norms."""
        logs = self.critic_step.train_on_batch(batch, return_dict=True)
        logs |= self.generator_step.train_on_batch(batch, return_dict=True)
        return logs

    def norms(self) -> dict[str, float]:
        """Global norm of each side's last gradient."""
        return {
            "critic_gradient": float(self.critic_step.optimizer.norm.numpy()),
            "generator_gradient": float(self.generator_step.optimizer.norm.numpy()),
        }

    def reset(self) -> None:
        self.critic_step.reset_metrics()
        self.generator_step.reset_metrics()


def train_gan(
    data: Path, run: Path, start: Path, plan: GANPlan | None = None, config: GANConfig | None = None
) -> GANComposer:
    """Train, or go on training, and write `run/checkpoint` (a folder for `GANComposer.from_pretrained`).

    The run's folder holds plan.json, log-gan.csv (a row an epoch: losses, the gap between the critic's scores of real
    and made grids, its slopes, gradient norms, and `compare_grids` on validation windows), and the state to resume
    from; state is saved every epoch, so that a stopped run loses at most one.

    Args:
        start: the checkpoint of the VAE.

    Raises:
        CorpusError: no data set in `data`, or a run that was begun with another plan.
        CheckpointError: `start` is no checkpoint of a VAE, or of one with other latents than `config` says.
    """
    dataset, encoder = Dataset.open(data), VAEComposer.from_pretrained(start)
    vae, plan, attribution = encoder.vae, plan or GANPlan(), read_attribution(data)
    config = config or GANConfig(bars=vae.config.bars, latent=vae.config.latent)
    if (config.bars, config.latent) != (vae.config.bars, vae.config.latent):
        raise CheckpointError("Expected a VAE with the latents that the plan is for. Received: one of another size.")
    settle(run, {"plan": asdict(plan), "gan": config.to_dict(), "from": encoder.identity})
    keras.utils.set_random_seed(plan.seed)
    gan = GAN(config, plan)
    # sections begin every four bars of a song, so windows do as well; a resumed run draws other ones
    weights = SOURCE_WEIGHTS
    train = LatentWindows(vae, dataset, "train", plan.windows, 4, weights, time.time_ns() % 2**32, _FORM_HIDDEN)
    valid = LatentWindows(vae, dataset, "valid", plan.windows, 16, weights, 0, _FORM_HIDDEN)
    mean, scale = train.moments()
    blur = posterior_deviation(train) / scale
    for generator in (gan.generator, gan.average):
        generator.mean.assign(mean)
        generator.scale.assign(scale)
        generator.blur.assign(blur)
        generator.quantiles.assign(train.quantiles())
    train.rank(gan.generator)
    valid.rank(gan.generator)
    if not (run / STATE).exists():
        lens = fit_lens(train, dataset, gan.generator, plan.lens_steps)
        gan.critic.lens.set_weights(lens.get_weights())
    judge = judged(gan.average, valid, gan.critic.lens)
    _fit(gan, train, run, plan, judge)
    card = {
        "corpus": dataset.manifest["kept"]["all"],
        "attribution": attribution,
        "lead_sheets": dataset.manifest["kept"]["by source"].get("openewld", {}).get("songs", 0),
        "plan": asdict(plan),
        "from": encoder.identity,
        "vae": encoder.card.get("test", {}),
        "cost": {"hours": hours(run / "log-gan.csv"), "cores": os.cpu_count()},
        "valid": judge(),
    }
    composer = GANComposer(vae, gan.average, usual_forms(train), card)
    composer.save_pretrained(run / "checkpoint")
    write_card(composer, run / "checkpoint")
    return composer


def _optimiser(rate: float, steps: int) -> keras.optimizers.Optimizer:
    warm = min(200, steps // 10 + 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate * 0.01, max(steps - warm, 1), alpha=0.1, warmup_target=rate, warmup_steps=warm
    )
    return Adam(schedule, beta_1=0.0, beta_2=0.99)


def _fit(gan: GAN, windows: LatentWindows, run: Path, plan: GANPlan, judge: Callable[[], dict[str, float]]) -> None:
    """Train for the steps of the plan, counting those of earlier, stopped runs."""
    state = run / STATE
    if state.exists():
        gan.load_weights(state)
    step = gan.step
    with tqdm(total=plan.steps, initial=step, desc="gan", unit="step", mininterval=10) as bar:
        while step < plan.steps:
            started = time.perf_counter()
            gan.reset()
            count = min(plan.epoch, plan.steps - step)
            for _ in range(count):
                logs = gan.train(windows.batch())
                bar.update()
            step += count
            seconds = (time.perf_counter() - started) / count
            row = {"step": step, **logs, **gan.norms(), **judge(), "step_seconds": seconds}
            append_row(run / "log-gan.csv", row)
            save_state(gan, state)


def judged(
    generator: Generator, windows: LatentWindows, lens: Lens, count: int = _JUDGED
) -> Callable[[], dict[str, float]]:
    """A function that compares what a generator makes for the plans of up to `count` windows with those windows.

    Statistics are those of `compare_grids`, and the share of dissonant intervals between roles as a lens hears them.
    Nothing is given and the noise is always the same. Windows that were cut short are left out where others are left.
    """
    batches = [windows.batch() for _ in range(-(-2 * count // windows.size))]
    merged = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    _, first = np.unique(merged["mean"].reshape(len(merged["mean"]), -1), axis=0, return_index=True)
    whole = first[merged["bar_mask"][first].all(axis=1)]
    chosen = np.sort(whole if len(whole) > 1 else first)[:count]
    batch = {name: value[chosen] for name, value in merged.items()}
    batch["known_mask"] = np.zeros_like(batch["known_mask"])
    real, plan = compiled(lambda x: real_grids(generator, x))(batch)
    drawn = generator.draw(len(chosen), keras.random.SeedGenerator(2))
    noise = {name: keras.ops.convert_to_numpy(value) for name, value in drawn.items()}
    make = compiled(lambda noise, plan: generator(noise, plan))
    letter = np.where(batch["form"] == ANY_SECTION, -1, batch["form"] // 2)
    exists = batch["bar_mask"][:, :, None] * batch["present"][:, None]
    hear = compiled(lambda x: intervals(lens(x)))

    def judge() -> dict[str, float]:
        grid = make(noise, plan)
        result = compare_grids(grid, real, letter, exists)
        for name, each in (("made", grid), ("real", real)):
            result[f"clash_{name}"] = float(hear(each)[..., DISSONANT].sum(axis=-1).mean())
        return result

    return judge


def posterior_deviation(windows: LatentWindows) -> np.ndarray:
    """Root mean square deviation of the posteriors of cells that exist, shape (roles, latent)."""
    inside = np.arange(windows.mean.shape[1]) < windows.length[:, None]
    exists = inside[:, :, None] & (windows.notes.sum(axis=1) > 0)[:, None]
    count = np.maximum(exists.sum(axis=(0, 1)), 1)
    total = np.einsum("wnrl,wnr->rl", np.square(windows.deviation, dtype=np.float32), exists.astype(np.float32))
    return np.asarray(np.sqrt(total / count[:, None]), np.float32)


def usual_forms(windows: LatentWindows) -> dict[str, dict[str, float]]:
    """Style to its most usual forms and their shares, of windows that are not shorter than the others."""
    forms = windows.asked["form"]
    whole = (forms != ANY_SECTION).all(axis=1)
    result = {}
    for index in np.unique(windows.style[whole]):
        here = whole & (windows.style == index)
        codes, place = np.unique(forms[here], axis=0, return_inverse=True)
        share = np.bincount(place.ravel(), windows.chance[here])
        best = np.argsort(-share)[:_FORMS]
        result[STYLE_NAMES[index]] = {form_name(codes[i]): round(float(share[i] / share.sum()), 4) for i in best}
    return result
