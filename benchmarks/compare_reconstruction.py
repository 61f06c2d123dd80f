"""Which of two models gives a song back more exactly? Window by window of held-out songs, role by role.

    python -m benchmarks.compare_reconstruction --data data --model vae --other runs/musicvae --out comparison.json

Both are given the same sixteen bars of a test song, and both are judged by them: melody, bass and drums on sixteenths,
melody and bass one note at a time, as MusicVAE hears music. Chords, pad, triplets and second voices are left out for
both, although ours has room for them. Copies run free: nothing of the original is heard but through the latents.
Intervals are bootstraps by song (`evaluation.protocol`), that of the difference a paired one: one model beats the other
where the interval of the difference excludes 0.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from tqdm import tqdm

from benchmarks.baselines.trio import TRIO, held_out
from musicgen.corpus.dataset import Dataset
from musicgen.errors import MusicgenError
from musicgen.evaluation import protocol
from musicgen.evaluation.answering import open_model
from musicgen.evaluation.protocol import Sample
from musicgen.evaluation.reconstruction import framewise_accuracy, hold_floor, onset_f1
from musicgen.music import Music

BARS = 16
METRICS: dict[str, Callable[[Music, Music, str], float]] = {
    "onset F1": onset_f1,
    "framewise accuracy": framewise_accuracy,
}


def compare(
    originals: Sequence[Music], songs: Sequence[str], copies: Sequence[Sequence[Music]]
) -> list[dict[str, Any]]:
    """A row for each role and metric: both models' means, the paired difference, and what it allows to say.

    Args:
        originals, songs: the windows, and which song each is of.
        copies: of every window, by the first model and by the second.

    Returns:
        Rows of "role", "metric", "model", "other" and "difference" (estimates with 95 % intervals by song), "verdict"
        (a word of `protocol`, of the first model), and "hold floor" (mean) where the metric is framewise accuracy.
    """
    rows = []
    for role in TRIO:
        for name, metric in METRICS.items():
            first, second = (
                np.array([metric(a, b, role) for a, b in zip(originals, side, strict=True)]) for side in copies
            )
            difference = protocol.estimate(Sample(first - second, songs))
            row: dict[str, Any] = {
                "role": role,
                "metric": name,
                "model": asdict(protocol.estimate(Sample(first, songs))),
                "other": asdict(protocol.estimate(Sample(second, songs))),
                "difference": asdict(difference),
                "verdict": _verdict(difference),
            }
            if name == "framewise accuracy":
                row["hold floor"] = float(np.nanmean([hold_floor(music, role) for music in originals]))
            rows.append(row)
    return rows


def _verdict(difference: protocol.Estimate) -> str:
    return protocol.BEATS if difference.low > 0 else protocol.LOSES if difference.high < 0 else protocol.TIED


def table(rows: Sequence[dict[str, Any]], model: str, other: str) -> str:
    """The rows as a Markdown table."""

    def show(value: dict[str, float], sign: str = "") -> str:
        return f"{value['value']:{sign}.3f} ({value['low']:{sign}.3f} to {value['high']:{sign}.3f})"

    lines = [f"| role | metric | {model} | {other} | difference | | hold floor |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        floor = f"{row['hold floor']:.3f}" if "hold floor" in row else ""
        lines.append(
            f"| {row['role']} | {row['metric']} | {show(row['model'])} | {show(row['other'])} "
            f"| {show(row['difference'], '+')} | {row['verdict']} | {floor} |"
        )
    return "\n".join(lines)


def run(data: Path, names: Sequence[str], split: str, count: int | None) -> dict[str, Any]:
    """Open both models, let them copy the windows of a split, and compare.

    Raises:
        MusicgenError: no data set, no such model, one that has no latents, or no window with all three roles.
    """
    dataset = Dataset.open(data)
    models = [open_model(name, dataset) for name in names]
    for name, model in zip(names, models, strict=True):
        if not hasattr(model, "reconstruct"):
            raise MusicgenError(f"Expected a model that can encode a piece. Received: {name}, which only generates.")
    windows = held_out(dataset, split, BARS, count)
    if not windows:
        raise MusicgenError(f"Expected windows with {', '.join(TRIO)} in the {split} split. Received: none.")
    songs, originals = [song for song, _ in windows], [music for _, music in windows]
    copies = [
        [model.reconstruct(music) for music in tqdm(originals, desc=Path(name).name, unit="window", mininterval=10)]
        for name, model in zip(names, models, strict=True)
    ]
    return {
        "model": models[0].identity,
        "other": models[1].identity,
        "split": split,
        "windows": len(windows),
        "songs": len(set(songs)),
        "bars": BARS,
        "rows": compare(originals, songs, copies),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder made by prepare")
    parser.add_argument("--model", default="vae", help="a model or the run folder of a baseline")
    parser.add_argument("--other", required=True, help="the one that it is compared with")
    parser.add_argument("--split", default="test", choices=("valid", "test"))
    parser.add_argument("--count", type=int, help="windows at most; all if not given")
    parser.add_argument("--out", type=Path, required=True, help="a JSON file")
    options = parser.parse_args()
    if options.count is not None and options.count < 1:
        parser.exit(2, f"--count: expected a whole number above 0. Received: {options.count}.\n")
    try:
        report = run(options.data, [options.model, options.other], options.split, options.count)
    except MusicgenError as error:
        parser.exit(2, f"{error}\n")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    temporary = options.out.with_name(options.out.name + ".tmp")
    temporary.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, options.out)
    print(f"{report['windows']} windows of {report['songs']} songs")
    print(table(report["rows"], report["model"], report["other"]))


if __name__ == "__main__":
    main()
