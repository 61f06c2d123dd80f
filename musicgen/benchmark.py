"""`python -m musicgen benchmark`: how fast this machine makes music, warm. Absolute times vary with the machine."""

from __future__ import annotations

import os
import platform
import time
from typing import Any

import numpy as np

from musicgen import __version__
from musicgen.compose import Studio
from musicgen.errors import RequestError
from musicgen.request import BAR_CHOICES, Request


def measure(model: str = "vae", rounds: int = 50) -> dict[str, Any]:
    """Milliseconds of the model for each length, and of a whole click (compose, write, render, encode as WAV).

    Args:
        model: as for `Studio.open`.
        rounds: pieces per figure, each with its own seed, 5 to 10,000.

    Raises:
        RequestError: rounds out of range.
    """
    if not 5 <= rounds <= 10_000:
        raise RequestError(f"rounds: expected 5 to 10000. Received: {rounds}.")
    started = time.perf_counter()
    studio = Studio.open(model)
    studio.composer.warm_up()
    report: dict[str, Any] = {
        "version": __version__,
        "model": studio.composer.identity,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "rounds": rounds,
        "open and warm up, s": round(time.perf_counter() - started, 2),
    }
    for bars in BAR_CHOICES:
        requests = [Request(bars=bars, tempo=120, seed=seed) for seed in range(rounds)]
        report[f"model, {bars} bars, ms"] = _timed(lambda r: studio.composer.generate(r), requests)
    if studio.composer.kind == "vae":
        from musicgen.models.arithmetic import arithmetic  # loads TensorFlow: not at import time

        report["arithmetic"] = arithmetic(studio.composer, report["model, 16 bars, ms"]["median"])
    requests = [Request(bars=16, tempo=120, seed=seed) for seed in range(max(5, rounds // 5))]
    if studio.renderer is not None:
        report["click to WAV, 16 bars at 120, ms"] = _timed(lambda r: studio.export(studio.make(r), "wav"), requests)
    else:
        report["click to WAV, 16 bars at 120, ms"] = studio.notice
    return report


def _timed(work: Any, inputs: list[Request]) -> dict[str, float]:
    work(inputs[0])
    times = []
    for value in inputs:
        started = time.perf_counter()
        work(value)
        times.append(1000 * (time.perf_counter() - started))
    p50, p95 = np.percentile(times, [50, 95])
    return {"median": round(float(p50), 1), "p95": round(float(p95), 1)}
