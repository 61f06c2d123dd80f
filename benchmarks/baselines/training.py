"""What the trained rungs share: a run folder that can be resumed, random windows, and adversarial steps."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from tqdm import tqdm

from benchmarks.baselines.grid import grid
from musicgen.corpus.dataset import Dataset, Piece
from musicgen.errors import CheckpointError, CorpusError, MusicgenError
from musicgen.music import FOUR_FOUR
from musicgen.training.batches import piece_weights
from musicgen.training.runs import append_row

EVERY = 200
"""Steps between two saves."""


@dataclass(frozen=True)
class Budget:
    """How long a rung trains, earlier runs of the same folder included: until one of the two is spent.

    Time of the processor, not of the clock, so that what else the machine does costs a rung nothing.
    """

    core_hours: float = 2.0
    """An hour on two cores."""
    steps: float = float("inf")


class Step(keras.Model):
    """One side of a training step: minimises `objective` over the weights of `learner` alone.

    Args:
        learner: the network that learns.
        objective: (batch, training) to the loss.
        parts: every network in the objective.
        rate, beta: of Adam.
    """

    def __init__(
        self,
        learner: keras.Model,
        objective: Callable[..., Any],
        parts: list[keras.Model],
        rate: float,
        beta: float = 0.9,
    ) -> None:
        super().__init__()
        self.learner, self.objective, self.parts = learner, objective, parts
        self.compile(optimizer=keras.optimizers.Adam(rate, beta_1=beta, clipnorm=5.0))
        self.built = True

    def call(self, batch: Any, training: bool = False) -> Any:
        loss = self.objective(batch, training)
        self.add_loss(loss)
        return loss

    @property
    def trainable_variables(self) -> list:
        return self.learner.trainable_variables

    @property
    def trainable_weights(self) -> list:
        return self.learner.trainable_weights


def command(kind: str, document: str | None, train: Callable[[Dataset, Path, Budget, int], None]) -> None:
    """`python -m benchmarks.baselines.NAME --data data --run runs/NAME`; the same command resumes."""
    parser = argparse.ArgumentParser(description=(document or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder made by prepare")
    parser.add_argument("--run", type=Path, required=True, help="the folder of the run")
    parser.add_argument(
        "--core-hours", type=float, default=Budget.core_hours, help="of processor time, earlier runs included"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    try:
        dataset = Dataset.open(options.data)
        settle(options.run, kind, options.seed)
        train(dataset, options.run, Budget(options.core_hours), options.seed)
    except MusicgenError as error:
        parser.exit(2, f"{error}\n")


def settle(run: Path, kind: str, seed: int) -> None:
    """Write plan.json of a new run, or check that a resumed one is the same."""
    plan = {"baseline": kind, "seed": seed}
    run.mkdir(parents=True, exist_ok=True)
    path = run / "plan.json"
    if path.exists() and json.loads(path.read_text()) != plan:
        raise CheckpointError(f"Expected the plan that {run} was begun with. Received: another; use a new run folder.")
    path.write_text(json.dumps(plan))


def fit(
    models: Mapping[str, keras.Model],
    batches: Callable[[np.random.Generator], Any],
    run: Path,
    budget: Budget,
    measure: Callable[[], dict[str, float]] = dict,
) -> None:
    """Train every model on each batch in turn, as long as the budget lasts; saves and logs every `EVERY` steps.

    The log has the mean loss of each model, what `measure` finds, and the core hours so far.
    """
    done, spent = _restore(models, run)
    rng = np.random.default_rng(done + 1)
    with tqdm(total=budget.core_hours, initial=spent, desc=run.name, unit="core h", mininterval=10) as bar:
        while spent < budget.core_hours and done < budget.steps:
            started = time.process_time()
            count = int(min(EVERY, budget.steps - done))
            mean = dict.fromkeys(models, 0.0)
            for model in models.values():
                model.reset_metrics()
            for _ in range(count):
                batch = batches(rng)
                for name, model in models.items():  # gives the mean of the losses since the reset
                    mean[name] = float(model.train_on_batch(batch[name] if isinstance(batch, dict) else batch))
            done += count
            hours = (time.process_time() - started) / 3600
            spent += hours
            bar.update(hours)
            _save(models, run, done, spent)
            append_row(run / "log.csv", {"step": done} | mean | measure() | {"core_hours": spent})


def load(models: Mapping[str, keras.Model], run: Path) -> int:
    """Load the weights of a run; returns the steps that it has made.

    Raises:
        CheckpointError: it has made none.
    """
    steps, _ = _restore(models, run)
    if not steps:
        raise CheckpointError(f"Expected a run with trained weights. Received: {run}, which has made no step.")
    return steps


def windows(
    dataset: Dataset, bars: int, rng: np.random.Generator, wanted: Callable[[Piece], bool] = lambda piece: True
) -> Iterator[tuple[np.ndarray, np.ndarray, Piece]]:
    """Random stretches of the `wanted` training pieces in 4/4 for ever: (begins, goes on) of `grid`, and the piece.

    Pieces are drawn by the square root of their length times `piece_weights`, as for our own models.

    Raises:
        CorpusError: there are no such pieces.
    """
    pieces = [
        piece
        for piece in dataset.split("train")
        if piece.bars >= bars and piece.metre == FOUR_FOUR.name and wanted(piece)
    ]
    if not pieces:
        raise CorpusError(f"Expected training pieces of {bars} bars in the roles that the model plays. Received: none.")
    chance = np.sqrt([piece.bars for piece in pieces]) * piece_weights(pieces)
    chance /= chance.sum()
    while True:
        piece = pieces[rng.choice(len(pieces), p=chance)]
        rows = dataset.rows(piece, int(rng.integers(piece.bars - bars + 1)), bars)
        yield *grid(rows, bars), piece


def _restore(models: Mapping[str, keras.Model], run: Path) -> tuple[int, float]:
    """Steps and core hours so far."""
    path = run / "state.json"
    if not path.exists():
        return 0, 0.0
    state = json.loads(path.read_text())
    for name, model in models.items():
        model.optimizer.build(model.trainable_variables)
        model.load_weights(run / f"{name}-{state['slot']}.weights.h5")
    return int(state["step"]), float(state["core_hours"])


def _save(models: Mapping[str, keras.Model], run: Path, step: int, core_hours: float) -> None:
    """Weights and optimisers into one of two slots, then the file that says which: a stop in between loses nothing."""
    slot = step // EVERY % 2
    path = run / "state.json"
    if path.exists() and json.loads(path.read_text())["slot"] == slot:
        slot = 1 - slot
    for name, model in models.items():
        model.save_weights(run / f"{name}-{slot}.weights.h5")
    temporary = run / "state.json.tmp"
    temporary.write_text(json.dumps({"step": step, "core_hours": core_hours, "slot": slot}))
    os.replace(temporary, path)
