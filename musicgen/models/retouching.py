"""Bringing the notes that are chosen to what was asked for, by the changes that the decoder finds least unlikely.

Moving latents (`aiming`) comes near a target, and keeps the style; what is left is made up here, one attribute after
the other, in an order in which none undoes the one before: how many notes (density), when they begin (rhythm), how long
they last (polyphony), what they are beside each other (tension) and in which octave (register). Every change has a
price, what it takes from the logits of the onsets that it moves; the cheapest are made until the target is met, and
none above a limit. Changes to bars that are equal have the same price, so that most of them stay equal.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from musicgen.models.consonance import tense
from musicgen.models.decoding import MAX_NOTES_PER_CELL, MONOPHONIC, Chances
from musicgen.models.voicing import in_octaves, lasting, polyphonies
from musicgen.music import FOUR_FOUR, Metre
from musicgen.roles import PITCHED, ROLE_NAMES

DEAREST = 14.0
"""Highest price of a change: it makes the odds of an onset e^14 times worse (docs/decisions.md, D21)."""
_DEAREST_MOVE = 20.0
"""The same for an onset that begins at another time, where no cheaper one is left: a decoder is surest of rhythms."""
_FARTHEST = 4.0
"""Most that the odds of all onsets are raised or lowered, in logits, for more or fewer notes."""
_STEEPEST = 8.0
"""Most that chords gain on drums, or lose, in logits."""
_UNLIKELIEST = -8.0
"""Logit below which an onset is never added."""
_SPARE = 0.1
"""Polyphony that lengths should have to spare."""
_ABOUT = 0.08
"""Share of a density that may be missed for a polyphony."""
_LEANS = np.array([{"chords": 1.0, "pad": 1.0, "drums": -1.0}.get(name, 0.0) for name in ROLE_NAMES])
_ROUNDS = 6
_SHIFTS = np.array([-6, -4, -3, 3, 4, 6])
"""Where an onset on the beat may go, in ticks: an eighth, a triplet or a sixteenth before or after it."""


def retouch(chances: Chances, targets: Mapping[str, float], metre: Metre = FOUR_FOUR) -> np.ndarray:
    """Notes that have the attributes asked for, as nearly as changes within bounds can.

    Args:
        chances: what the decoder says of a piece, see `Chances.within`.
        targets: attributes in their units, see `musicgen.attributes`; none but these is aimed at.
        metre: of the piece.

    Returns:
        Rows of `codec.COLUMNS`, int64, shape (n, 6).
    """
    rows, logits = chances.choose(), chances.logits()
    if "density" in targets or "polyphony" in targets:
        rows = _enough(chances, rows, logits, targets, metre)
    if "rhythm" in targets:
        rows = syncopated(rows, logits, targets["rhythm"] / 100, metre.ticks_per_beat)
    notes, by_length = chances.notes(rows)
    if "polyphony" in targets:
        notes = lasting(notes, by_length, logits.shape[1], targets["polyphony"], metre)
    if "tension" in targets:
        notes = tense(notes, logits, targets["tension"] / 100, DEAREST, metre)
    if "register" in targets:
        notes = in_octaves(notes, logits, targets["register"], DEAREST, metre)
    return notes


def _enough(
    chances: Chances, rows: np.ndarray, logits: np.ndarray, targets: Mapping[str, float], metre: Metre
) -> np.ndarray:
    """As many onsets as are asked for, of chords and drums in such shares that the polyphony can be had.

    Lengths alone do not bring many notes with few at a time, or few notes with many: drums, which no polyphony counts,
    then play more or less in place of chords.
    """
    bars, polyphony = logits.shape[1], targets.get("polyphony")
    pool = Pool(rows, logits)
    total = targets["density"] * bars if "density" in targets else None
    if total is not None:
        rows = pool.onsets(total)
    if polyphony is None or not np.isin(PITCHED, rows[:, 0]).any():
        return rows

    def short(rows: np.ndarray) -> int:
        """1 if lengths bring too few notes at a time, -1 if too many, else 0."""
        least, most = polyphonies(*chances.notes(rows), bars, metre)
        return 1 if most < polyphony + _SPARE else -1 if least > polyphony - _SPARE else 0

    def missed(rows: np.ndarray) -> bool:
        return total is not None and abs(len(rows) - total) > _ABOUT * total

    side, near, far = short(rows), 0.0, _STEEPEST
    if side == 0:
        return rows
    for _ in range(4):
        trial = pool.onsets(total, side * (near + far) / 2)
        if missed(trial) or short(trial) != side:
            far = (near + far) / 2
        else:
            near, rows = (near + far) / 2, trial
    last = pool.onsets(total, side * far)
    return rows if missed(last) else last


class Pool:
    """The onsets that a piece may have, best first in each cell.

    No role that may have any is silent, and a role of one voice gains no second note at a time.

    Args:
        rows: those that it has, as `choose_onsets` gives them.
        logits: of all, shape (roles, bars, ticks, pitches).
    """

    def __init__(self, rows: np.ndarray, logits: np.ndarray) -> None:
        bars = logits.shape[1]
        possible = logits > _UNLIKELIEST
        alone = np.array(MONOPHONIC)
        possible[alone] &= logits[alone] == logits[alone].max(axis=-1, keepdims=True)
        possible[tuple(rows.T)] = True
        found = np.stack(np.nonzero(possible), axis=1)
        value, cell = logits[tuple(found.T)], found[:, 0] * bars + found[:, 1]
        order = np.lexsort((-value, cell))
        self._rows, self._logits, self._cell = found[order], value[order], cell[order]
        self._room = np.bincount(cell, minlength=logits.shape[0] * bars)
        self._rank = np.arange(len(cell)) - (np.cumsum(self._room) - self._room)[self._cell]
        self._roles = np.unique(self._rows[:, 0])

    def onsets(self, total: float | None, lean: float = 0.0) -> np.ndarray:
        """About `total` onsets: cells lose their least probable ones, or gain the next most probable.

        The odds of every onset are multiplied alike, and each cell plays as many as are then expected, so that full
        cells change most.

        Args:
            total: None for as many as come of the leaning.
            lean: what chords and pad get on top, and drums give where there is a total, in logits.
        """
        leans = np.maximum(_LEANS, 0.0) if total is None else _LEANS
        value = self._logits + lean * leans[self._rows[:, 0]]

        def counts(raised: float) -> np.ndarray:
            expected = np.bincount(self._cell, 1 / (1 + np.exp(-value - raised)), len(self._room))
            return np.minimum(np.rint(expected), np.minimum(self._room, MAX_NOTES_PER_CELL))

        low, high = (0.0, 0.0) if total is None else (-_FARTHEST, _FARTHEST)
        for _ in range(13):
            middle = (low + high) / 2
            low, high = (middle, high) if counts(middle).sum() < (total or 0) else (low, middle)
        nearest = min(counts(low), counts(high), key=lambda each: abs(each.sum() - (total or 0)))
        kept = self._rank < nearest[self._cell]
        for role in np.setdiff1d(self._roles, self._rows[kept, 0]):
            here = np.flatnonzero(self._rows[:, 0] == role)
            kept[here[np.argmax(value[here])]] = True
        return _sorted(self._rows[kept])


def syncopated(rows: np.ndarray, logits: np.ndarray, share: float, beat: int = FOUR_FOUR.ticks_per_beat) -> np.ndarray:
    """Onsets of which a share is syncopated: some move off the beat that they are on, or on to one nearby.

    All notes of a role that begin together move together, past no other onset of the role.

    Args:
        beat: ticks of a beat.
    """
    bars, bar = logits.shape[1:3]
    rows = rows.copy()
    for turn in range(_ROUNDS):
        grid, onset, cost, gain = _moves(rows, logits, beat)
        needed = share * grid.sum() - _syncopations(grid, beat)
        towards = gain * np.sign(needed) > 0
        useful = towards & (cost < DEAREST)
        if not useful.any():
            useful = towards & (cost < _DEAREST_MOVE)
        if abs(needed) < 1 or not useful.any():
            break
        group, shift = np.nonzero(useful)
        price, worth = np.maximum(cost[useful], 0.1) / np.abs(gain[useful]), np.abs(gain[useful])
        order = np.argsort(price, kind="stable")
        group, shift, worth = group[order], shift[order], worth[order]
        role, tick, _ = onset
        # moves that share a beat would change each other's gain, so that there is one for every two beats
        near = role[group] * bars * (bar // beat) + (tick[group] // beat + turn) // 2
        first = np.sort(np.unique(near, return_index=True)[1])
        taken = first[np.cumsum(worth[first]) - worth[first] < abs(needed) - 0.5]
        goes = np.zeros(len(role), int)
        goes[group[taken]] = _ticks(tick[group[taken]], shift[taken], beat)
        when = rows[:, 1] * bar + rows[:, 2] + goes[onset[2]]
        rows[:, 1], rows[:, 2] = when // bar, when % bar
        rows = np.unique(rows, axis=0)
    return _sorted(rows)


def _ticks(tick: np.ndarray, shift: np.ndarray, beat: int) -> np.ndarray:
    """How far move number `shift` takes an onset: those on the beat by `_SHIFTS`, others to the next beat or back."""
    after = -tick % beat
    to_beat = np.where(shift == 0, after, np.where(shift == 1, after - beat, 0))
    return np.where(after == 0, _SHIFTS[shift], to_beat)


def _syncopations(grid: np.ndarray, beat: int) -> int:
    off, on = _beats(grid, beat)
    return int((off * ~on).sum())


def _beats(grid: np.ndarray, beat: int) -> tuple[np.ndarray, np.ndarray]:
    """For each role and beat, and the one after the end: onsets since the last beat, and whether one is on it."""
    slots = grid.reshape(len(grid), -1, beat)
    off = np.pad(slots[:, :, 1:].sum(axis=2), ((0, 0), (1, 0)))
    return off, np.pad(slots[:, :, 0], ((0, 0), (0, 1)))


def _moves(
    rows: np.ndarray, logits: np.ndarray, beat: int
) -> tuple[np.ndarray, tuple[np.ndarray, ...], np.ndarray, np.ndarray]:
    """Where onsets could go.

    Returns:
        The onsets, bool, shape (roles, ticks of the piece); role and tick of each of them, and which one each row
        belongs to; cost and gain in syncopations of each of `_SHIFTS`, shape (onsets, 6), the cost infinite where
        there is no such move.
    """
    roles, bars, bar = logits.shape[:3]
    length = bars * bar
    flat = logits.reshape(roles, length, -1)
    when = rows[:, 1] * bar + rows[:, 2]
    onsets, which = np.unique(rows[:, 0] * length + when, return_inverse=True)
    role, tick = onsets // length, onsets % length
    grid = np.zeros((roles, length), bool)
    grid[role, tick] = True
    number = np.arange(len(_SHIFTS))
    ticks = _ticks(tick[:, None], number, beat)
    to = tick[:, None] + ticks
    possible = (ticks != 0) & (to >= 0) & (to < length)
    to = np.where(possible, to, tick[:, None])
    # nothing of the role on the way there, the end included
    before = np.pad(np.cumsum(grid, axis=1), ((0, 0), (1, 0)))
    low, high = np.minimum(tick[:, None], to), np.maximum(tick[:, None], to)
    possible &= before[role[:, None], high + 1] - before[role[:, None], low] == 1
    here = flat[rows[:, 0], when, rows[:, 3]]
    there = flat[rows[:, 0, None], to[which], rows[:, 3, None]]
    total = np.stack([np.bincount(which, here - there[:, i], len(onsets)) for i in number], axis=1)
    lost = total / np.bincount(which)[:, None]
    # half of the cost is that of the same onset in the other bars, so that a rhythm goes on from bar to bar
    alike = role * bar + tick % bar
    usual = np.stack([np.bincount(alike, np.minimum(lost[:, i], 20.0)) for i in number], axis=1)
    usual = usual[alike] / np.bincount(alike)[alike, None]
    cost = np.where(possible, (lost + usual) / 2, np.inf)

    off, on = _beats(grid, beat)
    next_one = -(-tick // beat)
    own, follows = off[role, next_one], on[role, np.minimum(next_one + 1, on.shape[1] - 1)]
    before_it = off[role, np.maximum(next_one - 1, 0)]
    late = (own + ~follows)[:, None]
    leave = np.where(_SHIFTS < 0, own[:, None] + 1, late)
    back = -(~on[role, next_one]).astype(int) - before_it
    arrive = np.stack([-own, back, *[np.zeros_like(own)] * 4], axis=1)
    return grid, (role, tick, which), cost, np.where((tick % beat == 0)[:, None], leave, arrive)


def _sorted(rows: np.ndarray) -> np.ndarray:
    return rows[np.lexsort(rows.T[::-1])]
