"""Notes on the grid as a musician writes them: voices, bars, note values, dots, ties, triplets and beams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from musicgen.music import FOUR_FOUR, TICKS_PER_QUARTER, Key, Metre, Note

_STEPS = "FCGDAEB"  # in fifths
# ticks to (name, dots), longest first; the note values of a triplet are half as long again as they sound
_PLAIN = {48: ("whole", 0), 36: ("half", 1), 24: ("half", 0), 18: ("quarter", 1), 12: ("quarter", 0), 9: ("eighth", 1),
          6: ("eighth", 0), 3: ("16th", 0)}  # fmt: skip
_TRIPLET = {16: ("half", 0), 12: ("quarter", 1), 8: ("quarter", 0), 6: ("eighth", 1), 4: ("eighth", 0), 3: ("16th", 1),
            2: ("16th", 0), 1: ("32nd", 0)}  # fmt: skip
_EIGHTH, _DOTTED = 6, 18
"""Ticks of an eighth and of a dotted quarter note."""
_FLAGS = {"eighth": 1, "16th": 2, "32nd": 3}


@dataclass(frozen=True)
class Head:
    """One note of a chord: what sounds, and whether it is tied from the last event and to the next."""

    note: Note
    tied_from: bool
    tied_to: bool


@dataclass(frozen=True)
class Event:
    """A chord or, without heads, a rest.

    Args:
        start, ticks: its place in the bar and its length.
        heads: what sounds, lowest first.
        kind, dots: the note value, such as ("eighth", 1).
        triplet: length in ticks of the bracket of three in the time of two that it is in, 0 for none.
        opens, closes: whether it is the first and the last in its bracket.
        beams: for each beam from the first: "begin", "continue", "end", "forward hook" or "backward hook".
    """

    start: int
    ticks: int
    heads: tuple[Head, ...]
    kind: str
    dots: int
    triplet: int = 0
    opens: bool = False
    closes: bool = False
    beams: tuple[str, ...] = ()


def spelled(pitch: int, key: Key) -> tuple[str, int, int]:
    """Step, alteration in semitones and octave of a MIDI pitch in a key: of the names of a pitch the nearest to the
    key on the line of fifths, leading notes of minor keys raised.
    """
    lowest = key.fifths - (3 if key.mode == "minor" else 4)
    place = next(place for place in range(lowest, lowest + 12) if 7 * place % 12 == pitch % 12)
    alter = (place + 1) // 7
    return _STEPS[(place + 1) % 7], alter, (pitch - alter) // 12 - 1


def voices(notes: Iterable[Note], most: int) -> list[list[Note]]:
    """Notes as at most `most` voices, the notes of a chord (same onset and duration) together, high ones first.

    Where more than `most` chords overlap, the last voice has several that do.
    """
    chords: dict[tuple[int, int], list[Note]] = defaultdict(list)
    for note in notes:
        chords[note.onset, note.duration].append(note)
    found: list[list[Note]] = [[] for _ in range(most)]
    ends = [0] * most
    for (onset, duration), chord in sorted(chords.items(), key=lambda item: (item[0][0], -item[1][-1].pitch)):
        chosen = next((voice for voice in range(most) if ends[voice] <= onset), most - 1)
        found[chosen] += chord
        ends[chosen] = max(ends[chosen], onset + duration)
    return [voice for voice in found if voice]


def written(voice: Sequence[Note], bars: int, metre: Metre = FOUR_FOUR, tied: bool = True) -> list[list[Event]]:
    """A voice as the events of each bar, which fill it; a note that rings past the last bar line is cut there.

    Where notes overlap each is cut into tied ones at the beginnings and ends of the others, so that at any time there
    is one chord. Lengths are exact: what is not in sixteenths is in triplets.

    Args:
        voice: the notes.
        bars: the length of the piece.
        metre: of the piece; beats stay visible, and what is beamed is within one.
        tied: cut notes are tied; otherwise the first part is all there is, as for drums.
    """
    length = metre.ticks_per_bar
    end = bars * length
    notes = [note._replace(duration=min(note.duration, end - note.onset)) for note in sorted(voice)]
    cuts = {tick for note in notes for tick in (note.onset, note.end)} | set(range(0, end + 1, length))
    bounds = sorted(cuts)
    inside: list[set[int]] = [set() for _ in range(bars)]
    for tick in bounds[:-1]:
        inside[tick // length].add(tick % length)
    parts = 3 if metre.beats_per_bar == 3 else 2
    regions = [_regions(0, length, found, parts) for found in inside]
    result: list[list[Event]] = [[] for _ in range(bars)]
    sounding: list[Note] = []
    coming = 0
    for start, stop in pairwise(bounds):
        sounding = [note for note in sounding if note.end > start]
        while coming < len(notes) and notes[coming].onset == start:
            sounding.append(notes[coming])
            coming += 1
        bar = start // length
        first = bar * length
        is_rest = not (sounding if tied else any(note.onset == start for note in sounding))
        for at, ticks, bracket in _pieces(start - first, stop - first, regions[bar], metre, is_rest):
            heads = tuple(
                Head(note, note.onset < first + at, tied and note.end > first + at + ticks)
                for note in sorted(sounding, key=lambda note: note.pitch)
                if tied or note.onset == first + at
            )
            kind, dots = (_TRIPLET if bracket else _PLAIN)[ticks]
            where = bracket or (0, 0)
            opens, closes = bracket is not None and at == where[0], bracket is not None and at + ticks == sum(where)
            result[bar].append(Event(at, ticks, heads, kind, dots, where[1], opens, closes))
    return [_beamed(bar, metre.ticks_per_beat) for bar in result]


def _regions(start: int, length: int, cuts: set[int], parts: int = 2) -> list[tuple[int, int, bool]]:
    """A part of a bar as (start, length, is a triplet), the triplets as short or as plain as the cuts let them be.

    Args:
        parts: of how many equal parts it consists, such as the three beats of a bar of 3/4.
    """
    inside = {cut - start for cut in cuts if start < cut < start + length}
    if all(cut % 3 == 0 for cut in inside):
        return [(start, length, False)]
    third = length // 3
    if length == 2 * TICKS_PER_QUARTER and inside == {third, 2 * third}:
        return [(start, length, True)]
    if length > TICKS_PER_QUARTER or (length == TICKS_PER_QUARTER and length // 2 in inside):
        step = length // parts
        inner = 3 if step == _DOTTED else 2
        found = [region for part in range(parts) for region in _regions(start + part * step, step, cuts, inner)]
        joined = [found[0]]
        for part in found[1:]:  # plain neighbours are one
            before = joined[-1]
            if before[2] or part[2]:
                joined.append(part)
            else:
                joined[-1] = (before[0], before[1] + part[1], False)
        return joined
    return [(start, length, True)]


def _pieces(
    start: int, stop: int, regions: Iterable[tuple[int, int, bool]], metre: Metre, is_rest: bool
) -> Iterable[tuple[int, int, tuple[int, int] | None]]:
    """What one chord is cut into: (start, ticks, (start, length) of its bracket or None)."""
    for first, length, triplet in regions:
        at, end = max(start, first), min(stop, first + length)
        while at < end:
            values = _TRIPLET if triplet else _PLAIN
            ticks = next(
                value for value in values if value <= end - at and (triplet or _readable(at, value, metre, is_rest))
            )
            yield at, ticks, (first, length) if triplet else None
            at += ticks


def _readable(at: int, ticks: int, metre: Metre, is_rest: bool) -> bool:
    """May a plain note value stand here?

    Beats stay visible, and in 4/4 the middle of the bar where a note is off the beat. In 3/4 and 6/8 rests are of one
    beat at most, or of the whole bar, and rests within a beat of 6/8 begin with it or are of an eighth at most.
    """
    beat = metre.ticks_per_beat
    if metre != FOUR_FOUR and ticks == metre.ticks_per_bar:
        return True
    if metre.is_compound:
        eighths = at % (beat if is_rest else _EIGHTH) == 0 or ticks <= _EIGHTH
        return ticks <= beat and at % beat + ticks <= beat and eighths
    if is_rest and metre != FOUR_FOUR and ticks > beat:
        return False
    if ticks < beat:
        return at % beat + ticks <= beat
    if at % beat == 0:
        return True
    middle = metre.ticks_per_bar // 2 if metre == FOUR_FOUR else 0
    return at % _EIGHTH == 0 and ticks <= _DOTTED and (at + ticks <= middle or at >= middle)


def _beamed(events: list[Event], ticks_per_beat: int) -> list[Event]:
    """The same events with beams: neighbours within a beat that have flags."""
    result = list(events)
    groups: dict[int, list[list[int]]] = defaultdict(lambda: [[]])
    for index, event in enumerate(events):
        beat = groups[event.start // ticks_per_beat]
        if event.heads and event.kind in _FLAGS:
            beat[-1].append(index)
        else:
            beat.append([])
    for group in (group for beat in groups.values() for group in beat if len(group) > 1):
        flags = [_FLAGS[events[index].kind] for index in group]
        for place, index in enumerate(group):
            left = flags[place - 1] if place else 0
            right = flags[place + 1] if place + 1 < len(group) else 0
            beams = tuple(_beam(left >= level, right >= level, place) for level in range(1, flags[place] + 1))
            result[index] = replace(events[index], beams=beams)
    return result


def _beam(left: bool, right: bool, place: int) -> str:
    if left or right:
        return "continue" if left and right else "end" if left else "begin"
    return "backward hook" if place else "forward hook"
