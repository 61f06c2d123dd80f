"""Is the style that was asked for the style that is heard? An ear that was trained on real songs names it.

The ear hears notes alone: neither tempo nor instruments, which every request fixes, nor velocities. It errs on songs
that it has not heard too, so what counts is how often it names the style that was asked for beside how often it names
the style of held-out songs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from musicgen.errors import MusicgenError
from musicgen.evaluation.features import matrix
from musicgen.evaluation.view import MOST_STEPS, ONSET, PITCH, STEP, View
from musicgen.music import TICKS_PER_QUARTER, Music
from musicgen.roles import DRUM_PITCHES, ROLE_NAMES


class StyleEar:
    """Names the style of a piece: a logistic regression and gradient boosting on `described`, their chances averaged.

    Args:
        pieces: real music, of the training split, with its style.

    Raises:
        MusicgenError: scikit-learn is not installed.
    """

    def __init__(self, pieces: Sequence[Music]) -> None:
        try:
            from sklearn.ensemble import HistGradientBoostingClassifier
            from sklearn.linear_model import LogisticRegression
            from threadpoolctl import threadpool_limits  # comes with scikit-learn
        except ImportError:
            raise MusicgenError(
                "Expected scikit-learn. Received: no such module. Try: pip install scikit-learn"
            ) from None
        points = described(pieces)
        points[:, np.isnan(points).all(axis=0)] = 0  # of a role that no piece has
        self.mean = np.nanmean(points, axis=0)
        self.scale = np.maximum(np.nanstd(points, axis=0), 1e-6)
        styles = [piece.style for piece in pieces]
        self.only = styles[0] if len(set(styles)) == 1 else None
        self.models = (
            LogisticRegression(C=0.03, max_iter=300),
            HistGradientBoostingClassifier(max_iter=60, max_leaf_nodes=8, random_state=0, early_stopping=False),
        )
        with threadpool_limits(1):
            for model in self.models if self.only is None else ():
                model.fit(self._points(points), styles)

    def names(self, pieces: Sequence[Music]) -> list[str]:
        """The style of each piece, as it is heard."""
        if self.only is not None:
            return [self.only for _ in pieces]
        points = self._points(described(pieces))
        chances = sum(model.predict_proba(points) for model in self.models)
        return [str(name) for name in self.models[0].classes_[np.argmax(chances, axis=1)]]

    def _points(self, points: np.ndarray) -> np.ndarray:
        return np.nan_to_num((points - self.mean) / self.scale)


def described(pieces: Sequence[Music]) -> np.ndarray:
    """`features.matrix` with the groove of each role, shape (pieces, numbers)."""
    return np.concatenate([matrix(pieces), np.array([_groove(View.of(piece)) for piece in pieces])], axis=1)


def heard_as_asked(ear: StyleEar, real: Sequence[Music], generated: Sequence[Music]) -> dict[str, Any]:
    """How often an ear names the style that a piece bears.

    Args:
        real: held-out songs. generated: pieces, made for the style they bear.

    Returns:
        `styles`, for each style that both have, and `all`, the mean over these: `real` and `generated`, the shares
        named rightly, and `ratio`, the second over the first. `fewest`: the least ratio of a style.
    """
    named = {"real": (real, ear.names(real)), "generated": (generated, ear.names(generated))}
    shares: dict[str, dict[str, float]] = {}
    for kind, (pieces, names) in named.items():
        for style in sorted({piece.style for piece in pieces}):
            right = [name == style for piece, name in zip(pieces, names, strict=True) if piece.style == style]
            shares.setdefault(style, {})[kind] = float(np.mean(right))
    both = {style: found for style, found in shares.items() if len(found) == 2}
    overall = {kind: float(np.mean([found[kind] for found in both.values()])) for kind in named} if both else {}
    for found in [*both.values(), *([overall] if overall else [])]:
        found["ratio"] = found["generated"] / found["real"] if found["real"] else float("nan")
    ratios = [found["ratio"] for found in both.values()]
    return {"styles": both, "all": overall, "fewest": float(np.nanmin(ratios)) if ratios else float("nan")}


def _groove(view: View) -> np.ndarray:
    """Where in the bar and in the quarter note each role begins notes, and which drums play where; per bar."""
    parts = []
    for role in ROLE_NAMES:
        onsets = view.notes(role)[:, ONSET]
        parts.append(np.bincount(onsets // STEP % view.steps_per_bar, minlength=MOST_STEPS))
        parts.append(np.bincount(onsets % TICKS_PER_QUARTER, minlength=TICKS_PER_QUARTER))
    drums = view.notes("drums")
    for pitch in DRUM_PITCHES:
        onsets = drums[drums[:, PITCH] == pitch, ONSET]
        parts.append(np.bincount(onsets // STEP % view.steps_per_bar, minlength=MOST_STEPS))
    return np.concatenate(parts) / view.bars
