"""Does a piece made in the style of three songs have that style? On songs that no model has heard.

    python -m benchmarks.own_style --model vae --data data --split test
    python -m benchmarks.own_style --data data --fit     writes the table of `musicgen.evaluation.naming`

For every style two groups of three songs (sixteen bars of each) and four pieces for each group, made three ways: in the
nearest of our styles alone; with the attributes of the songs asked for as well; and then led to their vector. A line
for each says how often the ear names the songs' style; for each attribute the median distance of the pieces' median
to that of the songs, Spearman's rho over the groups, and rho of what tells the two groups of a style apart; how often a
piece is nearer to its own group than to the other group of the same style; and whether it is still music.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from musicgen import export, hub, own_style
from musicgen.attributes import ATTRIBUTES, measure
from musicgen.corpus.dataset import Dataset
from musicgen.evaluation.features import matrix
from musicgen.evaluation.naming import TABLE, table_of
from musicgen.evaluation.run import STYLED
from musicgen.evaluation.styles import StyleEar
from musicgen.evaluation.tonality import chord_tone_agreement, clash_rate, scale_consistency
from musicgen.evaluation.windows import windows
from musicgen.models import load_composer
from musicgen.models.base import Composer
from musicgen.models.leaning import lean
from musicgen.music import Music
from musicgen.recipe_texts import read_vector
from musicgen.roles import STYLE_NAMES

SONGS, PIECES = 3, 4
WAYS = ("nearest style", "with attributes", "my style")


def made(composer: Composer, own: own_style.OwnStyle, seed: int, strength: float) -> list[Music]:
    """A piece in each of `WAYS`."""
    plain = replace(own, attributes={})
    first, second = (composer.generate(each.request(seed=seed)) for each in (plain, own))
    return [first, second, lean(composer, second, read_vector(own.vector), strength, seed)]


def rho(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's, of the places where both are there."""
    both = np.isfinite(a) & np.isfinite(b)
    ranks = [np.argsort(np.argsort(x[both])) for x in (a, b)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def line(name: str, ear: StyleEar, songs: list[list[Music]], pieces: list[list[Music]], scale: np.ndarray) -> str:
    """What the pieces of each group have of its songs; groups 2 n and 2 n + 1 are of the same style."""
    flat = [piece for group in pieces for piece in group]
    asked = [group[0].style for group, made in zip(songs, pieces, strict=True) for _ in made]
    right = np.mean([a == b for a, b in zip(ear.names(flat), asked, strict=True)])
    want, got = (np.array([_median(group) for group in groups]) for groups in (songs, pieces))
    distance = np.nanmedian(np.abs(want - got), axis=0)
    overall = [rho(a, b) for a, b in zip(want.T, got.T, strict=True)]
    inside = [rho(a, b) for a, b in zip((want[::2] - want[1::2]).T, (got[::2] - got[1::2]).T, strict=True)]
    centres = [np.nanmean(matrix(group), axis=0) for group in songs]
    own = []
    for place, group in enumerate(pieces):
        for point in matrix(group):
            near, far = (np.nanmean(np.minimum(np.abs(point - centres[i]) / scale, 3)) for i in (place, place ^ 1))
            own.append(near < far)
    music = [np.nanmean([metric(piece) for piece in flat]) for metric in _MUSIC]
    values = [" ".join(f"{value:.2f}" for value in each) for each in (distance, overall, inside)]
    return (
        f"{name:16} ear {right:.3f}  distance {values[0]}  rho {values[1]}  within a style {values[2]}  "
        f"own of two {np.mean(own):.3f}  in key {music[0]:.3f}  clash {music[1]:.3f}  agreement {music[2]:.3f}"
    )


_MUSIC = (scale_consistency, clash_rate, chord_tone_agreement)


def _median(group: Sequence[Music]) -> np.ndarray:
    return np.nanmedian([[measure(piece)[name] for name in ATTRIBUTES] for piece in group], axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="vae")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--split", default="test")
    parser.add_argument("--strength", type=float, default=own_style.STRENGTH)
    parser.add_argument("--fit", action="store_true")
    options = parser.parse_args()
    dataset = Dataset.open(options.data)
    train = [window.music for window in windows(dataset, "train", STYLED, seed=3)]
    ear = StyleEar(train)
    if options.fit:
        export.write(TABLE, table_of(ear))
        return
    drawn = [window.music for window in windows(dataset, options.split, 2 * SONGS * len(STYLE_NAMES))]
    songs = [
        [drawn[(SONGS * half + song) * len(STYLE_NAMES) + style] for song in range(SONGS)]
        for style in range(len(STYLE_NAMES))
        for half in (0, 1)
    ]
    composer = load_composer(hub.resolve(options.model))
    styles = [own_style.own_style(composer, group) for group in songs]
    found = [own.style == group[0].style for own, group in zip(styles, songs, strict=True)]
    print(f"{options.model}, {options.split} songs, strength {options.strength:g}: nearest style {np.mean(found):.3f}")
    groups = [
        [made(composer, own, PIECES * place + seed, options.strength) for seed in range(PIECES)]
        for place, own in enumerate(styles)
    ]
    scale = np.nanstd(matrix(train), axis=0) + 1e-6
    print(line("the songs", ear, songs, songs, scale), flush=True)
    for place, way in enumerate(WAYS):
        print(line(way, ear, songs, [[each[place] for each in group] for group in groups], scale), flush=True)


if __name__ == "__main__":
    main()
