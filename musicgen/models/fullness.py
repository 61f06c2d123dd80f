"""How many notes a role plays, and how many of them together, as songs do.

Where latents are made up, a decoder is in doubt: about the octave of a tone, about the fourth tone of a chord, about
how many voices a role has. What is likely for itself then makes chords of one note here and of four there, where a role
of a song has the same number of voices from its first bar to its last.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from musicgen.models.decoding import CERTAIN, FAINT, LEFT_OUT, LIKELY, PLAYED, raised
from musicgen.music import TICKS_PER_BAR, TICKS_PER_BEAT
from musicgen.roles import ROLE_NAMES

CHORDED = ("chords", "pad")
"""Roles that play chords."""
_TICKS = np.arange(TICKS_PER_BAR) % TICKS_PER_BEAT
PLACES = np.select([_TICKS == 0, _TICKS == TICKS_PER_BEAT // 2, _TICKS % (TICKS_PER_BEAT // 4) == 0], [0, 1, 2], 3)
"""Of each tick of a bar: beats, eighths, sixteenths, and triplets with all else."""
VOICES = 4
"""So many voices are looked at; few chords of songs have more."""
_STEADINESS = 6.0
"""What the odds of a voice over the whole piece, as a logarithm, count in each of its chords: so much that most pieces
have it in nearly all or in hardly any, as songs do. Chosen on training songs (docs/experiments)."""
_AGAINST = np.array([0.5, 1.5, 8.0])
"""Most that speaks against a second, third and fourth voice: chords of a single tone would not be arpeggios."""
_FOR = 8.0
_HEARD = 0.2
"""Probability from which a tick is taken for one with a chord, where voices are counted."""
_SURE = 0.5
"""Probability from which a tone is played in two octaves."""
_NEARLY = 0.9
"""Share of a role's strikes with the same number of notes, above which all have it: one in six of songs' roles that
play chords never plays another number, and of the others hardly any does so in so many."""
_FAINTER = 0.02
"""Ticks on which nothing is as probable as this are left as they are."""


def likely(chances: np.ndarray) -> tuple[np.ndarray, ...]:
    """Where onsets of a role, shape (bars, ticks, pitches), are no fainter than `FAINT`, as `numpy.nonzero` gives it:
    that takes two and a half times as long for three axes as for one."""
    return np.unravel_index(np.flatnonzero(chances > FAINT), chances.shape)


def place_in_bar(bar: np.ndarray) -> np.ndarray:
    """How many entries of the same bar each one of sorted bars has before it, shape (n,)."""
    count = np.bincount(bar)
    return np.asarray(np.arange(len(bar)) - (np.cumsum(count) - count)[bar])


def fuller(
    onsets: np.ndarray, by: Mapping[str, float], places: Mapping[str, tuple[float, ...]], weight: float = 1.0
) -> np.ndarray:
    """Probabilities of onsets, those of some roles likelier: of a line that a model is in doubt about it plays little,
    and off the beat, where it is in more doubt, hardly anything.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        by: role's name to what speaks for each of its onsets, in logits; `tools/calibrate.py` finds it.
        places: role's name to what speaks for those on each kind of tick, see `PLACES`.
        weight: how much of all that counts.
    """
    result = onsets.copy()
    for role, name in enumerate(ROLE_NAMES):
        speaks = np.full(PLACES.max() + 1, by.get(name, 0.0)) + places.get(name, 0.0)
        more = np.float32(weight) * speaks.astype(np.float32)
        if more.any():
            here = likely(onsets[role])
            result[role][here] = raised(onsets[role][here], more[PLACES[here[1]]])
    return result


def folded(onsets: np.ndarray, weight: float = 1.0) -> np.ndarray:
    """Probabilities of onsets, in which a chord has each of its tones once.

    Where the decoder is in doubt about the octave of a tone, the likeliest one is as probable as all of them together,
    and the others are not played unless they are sure.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        weight: 0 leaves them as they are.
    """
    result = onsets.copy()
    for role, bar, tick in _chords(onsets):
        chances = onsets[role, bar, tick]
        octaves = -(-chances.shape[1] // 12)
        by_tone = np.zeros((len(chances), 12 * octaves), np.float32)
        by_tone[:, : chances.shape[1]] = chances
        by_tone = by_tone.reshape(len(chances), octaves, 12)
        best = by_tone.argmax(axis=1)[:, None]
        chance = np.take_along_axis(by_tone, best, axis=1)
        together = np.minimum(by_tone.sum(axis=1, keepdims=True), CERTAIN)
        less = by_tone - weight * np.maximum(by_tone - FAINT, 0)  # not 0: a slider may ask for another octave
        once = np.where(by_tone > _SURE, by_tone, less)
        np.put_along_axis(once, best, np.maximum(chance, chance + weight * (together - chance)), axis=1)
        result[role, bar, tick] = once.reshape(len(chances), 12 * octaves)[:, : chances.shape[1]]
    return result


def steady(onsets: np.ndarray, voices: Mapping[str, tuple[float, ...]], weight: float = 1.0) -> np.ndarray:
    """Probabilities of onsets, in which a role has the same number of voices all through the piece.

    The first voice of a chord is its likeliest note, the second its next, and so on. What share of a role's chords has
    a voice, by all of their probabilities, speaks for or against it in every one of them. Nothing speaks against the
    first voice of a bar's likeliest chord.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        voices: role's name to what speaks for its first note, for a second, a third and a fourth, in logits;
            `tools/calibrate.py` finds it.
        weight: how much of it counts.
    """
    result = onsets.copy()
    for role, bar, tick in _chords(onsets):
        speaks = voices.get(ROLE_NAMES[role])
        if speaks is None or not len(bar):
            continue
        chances = onsets[role, bar, tick]
        which = np.argsort(-chances, axis=1, kind="stable")[:, :VOICES]
        chance = np.take_along_axis(chances, which, axis=1)
        heard = chance[chance[:, 0] > _HEARD].sum(axis=0)
        share = np.minimum((heard[1:] + 0.02) / (heard[0] + 0.04), 0.98)
        more = np.clip(_STEADINESS * np.log(share / (1 - share)) + speaks[1:], -_AGAINST, _FOR)
        by = np.tile(np.float32(weight) * np.array([speaks[0], *more], np.float32), (len(chance), 1))
        by[_likeliest(bar, chance[:, 0]), 0] = max(by[0, 0], 0)  # or bars would fall silent
        np.put_along_axis(chances, which, np.where(chance > FAINT, raised(chance, by), chance), axis=1)
        result[role, bar, tick] = chances
    return result


def even(onsets: np.ndarray, weight: float = 1.0) -> np.ndarray:
    """Probabilities of onsets, in which a role that plays so many notes at a time nearly always does so always.

    Args:
        onsets: shape (roles, bars, ticks, pitches).
        weight: how far to go; 0 leaves them as they are.
    """
    result = onsets.copy()
    for role, bar, tick in _chords(onsets):
        chances = onsets[role, bar, tick]
        count = (chances > LIKELY).sum(axis=1)
        usual = np.bincount(count[count > 0], minlength=2).argmax()
        odd = np.flatnonzero((count > 0) & (count != usual))
        if (count == usual).sum() <= _NEARLY * (count > 0).sum():
            continue
        here = chances[odd]
        rank = np.argsort(np.argsort(-here, axis=1, kind="stable"), axis=1)
        more, less = (rank < usual) & (here > FAINT), rank >= usual
        wanted = np.where(more, np.maximum(here, PLAYED), np.where(less, np.minimum(here, LEFT_OUT), here))
        result[role, bar[odd], tick[odd]] = here + np.float32(weight) * (wanted - here)
    return result


def _likeliest(bar: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """The place of the likeliest of each bar's chords; `bar` is sorted."""
    order = np.lexsort((-chance, bar))
    return order[np.diff(bar, prepend=-1) > 0]


def _chords(onsets: np.ndarray) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Bars and ticks on which each of `CHORDED` may begin something."""
    found = []
    for role in map(ROLE_NAMES.index, CHORDED):
        bar, tick = np.nonzero(onsets[role].max(axis=-1) > _FAINTER)
        found.append((role, bar, tick))
    return found
