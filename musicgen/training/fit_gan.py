"""`python -m musicgen train gan`: a resumable run of two phases over the latents of a VAE, which begins with its prior.

First the generator learns to make in one step what the flow makes in many (`training/pairs.py`), then it is trained
against its critic (`training/adversaries.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np

from musicgen.corpus.dataset import Dataset
from musicgen.models.gan_composer import GANComposer
from musicgen.models.lens import Lens
from musicgen.models.vae_composer import VAEComposer
from musicgen.training.card import read_attribution, write_card
from musicgen.training.devices import hardware
from musicgen.training.forms import usual_forms
from musicgen.training.hearing import fit_lens
from musicgen.training.judging import JUDGED, judged
from musicgen.training.latents import LatentWindows
from musicgen.training.loop import epochs
from musicgen.training.pairs import Pairs, kept, make_pairs
from musicgen.training.phases import GANPlan, Phase, adversarial, as_generator, distillation
from musicgen.training.runs import SOURCE_WEIGHTS, hours, settle
from musicgen.training.stepping import Stepper

_HIDDEN = {"attributes": 0.5, "chords": 0.15}
"""Share of the windows that leave these open: less often chords, which are written before a piece is made."""
_HOP = 4
"""Bars from one training window to the next: sections begin every four bars of a song."""


def train_gan(data: Path, run: Path, start: Path, plan: GANPlan | None = None) -> GANComposer:
    """Train, or go on training, and write `run/checkpoint` (a folder for `GANComposer.from_pretrained`).

    The run's folder holds plan.json, the pairs, log-distil.csv and log-gan.csv (a row an epoch: losses, the gap between
    the critic's scores of real and made grids, its slopes, gradient norms, and `judged` on validation windows), and the
    state to resume from; state is saved every epoch, so that a stopped run loses at most one.

    Args:
        start: the checkpoint of the VAE and its prior.

    Raises:
        CorpusError: no data set in `data`, or a run that was begun with another plan.
        CheckpointError: `start` is no checkpoint of a VAE.
    """
    dataset, teacher = Dataset.open(data), VAEComposer.from_pretrained(start)
    plan, attribution = plan or GANPlan(), read_attribution(data)
    settle(run, {"plan": asdict(plan), "from": teacher.identity})
    keras.utils.set_random_seed(plan.seed)
    train, valid, lens, blur, pairs_hours = _prepared(dataset, teacher, run, plan)
    judge = judged(valid, lens)
    first = distillation(teacher.prior, plan, blur)
    _fit(first, train, run, plan.distil_steps, plan.epoch, judge(first.average))
    second = adversarial(first.average, teacher.prior, lens, plan, blur)
    _fit(second, train, run, plan.steps, plan.epoch, judge(second.average))
    final = as_generator(second.average, "generator")
    for weight, early in zip(final.weights, first.average.weights, strict=True):
        weight.assign(plan.keep * early + (1.0 - plan.keep) * weight)
    composer = GANComposer(
        teacher.vae, final, teacher.progression, usual_forms(dataset, final.config.bars), metres=dataset.metres,
        notes=teacher.notes, time=teacher.time,
    )  # fmt: skip
    composer.card = {
        "corpus": dataset.manifest["kept"]["all"],
        "songs": dataset.songs_by_metre(),
        "attribution": attribution,
        "lead_sheets": dataset.manifest["kept"]["by source"].get("openewld", {}).get("songs", 0),
        "plan": asdict(plan),
        "from": teacher.identity,
        "vae": teacher.card.get("test", {}),
        "cost": {"pairs_hours": pairs_hours, "distil_hours": hours(run / "log-distil.csv"),
                 "hours": hours(run / "log-gan.csv"), "hardware": hardware()},
        "valid": judge(final)(),
    }  # fmt: skip
    composer.save_pretrained(run / "checkpoint")
    write_card(composer, run / "checkpoint")
    return composer


def _prepared(
    dataset: Dataset, teacher: VAEComposer, run: Path, plan: GANPlan
) -> tuple[Pairs, Pairs, Lens, np.ndarray, float]:
    """Training and validation pairs, the lens, the critic's blur, and the hours that took; made once, then read from
    the run's folder.
    """
    lens = Lens(teacher.prior.config.latent, name="lens")
    lens.build()
    path, seed = run / "pairs.npz", time.time_ns() % 2**32  # a resumed run draws other ones
    if not path.exists():
        started = time.perf_counter()
        train, valid = (
            LatentWindows(teacher.vae, dataset, split, plan.windows, hop, SOURCE_WEIGHTS, plan.seed, _HIDDEN)
            for split, hop in (("train", _HOP), ("valid", 4 * _HOP))
        )
        for windows in (train, valid):
            windows.rank(teacher.prior)
        mean, scale = np.asarray(teacher.prior.mean), np.asarray(teacher.prior.scale)
        blur = posterior_deviation(train) / scale
        lens = fit_lens(train, dataset, (mean, scale, blur), plan.lens_steps, _HOP)
        fields = {f"lens_{i}": weight for i, weight in enumerate(lens.get_weights())} | {"blur": blur}
        for name, windows in (("train", train), ("valid", valid)):
            made = make_pairs(teacher, windows, plan.pairs if name == "train" else 2 * JUDGED, plain=name == "valid")
            fields |= {f"{name}_{field}": value for field, value in made.items()}
        kept(path, fields | {"hours": np.array((time.perf_counter() - started) / 3600)})
    with np.load(path) as file:
        fields = dict(file)
    lens.set_weights([fields[f"lens_{i}"] for i in range(len(lens.weights))])
    both = [
        Pairs({name.removeprefix(start): value for name, value in fields.items() if name.startswith(start)},
              plan.windows, seed)
        for start in ("train_", "valid_")
    ]  # fmt: skip
    return both[0], both[1], lens, plan.blur * fields["blur"], round(float(fields["hours"]), 3)


def _fit(phase: Phase, pairs: Pairs, run: Path, steps: int, epoch: int, judge: Callable[[], dict[str, float]]) -> None:
    """Train a phase for so many steps, counting those of earlier, stopped runs."""
    state = run / f"state-{phase.name}.weights.h5"
    if state.exists():
        phase.load_weights(state)
    stepper = Stepper(phase.sides, (batch for (batch,) in pairs))
    epochs(
        phase, stepper, lambda: phase.norms() | judge(), run / f"log-{phase.name}.csv", state,
        (phase.step, steps, epoch),
    )  # fmt: skip


def posterior_deviation(windows: LatentWindows) -> np.ndarray:
    """Root mean square deviation of the posteriors of cells that exist, shape (roles, latent)."""
    inside = np.arange(windows.mean.shape[1]) < windows.length[:, None]
    exists = inside[:, :, None] & (windows.notes.sum(axis=1) > 0)[:, None]
    count = np.maximum(exists.sum(axis=(0, 1)), 1)
    total = np.einsum("wnrl,wnr->rl", np.square(windows.deviation, dtype=np.float32), exists.astype(np.float32))
    return np.asarray(np.sqrt(total / count[:, None]), np.float32)
