"""`Music` to MIDI bytes and back: the files that are ours. The only place that knows their ticks and seconds."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence

import mido

from musicgen.errors import MidiError, MusicgenError
from musicgen.midi_reading import DRUM_CHANNEL, Score, read_score
from musicgen.music import FOUR_FOUR, METRES, TICKS_PER_QUARTER, Key, Music, Note, Track
from musicgen.performance import STRAIGHT, Played, perform
from musicgen.roles import ROLE_BY_NAME, ROLE_NAMES

FILE_TICKS_PER_BEAT = 480
_SCALE = FILE_TICKS_PER_BEAT // TICKS_PER_QUARTER
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

_TITLE = "musicgen"
_RECIPE_MARK = "musicgen "
_GRID_MARK = "musicgen-grid "
_MOST_GRID_BYTES = 4_000_000


def seconds(music: Music) -> float:
    """Length of the piece in seconds, from its first bar line to its last."""
    tick, second, each = clock(music)[-1]
    return second + (music.ticks - tick) * each


def clock(music: Music) -> list[tuple[int, float, float]]:
    """(tick, the second at which it is heard, seconds of a tick from there on) of the beginning and of each change of
    the tempo."""
    found: list[tuple[int, float, float]] = []
    for tick, tempo in music.tempos:
        if tick < music.ticks:
            before, second, each = found[-1] if found else (0, 0.0, 0.0)
            found.append((tick, second + (tick - before) * each, 60.0 / tempo / TICKS_PER_QUARTER))
    return found


# --- writing ---------------------------------------------------------------------------------------------------


def to_midi(
    music: Music,
    recipe: Mapping[str, object] | None = None,
    volumes: Mapping[str, int] | None = None,
    humanise: float = 0.0,
    swing: float = STRAIGHT,
    seed: int = 0,
    markers: Iterable[tuple[int, str]] = (),
) -> bytes:
    """A type 1 MIDI file: a conductor track, then a named track per role that is in the piece.

    Where two notes of one pitch overlap in a track, the first is cut at the second; of two that begin together the
    longer is kept. Every track ends on the last bar line, so the file loops exactly. Notes that are humanised or swung
    are off the grid; what they are on it is kept in a text event, so that `from_midi` still returns the piece.

    Args:
        music: the piece.
        recipe: how the piece was made; kept as JSON in a text event, `read_recipe` returns it.
        volumes: role to channel volume (controller 7), 0 to 127; that of `MIX` where not given.
        humanise, swing, seed: how it is played, see `performance.perform`.
        markers: ticks, rising, and what is written there, such as the names of chords; texts in ASCII.

    Raises:
        MusicgenError: as for `performance.perform`.
    """
    grid = sounding = {track.role: _sounding(track, _on_grid(track)) for track in music.tracks}
    if humanise or swing != STRAIGHT:
        played = perform(music, humanise, swing, seed)
        sounding = {track.role: _sounding(track, played[track.role]) for track in music.tracks}
    conductor = mido.MidiTrack()
    conductor.append(mido.MetaMessage("track_name", name=_TITLE))
    if recipe is not None:
        text = _RECIPE_MARK + json.dumps(recipe, sort_keys=True)
        conductor.append(mido.MetaMessage("text", text=text))
    if sounding is not grid:
        conductor.append(mido.MetaMessage("text", text=_GRID_MARK + _grid_text(grid, sounding)))
    conductor.append(mido.MetaMessage("text", text="style: " + music.style.encode("ascii", "replace").decode()))
    conductor.append(mido.MetaMessage("set_tempo", tempo=round(60e6 / music.tempo)))
    # a metronome clicks on every beat: 24 of its clocks are a quarter note
    clicks, metre = 24 * music.metre.ticks_per_beat // TICKS_PER_QUARTER, music.metre
    conductor.append(
        mido.MetaMessage(
            "time_signature", numerator=metre.numerator, denominator=metre.denominator, clocks_per_click=clicks
        )
    )
    conductor.append(mido.MetaMessage("key_signature", key=_mido_key(music.key)))
    now = 0
    events = [(tick, mido.MetaMessage("set_tempo", tempo=round(60e6 / tempo))) for tick, tempo in music.later_tempos]
    events += [(tick, mido.MetaMessage("marker", text=text)) for tick, text in markers]
    for tick, message in sorted((event for event in events if event[0] < music.ticks), key=lambda event: event[0]):
        conductor.append(message.copy(time=(tick - now) * _SCALE))
        now = tick
    conductor.append(mido.MetaMessage("end_of_track", time=(music.ticks - now) * _SCALE))
    file = mido.MidiFile(type=1, ticks_per_beat=FILE_TICKS_PER_BEAT)
    file.tracks.append(conductor)
    for track in music.tracks:
        volume = (volumes or {}).get(track.role, MIX[track.role][0])
        file.tracks.append(_track_events(track, sounding[track.role], music.ticks * _SCALE, volume))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _on_grid(track: Track) -> list[Played]:
    return [Played(note.onset, note.pitch, note.end, note.velocity) for note in track.notes]


_Sounding = tuple[int, int, int, int]  # start, pitch, end, velocity; ticks of the file


def _sounding(track: Track, played: Sequence[Played]) -> list[_Sounding]:
    """What of a track a file can say: of each pitch one note at a time."""
    found: list[_Sounding] = []
    last: dict[int, int] = {}  # pitch -> its last note in `found`
    # of notes that agree in onset and pitch only the longest is written: a file cannot tell them apart
    for note in {(note.onset, note.pitch): how for note, how in zip(track.notes, played, strict=True)}.values():
        start, end = round(note.start * _SCALE), round(note.end * _SCALE)
        if note.pitch in last:
            begun, pitch, until, velocity = found[last[note.pitch]]
            found[last[note.pitch]] = begun, pitch, min(until, start), velocity
        last[note.pitch] = len(found)
        found.append((start, note.pitch, end, note.velocity))
    return found


def _track_events(track: Track, sounding: Iterable[_Sounding], ticks: int, volume: int) -> mido.MidiTrack:
    channel = CHANNELS[track.role]
    pan = MIX[track.role][1]
    events = mido.MidiTrack()
    events.append(mido.MetaMessage("track_name", name=ROLE_BY_NAME[track.role].label))
    events.append(mido.Message("program_change", channel=channel, program=track.program))
    events.append(mido.Message("control_change", channel=channel, control=7, value=volume))
    events.append(mido.Message("control_change", channel=channel, control=10, value=pan))
    timed: list[tuple[int, int, int, int]] = []  # tick, 0 for off before 1 for on, pitch, velocity
    for start, pitch, end, velocity in sounding:
        timed += [(start, 1, pitch, velocity), (end, 0, pitch, 0)]
    now = 0
    for tick, on, pitch, velocity in sorted(timed):
        kind = "note_on" if on else "note_off"
        events.append(mido.Message(kind, channel=channel, note=pitch, velocity=velocity, time=tick - now))
        now = tick
    events.append(mido.MetaMessage("end_of_track", time=max(0, ticks - now)))
    return events


def _grid_text(grid: Mapping[str, list[_Sounding]], sounding: Mapping[str, list[_Sounding]]) -> str:
    """The notes as they would be in a file on the grid, and the digest of those that are in the file for them."""
    by_label = {ROLE_BY_NAME[role].label: notes for role, notes in sounding.items()}
    notes = {
        role: [Note(start // _SCALE, pitch, (end - start) // _SCALE, loud) for start, pitch, end, loud in found]
        for role, found in grid.items()
    }
    values = {"digest": _digest(by_label), "notes": notes}
    return base64.b64encode(zlib.compress(json.dumps(values, separators=(",", ":")).encode(), 9)).decode()


def _digest(by_label: Mapping[str, Iterable[_Sounding]]) -> str:
    """Of the notes of a file, by the names of its tracks."""
    every = sorted((label, *note) for label, notes in by_label.items() for note in notes)
    return hashlib.sha256(json.dumps(every).encode()).hexdigest()[:32]


def _mido_key(key: Key) -> str:
    return key.name + ("m" if key.mode == "minor" else "")


# --- reading ---------------------------------------------------------------------------------------------------


def read_recipe(data: bytes) -> dict[str, object] | None:
    """The recipe that `to_midi` wrote into a file, or None if the file has none that can be read.

    Raises:
        MidiError: as for `read_score`.
    """
    return find_recipe(read_score(data))


def find_recipe(score: Score) -> dict[str, object] | None:
    """`read_recipe` for a file that was read before."""
    for text in score.texts:
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
    return from_score(read_score(data))


def from_score(score: Score) -> Music:
    """`from_midi` for a file that was read before.

    Raises:
        MidiError: the file's tracks are not named after our roles.
    """
    by_label = {role.label: role.name for role in ROLE_BY_NAME.values()}
    unknown = [track.name for track in score.tracks if track.name not in by_label]
    if unknown:
        raise MidiError(f"Expected tracks named {', '.join(by_label)}. Received: {unknown[0][:40]!r}.")
    grid = grid_notes(score)
    try:
        tracks = tuple(
            Track(
                by_label[track.name],
                track.program,
                tuple(
                    Note(_tick(note.start), note.pitch, max(1, _tick(note.end) - _tick(note.start)), note.velocity)
                    for note in track.notes
                )
                if grid is None
                else grid[by_label[track.name]],
            )
            for track in score.tracks
        )
        style = next((text.removeprefix("style: ") for text in score.texts if text.startswith("style: ")), "")
        length = _tick(score.ends[0]) if score.ends else 0  # the conductor track ends on the last bar line
        signature = score.metres[0][1] if score.metres else (4, 4)
        metre = METRES.get("{}/{}".format(*signature), FOUR_FOUR)
        bars = max(1, -(-length // metre.ticks_per_bar))
        tempos = {_tick(beat): round(tempo, 3) for beat, tempo in score.tempos_throughout}
        tempo = tempos.pop(0)
        return Music(tracks, bars, tempo, score.key or Key(0), style, metre, tuple(tempos.items()))
    except MidiError:
        raise
    except MusicgenError as error:
        raise MidiError(str(error)) from None


def grid_notes(score: Score) -> dict[str, tuple[Note, ...]] | None:
    """Role to its notes on the grid, of a file of ours that was humanised or swung and not changed since; else None."""
    text = next((text.removeprefix(_GRID_MARK) for text in score.texts if text.startswith(_GRID_MARK)), None)
    if text is None:
        return None
    try:
        values = json.loads(zlib.decompressobj().decompress(base64.b64decode(text), _MOST_GRID_BYTES))
        notes = {str(role): tuple(Note(*map(int, note)) for note in found) for role, found in values["notes"].items()}
        digest = values["digest"]
    except (ValueError, binascii.Error, zlib.error, LookupError, TypeError, AttributeError, RecursionError):
        return None
    file_ticks = FILE_TICKS_PER_BEAT
    by_label = {
        track.name: [
            (round(note.start * file_ticks), note.pitch, round(note.end * file_ticks), note.velocity)
            for note in track.notes
        ]
        for track in score.tracks
    }
    counts = {ROLE_BY_NAME[role].label: len(found) for role, found in notes.items() if found and role in ROLE_BY_NAME}
    same = counts == {label: len(found) for label, found in by_label.items()} and digest == _digest(by_label)
    return notes if same else None


def is_ours(score: Score) -> bool:
    """Whether a file of ours, perhaps changed since: others too have tracks named Melody and Bass."""
    return score.names[:1] == (_TITLE,)


def usual_volumes(data: bytes) -> dict[int, int]:
    """Channel to the channel volume of `MIX`, for a file of ours; nothing for any other.

    Raises:
        MidiError: as for `read_score`.
    """
    return {channel: MIX[role][0] for role, channel in CHANNELS.items()} if is_ours(read_score(data)) else {}


def stems(data: bytes) -> dict[str, bytes]:
    """A file that `to_midi` wrote as one file for each role that plays: role name to bytes, as long as the whole.

    The recipe stays out: it is how the whole was made.

    Raises:
        MidiError: as for `from_midi`.
    """
    playing = [track.role for track in from_midi(data).tracks if track.notes]
    file = mido.MidiFile(file=io.BytesIO(data))
    conductor = mido.MidiTrack(
        message
        for message in file.tracks[0]
        if message.type != "text" or not message.text.startswith((_RECIPE_MARK, _GRID_MARK))
    )
    by_name = {track.name: track for track in file.tracks[1:]}
    return {role: _saved([conductor, by_name[ROLE_BY_NAME[role].label]]) for role in playing}


def _saved(tracks: list[mido.MidiTrack]) -> bytes:
    buffer = io.BytesIO()
    mido.MidiFile(type=1, ticks_per_beat=FILE_TICKS_PER_BEAT, tracks=tracks).save(file=buffer)
    return buffer.getvalue()


def _tick(beat: float) -> int:
    return round(beat * TICKS_PER_QUARTER)


__all__ = [
    "CHANNELS", "MIX", "clock", "find_recipe", "from_midi", "from_score", "grid_notes", "is_ours", "read_recipe",
    "seconds", "stems", "to_midi", "usual_volumes",
]  # fmt: skip
