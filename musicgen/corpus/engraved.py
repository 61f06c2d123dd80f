"""Engraved scores as the MIDI files that LilyPond makes of them: songs and hymns, piano pieces.

Such a file begins with its first note, so that bar lines after a pickup are not where its time signature puts them.
They are found again, or the piece is left out.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import numpy as np

from musicgen.corpus.cleaning import Cleaning
from musicgen.corpus.metres import Stretch, stretches_of
from musicgen.corpus.passages import Passage
from musicgen.corpus.reasons import Unusable
from musicgen.corpus.scores import STYLE, Layout, Line, pieces, split_left_hand, top_line
from musicgen.midi_reading import Score, ScoreTrack, read_score

_STYLES = {"Jazz": "trad"}
"""Styles of the table that are another one than classical: what it calls jazz is ragtime."""
_FREE = "Public Domain"
_LEAD = 0.2
"""By how much the best place for bar lines must lead. Of hymns and lieder whose bars are known, with a pickup put on or
not, it is right in 95 % in 4/4 and in 97 % in 3/4 and 6/8; the others, half of those in 4/4, are left out."""
_NO_PICKUP, _SHORT_PICKUP = 0.06, 0.04
"""What speaks for bar lines that need no pickup, or one of at most a quarter of a bar."""
_MONOPHONIC = 1.1
"""Most notes an onset of a voice."""
_LOWEST_VOICE = 55
"""Mean pitch of the lowest line that may be sung to a piano's accompaniment."""


def free_files(table: bytes) -> dict[str, str]:
    """Our style of each file of the collection's table that is in the public domain.

    Those under CC BY are left out, as the table does not name those to whom they are to be attributed.
    """
    rows = csv.DictReader(io.StringIO(table.decode("utf-8")), delimiter="\t")
    return {row["file"]: _STYLES.get(row["style"], STYLE) for row in rows if row["licence"] == _FREE}


def read_engraved(data: bytes, style: str = STYLE, cleaning: Cleaning | None = None) -> list[Passage]:
    """An engraved score as pieces, one per stretch that keeps to one metre.

    A single line over other staves is the melody, or else the top line of the highest staff; the lowest note of each
    beat of the lowest staff, if below G3, is the bass; all else is chords, or pad where no staff has fast notes.

    Args:
        data: a MIDI file.
        style: a style name, the label of the pieces.
        cleaning: counts what was mended, if given.

    Raises:
        Unusable: no eight bars of one metre, bar lines that cannot be told, or fewer than two roles; `MidiError`: not a
        MIDI file.
    """
    score = read_score(data)
    staves = [track for track in score.tracks if track.notes and not track.is_drums]
    if not staves:
        raise Unusable("roles", "Expected notes. Received: none.")
    first, *rest = stretches_of(score)
    if first.begins:
        first = replace(first, start=first.start + _pickup(score, first))
    lines = [_line(track) for track in staves]
    by_pitch = sorted(range(len(staves)), key=lambda index: -_mean_pitch(lines[index]))
    sung = [i for i, line in enumerate(lines) if _is_voice(line)]
    lead = sung[0] if sung and len(sung) < len(lines) and len(lines) > 2 else by_pitch[0]
    melody = top_line(lines[lead])
    taken = set(melody)
    bass, _ = split_left_hand([note for note in lines[by_pitch[-1]] if note not in taken])
    taken |= set(bass)
    inner = sorted(note for line in lines for note in line if note not in taken)
    held = np.mean([length for _, _, length in inner]) > 1 if inner else False
    parts = {"melody": melody, "pad" if held else "chords": inner, "bass": bass}
    return pieces(parts, Layout([first, *rest], score.tempo if score.tempos else None), cleaning, style)


def _line(track: ScoreTrack) -> Line:
    return [(note.start, note.pitch, note.end - note.start) for note in track.notes]


def _mean_pitch(line: Line) -> float:
    return float(np.mean([pitch for _, pitch, _ in line]))


def _is_voice(line: Line) -> bool:
    onsets = {onset for onset, _, _ in line}
    return len(line) < _MONOPHONIC * len(onsets) and _mean_pitch(line) >= _LOWEST_VOICE


def _pickup(score: Score, stretch: Stretch) -> float:
    """Written quarter notes, zero or below, from the stretch's beginning back to the bar line before its pickup.

    Bar lines are where long notes begin, of the bass above all.
    """
    bar = stretch.signature.bar
    step = 0.5 if stretch.metre.is_compound or stretch.signature.is_triple else 1.0
    notes = [
        (note.start - stretch.start, min(note.end - note.start, bar), track)
        for track in score.tracks
        for note in track.notes
        if note.start < stretch.end
    ]
    lowest = min((track for track in score.tracks if track.notes), key=lambda track: _mean_pitch(_line(track)))
    places = np.arange(0, bar, step)
    scores = np.where(places == 0, _NO_PICKUP, np.where(places <= bar / 4 + 1e-6, _SHORT_PICKUP, 0.0))
    for chosen in (notes, [entry for entry in notes if entry[2] is lowest]):
        starts = np.array([start for start, _, _ in chosen])
        lengths = np.array([length for _, length, _ in chosen])
        on_bar = np.abs((starts[None] - places[:, None] + 0.01) % bar) < 0.02
        scores = scores + (on_bar * lengths).sum(axis=1) / max(lengths.sum(), 1e-9)
    order = np.argsort(scores)[::-1]
    if len(order) > 1 and scores[order[0]] - scores[order[1]] < _LEAD:
        raise Unusable("bars", "Expected bar lines that can be told by the notes. Received: two places as likely.")
    pickup = float(places[order[0]])
    return pickup - bar if pickup else 0.0


__all__ = ["free_files", "read_engraved"]
