"""`Music` to MIDI bytes and back, any MIDI file to a `Score`. The only place that knows a file's ticks and seconds."""

from __future__ import annotations

import io
import json
import re
import struct
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import mido

from musicgen.errors import MidiError, MusicgenError
from musicgen.music import TICKS_PER_BAR, TICKS_PER_BEAT, Key, Music, Note, Track
from musicgen.roles import ROLE_BY_NAME, ROLE_NAMES

FILE_TICKS_PER_BEAT = 480
_SCALE = FILE_TICKS_PER_BEAT // TICKS_PER_BEAT
DRUM_CHANNEL = 9
DRUM_BANK = 128
"""Where a soundfont keeps its drum kits."""
CHANNELS: dict[str, int] = {
    role: DRUM_CHANNEL if ROLE_BY_NAME[role].is_drums else channel for channel, role in enumerate(ROLE_NAMES)
}
"""Role name to MIDI channel, 0 to 15."""
MIX: dict[str, tuple[int, int]] = {
    "melody": (104, 64),
    "chords": (82, 44),
    "pad": (66, 86),
    "bass": (100, 64),
    "drums": (96, 64),
}
"""Role name to channel volume (controller 7) and pan (controller 10; 64 is the centre)."""

MAX_BYTES = 2_000_000
MAX_NOTES = 100_000
MAX_BEATS = 20_000
_RECIPE_MARK = "musicgen "
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


def seconds(music: Music) -> float:
    """Length of the piece in seconds, from its first bar line to its last."""
    return music.ticks / TICKS_PER_BEAT * 60.0 / music.tempo


# --- writing ---------------------------------------------------------------------------------------------------


def to_midi(
    music: Music, recipe: Mapping[str, object] | None = None, volumes: Mapping[str, int] | None = None
) -> bytes:
    """A type 1 MIDI file: a conductor track, then a named track per role that is in the piece.

    Where two notes of one pitch overlap in a track, the first is cut at the second; of two that begin together the
    longer is kept. Every track ends on the last bar line, so the file loops exactly.

    Args:
        music: the piece.
        recipe: how the piece was made; kept as JSON in a text event, `read_recipe` returns it.
        volumes: role to channel volume (controller 7), 0 to 127; that of `MIX` where not given.
    """
    conductor = mido.MidiTrack()
    conductor.append(mido.MetaMessage("track_name", name="musicgen"))
    if recipe is not None:
        text = _RECIPE_MARK + json.dumps(recipe, sort_keys=True)
        conductor.append(mido.MetaMessage("text", text=text))
    conductor.append(mido.MetaMessage("text", text="style: " + music.style.encode("ascii", "replace").decode()))
    conductor.append(mido.MetaMessage("set_tempo", tempo=round(60e6 / music.tempo)))
    conductor.append(mido.MetaMessage("time_signature", numerator=4, denominator=4))
    conductor.append(mido.MetaMessage("key_signature", key=_mido_key(music.key)))
    conductor.append(mido.MetaMessage("end_of_track", time=music.ticks * _SCALE))
    file = mido.MidiFile(type=1, ticks_per_beat=FILE_TICKS_PER_BEAT)
    file.tracks.append(conductor)
    for track in music.tracks:
        volume = (volumes or {}).get(track.role, MIX[track.role][0])
        file.tracks.append(_track_events(track, music.ticks, volume))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _track_events(track: Track, ticks: int, volume: int) -> mido.MidiTrack:
    channel = CHANNELS[track.role]
    pan = MIX[track.role][1]
    events = mido.MidiTrack()
    events.append(mido.MetaMessage("track_name", name=ROLE_BY_NAME[track.role].label))
    events.append(mido.Message("program_change", channel=channel, program=track.program))
    events.append(mido.Message("control_change", channel=channel, control=7, value=volume))
    events.append(mido.Message("control_change", channel=channel, control=10, value=pan))
    timed: list[tuple[int, int, int, int]] = []  # tick, 0 for off before 1 for on, pitch, velocity
    sounding: dict[int, int] = {}  # pitch -> index of its note-off in `timed`
    # of notes that agree in onset and pitch only the longest is written: a file cannot tell them apart
    for note in {(note.onset, note.pitch): note for note in track.notes}.values():
        if note.pitch in sounding:
            off = timed[sounding[note.pitch]]
            if off[0] > note.onset:
                timed[sounding[note.pitch]] = (note.onset, *off[1:])
        timed.append((note.onset, 1, note.pitch, note.velocity))
        sounding[note.pitch] = len(timed)
        timed.append((note.end, 0, note.pitch, 0))
    now = 0
    for tick, on, pitch, velocity in sorted(timed):
        kind = "note_on" if on else "note_off"
        delta = (tick - now) * _SCALE
        events.append(mido.Message(kind, channel=channel, note=pitch, velocity=velocity, time=delta))
        now = tick
    events.append(mido.MetaMessage("end_of_track", time=max(0, ticks - now) * _SCALE))
    return events


