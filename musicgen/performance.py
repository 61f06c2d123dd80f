"""How people play: notes on the grid to notes as a band plays them, a little early or late, louder and softer.

What is on the grid stays as it is; this says when and how loud it sounds. The table `performance.json` was learned from
drummers and from tracks that were played in, by `python -m musicgen.training.performing`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from musicgen.errors import MusicgenError
from musicgen.music import CELL_TICKS, TICKS_PER_QUARTER, Metre, Music, Note, Track
from musicgen.roles import ROLE_BY_NAME, ROLE_NAMES, STYLE_NAMES, canonical_drum

STRAIGHT, TRIPLET = 50.0, 67.0
"""Least and most `swing`: where the second half of a beat begins, in per cent of the beat."""
PHASES = 12
"""Places within a beat."""
DRUM_GROUPS: dict[str, tuple[int, ...]] = {
    "kick": (36,), "snare": (38,), "side stick": (37, 39), "closed hi-hat": (42,), "pedal hi-hat": (44,),
    "open hi-hat": (46,), "toms": (45, 47, 50), "crash": (49,), "ride": (51, 53),
    "percussion": (54, 56, 70, 62, 64, 75, 81),
}  # fmt: skip
"""Drums that are played alike, by their pitches of `roles.DRUM_PITCHES`."""
GROUPS: tuple[str, ...] = (*DRUM_GROUPS, *(name for name in ROLE_NAMES if not ROLE_BY_NAME[name].is_drums))
"""What is told apart: groups of drums, and the other roles."""
_GROUP_OF_DRUM = {pitch: group for group, (_, pitches) in enumerate(DRUM_GROUPS.items()) for pitch in pitches}
_BEATS = 3  # the first beat of a bar, the one in its middle, the others
PLACES = _BEATS * PHASES
NORMAL = np.linspace(-2.5, 2.5, 15)
"""Standard normal numbers at which the shapes of distributions are kept."""
USUAL_TEMPO = 110.0
"""Quarter notes a minute; spreads are told relative to it."""
USUAL = 40.0
"""Per cent of what people do that a visitor's pieces get: see docs/performance.md."""
PROGRAMMED = ("dance", "game")
"""Styles whose music is made by machines, on the grid."""
FILL = 0.2
"""However much the notes already differ in loudness, they get this share of what people differ: the steps of our
velocity classes are 14 apart, and no drummer's are."""
_FEW = 4
_CLOSEST = 0.1  # ticks between two notes of one pitch: less than a millisecond, so that both are heard
_FARTHEST = 1.4  # ticks from the grid, of the 3 of a sixteenth: notes do not change places
_SLOW_BARS = 2  # the band as a whole drifts this slowly


class Played(NamedTuple):
    """A note as it sounds: start and end in ticks from the first bar line, MIDI pitch, velocity 1 to 127."""

    start: float
    pitch: int
    end: float
    velocity: int


@dataclass(frozen=True)
class Habit:
    """What people do with one thing, timing (in milliseconds, late is above 0) or loudness (in MIDI velocity).

    The mean is a sum of tables, and so is the logarithm of the spread.

    Args:
        group, group_place, style_place, style_group: parts of the mean: shapes (groups,), (groups, `PLACES`),
            (styles, `PLACES`), (styles, groups). What is not in `roles.STYLES` has nothing of the style's.
        spread_group, spread_style, spread_phase: parts of the log spread: shapes (groups,), (styles,), (`PHASES`,).
        spread_tempo: what an octave of tempo adds to it, shape ().
        shape: the deviation over the spread that stands for each of `NORMAL`, shape (groups, len(`NORMAL`)); its
            variance is 1.
        feel, pattern, slow, together: shares of the variance, by group, shape (groups,): what stays the same throughout
            a piece for a place within the beat; what does for a group at a place in the bar; what drifts over bars;
            what notes of one role share that sound together. The rest is each note's own.
    """

    group: np.ndarray
    group_place: np.ndarray
    style_place: np.ndarray
    style_group: np.ndarray
    spread_group: np.ndarray
    spread_style: np.ndarray
    spread_phase: np.ndarray
    spread_tempo: np.ndarray
    shape: np.ndarray
    feel: np.ndarray
    pattern: np.ndarray
    slow: np.ndarray
    together: np.ndarray

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Habit:
        """The inverse of `to_dict`."""
        return cls(**{name: np.array(value, float) / scale for name, (scale, value) in values.items()})

    def to_dict(self) -> dict[str, Any]:
        """Plain values: of each table its scale and its numbers times that, whole."""
        result = {}
        for name, value in vars(self).items():
            scale = 1 if name.endswith("_place") else 100 if name.startswith("spread") else 50
            result[name] = [scale, np.rint(value * scale).astype(int).tolist()]
        return result

    def mean(self, style: int, groups: np.ndarray, places: np.ndarray) -> np.ndarray:
        """What is usual for notes of these groups at these places; `style` is a place in `roles.STYLES`, or -1."""
        common = self.group[groups] + self.group_place[groups, places]
        return common if style < 0 else common + self.style_place[style, places] + self.style_group[style, groups]

    def spread(self, style: int, tempo: float, groups: np.ndarray, places: np.ndarray) -> np.ndarray:
        """How far from what is usual notes are: one standard deviation."""
        log = self.spread_group[groups] + self.spread_phase[places % PHASES]
        log = log + float(self.spread_tempo) * math.log2(tempo / USUAL_TEMPO)
        return np.exp(log if style < 0 else log + self.spread_style[style])

    def shaped(self, groups: np.ndarray, normal: np.ndarray) -> np.ndarray:
        """Standard normal numbers as deviations over the spread, shape (notes,)."""
        result = np.zeros(len(groups))
        for group in np.unique(groups):
            here = groups == group
            result[here] = np.interp(normal[here], NORMAL, self.shape[group])
        return result


