"""Pieces of four bars beside four bars of held-out songs, by MuseGAN's metrics and the classifier.

    python -m benchmarks.phrases --data data --model gan --count 1000

As `python -m musicgen evaluate`, of which it takes requests, seeds and metrics, but for the length: MuseGAN's phrases
have four bars. The last row is other songs, those of the validation split.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from tqdm import tqdm

from musicgen import load
from musicgen.corpus.dataset import Dataset
from musicgen.evaluation import diversity
from musicgen.evaluation.compare import Reference, brief, values_of
from musicgen.evaluation.memorisation import Melodies
from musicgen.evaluation.tonality import harmony_gain
from musicgen.evaluation.view import PITCHED, View
from musicgen.evaluation.windows import request_like, windows
from musicgen.music import Music
from musicgen.request import DEFAULT_TEMPERATURE

BARS = 4
KINDS = {
    "QN": [f"qualified notes, {role}" for role in PITCHED],
    "UPC": [f"pitch classes per bar, {role}" for role in PITCHED],
    "EB": [f"empty bars, {role}" for role in (*PITCHED, "drums")],
    "DP": ["drum pattern"],
}
"""MuseGAN's names (Dong et al., AAAI 2018, section 5) and the metrics that each is a mean over."""


def gaps(pieces: Sequence[Music], reference: Reference) -> dict[str, tuple[float, float]]:
    """Largest and mean gap to the songs of each of MuseGAN's metrics: percent of the songs' mean, of EB points."""
    values, result = values_of([View(piece) for piece in pieces]), {}
    kinds = KINDS | {"TD": [name for name in values if name.startswith("tonal distance")]}
    for kind, names in kinds.items():
        found = []
        for name in names:
            made, real = float(np.nanmean(values[name])), float(np.nanmean(reference.values[name]))
            found.append(100 * abs(made - real) / (1 if kind == "EB" else real))
        result[kind] = max(found), float(np.mean(found))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="gan")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    dataset, count = Dataset.open(options.data), options.count
    test = windows(dataset, "test", count, bars=BARS)
    songs = [window.song for window in test]
    train = [window.music for window in windows(dataset, "train", min(count, 500), seed=1, bars=BARS)]
    reference = Reference([window.music for window in test], songs, train, Melodies([]))
    composer = load(options.model)
    sets = {}
    for seed in range(options.seeds):
        asked = [
            replace(request_like(window, seed * count + index, DEFAULT_TEMPERATURE), bars=BARS)
            for index, window in enumerate(test)
        ]
        sets[f"{options.model}, {seed}"] = [composer.generate(each) for each in tqdm(asked, unit="piece")], songs
    others = windows(dataset, "valid", count, seed=2, like=test, bars=BARS)
    sets["other songs"] = [window.music for window in others], [window.song for window in others]
    print(
        "| pieces | distance | AUC | clash | harmony gain | agreement | unique two-bar | "
        + " | ".join([*KINDS, "TD"])
        + " |"
    )
    print("|" + (7 + len(KINDS) + 1) * "---|")
    for name, (pieces, of) in sets.items():
        found = brief(reference, pieces, of)
        unique = diversity.unique_two_bar_hashes([View(piece) for piece in pieces])
        shuffled, real = reference.swapped["clash rate"], reference.samples["clash rate"].mean
        found["harmony gain"] = harmony_gain(found["clash rate"], real, shuffled)
        keys = ("distance to data", "classifier AUC", "clash rate", "harmony gain", "chord-tone agreement")
        row = [*(f"{found[key]:.3f}" for key in keys), f"{unique:.3f}"]
        row += [f"{most:.1f}, {mean:.1f}" for most, mean in gaps(pieces, reference).values()]
        print(f"| {name} | " + " | ".join(row) + " |", flush=True)


if __name__ == "__main__":
    main()
