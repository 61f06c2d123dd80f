"""A MIDI file as a synthesiser needs it: channel messages in seconds."""

from __future__ import annotations

from dataclasses import dataclass

import mido

from musicgen.errors import MidiError
from musicgen.midi_reading.file import read_file
from musicgen.midi_reading.score import DEFAULT_TEMPO, MAX_BEATS


@dataclass(frozen=True)
class Timeline:
    """What a MIDI file tells a synthesiser: channel messages with their times in seconds, and its whole length.

    `events` are (seconds, message) in playing order, no meta or system messages; `seconds` is where the last
    track ends; `note_count` is the number of notes struck.
    """

    events: tuple[tuple[float, mido.Message], ...]
    seconds: float
    note_count: int


def read_timeline(data: bytes) -> Timeline:
    """Read any MIDI file in seconds, tempo changes applied.

    Raises:
        MidiError: as for `read_score`, or a track that ends beyond 20,000 beats.
    """
    file = read_file(data)
    if max(file.ends, default=0) > MAX_BEATS * file.ticks_per_beat:
        raise MidiError(f"Expected a piece of at most {MAX_BEATS:,} beats. Received: one that is longer.")
    events: list[tuple[float, mido.Message]] = []
    # the seconds at a tick are counted from the last tempo change, so that rounding does not add up over the events
    changed_at, changed_second, tick_seconds = 0, 0.0, 60.0 / DEFAULT_TEMPO / file.ticks_per_beat
    count = 0
    for tick, message in file.merged():
        now = changed_second + (tick - changed_at) * tick_seconds
        if message.type == "set_tempo":
            changed_at, changed_second = tick, now
            tick_seconds = message.tempo / 1e6 / file.ticks_per_beat
        elif not message.is_meta and message.type != "sysex":
            count += message.type == "note_on" and message.velocity > 0
            events.append((now, message))
    seconds = changed_second + (max(file.ends, default=0) - changed_at) * tick_seconds
    return Timeline(tuple(events), seconds, count)
