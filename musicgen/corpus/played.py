"""How people played, drummers and others: how far each note is from the grid, and how loud it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from musicgen import codec
from musicgen.corpus.band import MAX_GRID_ERROR, assign_roles, grid_error
from musicgen.corpus.drums import groove_styles
from musicgen.corpus.metres import MIN_BARS
from musicgen.corpus.sources import SOURCE_BY_NAME, find, iter_files
from musicgen.errors import CorpusError, MidiError
from musicgen.midi_reading import ScoreNote, ScoreTrack, read_score
from musicgen.music import TICKS_PER_QUARTER, Note
from musicgen.roles import canonical_drum

HELD_OUT = ("drummer3", "drummer8", "drummer10")
"""Drummers of the Groove MIDI Dataset that nothing is learned from: of its ten, they have eight of its styles."""
BAND_SOURCES = ("freedoom", "freedoom-history", "simutrans", "blasphemer")
LEAST_NOTES = 50
LEAST_SPREAD = 5.0
"""Milliseconds; what is nearer to the grid was not played in."""
LEAST_KURTOSIS = 2.4
"""Deviations of people have about the normal distribution's, 3; those that a program adds are spread evenly: 1.8."""
LEAST_VELOCITIES = 8
MAX_ON_GRID = 0.6
_COMMON_TIME = {(4, 4), (2, 2), (2, 4)}


@dataclass(frozen=True)
class Take:
    """What one person played on one instrument, in one go.

    Args:
        name: the song id.
        player: such as "drummer1"; of a band file the source.
        role, style: names.
        tempo: quarter notes a minute.
        notes: on the grid, in 4/4, with the velocities that were played.
        late: milliseconds that each is after the grid, float, shape (notes,); their mean is 0, as what delays a whole
            take is the recording's.
    """

    name: str
    player: str
    role: str
    style: str
    tempo: float
    notes: tuple[Note, ...]
    late: np.ndarray


def read_drummers(corpus: Path) -> Iterator[Take]:
    """The takes of the Groove MIDI Dataset: its 4/4 beats of a style that we have, played to their click.

    Raises:
        CorpusError: its archive is missing or damaged.
    """
    source = SOURCE_BY_NAME["gmd"]
    files = dict(iter_files(source, corpus))
    info = next((data for name, data in files.items() if name.endswith("info.csv")), None)
    if info is None:
        raise CorpusError(f"Expected a file info.csv in {source.name}. Received: none.")
    for name, (style, tempo) in sorted(groove_styles(info).items()):
        data = files.get(f"{source.name}/{name}")
        if data is None:
            continue
        notes = sorted(note for track in read_score(data).tracks for note in track.notes)
        drums = [(note, drum) for note in notes if (drum := canonical_drum(note.pitch)) is not None]
        if drums and drums[-1][0].start >= 4 * MIN_BARS:
            take = _take(f"{source.name}/{name}", PurePosixPath(name).parts[0], "drums", style, tempo, drums)
            if grid_error(np.array([note.start for note in notes])) <= MAX_GRID_ERROR:
                yield take


def read_bands(corpus: Path, sources: Iterable[str] = BAND_SOURCES) -> Iterator[Take]:
    """Tracks of band files, drums left out, that a person played in. Sources that are not there are passed over."""
    for source in (SOURCE_BY_NAME[name] for name in sources if name in SOURCE_BY_NAME):
        if find(source, corpus) is None:
            continue
        for name, data in iter_files(source, corpus):
            try:
                score = read_score(data)
            except MidiError:
                continue
            if {metre for _, metre in score.metres} - _COMMON_TIME:
                continue
            for role, found in assign_roles(score.tracks, score.end).items():
                for track in found:
                    if role != "drums":
                        pitches = [(note, note.pitch) for note in track.notes]
                        take = _take(name, source.name, role, source.style, score.tempo, pitches)
                        if was_played(track, take):
                            yield take


def was_played(track: ScoreTrack, take: Take) -> bool:
    """Whether a person played a track, and not a program that writes notes on the grid or by chance beside it."""
    starts = np.array([note.start for note in track.notes])
    if len(starts) < LEAST_NOTES or codec.on_grid(starts) > MAX_ON_GRID or grid_error(starts) > MAX_GRID_ERROR:
        return False
    spread = float(take.late.std())
    kurtosis = float(np.mean(take.late**4)) / max(spread, 1e-9) ** 4
    velocities = len({note.velocity for note in track.notes})
    return spread >= LEAST_SPREAD and kurtosis >= LEAST_KURTOSIS and velocities >= LEAST_VELOCITIES


def _take(name: str, player: str, role: str, style: str, tempo: float, notes: list[tuple[ScoreNote, int]]) -> Take:
    starts = np.array([note.start for note, _ in notes])
    ticks = np.maximum(codec.quantise(starts, human=True), 0)
    late = (starts * TICKS_PER_QUARTER - ticks) / TICKS_PER_QUARTER * 60e3 / tempo
    found = [
        Note(int(tick), pitch, max(1, round((note.end - note.start) * TICKS_PER_QUARTER)), note.velocity)
        for (note, pitch), tick in zip(notes, ticks, strict=True)
    ]
    order = sorted(range(len(found)), key=lambda index: found[index])
    return Take(name, player, role, style, tempo, tuple(found[i] for i in order), (late - late.mean())[order])


__all__ = ["HELD_OUT", "Take", "read_bands", "read_drummers"]
