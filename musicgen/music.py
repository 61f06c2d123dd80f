"""The currency of the package: immutable notes, tracks and pieces on a grid of ticks. No files, no seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple

from musicgen.errors import MusicgenError
from musicgen.roles import ROLE_BY_NAME, ROLE_NAMES

TICKS_PER_QUARTER = 12
"""Sixteenths and eighth triplets are both exact."""
TICKS_PER_BEAT = TICKS_PER_QUARTER
BEATS_PER_BAR = 4
TICKS_PER_BAR = TICKS_PER_BEAT * BEATS_PER_BAR
CELL_TICKS = 48
"""Most ticks of a bar in any metre: the room of a cell in every network."""
MAX_BARS = 320
"""The longest piece that is read, changed or grown; what is asked for is in `request.BAR_CHOICES`."""

MODES = ("major", "minor")
_MOST_ACCIDENTALS = 7
_USUAL_NAMES = {
    "major": ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"),
    "minor": ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "G#", "A", "Bb", "B"),
}
_SPELLINGS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True)
class Metre:
    """How a bar is counted.

    Args:
        name: such as "6/8".
        numerator, denominator: of the time signature.
        ticks_per_bar: length of a bar, at most `CELL_TICKS`.
        ticks_per_beat: length of a beat as it is felt: a quarter note, in 6/8 a dotted one. A tempo counts quarter
            notes a minute in every metre, as MIDI files do.
        half_bar: ticks of the first of the two halves of a bar, in each of which a chord may begin: two beats of 4/4,
            one of 6/8. The halves of 3/4 are not equal: its bars change chords before their last beat, as a rule.
    """

    name: str
    numerator: int
    denominator: int
    ticks_per_bar: int
    ticks_per_beat: int
    half_bar: int

    @property
    def beats_per_bar(self) -> int:
        return self.ticks_per_bar // self.ticks_per_beat

    @property
    def is_compound(self) -> bool:
        """Whether its beats have three parts."""
        return self.ticks_per_beat % 9 == 0

    @property
    def quarters_per_bar(self) -> int:
        """Length of a bar in quarter notes."""
        return self.ticks_per_bar // TICKS_PER_QUARTER

    def __str__(self) -> str:
        return self.name


FOUR_FOUR = Metre("4/4", 4, 4, 48, 12, 24)
THREE_FOUR = Metre("3/4", 3, 4, 36, 12, 24)
SIX_EIGHT = Metre("6/8", 6, 8, 36, 18, 18)
METRES: dict[str, Metre] = {metre.name: metre for metre in (FOUR_FOUR, THREE_FOUR, SIX_EIGHT)}
"""Append only: models store positions in it."""


@dataclass(frozen=True, order=True)
class Key:
    """A tonic (pitch class, 0 is C) and a mode, "major" or "minor".

    `name` is how the tonic is written, such as "Gb"; it decides nothing but the signature. Where it is not given, or
    has a signature of more than seven sharps or flats, it is the one with the fewest.
    """

    tonic: int
    mode: str = "major"
    name: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not (isinstance(self.tonic, int) and 0 <= self.tonic < 12):
            raise MusicgenError(f"Expected a tonic from 0 to 11. Received: {self.tonic!r}.")
        if self.mode not in MODES:
            raise MusicgenError(f'Expected the mode "major" or "minor". Received: {self.mode!r}.')
        if not self.name or abs(_fifths(self.name, self.mode)) > _MOST_ACCIDENTALS:
            object.__setattr__(self, "name", _USUAL_NAMES[self.mode][self.tonic])

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read "C", "F# major", "Bb minor" or "Am"; case of the mode and spaces do not matter.

        Raises:
            MusicgenError: the text names no key.
        """
        match = re.fullmatch(r"\s*([A-Ga-g])([#b♯♭]?)\s*(major|maj|minor|min|m|)\s*", str(text), re.I | re.A)
        if match is None or (match[3] == "M"):
            raise MusicgenError(f'Expected a key such as "C major" or "F# minor". Received: {str(text)[:40]!r}.')
        sign = {"": "", "#": "#", "♯": "#", "b": "b", "♭": "b"}[match[2].lower()]
        mode = "minor" if match[3].lower() in ("minor", "min", "m") else "major"
        letter = match[1].upper()
        return cls((_SPELLINGS[letter] + {"": 0, "#": 1, "b": -1}[sign]) % 12, mode, letter + sign)

    def __str__(self) -> str:
        return f"{self.name} {self.mode}"

    @property
    def fifths(self) -> int:
        """Sharps of the signature, flats below zero: -7 to 7."""
        return _fifths(self.name, self.mode)

    @property
    def normal_tonic(self) -> int:
        """The tonic that keys of this mode are normalised to for the models: C for major, A for minor."""
        return 9 if self.mode == "minor" else 0

    @property
    def shift_to_normal(self) -> int:
        """Semitones, -6 to +5, from this key to C major or A minor."""
        return (self.normal_tonic - self.tonic + 6) % 12 - 6


