"""What roles play over each quality of chord: the table of `musicgen/chord_fit.py`, from its data.

    python -m tools.chord_notes data

Of the arrangements of lead sheets in the training split, whose chords are known: the sounding time of each role by
interval above the chord's root, in thousandths.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from musicgen.corpus.dataset import Dataset
from musicgen.harmony import NO_CHORD, QUALITIES
from musicgen.heard import chroma_of
from musicgen.music import METRES
from musicgen.roles import PITCHED, ROLES


def shares(dataset: Dataset, source: str = "openewld") -> np.ndarray:
    """Shape (roles with pitches, qualities, 12); each row sums to 1."""
    result = np.zeros((len(PITCHED), len(QUALITIES), 12))
    for piece in dataset.split("train"):
        if piece.source != source:
            continue
        rows = dataset.rows(piece, 0, piece.bars)
        chords = dataset.window(piece, 0, piece.bars)["chords"].reshape(-1).astype(int)
        known = chords < NO_CHORD
        upwards = (np.arange(12) + chords[known, None] % 12) % 12
        for place, role in enumerate(PITCHED):
            sounding, _ = chroma_of(rows[rows[:, 1] == role], piece.bars, np.ones(len(ROLES)), METRES[piece.metre])
            np.add.at(result[place], chords[known] // 12, np.take_along_axis(sounding[known], upwards, axis=1))
    return result / result.sum(axis=-1, keepdims=True)


def main() -> None:
    for role, table in zip(PITCHED, shares(Dataset.open(Path(sys.argv[1]))), strict=True):
        print(ROLES[role].name)
        for quality, row in zip(QUALITIES, table, strict=True):
            print(f"    {quality:12s}", tuple(np.round(1000 * row).astype(int).tolist()))


if __name__ == "__main__":
    main()
