"""Are chords played as they are asked for? The tones that sound over each quality, beside those of held-out songs.

    python -m benchmarks.chord_qualities --data data --model vae --count 8 --out qualities.csv

Pieces of eight bars are asked for on C, F, G and C chords of one quality. Of the time that the notes of chords, pad and
bass sound in the half bars of a chord, each row has the share of the chord's own tones, and that of thirds and fifths
that are not its own. Beside it stands the same of test songs, in the half bars whose notes fit it
best.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from tqdm import tqdm

from musicgen import codec, load
from musicgen.chord_names import parse_chord_name
from musicgen.chord_tones import chord_tones, estimate_tones, progression_tones
from musicgen.corpus.dataset import Dataset
from musicgen.harmony import NO_CHORD, progression_codes
from musicgen.heard import chroma_of
from musicgen.music import FOUR_FOUR
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES

QUALITIES = (
    "", "m", "7", "maj7", "m7", "6", "m6", "9", "add9", "sus4", "sus2", "7sus4", "5", "aug", "dim", "dim7", "m7b5",
    "/E",
)  # fmt: skip
_STYLES = ("pop", "rock", "folk", "jazz")
_WEIGHT = np.array([float(name in ("chords", "pad", "bass")) for name in ROLE_NAMES])
_FOREIGN = {3, 4, 6, 7, 8}


def shares(rows: np.ndarray, bars: int, codes: np.ndarray, here: np.ndarray) -> np.ndarray:
    """Sounding time of each pitch class above the root in some half bars, shape (12,)."""
    sounding, _ = chroma_of(rows, bars, _WEIGHT)
    total = np.zeros(12)
    for half in np.flatnonzero(here.ravel()):
        total += np.roll(sounding[half], -int(codes.ravel()[half] % 12))
    return total


def songs(dataset: Dataset) -> Iterator[tuple[np.ndarray, int, np.ndarray, np.ndarray]]:
    """Rows, bars, chord codes and estimated tones of test songs in 4/4."""
    for piece in dataset.split("test"):
        if piece.metre == FOUR_FOUR.name:
            rows = dataset.rows(piece, 0, piece.bars).astype(np.int64)
            codes = np.asarray(dataset.window(piece, 0, piece.bars)["chords"])
            yield rows, piece.bars, codes, estimate_tones(rows, piece.bars, codes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", default="vae")
    parser.add_argument("--count", type=int, default=8, help="pieces of each quality")
    parser.add_argument("--out", type=Path, required=True, help="a CSV file")
    options = parser.parse_args()
    composer = load(options.model)
    held_out = list(songs(Dataset.open(options.data)))
    with options.out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["quality", "source", "half bars", "own tones", "least own tone", "foreign third or fifth"])
        for suffix in tqdm(QUALITIES, unit="quality"):
            chord = parse_chord_name("C" + suffix)
            assert chord is not None
            own = chord_tones(chord)
            mask = np.isin(np.arange(12), list(own)).astype(np.float32)
            found, count = np.zeros(12), 0
            for rows, bars, codes, tones in held_out:
                root = codes[..., None] % 12
                above = np.take_along_axis(tones[..., :12], (np.arange(12) + root) % 12, axis=-1)
                here = (codes < NO_CHORD) & (above == mask).all(axis=-1)
                count += int(here.sum())
                found += shares(rows, bars, codes, here)
            made = np.zeros(12)
            names = [root + suffix for root in "CFGC"] if "/" not in suffix else ["C/E", "F/A", "G/B", "C/E"]
            text = " ".join(names)
            for seed in range(options.count):
                style = _STYLES[seed % len(_STYLES)]
                music = composer.generate(Request(style, 8, key="C major", seed=seed, chords=text, ending=False))
                codes = progression_codes(text, 8, 0)
                made += shares(codec.encode(music), 8, codes, np.ones(codes.shape, bool))
            assert progression_tones(text, 8, 0)[0, 0, list(own)].all()
            for source, total, halves in (("test songs", found, count), ("pieces", made, 16 * options.count)):
                share = total / max(total.sum(), 1)
                foreign = sum(share[tone] for tone in _FOREIGN - set(own))
                row = [f"C{suffix}", source, halves, *(f"{v:.3f}" for v in (
                    share[list(own)].sum(), min(share[tone] for tone in own), foreign))]  # fmt: skip
                writer.writerow(row)
                file.flush()
                print(*row, sep="\t", flush=True)


if __name__ == "__main__":
    main()
