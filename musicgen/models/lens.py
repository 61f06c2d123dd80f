"""What a grid of latents will sound like, as far as harmony goes: pitch classes, and intervals between roles.

A critic of latents alone is slow to hear that two roles clash: that is a matter of semitones, which the latents hide.
The lens is a small network that was taught, once, which pitch classes each cell's notes have. The critic looks through
it and does not change it, so the critic's gradient tells the generator in which direction the harmony is better.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from musicgen.roles import ROLE_NAMES

PITCHED = len(ROLE_NAMES) - 1
"""Roles before the drums."""
HALVES = 2
"""Parts of a bar that are heard apart: chords change there."""
_PAIRS = (("melody", "chords"), ("melody", "bass"), ("chords", "bass"), ("pad", "chords"))
_FIRST, _SECOND = (np.array([ROLE_NAMES.index(pair[i]) for pair in _PAIRS]) for i in (0, 1))
_TURNED = (np.arange(12)[:, None] + np.arange(12)[None]) % 12
DISSONANT = np.array([1, 6, 11])
"""Intervals, in semitones modulo 12, that clash."""


class Lens(layers.Layer):
    """Normalised latents, shape (B, N, R, latent), to the share of each half bar in which each pitch class sounds.

    Args:
        latent: numbers per cell. hidden: width of its one hidden layer, a matrix for each role.
    """

    def __init__(self, latent: int, hidden: int = 96, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.latent, self.hidden = latent, hidden

    def build(self, input_shape: Any = None) -> None:
        out = HALVES * 12
        for name, shape in (
            ("first", (PITCHED, self.latent, self.hidden)), ("first_bias", (PITCHED, self.hidden)),
            ("second", (PITCHED, self.hidden, out)), ("second_bias", (PITCHED, out)),
        ):  # fmt: skip
            start = keras.initializers.RandomNormal(stddev=shape[1] ** -0.5) if len(shape) == 3 else "zeros"
            setattr(self, name, self.add_weight(shape=shape, initializer=start, name=name))
        self.built = True

    def logits(self, x: Any) -> Any:
        """Shape (B, N, pitched roles, halves * 12)."""
        x = ops.silu(ops.einsum("bnrl,rlh->bnrh", x[:, :, :PITCHED], self.first) + self.first_bias)
        return ops.einsum("bnrh,rho->bnro", x, self.second) + self.second_bias

    def call(self, x: Any) -> Any:
        """Shape (B, N, halves, pitched roles, 12), each 0 to 1."""
        heard = ops.sigmoid(self.logits(x))
        heard = ops.reshape(heard, (-1, x.shape[1], PITCHED, HALVES, 12))
        return ops.transpose(heard, (0, 1, 3, 2, 4))


def intervals(chroma: Any) -> Any:
    """From the output of a `Lens`: how the intervals between pairs of roles are spread, in semitones modulo 12.

    Shape (B, N, halves, pairs, 12); each sums to 1, or to less where a role is nearly silent.
    """
    first, second = ops.take(chroma, _FIRST, axis=3), ops.take(chroma, _SECOND, axis=3)
    turned = ops.take(second, _TURNED.ravel(), axis=4)
    turned = ops.reshape(turned, (-1, *second.shape[1:4], 12, 12))
    product = ops.einsum("bnhpc,bnhpic->bnhpi", first, turned)
    weight = ops.sum(first, axis=-1, keepdims=True) * ops.sum(second, axis=-1, keepdims=True)
    return product / (weight + 0.05)


def features(chroma: Any) -> Any:
    """Chroma and intervals of each bar, shape (B, N, `FEATURES`)."""
    bars = chroma.shape[1]
    flat = [ops.reshape(value, (-1, bars, HALVES * size * 12)) for value, size in (
        (chroma, PITCHED), (intervals(chroma), len(_PAIRS))
    )]  # fmt: skip
    return ops.concatenate(flat, axis=-1)


FEATURES = HALVES * 12 * (PITCHED + len(_PAIRS))
