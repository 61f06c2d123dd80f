"""Bars of different songs, glued: each bar is perfect, and the piece is none."""

from __future__ import annotations

import numpy as np

from benchmarks.baselines import Baseline, silent
from musicgen import codec
from musicgen.corpus.dataset import Dataset
from musicgen.music import FOUR_FOUR, Key, Music
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES


class Glued(Baseline):
    """Every bar is a whole bar of another training song of the style, in the key that it was written in."""

    identity = "glued"

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.pieces = [piece for piece in dataset.split("train") if piece.metre == FOUR_FOUR.name]

    def generate(self, request: Request) -> Music:
        rng = np.random.default_rng(request.seed)
        wanted = np.array([name in request.roles for name in ROLE_NAMES])
        fitting = [piece for piece in self.pieces if (piece.roles | ~wanted).all()] or self.pieces
        pieces = [piece for piece in fitting if piece.style == request.style] or fitting
        tables = []
        for bar in range(request.bars):
            piece = pieces[rng.integers(len(pieces))]
            rows = self.dataset.rows(piece, int(rng.integers(piece.bars)), 1).astype(np.int64)
            rows = rows[wanted[rows[:, 1]]]
            rows[:, 0] = bar
            tables.append(_moved(rows, -Key.parse(piece.key).shift_to_normal))
        return codec.decode(np.concatenate(tables), silent(request))


def _moved(rows: np.ndarray, semitones: int) -> np.ndarray:
    """Rows moved by semitones; a pitch that leaves its role's range moves by an octave."""
    count = np.array(codec.PITCHES)[rows[:, 1]]
    pitch = rows[:, 3] + semitones
    pitch = np.where(pitch < 0, pitch + 12, np.where(pitch >= count, pitch - 12, pitch))
    rows[:, 3] = np.where(rows[:, 1] == ROLE_NAMES.index("drums"), rows[:, 3], pitch)
    return rows
