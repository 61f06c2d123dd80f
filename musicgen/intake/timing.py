"""Metre, bars and tempos of a foreign file, laid onto bars of one metre of ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from musicgen import codec
from musicgen.corpus import band
from musicgen.corpus.metres import TIME_SIGNATURES, TimeSignature
from musicgen.intake.words import count_of, is_or_are, some_of
from musicgen.midi_reading import DEFAULT_TEMPO, Score, ScoreTrack
from musicgen.music import FOUR_FOUR, MAX_BARS, TICKS_PER_QUARTER, Metre

TEMPO_RANGE = (30.0, 300.0)
"""Quarter notes a minute; what a foreign file says beyond that is taken as the nearer limit."""

_LOST = TimeSignature(FOUR_FOUR)
"""How time signatures are read that none of our metres is heard as."""
_NUMBERS = {2: "two", 3: "three", 4: "four"}
_MOVED = 0.05
"""Ticks from the grid that are no more than the rounding of a file's own resolution."""


@dataclass(frozen=True)
class Grid:
    """How a file is laid onto our bars.

    Args:
        metre: of our bars.
        scale: our quarter notes to one of the file.
        shift: our quarter notes to add so that bar lines are ours, 0 to the length of a bar.
    """

    metre: Metre
    scale: float
    shift: float

    def place(self, written: float) -> float:
        """Our quarter notes from a bar line to a place in the file's."""
        return written * self.scale + self.shift


def find_grid(score: Score, said: list[str]) -> Grid:
    """The bars of the longest stretch in the metre that most of a file has, in the metre that it is heard as.

    5/4, 7/8 and the like, which none of ours is heard as, are counted on in bars of 4/4.
    """
    changes = [*score.metres] if score.metres and score.metres[0][0] <= 0 else [(0.0, (4, 4)), *score.metres]
    changes = [change for change in changes if change[0] < score.end] or changes[:1]
    ends = [start for start, _ in changes[1:]] + [max(score.end, changes[-1][0] + 1e-6)]  # never all of no length
    stretches = [
        (start, end, "{}/{}".format(*metre)) for (start, metre), end in zip(changes, ends, strict=True) if end > start
    ]
    held: dict[str, float] = {}
    for start, end, name in stretches:
        held[name] = held.get(name, 0.0) + end - start
    name = max(held, key=lambda each: held[each])
    first, last = max(((start, end) for start, end, each in stretches if each == name), key=lambda s: s[1] - s[0])
    signature = TIME_SIGNATURES.get(name, _LOST)
    metre, scale = signature.metre, float(signature.scale)
    if not score.metres:
        said.append("The file states no metre: 4/4 is assumed.")
    elif signature is _LOST:
        said.append(f"The file is in {name}: beats keep their time, every four are a bar of 4/4, bar lines are lost.")
    elif sentence := _reading(name, signature):
        said.append(f"The file is in {name}: {sentence}.")
    bar = metre.quarters_per_bar

    def is_on_bars(start: float, each: str) -> bool:
        place = (start - first) * scale / bar
        return _follows(each, signature) and abs(place - round(place)) < 1e-6

    run_on = all(is_on_bars(start, each) for start, _, each in stretches)
    if others := sorted(each for each in held if each != name and not run_on):
        bars = count_of(int(np.ceil((last - first) * scale / bar - 1e-6)), "bar")
        said.append(
            f"The metre changes: what is in {some_of(others)} keeps its time, and the bars of {metre} run on through "
            f"it. Bar lines are those of the longest stretch in {name}, of {bars}."
        )
    return Grid(metre, scale, -first * scale % bar)


def _reading(name: str, signature: TimeSignature) -> str | None:
    """What a time signature becomes; None where its bars are ours, or two of them are one."""
    metre = signature.metre
    if signature.scale == 1:
        return f"two bars of it are one of {metre}" if signature.bars > 1 and name != "2/4" else None
    if signature.scale == Fraction(1, 2):
        return f"note values are halved, and a bar of it is one of {metre}"
    return f"a dotted quarter is a beat now, and {_NUMBERS[metre.beats_per_bar]} beats are a bar of {metre}"


def _follows(name: str, signature: TimeSignature) -> bool:
    """Whether bars of another time signature are bars of the same grid."""
    return name in TIME_SIGNATURES and signature is not _LOST and TIME_SIGNATURES[name].same_grid(signature)


def _starts(tracks: Sequence[ScoreTrack]) -> np.ndarray:
    return np.array([note.start for track in tracks for note in track.notes])


def skip_silence(score: Score, grid: Grid, said: list[str]) -> Grid:
    """The grid with its first bar where the first notes are."""
    # a note played just before a bar line belongs after it, as in `codec.quantise`
    bar = grid.metre.quarters_per_bar
    silent = int(np.floor((grid.place(_starts(score.tracks).min()) + 1 / 8) / bar))
    if silent:
        said.append(f"{count_of(silent, 'silent bar')} at the beginning {is_or_are(silent)} left out.")
    return replace(grid, shift=grid.shift - bar * silent)


