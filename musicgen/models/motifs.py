"""Motifs: bars of a melody or a bass that have the rhythm of earlier bars, and go up and down as they did.

A decoder says of each bar what is likely there. Where latents are made up, bars are nearly alike now and then, and the
same hardly ever: of a song's melody one bar in four is an earlier one again, there or on another step of the scale,
and so was one in fourteen of a generated one (docs/experiments).
"""

from __future__ import annotations

import numpy as np

from musicgen.codec import SCALE, scale_steps
from musicgen.models.agreement import favours, in_harmony, spoken
from musicgen.models.cycles import led
from musicgen.models.decoding import CERTAIN, FAINT, LIKELY, logits
from musicgen.models.lines import best_line, give_way, kinds
from musicgen.music import TICKS_PER_BAR
from musicgen.roles import ROLE_NAMES, ROLES

_MELODY, _BASS = ROLE_NAMES.index("melody"), ROLE_NAMES.index("bass")
_EARLIER = 16
"""So many earlier bars are remembered."""
_RHYTHM = 3.0
"""Most that a bar may lose to have the rhythm of an earlier one: logits of the onsets that it gains or loses."""
_NEW = 0.5
"""What is lost by each onset that it gains, beside that: else melodies become fuller, and more on the beat."""
_ODD, _HALF = 0.5, 0.5
"""What is lost where the other bar is not an even number of bars away, or not four, eight or twelve."""
_FAR = 7
"""Steps of the scale by which a motif moves, at most."""
_AGAIN = {_MELODY: 2.5, _BASS: 0.2}
_SEQUENCE = {_MELODY: 3.5, _BASS: 1.2}
"""Most that a bar may lose, in the mean of its notes, in logits, to be an earlier one again, and to be one on another
step. Where rhythms hardly ever differ, as in basses, less is enough to be as often the same as songs' are."""
_LEAPS = np.array([0.05, 0.45, 0.2, -0.15, -0.1, 0.0], np.float32)
"""What speaks for each kind of interval in a bass, see `lines.FROM`: of songs' 21 % are steps, and of those of decoders
in doubt 15 %."""
_LISTENS, _MOST = 3.0, 2.0
"""How much more than usual a bass that is expected to share more with the harmony counts what the other roles play, for
each e-fold, and the most of it; one that shares less plays something else. Songs differ by more than decoders in doubt
say."""
_LEAST = 1e-6
_NEVER = -30.0


def recurring(onsets: np.ndarray, weight: float = 1.0) -> np.ndarray:
    """Probabilities of onsets, in which a bar of the melody whose rhythm is nearly that of an earlier one has it.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        weight: how far to go; 0 leaves them as they are.
    """
    result = onsets.copy()
    begins = np.minimum(onsets[_MELODY].sum(axis=-1), CERTAIN)
    odds = np.maximum(logits(np.maximum(begins, np.float32(_LEAST))) - np.log(LIKELY / (1 - LIKELY)), _NEVER)
    plays, against = odds > 0, np.abs(odds)
    away = np.arange(len(plays))[:, None] - np.arange(len(plays))
    far = _ODD * (away % 2) + _HALF * (away % 4 > 0)
    for bar in range(1, len(plays)):
        others = plays[max(bar - _EARLIER, 0) : bar]
        changed = others != plays[bar]
        gained = changed & others
        lost = changed @ against[bar] + _NEW * gained.sum(axis=1) + far[bar, bar - len(others) : bar]
        lost[(others.sum(axis=1) < 2) | (plays[bar].sum() < 2)] = np.inf
        lost[~changed.any(axis=1)] = 0
        best = int(lost.argmin())
        if 0 < lost[best] < _RHYTHM:
            plays[bar] = others[best]
    result[_MELODY] = led(onsets[_MELODY], begins, plays, weight)
    return result


