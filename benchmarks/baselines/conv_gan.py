"""A convolutional GAN on piano rolls of four bars and five tracks, after MuseGAN (Dong et al., AAAI 2018).

    python -m benchmarks.baselines.conv_gan --data data --run runs/conv-gan

One generator for all tracks, as in its "composer" model: a vector for each bar from one noise, then transposed
convolutions over the steps and pitches of a bar; a critic that hears the four bars together; sigmoid outputs with a
threshold of 0.5, in training too (binary neurons, straight through; Dong and Yang, ISMIR 2018).

Departures: 16 steps a bar instead of 96, our roles' ranges instead of 84 keys, and a hinge loss with spectral
normalisation instead of a gradient penalty, which would double the cost of a step. Convolutions within bars alone:
three-dimensional ones took 10.6 seconds of processor time a step, these take 0.6. Longer pieces are phrases that share
half of their noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from benchmarks.baselines import Baseline, silent
from benchmarks.baselines.grid import COLUMNS, FIRST, STEPS_PER_BAR, from_sounding
from benchmarks.baselines.training import Budget, Step, command, fit, load, windows
from musicgen.codec import MAX_PITCHES, PITCHES
from musicgen.corpus.dataset import Dataset
from musicgen.music import Music
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES

NOISE = 128
BARS = 4
BATCH = 32
TRACKS = len(ROLE_NAMES)


class ConvGAN(Baseline):
    """The generator and its critic."""

    identity = "conv-gan"

    def __init__(self, seed: int = 0) -> None:
        keras.utils.set_random_seed(seed)
        self.generator, self.critic = _generator(), _critic()
        self.steps = {
            "critic": Step(self.critic, self._critic_loss, [self.generator, self.critic], 2e-4, 0.5),
            "generator": Step(self.generator, self._generator_loss, [self.generator, self.critic], 1e-4, 0.5),
        }

    @classmethod
    def load(cls, run: Path) -> ConvGAN:
        model = cls()
        model.identity = f"conv-gan, {load(model.steps, run)} steps"
        return model

    def _critic_loss(self, batch: dict[str, Any], training: bool) -> Any:
        fake = _binary(self.generator(batch["noise"], training=True))
        both = self.critic(ops.concatenate([batch["real"], fake]), training=training)
        return ops.mean(ops.relu(1 - both[:BATCH])) + ops.mean(ops.relu(1 + both[BATCH:]))

    def _generator_loss(self, batch: dict[str, Any], training: bool) -> Any:
        return -ops.mean(self.critic(_binary(self.generator(batch["noise"], training=training)), training=False))

    def generate(self, request: Request) -> Music:
        return self.generate_many([request])[0]

    def generate_many(self, requests: Sequence[Request]) -> list[Music]:
        pieces = []
        for request in requests:
            noise = np.random.default_rng(request.seed).standard_normal((-(-request.bars // BARS), NOISE))
            noise[:, : NOISE // 2] = noise[0, : NOISE // 2]
            rolls = ops.convert_to_numpy(self.generator(noise.astype(np.float32), training=False)) > 0.5
            steps = rolls.reshape(-1, MAX_PITCHES, TRACKS)[: request.bars * STEPS_PER_BAR]
            sounding = np.zeros((len(steps), COLUMNS), bool)
            for index, role in enumerate(ROLE_NAMES):
                if role in request.roles:
                    sounding[:, FIRST[index] : FIRST[index + 1]] = steps[:, : PITCHES[index], index]
            pieces.append(from_sounding(sounding, silent(request)))
        return pieces


def train(dataset: Dataset, run: Path, budget: Budget, seed: int) -> None:
    def batch(rng: np.random.Generator) -> dict[str, dict[str, np.ndarray]]:
        source = windows(dataset, BARS, rng)
        real = np.zeros((BATCH, BARS * STEPS_PER_BAR, MAX_PITCHES, TRACKS), np.float32)
        for roll in real:
            begins, goes_on, _ = next(source)
            for index, count in enumerate(PITCHES):
                roll[:, :count, index] = (begins | goes_on)[:, FIRST[index] : FIRST[index + 1]]
        noise = rng.standard_normal((BATCH, NOISE)).astype(np.float32)
        both = {"real": real.reshape(BATCH, BARS, STEPS_PER_BAR, MAX_PITCHES, TRACKS), "noise": noise}
        return {"critic": both, "generator": both}

    fit(ConvGAN(seed).steps, batch, run, budget)


def _binary(rolls: Any) -> Any:
    """Notes or none, with the gradient of their chances: or the critic tells a half note from a whole one at once."""
    return rolls + ops.stop_gradient(ops.cast(rolls > 0.5, rolls.dtype) - rolls)


def _generator() -> keras.Model:
    """Noise to rolls: a vector a bar, and the same layers for each bar (bars ride in the batch's axis)."""
    noise = layers.Input([NOISE])
    x = ops.reshape(layers.Dense(BARS * 2 * 3 * 96)(noise), [-1, 2, 3, 96])
    for width, stride in ((64, (2, 2)), (48, (2, 2)), (32, (2, 4))):
        x = layers.ReLU()(layers.BatchNormalization()(x))
        x = layers.Conv2DTranspose(width, (2 * stride[0], 2 * stride[1]), stride, "same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2D(TRACKS, 3, padding="same", activation="sigmoid")(x)
    return keras.Model(noise, ops.reshape(x, [-1, BARS, STEPS_PER_BAR, MAX_PITCHES, TRACKS]))


def _critic() -> keras.Model:
    roll = layers.Input([BARS, STEPS_PER_BAR, MAX_PITCHES, TRACKS])
    x = ops.reshape(roll, [-1, STEPS_PER_BAR, MAX_PITCHES, TRACKS])
    for width, kernel, stride in ((32, (4, 8), (2, 4)), (64, 4, 2), (96, (4, 3), 2)):
        convolution = layers.Conv2D(width, kernel, stride, "same")
        x = layers.LeakyReLU(negative_slope=0.2)(layers.SpectralNormalization(convolution)(x))
    x = layers.SpectralNormalization(layers.Dense(256))(ops.reshape(x, [-1, BARS * 2 * 3 * 96]))
    return keras.Model(roll, layers.SpectralNormalization(layers.Dense(1))(layers.LeakyReLU(negative_slope=0.2)(x)))


if __name__ == "__main__":
    command("conv-gan", __doc__, train)
