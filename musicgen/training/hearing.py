"""Teaching a `Lens` which pitch classes the notes of a cell have."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from musicgen.codec import DURATIONS
from musicgen.corpus.dataset import Dataset
from musicgen.models.gan import Generator
from musicgen.models.lens import HALVES, PITCHED, Lens
from musicgen.music import TICKS_PER_BAR
from musicgen.roles import ROLES
from musicgen.training.batches import every_place
from musicgen.training.latents import LatentWindows

_WINDOWS = 64
_RATE = 3e-3


class _Lesson(keras.Model):
    """Latents, blurred as their posteriors are, to chroma; cross entropy."""

    def __init__(self, lens: Lens) -> None:
        super().__init__(name="lesson")
        self.lens = lens
        self.built = True

    def call(self, x: Any, training: bool = False) -> Any:
        return self.lens.logits(x)


def fit_lens(windows: LatentWindows, dataset: Dataset, generator: Generator, steps: int, hop: int = 4) -> Lens:
    """A lens for the normalised latents of `generator`.

    Args:
        windows: of the training split, `hop` bars apart.
    """
    bars = generator.config.bars
    places = every_place(dataset, "train", bars, hop)
    heard = np.stack([half_bar_chroma(dataset.rows(piece, first, length), bars) for piece, first, length in places])
    lens = Lens(generator.config.latent, name="lens")
    lens.build()
    lesson = _Lesson(lens)
    schedule = keras.optimizers.schedules.CosineDecay(_RATE, max(steps, 1))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    lesson.compile(optimizer=keras.optimizers.Adam(schedule), loss=loss, jit_compile=False)
    rng = np.random.default_rng(0)
    mean, scale, blur = (np.asarray(value) for value in (generator.mean, generator.scale, generator.blur))
    for _ in range(steps):
        chosen = rng.choice(len(places), _WINDOWS, p=windows.chance)
        x = (windows.mean[chosen].astype(np.float32) - mean) / scale
        x = x + blur * rng.standard_normal(x.shape).astype(np.float32)
        lesson.train_on_batch(x, heard[chosen].astype(np.float32))
    return lens


def half_bar_chroma(rows: np.ndarray, bars: int) -> np.ndarray:
    """Share of each half bar in which a pitched role sounds each pitch class, 0 to 1.

    Args:
        rows: notes as `codec.COLUMNS`.

    Returns:
        float16, shape (bars, pitched roles, halves * 12).
    """
    half = TICKS_PER_BAR // HALVES
    pitched = rows[rows[:, 1] < PITCHED].astype(np.int64)
    low = np.array([role.low for role in ROLES])
    start = pitched[:, 0] * TICKS_PER_BAR + pitched[:, 2]
    end = np.minimum(start + np.array(DURATIONS)[pitched[:, 4]], bars * TICKS_PER_BAR)
    classes = (low[pitched[:, 1]] + pitched[:, 3]) % 12
    table = np.zeros((bars * HALVES, PITCHED, 12), np.float32)
    for later in range(max(DURATIONS) // half + 1):
        place = start // half + later
        sounds = np.minimum(end, (place + 1) * half) - np.maximum(start, place * half)
        here = sounds > 0
        np.add.at(table, (place[here], pitched[here, 1], classes[here]), sounds[here] / half)
    shaped = np.minimum(table, 1).reshape(bars, HALVES, PITCHED, 12).transpose(0, 2, 1, 3)
    return shaped.reshape(bars, PITCHED, HALVES * 12).astype(np.float16)
