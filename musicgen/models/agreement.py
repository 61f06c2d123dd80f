"""Roles that listen to each other: the decoder says what each plays as if the others were not there yet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musicgen.codec import MAX_PITCHES
from musicgen.models.decoding import raised
from musicgen.models.fullness import likely
from musicgen.music import TICKS_PER_BAR, TICKS_PER_BEAT
from musicgen.roles import PITCHED, ROLE_NAMES, ROLES

_TUNE = ROLE_NAMES.index("melody")
_LED = [_TUNE, *(ROLE_NAMES.index(role) for role in ("chords", "pad"))]
"""Roles that give way; the bass moves the harmony, it does not follow it."""
_LEAST = 0.03
"""Share of a pitch class that no other role has, so that none is out of the question."""
_RINGS = 0.5
"""What begins in a half bar counts so much in the next one."""
_MELODY = 0.5
"""The melody counts so much: its notes pass through, where those of other roles stay."""
_UNHEARD = _TUNE, ROLE_NAMES.index("bass")
"""A melody keeps to the chords, whose tones the bass has anyway; more of the root would be less of the others."""
_WEIGHT = 0.2
"""Of what the others are expected to play. With chords that stray no more than those of songs, all of it makes notes
that keep to them more than songs' do."""
_BEATS, _OFFBEATS, _BETWEEN = 1.0, 0.6, 0.3
"""Weight of the same where a melody begins a note: on a beat it has a tone of the chord, between beats it passes."""
_CLASHES = 7.0
"""What speaks against a tone of the melody a semitone beside what all others play then: songs' melodies leave the chord
as often as generated ones, but seldom for such tones."""
_HARMONY = (ROLE_NAMES.index("chords"), ROLE_NAMES.index("pad"))
_PLAYS = 0.3
"""Notes expected in a half bar of a role that plays there."""
HALF_BAR = TICKS_PER_BAR // 2
"""Ticks in which one harmony is heard."""
_MELODY_AT = np.full(HALF_BAR, _BETWEEN, np.float32)
_MELODY_AT[:: TICKS_PER_BEAT // 2] = _OFFBEATS
_MELODY_AT[::TICKS_PER_BEAT] = _BEATS
_CLASSES = np.zeros((len(PITCHED), MAX_PITCHES, 12), np.float32)
for _role in PITCHED:
    _CLASSES[_role, np.arange(MAX_PITCHES), (np.arange(MAX_PITCHES) + ROLES[_role].low) % 12] = 1


def agreeing(onsets: np.ndarray, weight: float = 1.0) -> np.ndarray:
    """Probabilities of onsets, those likelier whose pitch class the other roles have in that half bar.

    A product of experts (Hinton 2002), the second of which is what the others are expected to play. What a role is
    expected to play in a half bar stays about as much.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        weight: of the second expert; 0 leaves the onsets as they are.
    """
    halves = _halves(onsets)
    result = halves.copy()
    for role, favour in favours(onsets).items():
        _favoured(result, halves, role, weight * _WEIGHT * favour)
    return result.reshape(onsets.shape)


def matched(onsets: np.ndarray, weight: float) -> np.ndarray:
    """Probabilities of onsets, in which chords and pad play one harmony: each tone likelier in one that the other has.

    Args:
        onsets: as for `agreeing`.
        weight: of the harmony of the other one; in songs they share most tones.
    """
    halves = _halves(onsets)
    result = halves.copy()
    expected = _expected(halves)
    total = expected.sum(axis=-1, keepdims=True)
    shares = expected / np.maximum(total, 1e-6)
    both = (total[list(_HARMONY)] > _PLAYS).all(axis=0)
    for role, other in (_HARMONY, _HARMONY[::-1]):
        favour = np.log(shares[other] + _LEAST)
        favour = np.where(both, favour - (shares[role] * favour).sum(axis=-1, keepdims=True), 0)
        _favoured(result, halves, role, weight * favour)
    return result.reshape(onsets.shape)


def favours(onsets: np.ndarray, roles: Sequence[int] = _LED) -> dict[int, np.ndarray]:
    """How much the other roles speak for each pitch class in each half bar, in logits, shape (half bars, 12), for those
    of some roles that do not play alone. Of what the role is expected to play, the mean is 0."""
    expected = _expected(_halves(onsets))
    heard = expected.copy()
    heard[:, 1:] += _RINGS * expected[:, :-1]
    heard[_TUNE] *= _MELODY
    result = {}
    for role in roles:
        others = sum(heard[other] for other in PITCHED if other != role and (role, other) != _UNHEARD)
        total = others.sum(axis=-1, keepdims=True)
        if total.any():
            favour = np.log(others / np.maximum(total, 1e-6) + _LEAST)
            if role == _TUNE:
                beside = sum(heard[other] for other in PITCHED if other != role)
                beside = beside / np.maximum(beside.sum(axis=-1, keepdims=True), 1e-6)
                favour -= _CLASHES * (np.roll(beside, 1, axis=-1) + np.roll(beside, -1, axis=-1))
            own = expected[role] / np.maximum(expected[role].sum(axis=-1, keepdims=True), 1e-6)
            result[role] = favour - (own * favour).sum(axis=-1, keepdims=True)
    return result


def in_harmony(onsets: np.ndarray, role: int) -> float:
    """How likely a note of a role has the pitch class of one that chords and pad begin in its half bar, of what all are
    expected to play, above 0 to 1; nan where they never play together."""
    expected = _expected(_halves(onsets))
    own, others = expected[role], expected[list(_HARMONY)].sum(axis=0)
    both = (own.sum(axis=1) > _PLAYS) & (others.sum(axis=1) > _PLAYS)
    own, others = own[both], others[both]
    shared = (own * others).sum(axis=1) / (own.sum(axis=1) * others.sum(axis=1))
    return float(shared.mean()) if len(shared) else float("nan")


def heard(onsets: np.ndarray) -> np.ndarray:
    """Share of each pitch class among the notes that pitched roles are expected to begin in the piece, shape (12,)."""
    expected = _expected(onsets.reshape(len(onsets), 1, -1, onsets.shape[-1])).sum(axis=(0, 1))
    return np.asarray(expected / np.maximum(expected.sum(), 1e-6))


def _halves(onsets: np.ndarray) -> np.ndarray:
    """Onsets by half bars, shape (roles, half bars, ticks, pitches)."""
    roles, bars, _, pitches = onsets.shape
    return onsets.reshape(roles, 2 * bars, HALF_BAR, pitches)


def _expected(halves: np.ndarray) -> np.ndarray:
    """How many notes of each pitch class pitched roles are expected to begin, shape (roles, half bars, 12)."""
    return np.matmul(halves[list(PITCHED)].sum(axis=2), _CLASSES[:, : halves.shape[-1]])


def by_tick(role: int, tick: np.ndarray) -> np.ndarray:
    """What the others speak for counts so much, in logits for each of `favours`, for notes on a tick of a half bar."""
    return _MELODY_AT[tick] if role == _TUNE else np.ones(len(tick), np.float32)


def spoken(favour: np.ndarray, when: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """What one of `favours` speaks for each note of a line, on beats most, shape (onsets, pitches).

    Args:
        when: of each onset the tick in the piece.
        classes: pitch classes of the pitches.
    """
    half, tick = np.divmod(when, HALF_BAR)
    return np.asarray(by_tick(_TUNE, tick)[:, None] * favour[half][:, classes])


def _favoured(result: np.ndarray, halves: np.ndarray, role: int, favour: np.ndarray) -> None:
    """Write a role's onsets into `result`, by what speaks for each pitch class in each half bar, in logits."""
    half, tick, pitch = likely(halves[role])
    by = favour[half, (pitch + ROLES[role].low) % 12] * by_tick(role, tick)
    result[role, half, tick, pitch] = raised(halves[role, half, tick, pitch], by)
