"""Are the samples music? Unselected samples of a model beside windows of held-out songs, by the same metrics.

    python benchmarks/samples.py --model vae --data data --count 200 --out report/

Writes samples.json and samples.png (twenty rolls by seed, not chosen).
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np

from musicgen import hub
from musicgen.corpus.dataset import Dataset
from musicgen.evaluation.metrics import summary
from musicgen.models import load_composer
from musicgen.music import Music
from musicgen.request import DEFAULT_TEMPERATURE, Request
from musicgen.roles import ROLE_NAMES, STYLE_NAMES
from musicgen.rolls import draw


def held_out(data: Dataset, count: int, bars: int = 16) -> list[Music]:
    """Windows of test songs in which all five roles play, as evenly over the songs as they allow."""
    rng = np.random.default_rng(0)
    pieces = [piece for piece in data.split("test") if piece.roles.all() and piece.bars >= bars]
    order = [pieces[i] for i in rng.permutation(len(pieces))]
    return [
        data.music(piece, int(rng.integers(piece.bars - bars + 1)), bars)
        for piece in (order * (count // len(order) + 1))[:count]
    ]


def table(pieces: list[Music]) -> dict[str, float]:
    """Mean of each metric over pieces, leaving out those where it is not defined."""
    rows = [summary(music) for music in pieces]
    return {name: round(float(np.nanmean([row[name] for row in rows])), 4) for name in rows[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="vae")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--temperature", type=float, default=DEFAULT_TEMPERATURE)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    composer = load_composer(hub.resolve(options.model))
    styles = [style for style in STYLE_NAMES if style != "classical"]  # its songs have no drums to compare
    requests = [
        Request(style=styles[seed % len(styles)], seed=seed, temperature=options.temperature)
        for seed in range(options.count)
    ]
    samples = composer.generate_many(requests)
    real = held_out(Dataset.open(options.data), options.count)
    report = {"samples": table(samples), "held-out": table(real), "count": options.count, "model": composer.identity}
    report["pieces with a silent role"] = sum(summary(m)["silent roles"] > 0 for m in samples)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "samples.json").write_text(json.dumps(report, indent=1))
    width = max(map(len, report["samples"]))
    for name, value in report["samples"].items():
        print(f"{name:{width}}  samples {value:8.3f}   held-out {report['held-out'][name]:8.3f}")
    print("pieces with a silent role:", report["pieces with a silent role"], "of", options.count)
    titles = [f"{request.style}, seed {request.seed}" for request in requests[:20]]
    draw(samples[:20], titles, options.out / "samples.png")
    draw(real[:8], [f"held-out, {music.style}" for music in real[:8]], options.out / "held-out.png")
    assert len(ROLE_NAMES) == len(samples[0].tracks)


if __name__ == "__main__":
    main()
