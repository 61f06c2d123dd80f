"""From the events of one pitch of one channel to the notes that sound."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

NEVER = 1 << 60
"""The tick at which a pedal goes up that never does."""


class Sounding(NamedTuple):
    """A note in ticks of the file: where it is struck, where its sound ends, and how loud it is, 1 to 127."""

    start: int
    end: int
    velocity: int


@dataclass(frozen=True)
class Pedals:
    """What holds and ends the notes of a channel, in ticks.

    Args:
        sustain: (down, up) of the sustain pedal, one after another.
        sostenuto: (down, up) of the pedal that holds only what sounds when it goes down, likewise.
        releases: where all keys are let go.
        silences: where all sound ends.
    """

    sustain: tuple[tuple[int, int], ...] = ()
    sostenuto: tuple[tuple[int, int], ...] = ()
    releases: tuple[int, ...] = ()
    silences: tuple[int, ...] = ()

    def hold(self, start: int, end: int) -> int:
        """Where a note that is struck and let go at these ticks ends to sound."""
        place = bisect_right(self.sostenuto, (end - 1, NEVER)) - 1
        if place >= 0 and start < self.sostenuto[place][0] and end < self.sostenuto[place][1]:
            end = self.sostenuto[place][1]
        place = bisect_right(self.sustain, (end - 1, NEVER)) - 1  # the last one that is down before the end
        if place >= 0 and end < self.sustain[place][1]:
            end = self.sustain[place][1]
        place = bisect_right(self.silences, start)
        return min(end, self.silences[place]) if place < len(self.silences) else end


class Pairs(NamedTuple):
    """Notes in order, and how many of them a pedal makes longer, and how many are never ended."""

    notes: list[Sounding]
    held: int
    unended: int


def pair_notes(events: Sequence[tuple[int, int]], pedals: Pedals, end: int) -> Pairs:
    """The notes of one pitch, none longer than to the next that is struck.

    Note-offs belong to the notes in the order in which these were struck, as sequencers write them. So a note that is
    struck on the tick at which the last one of its pitch ends has its own length, whichever event stands first. Where
    there are fewer note-offs than notes, each ends all that were struck before it, as in a synthesiser. A note that is
    never ended is held to the end of the track. Note-offs that end nothing are passed over.

    Args:
        events: (tick, velocity) in the order of the file; velocity 0 is a note-off.
        pedals: of the channel.
        end: the tick at which the track ends.
    """
    struck: list[tuple[int, int, int | None]] = []  # start, velocity, end or None
    for group in _groups(events):
        struck += _pair_group(group)
    last = max([end, *(start for start, _, _ in struck)])
    result, held, unended = [], 0, 0
    starts = sorted({start for start, _, _ in struck})
    for start, velocity, stop in sorted(struck, key=lambda note: note[0]):
        place = bisect_right(starts, start)
        limit = starts[place] if place < len(starts) else None
        let_go = last if stop is None else stop
        place = bisect_right(pedals.releases, start)
        if place < len(pedals.releases):
            let_go = min(let_go, pedals.releases[place])
        until = pedals.hold(start, let_go)
        if until == NEVER:
            until = max(last, let_go)
        if limit is not None:
            until, let_go = min(until, limit), min(let_go, limit)
        held += until > let_go
        unended += stop is None and until == last
        result.append(Sounding(start, until, velocity))
    return Pairs(result, held, unended)


def _groups(events: Sequence[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """The events cut wherever no note is open; note-offs that end nothing, or double another, are left out."""
    groups: list[list[tuple[int, int]]] = [[]]
    opened: list[int] = []  # ticks of the open notes
    ended_at = -1
    later = _later(events)
    for index, (tick, velocity) in enumerate(events):
        if velocity:
            opened.append(tick)
            groups[-1].append((tick, velocity))
            continue
        if not opened or (opened[0] == tick and (ended_at == tick or _is_ended_later(events, later[index]))):
            continue
        if opened.pop(0) < tick:
            ended_at = tick
        groups[-1].append((tick, 0))
        if not opened:
            groups.append([])
    return groups


def _later(events: Sequence[tuple[int, int]]) -> list[int]:
    """Of each event the place of the first one on a later tick; past the end where there is none."""
    places = [len(events)] * len(events)
    for place in range(len(events) - 2, -1, -1):
        follows = events[place + 1][0] > events[place][0]
        places[place] = place + 1 if follows else places[place + 1]
    return places


def _is_ended_later(events: Sequence[tuple[int, int]], later: int) -> bool:
    """Whether a note-off on the tick of its note-on has another behind it, before the pitch is struck again.

    Args:
        later: the place of the first event on a later tick.
    """
    return later < len(events) and not events[later][1]


def _pair_group(group: Sequence[tuple[int, int]]) -> list[tuple[int, int, int | None]]:
    ons = [event for event in group if event[1]]
    offs = [tick for tick, velocity in group if not velocity]
    missing = len(ons) - len(offs)
    if missing == 0 or (missing == 1 and ons[-1][0] >= max(offs, default=0)):  # the last of them is never ended
        return [(tick, velocity, stop) for (tick, velocity), stop in zip(ons, [*offs, None], strict=False)]
    places = [bisect_right(offs, tick) for tick, _ in ons]
    return [(*on, offs[place] if place < len(offs) else None) for on, place in zip(ons, places, strict=True)]
