"""Stretches of songs that models are asked about, and the requests that are like them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

import numpy as np

from musicgen.corpus.dataset import Dataset, Piece
from musicgen.corpus.labels import ENDS
from musicgen.errors import MusicgenError
from musicgen.music import FOUR_FOUR, Music
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

BARS = 16


@dataclass(frozen=True)
class Window:
    """A stretch of a song; roles that are silent in it are left out.

    Args:
        ends: whether the song ends with it, as far as the data set knows.
    """

    song: str
    music: Music
    ends: bool = False


def windows(
    dataset: Dataset,
    split: str,
    count: int,
    seed: int = 0,
    like: Sequence[Window] | None = None,
    bars: int = BARS,
    metre: str = FOUR_FOUR.name,
) -> list[Window]:
    """Stretches of songs of a split in one metre, styles in turn, songs of a style in turn, places at random.

    Args:
        like: windows whose style, and number of roles where it can be had, each of these shall have.

    Raises:
        MusicgenError: the split has no piece that is long enough.
    """
    rng = np.random.default_rng(seed)
    pieces = [piece for piece in dataset.split(split) if piece.bars >= bars and piece.metre == metre]
    if not pieces:
        raise MusicgenError(f"Expected pieces of {bars} bars in {metre} in the {split} split. Received: none.")
    groups: dict[Any, list] = {}
    for index in rng.permutation(len(pieces)):
        piece = pieces[index]
        groups.setdefault(piece.style, []).append(piece)
        groups.setdefault((piece.style, piece.programs.count(-1)), []).append(piece)
    styles = [style for style in STYLE_NAMES if style in groups]
    turn: dict[Any, int] = {}
    result = []
    for index in range(count):
        key: Any = styles[index % len(styles)]
        if like is not None:
            wanted = like[index].music
            exact = (wanted.style, len(ROLE_NAMES) - len(wanted.tracks))
            key = next((k for k in (exact, wanted.style) if k in groups), key)
        for _ in range(20):  # a stretch may be silent
            number = turn[key] = turn.get(key, -1) + 1
            piece = groups[key][number % len(groups[key])]
            found = _window(dataset, piece, int(rng.integers(piece.bars - bars + 1)), bars)
            if found.music.tracks:
                break
        result.append(found)
    return result


def final_windows(
    dataset: Dataset, split: str, count: int, bars: int = BARS, metre: str = FOUR_FOUR.name
) -> list[Window]:
    """The stretches with which songs of a split end, styles in turn, songs of a style in turn, each song at most once.

    Fewer than `count` where there are no more; none of a data set that does not say where songs end.
    """
    turns: dict[str, list[Window]] = {}
    seen = set()
    for piece in dataset.split(split):
        if piece.bars >= bars and piece.metre == metre and piece.song not in seen:
            found = _window(dataset, piece, piece.bars - bars, bars)
            if found.ends and found.music.tracks:
                seen.add(piece.song)
                turns.setdefault(piece.style, []).append(found)
    rounds = zip_longest(*(turns[style] for style in STYLE_NAMES if style in turns))
    return [window for each in rounds for window in each if window is not None][:count]


def _window(dataset: Dataset, piece: Piece, first: int, bars: int) -> Window:
    music = dataset.music(piece, first, bars)
    edges = dataset.window(piece, first, bars).get("edges")
    ends = edges is not None and bool(edges[-1] & ENDS)
    return Window(piece.song, replace(music, tracks=tuple(track for track in music.tracks if track.notes)), ends)


def request_like(window: Window, seed: int, temperature: float) -> Request:
    music = window.music
    style = music.style if music.style in STYLE_NAMES else STYLE_NAMES[0]
    tempo = min(max(music.tempo, 40), 240)
    roles = tuple(track.role for track in music.tracks)
    return Request(
        style, BARS, tempo, music.key, seed, temperature, roles, metre=music.metre.name, ending=window.ends
    )  # fmt: skip
