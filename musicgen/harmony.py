"""Chords as the few codes that labels and models keep of them, and progressions as people write them."""

from __future__ import annotations

import numpy as np

from musicgen.chord_names import QUALITIES, Chord, parse_chord_name
from musicgen.errors import MusicgenError
from musicgen.music import MAX_BARS

NO_CHORD = 48
"""After the codes of the chords: nothing pitched sounds."""
_AS_BEFORE = "%"
"""A bar with the chords of the bar before."""


def parse_chord(name: str) -> tuple[int, str] | None:
    """Root (pitch class, 0 to 11) and one of `QUALITIES` of a chord name such as "Am7", "F#dim" or MMA's; None for "z".

    Sixths, major sevenths, suspensions, power chords and augmented triads count as major, half-diminished as
    diminished; a bass after a slash is not looked at.

    Raises:
        MusicgenError: as for `chord_names.parse_chord_name`.
    """
    chord = parse_chord_name(name)
    return None if chord is None else (chord.root_class, chord.quality)


def chord_code(root: int, quality: str) -> int:
    """0 to 47: the quality's place in `QUALITIES` times 12, and the root's pitch class."""
    return QUALITIES.index(quality) * 12 + root % 12


def read_progression(text: str) -> tuple[tuple[Chord | None, ...], ...]:
    """The bars of a progression, each of one chord or two: "Am F C G" has a chord a bar, "Am F | C G" two.

    A bar of "%" is as the one before; None is no chord, as "N.C." says.

    Raises:
        MusicgenError: a name that is no chord, a bar of more than two, or more than `MAX_BARS` bars.
    """
    bars = [bar.split() for bar in text.strip().strip("|").split("|")] if "|" in text else [[n] for n in text.split()]
    if not bars or len(bars) > MAX_BARS:
        raise MusicgenError(f"Expected chords for 1 to {MAX_BARS} bars. Received: {len(bars)}.")
    found: list[tuple[Chord | None, ...]] = []
    for bar in bars:
        if not 1 <= len(bar) <= 2:
            received = " ".join(bar)[:40] or "nothing"
            raise MusicgenError(f'Expected one chord or two a bar, such as "Am F | C G". Received: {received}.')
        found.append(found[-1] if found and bar == [_AS_BEFORE] else tuple(parse_chord_name(name) for name in bar))
    return tuple(found)


def describe_hearing(text: str) -> tuple[str, ...]:
    """A sentence about the chords of a progression of which the models hear less than is written, if there are any."""
    heard: dict[str, str] = {}
    for chord in (chord for bar in read_progression(text) for chord in bar):
        if chord is not None and (chord.degrees or chord.bass or chord.musicxml != chord.quality):
            heard[chord.name] = chord.heard_as
    if not heard:
        return ()
    listed = [f"{name} as {plain}" for name, plain in heard.items()]
    return (f"The models hear {', '.join(listed)}.",)


def progression_codes(text: str, bars: int, shift: int) -> np.ndarray:
    """The code of each half bar of a piece, uint8, shape (bars, 2): the progression, repeated, moved by semitones."""
    table = []
    for chords in read_progression(text):
        codes = [NO_CHORD if c is None else chord_code(c.root_class + shift, c.quality) for c in chords]
        table.append([codes[0], codes[-1]])
    return np.array(table, np.uint8)[np.arange(bars) % len(table)]


__all__ = [
    "NO_CHORD", "QUALITIES", "chord_code", "describe_hearing", "parse_chord", "progression_codes", "read_progression",
]  # fmt: skip
