"""Diversity: are the pieces different from each other, and do they cover what songs do?

Distances are taken in a frozen space: `features` standardised on training songs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musicgen.evaluation.features import matrix
from musicgen.evaluation.view import View, mean
from musicgen.music import Music

NEIGHBOURS = 5
LIMIT = 5.0
"""Standardised features are cut at plus or minus this many deviations: rare ones would rule all distances."""


class Embedding:
    """`features`, standardised on the pieces that it is made from; 0 where a feature is not defined.

    Args:
        reference: pieces of the training split, never of the test split.
    """

    def __init__(self, reference: Sequence[Music | View]) -> None:
        table = matrix(reference)
        known = ~np.isnan(table)
        count = np.maximum(known.sum(axis=0), 1)
        self.centre = np.where(known, table, 0).sum(axis=0) / count
        deviation = np.sqrt((np.where(known, table - self.centre, 0) ** 2).sum(axis=0) / count)
        self.scale = np.where(deviation > 1e-6, deviation, 1.0)

    def __call__(self, pieces: Sequence[Music | View]) -> np.ndarray:
        """Points of pieces, float, shape (pieces, features)."""
        return self.points(matrix(pieces))

    def points(self, table: np.ndarray) -> np.ndarray:
        """The same of their `features.matrix`."""
        points = (table - self.centre) / self.scale
        return np.clip(np.nan_to_num(points, nan=0.0), -LIMIT, LIMIT)


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Euclidean distance of every point of `a` to every point of `b`, divided by the square root of the dimensions."""
    squared = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1)[None] - 2 * a @ b.T
    return np.sqrt(np.maximum(squared, 0) / a.shape[1])


def mean_pairwise_distance(points: np.ndarray) -> float:
    """Mean distance of two different pieces, in deviations of a feature; below 90 % of the data's is an alarm."""
    if len(points) < 2:
        return float("nan")
    return float(distances(points, points)[np.triu_indices(len(points), 1)].mean())


def unique_two_bar_hashes(pieces: Sequence[Music | View]) -> float:
    """Share of non-empty stretches of two bars (each second bar on) that occur only once, above 0 to 1.

    All roles, onsets and pitches. A loop within a piece counts against it, as does a piece made twice.
    """
    found: list[bytes] = []
    for piece in pieces:
        view = View.of(piece)
        bar, code = view.onset_codes
        for first in range(0, view.bars - 1, 2):
            inside = (bar >= first) & (bar < first + 2)
            if inside.any():
                place = (bar[inside] - first) << 40 | code[inside]
                found.append(np.sort(place).tobytes())
    return len(set(found)) / len(found) if found else float("nan")


def coverage(
    generated: np.ndarray, real: np.ndarray, songs: Sequence[str] | None = None, neighbours: int = NEIGHBOURS
) -> float:
    """Share of real pieces with a generated one nearer than their k-th real neighbour, 0 to 1 (Naeem et al. 2020).

    Neighbours are pieces of other songs, where `songs` names the song of each real piece: two stretches of one song
    are so near to each other that nothing else could come between them.
    """
    return mean(covered(generated, real, songs, neighbours))


def covered(
    generated: np.ndarray, real: np.ndarray, songs: Sequence[str] | None = None, neighbours: int = NEIGHBOURS
) -> np.ndarray:
    """1 for each real piece that counts in `coverage`, else 0, shape (real pieces,); NaN for too few pieces."""
    radii = _radii(real, songs, neighbours)
    if radii is None or not len(generated):
        return np.full(len(real), np.nan)
    return np.asarray(distances(real, generated).min(axis=1) <= radii, float)


def precision(
    generated: np.ndarray, real: np.ndarray, songs: Sequence[str] | None = None, neighbours: int = NEIGHBOURS
) -> float:
    """Share of generated pieces inside the k-neighbour ball of some real one, 0 to 1 (Kynkäänniemi et al. 2019).

    Neighbours are pieces of other songs, as in `coverage`.
    """
    radii = _radii(real, songs, neighbours)
    if radii is None or not len(generated):
        return float("nan")
    return float((distances(generated, real) <= radii[None]).any(axis=1).mean())


def recall(
    generated: np.ndarray, real: np.ndarray, songs: Sequence[str] | None = None, neighbours: int = NEIGHBOURS
) -> float:
    """Share of real pieces inside the k-neighbour ball of some generated one, 0 to 1: `precision` turned round.

    `songs` names the song of each generated piece, or of its request.
    """
    return precision(real, generated, songs, neighbours)


def _radii(points: np.ndarray, songs: Sequence[str] | None, neighbours: int) -> np.ndarray | None:
    """Distance of each point to its k-th neighbour of another song; None if there are not so many."""
    names = np.arange(len(points)) if songs is None else np.unique(songs, return_inverse=True)[1]
    apart = np.where(names[:, None] == names[None], np.inf, distances(points, points))
    if len(points) <= neighbours or not np.isfinite(radii := np.sort(apart, axis=1)[:, neighbours - 1]).all():
        return None
    return radii
