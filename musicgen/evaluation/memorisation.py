"""Memorisation: does a piece say what a training song said?

A melody is read as steps (interval in semitones, ticks between onsets), so that a copy is found in any key and at any
place. Real songs share short runs of steps too (a scale, a cadence); eight in a row are rare.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from musicgen.evaluation.view import ONSET, PITCH, View
from musicgen.music import TICKS_PER_BAR, Music

ORDER = 8
"""Steps in a run; in POP909, .7 % of the runs of eight steps of a song occur in another one."""
FLAG = 0.02
"""Reuse from which a piece is flagged."""
_BASE = np.uint64(1_000_003)


@dataclass(frozen=True)
class Match:
    """Where a piece follows a training song: `length` steps from bar `bar` of the piece, `song_bar` of the song."""

    song: str
    length: int
    bar: int
    song_bar: int


class Melodies:
    """The runs of steps in the melodies of training songs.

    Args:
        songs: song id and piece, of the training split; arrangements of one song may share its id.
        order: steps in a run.
    """

    def __init__(self, songs: Iterable[tuple[str, Music | View]], order: int = ORDER) -> None:
        self.order = order
        self.names: list[str] = []
        runs, places = [], []
        for name, music in songs:
            hashes, onsets = _runs(View.of(music), order)
            runs.append(hashes)
            places.append(np.stack([np.full(len(onsets), len(self.names)), np.arange(len(onsets)), onsets], axis=1))
            self.names.append(name)
        every = np.concatenate([*runs, np.zeros(0, np.uint64)])
        sort = np.argsort(every, kind="stable")
        self._runs = every[sort]
        self._places = np.concatenate([*places, np.zeros((0, 3), np.int64)])[sort]

    def reuse(self, music: Music | View) -> float:
        """Share of a melody's runs that a training song has, 0 to 1; NaN for a melody with none. Flag above `FLAG`."""
        hashes, _ = _runs(View.of(music), self.order)
        if not len(hashes):
            return float("nan")
        return float((np.searchsorted(self._runs, hashes, "right") > np.searchsorted(self._runs, hashes)).mean())

    def nearest(self, music: Music | View) -> Match | None:
        """The longest stretch that the melody shares step by step with a training song; None if there is no run."""
        hashes, onsets = _runs(View.of(music), self.order)
        low, high = np.searchsorted(self._runs, hashes), np.searchsorted(self._runs, hashes, "right")
        best: Match | None = None
        going: dict[tuple[int, int], int] = {}  # (song, run in the song) that ended one run earlier -> runs so far
        for index, (first, last) in enumerate(zip(low.tolist(), high.tolist(), strict=True)):
            now = {}
            for song, place, onset in self._places[first : min(last, first + 200)].tolist():
                count = now[song, place] = going.get((song, place - 1), 0) + 1
                length = count + self.order - 1
                if best is None or length > best.length:
                    begin = int(onsets[index - count + 1])
                    song_begin = onset - int(onsets[index]) + begin
                    best = Match(self.names[song], length, begin // TICKS_PER_BAR, max(song_begin, 0) // TICKS_PER_BAR)
            going = now
        return best


def _runs(view: View, order: int) -> tuple[np.ndarray, np.ndarray]:
    """A hash of every `order` steps in a row of the melody's top line, and the tick at which the run begins."""
    notes = view.notes("melody")
    last = np.append(np.diff(notes[:, ONSET]) > 0, True)[: len(notes)]  # notes are sorted: the highest of an onset
    line = notes[last]
    steps = (np.diff(line[:, PITCH]) + 128) * 256 + np.minimum(np.diff(line[:, ONSET]), 255)
    count = len(steps) - order + 1
    if count < 1:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    hashes = np.zeros(count, np.uint64)
    for place in range(order):  # wraps modulo 2**64
        hashes = hashes * _BASE + steps[place : place + count].astype(np.uint64)
    return hashes, line[:count, ONSET]
