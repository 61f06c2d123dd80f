"""A learned prior over the latent grid of the VAE: a rectified flow from noise to the latents of real music.

The plain N(0, 1) prior of a VAE leaves holes: its samples are thin and never come back to anything. A flow (Liu et al.
2023, "Flow Straight and Fast"; times drawn as in Esser et al. 2024, section 3.1) learns which grids of latents occur
together. A token is a bar, all roles side by side, so sixteen bars are sixteen tokens and a step is cheap. Cells may
be given (`known`): the flow then fills in the rest, which is how pieces are continued and parts replaced. What is asked
of the piece (style, mode, attributes, chords, form) may each be left open.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from musicgen.attributes import ATTRIBUTES
from musicgen.harmony import NO_CHORD
from musicgen.models.layers import Block, attention_bias
from musicgen.models.own_loss import OwnLoss
from musicgen.music import METRES
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

ROLES = len(ROLE_NAMES)
ANY_CHORD = NO_CHORD + 1
"""After the codes of `harmony`."""
CHORDS = ANY_CHORD + 1
SECTIONS = 9
"""Codes of a bar's section: twice its letter (A, B, C, D), and one more for a variation of it; then `ANY_SECTION`."""
ANY_SECTION = 8
QUANTILES = np.linspace(0.0, 1.0, 21)
ANY_MODE = 2
"""After the positions in `music.MODES`."""
INSIDE, BEGINS, ENDS = range(3)
"""Codes of a bar: inside a song, the first of one, the last; of a bar that is both their sum. As in `corpus.labels`."""
ANY_EDGE = BEGINS + ENDS + 1
EDGES = ANY_EDGE + 1
CONDITIONS = ("style", "mode", "attributes", "chords", "form", "metre", "edge")
_NARROW = 128
"""The modulation passes through so many numbers, which keeps the checkpoint below 30 MB."""
_FREQUENCIES = np.exp(np.linspace(np.log(1.0), np.log(1000.0), 32)).astype("float32")


