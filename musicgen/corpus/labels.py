"""What is said about each bar: chords, key, form, and how each role plays. Estimated from encoded notes.

All of it is in the key the notes are in, C major or A minor. A label of a window of bars is the slice of its bars;
`key` looks at the four bars from its own on, the smallest window a model sees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from musicgen import codec
from musicgen.corpus.keys import PROFILES
from musicgen.harmony import chord_code, parse_chord
from musicgen.heard import NONE, chroma_of, half_bars, heard_chords
from musicgen.music import FOUR_FOUR, MODES, Metre
from musicgen.roles import ROLES

KEY_BARS = 4
SECTION_BARS = 4
SAME, VARIED = 0.7, 0.35
"""Two sections are the same from this similarity on, or one is a variation of the other."""
BEGINS, ENDS = 1, 2
ATTRIBUTES = ("density", "register", "polyphony", "syncopation")
LABELS: dict[str, tuple[tuple[int, ...], type]] = {
    "chords": ((2,), np.uint8),
    "key": ((), np.uint8),
    "key_confidence": ((), np.float16),
    "form": ((), np.uint8),
    "attributes": ((len(ROLES), len(ATTRIBUTES)), np.float16),
    "edges": ((), np.uint8),
    "sections": ((), np.uint8),
}
"""Name of each label to its shape a bar and its type; see `measure`."""


@dataclass(frozen=True)
class Place:
    """Where in its song a piece stands.

    Args:
        begins, ends: whether the song begins with it, and ends with it.
        sections: of each bar the number of the section that the song's own marks (double bars, repeats, rehearsal
            letters) put it in, below `heard.NONE`; empty where it has none.
    """

    begins: bool = False
    ends: bool = False
    sections: tuple[int, ...] = ()


UNPLACED = Place()
WHOLE_SONG = Place(True, True)

_LOW = np.array([role.low for role in ROLES])
_IS_DRUMS = np.array([role.is_drums for role in ROLES])


def measure(
    rows: np.ndarray,
    bars: int,
    given: np.ndarray | None = None,
    metre: Metre = FOUR_FOUR,
    place: Place = UNPLACED,
) -> dict[str, np.ndarray]:
    """The labels of a piece.

    Args:
        rows: notes as `codec.encode` gives them, shape (notes, 6).
        bars: length of the piece.
        given: chords that are known, as `chords` below.
        metre: of the piece.
        place: where in its song it stands.

    Returns:
        Arrays with a row for each bar, of the types of `LABELS`:
        `chords`, (bars, 2), of each half of a bar (`Metre.half_bar`): `chord_code`, or NONE.
        `key`, (bars,), of the four bars from here: tonic, and 12 more if minor; NONE where nothing sounds.
        `key_confidence`, (bars,): lead in correlation over the second best key, 0 to 2.
        `form`, (bars,), section of four bars: twice the number of its letter (A is 0), and one more if it is a
        variation of that letter's first section.
        `attributes`, (bars, roles, 4), NaN where the role is silent in the bar: density, onsets a bar (0 then, not
        NaN); register, mean MIDI pitch (NaN for drums); polyphony, notes an onset; syncopation, share of onsets that
        are off the beat with none on the beat that follows.
        `edges`, (bars,): `BEGINS` in the bar with which the song begins, `ENDS` in that with which it ends, their sum
        in both, 0 elsewhere.
        `sections`, (bars,): number of the section that the song's own marks put a bar in, the same where they bring it
        back; NONE where the song has no marks.
    """
    rows = np.asarray(rows, np.int64).reshape(-1, len(codec.COLUMNS))
    chroma, _ = chroma_of(rows, bars, metre=metre)
    edges = np.zeros(bars, np.uint8)
    edges[0] += BEGINS * place.begins
    edges[-1] += ENDS * place.ends
    key, confidence = _keys(chroma.reshape(bars, 2, 12).sum(axis=1))
    return {
        "chords": heard_chords(rows, bars, metre) if given is None else given,
        "key": key,
        "key_confidence": confidence.astype(np.float16),
        "form": _form(rows, bars, metre.ticks_per_bar),
        "attributes": _attributes(rows, bars, metre).astype(np.float16),
        "edges": edges,
        "sections": np.array(place.sections or [NONE] * bars, np.uint8),
    }


def given_chords(chords: Sequence[tuple[int, str]], bars: int, shift: int, metre: Metre = FOUR_FOUR) -> np.ndarray:
    """The chord of each half of a bar from (tick, MMA name) changes, moved by `shift` semitones; uint8, (bars, 2).

    Of several chords in a half the longest counts, the first of those that are as long.
    """
    codes = np.full(bars * metre.ticks_per_bar, NONE, np.uint8)
    for index, (tick, name) in enumerate(chords):
        end = chords[index + 1][0] if index + 1 < len(chords) else len(codes)
        parsed = parse_chord(name)
        codes[tick:end] = NONE if parsed is None else chord_code(parsed[0] + shift, parsed[1])
    bounds = half_bars(bars, metre)
    longest = [Counter(codes[a:b].tolist()).most_common(1)[0][0] for a, b in pairwise(bounds.tolist())]
    return np.array(longest, np.uint8).reshape(bars, 2)


def agreement(estimated: np.ndarray, given: np.ndarray) -> tuple[int, int, int]:
    """How many half bars have a given chord, in how many the estimate has its root, and in how many also its third.

    Major and dominant have the same third, and so have minor and diminished.
    """
    known = given != NONE
    root = known & (estimated != NONE) & (estimated % 12 == given % 12)
    third = np.array([0, 1, 0, 1])  # of each quality
    same = root & (third[estimated // 12 % 4] == third[given // 12 % 4])
    return int(known.sum()), int(root.sum()), int(same.sum())


def _keys(chroma: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Key and confidence of the `KEY_BARS` bars from each bar on; `chroma` has shape (bars, 12)."""
    padded = np.concatenate([chroma, np.zeros((KEY_BARS - 1, 12))])
    window = np.lib.stride_tricks.sliding_window_view(padded, KEY_BARS, axis=0).sum(axis=-1)
    profiles = np.array([np.roll(PROFILES[mode], tonic) for mode in MODES for tonic in range(12)])
    profiles = profiles - profiles.mean(axis=1, keepdims=True)
    profiles /= np.linalg.norm(profiles, axis=1, keepdims=True)
    centred = window - window.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(centred, axis=1, keepdims=True)
    scores = centred / np.maximum(norm, 1e-9) @ profiles.T
    ranked = np.sort(scores, axis=1)
    sounds = norm[:, 0] > 1e-6
    key = np.where(sounds, scores.argmax(axis=1), NONE).astype(np.uint8)
    return key, np.where(sounds, ranked[:, -1] - ranked[:, -2], 0.0)


