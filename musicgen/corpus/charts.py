"""Chords for melodies: those heard in a score, and those found for a tune that is written without any.

Both are the likeliest line of chords given the notes (`chord_fit`). For a tune a second expert speaks too: how chords
follow one another in hymns. This package knows no models, so it is a table and not the network of progressions: the
data set shall not depend on what was trained on the data set, and each process of `prepare` does without Keras.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from musicgen import codec
from musicgen.chord_fit import fits, likeliest
from musicgen.corpus.keys import estimate_key
from musicgen.corpus.leadsheets import LeadSheet, sung
from musicgen.corpus.metres import MIN_BARS
from musicgen.corpus.passages import Passage
from musicgen.harmony import NO_CHORD, QUALITIES, chord_code, parse_chord
from musicgen.heard import half_bars
from musicgen.music import Key, Music, Track

MOST_CHANGES = 2.0
"""Changes of chord a bar; a band that follows more of them plays no groove."""
_SUFFIX = {"major": "", "minor": "m", "dominant": "7", "diminished": "dim"}
_STAYS = (0.3, 0.6)
"""Probability that the chord of a tune stays, into a bar and into the second half of one. Of six pairs the one whose
chords for melodies of validation hymns agree best with the hymns' own: the root in 58 % of the halves of bars."""
_END = 3.0
"""What the logarithm of the probability of the last chord loses where it is not the tonic's."""

# How often each chord is followed by each other, in thousandths, in C major and in A minor: the hymns of the training
# split (tools/chord_moves.py). Half a change more each, so that nothing is impossible.
CHORDS = {
    "major": ["C", "F", "G", "G7", "Am", "Dm", "Em", "D7", "E", "A7", "Bb"],
    "minor": ["Am", "E", "E7", "Dm", "C", "F", "G", "Em", "D", "Bm"],
}
_MOVES = {
    "major": (
        (0, 300, 201, 229, 93, 114, 18, 36, 4, 3, 2), (503, 0, 175, 119, 62, 67, 33, 12, 25, 1, 4),
        (705, 99, 0, 9, 86, 40, 22, 30, 6, 1, 1), (801, 50, 4, 0, 116, 7, 10, 1, 4, 4, 1),
        (183, 74, 221, 187, 0, 130, 55, 70, 77, 2, 2), (438, 26, 146, 132, 151, 0, 36, 7, 45, 17, 2),
        (193, 100, 33, 7, 353, 180, 0, 47, 33, 47, 7), (125, 7, 520, 230, 7, 33, 59, 0, 7, 7, 7),
        (100, 189, 11, 33, 544, 56, 33, 11, 0, 11, 11), (132, 26, 26, 289, 26, 342, 26, 26, 79, 0, 26),
        (83, 250, 83, 83, 83, 83, 83, 83, 83, 83, 0),
    ),
    "minor": (
        (0, 196, 72, 299, 196, 52, 72, 72, 31, 10), (568, 0, 27, 189, 81, 27, 27, 27, 27, 27),
        (429, 48, 0, 48, 48, 143, 143, 48, 48, 48), (443, 82, 115, 0, 246, 16, 49, 16, 16, 16),
        (345, 127, 18, 200, 0, 127, 18, 127, 18, 18), (40, 200, 40, 360, 200, 0, 40, 40, 40, 40),
        (474, 53, 53, 53, 53, 158, 0, 53, 53, 53), (440, 40, 40, 40, 120, 120, 40, 0, 120, 40),
        (200, 67, 67, 67, 67, 67, 67, 333, 0, 67), (111, 111, 111, 111, 111, 111, 111, 111, 111, 0),
    ),
}  # fmt: skip


def heard_line(rows: np.ndarray, music: Music, bounds: np.ndarray | None = None) -> np.ndarray:
    """The likeliest codes of chords, from each bound to the next, if they change as often as not.

    Args:
        rows: the notes of the music, as `codec.encode` gives them.
        music: says how long it is, and its metre.
        bounds: see `chord_fit.fits`.
    """
    even = np.full((NO_CHORD, NO_CHORD), np.log(0.5 / (NO_CHORD - 1)))
    np.fill_diagonal(even, np.log(0.5))
    return likeliest(fits(rows, music.bars, music.metre, bounds), even)


def heard_sheet(passage: Passage, title: str) -> LeadSheet | None:
    """The melody of a score with the chords that are heard in it, from the melody's first bar to its last.

    None if it has too little melody, or if its chords change more than `MOST_CHANGES` times a bar.
    """
    music, metre = passage.music, passage.music.metre
    melody = music.notes("melody")
    if not melody:
        return None
    first, last = melody[0].onset // metre.ticks_per_bar, melody[-1].onset // metre.ticks_per_bar
    bars = last - first + 1
    if bars < MIN_BARS or len(melody) < bars:
        return None
    inside = music.excerpt(first, bars)
    rows = codec.encode(inside)
    by_beat = heard_line(rows, inside, np.arange(0, inside.ticks + 1, metre.ticks_per_beat))
    if np.count_nonzero(np.diff(by_beat)) > MOST_CHANGES * bars:
        return None
    voice = [(note.onset, note.end, note.pitch) for note in inside.notes("melody")]
    place = replace(passage.place, sections=passage.place.sections[first : last + 1])
    chords = _changes(heard_line(rows, inside), inside)
    return LeadSheet(title, music.key, music.tempo, sung(voice, metre), chords, bars, True, metre, place)


def harmonised(sheet: LeadSheet) -> LeadSheet:
    """The sheet of a tune with chords found for it."""
    tune = Music((Track("melody", 0, sheet.melody),), sheet.bars, metre=sheet.metre)
    tune = replace(tune, key=sheet.key or estimate_key(tune)[0])
    parsed = [parse_chord(name) for name in CHORDS[tune.key.mode]]
    codes = np.array([chord_code(*chord) for chord in parsed if chord is not None])
    moves = [np.array(_MOVES[tune.key.mode]) / 1000 * (1 - stays) + np.eye(len(codes)) * stays for stays in _STAYS]
    fit = fits(codec.encode(tune), tune.bars, tune.metre)[:, codes]
    fit[-1, codes % 12 != tune.key.normal_tonic] -= _END
    line = likeliest(fit, np.log(np.maximum(np.tile(moves, (tune.bars, 1, 1)), 1e-6)))
    return replace(sheet, key=tune.key, chords=_changes(codes[line], tune))


def _changes(line: np.ndarray, music: Music) -> tuple[tuple[int, str], ...]:
    """(tick, name of the chord in the music's key) wherever a line of codes by half bars changes."""
    changes: list[tuple[int, str]] = []
    for tick, code in zip(half_bars(music.bars, music.metre).tolist(), line.tolist(), strict=False):
        root = (code - music.key.shift_to_normal) % 12
        quality = QUALITIES[code // 12]
        name = Key(root, "minor" if quality in ("minor", "diminished") else "major").name + _SUFFIX[quality]
        if not changes or changes[-1][1] != name:
            changes.append((tick, name))
    return tuple(changes)


__all__ = ["CHORDS", "MOST_CHANGES", "harmonised", "heard_line", "heard_sheet"]
