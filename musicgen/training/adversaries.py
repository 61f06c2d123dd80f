"""The two sides of the GAN's training, each a step of its own: the critic's and the generator's.

A relativistic pairing loss with zero-centred gradient penalties on real and on made samples (Huang et al. 2024, "The
GAN is dead; long live the GAN", section 2). A pair is a window and a grid made for the same plan. The penalties are
estimated from the critic's answers to a small disturbance (Lin et al. 2025, "Diffusion adversarial post-training"), so
that no second derivative is needed and Keras operations are enough.

Real grids are the means of posteriors. The critic sees them, and made ones, through some of the noise that posteriors
have (instance noise; Arjovsky and Bottou 2017): what the decoder cannot tell apart, the critic need not.

The generator is also held to what the flow makes of the same noise (Sauer et al. 2023, "Adversarial diffusion
distillation"), so that each noise keeps a piece of its own and none is forgotten.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from musicgen.models.gan import PLAN, Critic, Generator, exists
from musicgen.models.own_loss import OwnLoss
from musicgen.models.prior import CONDITIONS

_DISTURBANCE = 0.1
"""Standard deviation of the noise that the slope of the critic is measured with; latents have one of 1."""


class Side(OwnLoss):
    """A part of a training step.

    Args:
        parts: as for `OwnLoss`. learned: the weights that are changed, and no others.
    """

    def __init__(self, name: str, parts: tuple[str, ...], learned: list[Any]) -> None:
        super().__init__(parts, name=name)
        self._learned = {id(weight) for weight in learned}
        self.noise = keras.random.SeedGenerator(2)
        self.built = True

    @property
    def trainable_variables(self) -> list[Any]:
        return [variable for variable in self.variables if id(variable) in self._learned]

    @property
    def trainable_weights(self) -> list[Any]:
        return self.trainable_variables

    @property
    def non_trainable_variables(self) -> list[Any]:
        return [variable for variable in self.variables if id(variable) not in self._learned]


class CriticSide(Side):
    """Trains the critic on a batch of `Pairs`; the generator stays as it is.

    Args:
        blur: deviation of the noise that grids are seen through, normalised, shape (roles, latent).
        gamma: weight of the gradient penalties.
    """

    def __init__(self, generator: Generator, critic: Critic, blur: np.ndarray, gamma: float) -> None:
        super().__init__("critic_side", ("critic_loss", "gap", "slope_real", "slope_made"), critic.learned)
        self.generator, self.critic, self.blur, self.gamma = generator, critic, blur.astype("float32"), gamma

    def call(self, x: dict[str, Any], training: bool = False) -> dict[str, Any]:
        real, plan = real_grids(self.generator, x)
        made = ops.stop_gradient(made_grids(self.generator, x, plan))
        real, made = (blurred(grid, plan, self.blur, self.noise) for grid in (real, made))
        # the slopes of half of the batch are enough
        half = real.shape[0] // 2
        some = {name: value[:half] for name, value in plan.items()}
        near = keras.random.normal(ops.shape(real[:half]), stddev=_DISTURBANCE, seed=self.noise) * exists(some)
        grids = ops.concatenate([real, made, real[:half] + near, made[:half] + near], axis=0)
        plans = {name: ops.concatenate([value, value, some[name], some[name]], axis=0) for name, value in plan.items()}
        scores = self.critic(grids, plans)
        size = real.shape[0]
        on_real, on_made, near_real, near_made = ops.split(scores, [size, 2 * size, 2 * size + half])
        slope_real = ops.mean(ops.square(near_real - on_real[:half])) / _DISTURBANCE**2
        slope_made = ops.mean(ops.square(near_made - on_made[:half])) / _DISTURBANCE**2
        loss = ops.mean(ops.softplus(on_made - on_real)) + 0.5 * self.gamma * (slope_real + slope_made)
        return {
            "critic_loss": loss, "gap": ops.mean(on_real - on_made),
            "slope_real": ops.sqrt(slope_real), "slope_made": ops.sqrt(slope_made),
        }  # fmt: skip


class GeneratorSide(Side):
    """Trains the generator on a batch of `Pairs`; the critic stays as it is.

    Args:
        critic: None to learn from the flow alone.
        average: takes the exponential moving average of the generator's weights, those before each step.
        decay: of that average; shorter in the beginning.
        anchor: weight of the mean square distance to what the flow made, per latent number.
        blur: as for `CriticSide`.
    """

    def __init__(
        self, generator: Generator, critic: Critic | None, average: Generator, decay: float, anchor: float,
        blur: np.ndarray,
    ) -> None:  # fmt: skip
        super().__init__("generator_side", ("generator_loss", "apart"), generator.trainable_variables)
        self.generator, self.critic, self.average = generator, critic, average
        self.decay, self.anchor, self.blur = decay, anchor, blur.astype("float32")
        # steps so far: the optimiser's own number of them is, on JAX, no variable of this call
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False, name="count")

    def call(self, x: dict[str, Any], training: bool = False) -> dict[str, Any]:
        if training:
            decay = ops.minimum(self.decay, (1.0 + self.count) / (10.0 + self.count))
            self.count.assign(self.count + 1.0)
            for mean, weight in zip(self.average.weights, self.generator.weights, strict=True):
                mean.assign(decay * mean + (1.0 - decay) * weight)
        real, plan = real_grids(self.generator, x)
        made = made_grids(self.generator, x, plan)
        free = exists(plan) * (1.0 - plan["known_mask"][..., None])
        apart = ops.sum(ops.square(made - x["target"]) * free) / (
            ops.maximum(ops.sum(free), 1.0) * self.generator.config.latent
        )
        loss = self.anchor * apart
        if self.critic is not None:
            real, made = (blurred(grid, plan, self.blur, self.noise) for grid in (real, made))
            on_real = ops.stop_gradient(self.critic(real, plan))
            loss = loss + ops.mean(ops.softplus(on_real - self.critic(made, plan)))
        return {"generator_loss": loss, "apart": apart}


class Adam(keras.optimizers.Adam):
    """Adam that remembers the global norm of the last gradient."""

    def build(self, variables: list[Any]) -> None:
        super().build(variables)
        self.norm = self.add_variable(shape=(), dtype="float32", name="norm")

    def apply(self, grads: list[Any], trainable_variables: list[Any] | None = None) -> Any:
        if not self.built:
            self.build(trainable_variables or [])
        squares = [ops.sum(ops.square(ops.convert_to_tensor(gradient))) for gradient in grads if gradient is not None]
        self.norm.assign(ops.sqrt(sum(squares[1:], squares[0])))
        return super().apply(grads, trainable_variables)


def real_grids(generator: Generator, x: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Normalised latents of a batch of `Pairs`, means of their posteriors, and the plan they follow."""
    plan = {name: x[name] for name in ("bar_mask", "present", *CONDITIONS)}
    real = generator.normalise(x["mean"]) * exists(plan)
    plan["known_mask"] = x["known_mask"] * exists(plan)[..., 0]
    plan["known"] = real * plan["known_mask"][..., None]
    assert set(plan) == set(PLAN)
    return real, plan


def made_grids(generator: Generator, x: dict[str, Any], plan: dict[str, Any]) -> Any:
    """What the generator makes of the noise of a batch of `Pairs`."""
    begin = x["begin"][:, None, None, None]
    point = (1.0 - begin) * x["noise"] + begin * generator.normalise(x["mean"])
    return generator.leap(point, x["begin"], plan)


def blurred(grid: Any, plan: dict[str, Any], blur: np.ndarray, seed: Any) -> Any:
    """A grid with the noise of posteriors on it."""
    return grid + keras.random.normal(ops.shape(grid), seed=seed) * blur * exists(plan)
