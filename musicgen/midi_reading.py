"""Any MIDI file, read: as a `Score`, in beats, or as a `Timeline`, in seconds, as a synthesiser needs it."""

from __future__ import annotations

import io
import re
import struct
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import mido

from musicgen.errors import MidiError
from musicgen.music import Key

DRUM_CHANNEL = 9
MAX_BYTES = 2_000_000
MAX_NOTES = 100_000
MAX_BEATS = 20_000
_DEFAULT_TEMPO = 120.0
_T = TypeVar("_T")


@dataclass(frozen=True, order=True)
class ScoreNote:
    """A note as a file has it: start and end in beats (quarter notes), pitch and velocity as in MIDI."""

    start: float
    pitch: int
    end: float
    velocity: int


@dataclass(frozen=True)
class ScoreTrack:
    """The notes of one instrument of a file: one track name, channel and program."""

    name: str
    program: int
    is_drums: bool
    notes: tuple[ScoreNote, ...]


@dataclass(frozen=True)
class Score:
    """What a MIDI file says, before roles and the grid: times in beats, nothing left out but empty instruments.

    `tempos` and `metres` are (beat, value) changes in order, `metres` values (numerator, denominator); both
    are empty where the file is silent about them. `key` is the first key signature, if any.
    """

    tracks: tuple[ScoreTrack, ...]
    tempos: tuple[tuple[float, float], ...]
    metres: tuple[tuple[float, tuple[int, int]], ...]
    key: Key | None
    texts: tuple[str, ...]

    @property
    def tempo(self) -> float:
        """The tempo in force for most of the piece, in beats a minute; 120 if the file has none."""
        held = self.beats_at
        return max(held, key=lambda tempo: held[tempo]) if held else _DEFAULT_TEMPO

    @property
    def beats_at(self) -> dict[float, float]:
        """Tempo to how many beats it is in force; empty if the file has none."""
        held: dict[float, float] = defaultdict(float)
        ends = [beat for beat, _ in self.tempos[1:]] + [self.end]
        for (beat, tempo), end in zip(self.tempos, ends, strict=False):  # no tempo, no end
            held[tempo] += max(0.0, end - beat)
        return dict(held)

    @property
    def end(self) -> float:
        """The beat at which the last note ends."""
        return max((note.end for track in self.tracks for note in track.notes), default=0.0)


@dataclass(frozen=True)
class Timeline:
    """What a MIDI file tells a synthesiser: channel messages with their times in seconds, and its whole length.

    `events` are (seconds, message) in playing order, no meta or system messages; `seconds` is where the last
    track ends; `note_count` is the number of notes struck.
    """

    events: tuple[tuple[float, mido.Message], ...]
    seconds: float
    note_count: int


def read_score(data: bytes) -> Score:
    """Read any MIDI file.

    A note that is never ended is dropped; a note struck again before its end is ended there.

    Raises:
        MidiError: not a MIDI file, damaged, over 2 MB, over 100,000 notes, or over 20,000 beats long.
    """
    return read_file(data, _score)


def without_unknown_keys(data: bytes) -> bytes:
    """The same file; key signatures that do not exist, which some programs write, become events that say nothing.

    No reader accepts a file with such a signature, as mido does not.
    """

    def mend(found: re.Match[bytes]) -> bytes:
        accidentals, mode = struct.unpack("bB", found[1])
        return found[0] if abs(accidentals) <= 7 and mode <= 1 else b"\xff\x7f\x02\0\0"  # sequencer-specific

    return re.sub(rb"\xff\x59\x02(..)", mend, data, flags=re.DOTALL)


def timeline(data: bytes) -> Timeline:
    """Read any MIDI file as a synthesiser needs it: in seconds, tempo changes applied.

    Raises:
        MidiError: as for `read_score`.
    """
    return read_file(data, _timeline)


def read_file(data: bytes, use: Callable[[mido.MidiFile], _T]) -> _T:
    """What `use` makes of the file, if it is one.

    Raises:
        MidiError: as for `read_score`; whatever else `use` raises becomes one, too.
    """
    if len(data) > MAX_BYTES:
        raise MidiError(f"Expected a MIDI file of at most {MAX_BYTES:,} bytes. Received: {len(data):,} bytes.")
    try:
        file = mido.MidiFile(file=io.BytesIO(data), clip=True)
        if file.type not in (0, 1) or file.ticks_per_beat < 1 or not file.tracks:
            raise MidiError("Expected a MIDI file of type 0 or 1 with a musical time base. Received: another kind.")
        return use(file)
    except MidiError:
        raise
    except Exception:  # mido raises a dozen kinds on damaged files; each of them means the same to a user
        raise MidiError("Expected a MIDI file. Received: a damaged one, or something else.") from None


