"""`python -m musicgen train gan`: a resumable run of two phases over the latents of a VAE, which begins with its prior.

First the generator learns to make in one step what the flow makes in many (`training/pairs.py`), then it is trained
against its critic (`training/adversaries.py`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from musicgen.corpus.dataset import Dataset
from musicgen.models.asking import in_order
from musicgen.models.compiling import compiled
from musicgen.models.gan import Critic, CriticConfig, Generator
from musicgen.models.gan_composer import GANComposer, form_name
from musicgen.models.lens import DISSONANT, Lens, intervals
from musicgen.models.prior import ANY_SECTION, Prior
from musicgen.models.vae_composer import VAEComposer
from musicgen.training.adversaries import Adam, CriticSide, GeneratorSide, made_grids, real_grids
from musicgen.training.batches import every_place
from musicgen.training.card import read_attribution, write_card
from musicgen.training.grid_statistics import compare_grids
from musicgen.training.hearing import fit_lens
from musicgen.training.latents import LatentWindows
from musicgen.training.pairs import Pairs, kept, make_pairs
from musicgen.training.runs import SOURCE_WEIGHTS, append_row, hours, save_state, settle

_JUDGED = 384
"""Validation windows that each epoch's statistics are taken over."""
_HIDDEN = {"attributes": 0.5, "chords": 0.15}
"""Share of the windows that leave these open: less often chords, which are written before a piece is made."""
_FORMS = 24
"""Forms a style, the most usual ones, that the checkpoint knows."""
_HOP = 4
"""Bars from one training window to the next: sections begin every four bars of a song."""


@dataclass(frozen=True)
class GANPlan:
    """How long and how fast to train; kept in the run's folder so that a resumed run follows it.

    Args:
        pairs: noises that the flow is asked about.
        distil_steps: of the first phase. steps: of the second, one of the critic and one of the generator each.
        epoch: steps between checkpoints and measurements.
        windows: windows a step.
        distil_rate, rate, critic_rate: learning rates; warmed up linearly, then cosine to a tenth.
        anchor: weight of the distance to what the flow makes, in the second phase.
        gamma: weight of the gradient penalties.
        blur: share of the posteriors' deviation that the critic sees grids through. All of it hides what repeats.
        decay: of the average of the generator's weights.
        keep: share of the first phase's weights in what comes out (Wortsman et al. 2022, "Robust fine-tuning"): the
            critic brings bars to the songs', and wears away a little of what holds them together.
        lens_steps: of the lens through which the critic hears harmony, before all others.
        seed: of initial weights.
    """

    pairs: int = 32768
    distil_steps: int = 1300
    steps: int = 850
    epoch: int = 85
    windows: int = 48
    distil_rate: float = 5e-4
    rate: float = 2e-4
    critic_rate: float = 1e-3
    anchor: float = 2.0
    gamma: float = 1.0
    blur: float = 0.3
    decay: float = 0.999
    keep: float = 0.5
    lens_steps: int = 1500
    seed: int = 0


class Distillation(keras.Model):
    """The generator and its optimiser in the first phase: what a run saves and goes on from.

    Attributes:
        average: the generator with the moving average of its weights, which is what is measured and goes on.
    """

    def __init__(self, prior: Prior, plan: GANPlan, blur: np.ndarray) -> None:
        super().__init__(name="distillation")
        self.generator, self.average = (_generator(prior, name) for name in ("generator", "average"))
        self.side = GeneratorSide(self.generator, None, self.average, plan.decay, 1.0, blur)
        _compile(self.side, plan.distil_rate, plan.distil_steps, 0.9)
        self.built = True

    @property
    def step(self) -> int:
        return int(self.side.optimizer.iterations.numpy())

    def train(self, batch: dict[str, np.ndarray]) -> dict[str, float]:
        """One step; the means of what was measured since `reset`."""
        return dict(self.side.train_on_batch(batch, return_dict=True))

    def norms(self) -> dict[str, float]:
        """Global norm of the last gradient."""
        return {"generator_gradient": float(self.side.optimizer.norm.numpy())}

    def reset(self) -> None:
        self.side.reset_metrics()


