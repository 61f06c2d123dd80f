"""Files with one trait each that was once read wrongly, and what is right: written here with mido, as programs do."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import mido

PER_BEAT = 480
SCALE = (60, 62, 64, 65, 67, 65, 64, 62)
Event = tuple[float, int, mido.Message]
"""Beat, order on the beat (note-offs are 0, note-ons 1), message."""


@dataclass(frozen=True)
class Case:
    """A file and what is right of it.

    Args:
        name: of the trait.
        data: the file.
        bars, tempo, key: of the piece.
        roles: role to (program, notes).
        lengths: role to the lengths of its notes in ticks, each once; those not given are not looked at.
        pitches: of drums, to how many there are.
        words: what the sentences have to say.
        tempos: (tick, beats a minute) of each change of the tempo.
    """

    name: str
    data: bytes
    bars: int
    tempo: float
    key: str
    roles: dict[str, tuple[int, int]]
    lengths: dict[str, set[int]] = field(default_factory=dict)
    pitches: dict[int, int] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    tempos: tuple[tuple[int, float], ...] = ()


def line(pitches: tuple[int, ...], length: float = 1, channel: int = 0, step: float | None = None) -> list[Event]:
    """Notes one after another."""
    events: list[Event] = []
    for place, pitch in enumerate(pitches):
        start = place * (length if step is None else step)
        events.append((start, 1, mido.Message("note_on", channel=channel, note=pitch, velocity=90)))
        events.append((start + length, 0, mido.Message("note_off", channel=channel, note=pitch)))
    return events


def at(beat: float, message: mido.Message | mido.MetaMessage) -> list[Event]:
    return [(beat, -1, message)]


def tempo(beats_a_minute: float, beat: float = 0) -> list[Event]:
    return at(beat, mido.MetaMessage("set_tempo", tempo=round(60e6 / beats_a_minute)))


def metre(above: int, below: int, beat: float = 0) -> list[Event]:
    return at(beat, mido.MetaMessage("time_signature", numerator=above, denominator=below))


def program(number: int, channel: int = 0) -> list[Event]:
    return at(0, mido.Message("program_change", channel=channel, program=number))


def control(number: int, value: int, beat: float, channel: int = 0) -> list[Event]:
    return at(beat, mido.Message("control_change", channel=channel, control=number, value=value))


def name(text: str) -> list[Event]:
    return at(0, mido.MetaMessage("track_name", name=text))


def midi_file(*tracks: list[Event], kind: int = 1) -> bytes:
    file = mido.MidiFile(type=kind, ticks_per_beat=PER_BEAT)
    for events in tracks:
        track = mido.MidiTrack()
        now = 0
        for beat, _, message in sorted(events, key=lambda event: event[:2]):
            tick = round(beat * PER_BEAT)
            track.append(message.copy(time=tick - now))
            now = tick
        file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


COMMON = tempo(100) + metre(4, 4)
TUNE = program(73) + line(SCALE * 4)
PLAIN = midi_file(COMMON, TUNE)


def _changed(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) == 1
    return data.replace(old, new)


def _note_on_first() -> bytes:
    """A pitch is struck again on the tick at which it ends, the note-on before the note-off."""
    events = [(beat, 1 - order, message) for beat, order, message in line((60,) * 32)]
    return midi_file(COMMON, program(80) + events)


def _strings() -> bytes:
    """Strummed E major and A major, a channel for each string."""
    events = name("Guitar")
    for string, pitches in enumerate(((40, 45), (47, 52), (52, 57), (56, 61), (59, 64), (64, 69))):
        events += program(25, string) + line(pitches * 8, 2, string)
    return midi_file(COMMON, events)


def _pedal() -> bytes:
    """Broken chords of short notes, the pedal down for a bar each."""
    events = line((52, 59, 64, 68) * 8, 0.25, step=1)
    for bar in range(8):
        events += control(64, 127, 4 * bar) + control(64, 0, 4 * bar + 3.9)
    return midi_file(COMMON, events)


def _kit(channel: int, hat: int, open_hat: int, tom: int) -> list[Event]:
    events = []
    for beat in range(32):
        events += [(e[0] + beat, *e[1:]) for e in line((hat, open_hat), 0.25, channel, 0.5)]
        stroke = tom if beat % 8 == 7 else 36 if beat % 2 == 0 else 38
        events += [(e[0] + beat, *e[1:]) for e in line((stroke,), 0.25, channel)]
    return events


def _held_chord() -> bytes:
    held = [(32.0, 1, mido.Message("note_on", note=pitch, velocity=90)) for pitch in (60, 64, 67)]
    return midi_file(COMMON, TUNE + held + at(36, mido.MetaMessage("text", text="the end")))


_E_MAJOR = (64, 68, 71, 76, 75, 71, 68, 66)
_KEYED = midi_file(COMMON + at(0, mido.MetaMessage("key_signature", key="C")), TUNE)
_LENGTH = PLAIN[PLAIN.rindex(b"MTrk") + 4 :][:4]
_C = {"melody": (73, 32)}

CASES = (
    Case("struck again on the tick where it ends", _note_on_first(), 8, 100, "C major", {"melody": (80, 32)},
         {"melody": {12}}),
    Case("overlapping notes of one pitch", midi_file(COMMON, program(80) + line((60,) * 32, 1.25, step=1)), 9, 100,
         "C major", {"melody": (80, 32)}, {"melody": {12, 15}}),
    Case("programs in another track",
         midi_file(COMMON + program(65) + program(33, 1), line(SCALE * 4), line((36, 36, 38, 31) * 4, 2, 1)), 8, 100,
         "C major", {"melody": (65, 32), "bass": (33, 16)}),
    Case("two metres on a tick", midi_file(tempo(100) + metre(4, 4) + metre(3, 4), program(73) + line(SCALE * 3)), 8,
         100, "C major", {"melody": (73, 24)}),
    Case("a bar of 1/4 in 4/4", midi_file(COMMON + metre(1, 4, 16) + metre(4, 4, 17), TUNE), 8, 100, "C major", _C,
         words=("1/4",)),
    Case("a song of 100 bars", midi_file(COMMON, program(73) + line(SCALE * 50)), 100, 100, "C major",
         {"melody": (73, 400)}),
    Case("two tempos on a tick", midi_file(tempo(120) + tempo(90) + metre(4, 4), TUNE), 8, 90, "C major", _C),
    Case("the only tempo comes late", midi_file(metre(4, 4) + tempo(60, 28), TUNE), 8, 120, "C major", _C,
         words=("between 60 and 120", "120 before the first that it states"), tempos=((336, 60),)),
    Case("a channel for each string", _strings(), 8, 100, "E major",
         {"melody": (25, 16), "chords": (25, 64), "bass": (25, 16)}, words=("dealt over 6 channels",)),
    Case("a chord that is never ended", _held_chord(), 9, 100, "C major", {"melody": (73, 35)},
         {"melody": {12, 48}}, words=("3 notes are never ended",)),
    Case("a key without a value", _changed(_KEYED, b"\xff\x59\x02\0\0", b"\xff\x59\0\0\xff\x01\0"), 8, 100, "C major",
         _C, words=("impossible are left out: key",)),
    Case("a frame rate that is none", _changed(_KEYED, b"\xff\x59\x02\0\0", b"\xff\x54\x05\x80\0\0\0\0"), 8, 100,
         "C major", _C, words=("impossible are left out: SMPTE offset",)),
    Case("a track length that is too large", _changed(PLAIN, _LENGTH, (int.from_bytes(_LENGTH) + 4).to_bytes(4)), 8,
         100, "C major", _C),
    Case("more tracks in the header than in the file", PLAIN[:10] + b"\0\3" + PLAIN[12:], 8, 100, "C major", _C,
         words=("The header counts 3 tracks",)),
    Case("a tempo of zero", _changed(midi_file(tempo(77) + metre(4, 4), TUNE),
         b"\xff\x51\x03" + round(60e6 / 77).to_bytes(3, "big"), b"\xff\x51\x03\0\0\0"), 8, 120, "C major", _C,
         words=("impossible are left out: tempo", "states no tempo: 120")),
    Case("role names in a file that is not ours",
         midi_file(COMMON, name("Melody") + program(73) + line(_E_MAJOR * 4),
                   name("Bass") + program(33, 2) + line((28, 28, 33, 35) * 4, 2, 2)), 8, 100, "E major",
         {"melody": (73, 32), "bass": (33, 16)}, words=("estimated as E major",)),
    Case("drums on channel 1",
         midi_file(COMMON, name("Lead") + line(SCALE * 4), name("Sub") + line((36, 37, 38, 36) * 4, 2),
                   name("Drum Kit") + _kit(0, 42, 46, 45)), 8, 100, "C major",
         {"melody": (0, 32), "bass": (0, 16), "drums": (0, 96)}),
    Case("pads of an electronic kit", midi_file(COMMON, _kit(9, 22, 26, 58)), 8, 100, "C major", {"drums": (0, 96)},
         pitches={42: 32, 46: 32, 36: 16, 38: 12, 45: 4}),
    Case("a sustain pedal", _pedal(), 8, 100, "E major", {"melody": (0, 32)}, {"melody": {47, 35, 23, 11}},
         words=("A pedal holds 32 notes",)),
)  # fmt: skip
