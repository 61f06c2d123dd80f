"""Reconstruction: how much of a piece comes back. Free running: a copy is judged as it sounds.

Framewise accuracy is the number that papers print (MusicVAE), and most frames are "nothing new": always give onset F1
and `hold_floor`, which a copy reaches with no note at all, beside it.
"""

from __future__ import annotations

import numpy as np

from musicgen.evaluation.view import ONSET, PITCH, STEP, STEPS_PER_BAR, View, sounding
from musicgen.music import Music

_HOLD, _OFF = 1, 2


def onset_f1(original: Music | View, copy: Music | View, *roles: str) -> float:
    """F1 of the (onset tick, pitch) pairs of one role, or of several together, 0 to 1; NaN where there are none."""
    found = total = 0
    for role in roles:
        a, b = (_pairs(View.of(piece).notes(role)) for piece in (original, copy))
        found, total = found + len(np.intersect1d(a, b)), total + len(a) + len(b)
    return 2 * found / total if total else float("nan")


def framewise_accuracy(original: Music | View, copy: Music | View, role: str) -> float:
    """Share of sixteenths on which a role does the same thing, 0 to 1; NaN where both are silent.

    What it does is one of: begin these pitches, fall silent, go on as before (sounding or silent). As MusicVAE
    (Roberts et al. 2018), whose melodies are monophonic; here all pitches of a chord must be right.
    """
    a, b = View.of(original), View.of(copy)
    if not len(a.notes(role)) and not len(b.notes(role)):
        return float("nan")
    return float((_frames(a, role) == _frames(b, role)).mean())


def hold_floor(original: Music | View, role: str) -> float:
    """Framewise accuracy of a copy that only ever says "go on as before", 0 to 1; NaN for a silent role."""
    view = View.of(original)
    return float((_frames(view, role) == _HOLD).mean()) if len(view.notes(role)) else float("nan")


def _pairs(notes: np.ndarray) -> np.ndarray:
    return np.unique(notes[:, ONSET] * 128 + notes[:, PITCH])


def _frames(view: View, role: str) -> np.ndarray:
    """What a role does on each sixteenth, as a number: `_HOLD`, `_OFF`, or one for each set of pitches begun."""
    notes = view.notes(role)
    sounds = sounding(notes, view.bars, 1)[:, 0] > 0
    frames = np.where(np.append(False, sounds[:-1]) & ~sounds, _OFF, _HOLD).astype(object)
    begun: dict[int, int] = {}
    for step, pitch in zip((notes[:, ONSET] // STEP).tolist(), notes[:, PITCH].tolist(), strict=True):
        begun[step] = begun.get(step, 0) | 1 << (pitch + 2)
    for step, pitches in begun.items():
        frames[step] = pitches
    assert len(frames) == view.bars * STEPS_PER_BAR
    return frames
