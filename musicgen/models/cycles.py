"""Rhythms in cycles: bass, chords and pad begin notes on the same ticks every bar, every other bar, or every fourth.

Of songs' basses eight in ten do so exactly; where latents are made up, one bar in ten has a note more or less than the
others of its place in the cycle (docs/experiments).
"""

from __future__ import annotations

import numpy as np

from musicgen.models.decoding import CERTAIN, LEFT_OUT, LIKELY, MONOPHONIC, PLAYED
from musicgen.roles import ROLE_NAMES

_ROLES = ("chords", "pad", "bass")
_CYCLES = (1, 2, 4)
"""Bars of a cycle, the first of these in which a role nearly plays."""
_STRETCH = 16
"""Bars that are looked at together: sections of a longer piece may have rhythms of their own."""
_NEARLY = 0.8
"""Share of bars that have the rhythm of their place in the cycle. A section of four bars of sixteen that has another
one stays as it is."""


def in_cycles(onsets: np.ndarray, weight: float = 1.0) -> np.ndarray:
    """Probabilities of onsets, in which a role whose rhythm nearly comes back in a cycle plays exactly in it.

    Bars in which it rests stay empty.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        weight: how far to go; 0 leaves them as they are.
    """
    result = onsets.copy()
    for role in map(ROLE_NAMES.index, _ROLES):
        begins = onsets[role].sum(axis=-1) if role in MONOPHONIC else onsets[role].max(axis=-1)
        for start in range(0, len(begins), _STRETCH):
            stretch = slice(start, start + _STRETCH)
            here = begins[stretch]
            result[role, stretch] = led(onsets[role, stretch], here, _wanted(here > LIKELY), weight)
    return result


def led(chances: np.ndarray, begins: np.ndarray, wanted: np.ndarray, weight: float) -> np.ndarray:
    """Probabilities of a role's onsets, shape (bars, ticks, pitches), in which it begins something where it is wanted.

    Args:
        begins: how likely it does by itself, shape (bars, ticks); what is likely, and wanted, stays.
        wanted: bool, of the same shape.
        weight: how far to go; 0 leaves them as they are.
    """
    result = chances.copy()
    bar, tick = np.nonzero((wanted != (begins > LIKELY)) & (begins > 0))
    target = np.where(wanted[bar, tick], PLAYED, LEFT_OUT)
    more = 1 + np.float32(weight) * (target / begins[bar, tick] - 1)
    result[bar, tick] = np.minimum(chances[bar, tick] * more[:, None], CERTAIN)
    return result


def _wanted(begins: np.ndarray) -> np.ndarray:
    """On which ticks of which bars a role begins something in its cycle, bool, shape (bars, ticks); of the same."""
    bars = np.arange(len(begins))
    for cycle in _CYCLES:
        usual = np.stack([begins[place::cycle].mean(axis=0) > 0.5 for place in range(min(cycle, len(bars)))])
        in_cycle = usual[bars % cycle]
        if (begins == in_cycle).all(axis=1).mean() >= _NEARLY:
            return np.where(begins.any(axis=1, keepdims=True), in_cycle, False)
    return begins
