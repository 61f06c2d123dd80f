"""Real or generated? How well a classifier of `features` tells: 0.5 it cannot, 1 it always can.

The area under the ROC curve over pieces whose song it never saw in training. Songs held out against other songs held
out score about 0.5, and that, not 0.5 itself, is the mark to reach.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musicgen.errors import MusicgenError

FOLDS = 5


def scores(real: np.ndarray, generated: np.ndarray, real_songs: Sequence[str], songs: Sequence[str]) -> np.ndarray:
    """Out-of-fold scores, higher for generated, shape (real + generated,).

    Mean of the chances that logistic regression and gradient boosting give. Folds keep a song together, and with it
    the piece that was asked for in its place.

    Args:
        real, generated: points of `diversity.Embedding`.
        real_songs, songs: the song of each piece, or that of its request.

    Raises:
        MusicgenError: scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import GroupKFold
        from threadpoolctl import threadpool_limits  # comes with scikit-learn
    except ImportError:
        raise MusicgenError("Expected scikit-learn. Received: no such module. Try: pip install scikit-learn") from None
    points = np.concatenate([real, generated])
    labels = np.concatenate([np.zeros(len(real), int), np.ones(len(generated), int)])
    groups = np.array([*real_songs, *songs])
    result = np.zeros(len(points))
    folds = min(FOLDS, len(set(groups)))
    if folds < 2:
        return result
    with threadpool_limits(1):  # threads that wait for a busy core are slower than one
        for fit, judge in GroupKFold(folds, shuffle=True, random_state=0).split(points, labels, groups):
            if len(set(labels[fit])) < 2:
                continue
            for model in (
                LogisticRegression(C=0.1, max_iter=500),
                HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, random_state=0, early_stopping=False),
            ):
                result[judge] += model.fit(points[fit], labels[fit]).predict_proba(points[judge])[:, 1] / 2
    return result


def area(scores_: np.ndarray, labels: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Area under the ROC curve: the chance that a generated piece scores above a real one, ties half; 0 to 1."""
    weights = np.ones(len(labels)) if weights is None else weights
    values, place = np.unique(scores_, return_inverse=True)
    positive = np.bincount(place, weights * (labels == 1), minlength=len(values))
    negative = np.bincount(place, weights * (labels == 0), minlength=len(values))
    if not positive.sum() or not negative.sum():
        return float("nan")
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / (positive.sum() * negative.sum()))
