"""`NoteClassifier`: a network that reads all notes of a piece and tells generated pieces from songs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from musicgen.codec import DURATIONS, PITCHES, VELOCITIES
from musicgen.models.compiling import compiled, jit_compiled
from musicgen.models.layers import Block, NoteSum, attention_bias
from musicgen.models.own_loss import OwnLoss
from musicgen.roles import ROLE_NAMES

ROLES = len(ROLE_NAMES)
TICKS = 48
NOTES_PER_PIECE = 1024
"""Room for notes, on average over a batch; what does not fit is left out."""


@dataclass(frozen=True)
class ClassifierConfig:
    """Architecture and training of a `NoteClassifier`.

    Args:
        bars: of a piece. width, heads, blocks: of the Transformer over its cells.
        epochs: passes over the training pieces. windows: pieces a step. rate: peak learning rate.
    """

    bars: int = 16
    width: int = 192
    heads: int = 4
    blocks: int = 3
    epochs: int = 3
    windows: int = 32
    rate: float = 5e-4


class NoteClassifier(OwnLoss):
    """Cells are sums of notes; a Transformer over the cells; mean and maximum; one logit, above 0 for generated."""

    def __init__(self, config: ClassifierConfig, **kwargs: Any) -> None:
        super().__init__(("loss",), **kwargs)
        self.config = config
        width = config.width
        self.note_sum = NoteSum(TICKS, PITCHES, len(DURATIONS), len(VELOCITIES), width, name="note_sum")
        self.blocks = [Block(width, config.heads, name=f"block_{i}") for i in range(config.blocks)]
        self.norm = layers.LayerNormalization(epsilon=1e-6, name="norm")
        self.hidden = layers.Dense(width, activation="silu", name="hidden")
        self.out = layers.Dense(1, name="out")
        self.note_sum.build()
        for block in self.blocks:
            block.build((None, None, width))
        self.norm.build((None, None, width))
        self.hidden.build((None, 2 * width))
        self.out.build((None, width))
        self.place = self.add_weight(shape=(config.bars * ROLES, width), initializer="random_normal", name="place")
        self.built = True

    def logits(self, notes: Any, cell_mask: Any) -> Any:
        """Args: notes (n, 6): as for the `VAE`; cell_mask (B, bars * roles): 1 for cells that the piece has."""
        cells = self.config.bars * ROLES
        x = self.note_sum(notes, cells=cell_mask.shape[0] * cells)
        x = ops.reshape(x, (-1, cells, self.config.width)) + self.place[None]
        bias = attention_bias(cell_mask)
        for block in self.blocks:
            x = block(x, bias=bias)
        x = self.norm(x)
        mask = cell_mask[..., None]
        mean = ops.sum(x * mask, axis=1) / ops.maximum(ops.sum(mask, axis=1), 1.0)
        most = ops.max(x * mask - (1.0 - mask) * 1e4, axis=1)
        return self.out(self.hidden(ops.concatenate([mean, most], axis=-1)))[:, 0]

    def call(self, x: dict[str, Any], training: bool = False) -> dict[str, Any]:
        logits = self.logits(x["notes"], x["cell_mask"])
        return {"loss": ops.mean(ops.softplus(logits) - logits * x["label"])}


Rows = np.ndarray
"""Rows of `codec.COLUMNS` of a piece in C major or A minor."""


def collate_pieces(pieces: Sequence[Rows], bars: int, room: int) -> dict[str, np.ndarray]:
    """A batch for a `NoteClassifier`; a role is part of a piece where it has a note."""
    notes = np.zeros((room, 6), np.int32)
    notes[:, 0] = -1
    mask = np.zeros((len(pieces), bars, ROLES), np.float32)
    used = 0
    for index, rows in enumerate(pieces):
        mask[index][:, np.unique(rows[:, 1])] = 1
        cell = (index * bars + rows[:, 0].astype(np.int32)) * ROLES + rows[:, 1]
        table = np.concatenate([cell[:, None], rows[:, 1:]], axis=1)[: room - used]
        notes[used : used + len(table)] = table
        used += len(table)
    return {"notes": notes, "cell_mask": mask.reshape(len(pieces), -1)}


class ClassifierTrainer:
    """Trains a `NoteClassifier` from scratch, as often as it is asked to; the network is compiled once.

    Args:
        config: of the network; it sees stretches of `config.bars` bars.
    """

    def __init__(self, config: ClassifierConfig | None = None) -> None:
        self.config = config or ClassifierConfig()
        self.model = NoteClassifier(self.config, name="note_classifier")
        self.model.compile(
            optimizer=keras.optimizers.AdamW(self.config.rate, weight_decay=0.01, clipnorm=1.0),
            jit_compile=jit_compiled(),
        )
        self.model.optimizer.build(self.model.trainable_variables)
        self._logits = compiled(self.model.logits, learning=self.model)

    def train(self, pieces: Sequence[Rows], labels: np.ndarray, seed: int) -> None:
        """Forget what was learned, and learn from pieces; labels are 0 for songs and 1 for generated pieces."""
        keras.utils.set_random_seed(seed)
        self.model.set_weights(NoteClassifier(self.config).get_weights())
        optimizer = self.model.optimizer
        for variable in optimizer.variables:
            if variable is not optimizer.learning_rate:
                variable.assign(ops.zeros_like(variable))
        rng, size = np.random.default_rng(seed), min(self.config.windows, len(pieces))
        steps = self.config.epochs * (len(pieces) // size)
        step = 0
        for _ in range(self.config.epochs):
            order = rng.permutation(len(pieces))
            for start in range(0, len(order) - size + 1, size):
                index = order[start : start + size]
                warm = min(1.0, (step + 1) / (steps // 10 + 1))
                optimizer.learning_rate = self.config.rate * warm * 0.5 * (1 + np.cos(np.pi * step / steps))
                self.model.train_on_batch(self._batch([pieces[i] for i in index], labels[index]))
                step += 1

    def score(self, pieces: Sequence[Rows]) -> np.ndarray:
        """Logits of pieces, the higher the more like generated ones."""
        scores, size = [], self.config.windows
        for start in range(0, len(pieces), size):
            chunk = pieces[start : start + size]
            batch = self._batch(chunk, np.zeros(len(chunk)))
            scores.append(self._logits(batch["notes"], batch["cell_mask"])[: len(chunk)])
        return np.concatenate(scores)

    def _batch(self, pieces: Sequence[Rows], labels: np.ndarray) -> dict[str, np.ndarray]:
        """A batch of the size that the network is compiled for: the first pieces again where there are too few."""
        size = self.config.windows
        index = np.arange(size) % len(pieces)
        batch = collate_pieces([pieces[i] for i in index.tolist()], self.config.bars, size * NOTES_PER_PIECE)
        return batch | {"label": labels[index].astype(np.float32)}
