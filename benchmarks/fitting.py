"""Does what is made anew fit what is there? On windows of songs that no model has heard.

    python -m benchmarks.fitting --model vae --data data

**Part**: one of the pitched roles is made anew, each in turn. **Bars**: the second four of sixteen. **Accompany**: a
band for the melody. **Continue**: the second eight bars. **Another style**, at its usual strength; the melody stays.
Clash rate and chord-tone agreement, as of the evaluation, should be the songs' own; *same root* is the share of half
bars in which the same root is heard as in the song, which a part and another style should keep and a continuation need
not. Beside each, *without chords*: the same by `Composer.redraw`, which asks for none (what all of these did before).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from musicgen import codec
from musicgen.corpus.dataset import Dataset
from musicgen.errors import MusicgenError
from musicgen.evaluation import protocol
from musicgen.evaluation.answering import open_model
from musicgen.evaluation.compare import values_of
from musicgen.evaluation.protocol import Sample
from musicgen.evaluation.view import View
from musicgen.evaluation.windows import Window, windows
from musicgen.heard import NONE, heard_chords
from musicgen.models.base import Composer
from musicgen.music import Music
from musicgen.roles import ROLE_NAMES, ROLES, STYLE_NAMES

METRICS = ("clash rate", "chord-tone agreement")


def _cells(music: Music, bars: slice, roles: Sequence[str] = ROLE_NAMES) -> np.ndarray:
    cells = np.zeros((music.bars, len(ROLE_NAMES)), bool)
    cells[bars, [ROLE_NAMES.index(role) for role in roles]] = True
    return cells


def _part(composer: Composer, music: Music, seed: int) -> Music:
    pitched = [role.name for role in ROLES if not role.is_drums and music.notes(role.name)]
    return composer.infill(music, _cells(music, slice(None), [pitched[seed % len(pitched)]]), seed)


def _bars(composer: Composer, music: Music, seed: int) -> Music:
    return composer.infill(music, _cells(music, slice(4, 8)), seed)


def _accompany(composer: Composer, music: Music, seed: int) -> Music:
    melody = replace(music, tracks=tuple(track for track in music.tracks if track.role == "melody"))
    return composer.accompany(melody, [track.role for track in music.tracks], seed)


def _continue(composer: Composer, music: Music, seed: int) -> Music:
    return composer.infill(music, _cells(music, slice(8, None)), seed)


def _style(composer: Composer, music: Music, seed: int) -> Music:
    others = [style for style in STYLE_NAMES if style != music.style]
    return composer.transfer(music, others[seed % len(others)], seed=seed)


OPERATIONS: dict[str, Callable[[Composer, Music, int], Music]] = {
    "part": _part, "bars": _bars, "accompany": _accompany, "continue": _continue, "another style": _style,
}  # fmt: skip


def same_root(music: Music, other: Music) -> float:
    """Share of the first one's half bars with a chord in which the other has the same root."""
    first, second = (
        heard_chords(codec.encode(each), each.bars, each.metre).reshape(-1).astype(int) for each in (music, other)
    )
    there = first != NONE
    return float((first[there] % 12 == second[there] % 12).mean()) if there.any() else float("nan")


def row(name: str, pieces: Sequence[Music], found: Sequence[Window]) -> str:
    """A line of the table: means with 95 % intervals by song."""
    songs = [window.song for window in found]
    values = values_of([View(piece) for piece in pieces])
    columns = [values[metric] for metric in METRICS]
    columns.append(np.array([same_root(window.music, piece) for window, piece in zip(found, pieces, strict=True)]))
    estimates = [protocol.estimate(Sample(np.asarray(column), songs)) for column in columns]
    cells = [f"{each.value:.3f} ({each.low:.3f} to {each.high:.3f})" for each in estimates]
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="vae")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--count", type=int, default=100, help="windows")
    parser.add_argument("--split", default="test")
    options = parser.parse_args()
    try:
        dataset = Dataset.open(options.data)
        composer = open_model(options.model, dataset)
        found = [
            window for window in windows(dataset, options.split, options.count) if window.music.notes("melody")
        ]  # those without a tune have nothing to accompany
    except MusicgenError as error:
        raise SystemExit(str(error)) from None
    print(f"| | {' | '.join(METRICS)} | same root |\n|---|---|---|---|")
    print(row("songs", [window.music for window in found], found))
    for name, operation in OPERATIONS.items():
        for label, plain in ((name, False), (f"{name}, without chords", True)):
            with patch.object(type(composer), "redraw", Composer.redraw if plain else type(composer).redraw):
                pieces = [operation(composer, window.music, seed) for seed, window in enumerate(found)]
            print(row(label, pieces, found), flush=True)


if __name__ == "__main__":
    main()
