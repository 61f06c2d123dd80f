"""Weights on disk: safetensors, loaded strictly. No pickle, no code, nothing guessed. int8: docs/decisions.md, D45."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from musicgen.errors import CheckpointError

EIGHT_BIT_FROM = 2**16
"""Size of the matrices that checkpoints store in 8 bits: onset F1 of reconstruction stays the same to .0005 for every
role."""
SCALE = ":scale"
"""What follows a tensor's name in the name of the scales of its rows."""


def save_weights(
    variables: Iterable[Any], path: Path, metadata: dict[str, str] | None = None, eight_bit_from: int | None = None
) -> None:
    """Write Keras variables by their paths, as float16: written to a temporary name, then renamed.

    Args:
        eight_bit_from: store matrices of at least this many numbers as int8 with a scale a row, see `to_int8`.

    Raises:
        CheckpointError: a value does not fit float16.
    """
    tensors = {}
    for variable in variables:
        value = np.asarray(variable.numpy() if hasattr(variable, "numpy") else variable.value)
        half = value.astype(np.float16)
        if not np.isfinite(half).all():
            raise CheckpointError(f"Expected weights that fit float16. Received: {variable.path} up to {value.max()}.")
        tensors[variable.path] = half
        if eight_bit_from is not None and value.ndim > 1 and value.size >= eight_bit_from:
            tensors[variable.path], tensors[variable.path + SCALE] = to_int8(value)
    temporary = path.with_name(path.name + ".tmp")
    save_file(tensors, temporary, metadata=metadata)
    temporary.chmod(0o644)  # safetensors makes it private, which a server under another user could not read
    os.replace(temporary, path)


def to_int8(value: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers from -127 to 127, and a scale for each row (last axis), float32, whose product is the value.

    A scale has ten bits, so that its products are exact: what was stored and loaded is stored as the same bytes again.
    """
    share, exponent = np.frexp(np.abs(value).max(axis=-1, keepdims=True) / 127)
    scale = np.ldexp(np.ceil(share * 2**10) / 2**10, exponent).astype(np.float32)
    scale = np.maximum(scale, np.float32(2.0**-100))  # of a row of zeros too
    return np.rint(value / scale).astype(np.int8), scale


def load_weights(variables: Iterable[Any], path: Path) -> None:
    """Assign the tensors of a file to Keras variables; names, shapes and kinds must match exactly.

    Raises:
        CheckpointError: the file is missing or damaged, a tensor is missing or unknown, or has another shape,
            another type or values that are not numbers.
    """
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError, ValueError) as error:
        raise CheckpointError(f"Expected a safetensors file. Received: {path.name} ({type(error).__name__}).") from None
    wanted = {variable.path: variable for variable in variables}
    shapes: dict[str, tuple[tuple[int, ...], tuple[str, ...]]] = {
        name: (tuple(variable.shape), ("float16", "float32", "int8")) for name, variable in wanted.items()
    }
    for name in wanted.keys() & tensors.keys():
        if tensors[name].dtype == np.int8:
            shapes[name + SCALE] = (*shapes[name][0][:-1], 1), ("float32",)
    missing, unknown = sorted(set(shapes) - set(tensors)), sorted(set(tensors) - set(shapes))
    if missing or unknown:
        what = f"{missing[0]} is missing" if missing else f"{unknown[0]} is unknown"
        raise CheckpointError(f"Expected the tensors of this network in {path.name}. Received: a file where {what}.")
    for name, (shape, kinds) in shapes.items():
        tensor = tensors[name]
        if tensor.shape != shape or tensor.dtype.name not in kinds:
            raise CheckpointError(
                f"Expected {name} of shape {shape}, {' or '.join(kinds)}. Received: {tensor.shape}, {tensor.dtype}."
            )
        if not np.isfinite(tensor).all():
            raise CheckpointError(f"Expected finite numbers in {name}. Received: some that are not.")
    for name, variable in wanted.items():
        variable.assign(tensors[name].astype(np.float32) * tensors.get(name + SCALE, np.float32(1)))
