"""Odd but legal MIDI files: do their notes come back as independent readers hear them, and is every loss said?

    python -m benchmarks.odd_files --count 2000

Files are drawn by hypothesis: types 0 and 1, 1 to 32,767 ticks a beat, any channels and programs, tempos, metres and
keys anywhere and several on a tick, running status, note-offs of both kinds and in both orders, overlaps, notes that
are never ended, sustain pedals, controllers that notes cannot say. The readers are symusic, and mido with the
bookkeeping of `hear_notes`. Both are independent of `musicgen.midi_reading`.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import struct
from collections import Counter, defaultdict, deque
from dataclasses import dataclass

import mido
import symusic
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from musicgen.errors import MidiError
from musicgen.intake import OFF_BEAT, read_music
from musicgen.midi import seconds
from musicgen.midi_reading import read_score
from musicgen.music import TICKS_PER_BEAT, Music
from musicgen.roles import canonical_drum

Heard = tuple[int, int, float, float, int]
"""Track, pitch, start and end in beats, velocity."""
_GRID = 1 / 8 + 1e-6
_SECONDS = 0.01
"""Beats: half a sixteenth, the coarsest grid that notes are moved to."""
_BEAT_PARTS = (1, 2, 3, 4, 6, 8, 12)


@dataclass(frozen=True)
class OddFile:
    """A file, and what is in it beside notes."""

    data: bytes
    has_pedal: bool
    has_unended: bool


# --- writing ---------------------------------------------------------------------------------------------------


def _quantity(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def _track_chunk(events: list[tuple[int, int, bytes]], end: int, running: bool) -> bytes:
    """A track of (tick, order on the tick, bytes with their status)."""
    out, now, status = b"", 0, 0
    for tick, _, event in sorted(events, key=lambda item: item[:2]):
        out += _quantity(tick - now)
        now = tick
        if running and event[0] == status and status < 0xF0:
            out += event[1:]
        else:
            out += event
        status = event[0] if event[0] < 0xF0 else 0
    out += _quantity(max(0, end - now)) + b"\xff\x2f\x00"
    return b"MTrk" + struct.pack(">I", len(out)) + out


@st.composite
def odd_files(draw: st.DrawFn) -> OddFile:
    """A MIDI file that the standard allows, whatever its writer was thinking."""
    per_beat = draw(st.sampled_from((1, 2, 5, 24, 96, 120, 192, 480, 960, 1024, 32767)) | st.integers(1, 32767))
    kind = draw(st.integers(0, 1))
    tracks = 1 if kind == 0 else draw(st.integers(1, 4))
    pedal, unended = draw(st.integers(0, 4)) == 0, draw(st.integers(0, 4)) == 0
    chunks = []
    for index in range(tracks):
        events: list[tuple[int, int, bytes]] = []
        end = 0
        if index == 0:
            events += draw(_conductor(per_beat))
        if draw(st.booleans()):
            name = draw(st.sampled_from(("Melody", "Bass", "Drums", "Piano", "Gitarre", "Flöte", ""))).encode()
            events.append((0, 0, b"\xff\x03" + bytes([len(name)]) + name))
        for channel in draw(st.lists(st.integers(0, 15), min_size=1, max_size=3, unique=True)):
            found, last = draw(_channel(per_beat, channel, pedal, unended))
            events += found
            end = max(end, last)
        chunks.append(_track_chunk(events, end + draw(st.sampled_from((0, per_beat))), draw(st.booleans())))
    header = b"MThd" + struct.pack(">IHHH", 6, kind, tracks, per_beat)
    return OddFile(header + b"".join(chunks), pedal, unended)


@st.composite
def _conductor(draw: st.DrawFn, per_beat: int) -> list[tuple[int, int, bytes]]:
    places = st.sampled_from((0, 0, 0, 4, 8, 12, 28)).map(lambda beat: beat * per_beat)
    events = []
    for _ in range(draw(st.integers(0, 3))):
        tempo = draw(st.integers(250_000, 1_500_000) | st.just(500_000))
        place = draw(places | st.integers(0, 12 * per_beat))
        events.append((place, len(events), b"\xff\x51\x03" + tempo.to_bytes(3, "big")))
    for _ in range(draw(st.integers(0, 2))):
        above, below = draw(st.sampled_from(((4, 2), (4, 2), (3, 2), (2, 2), (6, 3), (5, 2), (7, 3), (1, 2))))
        events.append((draw(places), len(events), bytes([0xFF, 0x58, 4, above, below, 24, 8])))
    for _ in range(draw(st.integers(0, 2))):
        key = struct.pack("bB", draw(st.integers(-7, 7)), draw(st.integers(0, 1)))
        events.append((draw(places), len(events), b"\xff\x59\x02" + key))
    return events


@st.composite
def _channel(
    draw: st.DrawFn, per_beat: int, channel: int, pedal: bool, unended: bool
) -> tuple[list[tuple[int, int, bytes]], int]:
    """The events of a channel in one track, and the tick of its last note event."""
    events: list[tuple[int, int, bytes]] = []
    if draw(st.booleans()):
        events.append((0, 10, bytes([0xC0 | channel, draw(st.integers(0, 127))])))
    pitches = draw(st.lists(st.integers(24, 100), min_size=1, max_size=4, unique=True))
    step = max(1, per_beat // draw(st.sampled_from(_BEAT_PARTS)))
    length = max(1, round(step * draw(st.sampled_from((0.5, 0.9, 1, 1, 1.3, 2)))))
    offs_first, offs_as_ons = draw(st.booleans()), draw(st.booleans())
    last, sounding = 0, dict.fromkeys(pitches, 0)
    starts = draw(st.lists(st.integers(0, 48), min_size=1, max_size=24, unique=True).map(sorted))
    for place in starts:
        pitch, velocity, tick = draw(st.sampled_from(pitches)), draw(st.integers(1, 127)), place * step
        events.append((tick, 30, bytes([0x90 | channel, pitch, velocity])))
        off = bytes([0x90 | channel, pitch, 0]) if offs_as_ons else bytes([0x80 | channel, pitch, 64])
        # where the last note of its pitch still sounds, nobody can know which of the two is not ended
        if not unended or place != starts[-1] or tick < sounding[pitch]:
            events.append((tick + length, 20 if offs_first else 40, off))
        sounding[pitch] = tick + length
        last = max(last, tick + length)
    for _ in range(draw(st.integers(0, 2))):
        number, value = draw(st.sampled_from((1, 7, 10, 11, 91))), draw(st.integers(0, 127))
        events.append((draw(st.integers(0, 8)) * per_beat, 12, bytes([0xB0 | channel, number, value])))
    if draw(st.integers(0, 3)) == 0:
        events.append((draw(st.integers(0, 8)) * per_beat, 12, bytes([0xE0 | channel, 0, draw(st.integers(0, 127))])))
    if pedal:
        down = draw(st.integers(0, 6)) * per_beat
        events.append((down, 12, bytes([0xB0 | channel, 64, 127])))
        events.append((down + draw(st.integers(1, 8)) * per_beat, 12, bytes([0xB0 | channel, 64, 0])))
    return events, last


# --- independent readers ---------------------------------------------------------------------------------------


def hear_notes(data: bytes) -> list[Heard]:
    """The notes of a file, in order, by mido: first struck first ended, none beyond the next of its pitch."""
    file = mido.MidiFile(file=io.BytesIO(data))
    users: dict[int, set[int]] = defaultdict(set)
    last = 0
    for index, track in enumerate(file.tracks):
        tick = 0
        for message in track:
            tick += message.time
            if message.type in ("note_on", "note_off"):
                last = max(last, tick)
            if message.type == "note_on" and message.velocity:
                users[message.channel].add(index)
    latest = last + 16 * file.ticks_per_beat  # events far behind the last note count for nothing
    found: list[Heard] = []
    for index, track in enumerate(file.tracks):
        opened: dict[tuple[int, int], deque[tuple[int, int]]] = defaultdict(deque)
        lines: dict[tuple[int, int], list[list[int]]] = defaultdict(list)
        tick = 0
        for message in track:
            tick += message.time
            if message.type not in ("note_on", "note_off"):
                continue
            line = message.channel, message.note
            if message.type == "note_on" and message.velocity:
                opened[line].append((tick, message.velocity))
            elif opened[line]:
                start, velocity = opened[line].popleft()
                lines[line].append([start, tick, velocity])
        for line, waiting in opened.items():
            lines[line] += [[start, min(tick, latest), velocity] for start, velocity in waiting]
        for (channel, pitch), notes in lines.items():
            notes.sort()
            pedals = _pedals(file, channel, index, users[channel])
            for place, (start, end, velocity) in enumerate(notes):
                held = [up for down, up in pedals if down < end < up]
                later = [other[0] for other in notes[place + 1 :] if other[0] > start]
                stop = min([max([end, *held]), *later])
                found.append((index, pitch, start / file.ticks_per_beat, stop / file.ticks_per_beat, velocity))
    return sorted(found)


def _pedals(file: mido.MidiFile, channel: int, own: int, users: set[int]) -> list[tuple[int, int]]:
    spans, down = [], None
    changes = []
    for index, track in enumerate(file.tracks):
        if index != own and index in users:
            continue
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "control_change" and message.control == 64 and message.channel == channel:
                changes.append((tick, message.value >= 64))
    for tick, is_down in sorted(changes, key=lambda change: change[0]):
        if is_down and down is None:
            down = tick
        elif not is_down and down is not None:
            spans.append((down, tick))
            down = None
    return spans


def _symusic_notes(data: bytes) -> Counter:
    score = symusic.Score.from_midi(data)
    return Counter((note.time, note.pitch, note.velocity) for track in score.tracks for note in track.notes)


# --- comparing -------------------------------------------------------------------------------------------------


def compare(odd: OddFile) -> dict[str, int]:
    """Read a file and check it against both readers.

    Returns:
        Counts: "notes" that are struck, "kept" ones, "refused" files.

    Raises:
        AssertionError: a note is not as it is heard, or a difference is not said.
    """
    heard = hear_notes(odd.data)
    score = read_score(odd.data)
    ours = sorted(
        (round(note.start, 6), note.pitch, round(note.end, 6), note.velocity)
        for track in score.tracks
        for note in track.notes
    )
    assert ours == sorted((round(start, 6), pitch, round(end, 6), loud) for _, pitch, start, end, loud in heard)
    if not odd.has_unended:
        per_beat = struct.unpack(">H", odd.data[12:14])[0]
        theirs = Counter((round(start * per_beat), pitch, loud) for _, pitch, start, _, loud in heard)
        assert theirs == _symusic_notes(odd.data)
    try:
        piece = read_music(odd.data)
    except MidiError as error:
        assert "can play" in str(error)  # nothing but percussion that no drum stands for
        return {"notes": len(heard), "kept": 0, "refused": 1}
    check_sentences(odd.data, piece.notes, len(heard), piece.music.note_count)
    if all(metre == (4, 4) for _, metre in score.metres) and not _has_found_beat(piece.notes):
        check_places(heard, piece.music)
        check_seconds(odd.data, heard, piece.music)
    return {"notes": len(heard), "kept": piece.music.note_count, "refused": 0}


def check_places(heard: list[Heard], music: Music) -> None:
    """Whether every note of a piece in 4/4 is one of the file's, at its place within the grid."""
    first = 4 * math.floor(min(start for _, _, start, _, _ in heard) / 4 + 1 / 32)
    places: dict[tuple[bool, int | None], list[float]] = defaultdict(list)
    for _, pitch, start, _, _ in heard:
        places[False, pitch % 12].append(start - first)
        for layout in ("gm", "kit"):
            places[True, canonical_drum(pitch, layout)].append(start - first)
    for track in music.tracks:
        is_drums = track.role == "drums"
        for note in track.notes:
            near = places[is_drums, note.pitch if is_drums else note.pitch % 12]
            assert min(abs(start - note.onset / TICKS_PER_BEAT) for start in near) <= _GRID


