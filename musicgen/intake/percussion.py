"""Which tracks of a foreign file are drums, and which of our sounds each of their notes is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from musicgen.midi_reading import ScoreTrack
from musicgen.roles import canonical_drum

_NAMED_KIT = re.compile(r"\b(drum(s|set|kit)?|kit|perc(ussion)?|beats?|batter(y|ie|ia)|schlagzeug)\b", re.IGNORECASE)
_NAMED_SOUNDS = (
    (re.compile(r"\b(kick|bass ?drum|bd)\b", re.IGNORECASE), 36),
    (re.compile(r"\b(snare|sd|rim ?shot)\b", re.IGNORECASE), 38),
    (re.compile(r"\bside ?stick\b", re.IGNORECASE), 37),
    (re.compile(r"\b(hand ?)?claps?\b", re.IGNORECASE), 39),
    (re.compile(r"\bopen(ed)? ?(hi-? ?)?hats?\b|\bohh?\b", re.IGNORECASE), 46),
    (re.compile(r"\b(hi-? ?)?hats?\b|\bc?hh\b", re.IGNORECASE), 42),
    (re.compile(r"\b(crash|splash|cymbals?)\b", re.IGNORECASE), 49),
    (re.compile(r"\bride\b", re.IGNORECASE), 51),
    (re.compile(r"\btoms?\b", re.IGNORECASE), 47),
    (re.compile(r"\btambourine?\b", re.IGNORECASE), 54),
    (re.compile(r"\bcow ?bell\b", re.IGNORECASE), 56),
    (re.compile(r"\b(shakers?|maracas?|cabasa)\b", re.IGNORECASE), 70),
)
_KICKS, _SNARES, _CYMBALS = {35, 36}, {37, 38, 39, 40}, {42, 44, 46, 49, 51, 53, 57, 59}
_LONGEST = 1.0
"""Beats that a stroke may last where nothing but the notes says that they are drums."""
_MOST_PITCHES = 24
_HAND_PERCUSSION = range(60, 82)
_EDGES = {22, 26}
_NO_SOUND = 0
"""A pitch that stands for no drum in any layout."""


def find_drums(tracks: Sequence[ScoreTrack], rhythm_map: str) -> list[ScoreTrack]:
    """The tracks, with those that are drums by their name or by what they play marked so, and their pitches ours.

    Args:
        rhythm_map: the layout of percussion on the drum channel, see `Score`.
    """
    result = []
    for track in tracks:
        if track.is_drums:
            result.append(_with_our_sounds(track, rhythm_map))
        elif (sound := _named_sound(track)) is not None:
            notes = tuple(replace(note, pitch=sound) for note in track.notes)
            result.append(replace(track, is_drums=True, program=0, notes=notes))
        elif _plays_a_kit(track, 0.3 if _NAMED_KIT.search(track.name) else 0.8):
            result.append(_with_our_sounds(replace(track, is_drums=True, program=0), rhythm_map))
        else:
            result.append(track)
    return result


def _with_our_sounds(track: ScoreTrack, rhythm_map: str) -> ScoreTrack:
    pitches = {note.pitch for note in track.notes}
    # a file that only says General MIDI may come from the pads of a kit; these have edges, and no hand percussion
    layout = "kit" if rhythm_map == "gm" and (pitches & _EDGES or not pitches & {*_HAND_PERCUSSION}) else rhythm_map
    notes = []
    for note in track.notes:
        sound = canonical_drum(note.pitch, layout)
        notes.append(replace(note, pitch=_NO_SOUND if sound is None else sound))
    return replace(track, notes=tuple(notes))


def _named_sound(track: ScoreTrack) -> int | None:
    """The drum of a track that is named after one and plays one pitch, whatever that is, as samplers do."""
    if len({note.pitch for note in track.notes}) > 1 or not 0 <= track.program < 8:
        return None
    return next((sound for pattern, sound in _NAMED_SOUNDS if pattern.search(track.name)), None)


def _plays_a_kit(track: ScoreTrack, share: float) -> bool:
    """Whether so much of a track is kicks, snares and cymbals of General MIDI, as drummers play them.

    A bass can have the pitches of a kit, but not its rhythm: a cymbal falls on a stroke of kick or snare at every few.
    """
    pitches = [note.pitch for note in track.notes]
    named = share < 0.5
    if named and all(canonical_drum(pitch) is not None for pitch in pitches):
        return True
    core = sum(pitch in _KICKS | _SNARES | _CYMBALS for pitch in pitches)
    if core < share * len(pitches) or len(set(pitches)) > _MOST_PITCHES:
        return False
    if named:
        return True
    lengths = sorted(note.end - note.start for note in track.notes)
    strokes = {note.start for note in track.notes if note.pitch in _KICKS | _SNARES}
    cymbals = [note.start for note in track.notes if note.pitch in _CYMBALS]
    together = sum(start in strokes for start in cymbals)
    return (
        bool(_KICKS & set(pitches) and _SNARES & set(pitches))
        and lengths[len(lengths) // 2] <= _LONGEST
        and len(cymbals) >= 0.2 * len(pitches)
        and together >= 0.2 * len(cymbals)
    )
