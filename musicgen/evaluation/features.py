"""A fixed vector of about sixty numbers that describes a piece: what the classifier and the embedding see.

No network and nothing learned: the same vector for every model and every version, so that distances can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musicgen.evaluation import form, rhythm, texture, tonality
from musicgen.evaluation.view import DURATION, MOST_STEPS, ONSET, PITCH, PITCHED, STEP, View
from musicgen.music import Music
from musicgen.roles import ROLE_NAMES

_INTERVALS = np.array([0, 1, 3, 5, 8, 13])
_DURATIONS = np.array([0, 3, 6, 12, 24, 48])


def features(music: Music | View) -> dict[str, float]:
    """Name to value; NaN where not defined. Pitch classes are counted from the key's tonic.

    Velocities are left out: a model that plays at one loudness would be caught by that alone.
    """
    view = View.of(music)
    result = {}
    pitches = (view.pitched[:, PITCH] - view.music.key.tonic) % 12
    for step, share in enumerate(_shares(np.bincount(pitches, minlength=12))):
        result[f"pitch class {step}"] = share
    onsets = np.concatenate([view.notes(role)[:, ONSET] for role in view.roles] or [np.zeros(0, np.int64)])
    for place, share in enumerate(_shares(np.bincount(onsets // STEP % view.steps_per_bar, minlength=MOST_STEPS))):
        result[f"onsets on sixteenth {place + 1}"] = share
    leaps = np.abs(np.diff(view.notes("melody")[:, PITCH]))
    kinds = np.bincount(np.searchsorted(_INTERVALS, leaps, side="right") - 1, minlength=len(_INTERVALS))
    for low, share in zip(_INTERVALS, _shares(kinds), strict=True):
        result[f"melody leaps from {low}"] = share
    lengths = np.searchsorted(_DURATIONS, view.pitched[:, DURATION], side="right") - 1
    for low, share in zip(_DURATIONS, _shares(np.bincount(lengths, minlength=len(_DURATIONS))), strict=True):
        result[f"durations from {low}"] = share
    for role in ROLE_NAMES:
        result[f"notes per bar, {role}"] = texture.notes_per_bar(view, role)
    for role in PITCHED:
        result[f"register, {role}"] = texture.register(view, role)
        result[f"polyphony, {role}"] = texture.polyphony(view, role)
    result |= {
        "clash rate": tonality.clash_rate(view),
        "chord-tone agreement": tonality.chord_tone_agreement(view),
        "tonal distance, melody-bass": tonality.tonal_distance(view, "melody", "bass"),
        "tonal distance, chords-bass": tonality.tonal_distance(view, "chords", "bass"),
        "scale consistency": tonality.scale_consistency(view),
        "pitch class entropy": tonality.pitch_class_entropy(view),
        "groove consistency": rhythm.groove_consistency(view),
        "syncopation, melody": rhythm.syncopation(view, "melody"),
        "syncopation, bass": rhythm.syncopation(view, "bass"),
        "chroma similarity": form.chroma_similarity(view),
        "best chroma match": form.best_chroma_match(view),
        "best earlier match": form.best_earlier_match(view),
    }
    return result


def matrix(pieces: Sequence[Music | View]) -> np.ndarray:
    """`features` of many pieces, float, shape (pieces, features)."""
    return np.array([list(features(piece).values()) for piece in pieces], float)


def names() -> list[str]:
    """The names of the columns of `matrix`."""
    return list(features(Music((), 1)))


def _shares(counts: np.ndarray) -> list[float]:
    total = counts.sum()
    return [float(value) for value in counts / total] if total else [float("nan")] * len(counts)
