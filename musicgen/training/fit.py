"""`python -m musicgen train vae`: a resumable run of two phases, the VAE and then the prior over its latents."""

from __future__ import annotations

import csv
import json
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
from musicgen.errors import CorpusError
from musicgen.models.compiling import compiled
from musicgen.models.prior import Prior, PriorConfig
from musicgen.models.vae import VAE, VAEConfig
from musicgen.models.vae_composer import VAEComposer
from musicgen.roles import ROLE_NAMES
from musicgen.training.batches import NOTES_PER_WINDOW, Windows, collate, every_window, room_for
from musicgen.training.card import write_card
from musicgen.training.measure import reconstruction

ROLES = len(ROLE_NAMES)
SOURCE_WEIGHTS = {"freedoom": 3.0, "simutrans": 3.0, "blasphemer": 3.0, "lieder": 1.5, "chorales": 1.5}
"""Real scores are rarer than arrangements of lead sheets, of which each song has several."""


@dataclass(frozen=True)
class Plan:
    """How long and how fast to train; kept in the run's folder so that a resumed run follows it.

    Args:
        steps, prior_steps: optimiser steps of the two phases.
        epoch: steps between checkpoints and measurements.
        windows, prior_windows: windows a step.
        rate, prior_rate: peak learning rates; warmed up linearly, then cosine to nothing.
        seed: of initial weights and of the order of windows.
    """

    steps: int = 8000
    prior_steps: int = 8000
    epoch: int = 250
    windows: int = 16
    prior_windows: int = 64
    rate: float = 1.5e-3
    prior_rate: float = 8e-4
    seed: int = 0


def train_vae(
    data: Path, run: Path, plan: Plan | None = None, vae_config: VAEConfig | None = None,
    prior_config: PriorConfig | None = None,
) -> VAEComposer:  # fmt: skip
    """Train, or go on training, and write `run/checkpoint` (a folder for `VAEComposer.from_pretrained`).

    The run's folder holds plan.json, log-vae.csv and log-prior.csv (a row an epoch), and the state to resume from;
    state is saved every epoch, so that a stopped run loses at most one.

    Raises:
        CorpusError: no data set in `data`, or a run that was begun with another plan.
    """
    dataset = Dataset.open(data)
    plan, vae_config = plan or Plan(), vae_config or VAEConfig()
    prior_config = prior_config or PriorConfig(bars=vae_config.bars, latent=vae_config.latent)
    _settle(run, {"plan": asdict(plan), "vae": vae_config.to_dict(), "prior": prior_config.to_dict()})
    keras.utils.set_random_seed(plan.seed)
    vae = VAE(vae_config, name="vae")
    prior = Prior(prior_config, name="prior")
    _fit_vae(vae, dataset, run, plan)
    _fit_prior(prior, vae, dataset, run, plan)
    test = every_window(dataset, "test", vae_config.bars)
    composer = VAEComposer(vae, prior)
    composer.card = {
        "corpus": dataset.manifest["kept"]["all"],
        "lead_sheets": dataset.manifest["kept"]["by source"].get("openewld", {}).get("songs", 0),
        "plan": asdict(plan),
        "cost": {"vae_hours": _hours(run / "log-vae.csv"), "prior_hours": _hours(run / "log-prior.csv"),
                 "cores": os.cpu_count()},
        "test": {"windows": len(test), **reconstruction(vae, test)},
    }  # fmt: skip
    composer.save_pretrained(run / "checkpoint")
    attribution = data / "ATTRIBUTION.md"
    write_card(composer, attribution.read_text(encoding="utf-8"), run / "checkpoint")
    return composer


def _settle(run: Path, wanted: dict[str, Any]) -> None:
    """Write the plan of a new run, or check that a resumed one is the same."""
    run.mkdir(parents=True, exist_ok=True)
    path = run / "plan.json"
    if path.exists():
        found = json.loads(path.read_text())
        if found != wanted:
            raise CorpusError(f"Expected the plan that {run} was begun with. Received: another; use a new run folder.")
    else:
        path.write_text(json.dumps(wanted, indent=1))


def _optimiser(rate: float, steps: int) -> keras.optimizers.Optimizer:
    warm = min(500, steps // 10 + 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate * 0.01, max(steps - warm, 1), alpha=0.0, warmup_target=rate, warmup_steps=warm
    )
    return keras.optimizers.AdamW(schedule, weight_decay=0.02, clipnorm=1.0, beta_2=0.98)


def append_row(path: Path, row: dict[str, float]) -> None:
    """Add a row to a CSV file, with a header if the file is new."""
    row = {name: value if isinstance(value, int) else round(float(value), 5) for name, value in row.items()}
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def _hours(log: Path) -> float:
    """Hours of training steps that a log tells of."""
    seconds, last = 0.0, 0
    with log.open(newline="") as file:
        for row in csv.DictReader(file):
            seconds += (int(row["step"]) - last) * float(row["step_seconds"])
            last = int(row["step"])
    return round(seconds / 3600, 3)


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
            _save(model, state)
    _save(model, done)
    state.unlink()


def _save(model: keras.Model, path: Path) -> None:
    """Weights and optimiser state, written to a temporary name and renamed."""
    temporary = path.with_name("tmp-" + path.name)
    model.save_weights(temporary)
    os.replace(temporary, path)