class GAN(keras.Model):
    """Both sides with their optimisers: what a run saves and goes on from.

    Args:
        start: what the generator begins with. prior: what the critic begins with.

    Attributes:
        average: the generator with the moving average of its weights, which is what is measured and published.
    """

    def __init__(self, start: Prior, prior: Prior, lens: Lens, plan: GANPlan, blur: np.ndarray) -> None:
        super().__init__(name="gan")
        self.generator, self.average = (_generator(start, name) for name in ("generator", "average"))
        blocks = max(1, 2 * prior.config.blocks // 3)
        self.critic = Critic(CriticConfig(prior.config, blocks), name="critic")
        self.critic.begin(prior)
        self.critic.lens.set_weights(lens.get_weights())
        self.critic_side = CriticSide(self.generator, self.critic, blur, plan.gamma)
        self.generator_side = GeneratorSide(self.generator, self.critic, self.average, plan.decay, plan.anchor, blur)
        _compile(self.critic_side, plan.critic_rate, plan.steps, 0.0)
        _compile(self.generator_side, plan.rate, plan.steps, 0.0)
        self.built = True

    @property
    def step(self) -> int:
        return int(self.generator_side.optimizer.iterations.numpy())

    def train(self, batch: dict[str, np.ndarray]) -> dict[str, float]:
        """One step of each side; the means of what was measured since `reset`."""
        logs = self.critic_side.train_on_batch(batch, return_dict=True)
        return dict(logs | self.generator_side.train_on_batch(batch, return_dict=True))

    def norms(self) -> dict[str, float]:
        """Global norm of each side's last gradient."""
        return {
            "critic_gradient": float(self.critic_side.optimizer.norm.numpy()),
            "generator_gradient": float(self.generator_side.optimizer.norm.numpy()),
        }

    def reset(self) -> None:
        self.critic_side.reset_metrics()
        self.generator_side.reset_metrics()


def train_gan(data: Path, run: Path, start: Path, plan: GANPlan | None = None) -> GANComposer:
    """Train, or go on training, and write `run/checkpoint` (a folder for `GANComposer.from_pretrained`).

    The run's folder holds plan.json, the pairs, log-distil.csv and log-gan.csv (a row an epoch: losses, the gap between
    the critic's scores of real and made grids, its slopes, gradient norms, and `judged` on validation windows), and the
    state to resume from; state is saved every epoch, so that a stopped run loses at most one.

    Args:
        start: the checkpoint of the VAE and its prior.

    Raises:
        CorpusError: no data set in `data`, or a run that was begun with another plan.
        CheckpointError: `start` is no checkpoint of a VAE.
    """
    dataset, teacher = Dataset.open(data), VAEComposer.from_pretrained(start)
    plan, attribution = plan or GANPlan(), read_attribution(data)
    settle(run, {"plan": asdict(plan), "from": teacher.identity})
    keras.utils.set_random_seed(plan.seed)
    train, valid, lens, blur = _prepared(dataset, teacher, run, plan)
    judge = judged(valid, lens)
    first = Distillation(teacher.prior, plan, blur)
    _fit(first, train, run, "distil", plan.distil_steps, plan.epoch, judge(first.average))
    gan = GAN(first.average, teacher.prior, lens, plan, blur)
    _fit(gan, train, run, "gan", plan.steps, plan.epoch, judge(gan.average))
    final = _generator(gan.average, "generator")
    for weight, early in zip(final.weights, first.average.weights, strict=True):
        weight.assign(plan.keep * early + (1.0 - plan.keep) * weight)
    composer = GANComposer(teacher.vae, final, teacher.progression, usual_forms(dataset, final.config.bars))
    composer.card = {
        "corpus": dataset.manifest["kept"]["all"],
        "attribution": attribution,
        "lead_sheets": dataset.manifest["kept"]["by source"].get("openewld", {}).get("songs", 0),
        "plan": asdict(plan),
        "from": teacher.identity,
        "vae": teacher.card.get("test", {}),
        "cost": {"distil_hours": hours(run / "log-distil.csv"), "hours": hours(run / "log-gan.csv"),
                 "cores": os.cpu_count()},
        "valid": judge(final)(),
    }  # fmt: skip
    composer.save_pretrained(run / "checkpoint")
    write_card(composer, run / "checkpoint")
    return composer


def _prepared(
    dataset: Dataset, teacher: VAEComposer, run: Path, plan: GANPlan
) -> tuple[Pairs, Pairs, Lens, np.ndarray]:
    """Training and validation pairs, the lens, and the critic's blur; made once, then read from the run's folder."""
    lens = Lens(teacher.prior.config.latent, name="lens")
    lens.build()
    path, seed = run / "pairs.npz", time.time_ns() % 2**32  # a resumed run draws other ones
    if not path.exists():
        train, valid = (
            LatentWindows(teacher.vae, dataset, split, plan.windows, hop, SOURCE_WEIGHTS, plan.seed, _HIDDEN)
            for split, hop in (("train", _HOP), ("valid", 4 * _HOP))
        )
        for windows in (train, valid):
            windows.rank(teacher.prior)
        mean, scale = np.asarray(teacher.prior.mean), np.asarray(teacher.prior.scale)
        blur = posterior_deviation(train) / scale
        lens = fit_lens(train, dataset, (mean, scale, blur), plan.lens_steps, _HOP)
        fields = {f"lens_{i}": weight for i, weight in enumerate(lens.get_weights())} | {"blur": blur}
        for name, windows in (("train", train), ("valid", valid)):
            made = make_pairs(teacher, windows, plan.pairs if name == "train" else 2 * _JUDGED, plain=name == "valid")
            fields |= {f"{name}_{field}": value for field, value in made.items()}
        kept(path, fields)
    with np.load(path) as file:
        fields = dict(file)
    lens.set_weights([fields[f"lens_{i}"] for i in range(len(lens.weights))])
    both = [
        Pairs({name.removeprefix(start): value for name, value in fields.items() if name.startswith(start)},
              plan.windows, seed)
        for start in ("train_", "valid_")
    ]  # fmt: skip
    return both[0], both[1], lens, plan.blur * fields["blur"]


def _generator(prior: Prior, name: str) -> Generator:
    """A generator with the weights of a prior; it learns from few pairs what the prior learned from dropout."""
    generator = Generator(replace(prior.config, dropout=0.0), name=name)
    generator.set_weights(prior.get_weights())
    return generator


def _compile(side: GeneratorSide | CriticSide, rate: float, steps: int, momentum: float) -> None:
    warm = min(200, steps // 10 + 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate * 0.01, max(steps - warm, 1), alpha=0.1, warmup_target=rate, warmup_steps=warm
    )
    side.compile(optimizer=Adam(schedule, beta_1=momentum, beta_2=0.99), jit_compile=False)
    side.optimizer.build(side.trainable_variables)


def _fit(
    phase: Distillation | GAN,
    pairs: Pairs,
    run: Path,
    name: str,
    steps: int,
    epoch: int,
    judge: Callable[[], dict[str, float]],
) -> None:
    """Train a phase for so many steps, counting those of earlier, stopped runs."""
    state = run / f"state-{name}.weights.h5"
    if state.exists():
        phase.load_weights(state)
    step = phase.step
    with tqdm(total=steps, initial=step, desc=name, unit="step", mininterval=10) as bar:
        while step < steps:
            started = time.perf_counter()
            phase.reset()
            count = min(epoch, steps - step)
            for _ in range(count):
                logs = phase.train(pairs.batch())
                bar.update()
            step += count
            seconds = (time.perf_counter() - started) / count
            append_row(
                run / f"log-{name}.csv", {"step": step, **logs, **phase.norms(), **judge(), "step_seconds": seconds}
            )
            save_state(phase, state)


def judged(valid: Pairs, lens: Lens, count: int = _JUDGED) -> Callable[[Generator], Callable[[], dict[str, float]]]:
    """For a generator, a function that compares what it makes for the plans of validation windows with those windows.

    Statistics are those of `compare_grids`, the share of dissonant intervals between roles as a lens hears them, the
    mean square distance to what the flow made of the same noise (`from_flow`), and the flow's own Fréchet distance.
    Windows that were cut short are left out where others are left.
    """
    _, first = np.unique(valid.fields["mean"].reshape(len(valid), -1), axis=0, return_index=True)
    whole = first[valid.fields["bar_mask"][first].astype(bool).all(axis=1)]
    batch = valid.rows(np.sort(whole if len(whole) > 1 else first)[:count])
    letter = np.where(batch["form"] == ANY_SECTION, -1, batch["form"] // 2)
    here = batch["bar_mask"][:, :, None] * batch["present"][:, None]
    hear = compiled(lambda x: intervals(lens(x)))

    def of(generator: Generator) -> Callable[[], dict[str, float]]:
        def grids(x: dict[str, Any]) -> tuple[Any, Any]:
            real, plan = real_grids(generator, x)
            return real, made_grids(generator, x, plan)

        both = compiled(grids)

        def judge() -> dict[str, float]:
            real, made = both(batch)
            flow = batch["target"] * here[..., None]
            result = compare_grids(made, real, letter, here)
            result["from_flow"] = float(np.square(made - flow).sum() / (here.sum() * made.shape[-1]))
            result["frechet_flow"] = compare_grids(flow, real, letter, here)["frechet"]
            for name, each in (("made", made), ("flow", flow), ("real", real)):
                result[f"clash_{name}"] = float(hear(each)[..., DISSONANT].sum(axis=-1).mean())
            return result

        return judge

    return of


def posterior_deviation(windows: LatentWindows) -> np.ndarray:
    """Root mean square deviation of the posteriors of cells that exist, shape (roles, latent)."""
    inside = np.arange(windows.mean.shape[1]) < windows.length[:, None]
    exists = inside[:, :, None] & (windows.notes.sum(axis=1) > 0)[:, None]
    count = np.maximum(exists.sum(axis=(0, 1)), 1)
    total = np.einsum("wnrl,wnr->rl", np.square(windows.deviation, dtype=np.float32), exists.astype(np.float32))
    return np.asarray(np.sqrt(total / count[:, None]), np.float32)


def usual_forms(dataset: Dataset, bars: int) -> dict[str, dict[str, float]]:
    """Style to its most usual forms and their shares, of whole training windows; long pieces count as in training."""
    found: dict[str, dict[str, float]] = {}
    for piece, first, length in every_place(dataset, "train", bars, _HOP):
        if length == bars:
            form, shares = (
                form_name(in_order(dataset.window(piece, first, length)["form"])),
                found.setdefault(piece.style, {}),
            )
            shares[form] = shares.get(form, 0.0) + piece.bars**-0.5
    result = {}
    for style, shares in sorted(found.items()):
        best = sorted(shares, key=lambda form: (-shares[form], form))[:_FORMS]
        result[style] = {form: round(shares[form] / sum(shares.values()), 4) for form in best}
    return result
