"""Rhythm: whether bars keep to one groove, and how far it pulls against the beat."""

from __future__ import annotations

import numpy as np

from musicgen.evaluation.view import ONSET, View
from musicgen.music import Music

WEIGHTS = {
    "4/4": np.array([0, -4, -3, -4, -2, -4, -3, -4, -1, -4, -3, -4, -2, -4, -3, -4]),
    "3/4": np.array([0, -3, -2, -3, -1, -3, -2, -3, -1, -3, -2, -3]),
    "6/8": np.array([0, -3, -2, -3, -2, -3, -1, -3, -2, -3, -2, -3]),
}
"""Metrical weight of each sixteenth of a bar (Longuet-Higgins and Lee 1984): how often the bar is divided until one
begins there, into beats and, of those of 6/8, first into three."""
_CYCLES = (1, 2, 4)


def groove_consistency(music: Music | View) -> float:
    """1 - mean share of sixteenths that differ between the onsets of bars that follow each other, 0 to 1.

    MusPy's groove consistency (Wu and Yang 2020), over all roles, on sixteenths instead of all time steps, where
    most steps agree because both are empty. A piece with no note, or of one bar, is NaN. A loop scores 1.
    """
    view = View.of(music)
    grid = np.zeros(view.steps, bool)
    for role in view.roles:
        grid[view.onset_steps(role)] = True
    bars = grid.reshape(view.bars, view.steps_per_bar)
    return float(1 - (bars[1:] != bars[:-1]).mean()) if grid.any() and view.bars > 1 else float("nan")


def syncopation(music: Music | View, role: str) -> float:
    """Syncopation of a role a bar in which it plays, in points, 0 to about 10 (Longuet-Higgins and Lee 1984).

    An onset with no other before a stronger sixteenth scores the difference of their weights. A chord is one onset.
    """
    view = View.of(music)
    steps = view.onset_steps(role)
    if not len(steps):
        return float("nan")
    weight = np.tile(WEIGHTS[view.music.metre.name], view.bars)
    until = np.append(steps[1:], view.steps)  # silence or a held note covers steps + 1 to until - 1
    strongest = np.full(len(steps), -9)
    for level in (-4, -3, -2, -1, 0):
        before = np.concatenate([[0], np.cumsum(weight == level)])
        strongest[before[until] > before[steps + 1]] = level
    points = np.maximum(strongest - weight[steps], 0).sum()
    return float(points / len(view.active_bars(role)))


def in_cycles(music: Music | View, role: str) -> float:
    """Whether a role begins notes on the same ticks in every bar, every other or every fourth, 1 or 0.

    NaN where it does not play, or in fewer than eight bars, which are two of the longest cycle.
    """
    view = View.of(music)
    notes = view.notes(role)
    if not len(notes) or view.bars < 2 * _CYCLES[-1]:
        return float("nan")
    begins = np.zeros((view.bars, view.bar), bool)
    begins[np.divmod(notes[:, ONSET], view.bar)] = True
    return float(any((begins[cycle:] == begins[:-cycle]).all() for cycle in _CYCLES))