def _form(rows: np.ndarray, bars: int, ticks_per_bar: int) -> np.ndarray:
    """Sections of four bars, each compared with the first section of each letter: Jaccard index of their notes."""
    pitched = rows[~_IS_DRUMS[rows[:, 1]]] if (~_IS_DRUMS[rows[:, 1]]).any() else rows
    length = SECTION_BARS * ticks_per_bar
    ticks = pitched[:, 0] * ticks_per_bar + pitched[:, 2]
    names = (ticks % length * len(ROLES) + pitched[:, 1]) * 128 + pitched[:, 3]
    count = -(-bars // SECTION_BARS)
    sections = [set(names[ticks // length == index].tolist()) for index in range(count)]
    firsts: list[set[int]] = []
    codes = np.zeros(count, np.uint8)
    for index, section in enumerate(sections):
        likeness = [len(section & other) / max(len(section | other), 1) for other in firsts]
        best = int(np.argmax(likeness)) if likeness else -1
        if best >= 0 and likeness[best] >= VARIED:
            codes[index] = 2 * best + (likeness[best] < SAME)
        elif len(firsts) < NONE // 2:
            codes[index] = 2 * len(firsts)
            firsts.append(section)
        else:
            codes[index] = 2 * best
    return np.repeat(codes, SECTION_BARS)[:bars]


def _attributes(rows: np.ndarray, bars: int, metre: Metre) -> np.ndarray:
    cells = bars * len(ROLES)
    cell = rows[:, 0] * len(ROLES) + rows[:, 1]
    notes = np.bincount(cell, minlength=cells)
    # one number for each (role, tick of the piece), so that an onset of a chord counts once
    span = (bars + 1) * metre.ticks_per_bar
    onsets = np.unique(rows[:, 1] * span + rows[:, 0] * metre.ticks_per_bar + rows[:, 2])
    role, tick = onsets // span, onsets % span
    onset_cell = tick // metre.ticks_per_bar * len(ROLES) + role
    density = np.bincount(onset_cell, minlength=cells)
    next_beat = role * span + -(-tick // metre.ticks_per_beat) * metre.ticks_per_beat
    syncopated = (tick % metre.ticks_per_beat != 0) & ~np.isin(next_beat, onsets)
    pitches = np.bincount(cell, weights=rows[:, 3] + _LOW[rows[:, 1]], minlength=cells)
    with np.errstate(invalid="ignore", divide="ignore"):
        register = (pitches / notes).reshape(bars, len(ROLES))
        polyphony = (notes / density).reshape(bars, len(ROLES))
        share = np.bincount(onset_cell, weights=syncopated, minlength=cells) / density
    register[:, _IS_DRUMS] = np.nan
    return np.stack([density.reshape(bars, -1), register, polyphony, share.reshape(bars, -1)], axis=-1)


__all__ = ["ATTRIBUTES", "LABELS", "agreement", "given_chords", "measure"]
