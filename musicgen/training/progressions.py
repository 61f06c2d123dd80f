"""Progressions of a data set as batches for a `Progression`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from musicgen.corpus.dataset import Dataset
from musicgen.harmony import NO_CHORD
from musicgen.models.prior import ANY_MODE
from musicgen.models.progression import PLACES
from musicgen.roles import STYLE_NAMES
from musicgen.training.batches import every_place
from musicgen.training.latents import heard_mode

_BARS = PLACES // 2
_HOP = 4


class Progressions:
    """The chords of windows of sixteen bars that begin with a section, drawn for ever; each song counts alike.

    Style and mode are hidden from one in ten. `weights` are those of the sources, 1 where not given.
    """

    def __init__(self, dataset: Dataset, split: str, size: int, weights: Mapping[str, float], seed: int) -> None:
        places = every_place(dataset, split, _BARS, _HOP) if dataset.labels else []
        self.size, self.rng = size, np.random.default_rng(seed)
        self.codes = np.full((len(places), PLACES), NO_CHORD, np.int32)
        self.mask = np.zeros((len(places), PLACES), np.float32)
        self.mode = np.full(len(places), ANY_MODE, np.int32)
        for index, (piece, first, length) in enumerate(places):
            labels = dataset.window(piece, first, length)
            self.codes[index, : 2 * length] = np.minimum(labels["chords"].reshape(-1), NO_CHORD)
            self.mask[index, : 2 * length] = 1
            self.mode[index] = heard_mode(labels["key"], labels["key_confidence"])
        self.style = np.array([STYLE_NAMES.index(piece.style) for piece, _, _ in places], np.int32)
        songs = [piece.song for piece, _, _ in places]
        _, song, count = np.unique(songs, return_inverse=True, return_counts=True)
        chance = np.array([weights.get(piece.source, 1.0) for piece, _, _ in places]) / count[song]
        self.chance = chance / chance.sum()

    def batch(self) -> dict[str, np.ndarray]:
        index = self.rng.choice(len(self.chance), self.size, p=self.chance)
        hidden = self.rng.random((2, self.size)) < 0.1
        return {
            "codes": self.codes[index],
            "mask": self.mask[index],
            "style": np.where(hidden[0], len(STYLE_NAMES), self.style[index]).astype(np.int32),
            "mode": np.where(hidden[1], ANY_MODE, self.mode[index]).astype(np.int32),
        }

    def __iter__(self) -> Iterator[tuple[dict[str, np.ndarray]]]:
        while True:
            yield (self.batch(),)
