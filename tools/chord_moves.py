"""How chords follow one another in hymns: the table of `musicgen/corpus/charts.py`, from its data.

    python -m tools.chord_moves data

Of the hymns in the training split: how often each chord of `charts` is followed by each other, in thousandths, half a
change more each.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from musicgen.corpus.charts import CHORDS, heard_line
from musicgen.corpus.dataset import Dataset
from musicgen.harmony import chord_code, parse_chord
from musicgen.music import Key


def moves(dataset: Dataset, mode: str, source: str = "openhymnal") -> np.ndarray:
    """Shape (chords, chords); each row sums to 1."""
    parsed = [parse_chord(name) for name in CHORDS[mode]]
    place = {chord_code(*chord): index for index, chord in enumerate(parsed) if chord is not None}
    result = np.full((len(place), len(place)), 0.5)
    for piece in dataset.split("train"):
        if piece.source == source and not piece.groove and Key.parse(piece.key).mode == mode:
            line = heard_line(dataset.rows(piece, 0, piece.bars).astype(int), dataset.music(piece))
            for before, after in zip(line[:-1].tolist(), line[1:].tolist(), strict=True):
                if before in place and after in place:
                    result[place[before], place[after]] += 1
    np.fill_diagonal(result, 0)
    return result / result.sum(axis=1, keepdims=True)


def main() -> None:
    for mode in CHORDS:
        print(mode)
        for row in moves(Dataset.open(Path(sys.argv[1])), mode):
            print("   ", tuple(np.round(1000 * row).astype(int).tolist()))


if __name__ == "__main__":
    main()
