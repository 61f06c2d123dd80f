"""Melodies that move as sung ones do: mostly by steps, on in one direction, and held until the next note.

The decoder says of each onset which pitches are likely, as if it did not know which one the onset before it gets. Where
latents are made up it is often wrong by a few semitones, so that melodies leap twice as much as those of songs; and of
the length of a note, as if it did not know when the next one comes.
"""

from __future__ import annotations

import numpy as np

from musicgen.codec import DURATIONS, PITCHES, duration_class
from musicgen.models.agreement import HALF_BAR, favours, heard, spoken
from musicgen.models.decoding import FAINT, MONOPHONIC, Classes, choose_onsets, until_next
from musicgen.models.lines import best_line_of_pairs, give_way, kinds
from musicgen.models.motifs import returning
from musicgen.models.syncopation import held_over, strays
from musicgen.music import TICKS_PER_BAR
from musicgen.roles import ROLE_NAMES, ROLES

MELODY = ROLE_NAMES.index("melody")
_FEW = 20
"""So many intervals of a melody count as much as what is usual."""
_USUAL = np.array([0.2, 0.32, 0.22, 0.17, 0.065, 0.01])
"""Shares of the kinds of intervals that decoders expect of generated melodies, in the mean."""
_OWN = np.array([4.0, 1.0, 1.0, 1.0, 1.0, 1.0])
"""How much a melody that is expected to have more of a kind than is usual has more of it: songs differ by more than
decoders in doubt say. Of songs' notes 1 in 50 is repeated (the tenth song of a hundred) to 1 in 3 (the ninetieth); of
those of generated ones 1 in 12 to 1 in 4 without this."""
_BACK = 0.2
"""What speaks against a note that goes back to where the one before came from: of songs' notes 23 % do, of those of
lines that know but the one note before them 29 %."""
_NARROW, _TURN = 7, 1.1
"""Semitones of moves, at most, of which two in a row go on in one direction, and what speaks against a turn: of songs'
54 % are turns, of those of lines that know but the one note before them 63 %."""
_WIDE, _ON = 5, 0.9
"""Semitones from which a move is a leap, and what speaks against going on in its direction: after one in five of songs'
leaps."""
_ACROSS = 0.3
"""Intervals count so much across a rest."""
_REST = 2 * TICKS_PER_BAR
_SHORTEST = 3
"""Ticks from one note to the next, at least, where a melody has few quicker ones: a sixteenth. Of 1,400 stretches of
training songs 98 % have none, and others many."""
_BLIP = 1
"""Ticks of a note, or from one to the next, that are hardly ever so few in a melody: of songs' notes .003 %."""
_WHOLE = int(duration_class(_BLIP + 1))
_QUICK = 0.1
"""Share of a melody's ticks that are nearer than that from which on it is one of those."""
_AGREEMENT = 1.5
"""Weight of what the other roles speak for, on top of `agreeing`: a step away from a chord would be no gain."""
_LEAST = 1e-6
_FOREIGN = 0.02
"""Share of the piece's notes from which a pitch class is one of its own. Of those outside of the scale, songs' melodies
have a third, and those of decoders in doubt nearly half."""
_FOREIGN_WEIGHT = 2.0
_HELD = 4.0
"""What speaks for a note that lasts until the next one begins, in logits. Where that comes two beats later nine of ten
of songs' notes do; where each length is a matter of its note alone, six in ten."""
_FILLED = 6.0
"""What speaks against a note that is half as long as the time to the next one, in logits: of those before a rest songs
hold most for three beats, and of 1 in 50 the rest is as long as the note. Else it was 1 in 12."""
_STAYS = 0.5
"""In the half bars after its first one in which a note sounds, the other roles count so much."""
_TICKS = np.array(DURATIONS, np.float32)
_SECOND = {"melody": 0.6, "bass": 0.4}
"""Least share of the ticks that have second notes in a piece that has any: songs have none, or, as one bass of twelve,
many."""


def singing(
    onsets: np.ndarray, tilt: tuple[float, ...], weight: float = 1.0, listening: float = 1.0
) -> np.ndarray:  # fmt: skip
    """Probabilities of onsets, in which the melody's likeliest pitches are the likeliest line.

    The line is the best one of all, found by dynamic programming (Viterbi 1967) over the ticks on which the melody
    plays. Melody and bass have second notes in many places or in none, and a melody many quick ones or none.

    Args:
        onsets: shape (roles, bars, ticks, pitches), as `agreement.agreeing` gives them.
        tilt: what speaks for each kind of interval, in logits: repeated notes, and those of `FROM`. It is the smallest
            change of what a decoder says that gives as many of each as songs have (iterative scaling; Della Pietra et
            al. 1997); `tools/calibrate.py` finds it.
        weight: how much intervals and the other roles count beside the decoder; 0 leaves the onsets as they are.
        listening: how much more the other roles count than intervals.
    """
    if weight == 0:
        return onsets
    result = onsets.copy()
    when = _apart(result[MELODY], weight)
    if len(when) > 1:
        bar, tick = np.divmod(when, TICKS_PER_BAR)
        chances = result[MELODY, bar, tick, : PITCHES[MELODY]]
        line = _line(chances, when, favours(onsets).get(MELODY), heard(onsets), tilt, weight, listening)
        give_way(chances, line)
        result[MELODY, bar, tick, : PITCHES[MELODY]] = chances
    for role in MONOPHONIC:
        _alone(result[role], _SECOND[ROLE_NAMES[role]], weight)
    return result


