"""Bytes to the events of each track: chunks, running status, and damage that other programs get over too.

mido decodes single messages, but its reader gives a whole file up for one bad event, a wrong count or a wrong length.
Whatever is passed over here is named in `MidiFile.said`.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import mido
from mido.midifiles.meta import build_meta_message

from musicgen.errors import MidiError
from musicgen.midi_reading.texts import decode_text

MAX_BYTES = 2_000_000
MAX_NOTES = 100_000

Event = tuple[int, mido.Message]
"""A tick, counted from the beginning of the track, and a message of mido's."""

_FRAME_TEMPO = 120.0
_HEADER, _TRACK = b"MThd", b"MTrk"
_CHANNEL_MESSAGES = {
    0x8: ("note_off", "note", "velocity"),
    0x9: ("note_on", "note", "velocity"),
    0xA: ("polytouch", "note", "value"),
    0xB: ("control_change", "control", "value"),
    0xC: ("program_change", "program"),
    0xD: ("aftertouch", "value"),
    0xE: ("pitchwheel", "pitch"),
}
_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}
"""Bytes that follow a system message; none where not given."""
_TEXTS = {1: "text", 3: "track_name", 4: "instrument_name", 5: "lyrics", 6: "marker"}
_META_NAMES = {0x51: "tempo", 0x54: "SMPTE offset", 0x58: "metre", 0x59: "key"}
_END_OF_TRACK = 0x2F
_LONGEST_QUANTITY = 4


@dataclass(frozen=True)
class MidiFile:
    """The events of a file.

    Args:
        kind: 1 where a track is an instrument, as a rule, 0 where one track holds everything.
        ticks_per_beat: ticks in a quarter note.
        tracks: the events of each track, in order.
        ends: the tick at which each track ends.
        said: a sentence for each thing that is not as the standard has it.
    """

    kind: int
    ticks_per_beat: float
    tracks: tuple[tuple[Event, ...], ...]
    ends: tuple[int, ...]
    said: tuple[str, ...]

    def merged(self) -> list[Event]:
        """The events of all tracks in the order in which a synthesiser gets them."""
        return sorted((event for track in self.tracks for event in track), key=lambda event: event[0])


class _Damage(Exception):
    """The rest of a track makes no sense."""


class _Findings:
    """What is counted while a file is read."""

    def __init__(self, most_notes: int) -> None:
        self.most_notes = most_notes
        self.said: list[str] = []
        self.bad_events: Counter[str] = Counter()
        self.notes = 0

    def sentences(self) -> tuple[str, ...]:
        if not self.bad_events:
            return tuple(self.said)
        names = ", ".join(f"{name} {count}" if count > 1 else name for name, count in sorted(self.bad_events.items()))
        return (*self.said, f"Events that are too short or impossible are left out: {names}.")


def read_file(data: bytes, most_notes: int = MAX_NOTES) -> MidiFile:
    """Read the events of any MIDI file of type 0, 1 or 2, as it is or inside a RIFF file.

    Of type 2, whose tracks are independent sequences, the one with most notes is read. Without a tempo base, in film
    frames, a beat is half a second.

    Raises:
        MidiError: not a MIDI file, without a time base, over 2 MB, or more notes than `most_notes`.
    """
    if len(data) > MAX_BYTES:
        raise MidiError(f"Expected a MIDI file of at most {MAX_BYTES:,} bytes. Received: {len(data):,} bytes.")
    findings = _Findings(most_notes)
    start = data.find(_HEADER)
    if start < 0 or len(data) < start + 14:
        raise MidiError("Expected a MIDI file. Received: a damaged one, or something else.")
    riff = data[:4] == b"RIFF" and data[8:12] == b"RMID"
    if start and not riff:
        findings.said.append(f"{start:,} bytes before the beginning of the MIDI file are left out.")
    length, kind, count, division = struct.unpack(">LHHh", data[start + 4 : start + 14])
    at = start + 8 + length
    if length < 6 or at > len(data):
        findings.said.append("The length of the header is wrong.")
        at = start + 14
    if division == 0:
        raise MidiError("Expected a MIDI file with a time base. Received: one of 0 ticks a beat.")
    per_beat = float(division)
    if division < 0:
        frames, ticks = 256 - (division >> 8 & 0xFF), division & 0xFF
        per_beat = (30000 / 1001 if frames == 29 else frames) * max(ticks, 1) * 60 / _FRAME_TEMPO
        findings.said.append(f"The file counts film frames, not beats: {_FRAME_TEMPO:g} beats a minute are assumed.")
    tracks, ends = [], []
    for number, (first, limit, declared) in enumerate(_track_chunks(data, at, findings), 1):
        events, end = _read_track(data, first, limit, declared, number, findings)
        if division < 0:
            events = [event for event in events if event[1].type != "set_tempo"]
        tracks.append(tuple(events))
        ends.append(end)
    if not any(tracks) and not any(ends) and not data.count(b"\xff\x2f"):
        raise MidiError("Expected a MIDI file. Received: a damaged one, or something else.")
    if count != len(tracks):
        findings.said.append(f"The header counts {count} tracks, there are {len(tracks)}: all that are there are read.")
    if kind == 2 and len(tracks) > 1:
        chosen = max(range(len(tracks)), key=lambda index: _count_notes(tracks[index]))
        findings.said.append(f"Of {len(tracks)} independent sequences in the file the one with most notes is read.")
        tracks, ends = [tracks[chosen]], [ends[chosen]]
    return MidiFile(int(kind == 1 or len(tracks) > 1), per_beat, tuple(tracks), tuple(ends), findings.sentences())


