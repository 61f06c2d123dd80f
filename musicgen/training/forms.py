"""What forms the songs of each style have, for `models/forms.py` to draw from."""

from __future__ import annotations

from musicgen.corpus.dataset import Dataset
from musicgen.models.asking import in_order
from musicgen.models.forms import form_name
from musicgen.training.batches import every_place

_MOST = 24
"""Forms a style, the most usual ones."""
_HOP = 4
"""Bars from one window to the next: sections begin every four bars of a song."""


def usual_forms(dataset: Dataset, bars: int) -> dict[str, dict[str, float]]:
    """Style to its most usual forms and their shares, of whole training windows; long pieces count as in training."""
    found: dict[str, dict[str, float]] = {}
    for piece, first, length in every_place(dataset, "train", bars, _HOP):
        if length == bars:
            form = form_name(in_order(dataset.window(piece, first, length)["form"]))
            shares = found.setdefault(piece.style, {})
            shares[form] = shares.get(form, 0.0) + piece.bars**-0.5
    result = {}
    for style, shares in sorted(found.items()):
        best = sorted(shares, key=lambda form: (-shares[form], form))[:_MOST]
        result[style] = {form: round(shares[form] / sum(shares.values()), 4) for form in best}
    return result
