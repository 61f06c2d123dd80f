"""From onset probabilities to the notes that are played."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from musicgen.codec import DURATIONS, PITCHES, duration_class
from musicgen.music import CELL_TICKS, Music
from musicgen.roles import ROLE_NAMES

MAX_NOTES_PER_CELL = 96
MONOPHONIC = (ROLE_NAMES.index("melody"), ROLE_NAMES.index("bass"))
"""Roles of one voice: of songs' melody notes 1.4 % begin together with another."""
LIKELY, _FEWEST = 0.37, 0.7
"""Onsets as probable as this are played, and of each cell at least this share of those expected."""
PLAYED, LEFT_OUT = np.float32(0.6), np.float32(0.3)
"""Least probability of an onset that shall be played, most of one that shall not."""
_SURE = 0.5
"""Probability from which a second note is played with another one of a role of one voice."""
_OVERLAPS = 0.995
"""Probability that a note is longer than its room from which it is: so 16 % of basses and 23 % of melodies that are
generated have notes that overlap, and 15 and 22 % of songs'."""
_STRAYS = 0.05
"""Share of a role's onsets with notes that ring on into the next one, below which none does: one in twenty of songs'
roles has some, but so few, and of generated ones it was one in six."""
FAINT = 0.01
"""Onsets less probable than this stay as they are: hundreds of thousands, of which hardly any is ever played."""
CERTAIN = np.float32(1 - 2**-24)
"""The last number before 1."""


Classes = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Onsets to what `Chances.classes` says of them."""


@dataclass(frozen=True)
class Chances:
    """What a decoder says of a piece.

    Args:
        onsets: the probability of each, shape (roles, bars, ticks, pitches); 0 where a role does not play. The ticks
            are those of a cell, or of a bar, see `within`.
        classes: for onsets as `choose_onsets` gives them, their duration and velocity class, int, shape (n, 2), and the
            logits of all duration classes, shape (n, classes).
    """

    onsets: np.ndarray
    classes: Classes

    def choose(self) -> np.ndarray:
        """The onsets that are played, see `choose_onsets`."""
        return choose_onsets(self.onsets)

    def notes(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Onsets as notes, rows of `codec.COLUMNS`, shape (n, 6), and the logits of their duration classes.

        In a role of one voice a note ends where the next begins, or as near to it as a duration class comes, unless it
        is sure to sound longer.
        """
        classes, by_length = self.classes(rows)
        notes = np.concatenate([rows[:, [1, 0, 2, 3]], classes], axis=1)
        for role in MONOPHONIC:
            here = np.flatnonzero(notes[:, 1] == role)
            start, room = until_next(rows[here], self.onsets.shape[2])
            longest = duration_class(room)
            longer = np.arange(len(DURATIONS)) > longest[:, None]
            past = (_shares(by_length[here]) * longer).sum(axis=1)
            rings = ringing(start, past > _OVERLAPS)
            notes[here, 4] = np.where(rings, notes[here, 4], np.minimum(notes[here, 4], longest))
        return notes, by_length

    def within(self, music: Music) -> Chances:
        """The same of the bars of a piece, which may be fewer, and of their ticks alone."""
        return Chances(self.onsets[:, : music.bars, : music.ticks_per_bar], self.classes)

    def logits(self) -> np.ndarray:
        """Of each onset, at most 16.6; -inf for those that no role plays."""
        with np.errstate(divide="ignore"):
            return logits(self.onsets)


def until_next(rows: np.ndarray, ticks_per_bar: int = CELL_TICKS) -> tuple[np.ndarray, np.ndarray]:
    """Of onsets of one role, rows as for `Chances.classes`, the tick in the piece, and ticks to the next one of another
    tick; of the last ones as many as the longest note has."""
    start = rows[:, 1] * ticks_per_bar + rows[:, 2]
    onsets = np.unique(start)
    room = np.append(np.diff(onsets), DURATIONS[-1])[np.searchsorted(onsets, start)]
    return start, room


