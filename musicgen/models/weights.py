"""Weights on disk: safetensors, loaded strictly. No pickle, no code, nothing guessed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from musicgen.errors import CheckpointError


def save_weights(variables: Iterable[Any], path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write Keras variables by their paths, as float16: written to a temporary name, then renamed.

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
    temporary = path.with_name(path.name + ".tmp")
    save_file(tensors, temporary, metadata=metadata)
    temporary.chmod(0o644)  # safetensors makes it private, which a server under another user could not read
    os.replace(temporary, path)


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
    variables = list(variables)
    wanted = {variable.path: variable for variable in variables}
    missing, unknown = sorted(set(wanted) - set(tensors)), sorted(set(tensors) - set(wanted))
    if missing or unknown:
        what = f"{missing[0]} is missing" if missing else f"{unknown[0]} is unknown"
        raise CheckpointError(f"Expected the tensors of this network in {path.name}. Received: a file where {what}.")
    for name, variable in wanted.items():
        tensor = tensors[name]
        if tensor.shape != tuple(variable.shape) or tensor.dtype not in (np.float16, np.float32):
            raise CheckpointError(
                f"Expected {name} of shape {tuple(variable.shape)}, float16 or float32. "
                f"Received: {tensor.shape}, {tensor.dtype}."
            )
        if not np.isfinite(tensor).all():
            raise CheckpointError(f"Expected finite numbers in {name}. Received: some that are not.")
        variable.assign(tensor.astype(np.float32))
