"""What a person can ask of a piece by a slider, in units that can be counted in the piece itself.

density: notes a bar, all roles.
rhythm: per cent of onsets that are syncopated: off the beat (of 6/8, the dotted one), with no onset of the role on the
beat that follows.
register: mean MIDI pitch, without drums.
polyphony: mean number of pitched notes that sound at a time, where any sounds.
tension: per cent of the pairs of pitch classes that sound together which are dissonant (minor and major seconds,
tritones, and their inversions).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from musicgen import codec
from musicgen.music import FOUR_FOUR, Key, Metre, Music
from musicgen.roles import ROLES

ATTRIBUTES = ("density", "rhythm", "register", "polyphony", "tension")
_SCALE = np.array([1.0, 100.0, 1.0, 1.0, 100.0])
_DISSONANT, _CONSONANT = (1, 2, 6), (3, 4, 5)  # interval classes, in semitones
_DURATIONS = np.array(codec.DURATIONS)
_LOW = np.array([role.low for role in ROLES])
_IS_DRUMS = np.array([role.is_drums for role in ROLES])


def measure(music: Music) -> dict[str, float]:
    """The attributes of a piece, in their units; NaN where undefined, such as the register of drums alone."""
    counted = counts(codec.encode(music), music.bars, music.metre)
    found = dict(zip(ATTRIBUTES, values(counted).tolist(), strict=True))
    return found | {"register": found["register"] - music.key.shift_to_normal}


def in_normal_key(targets: Mapping[str, float], key: Key) -> dict[str, float]:
    """Targets for a piece in a key, as targets for it in C major or A minor, which is how models have it."""
    shift = {"register": key.shift_to_normal}
    return {name: value + shift.get(name, 0) for name, value in targets.items()}


def values(counted: np.ndarray) -> np.ndarray:
    """The attributes of a stretch of bars from its `counts`, shape (..., bars, 5, 2); shape (..., 5)."""
    total = counted.sum(axis=-3)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _SCALE * total[..., 0] / total[..., 1]


def counts(rows: np.ndarray, bars: int, metre: Metre = FOUR_FOUR) -> np.ndarray:
    """For each bar and attribute how much there is of it and of what it is a share, float64, shape (bars, 5, 2).

    Args:
        rows: notes as `codec.encode` gives them, shape (notes, 6).
        bars: length of the piece.
        metre: of the piece.
    """
    rows = np.asarray(rows, np.int64).reshape(-1, len(codec.COLUMNS))
    pitched = rows[~_IS_DRUMS[rows[:, 1]]]
    pitch = pitched[:, 3] + _LOW[pitched[:, 1]]
    onsets, syncopated = _onsets(rows, bars, metre)
    sounding, consonant, dissonant = _together(pitched, pitch, bars, metre.ticks_per_bar)

    def in_bars(bar: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(bar, weights, bars)[:bars]

    def by_bar(ticks: np.ndarray) -> np.ndarray:
        return ticks.reshape(bars, metre.ticks_per_bar).sum(axis=1)

    parts = [
        (in_bars(rows[:, 0]), np.ones(bars)),
        (in_bars(onsets // metre.ticks_per_bar, syncopated), in_bars(onsets // metre.ticks_per_bar)),
        (in_bars(pitched[:, 0], pitch), in_bars(pitched[:, 0])),
        (by_bar(sounding), by_bar(sounding > 0)),
        (by_bar(dissonant), by_bar(dissonant + consonant)),
    ]
    return np.stack([np.stack(part, axis=-1) for part in parts], axis=1).astype(np.float64)


def _onsets(rows: np.ndarray, bars: int, metre: Metre) -> tuple[np.ndarray, np.ndarray]:
    """The tick of each onset, the notes of a chord being one, and whether it is syncopated."""
    bar, beat = metre.ticks_per_bar, metre.ticks_per_beat
    span = (bars + 1) * bar
    onsets = np.unique(rows[:, 1] * span + rows[:, 0] * bar + rows[:, 2])
    role, tick = onsets // span, onsets % span
    next_beat = role * span + -(-tick // beat) * beat
    return tick, (tick % beat != 0) & ~np.isin(next_beat, onsets)


def _together(pitched: np.ndarray, pitch: np.ndarray, bars: int, bar: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """At each tick: notes that sound, and consonant and dissonant pairs of pitch classes among them."""
    length = bars * bar
    start = pitched[:, 0] * bar + pitched[:, 2]
    end = np.minimum(start + _DURATIONS[pitched[:, 4]], length)
    steps = np.zeros((length + 1, 12))
    np.add.at(steps, (start, pitch % 12), 1)
    np.add.at(steps, (end, pitch % 12), -1)
    chroma = np.cumsum(steps[:-1], axis=0)
    here = chroma > 0.5

    def pairs(classes: tuple[int, ...]) -> np.ndarray:
        # a tritone is its own inversion, so that rolling meets each one twice
        return sum(
            ((here & np.roll(here, step, axis=1)).sum(axis=1) / (2 if step == 6 else 1) for step in classes),
            np.zeros(length),
        )

    return chroma.sum(axis=1), pairs(_CONSONANT), pairs(_DISSONANT)
