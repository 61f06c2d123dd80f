"""The two sides of the GAN's training, each a step of its own: the critic's and the generator's.

A relativistic pairing loss with zero-centred gradient penalties on real and on made samples (Huang et al. 2024, "The
GAN is dead; long live the GAN", section 2). A pair is a window and a grid made for the same plan. The penalties are
estimated from the critic's answers to a small disturbance (Lin et al. 2025, "Diffusion adversarial post-training"), so
that no second derivative is needed and Keras operations are enough.

Real grids are the means of posteriors. The critic sees them, and made ones, through as much noise as the posteriors
have (instance noise; Arjovsky and Bottou 2017): what the decoder cannot tell apart, the critic shall not.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from musicgen.models.gan import Critic, Generator
from musicgen.models.prior import CONDITIONS

_DISTURBANCE = 0.1
"""Standard deviation of the noise that the slope of the critic is measured with; latents have one of 1."""


class CriticStep(keras.Model):
    """Trains the critic on a batch of `LatentWindows`; the generator stays as it is.

    Args:
        gamma: weight of the gradient penalties.
    """

    def __init__(self, generator: Generator, critic: Critic, gamma: float) -> None:
        super().__init__(name="critic_step")
        self.generator, self.critic, self.gamma = generator, critic, gamma
        self.noise = keras.random.SeedGenerator(2)
        self.trackers = {
            name: keras.metrics.Mean(name=name) for name in ("critic_loss", "gap", "slope_real", "slope_made")
        }
        self.built = True

    def call(self, x: dict[str, Any], training: bool = False) -> dict[str, Any]:
        real, plan = real_grids(self.generator, x)
        made = ops.stop_gradient(self.generator(self.generator.draw(ops.shape(real)[0], self.noise), plan))
        real, made = blurred(self.generator, real, plan, self.noise), blurred(self.generator, made, plan, self.noise)
        near = keras.random.normal(ops.shape(real), stddev=_DISTURBANCE, seed=self.noise) * exists(plan)
        four = ops.concatenate([real, made, real + near, made + near], axis=0)
        plans = {name: ops.concatenate([value] * 4, axis=0) for name, value in plan.items()}
        on_real, on_made, near_real, near_made = ops.split(self.critic(four, plans, groups=4), 4)
        slope_real = ops.mean(ops.square(near_real - on_real)) / _DISTURBANCE**2
        slope_made = ops.mean(ops.square(near_made - on_made)) / _DISTURBANCE**2
        loss = ops.mean(ops.softplus(on_made - on_real)) + 0.5 * self.gamma * (slope_real + slope_made)
        return {
            "critic_loss": loss, "gap": ops.mean(on_real - on_made),
            "slope_real": ops.sqrt(slope_real), "slope_made": ops.sqrt(slope_made),
        }  # fmt: skip

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        for name, tracker in self.trackers.items():
            tracker.update_state(y_pred[name])
        return y_pred["critic_loss"]

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.trackers.values())

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        return self.get_metrics_result()

    @property
    def trainable_variables(self) -> list[Any]:
        return self.critic.trainable_variables

    @property
    def trainable_weights(self) -> list[Any]:
        return self.trainable_variables

    @property
    def non_trainable_variables(self) -> list[Any]:
        return _others(self)


class GeneratorStep(keras.Model):
    """Trains the generator on a batch of `LatentWindows`; the critic stays as it is.

    Args:
        average: takes the exponential moving average of the generator's weights, those before each step.
        decay: of that average; shorter in the beginning.
    """

    def __init__(self, generator: Generator, critic: Critic, average: Generator, decay: float) -> None:
        super().__init__(name="generator_step")
        self.generator, self.critic, self.average, self.decay = generator, critic, average, decay
        self.noise = keras.random.SeedGenerator(3)
        self.tracker = keras.metrics.Mean(name="generator_loss")
        self.built = True

    def call(self, x: dict[str, Any], training: bool = False) -> Any:
        if training:
            step = ops.cast(self.optimizer.iterations, "float32")
            decay = ops.minimum(self.decay, (1.0 + step) / (10.0 + step))
            for mean, weight in zip(self.average.weights, self.generator.weights, strict=True):
                mean.assign(decay * mean + (1.0 - decay) * weight)
        real, plan = real_grids(self.generator, x)
        made = self.generator(self.generator.draw(ops.shape(real)[0], self.noise), plan)
        real, made = blurred(self.generator, real, plan, self.noise), blurred(self.generator, made, plan, self.noise)
        on_real = ops.stop_gradient(self.critic(real, plan))
        return ops.mean(ops.softplus(on_real - self.critic(made, plan)))

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        self.tracker.update_state(y_pred)
        return y_pred

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.tracker]

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        return self.get_metrics_result()

    @property
    def trainable_variables(self) -> list[Any]:
        return self.generator.trainable_variables

    @property
    def trainable_weights(self) -> list[Any]:
        return self.trainable_variables

    @property
    def non_trainable_variables(self) -> list[Any]:
        return _others(self)


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
    """Normalised latents of a batch of `LatentWindows`, means of their posteriors, and the plan they follow."""
    plan = {name: x[name] for name in ("bar_mask", "present", *CONDITIONS)}
    real = generator.normalise(x["mean"]) * exists(plan)
    plan["known_mask"] = x["known_mask"] * exists(plan)[..., 0]
    plan["known"] = real * plan["known_mask"][..., None]
    return real, plan


def blurred(generator: Generator, grid: Any, plan: dict[str, Any], seed: Any) -> Any:
    """A grid with the noise of posteriors on it."""
    return grid + keras.random.normal(ops.shape(grid), seed=seed) * generator.blur * exists(plan)


def exists(plan: dict[str, Any]) -> Any:
    """1 where a bar and a role are, shape (B, N, R, 1)."""
    return (plan["bar_mask"][:, :, None] * plan["present"][:, None, :])[..., None]


def _others(step: CriticStep | GeneratorStep) -> list[Any]:
    learned = {id(variable) for variable in step.trainable_variables}
    return [variable for variable in step.variables if id(variable) not in learned]
