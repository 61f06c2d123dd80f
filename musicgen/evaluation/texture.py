"""Texture: how much plays, where and how loud. EB, UPC, QN and DP are those of MuseGAN (Dong et al., AAAI 2018).

None of these hears order or harmony: bars glued together from different songs score like songs.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np

from musicgen.codec import DURATIONS
from musicgen.evaluation.view import DURATION, ONSET, PITCH, PITCHED, STEP, VELOCITY, View, mean, sounding
from musicgen.music import Music
from musicgen.roles import ROLE_BY_NAME

STUCK_TICKS = DURATIONS[-1]
_PAIRS = 8


def empty_bars(music: Music | View, role: str) -> float:
    """Share of bars in which a role begins no note, 0 to 1; NaN if the piece has no such track. EB of MuseGAN.

    MuseGAN's piano rolls cannot tell a held note from a new one, so there a bar under a held note is not empty.
    """
    view = View.of(music)
    return 1 - len(view.active_bars(role)) / view.bars if role in view.roles else float("nan")


def pitch_classes_per_bar(music: Music | View, role: str) -> float:
    """Mean number of pitch classes that begin in a bar, over bars in which the role plays, 1 to 12. UPC of MuseGAN.

    MuseGAN counts empty bars as 0, which mixes this with EB; here they are left out.
    """
    view = View.of(music)
    notes = view.notes(role)
    pairs = np.unique(notes[:, ONSET] // view.bar * 12 + notes[:, PITCH] % 12)
    return len(pairs) / len(np.unique(pairs // 12)) if len(pairs) else float("nan")


def qualified_notes(music: Music | View, role: str) -> float:
    """Share of a role's notes at least a thirty-second (1.5 ticks) long, 0 to 1. QN of MuseGAN.

    There it finds notes that a threshold has cut to pieces; here notes are made whole, so it finds only blips.
    """
    return mean(View.of(music).notes(role)[:, DURATION] >= 2)


def drum_pattern(music: Music | View) -> float:
    """Share of drum hits on the sixteenths of the bar (which hold the eighths), 0 to 1. DP of MuseGAN.

    Onsets only, and no tolerance of a neighbouring tick: written triplets count against it, as they do there.
    """
    return mean(View.of(music).notes("drums")[:, ONSET] % STEP == 0)


def notes_per_bar(music: Music | View, role: str) -> float:
    """Notes a bar of a role, over bars in which it plays; NaN for a silent role."""
    view = View.of(music)
    bars = len(view.active_bars(role))
    return len(view.notes(role)) / bars if bars else float("nan")


def register(music: Music | View, role: str) -> float:
    """Mean MIDI pitch of a role's notes, 0 to 127; for a key-normalised comparison see `protocol`."""
    return mean(View.of(music).notes(role)[:, PITCH])


def pitch_range(music: Music | View, role: str) -> float:
    """Semitones from a role's lowest to its highest note."""
    pitches = View.of(music).notes(role)[:, PITCH]
    return float(np.ptp(pitches)) if len(pitches) else float("nan")


def polyphony(music: Music | View, role: str) -> float:
    """Mean number of notes that sound together, over sixteenths on which the role sounds, from 1 (MusPy, 2020)."""
    view = View.of(music)
    count = sounding(view.notes(role), view.steps, 1)[:, 0]
    return mean(count[count > 0])


def struck_again(music: Music | View, role: str) -> float:
    """Share of a role's chords that have the same notes as the chord before them in the same half bar, 0 to 1.

    Chords of two notes or more that begin together; NaN where none follows another.
    """
    metre = View.of(music).music.metre
    chords = {onset: set(pitches) for onset, pitches in _together(music, role, PITCH).items()}

    def half(onset: int) -> tuple[int, bool]:
        bar, tick = divmod(onset, metre.ticks_per_bar)
        return bar, tick >= metre.half_bar

    when = [onset for onset in sorted(chords) if len(chords[onset]) > 1]
    pairs = [(a, b) for a, b in pairwise(when) if half(a) == half(b)]
    return mean([chords[a] == chords[b] for a, b in pairs])


