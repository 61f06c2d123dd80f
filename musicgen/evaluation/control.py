"""Does a control do what it says? Targets at random, what came out, and how far the one follows the other.

Every attribute of a piece is asked for at once, each drawn by itself, as in the evaluation of MuseMorphose (Wu and
Yang 2021, section V): Spearman's rho of an attribute's target with its measured value should be 1, and with the
measured values of the other attributes, its leakage, 0. Or one attribute alone, as a person does who moves a slider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from musicgen.attributes import ATTRIBUTES, measure
from musicgen.music import Music

STEPS = 9
NEAR = 0.05
"""A target is met within this share of the range of the targets."""


def targets(ranges: Mapping[str, tuple[float, float]], count: int, seed: int = 0) -> list[dict[str, float]]:
    """`count` settings of all attributes, each uniform between its (least, most) and independent of the others."""
    rng = np.random.default_rng(seed)
    return [{name: float(rng.uniform(*ranges[name])) for name in ATTRIBUTES} for _ in range(count)]


def follow(asked: Sequence[Mapping[str, float]], pieces: Sequence[Music]) -> dict[str, Any]:
    """How pieces follow the targets they were made with.

    Args:
        asked: the targets of each piece that are looked at; of each attribute, pieces that have none take no part.

    Returns:
        For each attribute: `rho`, -1 to 1; `leakage`, mean |rho| of its target with the other attributes as measured, 0
        to 1, which chance alone brings to .8 / sqrt(pieces); `error`, median distance from target to measured, in the
        attribute's unit; `met`, share of pieces whose distance is at most `NEAR` of the range of the targets; `curve`,
        for `STEPS` equal parts of the targets their mean and the quartiles measured.
    """
    all_wanted = np.array([[target.get(name, np.nan) for name in ATTRIBUTES] for target in asked])
    all_found = np.array([[values[name] for name in ATTRIBUTES] for values in map(measure, pieces)])
    result = {}
    for i, name in enumerate(ATTRIBUTES):
        mine = ~np.isnan(all_wanted[:, i])
        wanted, found = all_wanted[mine, i], all_found[mine]
        rhos = [_rho(wanted, found[:, j]) for j in range(len(ATTRIBUTES))]
        others = np.array([rho for j, rho in enumerate(rhos) if j != i])
        apart = np.abs(wanted - found[:, i])
        known = apart[~np.isnan(apart)]
        result[name] = {
            "rho": rhos[i],
            "leakage": _mean(np.abs(others)),
            "error": float(np.median(known)) if len(known) else float("nan"),
            "met": float((known <= NEAR * np.ptp(wanted)).sum() / len(apart)) if len(apart) else float("nan"),
            "curve": _curve(wanted, found[:, i]),
        }
    return result


def _mean(values: np.ndarray) -> float:
    """Over what is defined: an attribute that never moves takes no part."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


def _rho(a: np.ndarray, b: np.ndarray) -> float:
    known = ~np.isnan(b)
    if known.sum() < 3 or np.ptp(a[known]) == 0 or np.ptp(b[known]) == 0:
        return float("nan")
    return float(spearmanr(a[known], b[known]).statistic)


def _curve(wanted: np.ndarray, found: np.ndarray) -> list[list[float]]:
    order = np.argsort(wanted)
    parts = [part[~np.isnan(found[part])] for part in np.array_split(order, STEPS)]
    return [[float(wanted[p].mean()), *np.quantile(found[p], [0.25, 0.5, 0.75]).tolist()] for p in parts if len(p)]
