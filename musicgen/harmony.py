"""Chords as the few codes that labels and models keep of them, and progressions as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from musicgen.chord_names import QUALITIES, Chord, parse_chord_name
from musicgen.errors import MusicgenError
from musicgen.music import MAX_BARS, Key

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


def write_progression(bars: Sequence[Sequence[str]]) -> str:
    """The inverse of `read_progression`: bars of one chord name or two, but for bars that repeat the first ones."""
    written = [tuple(dict.fromkeys(bar)) for bar in bars]
    count = next(n for n in range(1, len(written) + 1) if all(bar == written[i % n] for i, bar in enumerate(written)))
    if all(len(bar) == 1 for bar in written):
        return " ".join(bar[0] for bar in written[:count])
    return " | ".join(" ".join(bar) for bar in written[:count]) + (" |" if count == 1 else "")


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


_SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_FLATS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
_TRIADS = {"major": (0, 4, 7), "dominant": (0, 4, 7), "minor": (0, 3, 7), "diminished": (0, 3, 6)}
_SCALE = {0, 2, 4, 5, 7, 9, 11}
_MINOR_DOMINANTS = ((4, "major"), (8, "diminished"))
"""Chords that the relative minor of C has beside those of the scale: E and G#dim."""
_CLEARLY, _VERY_CLEARLY = 0.2, 0.4
"""By how much larger a share of the chords another key must have, to be said to fit better; the second where the tonic
of the key that was chosen begins or ends the progression."""


def better_key(text: str, key: Key) -> Key | None:
    """The key whose chords these are where they are not those of `key`; None where they fit it as well.

    A key has the triads of its scale and the dominants of its relative minor; sevenths are not looked at, so that a
    blues fits. Of the two keys that share a scale it is the one whose tonic begins or ends the progression.

    Raises:
        MusicgenError: as `read_progression`.
    """
    named = [chord for bar in read_progression(text) for chord in bar if chord is not None]
    chords = [(chord.root_class, chord.quality) for chord in named]
    if not chords:
        return None
    shares = [sum(_is_in_scale(chord, tonic) for chord in chords) / len(chords) for tonic in range(12)]
    ends = {(root, "major" if quality == "dominant" else quality) for root, quality in (chords[0], chords[-1])}
    best = max(range(12), key=lambda tonic: (shares[tonic], (tonic, "major") in ends))
    needed = _VERY_CLEARLY if (key.tonic, key.mode) in ends else _CLEARLY
    if shares[best] - shares[_major_tonic(key)] < needed:
        return None
    minor = ((best + 9) % 12, "minor")
    return Key(*minor) if minor in ends else Key(best)


def transpose_progression(text: str, old: Key, new: Key) -> str:
    """A progression in another key: from `old`, or its relative, to `new`, or its relative, by at most six semitones.

    Raises:
        MusicgenError: as `read_progression`.
    """
    read_progression(text)
    shift = _major_tonic(new) - _major_tonic(old)
    names = _FLATS if new.fifths < 0 else _SHARPS

    def move(root: re.Match[str]) -> str:
        return names[(Key.parse(root[0]).tonic + shift) % 12]

    return re.sub(r"(?<![A-Za-z0-9#b.(])[A-G][b#♭♯]?", move, text)


def _major_tonic(key: Key) -> int:
    """The tonic of the major key that has the same scale."""
    return key.tonic if key.mode == "major" else (key.tonic + 3) % 12


def _is_in_scale(chord: tuple[int, str], tonic: int) -> bool:
    """Whether a major key with this tonic, or its relative minor, has a chord's triad."""
    root, quality = (chord[0] - tonic) % 12, "major" if chord[1] == "dominant" else chord[1]
    return (root, quality) in _MINOR_DOMINANTS or all((root + tone) % 12 in _SCALE for tone in _TRIADS[quality])


def progression_codes(text: str, bars: int, shift: int) -> np.ndarray:
    """The code of each half bar of a piece, uint8, shape (bars, 2): the progression, repeated, moved by semitones."""
    table = []
    for chords in read_progression(text):
        codes = [NO_CHORD if c is None else chord_code(c.root_class + shift, c.quality) for c in chords]
        table.append([codes[0], codes[-1]])
    return np.array(table, np.uint8)[np.arange(bars) % len(table)]


__all__ = [
    "NO_CHORD", "QUALITIES", "better_key", "chord_code", "describe_hearing", "parse_chord", "progression_codes",
    "read_progression", "transpose_progression", "write_progression",
]  # fmt: skip
