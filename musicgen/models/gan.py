"""A generative adversarial network over the latent grid of the VAE: sixteen bars of all roles from noise, in one pass.

Goodfellow et al. (2014). The generator writes latents, which the VAE's decoder turns into notes, so that notes never
fragment as thresholded pixels do. Both sides have the architecture of the `Prior` and begin with its weights (Lin et
al. 2025, "Diffusion adversarial post-training", section 3): what is known of which latents occur together need not be
learned again from an opponent's scores.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
from keras import layers, ops

from musicgen.models.lens import FEATURES, Lens, features
from musicgen.models.prior import CONDITIONS, ROLES, Prior, PriorConfig

LAGS = (1, 2, 4, 8)
"""Distances, in bars, at which the critic is told how alike two bars are."""
_CLEAN = 0.9
"""The time at which the critic's trunk reads a grid: almost all music, as little noise as it was trained with."""


class Generator(Prior):
    """Latents of a piece from noise and a plan, in one pass.

    A plan is what the piece shall be, a dictionary of bar_mask, present, known and known_mask, and what is asked for;
    all as for `Prior`.
    """

    def leap(self, point: Any, time: Any, plan: dict[str, Any]) -> Any:
        """Normalised latents, shape (B, N, R, latent), from a point between noise (time 0) and music (time 1).

        The known cells are as they were given, and 0 is where nothing plays.

        Args:
            point: shape as the result, time (B,): 0 for new music; later, the result is the more like what the point
                was mixed with.
        """
        velocity = self.velocity(
            point, time, plan["known"], plan["known_mask"], plan["bar_mask"], plan["present"], plan
        )  # fmt: skip
        return lay_out(point + (1.0 - time)[:, None, None, None] * velocity, plan)

    def make(
        self, noise: Any, origin: Any, begin: Any, known_mask: Any, bar_mask: Any, present: Any, asked: dict[str, Any]
    ) -> Any:
        """Latents from noise; arguments as for `Prior.sample`."""
        given, mask = self.normalise(origin), known_mask[..., None]
        plan = asked | {"bar_mask": bar_mask, "present": present, "known": given, "known_mask": known_mask}
        point = (1.0 - begin) * noise + begin * given
        made = self.leap(point, begin * ops.ones_like(point[:, 0, 0, 0]), plan)
        return mask * origin + (1.0 - mask) * self.restore(made)


@dataclass(frozen=True)
class CriticConfig:
    """Architecture of a `Critic`.

    Args:
        prior: of the prior that it begins with. blocks: so many of that one's first blocks.
    """

    prior: PriorConfig
    blocks: int = 4

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Critic(keras.Model):
    """How real a grid of latents looks, given its plan.

    The trunk of a `Prior` reads the bars, what a `Lens` hears in them, and how alike they are to bars before and after:
    songs repeat themselves, and a prior does not look for it. A head half way up and one at the top judge them. The
    lens is not trained with the rest.
    """

    def __init__(self, config: CriticConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        width = config.prior.width
        self.lens = Lens(config.prior.latent, name="lens", trainable=False)
        self.trunk = Prior(replace(config.prior, blocks=config.blocks, dropout=0.0), name="trunk")
        # as the trunk was trained: it hears nothing yet
        self.heard_in = layers.Dense(width, use_bias=False, kernel_initializer="zeros", name="heard_in")
        self.alike_in = layers.Dense(width, use_bias=False, kernel_initializer="zeros", name="alike_in")
        self.depths = sorted({(config.blocks - 1) // 2, config.blocks - 1})
        self.norms = [layers.LayerNormalization(epsilon=1e-6, name=f"norm_{i}") for i in self.depths]
        self.hidden = [layers.Dense(width, activation="silu", name=f"hidden_{i}") for i in self.depths]
        self.scores = [layers.Dense(1, name=f"score_{i}") for i in self.depths]
        self.lens.build()
        self.heard_in.build((None, None, FEATURES))
        self.alike_in.build((None, None, 2 * len(LAGS) * ROLES))
        for layer in (*self.norms, *self.hidden, *self.scores):
            layer.build((None, None, width))
        self.built = True

    def begin(self, prior: Prior) -> None:
        """Take over the weights of a prior, as far up as there are blocks."""
        there = {weight.path.split("/", 1)[1]: weight for weight in prior.weights}
        for weight in self.trunk.weights:
            weight.assign(there[weight.path.split("/trunk/")[-1].removeprefix("trunk/")])

    @property
    def learned(self) -> list[Any]:
        """What is trained: the trunk's way out is not used."""
        unused = {id(weight) for weight in (*self.trunk.x_out.weights, *self.trunk.norm.weights)}
        return [weight for weight in self.trainable_variables if id(weight) not in unused]

    def call(self, x: Any, plan: dict[str, Any]) -> Any:
        """Scores, shape (B,): the higher, the more like real music. x as `Generator.leap` gives it."""
        bar_mask = plan["bar_mask"]
        extra = self.heard_in(features(self.lens(x))) + self.alike_in(alike(x, plan))
        time = _CLEAN * ops.ones_like(bar_mask[:, 0])
        after = self.trunk.tokens(
            x, time, plan["known"], plan["known_mask"], bar_mask, plan["present"], plan, extra=extra
        )  # fmt: skip
        count, total = ops.sum(bar_mask, axis=1), 0.0
        for depth, norm, hidden, score in zip(self.depths, self.norms, self.hidden, self.scores, strict=True):
            bars = score(hidden(norm(after[depth])))[..., 0]
            total = total + ops.sum(bars * bar_mask, axis=1) / count
        return total


def alike(x: Any, plan: dict[str, Any]) -> Any:
    """How alike bars are to those `LAGS` before and after them, in each role, shape (B, N, 2 * lags * roles).

    0 to 1: exp(-2 d), d the mean square distance of their latents; 0 where there is no such bar.
    """
    here = exists(plan)[..., 0]
    parts = []
    for lag in LAGS:
        near = ops.exp(-2.0 * ops.mean(ops.square(x[:, lag:] - x[:, :-lag]), axis=-1)) * here[:, lag:]
        empty = ops.zeros_like(here[:, :lag])
        parts += [ops.concatenate([empty, near], axis=1), ops.concatenate([near, empty], axis=1)]
    return ops.concatenate(parts, axis=-1)


def lay_out(made: Any, plan: dict[str, Any]) -> Any:
    """A grid with the known cells put in, and 0 where a bar or a role does not exist."""
    mask = plan["known_mask"][..., None]
    return (made * (1.0 - mask) + plan["known"] * mask) * exists(plan)


def exists(plan: dict[str, Any]) -> Any:
    """1 where a bar and a role are, shape (B, N, R, 1)."""
    return (plan["bar_mask"][:, :, None] * plan["present"][:, None, :])[..., None]


PLAN = ("bar_mask", "present", "known", "known_mask", *CONDITIONS)
"""What a plan has."""
