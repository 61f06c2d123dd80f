"""Inversions: a chord that comes again has its tones in the octaves that it had before.

A decoder says of each tick in which octave a tone is likely. Where latents are made up it is in doubt, so that of two
strikes of one chord in a row one in six was another inversion of it, where of those of songs' pads one in a hundred is
(docs/experiments).
"""

from __future__ import annotations

import numpy as np

from musicgen.models.decoding import LEFT_OUT, LIKELY
from musicgen.models.fullness import CHORDED
from musicgen.roles import ROLE_NAMES

_SELDOM = 0.72
"""Share of strikes with the usual voicing of their chord, below which a role varies it on purpose: so does one of five
that play chords in songs."""


def inverted(onsets: np.ndarray, weight: float = 1.0) -> np.ndarray:
    """Probabilities of onsets, in which all strikes of a role that have the same pitch classes have the same pitches.

    They are those of the strikes that are likeliest together.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        weight: how far to go; 0 leaves them as they are.
    """
    result = onsets.copy()
    for role in map(ROLE_NAMES.index, CHORDED):
        plays = onsets[role] > LIKELY
        bar, tick = np.nonzero(plays.sum(axis=-1) > 1)
        if not len(bar):
            continue
        chances, struck = onsets[role, bar, tick], plays[bar, tick]
        pitches = np.flatnonzero(struck.any(axis=0))  # the others never are
        own, likely = struck[:, pitches], chances[:, pitches]
        tones = pitches % 12 == np.arange(12)[:, None]
        chord = (own @ tones.T).astype(bool) @ (1 << np.arange(12))
        _, first, which = np.unique(own @ (1 << np.arange(len(pitches))), return_index=True, return_inverse=True)
        worth = np.bincount(which, (likely * own).sum(axis=1) / own.sum(axis=1))
        order = np.argsort(worth, kind="stable")
        best = np.zeros(1 << 12, int)
        best[chord[first[order]]] = first[order]  # the last one counts
        wanted = own[best[chord]]
        if (wanted == own).all(axis=1).mean() < _SELDOM:
            continue
        row, place = np.nonzero(wanted & ~own)
        gained = (likely[row] * (own[row] & tones[pitches[place] % 12])).max(axis=1, initial=0)
        lost = own & ~wanted
        likely[lost] -= np.float32(weight) * np.maximum(likely[lost] - LEFT_OUT, 0)
        likely[row, place] += np.float32(weight) * np.maximum(gained - likely[row, place], 0)
        result[role, bar[:, None], tick[:, None], pitches] = likely
    return result