def find_tempos(score: Score, grid: Grid, said: list[str]) -> list[tuple[int, float]]:
    """(tick, our quarter notes a minute) of the beginning, 0, and of each change before the last note ends."""
    end = min(score.end, (grid.metre.quarters_per_bar * MAX_BARS - grid.shift) / grid.scale)
    changes = [(grid.place(beat) * TICKS_PER_QUARTER, tempo * grid.scale) for beat, tempo in score.tempos_throughout
               if beat == 0 or beat < end]  # fmt: skip
    found = _on_ticks(changes)
    low, high = min(tempo for _, tempo in found), max(tempo for _, tempo in found)
    if not score.tempos:
        said.append(f"The file states no tempo: {low:g} beats a minute are assumed.")
    elif len(found) > 1:
        late = f" ({DEFAULT_TEMPO:g} before the first that it states)" if score.tempos[0][0] > 0 else ""
        said.append(
            f"The tempo changes, between {low:.4g} and {high:.4g} beats a minute{late}: it changes so here, too."
        )
    for tempo in dict.fromkeys((low, high)):
        if (limit := _within_range(tempo)) != tempo:
            said.append(f"The tempo of {tempo:.4g} beats a minute is {limit:g} now.")
    return [(tick, _within_range(tempo)) for tick, tempo in found]


def _within_range(tempo: float) -> float:
    return float(np.clip(tempo, *TEMPO_RANGE))


def _on_ticks(changes: Sequence[tuple[float, float]]) -> list[tuple[int, float]]:
    """Changes of the tempo on ticks of the grid from 0 on, after which everything is as late as it was.

    Args:
        changes: (place in ticks, quarter notes a minute), in order; the first counts for what is before it, too.
    """
    places, tempos = np.array(changes).T
    seconds = np.concatenate([[0.0], np.cumsum(np.diff(places) / tempos[:-1])])  # up to a factor
    inside = places[places > 0]
    ticks = np.unique(np.concatenate([[0], np.floor(inside), np.ceil(inside)])).astype(int)
    which = np.maximum(np.searchsorted(places, ticks, side="right") - 1, 0)
    heard = seconds[which] + (ticks - places[which]) / tempos[which]
    found: list[tuple[int, float]] = []
    for tick, exact in zip(ticks.tolist(), [*np.diff(ticks) / np.diff(heard), tempos[-1]], strict=True):
        tempo = round(60e6 / max(1, round(60e6 / exact)), 3)  # that of whole microseconds, as a file can say it
        if not found or found[-1][1] != tempo:
            found.append((tick, tempo))
    return found


def lay_out(score: Score, grid: Grid, slowest: float, said: list[str]) -> tuple[list[ScoreTrack], bool]:
    """The tracks in our quarter notes from a bar line on, cut after `MAX_BARS`; and whether they were played.

    Args:
        slowest: the slowest tempo, in our quarter notes a minute.
    """
    end = float(grid.metre.quarters_per_bar * MAX_BARS)
    tracks = []
    for track in score.tracks:
        moved = [replace(n, start=grid.place(n.start), end=min(grid.place(n.end), end)) for n in track.notes]
        tracks.append(replace(track, notes=tuple(n for n in moved if n.start < end - 1 / 8)))
    if later := sum(len(track.notes) for track in score.tracks) - sum(len(track.notes) for track in tracks):
        said.append(f"Of a longer piece the first {MAX_BARS} bars are taken, without {count_of(later, 'later note')}.")
    tracks = [track for track in tracks if track.notes]
    exact = _starts(tracks)
    human = codec.on_grid(exact) < band.MIN_ON_GRID
    stray = human and band.grid_error(exact) > band.MAX_GRID_ERROR
    human = human and not stray  # no beat to snap to: the nearest tick keeps the time best
    ticks = np.concatenate([codec.quantise(_starts([track]), human, grid.metre) for track in tracks])
    off = np.abs(ticks - exact * TICKS_PER_QUARTER)
    if moved_notes := int((off > _MOVED).sum()):
        most = 60_000 / slowest / TICKS_PER_QUARTER * float(off.max())
        steps = "sixteenths" if grid.metre.is_compound else "sixteenths or triplets, bar by bar"
        where = f"to {steps}" if human else "to the nearest twelfth of a quarter note"
        said.append(f"{count_of(moved_notes, 'note')} off the grid moved {where}, by {most:.0f} ms at most.")
    if stray:
        said.append("The notes do not follow the beat of the file: bar lines and beats mean little here.")
    return tracks, human
