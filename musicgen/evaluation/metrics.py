"""Metrics over `Music`. Each says what it measures, its unit and range, and is NaN where it is not defined.

The traps are those of MuseGAN's and MusPy's metrics: most ignore order, and noise or holding still satisfies half of
them. So none is to be read alone; compare with held-out songs, and with `best_earlier_match` and `clash_rate`.
"""

from __future__ import annotations

import numpy as np

from musicgen.music import TICKS_PER_BAR, Music, Note
from musicgen.roles import ROLE_BY_NAME, ROLE_NAMES

PITCHED = tuple(name for name in ROLE_NAMES if name != "drums")
STUCK_TICKS = 4 * TICKS_PER_BAR
_STEP = 3  # a sixteenth
_MAJOR = frozenset({0, 2, 4, 5, 7, 9, 11})
_MINOR = frozenset({0, 2, 3, 5, 7, 8, 9, 10, 11})  # natural, harmonic and melodic together


def in_key(music: Music) -> float:
    """Share of pitched notes on the scale of the piece's key, 0 to 1; minor counts all three minor scales."""
    scale = _MINOR if music.key.mode == "minor" else _MAJOR
    notes = [note for role in PITCHED for note in music.notes(role)]
    return _mean([(note.pitch - music.key.tonic) % 12 in scale for note in notes])


def scale_consistency(music: Music) -> float:
    """Share of pitched notes on the major scale that fits best, 0 to 1 (MusPy, Dong et al. 2020)."""
    histogram = np.zeros(12)
    for role in PITCHED:
        for note in music.notes(role):
            histogram[note.pitch % 12] += 1
    if not histogram.sum():
        return float("nan")
    inside = [histogram[[(tonic + step) % 12 for step in _MAJOR]].sum() for tonic in range(12)]
    return float(max(inside) / histogram.sum())


def notes_per_bar(music: Music, role: str) -> float:
    """Notes a bar of a role, counting only bars in which it plays; NaN for a silent role."""
    notes = music.notes(role)
    bars = {note.onset // TICKS_PER_BAR for note in notes}
    return len(notes) / len(bars) if bars else float("nan")


def empty_bars(music: Music, role: str) -> float:
    """Share of bars in which a role begins no note, 0 to 1 (EB of MuseGAN, Dong et al. 2018)."""
    return 1 - len({note.onset // TICKS_PER_BAR for note in music.notes(role)}) / music.bars


def pitch_classes_per_bar(music: Music, role: str) -> float:
    """Mean number of pitch classes a role uses in the bars in which it plays, 1 to 12 (UPC of MuseGAN)."""
    used: dict[int, set[int]] = {}
    for note in music.notes(role):
        used.setdefault(note.onset // TICKS_PER_BAR, set()).add(note.pitch % 12)
    return _mean([len(classes) for classes in used.values()])


def qualified_notes(music: Music, role: str) -> float:
    """Share of a role's notes at least a thirty-second (1.5 ticks) long, 0 to 1 (QN of MuseGAN)."""
    return _mean([note.duration >= 2 for note in music.notes(role)])


def longest_note(music: Music) -> int:
    """Ticks of the longest pitched note, 0 for a piece without one; over `STUCK_TICKS` it is a stuck note."""
    return max((note.duration for role in PITCHED for note in music.notes(role)), default=0)


def silent_roles(music: Music) -> int:
    """How many of the piece's tracks have no note."""
    return sum(not track.notes for track in music.tracks)


def clash_rate(music: Music) -> float:
    """Share of sixteenths on which the melody is a semitone (or major seventh, minor ninth) from another role.

    Of the sixteenths on which melody and another pitched role sound, 0 to 1; NaN where they never do.
    """
    melody = _sounding(music, ("melody",))
    others = _sounding(music, ("chords", "pad", "bass"))
    both = melody.any(axis=1) & others.any(axis=1)
    near = np.roll(others, 1, axis=1) | np.roll(others, -1, axis=1)
    clash = (melody & near & ~others).any(axis=1)
    return float(clash[both].mean()) if both.any() else float("nan")


def chord_tone_agreement(music: Music) -> float:
    """Share of the melody's sixteenths whose pitch class another pitched role sounds at that moment, 0 to 1."""
    melody = _sounding(music, ("melody",))
    others = _sounding(music, ("chords", "pad", "bass"))
    both = melody.any(axis=1) & others.any(axis=1)
    return float((melody & others).any(axis=1)[both].mean()) if both.any() else float("nan")


def best_earlier_match(music: Music) -> float:
    """Mean over bars 2 and on of the highest similarity to an earlier bar, 0 to 1.

    Similarity of two bars is the Jaccard index of their (role, tick, pitch) onsets; two empty bars are left out.
    1 is a loop, real songs lie between, music that never comes back to anything is near 0.
    """
    bars: list[set[tuple[str, int, int]]] = [set() for _ in range(music.bars)]
    for track in music.tracks:
        for note in track.notes:
            bars[note.onset // TICKS_PER_BAR].add((track.role, note.onset % TICKS_PER_BAR, note.pitch))
    scores = []
    for index, bar in enumerate(bars[1:], 1):
        matches = [len(bar & earlier) / len(bar | earlier) for earlier in bars[:index] if bar | earlier]
        if bar and matches:
            scores.append(max(matches))
    return _mean(scores)


def onset_f1(original: Music, copy: Music, role: str) -> float:
    """F1 of a role's (onset, pitch) pairs, 0 to 1; NaN where neither piece has any."""
    a = {(note.onset, note.pitch) for note in original.notes(role)}
    b = {(note.onset, note.pitch) for note in copy.notes(role)}
    return 2 * len(a & b) / (len(a) + len(b)) if a or b else float("nan")


def summary(music: Music) -> dict[str, float]:
    """Every metric of one piece, per role where it is one of a role."""
    result = {
        "in key": in_key(music),
        "scale consistency": scale_consistency(music),
        "clash rate": clash_rate(music),
        "chord-tone agreement": chord_tone_agreement(music),
        "best earlier match": best_earlier_match(music),
        "silent roles": float(silent_roles(music)),
        "stuck notes": float(longest_note(music) > STUCK_TICKS),
    }
    for track in music.tracks:
        role = track.role
        result[f"notes per bar, {role}"] = notes_per_bar(music, role)
        result[f"empty bars, {role}"] = empty_bars(music, role)
        if not ROLE_BY_NAME[role].is_drums:
            result[f"pitch classes per bar, {role}"] = pitch_classes_per_bar(music, role)
            result[f"qualified notes, {role}"] = qualified_notes(music, role)
    return result


def _sounding(music: Music, roles: tuple[str, ...]) -> np.ndarray:
    """Which pitch classes sound on each sixteenth, bool, shape (16 * bars, 12)."""
    grid = np.zeros((music.ticks // _STEP, 12), bool)
    for role in roles:
        for note in music.notes(role):
            grid[_span(note), note.pitch % 12] = True
    return grid


def _span(note: Note) -> slice:
    first = note.onset // _STEP
    return slice(first, max(first + 1, -(-note.end // _STEP)))


def _mean(values: list) -> float:
    return float(np.mean(values)) if values else float("nan")
