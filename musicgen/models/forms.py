"""Forms that songs of a style have, drawn for a request that asks for none: networks by themselves let too little
return."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from musicgen.request import SECTION_BARS, Request

Forms = Mapping[str, Mapping[str, float]]
"""Style to form (such as "AABA", see `Request`) to its share of the training windows."""


def checked(forms: Forms) -> dict[str, dict[str, float]]:
    """A copy.

    Raises:
        RequestError: one of the forms is none.
    """
    for form in {form for shares in forms.values() for form in shares}:
        Request(form=form)  # which refuses it
    return {style: dict(shares) for style, shares in forms.items()}


def formed(request: Request, forms: Forms, bars: int, attempt: int = 0) -> Request:
    """The request with a form for each `bars` bars, if it has none; the most usual one at temperature 0.

    Args:
        attempt: another draw of the same seed.
    """
    rng = np.random.default_rng([request.seed, attempt, 1]) if request.temperature > 0 else None
    if request.form is not None:
        return replace(request, section_bars=request.section_length)
    form = drawn(forms, request.style, -(-request.bars // bars), rng)
    return replace(request, form=form, section_bars=SECTION_BARS)


def drawn(forms: Forms, style: str, count: int, rng: np.random.Generator | None) -> str | None:
    """`count` forms of a style in one, such as "AABAABAC"; without `rng` the usual one. None where none is known."""
    shares = forms.get(style, {})
    if not shares:
        return None
    names = sorted(shares, key=lambda name: (-shares[name], name))
    chance = np.array([shares[name] for name in names])
    chosen = [0] * count if rng is None else rng.choice(len(names), count, p=chance / chance.sum())
    return "".join(names[i] for i in chosen)


def form_name(codes: np.ndarray) -> str:
    """The form of a request, such as "AA'BA", from the section code of each bar, none of them left open."""
    return "".join(chr(ord("A") + code // 2) + "'" * (code % 2) for code in np.asarray(codes)[::SECTION_BARS].tolist())
