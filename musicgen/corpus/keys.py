"""Estimating the key of a piece that does not state it, or states it wrongly, as many MIDI files do."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from musicgen.music import Key, Music, Note
from musicgen.roles import ROLE_BY_NAME

# Temperley's revision of the Krumhansl-Kessler probe-tone profiles ("What's Key for Key?", 1999)
PROFILES = {
    "major": np.array([5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0]),
    "minor": np.array([5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0]),
}


def estimate_key(music: Music, among: Iterable[Key] | None = None) -> tuple[Key, float]:
    """The key whose profile correlates best with the sounding time of each pitch class.

    Args:
        music: the piece; drums are not heard.
        among: the keys to choose from, all 24 by default.

    Returns:
        The key and a confidence: the lead of its correlation over that of the second best key, 0 to 2.
    """
    histogram = np.zeros(12)
    for track in music.tracks:
        if not ROLE_BY_NAME[track.role].is_drums:
            _add(histogram, track.notes)
    keys = list(among) if among is not None else [Key(tonic, mode) for mode in PROFILES for tonic in range(12)]
    if histogram.std() == 0:
        return keys[0], 0.0
    scores = [float(np.corrcoef(histogram, np.roll(PROFILES[key.mode], key.tonic))[0, 1]) for key in keys]
    order = np.argsort(scores)[::-1]
    lead = scores[order[0]] - scores[order[1]] if len(keys) > 1 else 0.0
    return keys[order[0]], lead


def _add(histogram: np.ndarray, notes: Iterable[Note]) -> None:
    for note in notes:
        # a held pedal should not outweigh the tune: at most one bar of a note counts
        histogram[note.pitch % 12] += min(note.duration, 48)