@cache
def habits() -> tuple[Habit, Habit]:
    """Timing and loudness, as they were learned."""
    values = json.loads(Path(__file__).with_name("performance.json").read_text())
    return Habit.from_dict(values["timing"]), Habit.from_dict(values["loudness"])


def usual_humanise(style: str) -> float:
    """How much a piece of a style is humanised where people listen to it and have not said how much."""
    return 0.0 if style in PROGRAMMED else USUAL


def place_of(onset: int, metre: Metre) -> int:
    """Place in the bar of an onset in ticks, below `PLACES`; beats of three parts have theirs where those would be."""
    beat, tick = divmod(onset % metre.ticks_per_bar, metre.ticks_per_beat)
    kind = 0 if beat == 0 else 1 if 2 * beat == metre.beats_per_bar else 2
    return kind * PHASES + tick * PHASES // metre.ticks_per_beat


def group_of(role: str, pitch: int) -> int:
    """Place in `GROUPS` of a note."""
    if not ROLE_BY_NAME[role].is_drums:
        return GROUPS.index(role)
    return _GROUP_OF_DRUM.get(canonical_drum(pitch) or 0, GROUPS.index("percussion"))


def perform(
    music: Music,
    humanise: float = 0.0,
    swing: float = STRAIGHT,
    seed: int = 0,
    learned: tuple[Habit, Habit] | None = None,
) -> dict[str, list[Played]]:
    """Role to its notes as they sound, in the order of the track's notes.

    No note begins before the piece or after its end, and what ends on the last bar line still does: a loop stays one.
    Bars that are the same in two pieces are played the same with one seed, but for a last note's drift.

    Args:
        music: the piece.
        humanise: 0 (on the grid) to 100 (as the people that it was learned from).
        swing: where the second half of a beat begins: 50 (straight) to 67 (triplets). Notes that are in triplets
            already stay, and so does 6/8.
        seed: of the chance in it.
        learned: what people do with timing and loudness; `habits()` if None.

    Raises:
        MusicgenError: humanise or swing out of range.
    """
    if not 0 <= humanise <= 100:
        raise MusicgenError(f"humanise: expected 0 to 100 per cent. Received: {humanise!r}.")
    if not STRAIGHT <= swing <= TRIPLET:
        raise MusicgenError(f"swing: expected {STRAIGHT:g} to {TRIPLET:g} per cent. Received: {swing!r}.")
    result = {}
    for track in music.tracks:
        starts = np.array([swung(note.onset, swing, music.metre) for note in track.notes], float)
        lengths = np.array([note.duration for note in track.notes], float)
        ends = np.array([swung(note.end, swing, music.metre) for note in track.notes], float)
        ends = np.maximum(ends, starts + lengths / 2)  # what is short and ends in a triplet would be nothing
        loud = np.array([note.velocity for note in track.notes], float)
        if humanise and track.notes:
            late, louder = _deviations(music, track, seed, learned or habits())
            starts, ends = starts + late * humanise / 100, ends + late * humanise / 100
            loud = loud + louder * humanise / 100
        result[track.role] = _bounded(track.notes, starts, ends, loud, music.ticks)
    return result


def swung(tick: int, swing: float, metre: Metre) -> float:
    """Where a tick of the grid is with swing: the halves of a beat are unequal, and each is stretched evenly."""
    beat, inside = divmod(tick, metre.ticks_per_beat)
    if metre.is_compound or inside % 3:  # triplets
        return tick
    half, first = metre.ticks_per_beat / 2, metre.ticks_per_beat * min(swing / 100, 2 / 3)
    moved = inside / half * first if inside <= half else first + (inside - half) / half * (metre.ticks_per_beat - first)
    return beat * metre.ticks_per_beat + moved


