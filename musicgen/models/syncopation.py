"""Melodies whose rhythm is of a kind: on the beat, or syncopated all through.

A decoder in doubt puts a few notes off the beat in every melody. Of songs' melodies one in five has none there, and one
in ten more than a note a bar (docs/experiments).
"""

from __future__ import annotations

import numpy as np

from musicgen.models.decoding import raised
from musicgen.models.fullness import PLACES, likely
from musicgen.music import TICKS_PER_BAR, TICKS_PER_BEAT
from musicgen.roles import ROLE_NAMES

_MELODY = ROLE_NAMES.index("melody")
_USUAL = np.array([0.74, 0.18, 0.04, 0.04])
"""Shares of notes on each of `fullness.PLACES` that decoders expect of generated melodies, in the mean."""
_FEW = 8
"""So many notes of a melody count as much as what is usual."""
_OWN, _MOST = 2.0, 2.0
"""How much a melody that is expected to have more on a kind of tick than is usual has more of it, and the most that
speaks for or against, in logits: songs differ by more than decoders in doubt say."""
_STRAY = 0.1
"""Share of syncopated notes below which a melody is to have none."""


def syncopated(onsets: np.ndarray, weight: float = 1.0) -> np.ndarray:
    """Probabilities of onsets, those of the melody likelier on the kinds of ticks on which more of them are expected
    than usual.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        weight: how much of it counts.
    """
    result = onsets.copy()
    begins = np.minimum(onsets[_MELODY].sum(axis=-1), 1).sum(axis=0)
    expected = np.bincount(PLACES, begins, len(_USUAL))
    shares = (expected + _FEW * _USUAL) / (expected.sum() + _FEW)
    speaks = np.clip(_OWN * np.log(shares / _USUAL), -_MOST, _MOST)
    speaks -= shares @ speaks  # as many notes as before, about
    here = likely(onsets[_MELODY])
    result[_MELODY][here] = raised(onsets[_MELODY][here], weight * speaks[PLACES[here[1]]].astype(np.float32))
    return result


def held_over(when: np.ndarray) -> np.ndarray:
    """Of each onset the beat after it that it is held over, or itself where another one comes before that.

    Args:
        when: ticks of onsets, sorted, shape (n,), as the result.
    """
    beat = -(-when // TICKS_PER_BEAT) * TICKS_PER_BEAT
    until = np.append(when[1:], when[-1:] + 1)
    return np.where(until > beat, beat, when)


def strays(when: np.ndarray) -> np.ndarray:
    """Which onsets of a melody are syncopated where hardly any is, bool, shape (n,); as for `held_over`. None that is
    without another kind in its bar."""
    over, bar = held_over(when) > when, when // TICKS_PER_BAR
    if over.sum() >= _STRAY * len(when):
        return np.zeros(len(when), bool)
    return over & np.isin(bar, bar[~over])