def _fifths(name: str, mode: str) -> int:
    """Sharps of the signature of a tonic that is written so, flats below zero."""
    return "FCGDAEB".index(name[0]) - 1 + 7 * (name.count("#") - name.count("b")) - (3 if mode == "minor" else 0)


ALL_KEYS: tuple[Key, ...] = tuple(Key(tonic, mode) for mode in MODES for tonic in range(12))
WRITTEN_KEYS: tuple[Key, ...] = tuple(
    Key((_SPELLINGS[letter] + shift) % 12, mode, letter + sign)
    for mode in MODES
    for letter in _SPELLINGS
    for sign, shift in (("b", -1), ("", 0), ("#", 1))
    if abs(_fifths(letter + sign, mode)) <= _MOST_ACCIDENTALS
)
"""The fifteen keys of each mode that notation has, by letter; three of them sound as three others do."""


class Note(NamedTuple):
    """A note: onset and duration in ticks, MIDI pitch 0 to 127, MIDI velocity 1 to 127.

    A tuple, as pieces of thousands of them are sorted, compared and hashed all the time.
    """

    onset: int
    pitch: int
    duration: int
    velocity: int

    @property
    def end(self) -> int:
        """First tick at which the note no longer sounds."""
        return self.onset + self.duration


@dataclass(frozen=True)
class Track:
    """What one role plays, on one General MIDI program. Notes are kept sorted by onset, then pitch."""

    role: str
    program: int
    notes: tuple[Note, ...]

    def __post_init__(self) -> None:
        if self.role not in ROLE_BY_NAME:
            raise MusicgenError(f"Expected a role among {', '.join(ROLE_NAMES)}. Received: {self.role!r}.")
        if not 0 <= self.program <= 127:
            raise MusicgenError(f"Expected a program from 0 to 127. Received: {self.program!r}.")
        notes = tuple(sorted(self.notes))
        for note in notes:
            if note.onset < 0 or note.duration < 1 or not 0 <= note.pitch <= 127 or not 1 <= note.velocity <= 127:
                raise MusicgenError(
                    f"Expected onset >= 0, duration >= 1, pitch 0 to 127, velocity 1 to 127. Received: {note}."
                )
        object.__setattr__(self, "notes", notes)