@dataclass(frozen=True)
class PriorConfig:
    """Architecture of a `Prior`.

    Args:
        bars: longest piece. latent: numbers per cell. width, heads, blocks: of the Transformer.
        styles: size of the style table. dropout: rate, in training.
    """

    bars: int = 16
    latent: int = 32
    width: int = 256
    heads: int = 4
    blocks: int = 6
    styles: int = len(STYLE_NAMES)
    dropout: float = 0.1

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Prior(OwnLoss):
    """The flow's velocity field. With B windows of N bars and R roles:

    x (B, N, R, latent): a point between noise (time 0) and normalised latents (time 1). time (B,): 0 to 1.
    known (B, N, R, latent): normalised latents that are given; known_mask (B, N, R): 1 where they are.
    bar_mask (B, N), present (B, R): as for `VAE`; the latents of a role that is not present are neither seen nor made.

    What is asked for comes as a dictionary `asked` of
    style (B,): position in the style table, `config.styles` for any.
    mode (B,): position in `music.MODES`, or `ANY_MODE`.
    attributes (B, 5, 2): the level of each of `attributes.ATTRIBUTES`, see `levels`, and 1 where it is asked for.
    chords (B, N, 2): of each half bar, a code below `CHORDS`. form (B, N): of each bar, a code below `SECTIONS`.
    metre (B,): position in `music.METRES`. edge (B, N): of each bar, a code below `EDGES`.

    Args:
        keys: how many keys it can be taught in; of the one with number k, the modes are those above plus 3 k. Only
            training has more than one, see `in_first_key`.
    """

    def __init__(self, config: PriorConfig, keys: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        width = config.width
        self.x_in = layers.Dense(width, name="x_in")
        self.known_in = layers.Dense(width, use_bias=False, name="known_in")
        self.mask_in = layers.Dense(width, use_bias=False, name="mask_in")
        self.time_1 = layers.Dense(width, activation="silu", name="time_1")
        self.time_2 = layers.Dense(width, name="time_2")
        self.present_in = layers.Dense(width, use_bias=False, name="present_in")
        self.style = layers.Embedding(config.styles + 1, width, name="style")
        self.mode = layers.Embedding((ANY_MODE + 1) * keys, width, name="mode")
        self.attributes_in = layers.Dense(width, use_bias=False, name="attributes_in")
        self.attributes_1 = layers.Dense(128, activation="silu", name="attributes_1")
        self.attributes_2 = layers.Dense(width, use_bias=False, kernel_initializer="zeros", name="attributes_2")
        self.chord = layers.Embedding(CHORDS, 32, name="chord")
        self.chords_in = layers.Dense(width, use_bias=False, name="chords_in")
        self.section = layers.Embedding(SECTIONS, width, name="section")
        self.metre = layers.Embedding(len(METRES), width, embeddings_initializer="zeros", name="metre")
        self.edge = layers.Embedding(EDGES, width, embeddings_initializer="zeros", name="edge")
        self.narrow = layers.Dense(_NARROW, name="narrow")
        self.modulation = layers.Dense(6 * width, kernel_initializer="zeros", name="modulation")
        self.blocks = [
            Block(width, config.heads, dropout=config.dropout, conditioned=True, name=f"block_{i}")
            for i in range(config.blocks)
        ]
        self.norm = layers.LayerNormalization(epsilon=1e-6, name="norm")
        self.x_out = layers.Dense(ROLES * config.latent, kernel_initializer="zeros", name="x_out")
        self.noise = keras.random.SeedGenerator(1)
        self.build()

    def build(self, input_shape: Any = None) -> None:
        config, width = self.config, self.config.width
        size = ROLES * config.latent
        self.x_in.build((None, None, size))
        self.known_in.build((None, None, size))
        self.mask_in.build((None, None, ROLES))
        self.time_1.build((None, 2 * len(_FREQUENCIES)))
        self.time_2.build((None, width))
        self.present_in.build((None, ROLES))
        self.style.build((None,))
        self.mode.build((None,))
        self.attributes_in.build((None, 2 * len(ATTRIBUTES)))
        self.attributes_1.build((None, 2 * len(ATTRIBUTES)))
        self.attributes_2.build((None, 128))
        self.chord.build((None,))
        self.chords_in.build((None, None, 2 * 32))
        self.section.build((None,))
        self.metre.build((None,))
        self.edge.build((None,))
        self.narrow.build((None, width))
        self.modulation.build((None, _NARROW))
        for block in self.blocks:
            block.build((None, None, width))
        self.norm.build((None, None, width))
        self.x_out.build((None, None, width))
        self.bar = self.add_weight(shape=(config.bars, width), initializer="random_normal", name="bar")
        table = (ROLES, config.latent)
        self.mean = self.add_weight(shape=table, initializer="zeros", trainable=False, name="mean")
        self.scale = self.add_weight(shape=table, initializer="ones", trainable=False, name="scale")
        table = (len(ATTRIBUTES), len(QUANTILES))
        self.quantiles = self.add_weight(shape=table, initializer="zeros", trainable=False, name="quantiles")
        shape = (len(ATTRIBUTES), ROLES, config.latent)
        self.directions = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="directions")
        self.built = True

    def velocity(
        self, x: Any, time: Any, known: Any, known_mask: Any, bar_mask: Any, present: Any, asked: dict[str, Any],
        training: bool = False,
    ) -> Any:  # fmt: skip
        """Where the flow moves x at a time; shape as x."""
        tokens = self.tokens(x, time, known, known_mask, bar_mask, present, asked, training=training)[-1]
        return ops.reshape(self.x_out(self.norm(tokens)), (-1, x.shape[1], ROLES, self.config.latent))

    def tokens(
        self, x: Any, time: Any, known: Any, known_mask: Any, bar_mask: Any, present: Any, asked: dict[str, Any],
        extra: Any = 0.0, training: bool = False,
    ) -> list[Any]:  # fmt: skip
        """What each block makes of the bars, shape (B, N, width); `extra` is added to the first one's input."""
        bars, size = x.shape[1], ROLES * self.config.latent
        x = x * present[:, None, :, None]
        known = known * known_mask[..., None]
        tokens = self.x_in(ops.reshape(x, (-1, bars, size))) + self.known_in(ops.reshape(known, (-1, bars, size)))
        tokens = tokens + self.mask_in(known_mask) + self.bar[None, :bars]
        chords = ops.reshape(self.chord(asked["chords"]), (-1, bars, 2 * 32))
        tokens = tokens + self.chords_in(chords) + self.section(asked["form"]) + self.edge(asked["edge"])
        tokens = tokens + self.metre(asked["metre"])[:, None]
        # the modulation alone was slow to learn to follow them
        attributes = ops.reshape(asked["attributes"] * asked["attributes"][..., 1:], (-1, 2 * len(ATTRIBUTES)))
        tokens = tokens + self.attributes_2(self.attributes_1(attributes))[:, None]
        angles = time[:, None] * _FREQUENCIES[None]
        waves = ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)
        condition = self.time_2(self.time_1(waves)) + self.style(asked["style"]) + self.present_in(present)
        condition = condition + self.mode(asked["mode"]) + self.attributes_in(attributes)
        bias, modulation = attention_bias(bar_mask), self.modulation(self.narrow(ops.silu(condition)))
        tokens, after = tokens + extra, []
        for block in self.blocks:
            tokens = block(tokens, bias=bias, modulation=modulation, training=training)
            after.append(tokens)
        return after

    def normalise(self, latents: Any) -> Any:
        return (latents - self.mean) / self.scale

    def restore(self, x: Any) -> Any:
        """The inverse of `normalise`."""
        return x * self.scale + self.mean

    def levels(self, values: np.ndarray) -> np.ndarray:
        """Attributes in their units, shape (..., 5), as -1 to 1 by their rank among training windows."""
        table = np.asarray(self.quantiles)
        ranks = [np.interp(values[..., i], table[i], QUANTILES) for i in range(len(ATTRIBUTES))]
        return np.asarray(2 * np.stack(ranks, axis=-1) - 1, np.float32)

    def sample(
        self, noise: Any, origin: Any, begin: Any, known_mask: Any, bar_mask: Any, present: Any, asked: dict[str, Any],
        guidance: Any, steps: Any,
    ) -> Any:  # fmt: skip
        """Latents from noise, both of shape (B, N, R, latent), by `steps` steps of the method of Adams and Bashforth.

        A step follows the line through the last two velocities (Hairer, Norsett and Wanner 1993, section III.1, with
        steps of different lengths), so that it costs one pass of the network; the last one the last velocity alone.

        Args:
            noise: where the flow starts, from a standard normal distribution.
            origin: latents of a piece, as the VAE has them, shape as noise: what the known cells hold, and what the
                other cells are a variation of.
            begin: the time to start from, 0 for new music; at a later time the start is that much of the way from
                noise to `origin` (Meng et al. 2022, "SDEdit").
            known_mask: cells that come back as in `origin`, and that the others are made to fit.
            bar_mask, present, asked: see above.
            guidance: weight of what is asked against nothing asked (Ho and Salimans 2022): 1 follows the model, more
                exaggerates.
            steps: int32.
        """
        given = self.normalise(origin)
        anything = self.anything(asked)

        def double(value: Any) -> Any:
            return ops.concatenate([value, value], axis=0)

        fixed = (double(given), double(known_mask), double(bar_mask), double(present))
        both_asked = {name: ops.concatenate([asked[name], anything[name]], axis=0) for name in CONDITIONS}

        def field(x: Any, time: Any) -> Any:
            twice = double(x)
            both = self.velocity(twice, time * ops.ones_like(twice[:, 0, 0, 0]), *fixed, both_asked)
            asked, free = ops.split(both, 2, axis=0)
            return free + guidance * (asked - free)

        def when(index: Any) -> Any:
            left = 1.0 - ops.cast(index, "float32") / ops.cast(steps, "float32")
            return 1.0 - (1.0 - begin) * left**0.5  # long steps near the data, where the flow is straight

        def step(index: Any, state: tuple[Any, Any]) -> tuple[Any, Any]:
            x, last = state
            start = when(index)
            length = when(index + 1) - start
            # the last one goes straight to what is expected: details that would be drawn are where roles clash
            bent = ops.logical_and(index > 0, index + 1 < steps)
            bend = ops.where(bent, 0.5 * length / (start - when(index - 1)), 0.0)
            velocity = field(x, start)
            return x + length * (velocity + bend * (velocity - last)), velocity

        start = (1.0 - begin) * noise + begin * given
        x, _ = ops.fori_loop(0, steps, step, (start, ops.zeros_like(start)))
        mask = known_mask[..., None]
        return mask * origin + (1.0 - mask) * self.restore(x)

    def anything(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Conditions of the same shapes that ask for nothing; a metre is never left open."""
        return {
            "style": ops.full_like(asked["style"], self.config.styles),
            "mode": ops.full_like(asked["mode"], ANY_MODE),
            "attributes": ops.zeros_like(asked["attributes"]),
            "chords": ops.full_like(asked["chords"], ANY_CHORD),
            "form": ops.full_like(asked["form"], ANY_SECTION),
            "metre": asked["metre"],
            "edge": ops.full_like(asked["edge"], ANY_EDGE),
        }

    # --- training ---

    def begin_from(self, other: Prior) -> None:
        """Take over the weights of a prior of one key, in whatever key this one is to be taught."""
        for weight, learned in zip(self.weights, other.weights, strict=True):
            times = weight.shape[0] // learned.shape[0]
            weight.assign(ops.tile(learned, (times, *(1 for _ in learned.shape[1:]))) if times > 1 else learned)

    def in_first_key(self, other: Prior) -> None:
        """Take over the weights of a prior that was taught in several keys, as far as they are of the first."""
        for weight, taught in zip(self.weights, other.weights, strict=True):
            weight.assign(taught[: weight.shape[0]])

    def call(self, x: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """The flow-matching loss per latent number: mean squared error of the velocity on cells to be filled in."""
        mean, deviation = x["mean"], x["deviation"]
        bar_mask, present = x["bar_mask"], x["present"]
        known_mask = x["known_mask"] * bar_mask[:, :, None] * present[:, None, :]
        data = self.normalise(mean + deviation * keras.random.normal(ops.shape(mean), seed=self.noise))
        start = keras.random.normal(ops.shape(mean), seed=self.noise)
        time = ops.sigmoid(keras.random.normal(ops.shape(x["style"]), seed=self.noise))
        at = time[:, None, None, None]
        point = (1.0 - at) * start + at * data
        velocity = self.velocity(point, time, data, known_mask, bar_mask, present, x, training)
        mask = (bar_mask[:, :, None] * present[:, None, :] * (1.0 - known_mask))[..., None]
        error = ops.square(velocity - (data - start)) * mask
        return {"loss": ops.sum(error) / (ops.maximum(ops.sum(mask), 1.0) * self.config.latent)}
