"""Drums that are hit as often as expected: with fills and ghost notes, or in a loop.

Where latents are made up, a decoder is in doubt about many hits, in every bar as much. Played by what is likely for
itself, they are all there or none, and most bars of a piece are the same; songs have both, loops and drummers who play
about (docs/experiments).
"""

from __future__ import annotations

import numpy as np

from musicgen.models.decoding import FAINT, LEFT_OUT, PLAYED, logits
from musicgen.models.voicing import DRUMS

_DOUBT = 0.04
"""Share of a piece's hits that is in doubt, p (1 - p) of p, where drums are hit in just as many bars as expected."""
_SURER = 0.5, 4.0
"""Least and most by which the logits of hits are multiplied, for drums in much doubt and in little."""
_LEAST = 1e-5
_APART, _GOLDEN = np.float32(1e-3), np.float32(0.618034)
"""What tells bars apart that are alike, and the golden section."""


def often(onsets: np.ndarray, weight: float = 1.0) -> np.ndarray:
    """Probabilities of onsets, in which a drum is hit on a tick in as many bars as is expected, those likeliest first.

    Hits that are in doubt in every bar are played in some: what a drummer does now and then. By each bar alone they
    would be played in all or in none. Drums that are in less doubt than usual come nearer to a loop, those in more play
    about: songs differ by more than decoders in doubt say.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        weight: how far to go; 0 leaves them as they are.
    """
    result = onsets.copy()
    chances = result[DRUMS]
    tick, pitch = np.nonzero(chances.max(axis=0) > FAINT)
    here = chances[:, tick, pitch]
    bars = np.arange(len(here))[:, None]
    # of bars that are alike those differ that are as far apart as can be (by the golden section), the fourth first
    apart = _APART * (bars * _GOLDEN % 1) * np.sign(0.5 - here)
    order = np.argsort(-here - apart, axis=0, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.broadcast_to(bars, order.shape), axis=0)
    doubt = (here * (1 - here)).sum() / max(here.sum(), 1.0)
    sure = np.clip(_DOUBT / max(doubt, _LEAST), *_SURER)
    hit = rank < np.rint((1 / (1 + np.exp(-sure * logits(np.maximum(here, _LEAST))))).sum(axis=0))
    wanted = np.where(hit, np.maximum(here, PLAYED), np.minimum(here, LEFT_OUT))
    chances[:, tick, pitch] = here + np.float32(weight) * (wanted - here)
    return result
