"""Does a model that is led to a folder of MIDI files become better at that music, and does it keep the rest?

    python -m benchmarks.adapt --model checkpoints/vae --data data --run runs/adapt --set steps=100

The folder holds songs of the test split of some sources, which no model has heard, as MIDI files; one song in three is
held out. A line for each measure, before and after: the prior's loss on the songs held out and on the validation split
of the whole corpus; the distance of pieces that are asked for in the folder's style to the songs held out, and of
pieces in all styles to validation songs, as in `evaluate`. Then how long it took. Reconstruction is not measured: the
VAE stays as it is.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from musicgen import hub
from musicgen.corpus.dataset import Dataset, Piece
from musicgen.evaluation.compare import values_of
from musicgen.evaluation.metrics import THEMES
from musicgen.evaluation.protocol import composite
from musicgen.evaluation.view import View
from musicgen.evaluation.windows import Window, request_like, windows
from musicgen.midi import to_midi
from musicgen.models.vae_composer import VAEComposer
from musicgen.music import Music
from musicgen.request import DEFAULT_TEMPERATURE
from musicgen.roles import STYLE_NAMES
from musicgen.training.adapt import AdaptPlan, adapt, loss
from musicgen.training.latents import LatentWindows

APART = ("folder", "folder held out", "rest")
"""Splits of the data set as it is divided here."""


def divided(dataset: Dataset, sources: Sequence[str], songs: int) -> Dataset:
    """The data set in the splits `APART`: songs of the test split of the sources, and the validation split."""
    names = sorted({p.song for p in dataset.split("test") if p.source in sources and p.bars >= 16})
    chosen = np.random.default_rng(0).permutation(names)[:songs].tolist()
    place = {song: APART[index % 3 == 2] for index, song in enumerate(chosen)}
    rest = {piece.song for piece in dataset.split("valid")}

    def split(piece: Piece) -> str:
        return place.get(piece.song, APART[2] if piece.song in rest else "")

    pieces = [replace(piece, split=split(piece)) for piece in dataset.pieces]
    return Dataset(dataset.notes, dataset.offsets, [p for p in pieces if p.split], dataset.manifest, dataset.labels)


def prior_loss(composer: VAEComposer, data: Dataset, split: str, style: int | None = None) -> float:
    """Loss over eight fixed batches of a split's windows, asked for in a style if it is given."""
    latents = LatentWindows(composer.vae, data, split, 64, 16 if split == APART[1] else 48, {}, seed=0)
    latents.rank(composer.prior)
    if style is not None:
        latents.style[:] = style
    return loss(composer.prior, [latents.batch() for _ in range(8)])


def distance(pieces: Sequence[Music], real: Sequence[Music]) -> float:
    made, songs = (values_of([View.of(music) for music in each]) for each in (pieces, real))
    return composite(made, songs, THEMES)


def measured(composer: VAEComposer, data: Dataset, style: int, pieces: int) -> dict[str, float]:
    """What is compared before and after."""

    result = {
        "prior loss, folder held out": prior_loss(composer, data, APART[1], style),
        "prior loss, rest": prior_loss(composer, data, APART[2]),
    }
    if pieces:
        here = [
            Window(piece.song, data.music(piece, first, 16))
            for piece in data.split(APART[1])
            for first in range(0, piece.bars - 15, 16)
        ]
        rest = windows(data, APART[2], pieces)
        for name, chosen in (("folder held out", here), ("rest", rest)):
            requests = [request_like(chosen[i % len(chosen)], i, DEFAULT_TEMPERATURE) for i in range(pieces)]
            if chosen is here:
                requests = [replace(request, style=STYLE_NAMES[style]) for request in requests]
            made = [composer.generate(request) for request in requests]
            result[f"distance, {name}"] = distance(made, [window.music for window in chosen])
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="vae")
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--source", nargs="+", default=["freedoom", "simutrans", "blasphemer"])
    parser.add_argument("--songs", type=int, default=12)
    parser.add_argument("--pieces", type=int, default=42, help="generated for each distance")
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=NUMBER", help="a value of the plan")
    options = parser.parse_args()
    values = dict(item.split("=") for item in options.set)
    plan = AdaptPlan(**{name: type(getattr(AdaptPlan(), name))(text) for name, text in values.items()})
    data = divided(Dataset.open(options.data), options.source, options.songs)
    folder = hub.resolve(options.model)
    with tempfile.TemporaryDirectory() as place:
        for index, piece in enumerate(data.split(APART[0])):
            (Path(place) / f"{index:03}.mid").write_bytes(to_midi(data.music(piece)))
        begun, spent = time.perf_counter(), sum(os.times()[:4])
        after = adapt(Path(place), options.run, folder, plan)
        wall, cpu = time.perf_counter() - begun, sum(os.times()[:4]) - spent

    told = after.card["adapted"]
    print(f"{told['songs']} songs, {told['bars']} bars, taken for {told['style']}; {plan}")
    before = VAEComposer.from_pretrained(folder)
    both = [measured(composer, data, STYLE_NAMES.index(told["style"]), options.pieces) for composer in (before, after)]
    for name in both[0]:
        print(f"{name:32} {both[0][name]:.4f}  {both[1][name]:.4f}")
    print(f"{wall:.0f} s, {cpu:.0f} CPU seconds")


if __name__ == "__main__":
    main()
