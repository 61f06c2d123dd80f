"""The tones of chords: which pitch classes a chord name asks for, and which chord notes play over a known root.

The models' chord codes know four qualities. Everything else that people write (sixths, suspensions, added ninths,
power chords, another bass) is told to the note decoder as the set of the chord's pitch classes and its bass.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from musicgen.chord_names import QUALITIES, Chord
from musicgen.codec import PITCHES
from musicgen.harmony import NO_CHORD, read_progression
from musicgen.heard import chroma_of
from musicgen.music import FOUR_FOUR, Metre
from musicgen.roles import ROLE_NAMES, ROLES

TONES = 24
"""Numbers that say the tones of a chord: 1 for each pitch class that it has, then 1 for the pitch class of its bass."""

_KINDS: dict[str, tuple[int, ...]] = {
    "major": (0, 4, 7), "major-sixth": (0, 4, 7, 9), "major-seventh": (0, 4, 7, 11), "major-ninth": (0, 2, 4, 7, 11),
    "major-11th": (0, 2, 4, 5, 7, 11), "major-13th": (0, 2, 4, 7, 9, 11), "dominant": (0, 4, 7, 10),
    "dominant-ninth": (0, 2, 4, 7, 10), "dominant-11th": (0, 2, 5, 7, 10), "dominant-13th": (0, 2, 4, 7, 9, 10),
    "minor": (0, 3, 7), "minor-sixth": (0, 3, 7, 9), "minor-seventh": (0, 3, 7, 10), "minor-ninth": (0, 2, 3, 7, 10),
    "minor-11th": (0, 2, 3, 5, 7, 10), "minor-13th": (0, 2, 3, 7, 9, 10), "major-minor": (0, 3, 7, 11),
    "diminished": (0, 3, 6), "diminished-seventh": (0, 3, 6, 9), "half-diminished": (0, 3, 6, 10),
    "augmented": (0, 4, 8), "augmented-seventh": (0, 4, 8, 10), "suspended-fourth": (0, 5, 7),
    "suspended-second": (0, 2, 7), "power": (0, 7),
}  # fmt: skip
"""Semitones above the root of each of MusicXML's kinds."""
_DEGREES = {1: 0, 2: 2, 3: 4, 4: 5, 5: 7, 6: 9, 7: 10, 9: 2, 11: 5, 13: 9}
"""Semitones from the root to each degree, unaltered."""
_CANDIDATES: dict[str, tuple[tuple[int, ...], ...]] = {
    "major": (
        *(_KINDS[name] for name in ("major", "major-sixth", "major-seventh", "major-ninth", "suspended-fourth")),
        *(_KINDS[name] for name in ("suspended-second", "power", "augmented")), (0, 2, 4, 7), (0, 2, 4, 7, 9),
    ),
    "dominant": (
        *(_KINDS[name] for name in ("dominant", "dominant-ninth", "dominant-13th", "augmented-seventh")),
        (0, 5, 7, 10), (0, 1, 4, 7, 10),
    ),
    "minor": tuple(_KINDS[name] for name in ("minor", "minor-sixth", "minor-seventh", "minor-ninth", "major-minor")),
    "diminished": tuple(_KINDS[name] for name in ("diminished", "diminished-seventh", "half-diminished")),
}  # fmt: skip
"""The chords of each of `QUALITIES` that notes are compared with; the first is the plain one that its code means."""
_HANDICAP = 0.03
"""Of each tone beyond three: a chord of more tones fits almost anything a little, see `heard.estimate_chords`."""
_LOW = np.array([role.low for role in ROLES])
_ACCOMPANIES = np.isin(ROLE_NAMES, ["chords", "pad", "bass"])
_WEIGHT = np.array([{"melody": 0.25, "bass": 0.5, "drums": 0.0}.get(name, 1.0) for name in ROLE_NAMES])


def chord_tones(chord: Chord) -> frozenset[int]:
    """The pitch classes that a chord has, 0 to 11 above its root."""
    tones = set(_KINDS[chord.musicxml])
    for degree, by, how in chord.degrees:
        if how in ("alter", "subtract"):
            tones.discard(_DEGREES[degree])
        if how in ("alter", "add"):
            tones.add((_DEGREES[degree] + by) % 12)
    return frozenset(tones)


def encode_tones(chord: Chord | None, shift: int = 0) -> np.ndarray:
    """The tones of a chord, moved by semitones, and its bass where one is written after a slash: float32, shape
    (`TONES`,); zeros for no chord."""
    code = np.zeros(TONES, np.float32)
    if chord is not None:
        code[[(tone + chord.root_class + shift) % 12 for tone in chord_tones(chord)]] = 1
        if chord.bass is not None:
            code[12 + (chord.bass_class + shift) % 12] = 1
    return code


