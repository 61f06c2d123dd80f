"""Train the network that writes chords again, and put it into checkpoints: about a minute on two cores.

    python -m tools.progression data runs/progression checkpoints/vae checkpoints/gan

All else in them stays as it is.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import keras

from musicgen.corpus.dataset import Dataset
from musicgen.hub.manifest import write_manifest
from musicgen.models import load_composer
from musicgen.models.grid_composer import GridComposer
from musicgen.models.progression import Progression, ProgressionConfig
from musicgen.training.fit import Plan, fit_progression


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("checkpoints", type=Path, nargs="+")
    options = parser.parse_args()
    keras.utils.set_random_seed(Plan().seed)
    options.run.mkdir(parents=True, exist_ok=True)
    progression = Progression(ProgressionConfig(), name="progression")
    fit_progression(progression, Dataset.open(options.data), options.run, Plan())
    for folder in options.checkpoints:
        composer = load_composer(folder)
        assert isinstance(composer, GridComposer)
        composer.progression.set_weights(progression.get_weights())
        composer.save_pretrained(folder)
        write_manifest(folder)


if __name__ == "__main__":
    main()
