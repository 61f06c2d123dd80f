"""Pieces of four bars beside four bars of held-out songs, by MuseGAN's metrics and the classifier.

    python -m benchmarks.phrases --data data --model gan --count 1000 --splits test valid

As `python -m musicgen evaluate`, of which it takes requests, seeds and metrics, but for the length: MuseGAN's phrases
have four bars. Harmony gain is by clashes, by chord-tone agreement, and by the tonal distance of melody and chords and
of melody and bass. The last row but one is other songs: those of the validation split, or of the training split where
all held-out songs, `--splits test valid`, are the reference. The last one is the standard error of the songs' own
means, which no model can be much nearer to than by chance.
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
from musicgen.evaluation.compare import HARMONY, Reference, brief, values_of
from musicgen.evaluation.memorisation import Melodies
from musicgen.evaluation.protocol import Sample
from musicgen.evaluation.tonality import PAIRS, harmony_gain
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
    "TD": [f"tonal distance, {role}-{other}" for role, other in PAIRS],
}
"""MuseGAN's names (Dong et al., AAAI 2018, section 5) and the metrics that each is a mean over."""


def gaps(pieces: Sequence[Music], reference: Reference) -> dict[str, tuple[float, float]]:
    """Largest and mean gap to the songs of each of MuseGAN's metrics: percent of the songs' mean, of EB points."""
    values, result = values_of([View(piece) for piece in pieces]), {}
    for kind, names in KINDS.items():
        found = []
        for name in names:
            made, real = float(np.nanmean(values[name])), float(np.nanmean(reference.values[name]))
            found.append(100 * abs(made - real) / (1 if kind == "EB" else real))
        result[kind] = max(found), float(np.mean(found))
    return result


def gains(pieces: Sequence[Music], reference: Reference) -> list[float]:
    """The harmony gain by each metric of harmony that has a floor: 1 is songs' own."""
    values = values_of([View(piece) for piece in pieces])
    made = {name: float(np.nanmean(values[name])) for name in HARMONY}
    return [harmony_gain(made[name], reference.samples[name].mean, reference.swapped[name]) for name in HARMONY]


def errors(reference: Reference, songs: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Largest and mean standard error, over songs, of the songs' own means, as `gaps`."""
    result = {}
    for kind, names in KINDS.items():
        samples = [Sample(reference.values[name], songs) for name in names]
        found = [100 * each.means().std() / (1 if kind == "EB" else each.mean) for each in samples]
        result[kind] = max(found), float(np.mean(found))
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="gan")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--bars", type=int, default=BARS)
    parser.add_argument("--splits", nargs="+", default=["test"], choices=["test", "valid"])
    options = parser.parse_args()
    dataset, count, bars = Dataset.open(options.data), options.count, options.bars
    shares = len(options.splits)
    test = [each for split in options.splits for each in windows(dataset, split, count // shares, bars=bars)]
    songs = [window.song for window in test]
    train = [window.music for window in windows(dataset, "train", min(count, 500), seed=1, bars=bars)]
    reference = Reference([window.music for window in test], songs, train, Melodies([]))
    composer = load(options.model)
    sets = {}
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        asked = [
            replace(request_like(window, seed * count + index, DEFAULT_TEMPERATURE), bars=bars)
            for index, window in enumerate(test)
        ]
        sets[f"{options.model}, {seed}"] = [composer.generate(each) for each in tqdm(asked, unit="piece")], songs
    other = "train" if "valid" in options.splits else "valid"
    others = windows(dataset, other, len(test), seed=2, like=test, bars=bars)
    sets["other songs"] = [window.music for window in others], [window.song for window in others]
    print("| pieces | distance | AUC | clash | agreement | unique two-bar | harmony gain | " + " | ".join(KINDS) + " |")
    print("|" + (7 + len(KINDS)) * "---|")
    for name, (pieces, of) in sets.items():
        found = brief(reference, pieces, of)
        unique = diversity.unique_two_bar_hashes([View(piece) for piece in pieces])
        keys = ("distance to data", "classifier AUC", "clash rate", "chord-tone agreement")
        row = [*(f"{found[key]:.3f}" for key in keys), f"{unique:.3f}"]
        row.append(", ".join(f"{gain:.2f}" for gain in gains(pieces, reference)))
        row += [f"{most:.1f}, {mean:.1f}" for most, mean in gaps(pieces, reference).values()]
        print(f"| {name} | " + " | ".join(row) + " |", flush=True)
    row = [*6 * [""], *(f"{most:.1f}, {mean:.1f}" for most, mean in errors(reference, songs).values())]
    print("| standard error of the songs' | " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
