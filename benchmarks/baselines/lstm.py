"""An LSTM that says the next sixteenth of all roles from those before it.

    python -m benchmarks.baselines.lstm --data data --run runs/lstm

Given what began and what went on at the last step, the place in the bar, style, mode and roles, it gives a chance for
every pitch of every role to begin and to go on; all are drawn independently. One layer of 384, sixteen bars of past.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from benchmarks.baselines import LABELS, Baseline, label, silent
from benchmarks.baselines.grid import COLUMNS, FIRST, STEPS_PER_BAR, music
from benchmarks.baselines.training import Budget, Step, command, fit, load, windows
from musicgen.corpus.dataset import Dataset
from musicgen.music import Key, Music
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES

WIDTH = 384
BATCH, BARS = 16, 8
"""Windows a step, and their length."""
CONDITION = STEPS_PER_BAR + LABELS + len(ROLE_NAMES)


class NextStep(Baseline):
    """The network and its sampler; the requests of one call run side by side."""

    identity = "lstm"

    def __init__(self, seed: int = 0) -> None:
        keras.utils.set_random_seed(seed)
        self.cell = layers.LSTMCell(WIDTH)
        self.layer = layers.RNN(self.cell, return_sequences=True)
        self.head = layers.Dense(2 * COLUMNS, bias_initializer=keras.initializers.Constant(-4.0))
        inputs = layers.Input([None, 2 * COLUMNS + CONDITION])
        self.network = keras.Model(inputs, self.head(self.layer(inputs)))
        self.steps = {"network": Step(self.network, self._objective, [self.network], 1e-3)}

    @classmethod
    def load(cls, run: Path) -> NextStep:
        model = cls()
        model.identity = f"lstm, {load(model.steps, run)} steps"
        return model

    def _objective(self, batch: dict[str, Any], training: bool) -> Any:
        logits = self.network(batch["inputs"])
        labels, weights = batch["labels"], batch["weights"]
        each = ops.maximum(logits, 0) - logits * labels + ops.log1p(ops.exp(-ops.abs(logits)))
        return ops.sum(each * weights) / (ops.sum(weights) + 1.0) * 100  # of pitches of roles that the piece has

    def generate(self, request: Request) -> Music:
        return self.generate_many([request])[0]

    def generate_many(self, requests: Sequence[Request]) -> list[Music]:
        pieces: list[Music | None] = [None] * len(requests)
        for bars in sorted({request.bars for request in requests}):
            chosen = [i for i, request in enumerate(requests) if request.bars == bars]
            for start in range(0, len(chosen), 128):
                part = chosen[start : start + 128]
                for index, piece in zip(part, self._walk([requests[i] for i in part]), strict=True):
                    pieces[index] = piece
        return [piece for piece in pieces if piece is not None]

    def _walk(self, requests: Sequence[Request]) -> list[Music]:
        likes = [silent(request) for request in requests]
        rngs = [np.random.default_rng(request.seed) for request in requests]
        steps = requests[0].bars * STEPS_PER_BAR
        notes = np.zeros((len(requests), steps + 1, 2 * COLUMNS), np.float32)
        present = [_present(request) for request in requests]
        fixed = np.stack([_condition(like.style, like.key, here) for like, here in zip(likes, present, strict=True)])
        allowed = np.stack([_columns(here) for here in present])
        state = [ops.zeros((len(requests), WIDTH)) for _ in range(2)]
        for step in range(steps):
            place = np.eye(STEPS_PER_BAR, dtype=np.float32)[[step % STEPS_PER_BAR] * len(requests)]
            output, state = self.cell(np.concatenate([notes[:, step], place, fixed], axis=1), state)
            chance = ops.convert_to_numpy(ops.sigmoid(self.head(output)))
            drawn = np.stack([rng.random(2 * COLUMNS) for rng in rngs]) < chance
            begins = drawn[:, :COLUMNS] & allowed
            was_on = (notes[:, step, :COLUMNS] + notes[:, step, COLUMNS:]) > 0
            goes_on = drawn[:, COLUMNS:] & was_on & ~begins
            notes[:, step + 1] = np.concatenate([begins, goes_on], axis=1)
        return [
            music(grid[1:, :COLUMNS] > 0, grid[1:, COLUMNS:] > 0, like) for grid, like in zip(notes, likes, strict=True)
        ]


def train(dataset: Dataset, run: Path, budget: Budget, seed: int) -> None:
    model = NextStep(seed)
    places = np.tile(np.eye(STEPS_PER_BAR, dtype=np.float32), (BARS, 1))

    def batch(rng: np.random.Generator) -> dict[str, np.ndarray]:
        source = windows(dataset, BARS, rng)
        inputs, labels, weights = [], [], []
        for _ in range(BATCH):
            begins, goes_on, piece = next(source)
            grid = np.concatenate([begins, goes_on], axis=1).astype(np.float32)
            before = np.concatenate([np.zeros((1, 2 * COLUMNS), np.float32), grid[:-1]])
            fixed = np.tile(_condition(piece.style, Key.parse(piece.key), piece.roles), (len(grid), 1))
            inputs.append(np.concatenate([before, places, fixed], axis=1))
            labels.append(grid)
            weights.append(np.tile(np.tile(_columns(piece.roles), 2), (len(grid), 1)).astype(np.float32))
        return {"inputs": np.stack(inputs), "labels": np.stack(labels), "weights": np.stack(weights)}

    fit(model.steps, lambda rng: {"network": batch(rng)}, run, budget)


def _condition(style: str, key: Key, present: np.ndarray) -> np.ndarray:
    return np.concatenate([label(style, key), present.astype(np.float32)])


def _present(request: Request) -> np.ndarray:
    return np.array([role in request.roles for role in ROLE_NAMES])


def _columns(present: np.ndarray) -> np.ndarray:
    """Which columns of the grid belong to roles that are there."""
    return np.repeat(present, np.diff(FIRST)).astype(bool)


if __name__ == "__main__":
    command("lstm", __doc__, train)
