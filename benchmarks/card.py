"""Measure again what the card of a VAE says, and write it: reconstruction of the test songs, and what a piece costs.

    python -m benchmarks.card --model checkpoints/vae --data data

For a change of the decoder, or of the songs, under weights that stay. Wants a quiet machine.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from musicgen.benchmark import measure
from musicgen.corpus.dataset import Dataset
from musicgen.hub import write_manifest
from musicgen.models.checkpoint import read_config, write_config
from musicgen.models.vae_composer import VAEComposer
from musicgen.training.batches import every_window
from musicgen.training.card import write_card
from musicgen.training.measure import reconstruction


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the checkpoint's folder")
    parser.add_argument("--data", type=Path, required=True)
    options = parser.parse_args()
    composer = VAEComposer.from_pretrained(options.model)
    test = every_window(Dataset.open(options.data), "test", composer.bars)
    before = composer.card.get("test", {})
    composer.card["test"] = {"windows": len(test), **reconstruction(composer.vae, test)}
    composer.card["arithmetic"] = measure(str(options.model))["arithmetic"]
    for name, value in composer.card["test"].items():
        print(f"{name:20} {before.get(name, float('nan')):8.4g} {value:8.4g}")
    config = read_config(options.model, composer.kind)
    write_config(options.model, composer.kind, config | {"card": composer.card})
    write_card(composer, options.model)
    write_manifest(options.model)


if __name__ == "__main__":
    main()
