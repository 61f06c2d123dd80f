"""Memorisation: does a piece say what a training song said?

A melody is read as steps (interval in semitones, ticks between onsets), so that a copy is found in any key and at any
place. Real songs share short runs of steps too (a scale, a cadence); eight in a row are rare.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from musicgen.evaluation.view import View
from musicgen.music import Music
from musicgen.originality.runs import MELODY, Places

_RUNS = replace(MELODY, different=1)  # every run, as the figures of docs/evaluation.md were measured
FLAG = 0.02
"""Reuse from which a piece is flagged."""


@dataclass(frozen=True)
class Match:
    """Where a piece follows a training song: `length` steps from bar `bar` of the piece, `song_bar` of the song."""

    song: str
    length: int
    bar: int
    song_bar: int


class Melodies:
    """The runs of steps in the melodies of training songs, eight steps each.

    Args:
        songs: song id and piece, of the training split; arrangements of one song may share its id.
    """

    def __init__(self, songs: Iterable[tuple[str, Music | View]]) -> None:
        self.names, runs, self._bars = [], [], []
        for name, music in songs:
            piece = View.of(music).music
            hashes, onsets = _RUNS.runs(piece)
            self.names.append(name)
            runs.append(hashes)
            self._bars.append(onsets // piece.ticks_per_bar)
        self._places = Places(runs)

    def reuse(self, music: Music | View) -> float:
        """Share of a melody's runs that a training song has, 0 to 1; NaN for a melody with none. Flag above `FLAG`."""
        hashes, _ = _RUNS.runs(View.of(music).music)
        return float(self._places.known(hashes).mean()) if len(hashes) else float("nan")

    def nearest(self, music: Music | View) -> Match | None:
        """The longest stretch that the melody shares step by step with a training song; None if there is none."""
        view = View.of(music)
        hashes, onsets = _RUNS.runs(view.music)
        first, place, runs = (values[:1].tolist() for values in self._places.stretches(hashes))
        if not first:
            return None
        song = int(self._places.piece[place[0]])
        song_bar = int(self._bars[song][place[0] - self._places.first[song]])
        return Match(self.names[song], runs[0] + _RUNS.order - 1, int(onsets[first[0]]) // view.bar, song_bar)


__all__ = ["FLAG", "Match", "Melodies"]
