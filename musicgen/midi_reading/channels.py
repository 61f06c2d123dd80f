"""Which instrument plays a note: what belongs together is one, however it is dealt over channels and tracks."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from musicgen.midi_reading.file import Event, MidiFile
from musicgen.midi_reading.pairing import pair_notes
from musicgen.midi_reading.settings import Settings, read_settings

DRUM_CHANNEL = 9
_STRINGS = range(24, 40)
"""Programs of guitars and basses, which some programs write with a track for each string."""
_FEWEST_STRINGS = 3
"""Channels of single lines that are taken for the strings of one instrument, or for voices of one that bends."""
_HELD_BEATS = 16.0
"""A note that is never ended is held no longer than so after the last event of any note."""


@dataclass(frozen=True, order=True)
class ScoreNote:
    """A note as a file has it: start and end in beats (quarter notes), pitch and velocity as in MIDI."""

    start: float
    pitch: int
    end: float
    velocity: int


@dataclass(frozen=True)
class ScoreTrack:
    """The notes of one instrument of a file.

    Args:
        name: of its track in the file, "" where that has none or plays several instruments.
        program: General MIDI program, 0 to 127; of one that changes the one that most notes have.
        is_drums: whether its pitches are percussion.
        notes: in order.
        programs: all that it has notes on, where it changes.
        channels: over how many it is dealt.
    """

    name: str
    program: int
    is_drums: bool
    notes: tuple[ScoreNote, ...]
    programs: tuple[int, ...] = ()
    channels: int = 1


@dataclass(frozen=True)
class Instruments:
    """What `gather_instruments` finds; the fields are those of `Score`."""

    tracks: tuple[ScoreTrack, ...]
    names: tuple[str, ...]
    struck: int
    rhythm_map: str
    said: tuple[str, ...]


@dataclass
class _Voice:
    """What one channel plays in one track of the file."""

    track: int
    channel: int
    is_drums: bool
    has_program: bool
    bends: bool
    notes: list[tuple[ScoreNote, int]] = field(default_factory=list)
    """Each with its program."""

    @property
    def program(self) -> int:
        return _most(program for _, program in self.notes)

    @property
    def is_one_line(self) -> bool:
        ordered = sorted(note for note, _ in self.notes)
        crossing = sum(note.end > later.start + 1 / 24 for note, later in pairwise(ordered))
        return crossing <= 0.1 * len(ordered)


def _most(programs: object) -> int:
    counts = Counter(programs)  # type: ignore[call-overload]
    return min(counts, key=lambda program: (-counts[program], program))


def gather_instruments(file: MidiFile) -> Instruments:
    """The instruments of a file, in the order of its tracks and channels, with the notes that sound."""
    settings = read_settings(file)
    names = tuple(_track_name(track) for track in file.tracks)
    voices, struck, held, unended = _read_voices(file, settings)
    said = []
    if held:
        said.append(
            f"A pedal holds {held:,} note{'s' * (held != 1)}, which {'are' if held != 1 else 'is'} as long as"
            f" {'they sound' if held != 1 else 'it sounds'}."
        )
    if unended:
        said.append(f"{unended:,} note{'s are' if unended != 1 else ' is'} never ended: held to the end of the track.")
    groups = _join_strings(_group_voices(voices, settings, file.kind), names)
    in_track = Counter(group[0].track for group in groups)
    tracks = []
    for group in sorted(groups, key=lambda group: (group[0].track, group[0].channel)):
        first = group[0]
        notes = [entry for voice in group for entry in voice.notes]
        own = [entry for voice in group if voice.has_program for entry in voice.notes] or notes
        programs = tuple(dict.fromkeys(program for _, program in sorted(own)))
        tracks.append(
            ScoreTrack(
                names[first.track] if in_track[first.track] == 1 else "",
                _most(program for _, program in own),
                first.is_drums,
                tuple(sorted(note for note, _ in notes)),
                programs if len(programs) > 1 else (),
                len({voice.channel for voice in group}),
            )
        )
    return Instruments(tuple(tracks), names, struck, settings.rhythm_map, tuple(said))


def _track_name(track: Sequence[Event]) -> str:
    """Its name, or else the name of its instrument."""
    for kind in ("track_name", "instrument_name"):
        if name := next((message.name for _, message in track if message.type == kind and message.name), ""):
            return name
    return ""


def _read_voices(file: MidiFile, settings: Settings) -> tuple[list[_Voice], int, int, int]:
    """The voices with notes, how many notes are struck, how many a pedal holds, and how many are never ended."""
    lines: dict[tuple[int, int], dict[int, list[tuple[int, int]]]] = defaultdict(lambda: defaultdict(list))
    struck, last = 0, 0
    for index, track in enumerate(file.tracks):
        for tick, message in track:
            if message.type in ("note_on", "note_off"):
                velocity = message.velocity if message.type == "note_on" else 0
                struck += velocity > 0
                last = max(last, tick)
                lines[index, message.channel][message.note].append((tick, velocity))
    users: dict[int, set[int]] = defaultdict(set)
    for (index, channel), pitches in lines.items():
        if any(velocity for events in pitches.values() for _, velocity in events):
            users[channel].add(index)
    beats, longest = file.ticks_per_beat, max(file.ends, default=0)
    latest = last + round(_HELD_BEATS * beats)
    voices, held, unended = [], 0, 0
    for (index, channel), pitches in sorted(lines.items()):
        heard = settings.of_voice(channel, index, users[channel])
        end = min(file.ends[index], latest)
        if end <= max((tick for events in pitches.values() for tick, velocity in events if velocity), default=0):
            end = min(max(longest, end + round(beats)), latest)  # the track ends with its last note-on
        is_drums = channel in settings.rhythm_channels or heard.rhythm_bank
        voice = _Voice(index, channel, is_drums, bool(heard.programs), heard.bends)
        ticks = [tick for tick, _ in heard.programs]
        for pitch, events in pitches.items():
            pairs = pair_notes(events, heard.pedals, end)
            held += 0 if is_drums else pairs.held
            unended += pairs.unended
            for start, stop, velocity in pairs.notes:
                place = bisect_right(ticks, start)
                program = heard.programs[place - 1][1] if place else 0
                voice.notes.append((ScoreNote(start / beats, pitch, stop / beats, velocity), program))
        if voice.notes:
            voices.append(voice)
    return voices, struck, held, unended


def _group_voices(voices: list[_Voice], settings: Settings, kind: int) -> list[list[_Voice]]:
    """Voices that are one instrument: those of an MPE zone, and those of a track that are not several instruments."""
    groups: dict[object, list[_Voice]] = defaultdict(list)
    by_track: dict[int, list[_Voice]] = defaultdict(list)
    for voice in voices:
        by_track[voice.track].append(voice)
    for index, here in by_track.items():
        in_zones = [voice for voice in here if voice.channel in settings.zones]
        for voice in in_zones:
            # a program that writes a track for each channel of a zone has one of them in each
            place = index if len(in_zones) > 1 else None
            voice.is_drums = False
            groups["zone", settings.zones[voice.channel], place].append(voice)
        rest = [voice for voice in here if voice.channel not in settings.zones]
        if _is_dealt_over_drums(rest, kind):
            for voice in rest:
                voice.is_drums = False
        for voice in rest:
            if voice.is_drums:
                groups["drums", index, voice.channel].append(voice)
        pitched = [voice for voice in rest if not voice.is_drums]
        for number, group in enumerate(_join_channels(pitched, kind, len(pitched) < len(rest))):
            groups["channels", index, number] = group
    return list(groups.values())


def _is_dealt_over_drums(voices: Sequence[_Voice], kind: int) -> bool:
    """Whether one instrument is dealt over channels in a row, the tenth among them, each with bends of its own."""
    channels = {voice.channel for voice in voices}
    programs = {voice.program for voice in voices if voice.has_program}
    return (
        kind == 1
        and {DRUM_CHANNEL - 1, DRUM_CHANNEL, DRUM_CHANNEL + 1} <= channels
        and len(channels) > _FEWEST_STRINGS
        and len(programs) <= 1
        and all(voice.bends for voice in voices if voice.channel == DRUM_CHANNEL)
        and sum(voice.bends for voice in voices) > len(voices) / 2
    )


def _join_channels(voices: list[_Voice], kind: int, with_drums: bool) -> list[list[_Voice]]:
    """The pitched voices of one track of a file, those that are one instrument together."""
    if kind == 1 and not with_drums and len(voices) > 1 and _is_one_instrument(voices):
        return [voices]
    by_program: dict[int, list[_Voice]] = defaultdict(list)
    for voice in voices:
        if voice.has_program:
            by_program[voice.program].append(voice)
    groups = [[voice] for voice in voices if not voice.has_program]
    for same in by_program.values():
        bent = any(voice.bends for voice in same) and not all(voice.bends for voice in same)
        strings = len(same) >= _FEWEST_STRINGS and all(voice.is_one_line for voice in same)
        groups += [same] if bent or strings else [[voice] for voice in same]
    return groups


def _is_one_instrument(voices: Sequence[_Voice]) -> bool:
    """Whether the channels of a track that has no drums are one instrument: a synthesiser knows no more than programs,
    so two channels of which one has none may as well be a piano beside it.
    """
    programs = {voice.program for voice in voices if voice.has_program}
    return len(programs) <= 1 and (
        (len(programs) == 1 and all(voice.has_program for voice in voices))
        or any(voice.bends for voice in voices)
        or (len(voices) >= _FEWEST_STRINGS and all(voice.is_one_line for voice in voices))
    )


def _join_strings(groups: list[list[_Voice]], names: Sequence[str]) -> list[list[_Voice]]:
    """The groups, with tracks that are each one string of the same guitar or bass put together."""
    found: dict[tuple[str, int], list[list[_Voice]]] = defaultdict(list)
    for group in groups:
        voice = group[0]
        name = re.sub(r"\W*\b(string|str|saite|corde)?\W*[\dEADGBeadgb]?\W*$", "", names[voice.track])
        if len(group) == 1 and not voice.is_drums and name and voice.program in _STRINGS and voice.is_one_line:
            found[name, voice.program].append(group)
    joined: set[int] = set()
    whole = []
    for same in found.values():
        if len(same) >= _FEWEST_STRINGS and len({group[0].channel for group in same}) == len(same):
            joined |= {id(group) for group in same}
            whole.append([voice for group in same for voice in group])
    return [*(group for group in groups if id(group) not in joined), *whole]


__all__ = ["DRUM_CHANNEL", "Instruments", "ScoreNote", "ScoreTrack", "gather_instruments"]
