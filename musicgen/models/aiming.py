"""Bringing a piece to what was asked of it: measure, move its latents, measure again.

Attributes have directions in latent space, as in MusicVAE (Roberts et al. 2018, section 5.4). Which way and about how
far is known from training music; how far exactly depends on the piece, so each step is corrected by what the last did.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

ROUNDS = 3
REACH = 2.5
"""How far a piece is moved along a direction at most; 2 is the way from the least of the training music to the most."""
_GAIN = 0.6
_CLOSE = 0.02
_RIDGE = 0.05


def aim(
    measured: Callable[[np.ndarray], np.ndarray], target: np.ndarray, rounds: int = ROUNDS, reach: float = REACH
) -> np.ndarray:
    """Steps along each direction after which a piece is nearest to its target; Broyden's method (1965).

    Args:
        measured: the levels of a piece that was moved by such steps, both of the target's shape. NaN: undefined.
        target: levels asked for, shape (attributes,).
        rounds: pieces tried after the first, which is not moved.
        reach: limit of each step.

    Returns:
        The best of the steps that were tried, shape (attributes,).
    """
    steps, best, least = np.zeros(len(target)), np.zeros(len(target)), np.inf
    slope, last = _GAIN * np.eye(len(target)), None
    for left in range(rounds, -1, -1):
        found = measured(steps)
        miss = np.where(np.isnan(found), 0.0, target - found)
        if (miss**2).sum() < least:
            best, least = steps, float((miss**2).sum())
        if left == 0 or np.abs(miss).max() < _CLOSE:
            break
        if last is not None:
            moved, seen = steps - last[0], np.nan_to_num(found - last[1])
            slope = slope + np.outer(seen - slope @ moved, moved) / max(float(moved @ moved), 1e-6)
        last = steps, found
        step = np.linalg.solve(slope.T @ slope + _RIDGE * np.eye(len(target)), slope.T @ miss)
        steps = np.clip(steps + np.clip(step, -1.0, 1.0), -reach, reach)
    return best