def check_seconds(data: bytes, heard: list[Heard], music: Music) -> None:
    """Whether every bar line of a piece in 4/4 is heard when it is in the file."""
    first = 4 * math.floor(min(start for _, _, start, _, _ in heard) / 4 + 1 / 32)
    per_beat = struct.unpack(">H", data[12:14])[0]
    changes = _tempo_changes(data)

    def second_of(beat: float) -> float:
        second, before, length = 0.0, 0.0, 0.5
        for tick, microseconds in changes:
            if tick / per_beat >= beat:
                break
            second += (tick / per_beat - before) * length
            before, length = tick / per_beat, microseconds / 1e6
        return second + (beat - before) * length

    for bar in range(1, music.bars):
        ours = seconds(music.excerpt(0, bar))
        assert abs(ours - (second_of(first + 4 * bar) - second_of(first))) <= _SECONDS


def _tempo_changes(data: bytes) -> list[tuple[int, int]]:
    """(tick, microseconds of a beat) of the tempo events, in the order in which they are played."""
    changes = []
    for track in mido.MidiFile(file=io.BytesIO(data)).tracks:
        tick = 0
        for message in track:
            tick += message.time
            if message.type == "set_tempo":
                changes.append((tick, message.tempo))
    return sorted(changes, key=lambda change: change[0])


