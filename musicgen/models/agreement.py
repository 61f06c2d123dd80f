"""Roles that listen to each other: the decoder says what each plays as if the others were not there yet."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from musicgen.codec import MAX_PITCHES
from musicgen.models.decoding import raised
from musicgen.roles import PITCHED, ROLE_NAMES, ROLES

_LED = [ROLE_NAMES.index(role) for role in ("melody", "chords", "pad")]
"""Roles that give way; the bass moves the harmony, it does not follow it."""
_LEAST = 0.03
"""Share of a pitch class that no other role has, so that none is out of the question."""
_RINGS = 0.5
"""What begins in a half bar counts so much in the next one."""
_MELODY = 0.5
"""The melody counts so much: its notes pass through, where those of other roles stay."""
_FAINT = 0.01
"""Onsets less probable than this stay as they are: hundreds of thousands, of which none is ever played."""
_CLASSES = np.zeros((len(PITCHED), MAX_PITCHES, 12), np.float32)
for _role in PITCHED:
    _CLASSES[_role, np.arange(MAX_PITCHES), (np.arange(MAX_PITCHES) + ROLES[_role].low) % 12] = 1


def agreeing(onsets: np.ndarray, weight: float = 1.0) -> np.ndarray:
    """Probabilities of onsets, those likelier whose pitch class the other roles have in that half bar.

    A product of experts (Hinton 2002), the second of which is what the others are expected to play. What a role is
    expected to play in a half bar stays about as much.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        weight: of the second expert; 0 leaves the onsets as they are.
    """
    roles, bars, ticks, pitches = onsets.shape
    halves = onsets.reshape(roles, 2 * bars, ticks // 2, pitches)
    result = halves.copy()
    for role, favour in favours(onsets).items():
        half, tick, pitch = np.nonzero(halves[role] > _FAINT)
        by = weight * favour[half, (pitch + ROLES[role].low) % 12]
        result[role, half, tick, pitch] = raised(halves[role, half, tick, pitch], by)
    return result.reshape(onsets.shape)


def fuller(onsets: np.ndarray, by: Mapping[str, float], weight: float = 1.0) -> np.ndarray:
    """Probabilities of onsets, those of some roles likelier: of a chord that a model is in doubt about it plays little.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        by: role's name to what speaks for each of its onsets, in logits; see `tools/calibrate.py`.
        weight: how much of it counts.
    """
    result = onsets.copy()
    for name, more in by.items():
        role = ROLE_NAMES.index(name)
        here = np.nonzero(onsets[role] > _FAINT)
        result[role][here] = raised(onsets[role][here], weight * more)
    return result


def favours(onsets: np.ndarray) -> dict[int, np.ndarray]:
    """How much the other roles speak for each pitch class in each half bar, in logits, shape (half bars, 12), for every
    role that gives way and does not play alone. Of what the role is expected to play, the mean is 0."""
    roles, bars, ticks, pitches = onsets.shape
    halves = onsets.reshape(roles, 2 * bars, ticks // 2, pitches)
    expected = np.matmul(halves[list(PITCHED)].sum(axis=2), _CLASSES[:, :pitches])
    heard = expected.copy()
    heard[:, 1:] += _RINGS * expected[:, :-1]
    heard[ROLE_NAMES.index("melody")] *= _MELODY
    result = {}
    for role in _LED:
        others = heard.sum(axis=0) - heard[role]
        total = others.sum(axis=-1, keepdims=True)
        if total.any():
            favour = np.log(others / np.maximum(total, 1e-6) + _LEAST)
            own = expected[role] / np.maximum(expected[role].sum(axis=-1, keepdims=True), 1e-6)
            result[role] = favour - (own * favour).sum(axis=-1, keepdims=True)
    return result
