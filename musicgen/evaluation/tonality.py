"""Tonality: keys, and whether the roles play in the same one at the same moment.

Pitch class entropy, scale consistency and `in_key` ignore order and simultaneity: shuffling a piece's notes leaves
them unchanged. Clash, chord-tone agreement and tonal distance do not; but smaller is not better than real songs.
Compare them with `swapped`, the floor that music in the same key reaches with no ear at all, by `harmony_gain`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from musicgen.codec import SCALE
from musicgen.evaluation.view import PITCH, PITCHED, View, mean
from musicgen.music import Music

ACCOMPANIMENT: tuple[str, ...] = ("chords", "pad", "bass")
PAIRS: tuple[tuple[str, str], ...] = (
    ("melody", "chords"), ("melody", "pad"), ("melody", "bass"), ("chords", "pad"), ("chords", "bass"), ("pad", "bass"),
)  # fmt: skip
"""The six pairs of pitched roles, for `tonal_distance`."""
_MINOR = np.array([0, 2, 3, 5, 7, 8, 9, 10, 11])  # natural, harmonic and melodic together
_CLASSES = np.arange(12)
_CENTROID = np.stack(
    [
        radius * turn(_CLASSES * angle)
        for radius, angle in ((1.0, 7 * np.pi / 6), (1.0, 3 * np.pi / 2), (0.5, 2 * np.pi / 3))
        for turn in (np.sin, np.cos)
    ],
    axis=1,
)
"""Harte's six-dimensional tonal space: circles of fifths, minor thirds and major thirds; shape (12, 6)."""


def pitch_class_entropy(music: Music | View) -> float:
    """Entropy of the pitch classes of all pitched notes, 0 to log2(12) = 3.585 bits (MusPy; Wu and Yang 2020)."""
    histogram = _histogram(music)
    if not histogram.sum():
        return float("nan")
    share = histogram[histogram > 0] / histogram.sum()
    return float(-(share * np.log2(share)).sum()) + 0.0


def scale_consistency(music: Music | View) -> float:
    """Share of pitched notes on the major scale that fits best, 0 to 1 (MusPy; natural minors are major scales)."""
    histogram = _histogram(music)
    if not histogram.sum():
        return float("nan")
    return float(max(histogram[(tonic + SCALE) % 12].sum() for tonic in range(12)) / histogram.sum())


def in_key(music: Music | View) -> float:
    """Share of pitched notes on the scale of the piece's stated key, 0 to 1; minor counts all three minor scales."""
    view = View.of(music)
    key = view.music.key
    scale = _MINOR if key.mode == "minor" else SCALE
    return mean(np.isin((view.pitched[:, PITCH] - key.tonic) % 12, scale))


def tonal_distance(music: Music | View, role: str, other: str) -> float:
    """Mean distance of two roles' tonal centroids (Harte et al. 2006), over beats on which both sound; 0 to 4.5.

    TD of MuseGAN: chroma of each beat, divided by its sum. Here only beats count on which both roles sound. Below
    the data's own value is not better: unison is 0.
    """
    view = View.of(music)
    a, b = (view.chroma(name).reshape(-1, 4, 12).sum(axis=1).astype(float) for name in (role, other))
    both = a.any(axis=1) & b.any(axis=1)
    if not both.any():
        return float("nan")
    a, b = (x[both] / x[both].sum(axis=1, keepdims=True) for x in (a, b))
    return float(np.linalg.norm((a - b) @ _CENTROID, axis=1).mean())


def clash_rate(music: Music | View, role: str = "melody") -> float:
    """Share of sixteenths on which a role sounds a semitone (by pitch class) from another pitched role, 0 to 1.

    Of the sixteenths on which both sound; a pitch class that the others sound too does not clash. Minor seconds,
    major sevenths and minor ninths count; NaN where the role and others never sound together. No published source.
    """
    mine, others, both = _together(music, role)
    near = np.roll(others, 1, axis=1) | np.roll(others, -1, axis=1)
    return float((mine & near & ~others).any(axis=1)[both].mean()) if both.any() else float("nan")


def chord_tone_agreement(music: Music | View, role: str = "melody") -> float:
    """Share of a role's sixteenths on which another pitched role sounds one of its pitch classes, 0 to 1."""
    mine, others, both = _together(music, role)
    return float((mine & others).any(axis=1)[both].mean()) if both.any() else float("nan")


def swapped(pieces: Sequence[Music], seed: int = 0) -> list[Music]:
    """Each piece's accompaniment under the melody of another piece of the same mode, moved into its key.

    The floor of harmony: everything right but the notes' relation to each other. Pieces whose mode no other
    shares are left out; a longer melody is cut, a shorter one repeated.
    """
    rng = np.random.default_rng(seed)
    result = []
    for mode in ("major", "minor"):
        group = [piece for piece in pieces if piece.key.mode == mode and piece.notes("melody")]
        order = rng.permutation(len(group))
        for here, there in zip(order, np.roll(order, 1), strict=True):
            if here != there:
                result.append(_with_melody(group[here], group[there]))
    return result


def harmony_gain(generated: float, real: float, shuffled: float) -> float:
    """(shuffled - generated) / (shuffled - real): 0 for no ear, 1 for real songs, above 1 more consonant than they.

    Of the mean of a harmony metric over generated, real and `swapped` real pieces; NaN where real songs equal the
    shuffle.
    """
    return (shuffled - generated) / (shuffled - real) if shuffled != real else float("nan")


def _with_melody(music: Music, source: Music) -> Music:
    shift = (music.key.tonic - source.key.tonic + 6) % 12 - 6
    lead = next(track for track in source.transposed(shift).tracks if track.role == "melody")
    notes = [
        note._replace(onset=note.onset + start)
        for start in range(0, music.ticks, source.ticks)
        for note in lead.notes
        if note.onset + start < music.ticks
    ]
    others = tuple(track for track in music.tracks if track.role != "melody")
    return replace(music, tracks=(replace(lead, notes=tuple(notes)), *others))


def _histogram(music: Music | View) -> np.ndarray:
    return np.bincount(View.of(music).pitched[:, PITCH] % 12, minlength=12)


def _together(music: Music | View, role: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chroma of a role and of the other pitched roles, and the sixteenths on which both sound."""
    view = View.of(music)
    mine = view.chroma(role)
    others = np.any([view.chroma(name) for name in PITCHED if name != role], axis=0)
    return mine, others, mine.any(axis=1) & others.any(axis=1)
