"""The Groove MIDI Dataset: human drumming by style, quantised, to be put under songs of the same style."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np

from musicgen import codec
from musicgen.corpus.band import MAX_GRID_ERROR, grid_error, to_grid
from musicgen.corpus.metres import MIN_BARS
from musicgen.corpus.reasons import Unusable
from musicgen.midi_reading import read_score
from musicgen.music import TICKS_PER_BAR, Music, Note, Track
from musicgen.roles import STYLE_BY_NAME, canonical_drum

STYLE_OF = {
    "rock": "rock", "punk": "rock", "funk": "funk", "hiphop": "dance", "soul": "ballad", "jazz": "jazz",
    "latin": "latin", "afrocuban": "latin", "afrobeat": "latin", "highlife": "latin", "neworleans": "trad",
    "pop": "pop", "country": "country", "dance": "dance", "reggae": "reggae", "gospel": "ballad", "blues": "blues",
}  # fmt: skip
"""The data set's style, up to its first "/", to ours; the rest (middleeastern) has no like here."""


def groove_styles(info: bytes) -> dict[str, tuple[str, float]]:
    """Our style and the tempo of each 4/4 beat of info.csv, by MIDI file name. Fills are left out."""
    rows = csv.DictReader(io.StringIO(info.decode("utf-8")))
    return {
        row["midi_filename"]: (STYLE_OF[row["style"].split("/")[0]], float(row["bpm"]))
        for row in rows
        if row["beat_type"] == "beat" and row["time_signature"] == "4-4" and row["style"].split("/")[0] in STYLE_OF
    }


def read_groove(data: bytes, style: str, tempo: float) -> Music:
    """A performance as a drums-only piece, snapped bar by bar to straight or triplet time.

    Raises:
        Unusable: shorter than eight bars, or not played to its beat; `MidiError`: not a MIDI file.
    """
    score = read_score(data, strict=True)
    notes = [note for track in score.tracks for note in track.notes]
    bars = int(score.end // 4)
    if bars < MIN_BARS:
        raise Unusable("length", f"Expected at least eight bars. Received: {bars}.")
    if grid_error(np.array([note.start for note in notes])) > MAX_GRID_ERROR:
        raise Unusable("grid", "Expected drums that follow the file's beat. Received: onsets anywhere.")
    found = [
        Note(note.onset, drum, codec.DRUM_DURATION, note.velocity)
        for note in to_grid(sorted(notes), human=True)
        if (drum := canonical_drum(note.pitch)) is not None and note.onset < bars * TICKS_PER_BAR
    ]
    track = Track("drums", STYLE_BY_NAME[style].kit, codec.untangle(found, bars * TICKS_PER_BAR))
    return Music((track,), bars, tempo, style=style)


def put_under(music: Music, groove: Music) -> Music:
    """The piece with its drums replaced by a groove, which starts again as often as the piece is longer."""
    hits = groove.notes("drums")
    looped = [
        note._replace(onset=note.onset + start)
        for start in range(0, music.ticks, groove.ticks)
        for note in hits
        if note.onset + start < music.ticks
    ]
    others = tuple(track for track in music.tracks if track.role != "drums")
    drums = Track("drums", groove.tracks[0].program, codec.untangle(looped, music.ticks))
    return replace(music, tracks=(*others, drums))
