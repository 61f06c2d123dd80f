"""Protocol: from values of pieces to statements. Intervals, noise floors, and the words that they allow.

Pieces of one song are not independent, so everything is resampled by song. A generated piece belongs to the song that
its request was taken from. Seeds are fixed: the same values give the same report.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 2000
LEVEL = 0.95
FLOORS_WITHIN = 2.0
"""A model matches the data within this many noise floors."""
MATCHES, DIFFERS, UNDECIDED = "matches data", "differs from data", "undecided"
BEATS, LOSES, TIED = "beats", "loses to", "not told apart from"


@dataclass(frozen=True)
class Estimate:
    """A value, its 95 % interval, and the number of pieces behind it."""

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Sample:
    """Values of a metric, one a piece (NaN where undefined), and the song of each piece."""

    values: np.ndarray
    songs: Sequence[str]

    def sums(self) -> tuple[np.ndarray, np.ndarray]:
        """Sum and number of the defined values of each song, songs in sorted order."""
        _, place = np.unique(self.songs, return_inverse=True)
        known = ~np.isnan(self.values)
        return np.bincount(place, np.where(known, self.values, 0)), np.bincount(place, known)

    def means(self, draws: int = DRAWS) -> np.ndarray:
        """The mean in `draws` resamplings of the songs. Samples over the same songs are resampled alike: paired."""
        total, count = self.sums()
        weights = resampled(self.songs, draws)
        counts = weights @ count
        return np.divide(weights @ total, counts, out=np.full(draws, np.nan), where=counts > 0)

    @property
    def mean(self) -> float:
        """The mean over pieces of the defined values."""
        known = self.values[~np.isnan(self.values)]
        return float(known.mean()) if len(known) else float("nan")


def resampled(songs: Sequence[str], draws: int = DRAWS) -> np.ndarray:
    """How often each song (in sorted order) is drawn in each resampling, float, shape (draws, songs)."""
    names = sorted(set(songs))
    rng = np.random.default_rng(zlib.crc32("\n".join(names).encode()))
    return rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws).astype(float)


def estimate(sample: Sample, draws: int = DRAWS) -> Estimate:
    """The mean and its song-clustered percentile bootstrap interval."""
    return Estimate(sample.mean, *interval(sample.means(draws)), int((~np.isnan(sample.values)).sum()))


def gap(generated: Sample, real: Sample, draws: int = DRAWS) -> Estimate:
    """|mean of generated - mean of real|, with its interval."""
    apart = np.abs(generated.means(draws) - real.means(draws))
    count = int((~np.isnan(generated.values)).sum())
    return Estimate(abs(generated.mean - real.mean), *interval(apart), count)


def noise_floor(real: Sample, draws: int = DRAWS) -> float:
    """How far real songs are from real songs: the 95 % quantile of |A - B| over splits of the songs into halves."""
    total, count = real.sums()
    songs = len(total)
    if songs < 2:
        return float("nan")
    rng = np.random.default_rng(0)
    half = np.argsort(rng.random((draws, songs)), axis=1) < songs // 2
    counts = [half @ count, ~half @ count]
    usable = (counts[0] > 0) & (counts[1] > 0)
    if not usable.any():
        return float("nan")
    apart = (half @ total)[usable] / counts[0][usable] - (~half @ total)[usable] / counts[1][usable]
    return float(np.quantile(np.abs(apart), LEVEL))


def verdict(apart: Estimate, floor: float) -> str:
    """The word for a gap: it matches only if its whole interval lies within twice the noise floor.

    It differs only if its whole interval lies outside; in between the pieces do not decide.
    """
    if np.isnan([apart.low, apart.high, floor]).any():
        return UNDECIDED
    if apart.high <= FLOORS_WITHIN * floor:
        return MATCHES
    return DIFFERS if apart.low > FLOORS_WITHIN * floor else UNDECIDED


def beats(generated: Sample, other: Sample, real: Sample, draws: int = DRAWS) -> str:
    """Whether one model is nearer to the data than another: a paired bootstrap must exclude 0.

    Both models must have answered the requests of the same songs.
    """
    means = real.means(draws)
    nearer = np.abs(other.means(draws) - means) - np.abs(generated.means(draws) - means)
    low, high = interval(nearer)
    return BEATS if low > 0 else LOSES if high < 0 else TIED


def interval(values: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of the defined values."""
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def distance(generated: np.ndarray, real: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance of two sets of values, 0 (same distribution) to 1 (no overlap).

    1 if only the real values are defined anywhere: a role that never plays is as far off as can be. NaN if real
    values are not defined.
    """
    a, b = (np.sort(values[~np.isnan(values)]) for values in (generated, real))
    if not len(b):
        return float("nan")
    if not len(a):
        return 1.0
    at = np.concatenate([a, b])
    share = [np.searchsorted(values, at, side="right") / len(values) for values in (a, b)]
    return float(np.abs(share[0] - share[1]).max())


def theme_distances(
    generated: Mapping[str, np.ndarray], real: Mapping[str, np.ndarray], themes: Mapping[str, Sequence[str]]
) -> dict[str, float]:
    """Theme to the mean of `distance` over its metrics, 0 to 1; NaN where real values define none of them."""
    result = {}
    for theme, names in themes.items():
        each = [distance(generated[name], real[name]) for name in names]
        known = [value for value in each if not np.isnan(value)]
        result[theme] = float(np.mean(known)) if known else float("nan")
    return result


def composite(
    generated: Mapping[str, np.ndarray], real: Mapping[str, np.ndarray], themes: Mapping[str, Sequence[str]]
) -> float:
    """Distance to data: the mean of `theme_distances`, 0 to 1. Two sets of real songs are not at 0."""
    known = [value for value in theme_distances(generated, real, themes).values() if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")