def _apart(chances: np.ndarray, weight: float) -> np.ndarray:
    """The ticks of the piece on which a melody, shape (bars, ticks, pitches), plays; of two that are too near to each
    other the less probable one is left out: of blips always, of quick notes where they are seldom. So are syncopated
    notes, where they are."""
    flat = chances.reshape(-1, chances.shape[-1])
    rows = choose_onsets(chances[None])
    when = np.unique(rows[:, 1] * TICKS_PER_BAR + rows[:, 2])
    likely = flat[when].sum(axis=1)
    kept = _spaced(when, likely, _SHORTEST)
    if (~kept).sum() > _QUICK * len(when):
        kept = _spaced(when, likely, _BLIP + 1)
    kept[kept] = ~strays(when[kept])
    out = flat[when[~kept]]
    flat[when[~kept]] = out - weight * np.maximum(out - FAINT, 0)
    return when[kept]


def _spaced(when: np.ndarray, likely: np.ndarray, apart: int) -> np.ndarray:
    """Which of some ticks to keep, so that they are so far apart; of two that are not, the likelier one."""
    kept = np.ones(len(when), bool)
    last = 0
    for here in range(1, len(when)):
        if when[here] - when[last] < apart:
            less = here if likely[here] <= likely[last] else last
            kept[less] = False
            last = here if less == last else last
        else:
            last = here
    return kept


def lasting(classes: Classes, weight: float, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """As `Chances.classes`, but that notes of the melody last until about the next one begins, and none is a blip."""
    best, by_length = classes(rows)
    here = np.flatnonzero(rows[:, 0] == MELODY)
    start, room = until_next(rows[here])
    until = duration_class(room)
    held = (start < start.max(initial=0)) & (best[here, 0] < until)
    longer, room = here[held], room[held]
    filled = np.log2(_TICKS / np.minimum(room, _REST)[:, None])
    by_length[longer] += np.float32(weight * _FILLED) * np.minimum(filled, 0)
    near = np.flatnonzero(room < _REST)
    by_length[longer[near], until[held][near]] += np.float32(weight * _HELD)
    best[longer, 0] = by_length[longer].argmax(axis=1)
    best[here, 0] = np.maximum(best[here, 0], _WHOLE)
    return best, by_length


def _line(
    chances: np.ndarray, when: np.ndarray, favour: np.ndarray | None, tones: np.ndarray, tilt: tuple[float, ...],
    weight: float, listening: float,
) -> np.ndarray:  # fmt: skip
    """The best pitch for each onset, of which `chances` has a row, and `when` the tick in the piece."""
    pitches = np.union1d(np.flatnonzero(chances.max(axis=0) > FAINT), chances.argmax(axis=1))  # the others never are
    shares = chances[:, pitches] / chances.sum(axis=1, keepdims=True)
    score = np.log(shares + np.float32(_LEAST))
    classes = (pitches + ROLES[MELODY].low) % 12
    seldom = np.minimum(np.log((tones + _FOREIGN / 10) / _FOREIGN), 0)
    score += np.float32(weight * _FOREIGN_WEIGHT) * seldom[classes]
    if favour is not None:
        # a note that is held over a beat is of the chord there
        begins = held_over(when)
        said, half = spoken(favour, begins, classes), begins // HALF_BAR
        until = np.minimum(np.append(when[1:], len(favour) * HALF_BAR), when + _REST)
        for later in range(1, _REST // HALF_BAR):
            on = np.flatnonzero((half + later) * HALF_BAR < until)
            said[on] += np.float32(_STAYS) * favour[half[on] + later][:, classes]
        score += np.float32(weight * listening * _AGREEMENT) * said
    leaps, rests = kinds(pitches), np.diff(when) > _REST
    own = np.array(tilt) + _OWN * np.log(_expected(shares, leaps, rests) / _USUAL)
    moves = (weight * own).astype(np.float32)[leaps]
    across = np.where(rests, np.float32(_ACROSS), np.float32(1))
    line = best_line_of_pairs(score, moves, np.float32(weight) * _pairs(pitches), across)
    return pitches[returning(line, score, moves, when, pitches, MELODY, weight)]


def _expected(shares: np.ndarray, leaps: np.ndarray, rests: np.ndarray) -> np.ndarray:
    """Share of each kind of interval, if each onset's pitch were drawn by its chances alone; as usual for a few."""
    # not a matrix product: the threads of numpy's would stand in the way of the networks'
    both = np.einsum("ij,ik->jk", shares[:-1][~rests], shares[1:][~rests])
    counts = np.bincount(leaps.ravel(), both.ravel(), len(_USUAL))
    return (counts + _FEW * _USUAL) / (counts.sum() + _FEW)


def _pairs(pitches: np.ndarray) -> np.ndarray:
    """What speaks for going from one pitch to another and on to a third, shape (pitches, pitches, pitches)."""
    leap = pitches - pitches[:, None]
    up, down = ((way > 0) & (way <= _NARROW) for way in (leap, -leap))
    wide_up, wide_down = (way >= _WIDE for way in (leap, -leap))
    turn = (up[:, :, None] & down) | (down[:, :, None] & up)
    on = (wide_up[:, :, None] & (leap > 0)) | (wide_down[:, :, None] & (leap < 0))
    against = np.float32(_TURN) * turn + np.float32(_ON) * on
    here = np.arange(len(pitches))
    against[here, :, here] += np.float32(_BACK) * (leap != 0)
    return np.asarray(-against)


def _alone(chances: np.ndarray, least: float, weight: float) -> None:
    """Leave out a role's second notes, of ticks of shape (bars, ticks, pitches), where a smaller share of ticks has any
    than the least."""
    bar, tick, pitch = np.nonzero(chances > 0.5)
    second = pitch != chances[bar, tick].argmax(axis=-1)
    when = bar * TICKS_PER_BAR + tick
    if len(np.unique(when[second])) < least * len(np.unique(when)):
        there = bar[second], tick[second], pitch[second]
        chances[there] -= weight * (chances[there] - FAINT)
