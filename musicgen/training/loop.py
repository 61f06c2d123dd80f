"""The loop that trains a network: optimiser, epochs, a row of the log and the state to resume from after each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import keras
from tqdm import tqdm

from musicgen.models.compiling import jit_compiled
from musicgen.training.runs import append_row, save_state
from musicgen.training.stepping import Stepper


def optimiser(rate: float, steps: int) -> keras.optimizers.Optimizer:
    """AdamW whose rate is warmed up linearly, then follows a cosine to nothing."""
    warm = min(500, steps // 10 + 1)
    schedule = keras.optimizers.schedules.CosineDecay(
        rate * 0.01, max(steps - warm, 1), alpha=0.0, warmup_target=rate, warmup_steps=warm
    )
    return keras.optimizers.AdamW(schedule, weight_decay=0.02, clipnorm=1.0, beta_2=0.98)


def fit(
    model: keras.Model, batches: Iterator[tuple], run: Path, name: str, steps: int, epoch: int, rate: float,
    measure: Callable[[], dict[str, float]],
) -> None:  # fmt: skip
    """Train for `steps` steps in all, counting those of earlier, stopped runs.

    A loop of `train_on_batch` rather than `fit`, because `fit` leaves the shapes of generated batches open, and the
    network is built for fixed ones.

    Args:
        run, name: log-NAME.csv, state-NAME.weights.h5 and at the end NAME.weights.h5 are written into the run's folder.
        steps, epoch: optimiser steps in all, and between two rows of the log.
        rate: the peak of `optimiser`.
        measure: called after every epoch, for more columns of the log.
    """
    done, state = run / f"{name}.weights.h5", run / f"state-{name}.weights.h5"
    if done.exists():
        model.load_weights(done)
        return
    model.compile(optimizer=optimiser(rate, steps), jit_compile=jit_compiled())
    model.optimizer.build(model.trainable_variables)
    if state.exists():
        model.load_weights(state)
    stepper = Stepper([model], (batch for (batch,) in batches))
    epochs(
        model, stepper, measure, run / f"log-{name}.csv", state,
        (int(model.optimizer.iterations.numpy()), steps, epoch),
    )  # fmt: skip
    save_state(model, done)
    state.unlink(missing_ok=True)  # there is none after no steps


def epochs(
    model: keras.Model, stepper: Stepper, measure: Callable[[], Mapping[str, float]], log: Path, state: Path,
    count: tuple[int, int, int],
) -> None:  # fmt: skip
    """Take steps; after every epoch add a row to the log and save the model's state.

    Args:
        model: what is saved; it has all that the stepper's sides have.
        measure: called after every epoch, for more columns of the log.
        count: steps that are done, steps in all, and steps an epoch.
    """
    step, steps, epoch = count
    with tqdm(total=steps, initial=step, desc=model.name, unit="step", mininterval=10) as bar:
        while step < steps:
            started = time.perf_counter()
            stepper.reset()
            this = min(epoch, steps - step)
            logs = stepper.take(this, bar.update)
            step += this
            seconds = (time.perf_counter() - started) / this
            append_row(log, {"step": step, **logs, **measure(), "step_seconds": seconds})
            save_state(model, state)
