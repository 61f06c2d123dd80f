"""`python -m musicgen train notes`: a resumable run that teaches a `NoteDecoder` over the latents of a VAE."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import keras

from musicgen.corpus.dataset import Dataset
from musicgen.errors import CheckpointError, CorpusError
from musicgen.models import load_composer
from musicgen.models.grid_composer import GridComposer
from musicgen.models.note_decoder import NoteDecoder
from musicgen.training.card import read_attribution, write_card
from musicgen.training.devices import hardware
from musicgen.training.fit import order_seed
from musicgen.training.loop import fit
from musicgen.training.note_windows import NoteWindows
from musicgen.training.runs import SOURCE_WEIGHTS, hours, settle


@dataclass(frozen=True)
class NotesPlan:
    """How long and how fast to train; kept in the run's folder so that a resumed run follows it.

    Args:
        steps: optimiser steps. epoch: steps between checkpoints and measurements. windows: a step.
        rate: peak learning rate. seed: of initial weights and of the order of windows.
        precision: a Keras dtype policy. Processors with bfloat16 matrix units multiply four to seven times as fast in
            "mixed_bfloat16"; weights and losses stay in float32.
    """

    steps: int = 6000
    epoch: int = 200
    windows: int = 16
    rate: float = 8e-4
    seed: int = 0
    precision: str = "mixed_bfloat16"


def train_notes(data: Path, run: Path, start: Path, plan: NotesPlan | None = None) -> NoteDecoder:
    """Train, or go on training, the note decoder of the checkpoint `start`, and write `run/checkpoint`, which has it.

    The run's folder holds plan.json, log-notes.csv (a row an epoch) and the state to resume from.

    Args:
        start: a VAE or a GAN.

    Raises:
        CorpusError: no data set with labels in `data`, or a run that was begun with another plan.
        CheckpointError: `start` has no latents of a VAE.
    """
    plan = plan or NotesPlan()
    dataset = Dataset.open(data)
    if not dataset.labels:
        raise CorpusError(f"Expected a data set with labels in {data}. Run `prepare` again.")
    begun = load_composer(start)
    if not isinstance(begun, GridComposer):
        raise CheckpointError(f"--from: expected a VAE or a GAN. Received: {begun.identity}.")
    settle(run, {"plan": asdict(plan), "from": begun.identity})
    keras.utils.set_random_seed(plan.seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(plan.precision)
    decoder = NoteDecoder(begun.notes.config, name="notes")
    keras.config.set_dtype_policy(before)
    decoder.set_weights(begun.notes.get_weights())
    seed = order_seed(run / "log-notes.csv", plan.seed)
    train = NoteWindows(begun.vae, begun.prior, dataset, "train", plan.windows, SOURCE_WEIGHTS, seed)
    valid = NoteWindows(begun.vae, begun.prior, dataset, "valid", plan.windows, SOURCE_WEIGHTS, 0)
    fixed = [valid.batch() for _ in range(8)]

    def measure() -> dict[str, float]:
        logs = [decoder.test_on_batch(batch, return_dict=True) for batch in fixed]  # a running mean
        values = {f"valid_{name}": float(value) for name, value in logs[-1].items()}
        decoder.reset_metrics()
        return values

    fit(decoder, iter(train), run, "notes", plan.steps, plan.epoch, plan.rate, measure)
    begun.notes.set_weights(decoder.get_weights())
    begun.card["notes"] = {
        "from": begun.identity, "plan": asdict(plan), "hours": hours(run / "log-notes.csv"), "hardware": hardware(),
        "corpus": dataset.manifest["kept"]["all"], "attribution": read_attribution(data),
    }  # fmt: skip
    begun.save_pretrained(run / "checkpoint")
    write_card(begun, run / "checkpoint")
    return decoder