def _fit_vae(vae: VAE, dataset: Dataset, run: Path, plan: Plan) -> None:
    # a resumed run draws other windows than the first time: the time of day is as good a seed as any
    seed = plan.seed if not (run / "log-vae.csv").exists() else time.time_ns() % 2**32
    train = Windows(dataset, "train", plan.windows, vae.config.bars, weights=SOURCE_WEIGHTS, seed=seed)
    valid = every_window(dataset, "valid", vae.config.bars)
    rng = np.random.default_rng(0)
    sample = [valid[i] for i in rng.permutation(len(valid))[:128]]
    _fit(vae, iter(train), run, "vae", plan.steps, plan, plan.rate, lambda: reconstruction(vae, sample))


# --- the prior ---


class LatentWindows:
    """Posteriors of windows of a split, as batches for a `Prior`, with cells to be given chosen at random.

    Half of the windows give nothing; the others give their first bars, some roles, or scattered cells.
    """

    def __init__(self, vae: VAE, dataset: Dataset, split: str, size: int, hop: int, seed: int) -> None:
        self.size, self.rng = size, np.random.default_rng(seed)
        windows = every_window(dataset, split, vae.config.bars, hop)
        self.mean, self.deviation = encode_windows(vae, windows)
        parts = [collate([window], vae.config.bars, NOTES_PER_WINDOW) for window in windows]
        self.bar_mask = np.concatenate([part["bar_mask"] for part in parts])
        self.present = np.concatenate([part["present"] for part in parts])
        self.style = np.concatenate([part["style"] for part in parts])
        per_piece: dict[int, int] = {}
        for _, piece, _ in windows:
            per_piece[piece.start] = per_piece.get(piece.start, 0) + 1
        chance = np.array(
            [per_piece[piece.start] ** -0.5 * SOURCE_WEIGHTS.get(piece.source, 1.0) for _, piece, _ in windows]
        )
        self.chance = chance / chance.sum()

    def given(self, count: int, bars: int) -> np.ndarray:
        """Random masks of known cells, float32, shape (count, bars, roles)."""
        mask = np.zeros((count, bars, ROLES), np.float32)
        kinds = self.rng.random(count)
        for i, kind in enumerate(kinds):
            if kind < 0.5:
                continue
            if kind < 0.7:
                mask[i, : self.rng.choice([bars // 2, int(self.rng.integers(1, bars))])] = 1
            elif kind < 0.85:
                mask[i, :, self.rng.permutation(ROLES)[: self.rng.integers(1, ROLES)]] = 1
            else:
                mask[i] = self.rng.random((bars, ROLES)) < self.rng.random()
        return mask

    def batch(self) -> dict[str, np.ndarray]:
        index = self.rng.choice(len(self.chance), self.size, p=self.chance)
        bar_mask = self.bar_mask[index].copy()
        short = self.rng.random(self.size) < 0.15
        bar_mask[short, int(self.rng.choice([4, 8])) :] = 0
        return {
            "mean": self.mean[index].astype(np.float32),
            "deviation": self.deviation[index].astype(np.float32),
            "bar_mask": bar_mask,
            "present": self.present[index],
            "style": self.style[index],
            "known_mask": self.given(self.size, bar_mask.shape[1]),
        }

    def __iter__(self) -> Iterator[tuple[dict[str, np.ndarray]]]:
        while True:
            yield (self.batch(),)


def encode_windows(vae: VAE, windows: list, size: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Posterior means and standard deviations, float16, each of shape (windows, bars, roles, latent)."""
    bars = vae.config.bars
    means, deviations = [], []
    encode, room = compiled(vae.encode), room_for(windows, size) + size * NOTES_PER_WINDOW
    for start in tqdm(range(0, len(windows), size), desc="encoding", unit="batch"):
        chunk = windows[start : start + size]
        padded = chunk + [chunk[-1]] * (size - len(chunk))
        batch = collate(padded, bars, room)
        mean, log_variance = encode(batch["notes"], batch["bar_mask"], batch["present"])
        means.append(mean[: len(chunk)].astype(np.float16))
        deviations.append(np.exp(0.5 * log_variance[: len(chunk)]).astype(np.float16))
    return np.concatenate(means), np.concatenate(deviations)


def _fit_prior(prior: Prior, vae: VAE, dataset: Dataset, run: Path, plan: Plan) -> None:
    if (run / "prior.weights.h5").exists():
        prior.load_weights(run / "prior.weights.h5")
        return
    train = LatentWindows(vae, dataset, "train", plan.prior_windows, 2, time.time_ns() % 2**32)
    valid = LatentWindows(vae, dataset, "valid", plan.prior_windows, 8, 0)
    exists = (train.bar_mask[:, :, None] * train.present[:, None])[..., None]
    count = np.maximum(exists.sum(axis=(0, 1)), 1)  # a corpus may lack a role altogether
    mean = (train.mean.astype(np.float32) * exists).sum(axis=(0, 1)) / count
    spread = (train.mean.astype(np.float32) - mean) ** 2 + train.deviation.astype(np.float32) ** 2
    prior.mean.assign(mean)
    prior.scale.assign(np.maximum(np.sqrt((spread * exists).sum(axis=(0, 1)) / count), 1e-3))
    fixed = [valid.batch() for _ in range(8)]

    def measure() -> dict[str, float]:
        losses = [float(prior.test_on_batch(batch, return_dict=True)["loss"]) for batch in fixed]
        return {"valid_loss": float(np.mean(losses))}

    _fit(prior, iter(train), run, "prior", plan.prior_steps, plan, plan.prior_rate, measure)