def _mido_key(key: Key) -> str:
    # mido knows only the fifteen signatures that notation has; these spell every tonic within them
    names = {"major": "C Db D Eb E F F# G Ab A Bb B", "minor": "C C# D Eb E F F# G G# A Bb B"}
    return names[key.mode].split()[key.tonic] + ("m" if key.mode == "minor" else "")


# --- reading ---------------------------------------------------------------------------------------------------


def read_score(data: bytes) -> Score:
    """Read any MIDI file.

    A note that is never ended is dropped; a note struck again before its end is ended there.

    Raises:
        MidiError: not a MIDI file, damaged, over 2 MB, over 100,000 notes, or over 20,000 beats long.
    """
    return _read(data, _score)


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
    return _read(data, _timeline)


def _read(data: bytes, use: Callable[[mido.MidiFile], _T]) -> _T:
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


def read_recipe(data: bytes) -> dict[str, object] | None:
    """The recipe that `to_midi` wrote into a file, or None if the file has none that can be read.

    Raises:
        MidiError: as for `read_score`.
    """
    for text in read_score(data).texts:
        if text.startswith(_RECIPE_MARK):
            try:
                recipe = json.loads(text[len(_RECIPE_MARK) :])
            except (ValueError, RecursionError):  # text of another program, or hostile
                return None
            return recipe if isinstance(recipe, dict) else None
    return None


def from_midi(data: bytes) -> Music:
    """Read back a file that `to_midi` wrote, note for note.

    Raises:
        MidiError: as for `read_score`, or the file's tracks are not named after our roles.
    """
    score = read_score(data)
    by_label = {role.label: role.name for role in ROLE_BY_NAME.values()}
    unknown = [track.name for track in score.tracks if track.name not in by_label]
    if unknown:
        raise MidiError(f"Expected tracks named {', '.join(by_label)}. Received: {unknown[0][:40]!r}.")
    try:
        tracks = tuple(
            Track(
                by_label[track.name],
                track.program,
                tuple(
                    Note(_tick(note.start), note.pitch, max(1, _tick(note.end) - _tick(note.start)), note.velocity)
                    for note in track.notes
                ),
            )
            for track in score.tracks
        )
        style = next((text.removeprefix("style: ") for text in score.texts if text.startswith("style: ")), "")
        length = _end_of_tracks(data)
        bars = max(1, -(-length // TICKS_PER_BAR))
        return Music(tracks, bars, round(score.tempo, 3), score.key or Key(0), style)
    except MidiError:
        raise
    except MusicgenError as error:
        raise MidiError(str(error)) from None


def stems(data: bytes) -> dict[str, bytes]:
    """A file that `to_midi` wrote as one file for each role that plays: role name to bytes, as long as the whole.

    The recipe stays out: it is how the whole was made.

    Raises:
        MidiError: as for `from_midi`.
    """
    playing = [track.role for track in from_midi(data).tracks if track.notes]

    def split(file: mido.MidiFile) -> dict[str, bytes]:
        conductor = mido.MidiTrack(
            message for message in file.tracks[0] if message.type != "text" or not message.text.startswith(_RECIPE_MARK)
        )
        by_name = {track.name: track for track in file.tracks[1:]}
        return {role: _saved([conductor, by_name[ROLE_BY_NAME[role].label]]) for role in playing}

    return _read(data, split)


def _saved(tracks: list[mido.MidiTrack]) -> bytes:
    buffer = io.BytesIO()
    mido.MidiFile(type=1, ticks_per_beat=FILE_TICKS_PER_BEAT, tracks=tracks).save(file=buffer)
    return buffer.getvalue()


def _tick(beat: float) -> int:
    return round(beat * TICKS_PER_BEAT)


def _end_of_tracks(data: bytes) -> int:
    """The last bar line of a file that `to_midi` wrote, in our ticks: the end of its conductor track."""
    return _read(data, lambda file: _tick(sum(message.time for message in file.tracks[0]) / file.ticks_per_beat))


__all__ = [
    "CHANNELS", "DRUM_CHANNEL", "MIX", "Score", "ScoreNote", "ScoreTrack", "Timeline",
    "from_midi", "read_recipe", "read_score", "seconds", "stems", "timeline", "to_midi",
    "without_unknown_keys",
]  # fmt: skip
