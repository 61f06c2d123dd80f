"""Teaching a `Lens` what the notes of a cell are like."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from musicgen.codec import DURATIONS
from musicgen.corpus.dataset import Dataset
from musicgen.models.compiling import jit_compiled
from musicgen.models.lens import CHROMA, HALVES, HEARD, PITCHED, ROLES, STEPS, Lens
from musicgen.music import TICKS_PER_BAR
from musicgen.roles import DRUM_PITCHES
from musicgen.roles import ROLES as ROLE_TABLE
from musicgen.training.batches import every_place
from musicgen.training.latents import LatentWindows

_WINDOWS = 64
_RATE = 3e-3
_EIGHTHS = 8
_DRUMS = tuple(
    [index for index, pitch in enumerate(DRUM_PITCHES) if pitch in kinds]
    for kinds in ((35, 36), (37, 38, 39, 40), (42, 44, 46, 49, 51, 53, 57, 59))
)
"""Drum indices of kicks, snares and cymbals."""


class _Lesson(keras.Model):
    """Latents, blurred as their posteriors are, to what is heard; cross entropy."""

    def __init__(self, lens: Lens) -> None:
        super().__init__(name="lesson")
        self.lens = lens
        self.built = True

    def call(self, x: Any, training: bool = False) -> Any:
        return self.lens.logits(x)


def fit_lens(
    windows: LatentWindows, dataset: Dataset, moments: tuple[np.ndarray, np.ndarray, np.ndarray], steps: int,
    hop: int = 4,
) -> Lens:  # fmt: skip
    """A lens for normalised latents.

    Args:
        windows: of the training split, `hop` bars apart.
        moments: mean and scale of the latents, and the deviation of their posteriors, normalised; (roles, latent).
    """
    bars = windows.mean.shape[1]
    places = every_place(dataset, "train", bars, hop)
    truth = np.stack([heard(dataset.rows(piece, first, length), bars) for piece, first, length in places])
    lens = Lens(windows.mean.shape[-1], name="lens")
    lens.build()
    lesson = _Lesson(lens)
    schedule = keras.optimizers.schedules.CosineDecay(_RATE, max(steps, 1))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    lesson.compile(optimizer=keras.optimizers.Adam(schedule), loss=loss, jit_compile=jit_compiled())
    rng = np.random.default_rng(0)
    mean, scale, blur = moments
    for _ in range(steps):
        chosen = rng.choice(len(places), _WINDOWS, p=windows.chance)
        x = (windows.mean[chosen].astype(np.float32) - mean) / scale
        x = x + blur * rng.standard_normal(x.shape).astype(np.float32)
        lesson.train_on_batch(x, truth[chosen].astype(np.float32))
    return lens


def heard(rows: np.ndarray, bars: int) -> np.ndarray:
    """What a `Lens` is to hear in each cell.

    Of a pitched role: the share of each half bar in which each pitch class sounds; whether at least one, two, three
    notes begin in each eighth of the bar; whether any begins on each sixteenth. Of the drums: whether kick, snare and
    cymbals are struck on each sixteenth, and whether anything is.

    Args:
        rows: notes as `codec.COLUMNS`.

    Returns:
        float16, 0 to 1, shape (bars, roles, `HEARD`).
    """
    table = np.zeros((bars, ROLES, HEARD), np.float32)
    table[:, :PITCHED, :CHROMA] = _chroma(rows[rows[:, 1] < PITCHED].astype(np.int64), bars)
    bar, role, tick, pitch = rows[:, :4].astype(np.int64).T
    table[bar, role, HEARD - STEPS + tick * STEPS // TICKS_PER_BAR] = 1
    begun = np.zeros((bars, ROLES, _EIGHTHS), np.int64)
    np.add.at(begun, (bar, role, tick * _EIGHTHS // TICKS_PER_BAR), 1)
    for least in range(1, 4):
        start = CHROMA + (least - 1) * _EIGHTHS
        table[:, :PITCHED, start : start + _EIGHTHS] = begun[:, :PITCHED] >= least
    for index, kinds in enumerate(_DRUMS):
        here = (role == PITCHED) & np.isin(pitch, kinds)
        table[bar[here], PITCHED, index * STEPS + tick[here] * STEPS // TICKS_PER_BAR] = 1
    return table.astype(np.float16)


def _chroma(rows: np.ndarray, bars: int) -> np.ndarray:
    """Share of each half bar in which each pitch class sounds, shape (bars, pitched roles, `CHROMA`)."""
    half = TICKS_PER_BAR // HALVES
    low = np.array([role.low for role in ROLE_TABLE])
    start = rows[:, 0] * TICKS_PER_BAR + rows[:, 2]
    end = np.minimum(start + np.array(DURATIONS)[rows[:, 4]], bars * TICKS_PER_BAR)
    classes = (low[rows[:, 1]] + rows[:, 3]) % 12
    table = np.zeros((bars * HALVES, PITCHED, 12), np.float32)
    for later in range(max(DURATIONS) // half + 1):
        place = start // half + later
        sounds = np.minimum(end, (place + 1) * half) - np.maximum(start, place * half)
        here = sounds > 0
        np.add.at(table, (place[here], rows[here, 1], classes[here]), sounds[here] / half)
    shaped = np.minimum(table, 1).reshape(bars, HALVES, PITCHED, 12).transpose(0, 2, 1, 3)
    return np.asarray(shaped.reshape(bars, PITCHED, CHROMA))
