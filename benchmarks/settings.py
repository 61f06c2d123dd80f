"""Which temperature and guidance bring a model's pieces nearest to songs it has not heard? On validation songs.

    python -m benchmarks.settings --model vae --data data --count 140 --temperature .7 .8 .9 --guidance 1 1.5 2

Prints a line for each pair: distance to the songs (as in `evaluate`, but on the validation split, so that test songs
choose nothing), its themes, and the share of first draws in which a requested role is silent.
"""

from __future__ import annotations

import argparse
import itertools
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from musicgen import hub
from musicgen.corpus.dataset import Dataset
from musicgen.evaluation.compare import values_of
from musicgen.evaluation.metrics import HEADLINE, THEMES
from musicgen.evaluation.protocol import theme_distances
from musicgen.evaluation.view import View
from musicgen.evaluation.windows import request_like, windows
from musicgen.models import grid_composer, load_composer
from musicgen.music import Music

_SHOWN = ("scale consistency", "clash rate", "chord-tone agreement", "best earlier match")


def _line(name: str, values: dict[str, np.ndarray], real: dict[str, np.ndarray], silent: str) -> str:
    themes = theme_distances(values, real, THEMES)
    means = "  ".join(f"{metric} {np.nanmean(values[metric]):.3f}" for metric in _SHOWN)
    each = " ".join(f"{theme} {value:.3f}" for theme, value in themes.items())
    return f"{name:22} distance {np.mean(list(themes.values())):.4f} ({each})  {means}  {silent}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="vae")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=140)
    parser.add_argument("--temperature", type=float, nargs="+", default=[0.7, 0.8, 0.9, 1.0])
    parser.add_argument("--guidance", type=float, nargs="+", default=[1.5])
    options = parser.parse_args()
    composer = load_composer(hub.resolve(options.model))
    grid_composer.TRIES = 1  # first draws, so that silent roles are seen
    valid = windows(Dataset.open(options.data), "valid", options.count)
    real = _values([window.music for window in valid])
    print(_line("validation songs", real, real, ""))
    for temperature, guidance in itertools.product(options.temperature, options.guidance):
        composer.guidance = guidance
        pieces = [composer.generate(request_like(window, seed, temperature)) for seed, window in enumerate(valid)]
        silent = np.mean([any(not track.notes for track in music.tracks) for music in pieces])
        name = f"T {temperature:g} guidance {guidance:g}"
        print(_line(name, _values(pieces), real, f"silent role {silent:.1%}"), flush=True)


def _values(pieces: list[Music]) -> dict[str, np.ndarray]:
    values = values_of([View.of(music) for music in pieces])
    return {name: values[name] for name in HEADLINE}


if __name__ == "__main__":
    main()
