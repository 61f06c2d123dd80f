"""The tutorials' dense GAN, a network a role, on single steps of 128 pitches.

    python -m benchmarks.baselines.dense_gan --data data --run runs/dense-gan

Noise 100 -> Dense 256 relu -> Dense 128 sigmoid against 128 -> 256 -> 1, binary cross-entropy, Adam 2e-4 with beta 0.5.
The real batch, which the tutorial leaves out, is supplied. A step knows nothing of the one before.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from benchmarks.baselines import Baseline, silent
from benchmarks.baselines.grid import FIRST, STEPS_PER_BAR, from_sounding
from benchmarks.baselines.training import Budget, Step, command, fit, load, windows
from musicgen.codec import PITCHES
from musicgen.corpus.dataset import Dataset
from musicgen.music import Music
from musicgen.request import Request
from musicgen.roles import DRUM_PITCHES, ROLE_NAMES, ROLES

NOISE, HIDDEN, KEYS = 100, 256, 128
BATCH = 64
POOL = 1500
"""Windows of four bars that the steps are taken from."""


class DenseGAN(Baseline):
    """A generator a role; a pitch sounds on a step where its output is above 0.5."""

    identity = "dense-gan"

    def __init__(self, seed: int = 0) -> None:
        keras.utils.set_random_seed(seed)
        self.generators, self.steps = {}, {}
        for role in ROLE_NAMES:
            generator = keras.Sequential(
                [layers.Input([NOISE]), layers.Dense(HIDDEN, "relu"), layers.Dense(KEYS, "sigmoid")]
            )
            critic = keras.Sequential(
                [layers.Input([KEYS]), layers.Dense(HIDDEN, "relu"), layers.Dense(1, "sigmoid")]
            )  # fmt: skip
            self.generators[role] = generator
            self.steps[f"critic-{role}"] = _step(generator, critic, critic)
            self.steps[f"generator-{role}"] = _step(generator, critic, generator)

    @classmethod
    def load(cls, run: Path) -> DenseGAN:
        model = cls()
        model.identity = f"dense-gan, {load(model.steps, run)} steps"
        return model

    def generate(self, request: Request) -> Music:
        rng = np.random.default_rng(request.seed)
        steps = request.bars * STEPS_PER_BAR
        sounding = np.zeros((steps, FIRST[-1]), bool)
        for index, role in enumerate(ROLE_NAMES):
            noise = rng.standard_normal((steps, NOISE)).astype(np.float32)
            if role in request.roles:
                keys = np.asarray(ops.convert_to_numpy(self.generators[role](noise))) > 0.5
                sounding[:, FIRST[index] : FIRST[index + 1]] = keys[:, _keys(index)]
        return from_sounding(sounding, silent(request))


def train(dataset: Dataset, run: Path, budget: Budget, seed: int) -> None:
    model = DenseGAN(seed)
    source = windows(dataset, 4, np.random.default_rng(seed))
    pool: dict[str, list[np.ndarray]] = {role: [] for role in ROLE_NAMES}
    for _ in range(POOL):
        begins, goes_on, piece = next(source)
        for index, role in enumerate(ROLE_NAMES):
            if piece.roles[index]:
                part = slice(FIRST[index], FIRST[index + 1])
                keys = np.zeros((len(begins), KEYS), np.uint8)
                keys[:, _keys(index)] = (begins | goes_on)[:, part]
                pool[role].append(keys)
    table = {role: np.concatenate(parts) for role, parts in pool.items() if parts}

    def batch(rng: np.random.Generator) -> dict[str, dict[str, np.ndarray]]:
        result = {}
        for role, keys in table.items():
            real = keys[rng.integers(len(keys), size=BATCH)].astype(np.float32)
            noise = rng.standard_normal((BATCH, NOISE)).astype(np.float32)
            result[f"critic-{role}"] = result[f"generator-{role}"] = {"real": real, "noise": noise}
        return result

    fit({name: step for name, step in model.steps.items() if name.split("-")[1] in table}, batch, run, budget)


def _step(generator: keras.Model, critic: keras.Model, learner: keras.Model) -> Step:
    def objective(batch: dict[str, Any], training: bool) -> Any:
        fake = critic(generator(batch["noise"]))
        if learner is generator:
            return _cross_entropy(fake, 1.0)
        return (_cross_entropy(critic(batch["real"]), 1.0) + _cross_entropy(fake, 0.0)) / 2

    return Step(learner, objective, [generator, critic], 2e-4, 0.5)


def _cross_entropy(chance: Any, label: float) -> Any:
    chance = ops.clip(chance, 1e-6, 1 - 1e-6)
    return -ops.mean(label * ops.log(chance) + (1 - label) * ops.log(1 - chance))


def _keys(role: int) -> np.ndarray:
    """MIDI pitch of each pitch index of a role."""
    return np.array(DRUM_PITCHES) if ROLES[role].is_drums else ROLES[role].low + np.arange(PITCHES[role])


if __name__ == "__main__":
    command("dense-gan", __doc__, train)
