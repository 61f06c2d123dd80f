"""Broken chords: a role that plays the notes of its chords one after another.

A decoder says of each tick which notes are likely there. Where latents are made up it is in doubt which note of a
broken chord comes where, so that none is likely enough to be played, or on each tick the same one: of two notes in a
row six in ten were the same, where one in fifteen of songs' is (docs/experiments.md).
"""

from __future__ import annotations

import numpy as np

from musicgen.models.decoding import CERTAIN
from musicgen.models.fullness import CHORDED, FAINT, place_in_bar
from musicgen.music import TICKS_PER_BAR
from musicgen.roles import ROLE_NAMES

_FEW = 2.15
"""Notes at a time, in the mean over all of its notes, below which a role plays broken chords; a third of songs' do."""
_ONE = 1.5
"""Notes expected on a tick, below which one of them is played."""
_HEARD = 0.2
"""Notes expected on a tick, from which on it is looked at."""
_AGAIN = 5.0
"""What speaks against the pitch class of the note before."""
_BACK = 1.5
"""What speaks against the note before the last: of songs' notes one in four."""
_NEAR = TICKS_PER_BAR // 2
"""Ticks from one note to the next, at most, where that counts."""
_LEAST = 1e-4


def breaking(onsets: np.ndarray) -> tuple[int, ...]:
    """The roles that play their chords broken, of onsets of shape (roles, bars, ticks, pitches)."""
    found = []
    for role in map(ROLE_NAMES.index, CHORDED):
        expected = onsets[role].sum(axis=-1)
        if 0 < (expected**2).sum() < _FEW * expected.sum():
            found.append(role)
    return tuple(found)


def broken(onsets: np.ndarray, roles: tuple[int, ...], weight: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of onsets, in which one note is likely where one is expected, and not the one before.

    Each is as probable as all notes of its tick together.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        roles: see `breaking`.
        weight: how much of it counts.

    Returns:
        The probabilities, and where there is but one note, bool, shape (roles, bars, ticks).
    """
    result, alone = onsets.copy(), np.zeros(onsets.shape[:3], bool)
    for role in roles:
        expected = onsets[role].sum(axis=-1)
        bar, tick = np.nonzero((expected > _HEARD) & (expected < _ONE))
        if len(bar) < 2:
            continue
        chances, chance = onsets[role, bar, tick], expected[bar, tick]
        pitches = np.flatnonzero(chances.max(axis=0) > FAINT)  # the others never are
        score = np.log(chances[:, pitches] / chance[:, None] + np.float32(_LEAST))
        line = pitches[_one_by_one(score, bar, tick, pitches % 12)]
        here = np.arange(len(line))
        new = chances - weight * np.maximum(chances - FAINT, 0)
        new[here, line] = chances[here, line] + weight * (np.minimum(chance, CERTAIN) - chances[here, line])
        result[role, bar, tick] = new
        alone[role, bar, tick] = True
    return result, alone


def _one_by_one(score: np.ndarray, bar: np.ndarray, tick: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The best pitch of each onset after those before it in its bar, all bars at once.

    Args:
        score: what speaks for each pitch, shape (onsets, pitches).
        classes: pitch classes of the columns.

    Returns:
        A column of `score` for each onset.
    """
    place = place_in_bar(bar)
    table = np.zeros((bar.max() + 1, place.max() + 1, score.shape[1]), np.float32)
    near = np.zeros((*table.shape[:2], 1), np.float32)
    table[bar, place] = score
    near[bar, place, 0] = (place > 0) & (np.diff(tick, prepend=0) <= _NEAR)
    same = (classes[:, None] == classes).astype(np.float32)
    line = np.zeros(table.shape[:2], int)
    for step in range(table.shape[1]):
        here = table[:, step]
        if step > 0:
            here = here - near[:, step] * _AGAIN * same[line[:, step - 1]]
        if step > 1:
            here = here - near[:, step] * near[:, step - 1] * _BACK * same[line[:, step - 2]]
        line[:, step] = here.argmax(axis=1)
    return line[bar, place]
