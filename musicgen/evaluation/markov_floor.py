"""The Markov floor of reconstruction: how much of a piece can be told from its own past, with no latents at all.

A reconstruction that does not beat it has learned habits, not the piece. It is a stern floor, as it is told the true
past of every sixteenth, which no reconstruction is; but it never sees the sixteenth itself.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from musicgen.evaluation.reconstruction import HOLD, LOWEST_SET, OFF, frames, pairs
from musicgen.evaluation.view import STEP, View
from musicgen.music import Music
from musicgen.roles import ROLE_NAMES

LEAST = 4
"""Times that a context must have been heard to be followed, as in the ladder's Markov chains."""
_LONGEST = 32
"""Sixteenths since the last begin are told apart up to here."""
_FIRST_SET = 2
"""Ids of frames: 0 goes on, 1 falls silent, from here on each set of pitches has its own."""


class MarkovFloor:
    """For each role a table of what followed what in training songs, on the sixteenths of `reconstruction.frames`.

    What a role does next is told from the place in the bar, how long ago it last began something, whether it has fallen
    silent since, and the two sets of pitches that it began last, in this style and mode; where that was heard fewer
    than `LEAST` times, from less and less of it. The prediction is what followed most often. Roles do not hear each
    other. Pieces are compared as they are written: all in C major or A minor, as the data set has them.

    Args:
        pieces: of the training split, never of the test split.
    """

    def __init__(self, pieces: Sequence[Music | View]) -> None:
        views = [View.of(piece) for piece in pieces]
        self.chains = {role: _Chain([view for view in views if len(view.notes(role))], role) for role in ROLE_NAMES}

    def accuracy(self, piece: Music | View, role: str) -> float:
        """Share of sixteenths of which the likeliest frame is the true one, 0 to 1; NaN for a silent role.

        Beside `reconstruction.framewise_accuracy`.
        """
        view = View.of(piece)
        if not len(view.notes(role)):
            return float("nan")
        chain = self.chains[role]
        return float((chain.predict(view)[0] == chain.ids(view)).mean())

    def onset_f1(self, piece: Music | View, role: str) -> float:
        """F1 of (onset tick, pitch), as `reconstruction.onset_f1`, 0 to 1; NaN for a silent role.

        Where the role is likelier than not to begin something, it is the set of pitches that it most often began there:
        the likeliest frame would nearly always be "go on", as many sets share the chance to begin.
        """
        view = View.of(piece)
        if not len(view.notes(role)):
            return float("nan")
        chain = self.chains[role]
        played = [
            (step * STEP) * 128 + pitch
            for step, frame in enumerate(chain.predict(view)[1].tolist())
            for pitch in chain.pitches(frame)
        ]
        real = pairs(view.notes(role))
        return 2 * len(np.intersect1d(real, played)) / (len(real) + len(played))


class _Chain:
    """What one role did in each context of the training pieces: how often, what most often, and how often it began."""

    def __init__(self, views: Sequence[View], role: str) -> None:
        self.role = role
        self.numbers: dict[int, int] = {HOLD: 0, OFF: 1}
        for view in views:
            for frame in frames(view, role).tolist():
                self.numbers.setdefault(frame, len(self.numbers))
        self.sets = list(self.numbers)
        every = [(self._contexts(ids, view), ids) for view in views for ids in [self.ids(view)]]
        self.tables = []
        if every:
            followed = np.concatenate([ids for _, ids in every])
            for level in range(len(every[0][0])):
                self.tables.append(_table(np.concatenate([contexts[level] for contexts, _ in every]), followed))

    def ids(self, view: View) -> np.ndarray:
        """The role's frames as numbers, -1 for sets of pitches that were not heard in training; shape (sixteenths,)."""
        return np.array([self.numbers.get(frame, -1) for frame in frames(view, self.role).tolist()])

    def pitches(self, frame: int) -> list[int]:
        """The pitches that a frame begins."""
        mask = self.sets[frame]
        return [bit - 2 for bit in range(2, mask.bit_length()) if mask >> bit & 1] if mask >= LOWEST_SET else []

    def predict(self, view: View) -> tuple[np.ndarray, np.ndarray]:
        """The likeliest frame of each sixteenth, and what is begun there, 0 for nothing; each (sixteenths,)."""
        contexts = self._contexts(self.ids(view), view)
        frame, begun = np.zeros((2, view.steps), np.int64)
        open_ = np.ones(len(frame), bool)
        for keys, (known, total, best, first, begins) in zip(contexts, self.tables, strict=False):
            place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            found = open_ & (known[place] == keys) & (total[place] >= LEAST)
            frame[found] = best[place[found]]
            begun[found] = np.where(2 * begins > total, first, 0)[place[found]]
            open_ &= ~found
        return frame, begun

    @staticmethod
    def _contexts(ids: np.ndarray, view: View) -> list[np.ndarray]:
        """The context of each sixteenth as a number, the most particular first; each uint64, shape (sixteenths,)."""
        step = np.arange(len(ids))
        begins = np.maximum.accumulate(np.where((ids >= _FIRST_SET) | (ids < 0), step, -1))
        begins = np.append(-1, begins[:-1])  # of the last begin before each sixteenth
        earlier = np.where(begins >= 0, begins[begins], -1)
        silences = np.append(-1, np.maximum.accumulate(np.where(ids == 1, step, -1))[:-1])
        last, before = (np.where(place >= 0, ids[place], -2) for place in (begins, earlier))
        since = np.where(begins >= 0, np.minimum(step - begins, _LONGEST), 0)
        state = np.stack([step % view.steps_per_bar, since, silences > begins])
        label = np.full(len(ids), _number(f"{view.music.style} {view.music.key.mode}"))
        return [
            _hash(label, *state, last, before),
            _hash(label, *state, last),
            _hash(*state, last),
            _hash(label, *state),
            _hash(*state),
            _hash(state[0]),
        ]


def _number(text: str) -> int:
    """A number for a text, the same in every process."""
    return zlib.crc32(text.encode())


def _table(keys: np.ndarray, followed: np.ndarray) -> tuple[np.ndarray, ...]:
    """For each context: its key (sorted), times heard, likeliest frame, likeliest set begun, times something began."""
    order = np.lexsort((followed, keys))
    keys, followed = keys[order], followed[order]
    new = np.append(True, (np.diff(keys) != 0) | (np.diff(followed) != 0))
    runs = np.flatnonzero(new)  # one for each (key, frame)
    count = np.diff(np.append(runs, len(keys)))
    key, frame = keys[runs], followed[runs]
    begins = np.where(frame >= _FIRST_SET, count, 0)
    first = np.flatnonzero(np.append(True, np.diff(key) != 0))
    return (
        key[first],
        np.add.reduceat(count, first),
        frame[_most(key, count)],
        frame[_most(key, begins)],
        np.add.reduceat(begins, first),
    )


def _most(key: np.ndarray, count: np.ndarray) -> np.ndarray:
    """For each key, in order, where its greatest count is."""
    order = np.lexsort((-np.arange(len(key)), count, key))
    return order[np.append(np.diff(key[order]) != 0, True)]


def _hash(*columns: np.ndarray) -> np.ndarray:
    result = np.zeros(len(columns[0]), np.uint64)
    for column in columns:  # wraps modulo 2**64
        result = (result ^ (result >> np.uint64(29))) * np.uint64(0x9E3779B97F4A7C15) + column.astype(np.uint64)
    return result * np.uint64(0xBF58476D1CE4E5B9)
