"""Which chords the notes of a piece make. All of it is in the key the notes are in."""

from __future__ import annotations

import numpy as np

from musicgen import codec
from musicgen.harmony import QUALITIES
from musicgen.music import FOUR_FOUR, Metre
from musicgen.roles import ROLES

NONE = 255
"""No chord, or no key: nothing pitched sounds."""

_DURATIONS = np.array(codec.DURATIONS)
_LOW = np.array([role.low for role in ROLES])
_IS_DRUMS = np.array([role.is_drums for role in ROLES])
_BASS = next(index for index, role in enumerate(ROLES) if role.name == "bass")
# A tune passes through notes outside the chord more often than its accompaniment does, and a bass walks. Weights and
# handicaps were chosen on arrangements of training songs, where the chords are known.
_WEIGHT = np.array([{"melody": 0.5, "bass": 0.5}.get(role.name, 1.0) for role in ROLES])
_BASS_WEIGHT = 0.05
_TEMPLATES: tuple[tuple[str, tuple[int, ...], float], ...] = (
    ("major", (0, 4, 7), 0.0), ("major", (0, 4, 7, 11), -0.03), ("major", (0, 4, 7, 9), -0.06),
    ("minor", (0, 3, 7), 0.0), ("minor", (0, 3, 7, 10), -0.03), ("dominant", (0, 4, 7, 10), -0.02),
    ("diminished", (0, 3, 6), -0.03), ("diminished", (0, 3, 6, 9), -0.03), ("diminished", (0, 3, 6, 10), -0.04),
)  # fmt: skip
"""Quality, its pitch classes above the root, and a handicap: a chord of four notes fits almost anything a little."""


def heard_chords(rows: np.ndarray, bars: int, metre: Metre = FOUR_FOUR) -> np.ndarray:
    """`estimate_chords` of the notes of a piece in each half of a bar (`Metre.half_bar`), shape (bars, 2)."""
    rows = np.asarray(rows, np.int64)
    return estimate_chords(*chroma_of(rows, bars, metre=metre)).reshape(bars, 2)


def estimate_chords(chroma: np.ndarray, bass: np.ndarray) -> np.ndarray:
    """The chord template nearest to each half bar.

    Args:
        chroma: sounding time of each pitch class, shape (halves, 12).
        bass: the same of the bass alone.

    Returns:
        `chord_code` or NONE, uint8, shape (halves,).
    """
    scores = np.zeros((len(chroma), len(_TEMPLATES), 12))
    norm = np.linalg.norm(chroma, axis=1, keepdims=True)
    unit = chroma / np.maximum(norm, 1e-9)
    low = bass / np.maximum(bass.sum(axis=1, keepdims=True), 1e-9)
    for index, (_, classes, handicap) in enumerate(_TEMPLATES):
        template = np.zeros(12)
        template[list(classes)] = 1 / np.sqrt(len(classes))
        for root in range(12):
            scores[:, index, root] = unit @ np.roll(template, root) + handicap + _BASS_WEIGHT * low[:, root]
    best = scores.reshape(len(chroma), -1).argmax(axis=1)
    quality = np.array([QUALITIES.index(name) for name, _, _ in _TEMPLATES])[best // 12]
    return np.where(norm[:, 0] > 0, quality * 12 + best % 12, NONE).astype(np.uint8)


def half_bars(bars: int, metre: Metre) -> np.ndarray:
    """The ticks at which the halves of bars begin, and at last where the piece ends, shape (2 * bars + 1,)."""
    begins = np.arange(bars)[:, None] * metre.ticks_per_bar + np.array([0, metre.half_bar])
    return np.append(begins.ravel(), bars * metre.ticks_per_bar)


def chroma_of(
    rows: np.ndarray,
    bars: int,
    weight: np.ndarray = _WEIGHT,
    metre: Metre = FOUR_FOUR,
    bounds: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Sounding ticks of each pitch class, of all pitched roles, weighted, and of the bass.

    Args:
        rows: notes as `codec.encode` gives them.
        bars: length of the piece.
        weight: of each role.
        metre: of the piece.
        bounds: ticks, rising, between which is measured; those of `half_bars` by default.

    Returns:
        Two arrays of shape (stretches, 12), a stretch from each bound to the next.
    """
    bounds = half_bars(bars, metre) if bounds is None else bounds
    pitched = rows[~_IS_DRUMS[rows[:, 1]]]
    start = pitched[:, 0] * metre.ticks_per_bar + pitched[:, 2]
    end = np.minimum(start + _DURATIONS[pitched[:, 4]], bounds[-1])
    pitch_class = (pitched[:, 3] + _LOW[pitched[:, 1]]) % 12
    chroma, bass = np.zeros((len(bounds) - 1, 12)), np.zeros((len(bounds) - 1, 12))
    is_bass = pitched[:, 1] == _BASS
    place = np.searchsorted(bounds, start, side="right") - 1
    while len(bounds) > 1 and (place < len(bounds) - 1).any():
        inside = np.minimum(place, len(bounds) - 2)
        ticks = np.minimum(end, bounds[inside + 1]) - np.maximum(start, bounds[inside])
        here = (ticks > 0) & (place < len(bounds) - 1)
        if not here.any():
            break
        np.add.at(chroma, (place[here], pitch_class[here]), (ticks * weight[pitched[:, 1]])[here])
        low = here & is_bass
        np.add.at(bass, (place[low], pitch_class[low]), ticks[low])
        place = place + 1
    return chroma, bass
