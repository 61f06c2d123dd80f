"""Broken chords: a role that plays the notes of its chords one after another, or two by two.

A decoder says of each tick which notes are likely there. Where latents are made up it is in doubt which note of a
broken chord comes where, so that none is likely enough to be played, or on each tick the same one: of two notes in a
row six in ten were the same, where one in fifteen of songs' is (docs/experiments).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from musicgen.models.decoding import CERTAIN, FAINT
from musicgen.models.fullness import CHORDED, place_in_bar
from musicgen.music import TICKS_PER_BAR
from musicgen.roles import ROLE_NAMES

_FEW = 2.15
"""Notes at a time, in the mean over all of its notes, below which a role plays broken chords; a third of songs' do."""
_SINGLE, _DOUBLE = 1.2, 1.8
"""Notes at a time, in the same mean, below which a role plays one note on every tick, and from which on two: one in
twelve of songs' that play chords never plays two, and one in fifteen always does."""
_ONE, _TWO = 1.5, 2.5
"""Notes expected on a tick of other roles, below which one of them is played, or two."""
_HEARD = 0.2
"""Notes expected on a tick, from which on it is looked at."""
_AGAIN = 5.0
"""What speaks against the pitch class of the note before."""
_BACK = 1.5
"""What speaks against the note before the last: of songs' notes one in four."""
_NEAR = TICKS_PER_BAR // 2
"""Ticks from one note to the next, at most, where that counts."""
_LEAST = 1e-4


def breaking(onsets: np.ndarray) -> dict[int, float]:
    """The roles that play their chords broken, of onsets of shape (roles, bars, ticks, pitches), and how many notes at
    a time each is expected to play."""
    found = {}
    for role in map(ROLE_NAMES.index, CHORDED):
        expected = onsets[role].sum(axis=-1)
        if 0 < (expected**2).sum() < _FEW * expected.sum():
            found[role] = float((expected**2).sum() / expected.sum())
    return found


def broken(onsets: np.ndarray, roles: Mapping[int, float], weight: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of onsets, in which one note is likely where one is expected, and not the one before, and two where
    two are.

    Together they are as probable as all notes of their tick.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        roles: see `breaking`.
        weight: how much of it counts.

    Returns:
        The probabilities, and where it is decided how many notes there are, bool, shape (roles, bars, ticks).
    """
    result, decided = onsets.copy(), np.zeros(onsets.shape[:3], bool)
    for role, voices in roles.items():
        expected = onsets[role].sum(axis=-1)
        bar, tick = np.nonzero((expected > _HEARD) & (expected < _TWO))
        if not len(bar):
            continue
        chances, expected = onsets[role, bar, tick], expected[bar, tick]
        one = expected < (np.inf if voices < _SINGLE else _ONE if voices < _DOUBLE else 0)
        pitches = np.flatnonzero(chances.max(axis=0) > FAINT)  # the others never are
        score = np.log(chances[:, pitches] / expected[:, None] + np.float32(_LEAST))
        lines = np.argsort(-score, axis=1, kind="stable")[:, :2]
        if one.any():
            lines[one, :1] = _one_by_one(score[one], bar[one], tick[one], pitches % 12)[:, None]
            lines[one, 1:] = lines[one, :1]
        lines, here = pitches[lines], np.arange(len(lines))[:, None]
        new = chances - weight * np.maximum(chances - FAINT, 0)
        chance = np.minimum(expected / np.where(one, 1, 2), CERTAIN)[:, None]
        was = chances[here, lines]
        new[here, lines] = was + weight * (chance - was)
        result[role, bar, tick] = new
        decided[role, bar, tick] = True
    return result, decided


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
