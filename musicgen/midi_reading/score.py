"""A MIDI file as music, before roles and the grid: instruments with notes in beats, tempos, metres and keys."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from musicgen.errors import MidiError
from musicgen.midi_reading.channels import ScoreTrack, gather_instruments
from musicgen.midi_reading.file import MAX_NOTES, MidiFile, read_file
from musicgen.music import Key

MAX_BEATS = 20_000
DEFAULT_TEMPO = 120.0
"""Beats a minute before the first tempo event of a file, as the standard has it."""
_Value = TypeVar("_Value")
_CONTROLLERS = {
    1: "modulation", 2: "breath", 5: "portamento", 7: "volume", 8: "balance", 10: "pan", 11: "expression",
    65: "portamento", 66: "sostenuto", 67: "soft pedal",
}  # fmt: skip
_UNTOLD = {0, 6, 32, 38, 64, 66, *range(96, 128)}
"""Controllers that are heard, or say nothing that a note could have: banks, parameters, pedals, channel modes."""


@dataclass(frozen=True)
class Score:
    """What a MIDI file says: times in beats (quarter notes), nothing left out but empty instruments.

    Args:
        tracks: the instruments.
        tempos: (beat, beats a minute) in order, the last of each beat; empty where the file is silent.
        metres: (beat, (numerator, denominator)) likewise.
        keys: (beat, key) likewise.
        texts: of text events, in the order of the tracks.
        names: of the tracks of the file, "" where there is none.
        ends: the beat at which each track of the file ends.
        struck: notes that the file strikes.
        lost: what the file has that notes cannot say, such as "pitch bends", to how many of it there are.
        rhythm_map: whose layout the percussion has: "gm", "gs" (Roland) or "xg" (Yamaha).
        said: a sentence for each thing that is not as the standard has it, or that was put together.
    """

    tracks: tuple[ScoreTrack, ...]
    tempos: tuple[tuple[float, float], ...] = ()
    metres: tuple[tuple[float, tuple[int, int]], ...] = ()
    keys: tuple[tuple[float, Key], ...] = ()
    texts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    ends: tuple[float, ...] = ()
    struck: int = 0
    lost: tuple[tuple[str, int], ...] = ()
    rhythm_map: str = "gm"
    said: tuple[str, ...] = ()

    @property
    def key(self) -> Key | None:
        """The key signature that holds longest, or None."""
        held = _held(self.keys, self.end)
        return max(held, key=lambda key: held[key]) if held else None

    @property
    def tempo(self) -> float:
        """The tempo in force for most of the piece, in beats a minute; 120 if the file has none."""
        held = self.beats_at
        return max(held, key=lambda tempo: held[tempo]) if held else DEFAULT_TEMPO

    @property
    def tempos_throughout(self) -> tuple[tuple[float, float], ...]:
        """`tempos`, from the first beat on: 120 before the first that the file states."""
        if self.tempos and self.tempos[0][0] <= 0:
            return self.tempos
        return (0.0, DEFAULT_TEMPO), *self.tempos

    @property
    def beats_at(self) -> dict[float, float]:
        """Tempo to how many beats it is in force, from the first note on; empty if the file has none."""
        if not self.tempos:
            return {}
        return _held(self.tempos_throughout, self.end)

    @property
    def end(self) -> float:
        """The beat at which the last note ends."""
        return max((note.end for track in self.tracks for note in track.notes), default=0.0)


def _held(changes: Sequence[tuple[float, _Value]], end: float) -> dict[_Value, float]:
    """Value to how many beats it is in force."""
    held: dict[_Value, float] = defaultdict(float)
    ends = [beat for beat, _ in changes[1:]] + [end]
    for (beat, value), until in zip(changes, ends, strict=False):  # no change, no end
        held[value] += max(0.0, until - beat)
    return dict(held)


def read_score(data: bytes, most_notes: int = MAX_NOTES, strict: bool = False) -> Score:
    """Read any MIDI file: the notes as they sound, each with the instrument that plays it.

    A note ends where its key is let go and no pedal holds it, and where its pitch is struck again. One that is never
    ended is held to the end of its track. Of several tempos, metres or keys on a tick the last counts.

    Args:
        data: the file.
        most_notes: it may strike.
        strict: refuse a file that is damaged, as one to learn from should be whole.

    Raises:
        MidiError: not a MIDI file, over 2 MB, more notes than `most_notes`, or notes beyond 20,000 beats.
    """
    file = read_file(data, most_notes)
    if strict and file.said:
        raise MidiError(f"Expected a MIDI file as the standard has it. Received: another. {file.said[0]}")
    beats = file.ticks_per_beat
    instruments = gather_instruments(file)
    if any(note.end > MAX_BEATS for track in instruments.tracks for note in track.notes):
        raise MidiError(f"Expected a piece of at most {MAX_BEATS:,} beats. Received: one that is longer.")
    timed: dict[str, list[tuple[float, object]]] = defaultdict(list)
    for tick, message in file.merged():
        if message.type == "set_tempo":
            timed["tempo"].append((tick / beats, 60e6 / message.tempo))
        elif message.type == "time_signature":
            timed["metre"].append((tick / beats, (message.numerator, message.denominator)))
        elif message.type == "key_signature":
            timed["key"].append((tick / beats, Key.parse(message.key)))
    return Score(
        instruments.tracks,
        _changes(timed["tempo"]),  # type: ignore[arg-type]
        _changes(timed["metre"]),  # type: ignore[arg-type]
        _changes(timed["key"]),  # type: ignore[arg-type]
        tuple(message.text for track in file.tracks for _, message in track if message.type == "text"),
        tuple(instruments.names),
        tuple(tick / beats for tick in file.ends),
        instruments.struck,
        _lost(file),
        instruments.rhythm_map,
        file.said + instruments.said,
    )


def _changes(events: Iterable[tuple[float, _Value]]) -> tuple[tuple[float, _Value], ...]:
    """The last event of each beat, without those that change nothing."""
    last = dict(events)
    result: list[tuple[float, _Value]] = []
    for beat, value in sorted(last.items(), key=lambda item: item[0]):
        if not result or result[-1][1] != value:
            result.append((beat, value))
    return tuple(result)


def _lost(file: MidiFile) -> tuple[tuple[str, int], ...]:
    """What notes cannot say, and how many events of it there are."""
    found: Counter[str] = Counter()
    for track in file.tracks:
        for _, message in track:
            kind = message.type
            if kind == "pitchwheel" and message.pitch:
                found["pitch bends"] += 1
            elif kind in ("aftertouch", "polytouch"):
                found["aftertouch"] += 1
            elif kind == "control_change" and message.control not in _UNTOLD:
                found[_CONTROLLERS.get(message.control, "other controllers")] += 1
            elif kind == "lyrics":
                found["lyrics"] += 1
            elif kind == "marker":
                found["markers"] += 1
    return tuple(sorted(found.items()))


__all__ = ["DEFAULT_TEMPO", "MAX_BEATS", "Score", "read_score"]
