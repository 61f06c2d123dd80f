"""A Markov chain per role: every step has been heard, the roles have not heard each other.

What is one step: all notes that a role begins at one tick. What comes next depends on the place in the bar and on the
last two steps, in this style and mode; where that was heard too seldom, on less and less.
"""

from __future__ import annotations

import zlib

import numpy as np

from benchmarks.baselines import Baseline, silent
from musicgen import codec
from musicgen.corpus.dataset import Dataset
from musicgen.music import FOUR_FOUR, TICKS_PER_BAR, Key, Music
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

LEAST = 4
"""Times that a context must have been heard to be followed."""


class Markov(Baseline):
    """Variable-order n-grams (2, 1 and 0 steps back), drawn by following a random place where the context was heard."""

    identity = "markov"

    def __init__(self, dataset: Dataset) -> None:
        self.chains = {role: _Chain(dataset, index) for index, role in enumerate(ROLE_NAMES)}

    def generate(self, request: Request) -> Music:
        like = silent(request)
        tables = [np.zeros((0, 6), np.int64)]
        for role in request.roles:
            rng = np.random.default_rng([request.seed, zlib.crc32(role.encode())])
            tables.append(self.chains[role].walk(rng, like))
        return codec.decode(np.concatenate(tables), like)


class _Chain:
    """The steps of one role over the training pieces in 4/4, one after the other, and an index of their contexts."""

    def __init__(self, dataset: Dataset, role: int) -> None:
        pieces = [piece for piece in dataset.split("train") if piece.metre == FOUR_FOUR.name]
        bars = np.concatenate([np.arange(piece.start, piece.start + piece.bars) for piece in pieces])
        label = np.concatenate(
            [
                np.full(piece.bars, STYLE_NAMES.index(piece.style) * 2 + (Key.parse(piece.key).mode == "minor"))
                for piece in pieces
            ]
        )
        number = np.repeat(np.arange(len(pieces)), [piece.bars for piece in pieces])
        first = dataset.offsets[bars]
        count = dataset.offsets[bars + 1] - first
        of_bar = np.repeat(np.arange(len(bars)), count)
        rows = np.asarray(dataset.notes)[np.arange(len(of_bar)) + np.repeat(first - _before(count), count)]
        here = rows[:, 0] == role
        self.notes, of_bar = rows[here].astype(np.int64), of_bar[here]
        self.role = role
        tick = of_bar * TICKS_PER_BAR + self.notes[:, 1]  # counted over all pieces
        fresh = np.append(True, np.diff(tick) > 0)[: len(tick)]
        self.begin = np.flatnonzero(fresh)  # first note of each step
        self.tick = tick[self.begin]
        self.piece, self.label = number[of_bar[self.begin]], label[of_bar[self.begin]]
        if not len(self.begin):
            return
        names = np.random.default_rng(0).integers(2**62, size=codec.MAX_PITCHES)
        chord = np.add.reduceat(names[self.notes[:, 2]], self.begin)  # a number for the set of pitches
        place = self.tick % TICKS_PER_BAR
        earlier = np.append(0, chord[:-1]) * np.append(False, self.piece[1:] == self.piece[:-1])
        contexts = [
            (self.label, place, chord, earlier),
            (self.label, place, chord),
            (place, chord),
            (self.label, place),
            (place,),
        ]
        self.keys = [_hash(*context) for context in contexts]
        self.order = [np.argsort(keys, kind="stable") for keys in self.keys]
        self.sorted = [keys[order] for keys, order in zip(self.keys, self.order, strict=True)]

    def walk(self, rng: np.random.Generator, like: Music) -> np.ndarray:
        """Rows of `codec.COLUMNS` of this role."""
        label = STYLE_NAMES.index(like.style) * 2 + (like.key.mode == "minor")
        starts = np.flatnonzero(self.label == label) if len(self.begin) else self.begin
        if not len(starts):
            starts = np.arange(len(self.begin))
        if not len(starts):
            return np.zeros((0, 6), np.int64)
        step = int(starts[rng.integers(len(starts))])
        now = int(self.tick[step] % TICKS_PER_BAR)
        result = []
        while now < like.ticks:
            end = self.begin[step + 1] if step + 1 < len(self.begin) else len(self.notes)
            for _, tick, pitch, duration, velocity in self.notes[self.begin[step] : end].tolist():
                assert tick == now % TICKS_PER_BAR
                result.append((now // TICKS_PER_BAR, self.role, tick, pitch, duration, velocity))
            follower = self._next(step, rng)
            if follower is None:
                break
            now += int(self.tick[follower] - self.tick[follower - 1])
            step = follower
        return np.array(result, np.int64).reshape(-1, 6)

    def _next(self, step: int, rng: np.random.Generator) -> int | None:
        for keys, order, ordered in zip(self.keys, self.order, self.sorted, strict=True):
            low, high = np.searchsorted(ordered, keys[step]), np.searchsorted(ordered, keys[step], "right")
            if high - low < LEAST:
                continue
            for _ in range(8):  # the last step of a piece has no follower
                follower = int(order[rng.integers(low, high)]) + 1
                if follower < len(self.piece) and self.piece[follower] == self.piece[follower - 1]:
                    return follower
        return None


def _before(counts: np.ndarray) -> np.ndarray:
    return np.cumsum(counts) - counts


def _hash(*columns: np.ndarray) -> np.ndarray:
    result = np.zeros(len(columns[0]), np.uint64)
    for column in columns:  # wraps modulo 2**64
        result = (result ^ (result >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15) + column.astype(np.uint64)
    return result * np.uint64(0xBF58476D1CE4E5B9)
