"""Progressions of a data set as batches for a `Progression`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from musicgen.corpus.dataset import Dataset
from musicgen.harmony import NO_CHORD
from musicgen.models.prior import ANY_MODE
from musicgen.models.progression import PLACES
from musicgen.music import METRES, MODES, Key
from musicgen.roles import STYLE_NAMES
from musicgen.training.batches import every_place
from musicgen.training.latents import heard_mode

_BARS = PLACES // 2
_HOP = 4


class Progressions:
    """The chords of windows of sixteen bars that begin with a section, drawn for ever.

    Half of them from all songs, each counting alike but for `weights`, those of the sources, 1 where not given; half
    from all styles alike, and in a style from its songs. Songs with piano and chorales, two thirds of all, are in one
    style, and chords of the others, which people ask for as often, would hardly be heard. A mode is told where a window
    is in that of its piece; it and the style are hidden from one in ten.
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
            heard, said = heard_mode(labels["key"], labels["key_confidence"]), Key.parse(piece.key).mode
            self.mode[index] = heard if heard == MODES.index(said) else ANY_MODE
        self.style = np.array([STYLE_NAMES.index(piece.style) for piece, _, _ in places], np.int32)
        self.metre = np.array([list(METRES).index(piece.metre) for piece, _, _ in places], np.int32)
        by_song = np.array([weights.get(piece.source, 1.0) for piece, _, _ in places])
        by_song /= _alike([piece.song for piece, _, _ in places])
        songs_of = Counter(style for style, _ in {(piece.style, piece.song) for piece, _, _ in places})
        by_style = 1.0 / np.array([songs_of[piece.style] for piece, _, _ in places])
        by_style /= _alike([f"{piece.style} {piece.song}" for piece, _, _ in places])
        self.chance = (by_song / by_song.sum() + by_style / by_style.sum()) / 2

    def batch(self) -> dict[str, np.ndarray]:
        index = self.rng.choice(len(self.chance), self.size, p=self.chance)
        hidden = self.rng.random((2, self.size)) < 0.1
        return {
            "codes": self.codes[index],
            "mask": self.mask[index],
            "style": np.where(hidden[0], len(STYLE_NAMES), self.style[index]).astype(np.int32),
            "mode": np.where(hidden[1], ANY_MODE, self.mode[index]).astype(np.int32),
            "metre": self.metre[index],
        }

    def __iter__(self) -> Iterator[tuple[dict[str, np.ndarray]]]:
        while True:
            yield (self.batch(),)


def _alike(names: list[str]) -> np.ndarray:
    """How many places have the name of each."""
    _, name, count = np.unique(names, return_inverse=True, return_counts=True)
    return np.asarray(count[name], float)
