"""Finding songs that occur twice, in any key and any arrangement."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import NamedTuple

from musicgen.music import Music
from musicgen.roles import PITCHED, ROLE_NAMES

N = 8
STEPS = 12
MAX_STEPS, MIN_STEPS = 0.3, 5
"""Share of the smaller song's runs of `STEPS` intervals, and number of them, from which on two songs are of one tune.
Of 1,511 songs of OpenEWLD, lieder and hymns all 83 pairs from .33 on are: settings and variants of one, in other metres
too. Below, different tunes share up to .17."""
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


def find_duplicates(signatures: dict[str, Signature], split_of: Callable[[str], str]) -> dict[str, str]:
    """Song id to the id of the earlier song that it repeats, for songs that repeat one.

    A song repeats another that has all its notes, or `MAX_SHARE` of its melody's grams; or, where the two would be in
    different splits, `MAX_STEPS` of its melody's steps, so that no tune is both learned from and tested with, in
    whatever metre, arrangement or variation.

    Args:
        signatures: of each song by its id, in the order in which they stay.
        split_of: the split of a song id.
    """
    whole: dict[int, str] = {}
    with_gram: dict[int, list[str]] = defaultdict(list)
    with_run: dict[int, list[str]] = defaultdict(list)
    repeats: dict[str, str] = {}
    for song, mine in signatures.items():
        if mine.content is not None and mine.content in whole:
            repeats[song] = whole[mine.content]
            continue
        by_grams = _shared(mine.grams, with_gram)
        by_steps = {o: n for o, n in _shared(mine.steps, with_run).items() if split_of(o) != split_of(song)}
        same = [
            other
            for other, count in by_grams.items()
            if count >= MAX_SHARE * (least := min(len(mine.grams), len(signatures[other].grams))) and least >= MIN_GRAMS
        ] + [
            other
            for other, count in by_steps.items()
            if count >= max(MIN_STEPS, MAX_STEPS * min(len(mine.steps), len(signatures[other].steps)))
        ]
        if same:
            repeats[song] = min(same)
            continue
        if mine.content is not None:
            whole[mine.content] = song
        for gram in mine.grams:
            with_gram[gram].append(song)
        for run in mine.steps:
            with_run[run].append(song)
    return repeats


def _shared(hashes: frozenset[int], having: dict[int, list[str]]) -> Counter[str]:
    """How many of the hashes each other song has."""
    return Counter(other for each in hashes for other in having.get(each, ()))