def _has_found_beat(notes: tuple[str, ...]) -> bool:
    """Whether the notes are on a beat, and in bars, that were found in them."""
    return any(sentence.startswith(OFF_BEAT) for sentence in notes)


def check_sentences(data: bytes, notes: tuple[str, ...], struck: int, kept: int) -> None:
    """Whether there is a sentence for everything of a file that its piece has not."""
    text = " ".join(notes)
    events = Counter(message.type for track in mido.MidiFile(file=io.BytesIO(data)).tracks for message in track)
    controls = {
        message.control
        for track in mido.MidiFile(file=io.BytesIO(data)).tracks
        for message in track
        if message.type == "control_change"
    }
    assert kept == struck or f"{kept:,} of {struck:,} note" in text
    assert events["set_tempo"] or "no tempo" in text or _has_found_beat(notes)
    assert events["time_signature"] or "no metre" in text or _has_found_beat(notes)
    assert events["key_signature"] or "The key is" in text or "only drums" in text
    if controls & {1, 7, 10, 11, 91}:
        assert "Left out, as our notes have none of it" in text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="how many files")
    options = parser.parse_args()
    total: Counter[str] = Counter()

    @settings(
        max_examples=options.count, derandomize=True, deadline=None, database=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(odd_files())
    def check(odd: OddFile) -> None:
        total.update(compare(odd) | {"files": 1, "with pedal": odd.has_pedal, "with unended": odd.has_unended})

    check()
    print(json.dumps(total, indent=1))


if __name__ == "__main__":
    main()
