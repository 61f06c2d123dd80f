"""Long pieces part by part: what is changed at once is a window of bars, with bars around it that it can fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from musicgen.music import Music
from musicgen.roles import ROLE_NAMES

WINDOW = 64
"""Bars that a model works on at a time."""
CONTEXT = 8
"""Bars in a window that were there before it, but for the first window of a piece."""


def find_windows(changing: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """(start, first, end) of windows that together change some bars: bars from `first` to `end` are changed in that of
    `WINDOW` bars from `start` on.

    Args:
        changing: which bars are changed, bool, shape (bars,), more than `WINDOW`.
    """
    bars = len(changing)
    place = 0
    while (rest := np.flatnonzero(changing[place:])).size:
        first = place + int(rest[0])
        most = WINDOW - (CONTEXT if first else 0)
        end = place + int(rest[rest < first - place + most][-1]) + 1
        room = WINDOW - (end - first)
        start = min(max(0, first - max(room // 2, CONTEXT)), bars - WINDOW)
        yield start, first, end
        place = end


def change_by_windows(music: Music, keep: np.ndarray, change: Callable[[Music, np.ndarray, int], Music]) -> Music:
    """A piece of more than `WINDOW` bars with every cell that is not kept changed, window after window.

    Args:
        music: the piece.
        keep: bool, shape (bars, roles).
        change: changes a piece of `WINDOW` bars but for the cells of a mask; it is told the number of the window.
    """
    for number, (start, first, end) in enumerate(find_windows(np.asarray(~keep.all(axis=1)))):
        mask = np.ones((WINDOW, len(ROLE_NAMES)), bool)
        mask[first - start : end - start] = keep[first:end]
        changed = change(music.excerpt(start, WINDOW), mask, number)
        music = _put_back(music, changed, start, mask)
    return music


def _put_back(music: Music, changed: Music, start: int, mask: np.ndarray) -> Music:
    """The piece with the cells of a window that are not kept as the changed window has them."""
    bar = music.ticks_per_bar
    tracks = []
    for track in changed.tracks:
        kept = mask[:, ROLE_NAMES.index(track.role)]

        def is_changed(onset: int, kept: np.ndarray = kept) -> bool:
            place = onset // bar - start
            return 0 <= place < WINDOW and not kept[place]

        old = [note for note in music.notes(track.role) if not is_changed(note.onset)]
        moved = [note._replace(onset=note.onset + start * bar) for note in track.notes]
        tracks.append(replace(track, notes=(*old, *(note for note in moved if is_changed(note.onset)))))
    return replace(music, tracks=tuple(tracks))


__all__ = ["CONTEXT", "WINDOW", "change_by_windows", "find_windows"]
