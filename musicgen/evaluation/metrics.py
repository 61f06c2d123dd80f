"""Every metric over one piece, under one roof: the theme files define them, `summary` runs them.

The traps are those of MuseGAN's and MusPy's metrics: most ignore order, and noise or holding still satisfies half of
them. So none is to be read alone: compare with held-out songs, and read `best_earlier_match` and `clash_rate` too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from musicgen.evaluation.form import (
    best_chroma_match,
    best_earlier_match,
    chroma_similarity,
    distinct_sections,
    form_code,
    motifs,
)
from musicgen.evaluation.reconstruction import framewise_accuracy, hold_floor, onset_f1
from musicgen.evaluation.rhythm import groove_consistency, in_cycles, syncopation
from musicgen.evaluation.texture import (
    STUCK_TICKS,
    cut_short,
    drum_pattern,
    duration,
    empty_bars,
    ends_together,
    longest_note,
    notes_per_bar,
    one_tick_notes,
    out_of_range,
    pitch_classes_per_bar,
    pitch_range,
    polyphony,
    qualified_notes,
    register,
    same_note,
    silent_roles,
    struck_again,
    top_pitch,
    turns,
    usual_voicing,
    velocity,
    velocity_spread,
)
from musicgen.evaluation.tonality import (
    PAIRS,
    chord_tone_agreement,
    clash_rate,
    in_key,
    pitch_class_entropy,
    scale_consistency,
    tonal_distance,
)
from musicgen.evaluation.view import PITCHED, View
from musicgen.music import Music
from musicgen.roles import ROLE_NAMES

__all__ = [
    "HEADLINE", "STUCK_TICKS", "THEMES", "best_chroma_match", "best_earlier_match", "chord_tone_agreement",
    "chroma_similarity", "clash_rate", "cut_short", "distinct_sections", "drum_pattern", "duration", "empty_bars",
    "ends_together", "form_code", "framewise_accuracy", "groove_consistency", "hold_floor", "in_cycles", "in_key",
    "longest_note", "motifs", "notes_per_bar", "one_tick_notes", "onset_f1", "out_of_range", "pitch_class_entropy",
    "pitch_classes_per_bar", "pitch_range", "polyphony", "qualified_notes", "register", "same_note",
    "scale_consistency", "silent_roles", "struck_again", "summary", "syncopation", "table", "tonal_distance",
    "top_pitch", "turns", "usual_voicing", "velocity", "velocity_spread",
]  # fmt: skip

_PIECE: dict[str, Callable[[View], float]] = {
    "in key": in_key,
    "scale consistency": scale_consistency,
    "pitch class entropy": pitch_class_entropy,
    "clash rate": clash_rate,
    "chord-tone agreement": chord_tone_agreement,
    "groove consistency": groove_consistency,
    "drum pattern": drum_pattern,
    "chroma similarity": chroma_similarity,
    "best chroma match": best_chroma_match,
    "best earlier match": best_earlier_match,
    "distinct sections": distinct_sections,
    "silent roles": silent_roles,
    "stuck notes": lambda view: float(longest_note(view) > STUCK_TICKS),
    "one-tick notes": one_tick_notes,
    "out of range": out_of_range,
}
_ROLE: dict[str, tuple[Callable[[View, str], float], tuple[str, ...]]] = {
    "notes per bar": (notes_per_bar, ROLE_NAMES),
    "empty bars": (empty_bars, ROLE_NAMES),
    "syncopation": (syncopation, ROLE_NAMES),
    "velocity": (velocity, ROLE_NAMES),
    "velocity spread": (velocity_spread, ROLE_NAMES),
    "pitch classes per bar": (pitch_classes_per_bar, PITCHED),
    "qualified notes": (qualified_notes, PITCHED),
    "register": (register, PITCHED),
    "pitch range": (pitch_range, PITCHED),
    "polyphony": (polyphony, ("chords", "pad")),
    "struck again": (struck_again, ("chords", "pad")),
    "same note": (same_note, ("chords", "pad")),
    "ends together": (ends_together, ("chords", "pad")),
    "usual voicing": (usual_voicing, ("chords", "pad")),
    "cut short": (cut_short, ("melody",)),
    "turns": (turns, ("melody",)),
    "in cycles": (in_cycles, ("chords", "pad", "bass")),
    "motifs": (motifs, ("melody", "bass")),
    "duration": (duration, PITCHED),
    "top pitch": (top_pitch, PITCHED),
}

THEMES: dict[str, tuple[str, ...]] = {
    "tonality": ("scale consistency", "pitch class entropy"),
    "harmony": ("clash rate", "chord-tone agreement", "tonal distance, melody-chords", "tonal distance, melody-bass",
                "tonal distance, chords-bass"),
    "rhythm": ("groove consistency", "drum pattern", *(f"syncopation, {role}" for role in ROLE_NAMES)),
    "form": ("chroma similarity", "best chroma match", "best earlier match", "distinct sections"),
    "texture": (
        *(f"notes per bar, {role}" for role in ROLE_NAMES),
        *(f"{name}, {role}" for name in ("pitch classes per bar", "register", "duration") for role in PITCHED),
    ),
}  # fmt: skip
"""The metrics behind the distance to data, `protocol.composite`. Each theme counts alike, however many metrics it has:
a piece with no form is not saved by four registers. Velocities and alarms are left out."""

HEADLINE: tuple[str, ...] = tuple(name for names in THEMES.values() for name in names)


def table() -> dict[str, Callable[[View], float]]:
    """Name to metric, in the order of `summary`; a metric of a role or pair carries its name after a comma."""
    result = dict(_PIECE)
    for a, b in PAIRS:
        result[f"tonal distance, {a}-{b}"] = partial(tonal_distance, role=a, other=b)
    for name, (metric, roles) in _ROLE.items():
        for role in roles:
            result[f"{name}, {role}"] = _of_role(metric, role)
    return result


def _of_role(metric: Callable[[View, str], float], role: str) -> Callable[[View], float]:
    return lambda view: metric(view, role)


def summary(music: Music | View) -> dict[str, float]:
    """Every metric of one piece; NaN where one is not defined, as for a role that the piece does not have."""
    view = View.of(music)
    return {name: float(metric(view)) for name, metric in table().items()}
