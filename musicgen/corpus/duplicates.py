"""Finding songs that occur twice, in any key and any arrangement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from musicgen.music import Music

N = 8
MIN_GRAMS = 16
MAX_SHARE = 0.5
"""Two songs are the same when they share this much of the smaller one's (interval, inter-onset) 8-grams; different
songs share 0.7 % of them (measured on POP909)."""


def signature(pieces: Iterable[Music]) -> frozenset[int]:
    """Hashes of the melody's 8-grams of (interval, inter-onset ticks): the same in every key and tempo."""
    grams: set[int] = set()
    for music in pieces:
        notes = music.notes("melody") or music.notes("chords") or music.notes("pad") or music.notes("bass")
        top = {note.onset: note.pitch for note in notes}  # sorted by pitch, so the highest stays
        line = sorted(top.items())
        steps = [(b[1] - a[1], min(b[0] - a[0], 96)) for a, b in pairwise(line)]
        # hash() of tuples of ints is the same in every process
        grams.update(hash(tuple(steps[i : i + N])) for i in range(len(steps) - N + 1))
    return frozenset(grams)


def find_duplicates(signatures: dict[str, frozenset[int]]) -> dict[str, str]:
    """Song id to the id of the earlier song that it repeats, for songs that repeat one."""
    seen_in: dict[int, list[str]] = defaultdict(list)
    repeats: dict[str, str] = {}
    for song, grams in signatures.items():
        shared: dict[str, int] = defaultdict(int)
        for gram in grams:
            for other in seen_in[gram]:
                shared[other] += 1
        for other, count in sorted(shared.items()):
            smaller = min(len(grams), len(signatures[other]))
            if smaller >= MIN_GRAMS and count >= MAX_SHARE * smaller:
                repeats[song] = other
                break
        else:
            for gram in grams:
                seen_in[gram].append(song)
    return repeats
