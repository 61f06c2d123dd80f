"""Functions of arrays, compiled by whichever backend Keras runs on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of arrays and dictionaries of them, compiled by the backend in use; numpy in, numpy out."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        fast = tf.function(function, autograph=False)
    elif backend == "jax":
        import jax

        fast = jax.jit(function)
    else:
        fast = function

    def call(*inputs: Any) -> Any:
        outputs = fast(*keras.tree.map_structure(keras.ops.convert_to_tensor, inputs))
        return keras.tree.map_structure(keras.ops.convert_to_numpy, outputs)

    return call
