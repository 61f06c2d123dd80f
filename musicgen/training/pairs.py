"""Noise, and what the flow makes of it: pairs that a generator is taught with, and the songs whose plans they follow.

A flow gives each noise one piece, in many small steps. That map can be learned in one step (Luhman and Luhman 2021,
"Knowledge distillation in iterative generative models"), where a step of the flow itself would give the mean of all
pieces.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from musicgen.models.prior import CONDITIONS
from musicgen.models.vae_composer import VAEComposer
from musicgen.request import DEFAULT_TEMPERATURE
from musicgen.training.latents import LatentWindows

LATER = 0.3
"""Share of the pairs that begin on the way between noise and a song, for pieces that are changed, not made."""
_LATEST = 0.9
_TEMPERATURES = (0.5, 1.2)
"""Noise is drawn at temperatures between these, half of it at the usual one."""


class Pairs:
    """Windows with plans, a noise for each, and what the flow makes of it; drawn for ever, each as likely.

    A batch has the fields of `LatentWindows` and
    noise, target (B, N, R, latent): where the flow starts, its temperature included, and where it ends; normalised.
    begin (B,): the time it starts from, see `Prior.sample`.

    Args:
        fields: each with a row for every pair.
    """

    def __init__(self, fields: dict[str, np.ndarray], size: int, seed: int) -> None:
        self.fields, self.size, self.rng = fields, size, np.random.default_rng(seed)

    def __len__(self) -> int:
        return len(self.fields["begin"])

    def rows(self, index: np.ndarray | slice) -> dict[str, np.ndarray]:
        """These pairs, as a batch."""
        batch = {name: value[index] for name, value in self.fields.items()}
        return {name: value.astype("int32" if value.dtype == np.uint8 else "float32") for name, value in batch.items()}

    def batch(self) -> dict[str, np.ndarray]:
        return self.rows(self.rng.integers(len(self), size=self.size))

    def __iter__(self) -> Iterator[tuple[dict[str, np.ndarray]]]:
        while True:
            yield (self.batch(),)


def make_pairs(composer: VAEComposer, windows: LatentWindows, count: int, plain: bool = False) -> dict[str, np.ndarray]:
    """Fields of `Pairs`, in half precision.

    Args:
        composer: its prior, steps and guidance make the targets.
        windows: whose songs and plans are drawn.
        count: of pairs, rounded up to whole batches.
        plain: nothing is known, everything begins as noise, at the usual temperature.
    """
    prior, rng = composer.prior, np.random.default_rng(0)
    parts: list[dict[str, np.ndarray]] = []
    for _ in tqdm(range(-(-count // windows.size)), desc="pairs", unit="batch", mininterval=10):
        batch = windows.batch()
        del batch["deviation"]
        shape = batch["mean"].shape
        begin = np.float32(rng.uniform(0, _LATEST) if not plain and rng.random() < LATER else 0)
        usual = np.full(shape[0], plain) | (rng.random(shape[0]) < 0.5)
        temperature = np.where(usual, DEFAULT_TEMPERATURE, rng.uniform(*_TEMPERATURES, shape[0]))
        noise = (temperature[:, None, None, None] * rng.standard_normal(shape)).astype(np.float16)
        if plain:
            batch["known_mask"] = np.zeros_like(batch["known_mask"])
        batch["known_mask"] *= batch["bar_mask"][:, :, None] * batch["present"][:, None]
        asked = {name: batch[name] for name in CONDITIONS}
        made = composer.sample(
            noise.astype(np.float32), batch["mean"], begin, batch["known_mask"], batch["bar_mask"], batch["present"],
            asked,
        )  # fmt: skip
        target = (made - np.asarray(prior.mean)) / np.asarray(prior.scale)
        batch |= {"noise": noise, "target": target, "begin": np.full(shape[0], begin)}
        parts.append({name: _small(value) for name, value in batch.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def kept(path: Path, fields: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Write fields to a file, to a temporary name first, and return them."""
    temporary = path.with_name("tmp-" + path.name)
    np.savez(temporary, **fields)  # type: ignore[arg-type]
    os.replace(temporary, path)
    return fields


def _small(value: np.ndarray) -> np.ndarray:
    return value.astype(np.uint8 if value.dtype.kind == "i" else np.float16)