def _count_notes(events: tuple[Event, ...]) -> int:
    return sum(message.type == "note_on" and message.velocity > 0 for _, message in events)


def _track_chunks(data: bytes, at: int, findings: _Findings) -> Iterator[tuple[int, int, int | None]]:
    """Where each track begins, where it ends at the latest, and where its header says so; None if that is wrong."""
    while at + 8 <= len(data):
        name, length = data[at : at + 4], struct.unpack(">L", data[at + 4 : at + 8])[0]
        first, end = at + 8, at + 8 + length
        if name == _TRACK:
            if _is_chunk(data, end):
                yield first, end, end
                at = end
            else:  # the length is wrong: the track ends at the next one at the latest
                following = data.find(_TRACK, first)
                limit = len(data) if following < 0 else following
                yield first, limit, None
                at = limit
        elif _is_chunk(data, end) and name.isascii():
            findings.said.append("A part of the file that the standard does not know is left out.")
            at = end
        else:
            following = data.find(_TRACK, at + 1)
            if following >= 0:
                findings.said.append("Bytes between two tracks are left out.")
            at = len(data) if following < 0 else following


def _is_chunk(data: bytes, at: int) -> bool:
    """Whether the file ends here, or goes on with another chunk; one byte of padding, as RIFF has, is no damage."""
    return at in (len(data), len(data) - 1) or (at + 8 <= len(data) and data[at : at + 4].isalnum())


def _read_track(
    data: bytes, at: int, limit: int, declared: int | None, number: int, findings: _Findings
) -> tuple[list[Event], int]:
    """The events of the track that begins at a byte, and the tick at which it ends."""
    events: list[Event] = []
    tick, status = 0, 0
    try:
        while at < limit:
            delta, at = _quantity(data, at, limit)
            tick += delta
            if data[at : at + 1] >= b"\x80":
                first = data[at]
                at += 1
            elif status:
                first = status  # running status; many programs keep it across meta events too
            else:
                raise _Damage
            if first == 0xFF:
                kind = data[at]
                length, at = _quantity(data, at + 1, limit)
                if at + length > limit:
                    raise _Damage
                if kind == _END_OF_TRACK:
                    return events, tick
                _add_meta(events, tick, kind, data[at : at + length], findings)
                at += length
            elif first in (0xF0, 0xF7):
                length, at = _quantity(data, at, limit)
                if at + length > limit:
                    raise _Damage
                content = data[at : at + length].removesuffix(b"\xf7")
                if first == 0xF0:
                    events.append((tick, mido.Message("sysex", skip_checks=True, data=tuple(content))))
                at += length
            elif first > 0xF0:
                at += _SYSTEM_DATA.get(first, 0)
            else:
                status = first
                at = _add_channel_message(events, tick, data, at, limit, status, findings)
    except (_Damage, IndexError):
        findings.said.append(f"Track {number} is damaged: what is before the damage is read.")
    else:
        if declared is None:
            findings.said.append(f"Track {number} does not end where the file says: what is there is read.")
    return events, tick


def _quantity(data: bytes, at: int, limit: int) -> tuple[int, int]:
    """A number of variable length, and where the next byte is."""
    value = 0
    for place in range(at, min(at + _LONGEST_QUANTITY, limit)):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    raise _Damage


def _add_channel_message(
    events: list[Event], tick: int, data: bytes, at: int, limit: int, status: int, findings: _Findings
) -> int:
    """Add a message of a channel; returns where the next byte is."""
    name, *fields = _CHANNEL_MESSAGES[status >> 4]
    size = 2 if name == "pitchwheel" else len(fields)
    if at + size > limit:
        raise _Damage
    values = [min(value, 127) for value in data[at : at + size]]  # as other readers do with a byte above 127
    if name == "pitchwheel":
        values = [(values[0] | values[1] << 7) - 8192]
    if name == "note_on" and values[1] > 0:
        findings.notes += 1
        if findings.notes > findings.most_notes:
            raise MidiError(f"Expected at most {findings.most_notes:,} notes. Received: more.")
    arguments = dict(zip(fields, values, strict=True))
    events.append((tick, mido.Message(name, skip_checks=True, channel=status & 0xF, **arguments)))
    return at + size


def _add_meta(events: list[Event], tick: int, kind: int, content: bytes, findings: _Findings) -> None:
    """Add a meta event if it says something, and something that can be."""
    if kind in _TEXTS:
        name = "name" if kind in (3, 4) else "text"
        events.append((tick, mido.MetaMessage(_TEXTS[kind], **{name: decode_text(content)})))
        return
    if kind not in _META_NAMES:
        return
    try:
        message = build_meta_message(kind, list(content))
    except Exception:  # mido raises a dozen kinds, each of which means that there is no such value
        findings.bad_events[_META_NAMES[kind]] += 1
        return
    impossible = (message.type == "set_tempo" and message.tempo == 0) or (
        message.type == "time_signature" and not (message.numerator and message.denominator <= 64)
    )
    if impossible:
        findings.bad_events[_META_NAMES[kind]] += 1
    else:
        events.append((tick, message))
