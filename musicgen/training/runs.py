"""What every resumable run does: its plan, its log, its state. And how much each source of the corpus counts."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import keras

from musicgen.errors import CorpusError

SOURCE_WEIGHTS = {"freedoom": 3.0, "simutrans": 3.0, "blasphemer": 3.0, "lieder": 1.5, "chorales": 1.5}
"""Real scores are rarer than arrangements of lead sheets, of which each song has several."""


def settle(run: Path, wanted: dict[str, Any]) -> None:
    """Write plan.json of a new run, or check that a resumed one is the same.

    Raises:
        CorpusError: the run was begun with another plan.
    """
    run.mkdir(parents=True, exist_ok=True)
    path = run / "plan.json"
    if path.exists():
        found = json.loads(path.read_text())
        if found != wanted:
            raise CorpusError(f"Expected the plan that {run} was begun with. Received: another; use a new run folder.")
    else:
        path.write_text(json.dumps(wanted, indent=1))


def append_row(path: Path, row: dict[str, float]) -> None:
    """Add a row to a CSV file, with a header if the file is new."""
    row = {name: value if isinstance(value, int) else round(float(value), 5) for name, value in row.items()}
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


def hours(log: Path) -> float:
    """Hours of training steps that a log tells of."""
    seconds, last = 0.0, 0
    with log.open(newline="") as file:
        for row in csv.DictReader(file):
            seconds += (int(row["step"]) - last) * float(row["step_seconds"])
            last = int(row["step"])
    return round(seconds / 3600, 3)


def save_state(model: keras.Model, path: Path) -> None:
    """Weights and optimiser state, written to a temporary name and renamed."""
    temporary = path.with_name("tmp-" + path.name)
    model.save_weights(temporary)
    os.replace(temporary, path)
