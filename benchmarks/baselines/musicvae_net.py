"""The networks of MusicVAE-small: a recurrent encoder, a conductor and a decoder for each instrument."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from benchmarks.baselines.grid import STEPS_PER_BAR
from benchmarks.baselines.trio import TRIO

BARS = 16
STEPS = BARS * STEPS_PER_BAR
WIDTH, LATENT = 256, 512


class Cell(layers.Layer):
    """An LSTM cell whose inputs are already what they add to its four gates: for a token, a look-up gives that."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = self.output_size = width
        self.state_size = [width, width]

    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(self.width, 4 * self.width), initializer="orthogonal")

    def call(self, gates: Any, states: Any) -> tuple[Any, list]:
        output, memory = states
        enter, keep, fresh, show = ops.split(gates + ops.matmul(output, self.kernel), 4, axis=-1)
        memory = ops.sigmoid(keep + 1.0) * memory + ops.sigmoid(enter) * ops.tanh(fresh)
        output = ops.sigmoid(show) * ops.tanh(memory)
        return output, [output, memory]


class Decoder(layers.Layer):
    """One instrument: the tokens of a bar from the conductor's vector of it.

    Args:
        size: of the instrument's vocabulary.
    """

    def __init__(self, size: int, width: int) -> None:
        super().__init__()
        self.size = size
        self.state = layers.Dense(2 * width, "tanh")
        self.told = layers.Dense(4 * width)
        self.heard = layers.Embedding(size + 1, 4 * width)  # the last is for a bar's first step: nothing came before
        self.place = layers.Embedding(STEPS_PER_BAR, 4 * width)
        self.cell = Cell(width)
        self.layer = layers.RNN(self.cell, return_sequences=True)
        self.head = layers.Dense(size)

    def call(self, bars: Any, tokens: Any) -> Any:
        """Logits, shape (n, 16, size), of bars that go as `tokens`, shape (n, 16), from `bars`, shape (n, width)."""
        before = ops.concatenate([ops.full_like(tokens[:, :1], self.size), tokens[:, :-1]], axis=1)
        gates = self.heard(before) + self.told(bars)[:, None] + self.place(np.arange(STEPS_PER_BAR))
        return self.head(self.layer(gates, initial_state=ops.split(self.state(bars), 2, axis=-1)))

    def play(self, bars: Any, choose: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Tokens, int32, shape (n, 16), each heard by the next; `choose` makes them of logits of shape (n, size)."""
        state, told = ops.split(self.state(bars), 2, axis=-1), self.told(bars)
        tokens = np.full((len(told), STEPS_PER_BAR + 1), self.size, np.int32)
        for step in range(STEPS_PER_BAR):
            gates = self.heard(tokens[:, step - 1]) + told + self.place(np.array([step]))
            output, state = self.cell(gates, state)
            tokens[:, step] = choose(ops.convert_to_numpy(self.head(output)))
        return tokens[:, :-1]


class Network(keras.Model):
    """Tokens of sixteen bars to a distribution of z, and z to tokens.

    Args:
        sizes: of the vocabularies of melody, bass and drums.
        width: of every LSTM.
    """

    def __init__(self, sizes: Sequence[int], width: int = WIDTH) -> None:
        super().__init__()
        self.width = width
        self.first = np.concatenate([[0], np.cumsum(sizes[:-1])]).astype(np.int32)
        self.hear = layers.Embedding(int(sum(sizes)), 8 * self.width)  # the gates of both directions
        self.onward = layers.RNN(Cell(self.width))
        self.backward = layers.RNN(Cell(self.width), go_backwards=True)
        self.over_bars = layers.Bidirectional(layers.LSTM(self.width))
        self.mean = layers.Dense(LATENT)
        narrow = keras.initializers.Constant(-1.0)  # a deviation of 0.3: z is worth hearing from the first step on
        self.scale = layers.Dense(LATENT, "softplus", bias_initializer=narrow)
        self.state = layers.Dense(2 * self.width, "tanh")
        self.conductor = layers.LSTM(self.width, return_sequences=True)
        self.melody, self.bass, self.drums = (Decoder(size, self.width) for size in sizes)

    @property
    def decoders(self) -> tuple[Decoder, ...]:
        """Of melody, bass and drums."""
        return self.melody, self.bass, self.drums

    def encode(self, tokens: Any, condition: Any) -> tuple[Any, Any]:
        """Mean and standard deviation of z, each of shape (n, 512), of tokens, int32, shape (n, 256, 3)."""
        gates = ops.sum(self.hear(tokens + self.first), axis=2)
        gates = ops.reshape(gates, (-1, STEPS_PER_BAR, 8 * self.width))
        onward, backward = ops.split(gates, 2, axis=-1)
        bars = ops.concatenate([self.onward(onward), self.backward(backward)], axis=-1)
        piece = self.over_bars(ops.reshape(bars, (-1, BARS, 2 * self.width)))
        piece = ops.concatenate([piece, condition], axis=-1)
        return self.mean(piece), self.scale(piece) + 1e-4

    def conduct(self, z: Any, condition: Any) -> Any:
        """The conductor's vectors of all bars, shape (n * 16, width)."""
        told = ops.concatenate([z, condition], axis=-1)
        state = ops.split(self.state(told), 2, axis=-1)
        told = ops.repeat(told[:, None], BARS, axis=1)
        places = ops.zeros_like(told[:, :, :BARS]) + np.eye(BARS, dtype=np.float32)
        bars = self.conductor(ops.concatenate([told, places], axis=-1), initial_state=state)
        return ops.reshape(bars, (-1, self.width))

    def call(self, batch: dict[str, Any]) -> tuple[Any, Any]:
        """Cross-entropy of the tokens, teacher forced, and divergence of z, nats a window, each of shape (n,)."""
        tokens, condition = batch["tokens"], batch["condition"]
        mean, scale = self.encode(tokens, condition)
        bars = self.conduct(mean + scale * batch["noise"], condition)
        lines = ops.reshape(tokens, (-1, STEPS_PER_BAR, len(TRIO)))
        missed = 0.0
        for index, decoder in enumerate(self.decoders):
            each = keras.losses.sparse_categorical_crossentropy(
                lines[..., index], decoder(bars, lines[..., index]), from_logits=True
            )
            missed += ops.sum(ops.reshape(each, (-1, STEPS)), axis=1)
        return missed, divergence(mean, scale)


def divergence(mean: Any, scale: Any) -> Any:
    """Of z from a standard normal, nats, shape (n,)."""
    return ops.sum((ops.square(mean) + ops.square(scale) - 1) / 2 - ops.log(scale), axis=-1)
