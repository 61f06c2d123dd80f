"""Which split of the JSB Chorales each chorale of music21's corpus is in: writes `musicgen/corpus/chorales.json`.

    python -m tools.jsb_split ../shared/corpus/jsb.tar.xz

The JSB data (Boulanger-Lewandowski et al., ICML 2012; 229 chorales to train with, 76 to validate, 77 to test) have no
names, so chorales are found by their notes: a chorale is the JSB piece that has the largest share of its six-note
stretches, voice by voice, repeated notes joined, in any key. What has less than half of them in any is left out.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import tarfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from musicgen.corpus import scores
from musicgen.corpus.reasons import Unusable

N = 6
LEAST = 0.5
Signature = frozenset[tuple[int, ...]]


def signature(voices: Sequence[Sequence[int]]) -> Signature:
    """Stretches of N intervals of each voice, with the voice's number; 0 or less is a rest."""
    grams: set[tuple[int, ...]] = set()
    for number, voice in enumerate(voices):
        line = [pitch for pitch in voice if pitch > 0]
        steps = [b - a for a, b in pairwise(line) if a != b]
        grams.update((number, *steps[i : i + N]) for i in range(len(steps) - N + 1))
    return frozenset(grams)


def of_music21(work: tuple[str, str]) -> tuple[str, Signature | None]:
    song, path = work
    try:
        return song, signature(scores.chorale_pitches(path))
    except Unusable:
        return song, None


def main(archive: str) -> None:
    with tarfile.open(archive) as tar:
        member = next(item for item in tar if item.name.endswith("Jsb16thSeparated.json"))
        file = tar.extractfile(member)
        assert file is not None
        data = json.load(file)
    known = [
        (signature(list(zip(*piece, strict=True))), split) for split in ("train", "valid", "test")
        for piece in data[split]
    ]  # fmt: skip
    found: dict[str, list[str]] = {"train": [], "valid": [], "test": []}
    unknown, unsure = [], []
    with multiprocessing.Pool() as pool:
        for song, grams in pool.imap(of_music21, list(scores.chorales()), chunksize=4):
            shares = [(len(grams & other) / max(len(grams), 1), split) for other, split in known] if grams else []
            best = max((share for share, _ in shares), default=0.0)
            if best < LEAST:
                unknown.append(song)
                continue
            splits = [split for share, split in shares if share >= 0.95 * best]
            if len(set(splits)) > 1:
                unsure.append(song)
            # one that the data have in two splits is held out
            split = next(name for name in ("test", "valid", "train") if name in splits)
            found[split].append(song.removeprefix("chorales/"))
    path = Path(scores.__file__).with_name("chorales.json")
    path.write_text(json.dumps({name: sorted(songs) for name, songs in found.items()}, indent=0) + "\n")
    counts = ", ".join(f"{len(songs)} {name}" for name, songs in found.items())
    print(f"{counts}; {len(unknown)} not in the data: {' '.join(unknown)}; in two splits: {' '.join(unsure)}")


if __name__ == "__main__":
    main(sys.argv[1])
