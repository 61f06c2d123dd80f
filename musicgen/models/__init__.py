"""The networks and their `Composer` interface. Nothing in here knows MIDI, audio, or downloads."""

from __future__ import annotations

import json
import os
from pathlib import Path

from musicgen.errors import CheckpointError
from musicgen.models.base import Composer

os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # read when Keras is imported, which is below this package only
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's start-up chatter is not for users
if (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()) == 1:
    # With one thread XLA sums in another order than with two or any more, and the same seed gave other bytes.
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "2")

MODELS = {
    "vae": "musicgen.models.vae_composer:VAEComposer",
    "gan": "musicgen.models.gan_composer:GANComposer",
}
"""Model kind, as config.json names it, to its `Composer`. To add a model: a file and a line here."""


def load_composer(folder: str | Path) -> Composer:
    """The composer of a checkpoint folder, of whatever kind its config.json names.

    Raises:
        CheckpointError: no readable config.json, an unknown kind, or weights that do not load.
    """
    from importlib import import_module

    path = Path(folder) / "config.json"
    try:
        kind = json.loads(path.read_text(encoding="utf-8"))["model"]
        module, name = MODELS[kind].split(":")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"Expected a config.json naming a model among {', '.join(MODELS)} in {folder}. "
            f"Received: {type(error).__name__}."
        ) from None
    composer: Composer = getattr(import_module(module), name).from_folder(Path(folder))
    return composer
