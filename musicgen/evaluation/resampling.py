"""How far distances to songs would be with other songs: the composite in resamplings of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from musicgen.evaluation import protocol
from musicgen.evaluation.metrics import THEMES
from musicgen.evaluation.protocol import Sample

COMPOSITE_DRAWS = 200


def composite_draws(
    generated: Mapping[str, Sample], real: Mapping[str, Sample], draws: int = COMPOSITE_DRAWS
) -> np.ndarray:
    """`protocol.composite` over `THEMES` in resamplings of the songs, shape (draws,)."""
    weights = [_song_weights(group, draws) for group in (generated, real)]
    themes = []
    for names in THEMES.values():
        each = np.stack([_distance_draws(generated[name].values, real[name].values, *weights) for name in names])
        known = ~np.isnan(each)
        total = np.where(known, each, 0).sum(axis=0)
        themes.append(np.divide(total, known.sum(axis=0), out=np.full(draws, np.nan), where=known.any(axis=0)))
    table = np.stack(themes)
    known = ~np.isnan(table)
    return np.where(known, table, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)


def _song_weights(samples: Mapping[str, Sample], draws: int) -> np.ndarray:
    """How often each piece is drawn when songs are, shape (draws, pieces)."""
    songs = next(iter(samples.values())).songs
    return protocol.resampled(songs, draws)[:, np.unique(songs, return_inverse=True)[1]]


def _distance_draws(
    generated: np.ndarray, real: np.ndarray, generated_weights: np.ndarray, real_weights: np.ndarray
) -> np.ndarray:
    """`protocol.distance` of weighted values, one a draw."""
    values = np.concatenate([generated, real])
    order = np.argsort(values, kind="stable")  # NaNs come last
    order = order[: len(values) - int(np.isnan(values).sum())]
    from_real = order >= len(generated)
    shares, wholes = [], []
    for side, weights in ((~from_real, generated_weights), (from_real, real_weights)):
        sums = np.zeros((len(weights), len(order)))
        sums[:, side] = weights[:, order[side] - (len(generated) if weights is real_weights else 0)]
        np.cumsum(sums, axis=1, out=sums)
        whole = sums[:, -1:] if len(order) else np.zeros((len(weights), 1))
        shares.append(np.divide(sums, whole, out=np.zeros_like(sums), where=whole > 0))
        wholes.append(whole[:, 0])
    last = np.append(np.diff(values[order]) > 0, True)[: len(order)]
    apart = np.abs(shares[0] - shares[1])[:, last].max(axis=1, initial=0)
    return np.where(wholes[1] > 0, np.where(wholes[0] > 0, apart, 1.0), np.nan)