def same_note(music: Music | View, role: str) -> float:
    """Share of a role's notes that begin alone and repeat a note that did so up to half a bar before, with nothing in
    between, 0 to 1: little in broken chords. NaN for fewer than eight such pairs, which no broken chords make."""
    view = View.of(music)
    notes, half = view.notes(role), view.music.metre.half_bar
    onsets, first, count = np.unique(notes[:, ONSET], return_index=True, return_counts=True)
    near = (np.diff(onsets) <= half) & (count[1:] == 1) & (count[:-1] == 1)
    return mean(np.diff(notes[first, PITCH])[near] == 0) if near.sum() >= _PAIRS else float("nan")


def ends_together(music: Music | View, role: str) -> float:
    """Share of a role's chords, of two notes or more that begin together, whose notes have one length, 0 to 1."""
    chords = _together(music, role, DURATION).values()
    return mean([len(set(lengths)) == 1 for lengths in chords if len(lengths) > 1])


def usual_voicing(music: Music | View, role: str) -> float:
    """Share of a role's chords, of two notes or more that begin together, that have the pitches that chords of their
    pitch classes have most often, 0 to 1."""
    voicings: dict[frozenset[int], Counter[frozenset[int]]] = {}
    for pitches in _together(music, role, PITCH).values():
        if len(pitches) > 1:
            voicings.setdefault(frozenset(pitch % 12 for pitch in pitches), Counter())[frozenset(pitches)] += 1
    usual = sum(max(found.values()) for found in voicings.values())
    return usual / sum(found.total() for found in voicings.values()) if voicings else float("nan")


def cut_short(music: Music | View, role: str) -> float:
    """Share of a role's notes that last half of the time to the next one, or less, 0 to 1: hardly any of a melody's."""
    longest = {onset: max(lengths) for onset, lengths in _together(music, role, DURATION).items()}
    return mean([2 * longest[here] <= after - here for here, after in pairwise(sorted(longest))])


def turns(music: Music | View, role: str) -> float:
    """Share of a line's moves, from its highest note to that of the next onset, whose direction is not that of the
    move before, 0 to 1; repeated notes are left out."""
    way = np.sign(np.diff([max(pitches) for _, pitches in sorted(_together(music, role, PITCH).items())]))
    way = way[way != 0]
    return mean(way[1:] != way[:-1])


def duration(music: Music | View, role: str) -> float:
    """Mean length of a role's notes in quarter notes."""
    return mean(View.of(music).notes(role)[:, DURATION]) / (4 * STEP)


def velocity(music: Music | View, role: str) -> float:
    """Mean MIDI velocity of a role's notes, 1 to 127."""
    return mean(View.of(music).notes(role)[:, VELOCITY])


def velocity_spread(music: Music | View, role: str) -> float:
    """Standard deviation of a role's MIDI velocities; 0 is a machine that hits everything alike."""
    values = View.of(music).notes(role)[:, VELOCITY]
    return float(values.std()) if len(values) else float("nan")


def longest_note(music: Music | View) -> int:
    """Ticks of the longest pitched note, 0 for a piece without one; over `STUCK_TICKS` it is a stuck note."""
    return int(View.of(music).pitched[:, DURATION].max(initial=0))


def silent_roles(music: Music | View) -> int:
    """How many of the piece's tracks have no note."""
    view = View.of(music)
    return sum(not len(view.notes(role)) for role in view.roles)


def one_tick_notes(music: Music | View) -> float:
    """Share of pitched notes that last a single tick, 0 to 1: fragments."""
    return mean(View.of(music).pitched[:, DURATION] == 1)


def top_pitch(music: Music | View, role: str) -> float:
    """Share of a role's notes on its most frequent pitch, 0 to 1."""
    pitches = View.of(music).notes(role)[:, PITCH]
    return float(np.bincount(pitches).max() / len(pitches)) if len(pitches) else float("nan")


def out_of_range(music: Music | View) -> float:
    """Share of pitched notes outside the range of their role in `roles`, 0 to 1."""
    view = View.of(music)
    outside = [
        (view.notes(role)[:, PITCH] < ROLE_BY_NAME[role].low) | (view.notes(role)[:, PITCH] > ROLE_BY_NAME[role].high)
        for role in PITCHED
    ]
    return mean(np.concatenate(outside))


def _together(music: Music | View, role: str, column: int) -> dict[int, list[int]]:
    """A column of a role's notes, by the onset at which they begin together."""
    found: dict[int, list[int]] = {}
    for onset, value in View.of(music).notes(role)[:, [ONSET, column]].tolist():
        found.setdefault(onset, []).append(value)
    return found
