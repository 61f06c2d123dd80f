"""What a grid of latents will sound like: pitch classes, intervals between roles, where notes begin.

A critic of latents alone is slow to hear that two roles clash, or that the decoder will not know which notes are meant:
the latents hide it. The lens is a small network that was taught, once, what each cell's notes are like. The critic
looks through it and does not change it, so the critic's gradient tells the generator in which direction the music is
better. Where latents lie between two meanings, the lens is of two minds, which it never is of songs.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from musicgen.roles import ROLE_NAMES

ROLES = len(ROLE_NAMES)
PITCHED = ROLES - 1
"""Roles before the drums."""
HALVES = 2
"""Parts of a bar whose pitch classes are heard apart: chords change there."""
STEPS = 16
CHROMA = HALVES * 12
HEARD = 64
"""Numbers that are heard of a cell, see `training.hearing.heard`."""
_PAIRS = (("melody", "chords"), ("melody", "bass"), ("chords", "bass"), ("pad", "chords"))
_FIRST, _SECOND = (np.array([ROLE_NAMES.index(pair[i]) for pair in _PAIRS]) for i in (0, 1))
_TURNED = (np.arange(12)[:, None] + np.arange(12)[None]) % 12
DISSONANT = np.array([1, 6, 11])
"""Intervals, in semitones modulo 12, that clash."""


class Lens(layers.Layer):
    """Normalised latents, shape (B, N, R, latent), to what is heard of each cell: (B, N, R, `HEARD`), each 0 to 1.

    Args:
        latent: numbers per cell. hidden: width of its one hidden layer, a matrix for each role.
    """

    def __init__(self, latent: int, hidden: int = 128, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.latent, self.hidden = latent, hidden

    def build(self, input_shape: Any = None) -> None:
        for name, shape in (
            ("first", (ROLES, self.latent, self.hidden)), ("first_bias", (ROLES, self.hidden)),
            ("second", (ROLES, self.hidden, HEARD)), ("second_bias", (ROLES, HEARD)),
        ):  # fmt: skip
            start = keras.initializers.RandomNormal(stddev=shape[1] ** -0.5) if len(shape) == 3 else "zeros"
            setattr(self, name, self.add_weight(shape=shape, initializer=start, name=name))
        self.built = True

    def logits(self, x: Any) -> Any:
        x = ops.silu(ops.einsum("bnrl,rlh->bnrh", x, self.first) + self.first_bias)
        return ops.einsum("bnrh,rho->bnro", x, self.second) + self.second_bias

    def call(self, x: Any) -> Any:
        return ops.sigmoid(self.logits(x))


def intervals(heard: Any) -> Any:
    """From the output of a `Lens`: how the intervals between pairs of roles are spread, in semitones modulo 12.

    Shape (B, N, pairs, halves, 12); each sums to 1, or to less where a role is nearly silent.
    """
    chroma = ops.reshape(heard[..., :CHROMA], (-1, *heard.shape[1:3], HALVES, 12))
    first, second = ops.take(chroma, _FIRST, axis=2), ops.take(chroma, _SECOND, axis=2)
    turned = ops.reshape(ops.take(second, _TURNED.ravel(), axis=4), (-1, *second.shape[1:4], 12, 12))
    product = ops.einsum("bnphc,bnphic->bnphi", first, turned)
    weight = ops.sum(first, axis=-1, keepdims=True) * ops.sum(second, axis=-1, keepdims=True)
    return product / (weight + 0.05)


def features(heard: Any) -> Any:
    """What a critic is told of each bar, from the output of a `Lens`; shape (B, N, `FEATURES`)."""
    bars = heard.shape[1]
    flat = ops.reshape(heard, (-1, bars, ROLES * HEARD))
    return ops.concatenate([flat, ops.reshape(intervals(heard), (-1, bars, len(_PAIRS) * CHROMA))], axis=-1)


FEATURES = ROLES * HEARD + len(_PAIRS) * CHROMA
