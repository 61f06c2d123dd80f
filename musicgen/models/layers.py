"""Layers that the models share. Keras 3 operations only, so they run on every backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

_FAR = -1e9
_FEW_ROWS = 16


def attention_bias(key_mask: Any, own: Any | None = None, context: Any | None = None) -> Any:
    """Additive attention bias from masks.

    Args:
        key_mask: 1 where a token may be attended to, shape (batch, tokens).
        own: identity pattern of what a token may always see, shape (tokens, tokens), 0 or 1.
        context: 1 where a sequence may look beyond `own`, shape (batch,).

    Returns:
        Shape (batch, 1, tokens, tokens): 0 where attention is allowed, -1e9 elsewhere.
    """
    allowed = key_mask[:, None, None, :]
    if own is not None:
        own = ops.cast(own, allowed.dtype)[None, None]
        if context is not None:
            allowed = allowed * context[:, None, None, None]
        allowed = ops.maximum(allowed, own)
    return (1.0 - allowed) * _FAR


class Block(layers.Layer):
    """A pre-norm Transformer block (Vaswani et al. 2017; pre-norm as in Xiong et al. 2020).

    With `conditioned=True` it takes six vectors per sequence that shift, scale and gate both sublayers, starting
    from zero (adaLN-Zero; Peebles and Xie 2023, section 3.2). They come from one map that all blocks share, and each
    block adds offsets of its own (adaLN-single; Chen et al. 2023, "PixArt-alpha", section 2.3): 11.4 to
    8.3 million parameters in the prior.

    Args:
        width: model width, a multiple of `heads`.
        heads: attention heads.
        expansion: hidden units of the feed-forward layer per unit of width.
        dropout: rate, on both sublayers' outputs.
    """

    def __init__(
        self,
        width: int,
        heads: int = 4,
        expansion: int = 4,
        dropout: float = 0.0,
        conditioned: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.width, self.heads = width, heads
        self.conditioned = conditioned
        self.norm_1 = layers.LayerNormalization(
            epsilon=1e-6, center=not conditioned, scale=not conditioned, name="norm_1"
        )
        self.norm_2 = layers.LayerNormalization(
            epsilon=1e-6, center=not conditioned, scale=not conditioned, name="norm_2"
        )
        self.qkv = layers.Dense(3 * width, name="qkv")
        self.out = layers.Dense(width, name="out")
        self.up = layers.Dense(expansion * width, activation="silu", name="up")
        self.down = layers.Dense(width, name="down")
        self.dropout = layers.Dropout(dropout)

    def build(self, input_shape: Any) -> None:
        tokens = (None, None, self.width)
        for layer in (self.norm_1, self.norm_2, self.qkv, self.out, self.up):
            layer.build(tokens)
        self.down.build((None, None, self.up.units))
        if self.conditioned:
            self.offsets = self.add_weight(shape=(6 * self.width,), initializer="zeros", name="offsets")

    def call(self, x: Any, bias: Any | None = None, modulation: Any | None = None, training: bool = False) -> Any:
        """Args: x: (batch, tokens, width); bias: of `attention_bias`; modulation: (batch, 6 * width) if conditioned."""
        if self.conditioned:
            parts = ops.split((modulation + self.offsets)[:, None, :], 6, axis=-1)
            shift_1, scale_1, gate_1, shift_2, scale_2, gate_2 = parts
            x = x + gate_1 * self._attend(self.norm_1(x) * (1 + scale_1) + shift_1, bias, training)
            return x + gate_2 * self._feed_forward(self.norm_2(x) * (1 + scale_2) + shift_2, training)
        x = x + self._attend(self.norm_1(x), bias, training)
        return x + self._feed_forward(self.norm_2(x), training)

    def _attend(self, x: Any, bias: Any | None, training: bool) -> Any:
        tokens, size = x.shape[1], self.width // self.heads
        qkv = ops.reshape(self.qkv(x), (-1, tokens, 3, self.heads, size))
        qkv = ops.transpose(qkv, (2, 0, 3, 1, 4))  # 3, batch, heads, tokens, size
        scores = ops.matmul(qkv[0], ops.swapaxes(qkv[1], -1, -2)) * size**-0.5
        if bias is not None:
            scores = scores + bias
        mixed = ops.matmul(ops.softmax(scores, axis=-1), qkv[2])
        mixed = ops.reshape(ops.transpose(mixed, (0, 2, 1, 3)), (-1, tokens, self.width))
        return self.dropout(self.out(mixed), training=training)

    def _feed_forward(self, x: Any, training: bool) -> Any:
        return self.dropout(self.down(self.up(x)), training=training)


class NoteSum(layers.Layer):
    """Notes to cells: each note becomes a vector, a cell is the sum of its notes' vectors, normalised.

    A note's vector is a joint embedding of (role, tick, pitch), which learns fast, plus a small network on
    separate embeddings of its parts, which carries over to places never seen.

    Args:
        ticks, durations, velocities: sizes of the tables. pitches: how many each role has.
        width: size of the note vectors.
    """

    def __init__(
        self, ticks: int, pitches: Sequence[int], durations: int, velocities: int, width: int, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.ticks, self.most, self.width = ticks, max(pitches), width
        # only places that a role has take room in the joint table
        self.counts = np.array(pitches, "int32")
        self.starts = np.concatenate([[0], np.cumsum(ticks * self.counts)[:-1]]).astype("int32")
        roles = len(pitches)
        small = keras.initializers.RandomNormal(stddev=0.02)
        self.joint = layers.Embedding(ticks * sum(pitches), width, embeddings_initializer=small, name="joint")
        self.tick = layers.Embedding(roles * ticks, width, name="tick")
        self.pitch = layers.Embedding(roles * self.most, width, name="pitch")
        self.duration = layers.Embedding(durations, width, name="duration")
        self.velocity = layers.Embedding(velocities, width, name="velocity")
        self.mix = layers.Dense(width, activation="silu", name="mix")
        self.norm = layers.LayerNormalization(epsilon=1e-6, name="norm")

    def build(self, input_shape: Any = None) -> None:
        for table in (self.joint, self.tick, self.pitch, self.duration, self.velocity):
            table.build((None,))
        self.mix.build((None, self.width))
        self.norm.build((None, self.width))

    def call(self, notes: Any, cells: int) -> Any:
        """Args: notes: int, shape (n, 6): cell, role, tick, pitch, duration, velocity; padding has cell -1.

        Returns:
            Shape (cells, width).
        """
        cell, role, tick, pitch, duration, velocity = (notes[:, i] for i in range(6))
        parts = (
            self.tick(role * self.ticks + tick)
            + self.pitch(role * self.most + pitch)
            + self.duration(duration)
            + self.velocity(velocity)
        )
        place = ops.take(self.starts, role) + tick * ops.take(self.counts, role) + pitch
        vectors = self.joint(place) + self.mix(parts)
        vectors = vectors * ops.cast(cell >= 0, vectors.dtype)[:, None]
        return self.norm(ops.segment_sum(vectors, ops.maximum(cell, 0), num_segments=cells))


class CellHead(layers.Layer):
    """A cell's vector to its notes: onset logits over ticks and pitches, and features for durations and velocities.

    Every role has its own map from the cell to features per tick; a small network refines each tick's
    features with weights shared by all ticks, and a table of pitches per role reads them.

    Args:
        roles, ticks, pitches, durations, velocities: sizes.
        features: size of a tick's features.
    """

    def __init__(
        self,
        roles: int,
        ticks: int,
        pitches: int,
        durations: int,
        velocities: int,
        features: int,
        width: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sizes = (roles, ticks, pitches)
        self.features, self.width = features, width
        self.up = layers.Dense(2 * features, activation="silu", name="up")
        self.down = layers.Dense(features, name="down")
        self.hidden = layers.Dense(2 * features, activation="silu", name="hidden")
        self.duration = layers.Dense(durations, name="duration")
        self.velocity = layers.Dense(velocities, name="velocity")

    def build(self, input_shape: Any = None) -> None:
        roles, ticks, pitches = self.sizes
        self.spread = self.add_weight(
            shape=(roles, self.width, ticks * self.features), initializer=_fan_in(self.width), name="spread"
        )
        self.tick_bias = self.add_weight(shape=(roles, ticks * self.features), initializer="zeros", name="tick_bias")
        self.by_pitch = self.add_weight(
            shape=(roles, self.width, pitches), initializer=_fan_in(self.width), name="by_pitch"
        )
        # a cell has a handful of onsets among two thousand places: start from that rate
        self.rate = self.add_weight(shape=(roles, pitches), initializer=keras.initializers.Constant(-5.0), name="rate")
        self.read = self.add_weight(
            shape=(roles, self.features, pitches), initializer=_fan_in(self.features), name="read"
        )
        self.note_pitch = self.add_weight(
            shape=(roles * pitches, self.features), initializer=_fan_in(self.features), name="note_pitch"
        )
        self.up.build((None, self.features))
        self.down.build((None, 2 * self.features))
        self.hidden.build((None, self.features))
        self.duration.build((None, 2 * self.features))
        self.velocity.build((None, 2 * self.features))

    def call(self, cells: Any) -> tuple[Any, Any]:
        """Args: cells: shape (roles, n, width).

        Returns:
            Onset logits, shape (roles, n, ticks, pitches), and tick features, shape (roles, n, ticks, features).
        """
        roles, ticks, pitches = self.sizes
        f = _each(cells, self.spread) + self.tick_bias[:, None]
        f = ops.reshape(f, (roles, -1, ticks, self.features))
        f = f + self.down(self.up(f))
        flat = ops.reshape(f, (roles, -1, self.features))
        logits = ops.reshape(_each(flat, self.read), (roles, -1, ticks, pitches))
        chosen = ops.matmul(cells, self.by_pitch) + self.rate[:, None]
        return logits + chosen[:, :, None, :], f

    def note_classes(self, tick_features: Any, role: Any, pitch: Any) -> tuple[Any, Any]:
        """Duration and velocity logits of notes, from the features of their ticks, shape (n, features)."""
        key = ops.take(self.note_pitch, role * self.sizes[2] + pitch, axis=0)
        h = self.hidden(tick_features + key)
        return self.duration(h), self.velocity(h)


def _each(x: Any, maps: Any) -> Any:
    """`ops.matmul` of stacks of matrices, one after another: a decoder takes TensorFlow a tenth less time so.

    They are unstacked, as the gradient of each index would be an array of the size of the stack. Of few rows, as when
    notes are drawn, it takes five times as long so.
    """
    count = maps.shape[0]
    if x.shape[1] is not None and x.shape[1] < _FEW_ROWS:
        return ops.matmul(x, maps)
    stacks = ops.unstack(x, count), ops.unstack(ops.convert_to_tensor(maps), count)
    return ops.stack([ops.matmul(*pair) for pair in zip(*stacks, strict=True)])


def _fan_in(size: int) -> keras.initializers.Initializer:
    return keras.initializers.RandomNormal(stddev=size**-0.5)
