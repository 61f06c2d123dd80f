"""Finding songs that occur twice, in any key and any arrangement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

from musicgen.music import Music
from musicgen.roles import PITCHED, ROLE_NAMES

N = 8
STEPS = 12
MIN_GRAMS = 16
MAX_SHARE = 0.5
"""Two songs are the same when they share this much of the smaller one's (interval, inter-onset) 8-grams; different
songs share 0.7 % of them (measured on POP909)."""


class Signature(NamedTuple):
    """What a song is recognised by; the same in every key and tempo.

    Args:
        content: hash of every note (ticks after the first, role, semitones above the lowest, ticks long), None for a
            song of fewer than `N` notes. Finds equal songs that are too short for grams.
        grams: hashes of the melody's 8-grams of (interval, inter-onset ticks).
        steps: hashes of its runs of `STEPS` intervals, whatever their rhythm, repeated notes counted as one: the same
            where a tune is set in another metre or to other words.
    """

    content: int | None = None
    grams: frozenset[int] = frozenset()
    steps: frozenset[int] = frozenset()


def signature(pieces: Iterable[Music]) -> Signature:
    """The signature of a song in one or more pieces."""
    grams: set[int] = set()
    runs: set[int] = set()
    whole: list[tuple[tuple[int, int, int, int], ...]] = []
    for music in pieces:
        whole.append(_content(music))
        notes = music.notes("melody") or music.notes("chords") or music.notes("pad") or music.notes("bass")
        top = {note.onset: note.pitch for note in notes}  # sorted by pitch, so the highest stays
        line = sorted(top.items())
        steps = [(b[1] - a[1], min(b[0] - a[0], 96)) for a, b in pairwise(line)]
        # hash() of tuples of ints is the same in every process
        grams.update(hash(tuple(steps[i : i + N])) for i in range(len(steps) - N + 1))
        intervals = [interval for interval, _ in steps if interval]
        runs.update(hash(tuple(intervals[i : i + STEPS])) for i in range(len(intervals) - STEPS + 1))
    enough = sum(map(len, whole)) >= N
    return Signature(hash(tuple(whole)) if enough else None, frozenset(grams), frozenset(runs))


def _content(music: Music) -> tuple[tuple[int, int, int, int], ...]:
    notes = sorted(
        (note.onset, index, note.pitch, note.duration)
        for index, role in enumerate(ROLE_NAMES) for note in music.notes(role)
    )  # fmt: skip
    first = notes[0][0] if notes else 0
    lowest = min((pitch for _, role, pitch, _ in notes if role in PITCHED), default=0)
    return tuple(
        (onset - first, role, pitch - lowest * (role in PITCHED), duration) for onset, role, pitch, duration in notes
    )


def find_duplicates(signatures: dict[str, Signature]) -> dict[str, str]:
    """Song id to the id of the earlier song that it repeats, for songs that repeat one."""
    whole: dict[int, str] = {}
    seen_in: dict[int, list[str]] = defaultdict(list)
    repeats: dict[str, str] = {}
    for song, (content, grams, _) in signatures.items():
        if content is not None:
            if content in whole:
                repeats[song] = whole[content]
                continue
            whole[content] = song
        shared: dict[str, int] = defaultdict(int)
        for gram in grams:
            for other in seen_in[gram]:
                shared[other] += 1
        for other, count in sorted(shared.items()):
            smaller = min(len(grams), len(signatures[other].grams))
            if smaller >= MIN_GRAMS and count >= MAX_SHARE * smaller:
                repeats[song] = other
                break
        else:
            for gram in grams:
                seen_in[gram].append(song)
    return repeats