def ringing(start: np.ndarray, longer: np.ndarray) -> np.ndarray:
    """Which notes of a role ring on, of those that last `longer` than until its next ones: all, or where that is hardly
    ever, none. Both bool, shape (n,); `start` is each one's tick."""
    often = len(np.unique(start[longer])) >= _STRAYS * len(np.unique(start))
    return longer if often else np.zeros(len(start), bool)


def logits(chances: np.ndarray) -> np.ndarray:
    """Of probabilities, at most 16.6."""
    likely = np.minimum(chances, CERTAIN)
    return np.asarray(np.log(likely / (1 - likely)))


def _shares(logits: np.ndarray) -> np.ndarray:
    """Probabilities of classes, shape (n, classes)."""
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def raised(chances: np.ndarray, by: np.ndarray | float) -> np.ndarray:
    """Probabilities whose logits are `by` larger."""
    likely = np.minimum(chances, CERTAIN)
    odds = likely / (1 - likely) * np.float32(np.exp(by))
    return np.asarray(odds / (1 + odds))


def choose_onsets(probabilities: np.ndarray) -> np.ndarray:
    """The likely onsets of each cell; where few are likely, the most probable ones, most of as many as are expected.

    A threshold alone would thin out uncertain cells (chords fell from 10.6 to 7.6 notes a bar, docs/decisions.md,
    D11), and the expected number alone, the sum of the probabilities, takes notes out of chords and plays
    unlikely ones to make up for them. In a role of one voice, where the decoder is in doubt about a pitch, its
    candidates would sound together: there a tick is as probable as all of its pitches, and the likeliest one is played.

    Args:
        probabilities: shape (roles, cells, ticks, pitches), of all roles or of the first ones.

    Returns:
        Rows of (role, cell, tick, pitch index), int64, shape (n, 4), sorted.
    """
    roles, cells, ticks, pitches = probabilities.shape
    flat = probabilities.reshape(roles, cells, ticks * pitches).copy()
    for index, count in enumerate(PITCHES[:roles]):
        flat.reshape(probabilities.shape)[index, :, :, count:] = 0
    expected = flat.sum(axis=-1)
    for index in (role for role in MONOPHONIC if role < roles):
        shaped = flat.reshape(probabilities.shape)
        shaped[index] = _one_voice(shaped[index])
    count = np.rint(np.maximum((flat > LIKELY).sum(axis=-1), _FEWEST * expected)).astype(int)
    count = np.minimum(count, MAX_NOTES_PER_CELL).ravel()
    for least in (FAINT, -1.0):  # the many faint ones only where a cell has too few others
        place = np.flatnonzero(flat > least)
        cell = place // (ticks * pitches)
        found = np.bincount(cell, minlength=len(count))
        if (found >= count).all():
            break
    order = np.lexsort((-flat.ravel()[place], cell))  # equal ones by place
    rank = np.arange(len(place)) - (np.cumsum(found) - found)[cell]  # in its cell
    chosen = np.sort(place[order[rank < count[cell]]])
    return np.stack(np.unravel_index(chosen, probabilities.shape), axis=1)


def _one_voice(probabilities: np.ndarray) -> np.ndarray:
    """What onsets of a role are ranked by, shape (cells, ticks, pitches): the likeliest pitch of a tick by all of the
    tick's, others not at all unless they are sure."""
    best = probabilities.argmax(axis=-1)[..., None]
    together = np.minimum(probabilities.sum(axis=-1, keepdims=True), 1.0)
    ranks = np.where(probabilities > _SURE, probabilities, 0.0)
    # of two ticks that are certain, the one with the surer pitch goes first
    first = 0.999 * together + 0.001 * np.take_along_axis(probabilities, best, axis=-1)
    np.put_along_axis(ranks, best, first.astype(ranks.dtype), axis=-1)
    return ranks
