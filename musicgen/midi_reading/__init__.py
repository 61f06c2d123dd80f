"""Any MIDI file, read: as a `Score`, in beats, or as a `Timeline`, in seconds, as a synthesiser needs it."""

from musicgen.midi_reading.channels import DRUM_CHANNEL, ScoreNote, ScoreTrack
from musicgen.midi_reading.file import MAX_BYTES, MAX_NOTES
from musicgen.midi_reading.score import DEFAULT_TEMPO, MAX_BEATS, Score, read_score
from musicgen.midi_reading.timeline import Timeline, read_timeline

__all__ = [
    "DEFAULT_TEMPO", "DRUM_CHANNEL", "MAX_BEATS", "MAX_BYTES", "MAX_NOTES", "Score", "ScoreNote", "ScoreTrack",
    "Timeline", "read_score", "read_timeline",
]  # fmt: skip
