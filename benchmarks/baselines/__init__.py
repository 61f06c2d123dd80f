"""The ladder: models that ours must beat, behind the same interface, made from the same training split.

`python -m musicgen evaluate --model NAME` takes the names below and the run folders of trained baselines.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

import numpy as np

from musicgen import codec
from musicgen.corpus.dataset import Dataset
from musicgen.errors import CheckpointError, RequestError
from musicgen.music import FOUR_FOUR, Key, Music
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES, STYLE_BY_NAME, STYLE_NAMES


class Baseline(ABC):
    """A rung of the ladder: what `evaluate` needs of a `Composer`."""

    identity: str

    @abstractmethod
    def generate(self, request: Request) -> Music:
        """A new piece. The same request gives the same music."""

    def generate_many(self, requests: Sequence[Request]) -> list[Music]:
        """`generate` for each request."""
        return [self.generate(request) for request in requests]


UNTRAINED = {
    "noise": "benchmarks.baselines.noise:Noise",
    "glued": "benchmarks.baselines.glued:Glued",
    "markov": "benchmarks.baselines.markov:Markov",
}
"""Name to class, made of a `Dataset` in seconds. To add a rung: a file and a line here."""
TRAINED = {
    "dense-gan": "benchmarks.baselines.dense_gan:DenseGAN",
    "lstm": "benchmarks.baselines.lstm:NextStep",
    "conv-gan": "benchmarks.baselines.conv_gan:ConvGAN",
    "musicvae": "benchmarks.baselines.musicvae:MusicVAE",
}
"""Kind, as plan.json of a run names it, to class; `load` is given the run's folder."""
REBUILT = "rebuilt"
"""The rung of songs through a model and back: through the bundled VAE, or through M as `rebuilt:M`."""
LABELS = len(STYLE_NAMES) + 1
"""Numbers of a `label`."""


def find(name: str, dataset: Dataset) -> Baseline | None:
    """The baseline of a name, or of a run folder; None if it is neither.

    Raises:
        CheckpointError: a run that is not finished, or a model to rebuild with that is not there.
    """
    if name in UNTRAINED:
        return _class(UNTRAINED[name])(dataset)
    rung, _, model = name.partition(":")
    if rung == REBUILT:
        return _rebuilt(model or "vae", dataset)
    try:
        kind = json.loads((Path(name) / "plan.json").read_text())["baseline"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if kind not in TRAINED:
        raise CheckpointError(f"Expected a baseline among {', '.join(TRAINED)} in {name}. Received: {kind!r}.")
    loader: Callable[[Path], Baseline] = _class(TRAINED[kind]).load  # type: ignore[attr-defined]
    return loader(Path(name))


def label(style: str, key: Key) -> np.ndarray:
    """What a network is told of a piece: a one of its style, and at the end 1 for minor; float32, shape (`LABELS`,)."""
    result = np.zeros(LABELS, np.float32)
    if style in STYLE_NAMES:
        result[STYLE_NAMES.index(style)] = 1
    result[-1] = key.mode == "minor"
    return result


def silent(request: Request) -> Music:
    """Everything that a request says except notes.

    Raises:
        RequestError: another metre than 4/4, the one that the ladder's rungs know.
    """
    if request.metre != FOUR_FOUR.name:
        raise RequestError(f"metre: expected 4/4, the only one of the baselines. Received: {request.metre}.")
    style = STYLE_BY_NAME[request.style]
    tracks = codec.empty_tracks([style.program(role) for role in ROLE_NAMES], request.roles)
    assert request.tempo is not None and not isinstance(request.key, str)  # a Request fills both in
    return Music(tracks, request.bars, request.tempo, request.key, request.style)


def _rebuilt(model: str, dataset: Dataset) -> Baseline:
    from musicgen import hub
    from musicgen.models import load_composer

    composer = find(model, dataset) or load_composer(hub.resolve(model))
    return _class("benchmarks.baselines.rebuilt:Rebuilt")(dataset, composer)


def _class(where: str) -> Callable[..., Baseline]:
    module, name = where.split(":")
    found: Callable[..., Baseline] = getattr(import_module(module), name)
    return found
