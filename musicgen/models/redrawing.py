"""How much of a piece a change changes: measured, and redrawn until it is about what was asked for.

A strength means little to a listener: a network that is sure of what drums belong to the other roles draws them again
note for note, and one that is not leaves nothing of a melody at half the strength. So the amount is measured, as the
share of the notes that are others now, and the strength and the draw that come nearest to what was asked for are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

import numpy as np

from musicgen.music import Music
from musicgen.roles import ROLE_NAMES

ENOUGH = 0.7
"""Share of changed notes that will do however much is asked for: two pieces of a style share as many as the rest, as
both have a kick drum on the first beat."""
TOLERANCE = 0.1
"""How far the share may be from the one asked for, or half of it where that is less."""
AT_STRENGTHS, OTHER_SEEDS, ON_THEIR_OWN = 4, 3, 5
"""Draws at most: of one seed at several strengths; of other seeds; and of those, without hearing the notes to keep."""
MOST_BARS = 768
"""Bars that are drawn for a change at most, of a long piece three draws at least."""
_ALMOST_ALL = 0.999
"""A strength that forgets the notes, but not their chords."""


def changed_share(before: Music, after: Music, cells: np.ndarray) -> float | None:
    """How much of some cells is another music: of the notes before and after, the share that the other piece lacks.

    A note is the same if role, onset and pitch are.

    Args:
        cells: bool, shape (bars of `after`, roles).

    Returns:
        0 (the same) to 1 (not a note in common); None where the cells had no notes before.
    """
    old, new = (_notes_in(music, cells) for music in (before, after))
    return 1 - 2 * len(old & new) / (len(old) + len(new)) if old else None


def _notes_in(music: Music, cells: np.ndarray) -> set[tuple[str, int, int]]:
    return {
        (track.role, note.onset, note.pitch)
        for track in music.tracks
        for note in track.notes
        if cells[note.onset // music.ticks_per_bar, ROLE_NAMES.index(track.role)]
    }


def redraw_by(
    amount: float, draw: Callable[[np.ndarray, float, int], Music], music: Music, keep: np.ndarray, seed: int
) -> Music:
    """Of several draws the one whose `changed_share` of what is not kept is nearest to an amount; the same for a seed.

    The first draw that is within `TOLERANCE` is taken, or one that changes `ENOUGH` where more is asked for.

    Args:
        amount: above 0, up to 1.
        draw: a piece in which `keep` came back, from the cells that are heard, a strength and a seed.
        music: the piece before.
        keep: cells that come back, bool, shape (bars, roles).
    """
    free = ~keep
    least, most = _near_enough(amount)
    best: tuple[float, Music] | None = None
    plan = _Plan(amount, keep, seed)
    for heard, strength, seed_of_draw in islice(plan.draws(), max(3, MOST_BARS // music.bars)):
        drawn = draw(heard, strength, seed_of_draw)
        share = changed_share(music, drawn, free)
        if share is None:  # nothing was there: all of it is new
            return drawn
        # arcsines of roots, on which shares lie evenly (Cohen's h): from .3 it is further to 0 than to .6
        distance = max(0.0, _angle(least) - _angle(share), _angle(share) - _angle(most))
        if best is None or distance < best[0]:
            best = distance, drawn
        if distance == 0:
            break
        plan.learn(strength, share)
    assert best is not None
    return best[1]


def _angle(share: float) -> float:
    return float(np.arcsin(np.sqrt(share)))


def _near_enough(amount: float) -> tuple[float, float]:
    """The least and the greatest share with which a piece has changed by an amount, 0 and 1 left out and in."""
    within = min(TOLERANCE, amount / 2)
    return min(amount - within, ENOUGH), min(amount + within, 1.0)


class _Plan:
    """What to draw next: (cells that are heard, strength, seed).

    First the strength is sought for the seed itself, between one that changes too little and one that changes too much.
    """

    def __init__(self, amount: float, keep: np.ndarray, seed: int) -> None:
        self.amount, self.keep, self.seed = amount, keep, seed
        self.low, self.high = (0.0, 0.0), (1.0, np.inf)  # strength, share

    def learn(self, strength: float, share: float) -> None:
        if share < self.amount:
            self.low = max(self.low, (strength, share))
        else:
            self.high = min(self.high, (strength, share))

    def draws(self) -> Iterator[tuple[np.ndarray, float, int]]:
        strength = 1.0 if self.amount == 1 else min(1.0, (self.amount / 0.75) ** 0.5)  # about what it takes
        for _ in range(AT_STRENGTHS):
            yield self.keep, strength, self.seed
            if self.low[0] == 1:
                break  # all was forgotten, and too little changed
            strength = 1.0 if self.high[1] == np.inf else self._between()
        seeds = np.random.default_rng([self.seed, 7]).integers(2**32, size=OTHER_SEEDS + ON_THEIR_OWN).tolist()
        for seed in seeds[:OTHER_SEEDS]:
            yield self.keep, min(1.0, self.high[0]), seed
        for seed in seeds[OTHER_SEEDS:]:
            yield np.zeros_like(self.keep), min(_ALMOST_ALL, self.high[0]), seed

    def _between(self) -> float:
        (low, less), (high, more) = self.low, self.high
        return low + (high - low) * (self.amount - less) / (more - less)
