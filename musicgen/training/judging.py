"""What a run of the GAN measures after every epoch: grids made for the plans of held-out windows, beside these."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from musicgen.models.compiling import compiled
from musicgen.models.gan import Generator
from musicgen.models.lens import DISSONANT, Lens, intervals
from musicgen.models.prior import ANY_SECTION
from musicgen.training.adversaries import made_grids, real_grids
from musicgen.training.grid_statistics import compare_grids
from musicgen.training.pairs import Pairs

JUDGED = 384
"""Windows that the statistics are taken over."""


def judged(valid: Pairs, lens: Lens, count: int = JUDGED) -> Callable[[Generator], Callable[[], dict[str, float]]]:
    """For a generator, a function that compares what it makes for the plans of validation windows with those windows.

    Statistics are those of `compare_grids`, the share of dissonant intervals between roles as a lens hears them, the
    mean square distance to what the flow made of the same noise (`from_flow`), and the flow's own Fréchet distance.
    Windows that were cut short are left out where others are left.
    """
    _, first = np.unique(valid.fields["mean"].reshape(len(valid), -1), axis=0, return_index=True)
    whole = first[valid.fields["bar_mask"][first].astype(bool).all(axis=1)]
    batch = valid.rows(np.sort(whole if len(whole) > 1 else first)[:count])
    letter = np.where(batch["form"] == ANY_SECTION, -1, batch["form"] // 2)
    here = batch["bar_mask"][:, :, None] * batch["present"][:, None]
    hear = compiled(lambda x: intervals(lens(x)))

    def of(generator: Generator) -> Callable[[], dict[str, float]]:
        def grids(x: dict[str, Any]) -> tuple[Any, Any]:
            real, plan = real_grids(generator, x)
            return real, made_grids(generator, x, plan)

        both = compiled(grids, generator)

        def judge() -> dict[str, float]:
            real, made = both(batch)
            flow = batch["target"] * here[..., None]
            result = compare_grids(made, real, letter, here)
            result["from_flow"] = float(np.square(made - flow).sum() / (here.sum() * made.shape[-1]))
            result["frechet_flow"] = compare_grids(flow, real, letter, here)["frechet"]
            for name, each in (("made", made), ("flow", flow), ("real", real)):
                result[f"clash_{name}"] = float(hear(each)[..., DISSONANT].sum(axis=-1).mean())
            return result

        return judge

    return of
