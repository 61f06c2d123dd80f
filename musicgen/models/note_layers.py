"""Attention layers of the `NoteDecoder`: over cells whose notes are decided, and over the notes before one."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers, ops

from musicgen.music import CELL_TICKS
from musicgen.roles import ROLE_NAMES

ROLES = len(ROLE_NAMES)
END = CELL_TICKS
"""Class after the ticks: the cell has no further note."""
_BLOCK = 32
"""Notes of a cell attend to between 32 and 63 notes before them."""
_NEVER = -1e9


class HistoryBlock(layers.Layer):
    """Cross-attention from cells to decided cells with a learned bias for each distance in bars and pair of roles,
    then a feed-forward layer; both begin as the identity.

    Args:
        width, heads: of the attention. bars: longest distance is `bars` - 1. dropout: rate.
    """

    def __init__(self, width: int, heads: int, bars: int, dropout: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.heads, self.bars = width, heads, bars
        self.norm_1 = layers.LayerNormalization(epsilon=1e-6, name="norm_1")
        self.norm_2 = layers.LayerNormalization(epsilon=1e-6, name="norm_2")
        self.query = layers.Dense(width, name="query")
        self.key_value = layers.Dense(2 * width, name="key_value")
        self.out = layers.Dense(width, kernel_initializer="zeros", name="out")
        self.up = layers.Dense(4 * width, activation="silu", name="up")
        self.down = layers.Dense(width, kernel_initializer="zeros", name="down")
        self.dropout = layers.Dropout(dropout)

    def build(self, input_shape: Any = None) -> None:
        for layer in (self.norm_1, self.norm_2, self.query, self.key_value, self.out, self.up):
            layer.build((None, None, self.width))
        self.down.build((None, None, 4 * self.width))
        self.distance = self.add_weight(
            shape=(2 * self.bars - 1, ROLES, ROLES, self.heads), initializer="zeros", name="distance"
        )
        self.null = self.add_weight(shape=(2, self.width), initializer="random_normal", name="null")
        self.built = True

    def remember(self, memory: Any) -> tuple[Any, Any]:
        """Keys and values of decided cells, each of shape (B, cells, width)."""
        keys, values = ops.split(self.key_value(memory), 2, axis=-1)
        return keys, values

    def place_bias(self, bars: Any, roles: Any, all_bars: int) -> Any:
        """Bias of queries in some bars and roles, both int of shape (cells,), for all cells of a window: shape
        (heads, cells, all_bars * ROLES)."""
        away = ops.expand_dims(bars, 1) - np.arange(all_bars)[None] + self.bars - 1
        flat = away * ROLES + ops.expand_dims(roles, 1)  # cells, all_bars
        table = ops.reshape(self.distance, ((2 * self.bars - 1) * ROLES, ROLES * self.heads))
        bias = ops.reshape(ops.take(table, flat, axis=0), (-1, all_bars, ROLES, self.heads))
        return ops.transpose(ops.reshape(bias, (-1, all_bars * ROLES, self.heads)), (2, 0, 1))

    def call(self, x: Any, keys: Any, values: Any, bias: Any, training: bool = False) -> Any:
        """Args: x: (B, cells, width); keys, values: of `remember`; bias: (B or 1, heads, cells, memory cells)."""
        size = self.width // self.heads
        batch, tokens = ops.shape(x)[0], x.shape[1]
        null = ops.broadcast_to(self.null[:, None, None], (2, batch, 1, self.width))
        keys, values = ops.concatenate([keys, null[0]], axis=1), ops.concatenate([values, null[1]], axis=1)
        bias = ops.pad(bias, ((0, 0), (0, 0), (0, 0), (0, 1)))

        def split(y: Any) -> Any:
            return ops.transpose(ops.reshape(y, (batch, y.shape[1], self.heads, size)), (0, 2, 1, 3))

        scores = ops.matmul(split(self.query(self.norm_1(x))), ops.transpose(split(keys), (0, 1, 3, 2)))
        weights = ops.softmax(scores * size**-0.5 + ops.cast(bias, scores.dtype), axis=-1)
        mixed = ops.reshape(
            ops.transpose(ops.matmul(weights, split(values)), (0, 2, 1, 3)), (batch, tokens, self.width)
        )
        x = x + self.dropout(self.out(mixed), training=training)
        return x + self.dropout(self.down(self.up(self.norm_2(x))), training=training)


class InnerBlock(layers.Layer):
    """A causal pre-norm Transformer block over notes, local in training and cached in sampling.

    Args:
        width, heads: of the attention. dropout: rate.
    """

    def __init__(self, width: int, heads: int, dropout: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.width, self.heads = width, heads
        self.norm_1 = layers.LayerNormalization(epsilon=1e-6, name="norm_1")
        self.norm_2 = layers.LayerNormalization(epsilon=1e-6, name="norm_2")
        self.qkv = layers.Dense(3 * width, name="qkv")
        self.out = layers.Dense(width, name="out")
        self.up = layers.Dense(4 * width, activation="silu", name="up")
        self.down = layers.Dense(width, name="down")
        self.dropout = layers.Dropout(dropout)

    def build(self, input_shape: Any = None) -> None:
        for layer in (self.norm_1, self.norm_2, self.qkv, self.out, self.up):
            layer.build((None, self.width))
        self.down.build((None, 4 * self.width))
        self.built = True

    def call(self, x: Any, cell: Any, training: bool = False) -> Any:
        """Args: x: (notes, width), a multiple of 32 notes; cell: int, (notes,), ascending."""
        size, blocks = self.width // self.heads, x.shape[0] // _BLOCK
        q, k, v = ops.split(self.qkv(self.norm_1(x)), 3, axis=-1)

        def two(y: Any) -> Any:
            """Each block and the one before it."""
            y = ops.reshape(y, (blocks, _BLOCK, -1))
            return ops.concatenate([ops.pad(y[:-1], ((1, 0), (0, 0), (0, 0))), y], axis=1)

        def split(y: Any) -> Any:
            return ops.transpose(ops.reshape(y, (blocks, -1, self.heads, size)), (0, 2, 1, 3))

        number = np.arange(_BLOCK)[:, None] + _BLOCK >= np.arange(2 * _BLOCK)[None]
        own = ops.reshape(cell + 1, (blocks, _BLOCK, 1))
        seen = ops.logical_and(
            own == ops.transpose(two(cell[:, None] + 1), (0, 2, 1)), ops.convert_to_tensor(number[None])
        )
        scores = ops.matmul(split(q), ops.transpose(split(two(k)), (0, 1, 3, 2))) * size**-0.5
        weights = ops.softmax(ops.where(seen[:, None], scores, _NEVER), axis=-1)
        mixed = ops.reshape(ops.transpose(ops.matmul(weights, split(two(v))), (0, 2, 1, 3)), (-1, self.width))
        x = x + self.dropout(self.out(mixed), training=training)
        return x + self.dropout(self.down(self.up(self.norm_2(x))), training=training)

    def step(self, x: Any, keys: Any, values: Any, index: Any) -> tuple[Any, Any, Any]:
        """One note of each of n cells.

        Args:
            x: (n, width). keys, values: (n, room, width), of the notes before. index: how many those are.

        Returns:
            The block's output, and keys and values with those of this note.
        """
        size, room = self.width // self.heads, keys.shape[1]
        q, k, v = ops.split(self.qkv(self.norm_1(x)), 3, axis=-1)
        start = ops.stack([0, index, 0])
        keys, values = ops.slice_update(keys, start, k[:, None]), ops.slice_update(values, start, v[:, None])

        def split(y: Any) -> Any:
            return ops.reshape(y, (-1, room, self.heads, size))

        scores = ops.sum(ops.reshape(q, (-1, 1, self.heads, size)) * split(keys), axis=-1) * size**-0.5
        scores = ops.where((ops.arange(room) <= index)[None, :, None], scores, _NEVER)
        mixed = ops.sum(ops.softmax(scores, axis=1)[..., None] * split(values), axis=1)
        x = x + self.out(ops.reshape(mixed, (-1, self.width)))
        return x + self.down(self.up(self.norm_2(x))), keys, values
