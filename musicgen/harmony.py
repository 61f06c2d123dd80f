"""Chord names to the few codes that labels and models keep of them, and progressions as people write them."""

from __future__ import annotations

import re

import numpy as np

from musicgen.errors import MusicgenError
from musicgen.music import MAX_BARS, Key

QUALITIES = ("major", "minor", "dominant", "diminished")
"""What is told apart: the third and fifth, and the minor seventh over a major third."""
NO_CHORD = 48
"""After the codes of the chords: nothing pitched sounds."""
_KIND = re.compile(r"[A-G][b#]?(|[mM]|maj|min|dim|aug|sus|add|[°øo+Δ]|[b#-]?\d+|\(|\))*(/[A-G][b#]?)?")


def parse_chord(name: str) -> tuple[int, str] | None:
    """Root (pitch class, 0 to 11) and one of `QUALITIES` of a chord name such as "Am7", "F#dim" or MMA's; None for "z".

    Sixths, major sevenths, suspensions, power chords and augmented triads count as major, half-diminished as
    diminished; a bass after a slash is not looked at.
    """
    match = re.match(r"([A-G][b#]?)(.*)", name.split("/")[0])
    if match is None:
        return None
    root, kind = Key.parse(match[1]).tonic, match[2]
    if kind.startswith(("dim", "m7b5", "m9b5", "mb5", "min7b5", "°", "ø", "o")):
        return root, "diminished"
    if kind.startswith("m") and not kind.startswith("maj"):
        return root, "minor"
    if kind.startswith("69"):
        return root, "major"
    return root, "dominant" if re.match(r"(aug|\+)?(7|9|11|13)", kind) else "major"


def chord_code(root: int, quality: str) -> int:
    """0 to 47: the quality's place in `QUALITIES` times 12, and the root's pitch class."""
    return QUALITIES.index(quality) * 12 + root % 12


def read_progression(text: str) -> tuple[tuple[str, ...], ...]:
    """The bars of a progression, each of one chord or two: "Am F C G" has a chord a bar, "Am F | C G" two.

    Raises:
        MusicgenError: a name that is no chord, a bar of more than two, or more than `MAX_BARS` bars.
    """
    bars = [bar.split() for bar in text.strip().strip("|").split("|")] if "|" in text else [[n] for n in text.split()]
    if not bars or len(bars) > MAX_BARS:
        raise MusicgenError(f"Expected chords for 1 to {MAX_BARS} bars. Received: {len(bars)}.")
    for bar in bars:
        if not 1 <= len(bar) <= 2:
            received = " ".join(bar)[:40] or "nothing"
            raise MusicgenError(f'Expected one chord or two a bar, such as "Am F | C G". Received: {received}.')
        for name in bar:
            if not _KIND.fullmatch(name):
                raise MusicgenError(f'Expected chords such as "C", "Am7" or "F#dim". Received: {name[:40]!r}.')
    return tuple(map(tuple, bars))


def progression_codes(text: str, bars: int, shift: int) -> np.ndarray:
    """The code of each half bar of a piece, uint8, shape (bars, 2): the progression, repeated, moved by semitones."""
    table = []
    for names in read_progression(text):
        parsed = [parse_chord(name) for name in names]
        codes = [chord_code(chord[0] + shift, chord[1]) for chord in parsed if chord is not None]
        table.append([codes[0], codes[-1]])
    return np.array(table, np.uint8)[np.arange(bars) % len(table)]
