"""What a piece costs in arithmetic, beside what the machine can do."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np


def arithmetic(composer: Any, milliseconds: float) -> dict[str, float]:
    """What a piece of sixteen bars costs beside what this machine can do at most; goes into a card as "arithmetic".

    Counted are the matrix products of the flow, twice the network a step for guidance, and of the decoder; all else
    (the chords' network, attention's softmax, sampling) is left out.

    Args:
        composer: a `VAEComposer`, on TensorFlow.
        milliseconds: the median time of a piece.

    Returns:
        `parameters`, `gflop` a piece, `gflop_per_s` of these, `peak_gflop_per_s` of one large product in float32 in
        this process, and `share`, the third over the fourth.
    """
    vae, prior = composer.vae, composer.prior
    bars, roles, latent = vae.config.bars, prior.mean.shape[0], vae.config.latent
    two = np.zeros((2, bars, roles, latent), np.float32)
    here, present = np.ones((2, bars), np.float32), np.ones((2, roles), np.float32)
    asked = {
        "style": np.zeros(2, np.int32), "mode": np.zeros(2, np.int32),
        "attributes": np.zeros((2, prior.quantiles.shape[0], 2), np.float32),
        "chords": np.zeros((2, bars, 2), np.int32), "form": np.zeros((2, bars), np.int32),
        "metre": np.zeros(2, np.int32), "edge": np.zeros((2, bars), np.int32),
    }  # fmt: skip
    flow = products(prior.velocity, two, np.zeros(2, np.float32), two, two[..., 0], here, present, asked)
    decoder = products(vae.decode, two[:1], here[:1], present[:1], asked["style"][:1])
    count = composer.steps * flow + decoder
    reached, peak = 1e-9 * count / (1e-3 * milliseconds), _peak()
    return {
        "parameters": int(sum(np.prod(weight.shape) for weight in composer.weights)),
        "gflop": round(1e-9 * count, 3), "gflop_per_s": round(reached, 1), "peak_gflop_per_s": round(peak, 1),
        "share": round(reached / peak, 3),
    }  # fmt: skip


def products(function: Callable[..., Any], *inputs: Any) -> int:
    """Floating-point operations, a multiplication and an addition each, of the matrix products of a call.

    Counted on TensorFlow's graph of the function, which must have no loops.
    """
    import tensorflow as tf

    shapes = tf.nest.map_structure(lambda value: tf.TensorSpec(value.shape, value.dtype), inputs)
    graph = tf.function(function, autograph=False).get_concrete_function(*shapes).graph
    count = 0
    for operation in graph.get_operations():
        if operation.type in ("MatMul", "BatchMatMulV2"):
            turned = operation.get_attr("transpose_a" if operation.type == "MatMul" else "adj_x")
            summed = operation.inputs[0].shape[-2 if turned else -1]
            count += 2 * math.prod(operation.outputs[0].shape) * summed
        elif operation.type in ("Einsum", "Conv2D"):
            raise NotImplementedError(f"Expected matrix products alone. Received: {operation.type}.")
    return count


def _peak(size: int = 1536, rounds: int = 10) -> float:
    """The best of some products of two square matrices in float32, GFLOP/s."""
    import tensorflow as tf

    matrix = tf.random.stateless_normal((size, size), (0, 0))
    multiply = tf.function(lambda: tf.reduce_sum(matrix @ matrix))
    multiply().numpy()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        multiply().numpy()
        times.append(time.perf_counter() - started)
    return 2e-9 * size**3 / min(times)