def progression_tones(text: str, bars: int, shift: int) -> np.ndarray:
    """`encode_tones` of each half bar of a piece, shape (bars, 2, `TONES`): the progression, repeated, moved."""
    table = [[encode_tones(chords[0], shift), encode_tones(chords[-1], shift)] for chords in read_progression(text)]
    return np.array(table)[np.arange(bars) % len(table)]


def estimate_tones(rows: np.ndarray, bars: int, chords: np.ndarray, metre: Metre = FOUR_FOUR) -> np.ndarray:
    """Tones and bass of each half bar, given its chord: of the chords that have its root and quality, the one that is
    nearest to the notes.

    Args:
        rows: of `codec.COLUMNS`. bars: length of the piece.
        chords: a code of `harmony` for each half bar, shape (bars, 2); other values are no chord.

    Returns:
        Float32, shape (bars, 2, `TONES`); zeros where there is no chord. The bass is the pitch class that the bass
        role sounds longest, the root where it rests.
    """
    rows, codes = np.asarray(rows, np.int64), np.asarray(chords, np.int64).reshape(-1)
    sounding, low = chroma_of(rows, bars, _WEIGHT, metre)
    unit = sounding / np.maximum(np.linalg.norm(sounding, axis=1, keepdims=True), 1e-9)
    result = np.zeros((len(codes), TONES), np.float32)
    for quality, name in enumerate(QUALITIES):
        here = np.flatnonzero((codes < NO_CHORD) & (codes // 12 == quality))
        roots = codes[here] % 12
        above = (np.arange(12) + roots[:, None]) % 12  # pitch classes from the root upwards
        templates = np.zeros((len(_CANDIDATES[name]), 12), np.float32)
        for template, tones in zip(templates, _CANDIDATES[name], strict=True):
            template[list(tones)] = 1
        size = templates.sum(axis=1)
        fit = np.take_along_axis(unit[here], above, axis=1) @ (templates / np.sqrt(size)[:, None]).T
        best = np.where(sounding[here].any(axis=1), (fit - _HANDICAP * np.maximum(size - 3, 0)).argmax(axis=1), 0)
        result[here[:, None], above] = templates[best]
        result[here, 12 + np.where(low[here].any(axis=1), low[here].argmax(axis=1), roots)] = 1
    return result.reshape(bars, 2, TONES)


def simplify(rows: np.ndarray, chords: np.ndarray, tones: np.ndarray, metre: Metre = FOUR_FOUR) -> np.ndarray:
    """The notes as they would be over the plain triads and sevenths that the codes of chords say.

    Notes of the accompaniment that are tones of a chord, but not of its code, move to the nearest tone of the code. A
    prior knows the codes alone; from such pairs a note decoder learns to play a suspension of which the latents know
    nothing.

    Args:
        rows: of `codec.COLUMNS`. chords, tones: as for `estimate_tones`, and what it returns.

    Returns:
        Rows as they were given, with other pitches; notes of one place may now be equal.
    """
    rows = np.asarray(rows)
    bar, role, pitch = (rows[:, column].astype(np.int64) for column in (0, 1, 3))
    half = (rows[:, 2] >= metre.half_bar).astype(np.int64)
    code, pitch_class = np.asarray(chords, np.int64)[bar, half], (pitch + _LOW[role]) % 12
    is_tone = tones[bar, half, pitch_class] > 0
    moved = _ACCOMPANIES[role] & (code < NO_CHORD) & is_tone
    step = _steps_to_plain()[np.minimum(code, NO_CHORD - 1), pitch_class]
    result = rows.copy()
    result[:, 3] = np.where(moved, np.clip(pitch + step, 0, np.array(PITCHES)[role] - 1), pitch)
    return result


@cache
def _steps_to_plain() -> np.ndarray:
    """Semitones from each pitch class to the nearest tone of each chord code, shape (`NO_CHORD`, 12)."""
    table = np.zeros((NO_CHORD, 12), np.int64)
    for code in range(NO_CHORD):
        plain = _CANDIDATES[QUALITIES[code // 12]][0]
        for pitch_class in range(12):
            steps = [(tone + code % 12 - pitch_class + 6) % 12 - 6 for tone in plain]
            table[code, pitch_class] = min(steps, key=lambda step: (abs(step), step))
    return table


__all__ = ["TONES", "chord_tones", "encode_tones", "estimate_tones", "progression_tones", "simplify"]
