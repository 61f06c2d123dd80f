"""Steps of one or more networks: one by one, or on an accelerator many in one program.

A step of these networks takes an accelerator a millisecond or two, less than it takes Python to begin one. So, on the
JAX backend, a loop over the steps is itself compiled, and the batches of all its steps are brought to the device at
once, while those of the next are made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import keras
import numpy as np

from musicgen.training.devices import accelerator

Batch = dict[str, np.ndarray]
TOGETHER = 25
"""Steps in one program."""


class Stepper:
    """Takes steps of networks that learn in turn from each batch.

    Args:
        sides: compiled, their optimisers built. batches: for ever.
        count: of steps in one program, as many as pay if not given; see `together`.
    """

    def __init__(self, sides: Sequence[keras.Model], batches: Iterator[Batch], count: int | None = None) -> None:
        self.sides, self.batches = list(sides), batches
        self.together = count or together()
        self._program: Callable[[Any, Batch], Any] | None = None
        self._next: Future[Batch] | None = None
        self._thread = ThreadPoolExecutor(1)

    def take(self, count: int, advance: Callable[[int], Any] = lambda steps: None) -> dict[str, float]:
        """So many steps of each side; the means of what was measured since `reset`.

        Args:
            advance: called with the number of steps that were taken, now and then.
        """
        while self.together > 1 and count >= self.together:
            count -= self.together
            self._many(another=count >= self.together)
            advance(self.together)
        for _ in range(count):
            batch = next(self.batches)
            for side in self.sides:
                side.train_on_batch(batch)
            advance(1)
        results = [side.get_metrics_result() for side in self.sides]
        return {name: float(value) for result in results for name, value in result.items()}

    def reset(self) -> None:
        for side in self.sides:
            side.reset_metrics()

    def _many(self, another: bool) -> None:
        """`together` steps in one program."""
        batches = self._stack() if self._next is None else self._next.result()
        self._next = self._thread.submit(self._stack) if another else None
        variables = [variable for part in self._states() for variable in part]
        unique = list({id(variable): variable for variable in variables}.values())
        if self._program is None:
            self._program = _program(self.sides, self._states(), unique)
        for variable, value in zip(unique, self._program([v.value for v in unique], batches), strict=True):
            variable.assign(value)

    def _stack(self) -> Batch:
        batches = [next(self.batches) for _ in range(self.together)]
        return {name: np.stack([batch[name] for batch in batches]) for name in batches[0]}

    def _states(self) -> list[list[Any]]:
        """The four parts of each side's state, in turn, as Keras' JAX trainer has them."""
        return [
            part for side in self.sides for part in
            (side.trainable_variables, side.non_trainable_variables, side.optimizer.variables, side.metrics_variables)
        ]  # fmt: skip


def together() -> int:
    """How many steps in one program pay: one by one on processors, and where several devices share a batch."""
    return 1 if accelerator() is None or keras.distribution.distribution() is not None else TOGETHER


def _program(sides: list[keras.Model], states: list[list[Any]], variables: list[Any]) -> Callable[[Any, Batch], Any]:
    """A compiled function: values of the variables and stacked batches to the values afterwards."""
    import jax

    place = {id(variable): index for index, variable in enumerate(variables)}
    places = [[place[id(variable)] for variable in part] for part in states]

    def step(values: list[Any], batch: Batch) -> tuple[list[Any], None]:
        values = list(values)
        for index, side in enumerate(sides):
            mine = places[4 * index : 4 * index + 4]
            _, after = side.train_step(tuple([values[i] for i in part] for part in mine), (batch,))
            for part, new in zip(mine, after, strict=True):
                for i, value in zip(part, new, strict=True):
                    values[i] = value
        return values, None

    return jax.jit(lambda values, batches: jax.lax.scan(step, values, batches)[0], donate_argnums=0)
