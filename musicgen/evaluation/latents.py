"""Health of the latents of a VAE: does it use its code, and for what? Arrays only, from whichever encoder.

A collapsed posterior is the prior whatever the music is: no unit moves and the divergence is 0. Too rich a code is
no better: it leaves the prior that is to be learned over it a harder task.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from musicgen.roles import ROLE_NAMES

ACTIVE = 0.01
"""Variance of the posterior mean from which a unit is active (Burda et al. 2016), in units of the prior, N(0, 1)."""
USED = 0.1
"""Nats a cell from which a latent number is used: one that free bits alone keep alive can be active and say nothing."""


def divergence(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Nats from N(0, 1) to N(mean, deviation), number by number, from 0; shapes as given (Kingma and Welling 2014)."""
    return 0.5 * (mean**2 + deviation**2 - 1) - np.log(deviation)


def health(
    means: Sequence[np.ndarray], deviations: Sequence[np.ndarray], notes: Sequence[np.ndarray], styles: Sequence[str]
) -> dict[str, Any]:
    """What the latents of some windows say of the encoder.

    Args:
        means, deviations: of each window's posterior, shape (bars, roles, latent size).
        notes: how many notes begin in each cell, -1 where the piece has no such role; shape (bars, roles).
        styles: of each window.

    Returns:
        `active units`: share of units (a latent number of a role) of which the posterior mean has a variance over
        `ACTIVE` across all cells of the role; `roles`: for each role the same share, `KL` in nats a cell, and the same
        over cells that `play` and over those that `rest`; `styles`: nats a cell of each style; `numbers`: nats a cell
        of each latent number over all roles, most first; `used numbers`: share of them above `USED`;
        `KL, nats per cell` and `KL, nats per window`: of everything. Cells of roles that a piece does not have never
        count.
    """
    mean, count = np.concatenate(list(means)), np.concatenate(list(notes))
    nats = divergence(mean, np.concatenate(list(deviations)))  # bars of all windows, roles, latent size
    style = np.repeat(np.array(styles), [len(window) for window in means])
    there = count >= 0
    cell = np.where(there, nats.sum(axis=2), 0)
    roles, active = {}, []
    for i, role in enumerate(ROLE_NAMES):
        here = there[:, i]
        if not here.any():
            continue
        moving = mean[here, i].var(axis=0) > ACTIVE
        active.append(moving)
        roles[role] = {
            "active units": float(moving.mean()),
            "KL": float(cell[here, i].mean()),
            "play": _mean(cell[count[:, i] > 0, i]),
            "rest": _mean(cell[count[:, i] == 0, i]),
            "cells": int(here.sum()),
        }
    numbers = sorted(nats[there].mean(axis=0).tolist(), reverse=True) if there.any() else []
    return {
        "active units": float(np.mean(active)) if active else float("nan"),
        "used numbers": _mean(np.array(numbers) > USED),
        "KL, nats per cell": _mean(cell[there]),
        "KL, nats per window": float(cell.sum() / max(len(means), 1)),
        "roles": roles,
        "styles": {name: _mean(cell[style == name][there[style == name]]) for name in sorted(set(styles))},
        "numbers": numbers,
    }


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
