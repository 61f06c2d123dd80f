"""`python -m musicgen train vae`: a resumable run of three phases: VAE, prior over its latents, chord progressions."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from musicgen.corpus.dataset import Dataset
from musicgen.errors import CheckpointError, CorpusError
from musicgen.models.prior import Prior, PriorConfig
from musicgen.models.progression import Progression, ProgressionConfig
from musicgen.models.vae import VAE, VAEConfig
from musicgen.models.vae_composer import VAEComposer
from musicgen.training.batches import Windows, every_window
from musicgen.training.card import read_attribution, write_card
from musicgen.training.devices import hardware, on_devices
from musicgen.training.feeding import fed
from musicgen.training.forms import usual_forms
from musicgen.training.latents import LatentWindows
from musicgen.training.loop import fit
from musicgen.training.measure import reconstruction
from musicgen.training.progressions import Progressions
from musicgen.training.runs import SOURCE_WEIGHTS, hours, settle
from musicgen.training.stepping import together


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train; kept in the run's folder so that a resumed run follows it.

    Args:
        steps, prior_steps, progression_steps: optimiser steps of the three phases.
        epoch: steps between checkpoints and measurements.
        windows, prior_windows, progression_windows: windows a step.
        prior_keys: keys that the prior is taught in, see `latents.KEYS`. prior_hop: bars from one of its windows to the
            next.
        rate, prior_rate, progression_rate: peak learning rates; warmed up linearly, then cosine to nothing.
        keep_latents: 1 to go on from a checkpoint without changing what its latents mean: the encoder stays, and what
            the prior normalises by; the VAE's decoder and the prior go on from their weights. Whatever reads or writes
            such latents (generators, note decoders, recipes) then stays valid.
        seed: of initial weights and of the order of windows.
    """

    steps: int = 8000
    prior_steps: int = 24000
    progression_steps: int = 1000
    epoch: int = 250
    windows: int = 16
    prior_windows: int = 64
    prior_keys: int = 1
    prior_hop: int = 2
    progression_windows: int = 128
    rate: float = 1.5e-3
    prior_rate: float = 8e-4
    progression_rate: float = 3e-3
    keep_latents: int = 0
    seed: int = 0


def train_vae(
    data: Path, run: Path, plan: Plan | None = None, vae_config: VAEConfig | None = None,
    prior_config: PriorConfig | None = None, start: Path | None = None, devices: int | None = None,
) -> VAEComposer:  # fmt: skip
    """Train, or go on training, and write `run/checkpoint` (a folder for `VAEComposer.from_pretrained`).

    The run's folder holds plan.json, log-vae.csv and log-prior.csv (a row an epoch), and the state to resume from;
    state is saved every epoch, so that a stopped run loses at most one.

    Args:
        start: a checkpoint to go on from, instead of random weights.
        devices: how many to train on, see `devices.on_devices`.

    Raises:
        MusicgenError: so many devices are not to be had.
        CorpusError: no data set in `data`, or a run that was begun with another plan.
        CheckpointError: `start` is none of this architecture.
    """
    plan = plan or Plan()
    with on_devices(devices, (plan.windows, plan.prior_windows, plan.progression_windows)):
        return _train(data, run, plan, vae_config or VAEConfig(), prior_config, start)


