"""The two phases of a run of the GAN: the sides that learn in each, and what is saved and gone on from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np

from musicgen.models.compiling import jit_compiled
from musicgen.models.gan import Critic, CriticConfig, Generator
from musicgen.models.lens import Lens
from musicgen.models.prior import Prior
from musicgen.training.adversaries import Adam, CriticSide, GeneratorSide


@dataclass(frozen=True)
class GANPlan:
    """How long and how fast to train; kept in the run's folder so that a resumed run follows it.

    Args:
        pairs: noises that the flow is asked about.
        distil_steps: of the first phase. steps: of the second, one of the critic and one of the generator each.
        epoch: steps between checkpoints and measurements.
        windows: windows a step.
        distil_rate, rate, critic_rate: learning rates; warmed up linearly, then cosine to a tenth.
        anchor: weight of the distance to what the flow makes, in the second phase.
        gamma: weight of the gradient penalties.
        blur: share of the posteriors' deviation that the critic sees grids through. All of it hides what repeats
            (docs/decisions.md, D26).
        decay: of the average of the generator's weights.
        keep: share of the first phase's weights in what comes out (Wortsman et al. 2022, "Robust fine-tuning"): the
            critic brings bars to the songs', and wears away a little of what holds them together.
        lens_steps: of the lens through which the critic hears harmony, before all others.
        seed: of initial weights.
    """

    pairs: int = 32768
    distil_steps: int = 1300
    steps: int = 850
    epoch: int = 85
    windows: int = 48
    distil_rate: float = 5e-4
    rate: float = 2e-4
    critic_rate: float = 1e-3
    anchor: float = 2.0
    gamma: float = 1.0
    blur: float = 0.3
    decay: float = 0.999
    keep: float = 0.5
    lens_steps: int = 1500
    seed: int = 0


class Phase(keras.Model):
    """Sides that learn in turn from each batch, the generator's last, with their optimisers.

    Attributes:
        average: the generator with the moving average of its weights, which is what is measured and goes on.
    """

    def __init__(self, name: str, sides: Sequence[CriticSide | GeneratorSide], average: Generator) -> None:
        super().__init__(name=name)
        self.sides, self.average = list(sides), average
        self.built = True

    @property
    def step(self) -> int:
        return int(self.sides[-1].optimizer.iterations.numpy())

    def norms(self) -> dict[str, float]:
        """Global norm of each side's last gradient."""
        return {side.name.replace("_side", "_gradient"): float(side.optimizer.norm.numpy()) for side in self.sides}


def distillation(prior: Prior, plan: GANPlan, blur: np.ndarray) -> Phase:
    """The first phase: a generator with the weights of the prior learns from the flow alone."""
    learner, average = (as_generator(prior, name) for name in ("generator", "average"))
    side = GeneratorSide(learner, None, average, plan.decay, 1.0, blur)
    _compile(side, plan.distil_rate, plan.distil_steps, 0.9)
    return Phase("distil", [side], average)


def adversarial(start: Prior, prior: Prior, lens: Lens, plan: GANPlan, blur: np.ndarray) -> Phase:
    """The second phase: the critic and the generator.

    Args:
        start: what the generator begins with. prior: what the critic begins with.
    """
    learner, average = (as_generator(start, name) for name in ("generator", "average"))
    critic = Critic(CriticConfig(prior.config, max(1, 2 * prior.config.blocks // 3)), name="critic")
    critic.begin(prior)
    critic.lens.set_weights(lens.get_weights())
    critic_side = CriticSide(learner, critic, blur, plan.gamma)
    generator_side = GeneratorSide(learner, critic, average, plan.decay, plan.anchor, blur)
    _compile(critic_side, plan.critic_rate, plan.steps, 0.0)
    _compile(generator_side, plan.rate, plan.steps, 0.0)
    return Phase("gan", [critic_side, generator_side], average)


def as_generator(prior: Prior, name: str) -> Generator:
    """A generator with the weights of a prior; it learns from few pairs what the prior learned from dropout."""
    generator = Generator(replace(prior.config, dropout=0.0), name=name)
    generator.set_weights(prior.get_weights())
    return generator


def _compile(side: GeneratorSide | CriticSide, rate: float, steps: int, momentum: float) -> None:
    warm = min(200, steps // 10 + 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate * 0.01, max(steps - warm, 1), alpha=0.1, warmup_target=rate, warmup_steps=warm
    )
    side.compile(optimizer=Adam(schedule, beta_1=momentum, beta_2=0.99), jit_compile=jit_compiled())
    side.optimizer.build(side.trainable_variables)
