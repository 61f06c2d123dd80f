"""Functions of arrays, compiled by whichever backend Keras runs on."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import keras


def jit_compiled() -> bool:
    """Whether Keras shall compile a step of training with XLA: it does not pay on TensorFlow (docs/decisions.md, D4),
    and JAX without it runs operation by operation."""
    return bool(keras.backend.backend() == "jax")


def compiled(function: Callable[..., Any], learning: keras.Model | None = None) -> Callable[..., Any]:
    """A function of arrays and dictionaries of them, compiled by the backend in use; numpy in, numpy out.

    TensorFlow compiles it with XLA: the networks here are many small operations, which it joins, so that they take .4
    to .85 of the time; transposed convolutions would take 80 times as long (docs/decisions.md, D31).

    Args:
        learning: a network that the function uses and whose weights change between calls; JAX takes all others for
            constants.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        fast = tf.function(function, autograph=False, jit_compile=_has_xla())
    elif backend == "jax":
        import jax

        variables = learning.weights if learning is not None else []

        @jax.jit
        def stateless(values: Any, *inputs: Any) -> Any:
            with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
                return function(*inputs)

        def fast(*inputs: Any) -> Any:
            return stateless([variable.value for variable in variables], *inputs)
    else:
        fast = function

    def call(*inputs: Any) -> Any:
        outputs = fast(*keras.tree.map_structure(keras.ops.convert_to_tensor, inputs))
        return keras.tree.map_structure(keras.ops.convert_to_numpy, outputs)

    return call


@cache
def _has_xla() -> bool:
    """Whether this TensorFlow has XLA for its device: not every build for other systems than Linux has."""
    import tensorflow as tf

    try:
        tf.function(lambda: tf.zeros(2) + tf.ones(2), jit_compile=True)()
    except tf.errors.OpError:
        return False
    return True
