"""Endings: how the last bars of a piece close it, to be set beside stretches of songs that end with their song.

Songs do not all end on the tonic, nor on a long note: as elsewhere, the nearer to songs the better, not the higher.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from musicgen import codec
from musicgen.evaluation.protocol import Sample, estimate
from musicgen.evaluation.view import DURATION, ONSET, PITCH, View
from musicgen.heard import NONE, heard_chords
from musicgen.music import TICKS_PER_QUARTER, Music


def last_chord_on_tonic(music: Music | View) -> float:
    """Whether the chord that is heard last (`heard_chords`) has the tonic of the piece as its root, 1 or 0."""
    music = View.of(music).music
    chords = heard_chords(codec.encode(music), music.bars, music.metre).ravel()
    known = chords[chords != NONE]
    return float(known[-1] % 12 == music.key.normal_tonic) if len(known) else float("nan")


def ends_on_tonic(music: Music | View, role: str) -> float:
    """Whether the last note of a role is the tonic of the piece, 1 or 0; of notes that begin together the lowest one
    of a bass, of another role the highest one."""
    view = View.of(music)
    notes = view.notes(role)
    if not len(notes):
        return float("nan")
    last = notes[notes[:, ONSET] == notes[:, ONSET].max(), PITCH]
    pitch = last.min() if role == "bass" else last.max()
    return float(pitch % 12 == view.music.key.tonic)


def last_note(music: Music | View) -> float:
    """Length of the pitched note that begins last, of several the longest, in quarter notes."""
    notes = View.of(music).pitched
    if not len(notes):
        return float("nan")
    return float(notes[notes[:, ONSET] == notes[:, ONSET].max(), DURATION].max() / TICKS_PER_QUARTER)


def silence(music: Music | View) -> float:
    """Quarter notes from where nothing sounds any more, drums neither, to the end of the last bar."""
    view = View.of(music)
    ends = [int((notes[:, ONSET] + notes[:, DURATION]).max()) for notes in map(view.notes, view.roles) if len(notes)]
    return max(0, view.music.ticks - max(ends)) / TICKS_PER_QUARTER if ends else float("nan")


MEASURES: dict[str, Callable[[View], float]] = {
    "last chord on the tonic": last_chord_on_tonic,
    "last bass note on the tonic": lambda view: ends_on_tonic(view, "bass"),
    "melody ends on the tonic": lambda view: ends_on_tonic(view, "melody"),
    "last note, quarter notes": last_note,
    "silence after it, quarter notes": silence,
}
"""Name to what is measured of one piece; NaN where it is not defined."""


def endings(pieces: Sequence[Music], songs: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """Each of `MEASURES`: mean, interval and number of the pieces that define it, see `protocol.estimate`.

    Args:
        songs: the song of each piece, or of its request.
    """
    views = [View(piece) for piece in pieces]
    return {
        name: asdict(estimate(Sample(np.array([measure(view) for view in views]), songs)))
        for name, measure in MEASURES.items()
    }
