"""`python -m musicgen train vae`: a resumable run of three phases: VAE, prior over its latents, chord progressions."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from musicgen.corpus.dataset import Dataset
from musicgen.errors import CheckpointError, CorpusError
from musicgen.models.prior import Prior, PriorConfig
from musicgen.models.progression import Progression, ProgressionConfig
from musicgen.models.vae import VAE, VAEConfig
from musicgen.models.vae_composer import VAEComposer
from musicgen.training.batches import Windows, every_window
from musicgen.training.card import read_attribution, write_card
from musicgen.training.latents import LatentWindows
from musicgen.training.measure import reconstruction
from musicgen.training.progressions import Progressions
from musicgen.training.runs import SOURCE_WEIGHTS, append_row, hours, save_state, settle


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train; kept in the run's folder so that a resumed run follows it.

    Args:
        steps, prior_steps, progression_steps: optimiser steps of the three phases.
        epoch: steps between checkpoints and measurements.
        windows, prior_windows, progression_windows: windows a step.
        rate, prior_rate, progression_rate: peak learning rates; warmed up linearly, then cosine to nothing.
        seed: of initial weights and of the order of windows.
    """

    steps: int = 8000
    prior_steps: int = 24000
    progression_steps: int = 1000
    epoch: int = 250
    windows: int = 16
    prior_windows: int = 64
    progression_windows: int = 128
    rate: float = 1.5e-3
    prior_rate: float = 8e-4
    progression_rate: float = 3e-3
    seed: int = 0


def train_vae(
    data: Path, run: Path, plan: Plan | None = None, vae_config: VAEConfig | None = None,
    prior_config: PriorConfig | None = None, start: Path | None = None,
) -> VAEComposer:  # fmt: skip
    """Train, or go on training, and write `run/checkpoint` (a folder for `VAEComposer.from_pretrained`).

    The run's folder holds plan.json, log-vae.csv and log-prior.csv (a row an epoch), and the state to resume from;
    state is saved every epoch, so that a stopped run loses at most one.

    Args:
        start: a checkpoint to go on from, instead of random weights.

    Raises:
        CorpusError: no data set in `data`, or a run that was begun with another plan.
        CheckpointError: `start` is none of this architecture.
    """
    dataset = Dataset.open(data)
    if not dataset.labels:
        raise CorpusError(f"Expected a data set with labels in {data}. Run `prepare` again.")
    attribution = read_attribution(data)
    plan, vae_config = plan or Plan(), vae_config or VAEConfig()
    begun = VAEComposer.from_pretrained(start) if start else None
    prior_config = prior_config or PriorConfig(bars=vae_config.bars, latent=vae_config.latent)
    settle(run, {"plan": asdict(plan), "vae": vae_config.to_dict(), "prior": prior_config.to_dict(),
                 "from": begun.identity if begun else None})  # fmt: skip
    keras.utils.set_random_seed(plan.seed)
    vae = VAE(vae_config, name="vae")
    prior = Prior(prior_config, name="prior")
    if begun:
        _begin(vae, begun.vae)
    _fit_vae(vae, dataset, run, plan)
    _fit_prior(prior, vae, dataset, run, plan)
    progression = Progression(ProgressionConfig(), name="progression")
    _fit_progression(progression, dataset, run, plan)
    test = every_window(dataset, "test", vae_config.bars)
    composer = VAEComposer(vae, prior, progression)
    composer.card = {
        "earlier": earlier(begun.card) if begun else None,
        "corpus": dataset.manifest["kept"]["all"],
        "attribution": attribution,
        "lead_sheets": dataset.manifest["kept"]["by source"].get("openewld", {}).get("songs", 0),
        "plan": asdict(plan),
        "cost": {"vae_hours": hours(run / "log-vae.csv"), "prior_hours": hours(run / "log-prior.csv"),
                 "progression_hours": hours(run / "log-progression.csv"),
                 "cores": os.cpu_count()},
        "test": {"windows": len(test), **reconstruction(vae, test)},
    }  # fmt: skip
    composer.save_pretrained(run / "checkpoint")
    write_card(composer, run / "checkpoint")
    return composer


def earlier(card: dict[str, Any]) -> dict[str, float]:
    """Steps and hours that went into the VAE of a checkpoint that training goes on from."""
    before = card.get("earlier") or {"steps": 0, "vae_hours": 0.0}
    plan, cost = card.get("plan") or {"steps": 0}, card.get("cost") or {"vae_hours": 0.0}
    return {"steps": before["steps"] + plan["steps"], "vae_hours": before["vae_hours"] + cost["vae_hours"]}


