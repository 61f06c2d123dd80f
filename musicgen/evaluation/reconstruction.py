"""Reconstruction: how much of a piece comes back. Free running: a copy is judged as it sounds.

Framewise accuracy is the number that papers print (MusicVAE), and most frames are "nothing new": always give onset F1
and `hold_floor`, which a copy reaches with no note at all, beside it.
"""

from __future__ import annotations

import numpy as np

from musicgen.evaluation.view import ONSET, PITCH, STEP, View, sounding
from musicgen.music import Music

HOLD, OFF = 1, 2
"""Frames that begin nothing: go on as before, fall silent."""
LOWEST_SET = 4
"""Frames from here on begin pitches: bit p + 2 stands for pitch p."""


def onset_f1(original: Music | View, copy: Music | View, *roles: str) -> float:
    """F1 of the (onset tick, pitch) pairs of one role, or of several together, 0 to 1; NaN where there are none."""
    found = total = 0
    for role in roles:
        a, b = (pairs(View.of(piece).notes(role)) for piece in (original, copy))
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
    return float((frames(a, role) == frames(b, role)).mean())


def hold_floor(original: Music | View, role: str) -> float:
    """Framewise accuracy of a copy that only ever says "go on as before", 0 to 1; NaN for a silent role."""
    view = View.of(original)
    return float((frames(view, role) == HOLD).mean()) if len(view.notes(role)) else float("nan")


def pairs(notes: np.ndarray) -> np.ndarray:
    """A number for each (onset tick, pitch) of `View.notes`, each once, sorted."""
    return np.unique(notes[:, ONSET] * 128 + notes[:, PITCH])


def frames(view: View, role: str) -> np.ndarray:
    """What a role does on each sixteenth: `HOLD`, `OFF`, or the set of pitches begun; object, shape (sixteenths,)."""
    notes = view.notes(role)
    sounds = sounding(notes, view.steps, 1)[:, 0] > 0
    result = np.where(np.append(False, sounds[:-1]) & ~sounds, OFF, HOLD).astype(object)
    begun: dict[int, int] = {}
    for step, pitch in zip((notes[:, ONSET] // STEP).tolist(), notes[:, PITCH].tolist(), strict=True):
        begun[step] = begun.get(step, 0) | 1 << (pitch + 2)
    for step, pitches in begun.items():
        result[step] = pitches
    assert len(result) == view.steps
    return result