def figured(onsets: np.ndarray, shared: float, weight: float = 1.0) -> np.ndarray:
    """Probabilities of onsets, in which the bass moves by steps now and then, to tones that other roles have or, where
    it strays from the harmony, to others, and its motifs return, as `returning` finds them.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        shared: the `agreement.in_harmony` of a bass that counts the other roles no more and no less than itself.
        weight: how much of it counts.
    """
    result = onsets.copy()
    bar, tick = np.nonzero(onsets[_BASS].sum(axis=-1) > LIKELY)
    if len(bar):
        chances, when = onsets[_BASS, bar, tick], bar * TICKS_PER_BAR + tick
        pitches = np.union1d(np.flatnonzero(chances.max(axis=0) > FAINT), chances.argmax(axis=1))
        score = np.log(chances[:, pitches] / chances.sum(axis=1, keepdims=True) + np.float32(_LEAST))
        favour = favours(onsets, (_BASS,)).get(_BASS)
        if favour is not None:
            listens = np.clip(_LISTENS * np.log(max(in_harmony(onsets, _BASS), _LEAST) / shared), -_MOST, _MOST)
            said = spoken(favour, when, (pitches + ROLES[_BASS].low) % 12)
            score += np.float32(weight * np.nan_to_num(listens)) * said
        moves = np.float32(weight) * _LEAPS[kinds(pitches)]
        give_way(chances, pitches[returning(best_line(score, moves), score, moves, when, pitches, _BASS, weight)])
        result[_BASS, bar, tick] = chances
    return result


def returning(
    line: np.ndarray, score: np.ndarray, moves: np.ndarray, when: np.ndarray, pitches: np.ndarray, role: int,
    weight: float = 1.0,
) -> np.ndarray:  # fmt: skip
    """A line in which a bar with the rhythm of an earlier one is that bar again, there or on another step, where that
    is nearly as good.

    Args:
        line: of each onset the pitch, as a column of `score`, shape (onsets,), as the result.
        score: what speaks for each pitch, in logits, shape (onsets, pitches).
        moves: what speaks for going from one pitch (row) to another, shape (pitches, pitches).
        when: of each onset the tick in the piece.
        pitches: of each column of `score` the pitch of the role, in C major or A minor, sorted.
        role: that of the melody or of the bass.
        weight: how much of it counts; 0 leaves the line as it is.
    """
    line, bar = line.copy(), when // TICKS_PER_BAR
    table = _moved(pitches + ROLES[role].low)
    worth = np.full(len(table), weight * _SEQUENCE[role])
    worth[_FAR] = weight * _AGAIN[role]
    begins = np.flatnonzero(np.diff(bar, prepend=-1))
    known: dict[bytes, list[int]] = {}  # where bars of a rhythm begin
    for begin, end in zip(begins, [*begins[1:], len(when)], strict=True):
        count = end - begin
        if count < 2:
            continue
        others = known.setdefault((when[begin:end] % TICKS_PER_BAR).tobytes(), [])
        here = np.arange(begin, end)
        own = line[here]
        earlier = line[np.array(others[-_EARLIER:], int)[:, None] + np.arange(count)]
        if others and not (earlier == own).all(axis=1).any():
            ways = np.concatenate([table[:, earlier].reshape(-1, count), own[None]])
            gain = np.where(ways >= 0, score[here, ways], _NEVER).sum(axis=1)
            gain += moves[ways[:, :-1], ways[:, 1:]].sum(axis=1)
            if begin:
                gain += moves[line[begin - 1], ways[:, 0]]
            if end < len(line):
                gain += moves[ways[:, -1], line[end]]
            gain = (gain[:-1] - gain[-1]) / count + np.repeat(worth, len(others[-_EARLIER:]))
            if gain.max() > 0:
                line[here] = ways[gain.argmax()]
        others.append(int(begin))
    return line


def _moved(pitches: np.ndarray) -> np.ndarray:
    """Of each pitch the place of that which is from `_FAR` steps of the scale below to as many above it, or -1, shape
    (2 * `_FAR` + 1, pitches). Notes outside of the scale stay as far from it."""
    steps, altered = scale_steps(pitches)
    steps = steps + np.arange(-_FAR, _FAR + 1)[:, None]
    to = 12 * (steps // 7) + SCALE[steps % 7] + altered
    place = np.minimum(np.searchsorted(pitches, to), len(pitches) - 1)
    return np.where(pitches[place] == to, place, -1)
