"""The models that are evaluated: opened by name, and asked on a cluster in portions of `AT_ONCE`.

A portion is the same wherever it is done, and so is what comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

from tqdm import tqdm

from musicgen.cluster import Cluster
from musicgen.corpus.dataset import Dataset
from musicgen.music import Music
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES

AT_ONCE = 50
"""Pieces of a portion."""


def open_model(name: str, dataset: Dataset) -> Any:
    """A rung of the ladder or a `Composer`, by name or folder.

    Raises:
        MusicgenError: there is none of that name.
    """
    try:
        ladder = import_module("benchmarks.baselines")
    except ImportError:  # the ladder is part of the repository, not of the installed package
        ladder = None
    baseline = ladder.find(name, dataset) if ladder is not None else None
    if baseline is not None:
        return baseline
    from musicgen import hub
    from musicgen.models import load_composer

    return load_composer(hub.resolve(name))


class Answerer:
    """A model whose work the workers of a cluster do. It has what the model has of `rebuild`, `reconstruct_many` and
    `posterior_many`, each for many pieces at once.

    Args:
        cluster: its workers find the model and the data set by the same names and paths as this machine does.
        name: see `open_model`.
        data: a folder made by `prepare`.

    Raises:
        MusicgenError: there is no model of that name.
    """

    def __init__(self, cluster: Cluster, name: str, data: Path) -> None:
        self._cluster = cluster
        # workers may live on after this run, and the model change before the next
        self._model = name, str(data.resolve()), uuid4().hex
        (facts,) = cluster.map(_facts, [self._model])
        self.identity: str = facts["identity"]
        self.steers: bool = facts["steers"]
        self.roles: Sequence[str] = facts["roles"]
        self.rebuild: Callable[[Sequence[Music]], list[Music]]
        self.reconstruct_many: Callable[[Sequence[Music]], list[Music]]
        self.posterior_many: Callable[[Sequence[Music]], list[Any]]
        for task in facts["tasks"]:
            setattr(self, task, partial(self._in_portions, task))

    def generate_many(self, requests: Sequence[Request]) -> list[Music]:
        """A piece for each request."""
        return self._in_portions("generate_many", requests)

    def _in_portions(self, task: str, items: Sequence[Any]) -> list[Any]:
        portions = [items[start : start + AT_ONCE] for start in range(0, len(items), AT_ONCE)]
        with tqdm(total=len(items), desc=self.identity, unit="piece", mininterval=1) as bar:
            done = self._cluster.map(_work, portions, task, self._model, progress=partial(bar.update, AT_ONCE))
        return [item for portion in done for item in portion]


@lru_cache(1)
def _opened(name: str, data: str, run: str) -> Any:
    return open_model(name, Dataset.open(data))


def _facts(model: tuple[str, str, str]) -> dict[str, Any]:
    """What `Answerer` has to know of a model."""
    composer = _opened(*model)
    has = {
        "rebuild": hasattr(composer, "rebuild"),
        "reconstruct_many": hasattr(composer, "reconstruct"),
        "posterior_many": hasattr(getattr(composer, "codec", None), "posterior"),
    }
    return {
        "identity": composer.identity,
        "steers": getattr(composer, "steers", False),
        "roles": tuple(getattr(composer, "roles", ROLE_NAMES)),
        "tasks": [task for task, there in has.items() if there],
    }


def _work(items: Sequence[Any], task: str, model: tuple[str, str, str]) -> list[Any]:
    composer = _opened(*model)
    if task == "reconstruct_many":
        return [composer.reconstruct(piece) for piece in items]
    if task == "posterior_many":
        return [composer.codec.posterior(piece) for piece in items]
    return list(getattr(composer, task)(items))


__all__ = ["AT_ONCE", "Answerer", "open_model"]
