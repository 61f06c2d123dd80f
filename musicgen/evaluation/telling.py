"""What gives the pieces away: which of `features` tell them from songs, one at a time and by kind.

The classifier's area says that they can be told apart; this says by what, and so what to mend.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from musicgen.evaluation import classifier, protocol

DRAWS = 200
KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("tonality", ("scale consistency", "pitch class entropy")),
    ("pitch classes", ("pitch class ",)),
    ("places in the bar", ("onsets on sixteenth ",)),
    ("melody leaps", ("melody leaps ",)),
    ("durations", ("durations ",)),
    ("notes per bar", ("notes per bar",)),
    ("register", ("register",)),
    ("polyphony", ("polyphony",)),
    ("harmony", ("clash rate", "chord-tone agreement", "tonal distance")),
    ("rhythm", ("groove consistency", "syncopation")),
    ("form", ("chroma similarity", "best chroma match", "best earlier match")),
)
"""Kind of feature to the beginnings of their names; the first that fits counts."""


def kind_of(name: str) -> str:
    """The kind of a feature, from `KINDS`."""
    return next(kind for kind, beginnings in KINDS if name.startswith(beginnings))


def telling(
    names: Sequence[str], real: np.ndarray, generated: np.ndarray, real_songs: Sequence[str], songs: Sequence[str]
) -> list[dict[str, Any]]:
    """Every feature by itself, the one that tells most first.

    Args:
        names: of the features, the columns of both tables.
        real, generated: values, NaN where not defined, shape (pieces, features).
        real_songs, songs: the song of each piece, or that of its request.

    Returns:
        Rows of "feature", "kind", "AUC" (chance that a generated piece has the higher value than a real one, ties half:
        above .5 the pieces have more of it, below .5 less) with "low" and "high" (95 %, resampled by song), and the
        means "generated" and "real", over pieces where it is defined. Features that either side lacks are left out.
    """
    labels = np.repeat([0, 1], [len(real), len(generated)])
    every = [*real_songs, *songs]
    weights = protocol.resampled(every, DRAWS)[:, np.unique(every, return_inverse=True)[1]]
    rows = []
    for column, name in enumerate(names):
        values = np.concatenate([real[:, column], generated[:, column]])
        known = ~np.isnan(values)
        if len(set(labels[known])) < 2:
            continue
        areas = [classifier.area(values[known], labels[known], draw[known]) for draw in weights]
        low, high = protocol.interval(np.array(areas))
        rows.append(
            {
                "feature": name,
                "kind": kind_of(name),
                "AUC": classifier.area(values[known], labels[known]),
                "low": low,
                "high": high,
                "generated": float(np.nanmean(generated[:, column])),
                "real": float(np.nanmean(real[:, column])),
            }
        )
    return sorted(rows, key=lambda row: -abs(row["AUC"] - 0.5))


def by_kind(
    names: Sequence[str], real: np.ndarray, generated: np.ndarray, real_songs: Sequence[str], songs: Sequence[str]
) -> dict[str, float]:
    """Kind to the area of the whole classifier that is shown the features of this kind and no other, .5 to 1.

    Features can tell together what none tells alone, and the classifier's own area needs no more than one such kind.

    Args:
        real, generated: points of `diversity.Embedding`, the other arguments as of `telling`.
    """
    labels = np.repeat([0, 1], [len(real), len(generated)])
    kinds = np.array([kind_of(name) for name in names])
    return {
        kind: classifier.area(
            classifier.scores(real[:, kinds == kind], generated[:, kinds == kind], real_songs, songs), labels
        )
        for kind, _ in KINDS
        if kind in kinds
    }