def _deviations(music: Music, track: Track, seed: int, learned: tuple[Habit, Habit]) -> tuple[np.ndarray, np.ndarray]:
    """How late, in ticks, and how much louder than written each note of a track is played."""
    timing, loudness = learned
    style = STYLE_NAMES.index(music.style) if music.style in STYLE_NAMES else -1
    groups = np.array([group_of(track.role, note.pitch) for note in track.notes])
    places = np.array([place_of(note.onset, music.metre) for note in track.notes])
    role = ROLE_NAMES.index(track.role)
    ms = timing.mean(style, groups, places)
    ms = ms + timing.spread(style, music.tempo, groups, places) * timing.shaped(
        groups, _chance(timing, music, track.notes, groups, places, (seed, role, 0))
    )
    changes, tempos = np.array(music.tempos).T
    tempo = tempos[np.searchsorted(changes, [note.onset for note in track.notes], side="right") - 1]
    late = ms / 60e3 * tempo * TICKS_PER_QUARTER
    accent = loudness.mean(style, groups, places)
    spread = loudness.spread(style, music.tempo, groups, places)
    own = spread * loudness.shaped(groups, _chance(loudness, music, track.notes, groups, places, (seed, role, 1)))
    return np.clip(late, -_FARTHEST, _FARTHEST), _within(track.notes, groups, accent, spread, own)


def _chance(
    habit: Habit, music: Music, notes: Sequence[Note], groups: np.ndarray, places: np.ndarray, key: tuple[int, int, int]
) -> np.ndarray:
    """A standard normal number for each note: notes of one place, time or chord have much of it in common."""
    seed, role, what = key
    rng = np.random.default_rng((seed, role, what))
    feel = rng.standard_normal(PHASES)[places % PHASES]
    pattern = rng.standard_normal((CELL_TICKS, len(GROUPS)))[
        [note.onset % music.ticks_per_bar for note in notes], groups
    ]
    slow = _drift(np.array([note.onset for note in notes]) / music.ticks_per_bar, music.bars, (seed, what))
    chord, own = np.zeros(len(notes)), np.zeros(len(notes))
    at = 0
    for bar, inside in groupby(notes, key=lambda note: note.onset // music.ticks_per_bar):
        rng = np.random.default_rng((seed, role, what, bar))
        by_tick = rng.standard_normal(music.ticks_per_bar)
        here = [note.onset % music.ticks_per_bar for note in inside]
        chord[at : at + len(here)], own[at : at + len(here)] = by_tick[here], rng.standard_normal(len(here))
        at += len(here)
    shares = np.array([each[groups] for each in (habit.feel, habit.pattern, habit.slow, habit.together)])
    rest = np.maximum(1 - shares.sum(axis=0), 0)
    return (np.sqrt([*shares, rest]) * np.array([feel, pattern, slow, chord, own])).sum(axis=0)


def _drift(bars: np.ndarray, length: int, key: tuple[int, int]) -> np.ndarray:
    """Standard normal numbers that go slowly from one to the next, and from the last bar to the first."""
    count = max(1, -(-length // _SLOW_BARS))
    knots = np.random.default_rng((*key, len(ROLE_NAMES))).standard_normal(count)
    first = np.floor(bars / _SLOW_BARS).astype(int)
    share = bars / _SLOW_BARS - first
    between = (1 - share) * knots[first % count] + share * knots[(first + 1) % count]
    return between / np.hypot(1 - share, share) if count > 1 else between


def _within(
    notes: Sequence[Note], groups: np.ndarray, accent: np.ndarray, spread: np.ndarray, own: np.ndarray
) -> np.ndarray:
    """Accents and chance, as far as the notes do not differ in loudness already.

    The mean of a group stays, but where it has few notes: one crash may be louder than another piece's.
    """
    louder = np.zeros(len(notes))
    written = np.array([note.velocity for note in notes], float)
    for group in np.unique(groups):
        here = groups == group
        usual = accent[here] - accent[here].mean()
        variance = float(usual.var() + np.mean(spread[here] ** 2))
        share = math.sqrt(max(0.0, 1 - float(written[here].var()) / variance))
        chance = own[here] - own[here].mean() * here.sum() / (here.sum() + _FEW)
        louder[here] = max(share, FILL) * (usual + chance)
    return louder


def _bounded(notes: Sequence[Note], starts: np.ndarray, ends: np.ndarray, loud: np.ndarray, ticks: int) -> list[Played]:
    """Notes within the piece, each pitch in order."""
    starts = np.clip(starts, 0, ticks - 1)
    ends = np.where([note.end <= ticks for note in notes], np.minimum(ends, ticks), ends)
    by_pitch: dict[int, list[int]] = {}
    for index, note in enumerate(notes):
        by_pitch.setdefault(note.pitch, []).append(index)
    for indices in by_pitch.values():
        for before, after in pairwise(indices):
            if notes[before].onset < notes[after].onset:
                starts[after] = max(starts[after], starts[before] + _CLOSEST)
    velocities = np.clip(np.rint(loud), 1, 127).astype(int)
    return [
        Played(float(start), note.pitch, float(max(end, start + _CLOSEST)), int(velocity))
        for note, start, end, velocity in zip(notes, starts, ends, velocities, strict=True)
    ]


__all__ = [
    "GROUPS",
    "PLACES",
    "STRAIGHT",
    "TRIPLET",
    "Habit",
    "Played",
    "group_of",
    "habits",
    "perform",
    "place_of",
    "usual_humanise",
]