@dataclass(frozen=True)
class Music:
    """A piece: at most one track per role, in role order, on a grid of 12 ticks a quarter note.

    Args:
        tracks: the tracks; a role that is absent or has no notes is silent.
        bars: length in bars, at least 1. Notes start inside it; a last note may ring past it.
        tempo: quarter notes a minute, from the beginning on.
        key: the piece's key.
        style: a style name, free text for imported music.
        metre: of all of its bars.
        later_tempos: (tick, quarter notes a minute) of each change of the tempo after the beginning, in order.
    """

    tracks: tuple[Track, ...]
    bars: int
    tempo: float = 120.0
    key: Key = Key(0)
    style: str = "pop"
    metre: Metre = FOUR_FOUR
    later_tempos: tuple[tuple[int, float], ...] = ()

    def __post_init__(self) -> None:
        if self.bars < 1:
            raise MusicgenError(f"Expected at least one bar. Received: {self.bars!r}.")
        for _, tempo in self.tempos:
            if not 4 <= tempo <= 1000:  # a MIDI file cannot say less than 3.6
                raise MusicgenError(f"Expected a tempo from 4 to 1000 beats a minute. Received: {tempo!r}.")
        places = [tick for tick, _ in self.tempos]
        if any(later <= earlier for earlier, later in pairwise(places)):
            raise MusicgenError(f"Expected changes of the tempo at rising ticks above 0. Received: {places[1:]}.")
        later = tuple(now for before, now in pairwise(self.tempos) if now[1] != before[1])  # what changes anything
        object.__setattr__(self, "later_tempos", later)
        tracks = tuple(sorted(self.tracks, key=lambda track: ROLE_NAMES.index(track.role)))
        roles = [track.role for track in tracks]
        if len(set(roles)) != len(roles):
            raise MusicgenError(f"Expected at most one track per role. Received: {', '.join(roles)}.")
        for track in tracks:
            if track.notes and track.notes[-1].onset >= self.ticks:
                raise MusicgenError(
                    f"Expected onsets below tick {self.ticks} ({self.bars} bars). "
                    f"Received: {track.notes[-1].onset} in {track.role}."
                )
        object.__setattr__(self, "tracks", tracks)

    @property
    def ticks_per_bar(self) -> int:
        return self.metre.ticks_per_bar

    @property
    def ticks(self) -> int:
        """Length in ticks."""
        return self.bars * self.ticks_per_bar

    @property
    def tempos(self) -> tuple[tuple[int, float], ...]:
        """(tick, quarter notes a minute) of the beginning and of each change."""
        return (0, self.tempo), *self.later_tempos

    @property
    def usual_tempo(self) -> float:
        """The tempo that holds longest, in ticks."""
        ends = [tick for tick, _ in self.later_tempos] + [self.ticks]
        held: dict[float, int] = {}
        for (start, tempo), end in zip(self.tempos, ends, strict=True):
            held[tempo] = held.get(tempo, 0) + end - start
        return max(held, key=lambda tempo: held[tempo])

    @property
    def note_count(self) -> int:
        return sum(len(track.notes) for track in self.tracks)

    def notes(self, role: str) -> tuple[Note, ...]:
        """The notes of a role, empty if it is silent."""
        return next((track.notes for track in self.tracks if track.role == role), ())

    def transposed(self, semitones: int) -> Music:
        """The same piece `semitones` higher, drums untouched; a pitch that would leave 0 to 127 moves by octaves."""

        def move(note: Note) -> Note:
            pitch = note.pitch + semitones
            pitch += 12 * (-(pitch // 12) if pitch < 0 else 0) - 12 * max(0, -((127 - pitch) // 12))
            return note._replace(pitch=pitch)

        tracks = tuple(
            track if ROLE_BY_NAME[track.role].is_drums else replace(track, notes=tuple(map(move, track.notes)))
            for track in self.tracks
        )
        key = Key((self.key.tonic + semitones) % 12, self.key.mode) if semitones % 12 else self.key
        return replace(self, tracks=tracks, key=key)

    def at_tempo(self, tempo: float) -> Music:
        """The same piece at another tempo; where it changes, it changes in proportion, within 4 to 1000."""
        share = tempo / self.tempo
        later = tuple((tick, min(1000.0, max(4.0, round(old * share, 3)))) for tick, old in self.later_tempos)
        return replace(self, tempo=tempo, later_tempos=later)

    def excerpt(self, start: int, bars: int) -> Music:
        """Bars `start` to `start + bars - 1` as a piece of its own: the notes that begin there, cut at its end."""
        first, last = start * self.ticks_per_bar, (start + bars) * self.ticks_per_bar
        tracks = tuple(
            replace(
                track,
                notes=tuple(
                    note._replace(onset=note.onset - first, duration=min(note.duration, last - note.onset))
                    for note in track.notes
                    if first <= note.onset < last
                ),
            )
            for track in self.tracks
        )
        tempo = [tempo for tick, tempo in self.tempos if tick <= first][-1]
        later = tuple((tick - first, each) for tick, each in self.later_tempos if first < tick < last)
        return replace(self, tracks=tracks, bars=bars, tempo=tempo, later_tempos=later)