def _train(
    data: Path, run: Path, plan: Plan, vae_config: VAEConfig, prior_config: PriorConfig | None, start: Path | None
) -> VAEComposer:
    dataset = Dataset.open(data)
    if not dataset.labels:
        raise CorpusError(f"Expected a data set with labels in {data}. Run `prepare` again.")
    attribution = read_attribution(data)
    begun = VAEComposer.from_pretrained(start) if start else None
    prior_config = prior_config or PriorConfig(bars=vae_config.bars, latent=vae_config.latent)
    settle(run, {"plan": asdict(plan), "vae": vae_config.to_dict(), "prior": prior_config.to_dict(),
                 "from": begun.identity if begun else None})  # fmt: skip
    keras.utils.set_random_seed(plan.seed)
    vae = VAE(vae_config, name="vae")
    prior = Prior(prior_config, name="prior")
    if begun:
        begin(vae, begun.vae)
    if plan.keep_latents:
        if begun is None:
            raise CheckpointError("keep_latents: expected a checkpoint to go on from. Received: none.")
        begin(prior, begun.prior)
        vae.freeze_encoder()
    _fit_vae(vae, dataset, data, run, plan)
    _fit_prior(prior, vae, dataset, run, plan)
    progression = Progression(ProgressionConfig(), name="progression")
    fit_progression(progression, dataset, run, plan)
    test = every_window(dataset, "test", vae_config.bars)
    composer = VAEComposer(
        vae, prior, progression, forms=usual_forms(dataset, vae_config.bars), metres=dataset.metres
    )  # fmt: skip
    composer.card = {
        "earlier": earlier(begun.card) if begun else None,
        "corpus": dataset.manifest["kept"]["all"],
        "songs": dataset.songs_by_metre(),
        "attribution": attribution,
        "lead_sheets": dataset.manifest["kept"]["by source"].get("openewld", {}).get("songs", 0),
        "plan": asdict(plan),
        "cost": {"vae_hours": hours(run / "log-vae.csv"), "prior_hours": hours(run / "log-prior.csv"),
                 "progression_hours": hours(run / "log-progression.csv"),
                 "hardware": hardware()},
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


def begin(model: keras.Model, other: keras.Model) -> None:
    """Copy the weights of a model of the same architecture."""
    here, there = [tuple(w.shape) for w in model.weights], [tuple(w.shape) for w in other.weights]
    if here != there:
        raise CheckpointError("Expected a checkpoint of the architecture that is trained. Received: one of another.")
    model.set_weights(other.get_weights())


def order_seed(log: Path, seed: int) -> int:
    """Seed of the order of windows. A resumed run draws others than the first time, by the time of day."""
    return time.time_ns() % 2**32 if log.exists() else seed


def _fit_vae(vae: VAE, dataset: Dataset, data: Path, run: Path, plan: Plan) -> None:
    seed, bars = order_seed(run / "log-vae.csv", plan.seed), vae.config.bars
    train = (
        iter(Windows(dataset, "train", plan.windows, bars, weights=SOURCE_WEIGHTS, seed=seed)) if together() == 1
        else fed(data, plan.windows, bars, seed, max(1, (os.cpu_count() or 1) - 2))
    )  # fmt: skip
    valid = every_window(dataset, "valid", bars)
    rng = np.random.default_rng(0)
    sample = [valid[i] for i in rng.permutation(len(valid))[:128]]
    fit(vae, train, run, "vae", plan.steps, plan.epoch, plan.rate, lambda: reconstruction(vae, sample))


def _fit_prior(prior: Prior, vae: VAE, dataset: Dataset, run: Path, plan: Plan) -> None:
    done, keys = run / "prior.weights.h5", plan.prior_keys
    learner = Prior(prior.config, keys, name="prior") if keys > 1 else prior
    if done.exists():
        learner.load_weights(done)
        prior.in_first_key(learner)
        return
    seed = order_seed(run / "log-prior.csv", plan.seed)
    train = LatentWindows(
        vae, dataset, "train", plan.prior_windows, plan.prior_hop, SOURCE_WEIGHTS, seed, keys=plan.prior_keys
    )
    valid = LatentWindows(vae, dataset, "valid", plan.prior_windows, 8, SOURCE_WEIGHTS, 0)
    if plan.keep_latents:
        learner.begin_from(prior)
    else:
        mean, scale = train.moments()
        learner.mean.assign(mean)
        learner.scale.assign(scale)
        learner.quantiles.assign(train.quantiles())
    train.rank(learner)
    valid.rank(learner)
    if not plan.keep_latents:
        learner.directions.assign(train.directions(learner))
    fixed = [valid.batch() for _ in range(8)]

    def measure() -> dict[str, float]:
        losses = [float(learner.test_on_batch(batch, return_dict=True)["loss"]) for batch in fixed]
        return {"valid_loss": float(np.mean(losses))}

    fit(learner, iter(train), run, "prior", plan.prior_steps, plan.epoch, plan.prior_rate, measure)
    prior.in_first_key(learner)


def fit_progression(progression: Progression, dataset: Dataset, run: Path, plan: Plan) -> None:
    """Train, or go on training, what writes the chords; its log and state are in the run's folder."""
    seed = order_seed(run / "log-progression.csv", plan.seed)
    train = Progressions(dataset, "train", plan.progression_windows, SOURCE_WEIGHTS, seed)
    valid = Progressions(dataset, "valid", plan.progression_windows, SOURCE_WEIGHTS, 0)
    fixed = [valid.batch() for _ in range(8)]

    def measure() -> dict[str, float]:
        losses = [float(progression.test_on_batch(batch, return_dict=True)["loss"]) for batch in fixed]
        return {"valid_loss": float(np.mean(losses))}

    fit(
        progression, iter(train), run, "progression", plan.progression_steps, plan.epoch, plan.progression_rate, measure
    )
