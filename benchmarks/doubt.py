"""Where does the doubt come from, the prior or the decoder? Songs noised on the flow's path and led back.

    python -m benchmarks.doubt --data data --count 300 --out doubt.csv

Latents of validation songs are mixed with noise up to a time of the flow's path (1: the song itself, 0: noise alone).
The flow leads them back under the song's own style, mode and chords, as `Composer.vary` does. Each row is a time, with
the AUC of the suite's classifier beside the songs themselves, for the plain decoder and for the note decoder, and the
onsets a bar that the plain decoder was in doubt of. If the classifier tells pieces from time .9 down, the decoder is at
fault; if only near time 0, the prior is.
"""

from __future__ import annotations

import argparse
import csv
import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from tqdm import tqdm

from musicgen import codec, load
from musicgen.corpus.dataset import Dataset
from musicgen.evaluation import classifier
from musicgen.evaluation.diversity import Embedding
from musicgen.evaluation.windows import windows
from musicgen.heard import NONE, heard_chords
from musicgen.models.asking import Asked
from musicgen.models.grid_codec import played
from musicgen.models.grid_composer import GridComposer
from musicgen.models.prior import ANY_CHORD
from musicgen.music import Music

TIMES = (1.0, 0.9, 0.85, 0.7, 0.5, 0.3, 0.15, 0.0)
LOW, HIGH = 0.1, 0.9
"""An onset whose probability lies between these is in doubt."""


def lead_back(composer: GridComposer, music: Music, time: float, seed: int) -> tuple[Music, Music, float]:
    """A song, noised to a time and led back: by the plain decoder, by the note decoder, and the onsets in doubt."""
    latents = composer.encode(music)
    heard = heard_chords(codec.encode(music), music.bars, music.metre)
    chords = np.where(heard == NONE, ANY_CHORD, heard)
    asked = Asked(music.style, music.key.mode, chords=chords, metre=music.metre)
    if time < 1:
        noise = np.random.default_rng(seed).standard_normal(latents.shape).astype(np.float32)
        keep, roles = np.zeros(latents.shape[:2], bool), [track.role for track in music.tracks]
        latents = composer._flow(latents, keep, 1 - time, noise, roles, asked.arrays(composer.prior, 0))
    chances = composer.codec.chances(latents, music)
    doubt = ((chances.onsets > LOW) & (chances.onsets < HIGH)).sum() / music.bars
    return played(chances, music), composer._redrawn(latents, asked, music, 1 - time, [seed]), float(doubt)


def area(real: Sequence[Music], pieces: Sequence[Music], songs: Sequence[str], embedding: Embedding) -> float:
    """AUC of the suite's classifier on features."""
    labels = np.repeat([0, 1], [len(real), len(pieces)])
    return classifier.area(classifier.scores(embedding(real), embedding(pieces), songs, songs), labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", nargs="+", default=["vae", "gan"])
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--out", type=Path, required=True, help="a CSV file")
    options = parser.parse_args()
    dataset = Dataset.open(options.data)
    valid = windows(dataset, "valid", options.count)
    real, songs = [window.music for window in valid], [window.song for window in valid]
    embedding = Embedding([window.music for window in windows(dataset, "train", 500, seed=1)])
    with options.out.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["model", "time", "AUC, plain decoder", "AUC, note decoder", "onsets in doubt a bar"])
        for name in options.model:
            composer = load(name)
            assert isinstance(composer, GridComposer)
            for time in TIMES:
                made = [lead_back(composer, music, time, seed) for seed, music in enumerate(tqdm(real, unit="piece"))]
                plain, drawn, doubt = zip(*made, strict=True)
                areas = [f"{area(real, pieces, songs, embedding):.3f}" for pieces in (plain, drawn)]
                row = [name, time, *areas, f"{np.mean(doubt):.1f}"]
                writer.writerow(row)
                file.flush()
                print(*row, sep="\t", flush=True)


if __name__ == "__main__":
    main()
