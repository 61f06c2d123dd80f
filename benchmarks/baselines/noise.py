"""Uniform noise: the songs' number of notes, and nothing else of theirs."""

from __future__ import annotations

import numpy as np

from benchmarks.baselines import Baseline, silent
from musicgen import codec
from musicgen.corpus.dataset import Dataset
from musicgen.music import FOUR_FOUR, Music
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES


class Noise(Baseline):
    """Onsets uniform over sixteenths, pitches over the role's range, durations up to a beat, velocities over all.

    How many notes: a Poisson number with the mean of the role in the training songs.
    """

    identity = "noise"

    def __init__(self, dataset: Dataset) -> None:
        pieces = [piece for piece in dataset.split("train") if piece.metre == FOUR_FOUR.name]
        notes = np.zeros(len(ROLE_NAMES))
        bars = np.zeros(len(ROLE_NAMES))
        for piece in pieces:
            first, last = dataset.offsets[piece.start], dataset.offsets[piece.start + piece.bars]
            notes += np.bincount(dataset.notes[first:last, 0], minlength=len(ROLE_NAMES))
            bars += piece.roles * piece.bars
        self.rate = notes / np.maximum(bars, 1)

    def generate(self, request: Request) -> Music:
        rng = np.random.default_rng(request.seed)
        tables = []
        for role, name in enumerate(ROLE_NAMES):
            count = rng.poisson(self.rate[role] * request.bars) if name in request.roles else 0
            columns = (
                rng.integers(request.bars, size=count), np.full(count, role), rng.integers(16, size=count) * 3,
                rng.integers(codec.PITCHES[role], size=count), rng.integers(8, size=count),
                rng.integers(len(codec.VELOCITIES), size=count),
            )  # fmt: skip
            tables.append(np.stack(columns, axis=1))
        return codec.decode(np.concatenate(tables), silent(request))