def _begin(model: keras.Model, other: keras.Model) -> None:
    """Copy the weights of a model of the same architecture."""
    here, there = [tuple(w.shape) for w in model.weights], [tuple(w.shape) for w in other.weights]
    if here != there:
        raise CheckpointError("Expected a checkpoint of the architecture that is trained. Received: one of another.")
    model.set_weights(other.get_weights())


def _optimiser(rate: float, steps: int) -> keras.optimizers.Optimizer:
    warm = min(500, steps // 10 + 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate * 0.01, max(steps - warm, 1), alpha=0.0, warmup_target=rate, warmup_steps=warm
    )
    return keras.optimizers.AdamW(schedule, weight_decay=0.02, clipnorm=1.0, beta_2=0.98)


def _fit(
    model: keras.Model, batches: Iterator[tuple], run: Path, name: str, steps: int, plan: Plan, rate: float,
    measure: Callable[[], dict[str, float]],
) -> None:  # fmt: skip
    """Train for `steps` steps in all, counting those of earlier, stopped runs.

    A loop of `train_on_batch` rather than `fit`, because `fit` leaves the shapes of generated batches open, and the
    network is built for fixed ones.
    """
    done, state = run / f"{name}.weights.h5", run / f"state-{name}.weights.h5"
    if done.exists():
        model.load_weights(done)
        return
    model.compile(optimizer=_optimiser(rate, steps), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    if state.exists():
        model.load_weights(state)
    step = int(model.optimizer.iterations.numpy())
    with tqdm(total=steps, initial=step, desc=name, unit="step", mininterval=10) as bar:
        while step < steps:
            started = time.perf_counter()
            model.reset_metrics()
            count = min(plan.epoch, steps - step)
            for _ in range(count):
                logs = model.train_on_batch(next(batches)[0], return_dict=True)
                bar.update()
            step += count
            seconds = (time.perf_counter() - started) / count
            append_row(run / f"log-{name}.csv", {"step": step, **logs, **measure(), "step_seconds": seconds})
            save_state(model, state)
    save_state(model, done)
    state.unlink()


def _fit_vae(vae: VAE, dataset: Dataset, run: Path, plan: Plan) -> None:
    # a resumed run draws other windows than the first time: the time of day is as good a seed as any
    seed = plan.seed if not (run / "log-vae.csv").exists() else time.time_ns() % 2**32
    train = Windows(dataset, "train", plan.windows, vae.config.bars, weights=SOURCE_WEIGHTS, seed=seed)
    valid = every_window(dataset, "valid", vae.config.bars)
    rng = np.random.default_rng(0)
    sample = [valid[i] for i in rng.permutation(len(valid))[:128]]
    _fit(vae, iter(train), run, "vae", plan.steps, plan, plan.rate, lambda: reconstruction(vae, sample))


def _fit_prior(prior: Prior, vae: VAE, dataset: Dataset, run: Path, plan: Plan) -> None:
    if (run / "prior.weights.h5").exists():
        prior.load_weights(run / "prior.weights.h5")
        return
    train = LatentWindows(vae, dataset, "train", plan.prior_windows, 2, SOURCE_WEIGHTS, time.time_ns() % 2**32)
    valid = LatentWindows(vae, dataset, "valid", plan.prior_windows, 8, SOURCE_WEIGHTS, 0)
    mean, scale = train.moments()
    prior.mean.assign(mean)
    prior.scale.assign(scale)
    prior.quantiles.assign(train.quantiles())
    train.rank(prior)
    valid.rank(prior)
    prior.directions.assign(train.directions(prior))
    fixed = [valid.batch() for _ in range(8)]

    def measure() -> dict[str, float]:
        losses = [float(prior.test_on_batch(batch, return_dict=True)["loss"]) for batch in fixed]
        return {"valid_loss": float(np.mean(losses))}

    _fit(prior, iter(train), run, "prior", plan.prior_steps, plan, plan.prior_rate, measure)


def _fit_progression(progression: Progression, dataset: Dataset, run: Path, plan: Plan) -> None:
    seed = time.time_ns() % 2**32
    train = Progressions(dataset, "train", plan.progression_windows, SOURCE_WEIGHTS, seed)
    valid = Progressions(dataset, "valid", plan.progression_windows, SOURCE_WEIGHTS, 0)
    fixed = [valid.batch() for _ in range(8)]

    def measure() -> dict[str, float]:
        losses = [float(progression.test_on_batch(batch, return_dict=True)["loss"]) for batch in fixed]
        return {"valid_loss": float(np.mean(losses))}

    _fit(progression, iter(train), run, "progression", plan.progression_steps, plan, plan.progression_rate, measure)
