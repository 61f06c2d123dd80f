"""A piece as arrays, worked out once however many metrics look at it."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from musicgen.music import CELL_TICKS, Music
from musicgen.roles import ROLE_NAMES

PITCHED: tuple[str, ...] = tuple(name for name in ROLE_NAMES if name != "drums")
STEP = 3
"""Ticks of a sixteenth: the step of every grid in the metrics."""
MOST_STEPS = CELL_TICKS // STEP
"""Sixteenths of the longest bar, that of 4/4."""
ONSET, PITCH, DURATION, VELOCITY = range(4)
"""Columns of `View.notes`."""


class View:
    """A piece and the arrays that metrics read. Every metric takes a `Music` or the `View` of one.

    Attributes:
        music: the piece.
        bars: its length.
        bar: ticks of a bar.
        steps_per_bar, steps: sixteenths of a bar and of the piece.
        roles: roles that have a track, silent or not.
    """

    def __init__(self, music: Music) -> None:
        self.music, self.bars, self.bar = music, music.bars, music.ticks_per_bar
        self.steps_per_bar, self.steps = self.bar // STEP, music.ticks // STEP
        self.roles = tuple(track.role for track in music.tracks)
        self._tables = {
            track.role: np.array(
                [(note.onset, note.pitch, note.duration, note.velocity) for note in track.notes], np.int64
            ).reshape(-1, 4)
            for track in music.tracks
        }
        self._chroma: dict[str, np.ndarray] = {}

    @classmethod
    def of(cls, music: Music | View) -> View:
        """The view of a piece; a view is its own."""
        return music if isinstance(music, View) else cls(music)

    def notes(self, role: str) -> np.ndarray:
        """Onset, pitch, duration, velocity of a role's notes by onset, int64, shape (notes, 4)."""
        return self._tables.get(role, _NONE)

    @cached_property
    def pitched(self) -> np.ndarray:
        """The notes of all pitched roles, shape (notes, 4)."""
        return np.concatenate([self.notes(role) for role in PITCHED])

    def chroma(self, role: str) -> np.ndarray:
        """Which pitch classes of a role sound on each sixteenth, bool, shape (steps, 12)."""
        if role not in self._chroma:
            self._chroma[role] = sounding(self.notes(role), self.steps, 12) > 0
        return self._chroma[role]

    def active_bars(self, role: str) -> np.ndarray:
        """Bars in which a role begins a note, sorted."""
        return np.unique(self.notes(role)[:, ONSET] // self.bar)

    def onset_steps(self, role: str) -> np.ndarray:
        """Sixteenths on which a role begins a note, sorted, each once."""
        return np.unique(self.notes(role)[:, ONSET] // STEP)

    @cached_property
    def onset_codes(self) -> tuple[np.ndarray, np.ndarray]:
        """Of every note of every role: its bar, and a number that stands for (role, tick in the bar, pitch)."""
        bars, codes = [], []
        for role in self.roles:
            notes = self.notes(role)
            bars.append(notes[:, ONSET] // self.bar)
            place = ROLE_NAMES.index(role) * CELL_TICKS + notes[:, ONSET] % self.bar
            codes.append(place * 128 + notes[:, PITCH])
        return np.concatenate([*bars, np.zeros(0, np.int64)]), np.concatenate([*codes, np.zeros(0, np.int64)])


def sounding(notes: np.ndarray, steps: int, classes: int = 128) -> np.ndarray:
    """How many notes sound on each of so many sixteenths, by pitch modulo `classes`, int64, shape (steps, classes).

    A note sounds on every sixteenth that it touches; what rings past the piece is cut.
    """
    change = np.zeros((steps + 1, classes), np.int64)
    first = notes[:, ONSET] // STEP
    last = np.minimum(-(-(notes[:, ONSET] + notes[:, DURATION]) // STEP), steps)
    pitch = notes[:, PITCH] % classes
    np.add.at(change, (first, pitch), 1)
    np.add.at(change, (last, pitch), -1)
    return np.cumsum(change[:-1], axis=0)


def mean(values: np.ndarray | list) -> float:
    """The mean, NaN of nothing."""
    return float(np.mean(values)) if len(values) else float("nan")


_NONE = np.zeros((0, 4), np.int64)