def _timeline(file: mido.MidiFile) -> Timeline:
    merged: list[tuple[int, mido.Message]] = []  # tick from the start; mido's own merge copies each message twice
    for track in file.tracks:
        tick = 0
        for message in track:
            tick += message.time
            merged.append((tick, message))
    merged.sort(key=lambda item: item[0])
    if merged and merged[-1][0] > MAX_BEATS * file.ticks_per_beat:
        raise MidiError(f"Expected a piece of at most {MAX_BEATS:,} beats. Received: one that is longer.")
    events: list[tuple[float, mido.Message]] = []
    # the seconds at a tick are counted from the last tempo change, so that rounding does not add up over the events
    changed_at, changed_second, tick_seconds = 0, 0.0, 60.0 / _DEFAULT_TEMPO / file.ticks_per_beat
    now, count = 0.0, 0
    for tick, message in merged:
        now = changed_second + (tick - changed_at) * tick_seconds
        if message.type == "set_tempo":
            changed_at, changed_second = tick, now
            tick_seconds = message.tempo / 1e6 / file.ticks_per_beat
        elif hasattr(message, "channel") and not message.is_meta:
            count += message.type == "note_on" and message.velocity > 0
            events.append((now, message))
    if count > MAX_NOTES:
        raise MidiError(f"Expected at most {MAX_NOTES:,} notes. Received: {count:,}.")
    return Timeline(tuple(events), now, count)


def _score(file: mido.MidiFile) -> Score:
    per_beat = file.ticks_per_beat
    tempos: list[tuple[float, float]] = []
    metres: list[tuple[float, tuple[int, int]]] = []
    keys: list[tuple[float, Key]] = []
    texts: list[str] = []
    parts: dict[tuple[int, int, int], list[ScoreNote]] = defaultdict(list)  # file track, channel, program
    names: dict[int, str] = {}
    count = 0
    for index, track in enumerate(file.tracks):
        tick = 0
        programs = dict.fromkeys(range(16), 0)
        open_notes: dict[tuple[int, int], tuple[int, int, int]] = {}  # channel, pitch -> tick, velocity, program
        for message in track:
            tick += message.time
            beat = tick / per_beat
            if beat > MAX_BEATS:
                raise MidiError(f"Expected a piece of at most {MAX_BEATS:,} beats. Received: one that is longer.")
            kind = message.type
            if kind in ("note_on", "note_off"):
                place = (message.channel, message.note)
                if place in open_notes:
                    start, velocity, program = open_notes.pop(place)
                    note = ScoreNote(start / per_beat, message.note, beat, velocity)
                    parts[index, message.channel, program].append(note)
                if kind == "note_on" and message.velocity > 0:
                    count += 1
                    if count > MAX_NOTES:
                        raise MidiError(f"Expected at most {MAX_NOTES:,} notes. Received: more.")
                    open_notes[place] = (tick, message.velocity, programs[message.channel])
            elif kind == "program_change":
                programs[message.channel] = message.program
            elif kind == "set_tempo":
                tempos.append((beat, 60e6 / max(1, message.tempo)))
            elif kind == "time_signature":
                metres.append((beat, (message.numerator, message.denominator)))
            elif kind == "key_signature":
                keys.append((beat, _key_of(message.key)))
            elif kind == "track_name":
                names.setdefault(index, message.name)
            elif kind == "text":
                texts.append(message.text)
    tracks = tuple(
        ScoreTrack(names.get(index, ""), program, channel == DRUM_CHANNEL, tuple(sorted(notes)))
        for (index, channel, program), notes in sorted(parts.items())
    )
    first_key = min(keys, key=lambda item: item[0])[1] if keys else None
    return Score(tracks, tuple(sorted(tempos)), tuple(sorted(metres)), first_key, tuple(texts))


def _key_of(name: str) -> Key:
    return Key.parse(name)


__all__ = [
    "DRUM_CHANNEL", "MAX_BEATS", "MAX_BYTES", "MAX_NOTES", "Score", "ScoreNote", "ScoreTrack", "Timeline",
    "read_file", "read_score", "timeline", "without_unknown_keys",
]  # fmt: skip
