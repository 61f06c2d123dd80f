"""`python -m musicgen tune`: chooses on validation songs how much of its latents a model shall believe.

The listener that chooses is a network that learns from validation songs and from pieces asked for like them. The ear
of `evaluate`, which judges, is another: it learns from training songs and hears test songs.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from musicgen import codec, load
from musicgen.corpus.dataset import Dataset
from musicgen.errors import CheckpointError
from musicgen.evaluation.learned_ear import measure_area
from musicgen.evaluation.windows import BARS, request_like, windows
from musicgen.models.grid_composer import GridComposer
from musicgen.models.note_classifier import ClassifierConfig, ClassifierTrainer
from musicgen.request import DEFAULT_TEMPERATURE
from musicgen.training.card import write_card

TIMES = (0.25, 0.4, 0.55, 0.7)
_FIRST_SEED = 20_000_000
"""Seeds of the pieces that are listened to from here on, others than those that `evaluate` judges."""
_SEEDS = 3


def tune(name: str, data: Path, out: Path, notes: str | None = None, count: int = 320) -> dict[str, float]:
    """Write a checkpoint whose `time` is the one of `TIMES` at which a listener tells pieces from songs least.

    Args:
        name: the model.
        data: a folder made by `prepare`.
        out: the folder of the new checkpoint.
        notes: a model over the same latents whose note decoder the new checkpoint gets; its own if not given.
        count: validation songs, half to learn from and half to judge.

    Returns:
        Area under the ROC curve for each time, mean of three seeds of the listener.

    Raises:
        CheckpointError: a model without a note decoder, or two over different latents.
    """
    composer = _load(name)
    if notes is not None:
        other = _load(notes)
        here, there = (np.asarray(model.notes.mean) for model in (composer, other))
        if here.shape != there.shape or not np.allclose(here, there, atol=0.05):
            raise CheckpointError(f"--notes: expected a model over the latents of {name}. Received: {notes}.")
        composer.notes.set_weights(other.notes.get_weights())
    areas = listen(composer, Dataset.open(data), TIMES, count)
    composer.time = min(TIMES, key=lambda time: areas[str(time)])
    composer.card["tuned"] = {"songs": count, "area by time": areas}
    composer.save_pretrained(out)
    write_card(composer, out)
    return areas


def listen(composer: GridComposer, dataset: Dataset, times: Sequence[float], count: int) -> dict[str, float]:
    """Area under the ROC curve of a listener for each time, mean over `_SEEDS` seeds of its weights."""
    songs = windows(dataset, "valid", count, seed=7)
    real = [codec.encode(window.music) for window in songs]
    half = count // 2
    trainer = ClassifierTrainer(ClassifierConfig(bars=BARS))
    areas = {}
    for time in tqdm(times, desc="times", unit="time"):
        composer.time = time
        requests = [request_like(window, _FIRST_SEED + i, DEFAULT_TEMPERATURE) for i, window in enumerate(songs)]
        made = [codec.encode(music) for music in composer.generate_many(requests)]
        found = [
            measure_area(trainer, real[:half], made[:half], real[half:], made[half:], seed) for seed in range(_SEEDS)
        ]
        areas[str(time)] = round(float(np.mean(found)), 4)
    return areas


def _load(name: str) -> GridComposer:
    composer = load(name)
    if not isinstance(composer, GridComposer):
        raise CheckpointError(f"Expected a model with a note decoder. Received: {composer.identity}.")
    return composer


__all__ = ["TIMES", "listen", "tune"]
