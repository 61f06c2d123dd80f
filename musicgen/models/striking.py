"""Chords that are struck again: within a bar, a chord that comes back has the notes that it had; and that are let go.

A decoder says of each tick which notes are likely there. Where latents are made up it is in doubt about one voice here
and another there, so that of two strikes of a chord of a generated piece four in ten had the same notes, where seven in
ten of songs' have. Of the notes of a chord some would be held a little longer than the others, now these and now those;
those of songs end together in each chord of the piece, or in hardly any (docs/experiments).
"""

from __future__ import annotations

import numpy as np

from musicgen.codec import duration_class
from musicgen.models.decoding import CERTAIN, FAINT, Classes, logits, raised, ringing, until_next
from musicgen.models.fullness import CHORDED, place_in_bar
from musicgen.music import TICKS_PER_BAR
from musicgen.roles import ROLE_NAMES

_ALIKE = 7.5
"""How much sooner a chord listens to one that is like it than to one that has no note in common with it, as a
logarithm. Less, and broken chords become whole ones; more, and each hears itself alone."""
_ROUNDS = 3
"""So often chords listen to what the others have become (mean shift; Comaniciu and Meer 2002)."""
_PLAYS = 0.2
"""A tick on which nothing is as probable as this has no chord."""
_SHARED = 0.3
"""Where the others have a note as often as this, a chord may have it that does not by itself."""
_LEAST = 1e-4
_STRAY = 16.0
"""What speaks against a note that rings on into the next chord where hardly any does, in logits."""
_TOGETHER = 0.75
"""Share of a role's chords whose notes end together, from which on those of all do."""


def struck_again(onsets: np.ndarray, weight: float = 1.0) -> np.ndarray:
    """Probabilities of onsets, the notes of a chord those that chords of the same bar have that are like it.

    What is usual for a chord is the mean over the chords of its bar, those that are most like it first: non-local means
    (Buades et al. 2005), with the share of notes that two chords have in common (Tanimoto's) for the distance.

    Args:
        onsets: shape (roles, bars, ticks, pitches), as `fullness.steady` gives them: where chords are in doubt about
            their voices, all notes of a broken one would be.
        weight: how far to go to what is usual, 0 to 1.
    """
    result = onsets.copy()
    for role in map(ROLE_NAMES.index, CHORDED):
        begins = onsets[role].max(axis=-1)
        bar, tick = np.nonzero(begins > _PLAYS)
        if not len(bar):
            continue
        # a row for each bar, as long as that with the most chords
        place = place_in_bar(bar)
        weights = np.zeros((bar.max() + 1, place.max() + 1), np.float32)
        weights[bar, place] = begins[bar, tick]
        chances = onsets[role, bar, tick]
        chords = np.full((*weights.shape, chances.shape[-1]), _LEAST, np.float32)
        chords[bar, place] = np.clip(chances / begins[bar, tick, None], _LEAST, CERTAIN)
        now = chords
        for _ in range(_ROUNDS):
            now = raised(chords, weight * (logits(_usual(now, weights)) - logits(chords)))
        new = now[bar, place]
        may = (chances > FAINT) | ((new > _SHARED) & (chances > 0))
        result[role, bar, tick] = np.where(may, np.minimum(new * begins[bar, tick, None], CERTAIN), chances)
    return result


def let_go(classes: Classes, weight: float, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `Chances.classes`, but that the notes of a chord end together in a role in which those of most do, and none
    rings on into the next chord in one in which hardly any does."""
    best, by_length = classes(rows)
    lengths = by_length.shape[1]
    for role in map(ROLE_NAMES.index, CHORDED):
        here = np.flatnonzero(rows[:, 0] == role)
        when, chord = np.unique(rows[here, 1] * TICKS_PER_BAR + rows[here, 2], return_inverse=True)
        size = np.bincount(chord, minlength=len(when))
        different = np.bincount(np.unique(chord * lengths + best[here, 0]) // lengths, minlength=len(when))
        if (different[size > 1] == 1).sum() > _TOGETHER * (size > 1).sum():
            all_together = np.zeros((len(when), lengths), np.float32)
            np.add.at(all_together, chord, by_length[here])
            by_length[here] += np.float32(weight) * ((all_together / size[:, None])[chord] - by_length[here])
            best[here, 0] = by_length[here].argmax(axis=1)
        start, room = until_next(rows[here])
        longest = duration_class(room)
        longer = best[here, 0] > longest
        strays = longer & ~ringing(start, longer)
        by_length[here[strays]] -= np.float32(weight * _STRAY) * (np.arange(lengths) > longest[strays][:, None])
        best[here[strays], 0] = by_length[here[strays]].argmax(axis=1)
    return best, by_length


def _usual(chords: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """What is usual for each chord, shape (bars, chords, pitches), of chances of notes and weights of chords."""
    common = chords @ chords.transpose(0, 2, 1)
    size = np.diagonal(common, axis1=1, axis2=2)
    alike = common / (size[:, :, None] + size[:, None] - common)
    heard = np.exp(_ALIKE * (alike - 1)) * weights[:, None]
    return np.asarray(np.clip(heard @ chords / np.maximum(heard.sum(axis=-1, keepdims=True), _LEAST), _LEAST, CERTAIN))
