"""Runs of steps, the same in every key and at every place: what two pieces are compared by, and where each occurs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from musicgen import codec
from musicgen.heard import NONE, half_bars, heard_chords
from musicgen.music import Music

BITS = 40
"""Of a hash. Of 5 million runs that are new, one is taken for one of 200,000 known ones by chance."""
COMMON = 500
"""A run that is in more places than this is a commonplace: it names no song and ends a stretch."""
DIFFERENT = 3
"""A run of fewer different steps, such as a note over and over, a trill or two chords in turn, is nobody's."""
NOBODYS = 0
"""The hash of such a run; no other has it."""
_BASE = np.uint64(1_000_003)
_SPREAD = np.uint64(0x9E3779B97F4A7C15)
_LONGEST = 255
_THIRD = np.array([0, 1, 0, 1])  # of each of `harmony.QUALITIES`: major and dominant share it, minor and diminished


@dataclass(frozen=True)
class Kind:
    """Something to compare pieces by.

    Args:
        order: steps in a run; the shortest stretch that is seen has one element more.
        unit: what its elements are called.
        read: a piece to the ticks of its elements, shape (elements,), and the step between each two, below 2**32.
        different: fewest different steps of a run that is somebody's.
    """

    name: str
    order: int
    unit: str
    read: Callable[[Music], tuple[np.ndarray, np.ndarray]]
    different: int = DIFFERENT

    @property
    def least(self) -> int:
        """Elements of the shortest stretch that is seen."""
        return self.order + 1

    def runs(self, music: Music) -> tuple[np.ndarray, np.ndarray]:
        """A hash of every run, uint64 below 2**40 or `NOBODYS`, shape (runs,), and the ticks of its elements.

        The ticks have shape (runs + order,), or fewer where there is no run.
        """
        ticks, steps = self.read(music)
        if len(steps) < self.order:
            return np.zeros(0, np.uint64), ticks
        windows = np.lib.stride_tricks.sliding_window_view(steps, self.order)
        hashes = np.zeros(len(windows), np.uint64)
        for column in windows.T:  # wraps modulo 2**64
            hashes = hashes * _BASE + column.astype(np.uint64)
        hashes = np.maximum((hashes * _SPREAD) >> np.uint64(64 - BITS), np.uint64(1))
        plain = (np.diff(np.sort(windows, axis=1), axis=1) > 0).sum(axis=1) + 1 < self.different
        hashes[plain] = NOBODYS
        return hashes, ticks


def _top_line(music: Music) -> tuple[np.ndarray, np.ndarray]:
    """Onsets and pitches of the melody's highest notes."""
    notes = np.array([(note.onset, note.pitch) for note in music.notes("melody")], np.int64).reshape(-1, 2)
    line = notes[np.append(np.diff(notes[:, 0]) > 0, True)[: len(notes)]]  # sorted: the last of an onset is the highest
    return line[:, 0], line[:, 1]


def _melody(music: Music) -> tuple[np.ndarray, np.ndarray]:
    onsets, pitches = _top_line(music)
    return onsets, (np.diff(pitches) + 128) * 256 + np.minimum(np.diff(onsets), _LONGEST)


def _tune(music: Music) -> tuple[np.ndarray, np.ndarray]:
    onsets, pitches = _top_line(music)
    return onsets, np.diff(pitches) + 128


def _chords(music: Music) -> tuple[np.ndarray, np.ndarray]:
    """Changes of the chord heard in each half bar: how far its root moves, both thirds, and for how many half bars
    it held."""
    heard = heard_chords(codec.encode(music), music.bars, music.metre).ravel()
    change = np.flatnonzero(np.append(True, np.diff(heard) != 0))
    codes = heard[change].astype(np.int64)
    none = codes == NONE
    third = np.where(none, 2, _THIRD[codes // 12 % 4])
    move = np.where(none[1:] | none[:-1], 12, (codes[1:] % 12 - codes[:-1] % 12) % 12)
    steps = ((move * 3 + third[:-1]) * 3 + third[1:]) * 256 + np.minimum(np.diff(change), _LONGEST)
    return half_bars(music.bars, music.metre)[change], steps


MELODY = Kind("melody", 8, "notes", _melody)
"""Intervals and times between the notes of the melody's top line."""
TUNE = Kind("tune", 12, "notes", _tune)
"""Intervals alone: a melody whose rhythm was changed."""
CHORDS = Kind("chords", 6, "chords", _chords)
KINDS: tuple[Kind, ...] = (MELODY, TUNE, CHORDS)


class Places:
    """Where runs occur.

    Args:
        pieces: the hashes of the runs of each piece, in order.
    """

    def __init__(self, pieces: Sequence[np.ndarray]) -> None:
        every = np.concatenate([*pieces, np.zeros(0, np.uint64)])
        self.piece = np.repeat(np.arange(len(pieces)), [len(hashes) for hashes in pieces])
        """Of each run, of all pieces in a row, which piece it is in."""
        self.first = np.cumsum([0, *(len(hashes) for hashes in pieces)])
        """Number of the first run of each piece."""
        self._order = np.argsort(every, kind="stable")
        self._sorted = every[self._order]

    def known(self, hashes: np.ndarray) -> np.ndarray:
        """Whether each run occurs anywhere, bool, shape (runs,)."""
        return np.searchsorted(self._sorted, hashes, "right") > np.searchsorted(self._sorted, hashes)

    def stretches(self, hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Every stretch of runs that a piece here has too, longest first; a run that is nobody's ends it.

        Returns:
            The stretch's first run in `hashes`, its first run among all of `piece`, and how many runs it has; of each,
            shape (stretches,).
        """
        low = np.searchsorted(self._sorted, hashes)
        count = np.searchsorted(self._sorted, hashes, "right") - low
        count[(count > COMMON) | (hashes == NOBODYS)] = 0
        query = np.repeat(np.arange(len(hashes)), count)
        nth = np.arange(len(query)) - np.repeat(np.cumsum(count) - count, count)
        place = self._order[np.repeat(low, count) + nth]
        along = np.lexsort((query, place - query))  # a stretch is a piece of a diagonal
        query, place = query[along], place[along]
        goes_on = (np.diff(query) == 1) & (np.diff(place) == 1) & (np.diff(self.piece[place]) == 0)
        begins = np.flatnonzero(np.append(True, ~goes_on)[: len(query)])
        length = np.diff(np.append(begins, len(query)))
        rank = np.lexsort((place[begins], query[begins], -length))
        return query[begins][rank], place[begins][rank], length[rank]
