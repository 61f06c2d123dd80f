"""Which tracks of a foreign file play which role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from musicgen.corpus import band
from musicgen.intake.words import count_of, is_or_are, name_of, some_of
from musicgen.midi_reading import ScoreNote, ScoreTrack
from musicgen.music import TICKS_PER_QUARTER, Track
from musicgen.roles import ROLE_BY_NAME, canonical_drum

LABELS = {role.label: role.name for role in ROLE_BY_NAME.values()}
"""Name of a track in a file of ours to role name."""
SPLIT_PITCH = 55
"""Where one track plays everything, the bass is below this pitch (G3) and the melody is not."""
LEAST_FIT = -1.0
"""Least of `band.role_scores` with which a track that would give way takes a role nobody has: a held single line can
be all the chords there are, but a flute is no bass."""


def cast(tracks: list[ScoreTrack], end: float, ours: bool, said: list[str]) -> dict[str, list[ScoreTrack]]:
    """Tracks of each role, the best first.

    Args:
        ours: whether a file of ours was changed elsewhere, so that the names of its tracks are their roles.
    """
    _say_instruments(tracks, said)
    if ours and all(track.name in LABELS and track.is_drums == (track.name == "Drums") for track in tracks):
        roles = {role: [track for track in tracks if LABELS[track.name] == role] for role in ROLE_BY_NAME}
    else:
        roles = band.assign_roles(tracks, end)
    taken = {id(track) for found in roles.values() for track in found}
    left = [track for track in tracks if id(track) not in taken]
    if not taken:  # nothing but effects and the like: a piano can play them
        roles, left = band.assign_roles([replace(track, name="", program=0) for track in left], 0.0), []
        said.append("No track fits a role: a piano plays them.")
    if left:
        names = [f"{name_of(track)} ({count_of(len(track.notes), 'note')})" for track in left]
        said.append(f"Left out, as no role plays them: {some_of(names)}.")
    _spread(roles, end)
    pitched = [track for role, found in roles.items() for track in found if role != "drums"]
    if len(pitched) == 1 and band.facts(pitched[0], end).polyphony >= 1.25:
        lines = _split(pitched[0])
        roles |= {role: [replace(pitched[0], notes=notes)] if notes else [] for role, notes in lines.items()}
        parts = ", ".join(f"{role} {count_of(len(notes), 'note')}" for role, notes in lines.items() if notes)
        said.append(f"{name_of(pitched[0])} plays everything: it is taken apart by register ({parts}).")
    elif any(track.name != ROLE_BY_NAME[role].label for role, found in roles.items() for track in found):
        found = [f"{role} from {some_of([name_of(t) for t in tracks])}" for role, tracks in roles.items() if tracks]
        said.append(f"Roles: {'; '.join(found)}.")
    return roles


def _say_instruments(tracks: Sequence[ScoreTrack], said: list[str]) -> None:
    for track in tracks:
        if track.channels > 1:
            said.append(f"{name_of(track)} is dealt over {track.channels} channels: it is one instrument.")
        if track.programs and not track.is_drums:
            numbers = ", ".join(str(program + 1) for program in track.programs[:8])
            said.append(
                f"{name_of(track)} changes its instrument (programs {numbers}): it is program {track.program + 1}"
                " throughout, which most of its notes have."
            )


def _spread(roles: dict[str, list[ScoreTrack]], end: float) -> None:
    """Give roles that no track fits best to tracks that would give way to a better one of their own, if they fit."""
    while True:
        spare = [(track, found) for role, found in roles.items() if role != "drums" for track in found[1:]]
        free = [role for role, found in roles.items() if role != "drums" and not found]
        fits = [
            (band.role_scores(track, band.facts(track, end))[role], -index, role)
            for index, (track, _) in enumerate(spare)
            for role in free
        ]
        score, index, role = max(fits, default=(-np.inf, 0, ""))
        if score < LEAST_FIT:
            return
        track, found = spare[-index]
        found.remove(track)
        roles[role].append(track)


def _split(track: ScoreTrack) -> dict[str, tuple[ScoreNote, ...]]:
    """One track as melody (its skyline: no higher note sounds), bass (no lower one does, below G3) and chords."""
    lines: dict[str, list[ScoreNote]] = {"melody": [], "chords": [], "pad": [], "bass": []}
    by_onset: dict[int, list[ScoreNote]] = {}
    for note in track.notes:
        by_onset.setdefault(round(note.start * TICKS_PER_QUARTER), []).append(note)
    top = bottom = None
    for onset in sorted(by_onset):
        low, *inner = sorted(by_onset[onset], key=lambda note: note.pitch)
        high = inner.pop() if inner else low
        start = high.start + 1 / TICKS_PER_QUARTER
        rest = inner
        if high.pitch >= SPLIT_PITCH and not (top and top.end > start and top.pitch > high.pitch):
            top = high
            lines["melody"].append(high)
        elif high is not low:
            rest = [*rest, high]
        if low.pitch < SPLIT_PITCH and not (bottom and bottom.end > start and bottom.pitch < low.pitch):
            bottom = low
            lines["bass"].append(low)
        elif low is not top:
            rest = [low, *rest]
        lines["chords"].extend(rest)
    return {role: tuple(sorted(notes)) for role, notes in lines.items()}


def say_losses(part: Track, candidates: Sequence[ScoreTrack], said: list[str]) -> None:
    limits = ROLE_BY_NAME[part.role]
    if limits.is_drums:
        sounds = [canonical_drum(note.pitch) for track in candidates for note in track.notes]
        if unknown := sounds.count(None):
            said.append(
                f"{count_of(unknown, 'note')} of percussion that no drum stands for {is_or_are(unknown)} left out."
            )
        return
    pitches = [note.pitch for note in candidates[0].notes]
    if shift := band.register_shift(pitches, limits.low, limits.high):
        way = f"{count_of(abs(shift) // 12, 'octave')} {'up' if shift > 0 else 'down'}"
        said.append(f"The {part.role} as a whole ({count_of(len(pitches), 'note')}) moved {way}, into its range.")
    lost = sum(len(track.notes) for track in candidates) - len(part.notes)
    if lost > 0 and len(candidates) > 1:
        tracks = count_of(len(candidates), "track")
        said.append(f"{tracks} play the {part.role}, in each bar one of them: {count_of(lost, 'note')} give way.")
