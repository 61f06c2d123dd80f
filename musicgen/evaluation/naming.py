"""The style of some pieces, named without scikit-learn: the regression of a `StyleEar`, from a table that ships.

`benchmarks/own_style.py --fit` writes the table. It hears notes alone and knows nothing of any model.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from musicgen.evaluation.styles import StyleEar, described
from musicgen.music import Music

TABLE = Path(__file__).with_name("naming.npz")


def style_of(pieces: Sequence[Music], path: Path = TABLE) -> str:
    """The name of the style that all the pieces together are heard as: that with the largest mean chance.

    Args:
        path: of a table, see `table_of`.
    """
    table = _table(path)
    points = np.nan_to_num(described(pieces) - table["mean"])
    scores = points @ table["weights"].astype(np.float64).T + table["bias"]
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    return str(table["styles"][np.argmax(chances.mean(axis=0))])


def table_of(ear: StyleEar) -> bytes:
    """What `style_of` keeps of an ear."""
    regression = ear.models[0]
    arrays = {
        "styles": regression.classes_.astype(str),
        "mean": ear.mean.astype(np.float32),
        "weights": (regression.coef_ / ear.scale).astype(np.float16),
        "bias": regression.intercept_.astype(np.float32),
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


@cache
def _table(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}
