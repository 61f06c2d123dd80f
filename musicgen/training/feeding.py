"""Batches made by several processes at once, for an accelerator that one process cannot feed."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from musicgen.corpus.dataset import Dataset
from musicgen.training.batches import Windows
from musicgen.training.runs import SOURCE_WEIGHTS

AT_ONCE = 10
"""Batches that a process makes before it hands them over."""


def fed(data: Path, size: int, bars: int, seed: int, processes: int) -> Iterator[tuple[dict[str, np.ndarray]]]:
    """Batches of `Windows` of training songs, drawn for ever; the same whatever the number of processes."""
    # not a multiprocessing.Pool: to end one while it works can wait for ever, and so does one that lost a process
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))
    try:
        made = deque(pool.submit(_make, data, size, bars, seed, part) for part in range(2 * processes))
        part = len(made)
        while True:
            batches = made.popleft().result()
            made.append(pool.submit(_make, data, size, bars, seed, part))
            part += 1
            for batch in batches:
                batch["onsets"] = np.unpackbits(batch["onsets"], axis=-1)
                yield (batch,)
    finally:
        pool.shutdown(cancel_futures=True)


def _make(data: Path, size: int, bars: int, seed: int, part: int) -> list[dict[str, np.ndarray]]:
    """A part of the batches; onsets a bit each, as they pass from one process to another."""
    windows = Windows(_open(data), "train", size, bars, weights=SOURCE_WEIGHTS, seed=(seed, part))
    batches = []
    for _, (batch,) in zip(range(AT_ONCE), windows, strict=False):
        batch["onsets"] = np.packbits(batch["onsets"], axis=-1)
        batches.append(batch)
    return batches


@cache
def _open(data: Path) -> Dataset:
    return Dataset.open(data)
