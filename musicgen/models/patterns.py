"""Rhythms that come back: a role of a song has few patterns, each in many bars.

A decoder says of each bar when a role is likely to begin something, as if it did not know the bars around it. Where
latents are made up it is in doubt, and what is likely for itself gives bars rhythms of their own: three in five bars of
a song's bass are in the rhythm of the bar before, and so were two in five of a generated one's (docs/experiments).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from musicgen.models.decoding import CERTAIN, FAINT, MONOPHONIC, logits, raised
from musicgen.models.fullness import likely
from musicgen.roles import ROLE_NAMES

_ALIKE = {"melody": 6.5}
_ALIKE_USUALLY = 4.0
"""How much sooner a bar listens to one that is like it than to one that has nothing in common with it, as a logarithm.
Less, and a melody has no bar that is syncopated more than the others; more, and most bars hear themselves alone."""
_SHARPNESS = 1.5
"""What is usual is that much surer than the mean of what a decoder is in doubt about, which would not decide it."""
_PLAYS = 0.3
"""A bar in which no tick is as probable as this is a rest, and stays one."""
_LEAST = 1e-4
_ALTERNATE = 1.5
"""How much sooner a bar listens to those an even number of bars away, as a logarithm: a quarter of songs' basses play
two patterns in turn."""
_FOURTH = 2.0
"""How much sooner to those four, eight and twelve bars away, except in melodies: three in ten of songs' basses come
back after four bars."""
_ROUNDS = {"chords": 3, "pad": 2, "bass": 3, "drums": 2}
"""So often bars listen to what the others have become, until few patterns are left (mean shift; Comaniciu and Meer
2002). Of songs' basses three in four have one pattern or two, with one round of generated ones half. Melodies
have many."""


def patterned(
    onsets: np.ndarray, rhythm: Mapping[str, float], weight: float = 1.0, lines: Sequence[int] = MONOPHONIC
) -> np.ndarray:
    """Probabilities of onsets, the ticks on which a role begins something likelier in a bar the more they are so in
    bars of the same rhythm.

    What is usual for a bar is the mean over all bars of its role, those that are most like it first: non-local means
    (Buades et al. 2005), with the share that two rhythms have in common for the distance.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        rhythm: role's name to how far to go to what is usual, 0 to 1; `tools/calibrate.py` finds it.
        weight: how much of it counts.
        lines: roles that play one note at a time: a tick is as probable as all of its notes.
    """
    result = onsets.copy()
    for name, strength in rhythm.items():
        role = ROLE_NAMES.index(name)
        chances = onsets[role]
        begins = chances.sum(axis=-1) if role in lines else chances.max(axis=-1)
        bars = np.flatnonzero(begins.max(axis=-1) > _PLAYS)
        if not len(bars):
            continue
        used = np.ix_(bars, np.flatnonzero(begins[bars].max(axis=0) > FAINT))  # some ten ticks of 48
        here = np.clip(begins[used], _LEAST, CERTAIN)
        now = here
        for _ in range(_ROUNDS.get(name, 1)):
            now = raised(here, weight * strength * (_SHARPNESS * logits(_usual(now, bars, name)) - logits(here)))
        more = np.ones_like(begins)
        more[used] = now / here
        bar, tick, pitch = likely(chances)
        result[role, bar, tick, pitch] = np.minimum(chances[bar, tick, pitch] * more[bar, tick], CERTAIN)
    return result


def _usual(here: np.ndarray, bars: np.ndarray, name: str) -> np.ndarray:
    """What is usual for each bar, of probabilities of ticks, shape (bars, ticks)."""
    away = np.abs(bars[:, None] - bars)
    sooner = _ALTERNATE * (away % 2)
    if name != "melody" and away.max() >= 4:
        sooner = sooner + _FOURTH * (away % 4 > 0)
    apart = np.abs(here[:, None] - here).sum(axis=-1)
    both = here.sum(axis=-1)[:, None] + here.sum(axis=-1)
    common = (both - apart) / (both + apart)  # the least of the two of each tick, by the most
    heard = np.exp(_ALIKE.get(name, _ALIKE_USUALLY) * (common - 1) - sooner)
    return np.asarray(np.clip(heard / heard.sum(axis=1, keepdims=True) @ here, _LEAST, CERTAIN))
