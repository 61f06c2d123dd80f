"""A generative adversarial network over the latent grid of the VAE: sixteen bars of all roles from noise, in one pass.

Goodfellow et al. (2014). The generator writes latents, which the VAE's decoder turns into notes, so that notes never
fragment as thresholded pixels do. A bar is a section base and a change: bars with the same letter and the same place in
their section have the same base, by construction, and a second stage that knows the order of the bars changes it. So a
theme comes back, varied. Cells may be given (`known`): the rest is made to fit, which is how parts are replaced and
pieces continued (inpainting as in Pathak et al. 2016, "Context encoders").
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from musicgen.attributes import ATTRIBUTES
from musicgen.models.layers import Block, attention_bias
from musicgen.models.lens import FEATURES, Lens, features
from musicgen.models.prior import ANY_MODE, ANY_SECTION, CHORDS, QUANTILES, Prior
from musicgen.request import SECTION_BARS
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

ROLES = len(ROLE_NAMES)


@dataclass(frozen=True)
class GANConfig:
    """Architecture of a `Generator` and its `Critic`.

    Args:
        bars: longest piece, a multiple of four. latent: numbers per cell.
        width, heads: of the generator's Transformer. base_blocks, change_blocks: depth of its two stages.
        whole_noise, section_noise, cell_noise: sizes of the noise of a piece, of a letter, and of a cell.
        critic_width, critic_heads, critic_blocks: of the critic's Transformer.
        styles: size of the style table.
    """

    bars: int = 16
    latent: int = 32
    width: int = 192
    heads: int = 4
    base_blocks: int = 3
    change_blocks: int = 2
    whole_noise: int = 64
    section_noise: int = 64
    cell_noise: int = 4
    critic_width: int = 160
    critic_heads: int = 4
    critic_blocks: int = 3
    styles: int = len(STYLE_NAMES)

    @property
    def letters(self) -> int:
        """The most sections, and so the most letters, that a piece can have."""
        return self.bars // SECTION_BARS

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Conditions(layers.Layer):
    """What is asked of a piece, as a vector of the piece and a vector of each bar. The form is not in it."""

    def __init__(self, width: int, styles: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.present_in = layers.Dense(width, use_bias=False, name="present_in")
        self.style = layers.Embedding(styles + 1, width, name="style")
        self.mode = layers.Embedding(ANY_MODE + 1, width, name="mode")
        self.attributes_in = layers.Dense(width, use_bias=False, name="attributes_in")
        self.chord = layers.Embedding(CHORDS, 32, name="chord")
        self.chords_in = layers.Dense(width, use_bias=False, name="chords_in")

    def build(self, input_shape: Any = None) -> None:
        self.present_in.build((None, ROLES))
        self.attributes_in.build((None, 2 * len(ATTRIBUTES)))
        self.chords_in.build((None, None, 2 * 32))
        for table in (self.style, self.mode, self.chord):
            table.build((None,))
        self.built = True

    def call(self, plan: dict[str, Any]) -> tuple[Any, Any]:
        """Shapes (B, width) and (B, N, width)."""
        attributes = plan["attributes"] * plan["attributes"][..., 1:]
        piece = self.present_in(plan["present"]) + self.style(plan["style"]) + self.mode(plan["mode"])
        piece = piece + self.attributes_in(ops.reshape(attributes, (-1, 2 * len(ATTRIBUTES))))
        chords = self.chord(plan["chords"])
        return piece, self.chords_in(ops.reshape(chords, (-1, chords.shape[1], 2 * 32)))


class Generator(keras.Model):
    """Latents of a piece from noise and a plan. With B pieces of N bars and R roles, noise is a dictionary of standard
    normal numbers and a plan one of what the piece shall be:

    whole (B, whole_noise): of the piece. section (B, letters, section_noise): of each letter of the form.
    cell (B, N, R, cell_noise): of each cell.

    bar_mask (B, N), present (B, R): as for `VAE`. style, mode, attributes, chords, form: as for `Prior`.
    known (B, N, R, latent): normalised latents that are given; known_mask (B, N, R): 1 where they are.

    `mean` and `scale` are those of the latents, `blur` the mean deviation of their posteriors, normalised.
    """

    def __init__(self, config: GANConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        width = config.width
        self.whole_1 = layers.Dense(width, activation="silu", name="whole_1")
        self.whole_2 = layers.Dense(width, name="whole_2")
        self.conditions = Conditions(width, config.styles, name="conditions")
        self.modulation = layers.Dense(6 * width, kernel_initializer="zeros", name="modulation")
        self.section_in = layers.Dense(width, name="section_in")
        self.known_in = layers.Dense(width, use_bias=False, name="known_in")
        self.mask_in = layers.Dense(width, use_bias=False, name="mask_in")
        self.cell_in = layers.Dense(width, use_bias=False, name="cell_in")
        self.base = _stack(config.base_blocks, width, config.heads, "base", conditioned=True)
        self.change = _stack(config.change_blocks, width, config.heads, "change", conditioned=True)
        self.base_norm = layers.LayerNormalization(epsilon=1e-6, name="base_norm")
        self.change_norm = layers.LayerNormalization(epsilon=1e-6, name="change_norm")
        self.base_out = layers.Dense(ROLES * config.latent, name="base_out")
        # a small change to begin with, so that a theme is a theme from the first step on
        small = keras.initializers.RandomNormal(stddev=0.3 * width**-0.5)
        self.change_out = layers.Dense(ROLES * config.latent, kernel_initializer=small, name="change_out")
        self.build()

    def build(self, input_shape: Any = None) -> None:
        config, width = self.config, self.config.width
        self.whole_1.build((None, config.whole_noise))
        self.whole_2.build((None, width))
        self.conditions.build()
        self.modulation.build((None, width))
        self.section_in.build((None, None, config.section_noise))
        self.known_in.build((None, None, ROLES * config.latent))
        self.mask_in.build((None, None, ROLES))
        self.cell_in.build((None, None, ROLES * config.cell_noise))
        for layer in (*self.base, *self.change, self.base_norm, self.change_norm, self.base_out, self.change_out):
            layer.build((None, None, width))
        for name, rows in (("place", SECTION_BARS), ("bar", config.bars), ("open", 1), ("variation", 1)):
            setattr(self, name, self.add_weight(shape=(rows, width), initializer="random_normal", name=name))
        table = (ROLES, config.latent)
        self.mean = self.add_weight(shape=table, initializer="zeros", trainable=False, name="mean")
        self.scale = self.add_weight(shape=table, initializer="ones", trainable=False, name="scale")
        self.blur = self.add_weight(shape=table, initializer="zeros", trainable=False, name="blur")
        table = (len(ATTRIBUTES), len(QUANTILES))
        self.quantiles = self.add_weight(shape=table, initializer="zeros", trainable=False, name="quantiles")
        self.built = True

    def call(self, noise: dict[str, Any], plan: dict[str, Any]) -> Any:
        """Normalised latents, shape (B, N, R, latent); the known cells as they were given, 0 where nothing plays."""
        bars, size = plan["bar_mask"].shape[1], ROLES * self.config.latent
        piece, chords = self.conditions(plan)
        condition = piece + self.whole_2(self.whole_1(noise["whole"]))
        modulation, bias = self.modulation(ops.silu(condition)), attention_bias(plan["bar_mask"])
        letter, variation, unknown = read_form(plan["form"])
        known = ops.reshape(plan["known"] * plan["known_mask"][..., None], (-1, bars, size))
        # no bar's number in here: tokens of the same letter and place are equal, and stay so
        x = self.section_in(ops.matmul(ops.one_hot(letter, self.config.letters), noise["section"])) + chords
        x = x + self.known_in(known) + self.mask_in(plan["known_mask"]) + condition[:, None]
        x = (
            x
            + ops.take(self.place, np.arange(bars) % SECTION_BARS, axis=0)[None]
            + unknown[..., None] * self.open[None]
        )
        for block in self.base:
            x = block(x, bias=bias, modulation=modulation)
        made = self.base_out(self.base_norm(x))
        cell = ops.reshape(noise["cell"], (-1, bars, ROLES * self.config.cell_noise))
        x = x + self.cell_in(cell) + self.bar[None, :bars] + variation[..., None] * self.variation[None]
        for block in self.change:
            x = block(x, bias=bias, modulation=modulation)
        made = ops.reshape(made + self.change_out(self.change_norm(x)), (-1, bars, ROLES, self.config.latent))
        return lay_out(made, plan)

    def draw(self, count: int, seed: Any) -> dict[str, Any]:
        """Noise for `count` pieces; `seed` as for `keras.random`."""
        config = self.config
        shapes = {
            "whole": (count, config.whole_noise),
            "section": (count, config.letters, config.section_noise),
            "cell": (count, config.bars, ROLES, config.cell_noise),
        }
        return {name: keras.random.normal(shape, seed=seed) for name, shape in shapes.items()}

    levels = Prior.levels

    def normalise(self, latents: Any) -> Any:
        return (latents - self.mean) / self.scale

    def restore(self, x: Any) -> Any:
        """The inverse of `normalise`."""
        return x * self.scale + self.mean


class Critic(keras.Model):
    """How real a grid of latents looks, given its plan.

    Besides the bars themselves it sees what a `Lens` hears in them, and how each differs from its twins, the other bars
    of the same letter and place, so that it can tell whether themes return as they do in songs. The lens is not trained
    with the rest.
    """

    def __init__(self, config: GANConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        width = config.critic_width
        self.lens = Lens(config.latent, name="lens", trainable=False)
        self.x_in = layers.Dense(width, name="x_in")
        self.heard_in = layers.Dense(width, use_bias=False, name="heard_in")
        self.twin_in = layers.Dense(width, use_bias=False, name="twin_in")
        self.conditions = Conditions(width, config.styles, name="conditions")
        self.blocks = _stack(config.critic_blocks, width, config.critic_heads, "block")
        self.norm = layers.LayerNormalization(epsilon=1e-6, name="norm")
        self.bar_score = layers.Dense(1, name="bar_score")
        self.hidden = layers.Dense(width, activation="silu", name="hidden")
        self.score = layers.Dense(1, name="score")
        self.style_out = layers.Embedding(config.styles + 1, width, name="style_out")
        self.build()

    def build(self, input_shape: Any = None) -> None:
        config, width = self.config, self.config.critic_width
        size = ROLES * config.latent
        self.lens.build()
        self.x_in.build((None, None, size))
        self.heard_in.build((None, None, FEATURES))
        self.twin_in.build((None, None, size))
        self.conditions.build()
        self.style_out.build((None,))
        for layer in (*self.blocks, self.norm, self.bar_score):
            layer.build((None, None, width))
        self.hidden.build((None, width + 1))
        self.score.build((None, width))
        for name, rows in (("bar", config.bars), ("open", 1), ("variation", 1)):
            setattr(self, name, self.add_weight(shape=(rows, width), initializer="random_normal", name=name))
        self.same = self.add_weight(shape=(config.critic_heads,), initializer="zeros", name="same")
        self.built = True

    def call(self, x: Any, plan: dict[str, Any], groups: int = 1) -> Any:
        """Scores, shape (B,): the higher, the more like real music.

        Args:
            x: normalised latents, shape (B, N, R, latent), 0 where nothing plays.
            plan: of each, as for `Generator`; its known cells are not looked at.
            groups: of batches that stand one after another in x; each is compared within itself only.
        """
        bars, bar_mask = x.shape[1], plan["bar_mask"]
        flat = ops.reshape(x, (-1, bars, ROLES * self.config.latent))
        letter, variation, unknown = read_form(plan["form"])
        twins, same = _twins(letter, bar_mask)
        average = ops.matmul(twins / ops.maximum(ops.sum(twins, axis=-1, keepdims=True), 1.0), flat)
        piece, chords = self.conditions(plan)
        tokens = self.x_in(flat) + self.twin_in((flat - average) * ops.max(twins, axis=-1, keepdims=True))
        tokens = tokens + self.heard_in(features(self.lens(x)))
        tokens = tokens + self.bar[None, :bars] + piece[:, None] + chords
        tokens = tokens + variation[..., None] * self.variation[None] + unknown[..., None] * self.open[None]
        bias = attention_bias(bar_mask) + same[:, None] * self.same[None, :, None, None]
        for block in self.blocks:
            tokens = block(tokens, bias=bias)
        tokens = self.norm(tokens) * bar_mask[..., None]
        count = ops.sum(bar_mask, axis=1, keepdims=True)
        pooled = ops.sum(tokens, axis=1) / count
        bar_score = ops.sum(self.bar_score(tokens)[..., 0] * bar_mask, axis=1) / count[:, 0]
        hidden = self.hidden(ops.concatenate([pooled, _deviation(pooled, groups)], axis=-1))
        projection = ops.sum(self.style_out(plan["style"]) * pooled, axis=-1) * self.config.critic_width**-0.5
        return self.score(hidden)[:, 0] + bar_score + projection


def lay_out(made: Any, plan: dict[str, Any]) -> Any:
    """A grid with the known cells put in, and 0 where a bar or a role does not exist."""
    mask = plan["known_mask"][..., None]
    exists = (plan["bar_mask"][:, :, None] * plan["present"][:, None, :])[..., None]
    return (made * (1.0 - mask) + plan["known"] * mask) * exists


def read_form(form: Any) -> tuple[Any, Any, Any]:
    """Of section codes (B, N): letters, 0 for A; 1 where it is a variation; 1 where it was left open.

    Sections that were left open have letters of their own, in order.
    """
    unknown = ops.cast(form == ANY_SECTION, "float32")
    order = np.arange(form.shape[1]) // SECTION_BARS
    letter = ops.where(form == ANY_SECTION, order[None].astype("int32"), form // 2)
    return letter, ops.cast(form % 2, "float32") * (1.0 - unknown), unknown


def _twins(letter: Any, bar_mask: Any) -> tuple[Any, Any]:
    """Pairs of different bars of the same letter and place, and pairs of the same letter, each of shape (B, N, N)."""
    bars = bar_mask.shape[1]
    same = ops.cast(letter[:, :, None] == letter[:, None, :], "float32")
    place = np.arange(bars) % SECTION_BARS
    aligned = ((place[:, None] == place[None]) & ~np.eye(bars, dtype=bool)).astype("float32")
    return same * aligned[None] * bar_mask[:, None, :], same


def _deviation(features: Any, groups: int) -> Any:
    """Mean standard deviation of features within each group of a batch (Karras et al. 2018, section 3), (B, 1)."""
    width = features.shape[-1]
    grouped = ops.reshape(features, (groups, -1, width))
    deviation = ops.mean(ops.sqrt(ops.var(grouped, axis=1) + 1e-8), axis=-1)[:, None, None]
    return ops.reshape(deviation + 0.0 * grouped[:, :, :1], (-1, 1))


def _stack(count: int, width: int, heads: int, name: str, conditioned: bool = False) -> list[Block]:
    return [Block(width, heads, conditioned=conditioned, name=f"{name}_{i}") for i in range(count)]
