"""Stretches of songs that models are asked about, and the requests that are like them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from musicgen.corpus.dataset import Dataset
from musicgen.errors import MusicgenError
from musicgen.music import FOUR_FOUR, Music
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

BARS = 16


@dataclass(frozen=True)
class Window:
    """A stretch of a song; roles that are silent in it are left out."""

    song: str
    music: Music


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
            music = dataset.music(piece, int(rng.integers(piece.bars - bars + 1)), bars)
            playing = tuple(track for track in music.tracks if track.notes)
            if playing:
                break
        result.append(Window(piece.song, replace(music, tracks=playing)))
    return result


def request_like(window: Window, seed: int, temperature: float) -> Request:
    music = window.music
    style = music.style if music.style in STYLE_NAMES else STYLE_NAMES[0]
    tempo = min(max(music.tempo, 40), 240)
    roles = tuple(track.role for track in music.tracks)
    return Request(style, BARS, tempo, music.key, seed, temperature, roles, metre=music.metre.name)
