"""Which of MMA's tracks plays which role, on the grid.

Roles are given to MMA's tracks by these rules, see `cast`:

- drums: the drum channel, each sound replaced by its class of `roles.canonical_drum`, 3 ticks long;
- bass: of the tracks named Bass or Walk the one that plays in most bars; bars that it leaves empty are filled
  from the others. Scale, Solo, Melody and Aria tracks are left out: they would quarrel with the melody;
- chords: of the Chord, Arpeggio, Strum and Plectrum tracks that play in at least half the bars the most
  rhythmic one (most distinct onsets), one named Sus, Pad or String only if there is no other; its empty bars
  are filled from the other comping tracks but the pad;
- pad: of the rest one with such a name, or else the one with the longest notes, filled in the same way. A lone
  harmonic track is chords.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from musicgen import codec
from musicgen.midi_reading import Score, ScoreNote, ScoreTrack
from musicgen.music import TICKS_PER_QUARTER, Metre, Note
from musicgen.roles import ROLE_BY_NAME, canonical_drum

DRUM_TICKS = 3
_GRID = (0, 3, 4, 6, 8, 9, 12)
"""Ticks within a quarter note that played music is drawn to: sixteenths and eighth triplets."""
_COMPOUND_GRID = (0, 3, 6, 9, 12)
"""The same in 6/8, whose beats are triple already."""
_HARMONY = ("chord", "arpeggio", "strum", "plectrum")


def _snap(quarters: float, metre: Metre) -> int:
    """The tick on the grid that is nearest to a time in quarter notes."""
    whole = math.floor(quarters)
    return whole * TICKS_PER_QUARTER + _nearest(round((quarters - whole) * TICKS_PER_QUARTER, 6), metre.is_compound)


@cache
def _nearest(part: float, is_compound: bool) -> int:
    """The tick of the grid nearest to a place in a quarter note, in ticks, an even one of two that are as near."""
    return min(_COMPOUND_GRID if is_compound else _GRID, key=lambda tick: (abs(tick - part), tick % 2))


def _clean(notes: Sequence[ScoreNote], low: int, high: int, limit: int, metre: Metre) -> tuple[Note, ...]:
    """Notes on the grid and in a role's range: of equal ones the longest, each cut where its pitch comes again."""
    best: dict[tuple[int, int], tuple[int, int]] = {}  # onset, pitch -> duration, velocity
    for note in notes:
        onset = _snap(max(0.0, note.start), metre)
        duration = max(1, min(round(note.end * TICKS_PER_QUARTER), limit) - onset)
        place = onset, codec.fold(note.pitch, low, high)
        if onset < limit:
            best[place] = max(best.get(place, (0, 0)), (duration, min(127, max(1, note.velocity))))
    return cut_at_repeats([Note(onset, pitch, *values) for (onset, pitch), values in best.items()])


def cut_at_repeats(notes: Sequence[Note]) -> tuple[Note, ...]:
    """The notes, sorted, each ending at the latest where the next of its pitch begins."""
    following: dict[int, int] = {}
    out = []
    for note in sorted(notes, reverse=True):
        out.append(note._replace(duration=min(note.duration, following.get(note.pitch, note.end) - note.onset)))
        following[note.pitch] = note.onset
    return tuple(sorted(out))


def drum_notes(score: Score, limit: int, metre: Metre) -> tuple[Note, ...]:
    """The loudest of the hits of each drum at each tick."""
    loudest: dict[tuple[int, int], int] = {}  # onset, pitch -> velocity
    for track in score.tracks:
        for note in track.notes if track.is_drums else ():
            pitch, onset = canonical_drum(note.pitch), _snap(max(0.0, note.start), metre)
            if pitch is not None and onset < limit:
                loudest[onset, pitch] = max(loudest.get((onset, pitch), 1), note.velocity)
    return cut_at_repeats([Note(onset, pitch, DRUM_TICKS, velocity) for (onset, pitch), velocity in loudest.items()])


def cast(score: Score, limit: int, metre: Metre) -> dict[str, tuple[int, tuple[Note, ...]]]:
    """Role name to (program, notes) for chords, pad and bass, by the rules at the top of this file.

    Args:
        score: what MMA played, in quarter notes.
        limit: the tick at which the song ends.
        metre: of the song.
    """
    families: dict[str, list[ScoreTrack]] = defaultdict(list)
    for track in score.tracks:
        name = re.split(r"[-\s\d]", track.name.lower())[0]
        if track.is_drums:
            continue
        track = replace(track, notes=_together(track.notes))
        family = "bass" if name in ("bass", "walk") else "harmony" if name in _HARMONY else "other"
        families[family].append(track)

    half = limit / metre.ticks_per_bar / 2
    # a first part is judged by how many bars it plays in (bass) or by its rhythm (chords), ties by the file's order
    bass = sorted(families["bass"], key=lambda track: -len(_bars(track.notes, metre)))
    comping = sorted(
        families["harmony"],
        key=lambda track: (
            len(_bars(track.notes, metre)) < half,
            _is_pad(track),
            -len({_snap(note.start, metre) for note in track.notes}),
        ),
    )
    chords, rest = comping[:1], comping[1:]
    rest = sorted(
        rest, key=lambda track: (len(_bars(track.notes, metre)) < half, not _is_pad(track), -_mean_length(track))
    )
    pad = rest[:1]
    chosen = {"chords": chords + rest[1:], "pad": pad + rest[1:], "bass": bass}
    roles: dict[str, tuple[int, tuple[Note, ...]]] = {}
    taken: set[int] = set()  # bars in which a spare track already plays for the chords
    for role, parts in chosen.items():
        if not parts or (role == "pad" and not pad):
            continue
        filled: list[ScoreNote] = []
        bars: set[int] = set()
        for place, track in enumerate(parts):
            spare = place > 0 and role != "bass"
            mine = _bars(track.notes, metre) - bars - (taken if spare and role == "pad" else set())
            filled += [note for note in track.notes if _bar(note, metre) in mine]
            bars |= mine
            if spare:
                taken |= mine
        notes = _clean(filled, ROLE_BY_NAME[role].low, ROLE_BY_NAME[role].high, limit, metre)
        if notes:
            roles[role] = (parts[0].program, notes)
    return roles


def _is_pad(track: ScoreTrack) -> bool:
    """MMA's library names sustained parts Chord-Sus, and so do others in their way."""
    return re.search("sus|pad|string", track.name.lower()) is not None


def _together(notes: Sequence[ScoreNote]) -> tuple[ScoreNote, ...]:
    """Strummed strings, which follow each other by a fraction of a tick, all moved to the first of their stroke."""
    out: list[ScoreNote] = []
    last, first = -1.0, -1.0
    for note in sorted(notes):
        if note.start - last > 0.7 / TICKS_PER_QUARTER or note.start - first > 2.5 / TICKS_PER_QUARTER:
            first = note.start
        last = note.start
        out.append(replace(note, start=first))
    return tuple(out)


def _bar(note: ScoreNote, metre: Metre) -> int:
    return _snap(max(0.0, note.start), metre) // metre.ticks_per_bar


def _bars(notes: Sequence[ScoreNote], metre: Metre) -> set[int]:
    return {_bar(note, metre) for note in notes}


def _mean_length(track: ScoreTrack) -> float:
    return sum(note.end - note.start for note in track.notes) / max(1, len(track.notes))


__all__ = ["DRUM_TICKS", "cast", "cut_at_repeats", "drum_notes"]
