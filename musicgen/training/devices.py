"""Training on several devices at once: each has all the weights and a share of every batch.

Keras' own data parallelism, on the JAX backend: a step stays one program over whole batches, which XLA divides among
the devices, so that sums over all notes and cells are those of one device, and so are the weights that come out.
`tf.distribute` would be another computation: each of its replicas would divide by the cells of its own share, and
`train_on_batch` hands every replica the whole batch (docs/decisions.md, D5).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
from keras.distribution import DataParallel, TensorLayout, list_devices

from musicgen.errors import MusicgenError


def accelerator() -> str | None:
    """The kind of device that JAX trains on, if it is no processor; other backends are not asked for theirs."""
    if keras.backend.backend() != "jax":
        return None
    import jax

    return None if jax.default_backend() == "cpu" else str(jax.devices()[0].device_kind)


def hardware() -> str:
    """What training runs on, as a card says it."""
    kind = accelerator()
    return f"{os.cpu_count()} CPU cores" if kind is None else f"one {kind}"


class Shares(DataParallel):
    """Data parallelism for batches whose arrays do not all begin with the windows.

    The table of notes begins with notes and that of onsets with roles (see `VAE`), so an array is divided along the
    first axis that has equal shares for all devices, and is whole on each of them if there is none. Where it is
    divided changes what the devices tell each other, not what is computed.
    """

    def get_data_layout(self, data_shape: Sequence[int]) -> TensorLayout:
        axes: list[str | None] = [None] * len(data_shape)
        for axis, size in enumerate(data_shape):
            if size and size % self.num_model_replicas == 0:
                axes[axis] = self.batch_dim_name
                break
        return TensorLayout(axes, self.device_mesh)


@contextmanager
def on_devices(count: int | None, windows: Sequence[int]) -> Iterator[int]:
    """Networks that are built and trained inside have `count` devices, which is also what it gives.

    Args:
        count: how many; None for as many as there are and divide the windows. On other backends than JAX that is one.
        windows: windows a step of each phase of training.

    Raises:
        MusicgenError: there are not so many devices, the windows cannot be divided among them, or the backend is
            another than JAX.
    """
    there: list[Any] = list_devices() if keras.backend.backend() == "jax" else [None]
    if count is None:
        count = next(n for n in range(len(there), 0, -1) if not any(size % n for size in windows))
    if not 1 <= count <= len(there):
        hint = "" if keras.backend.backend() == "jax" else "; more need KERAS_BACKEND=jax"
        raise MusicgenError(f"--devices: expected 1 to {len(there)}, which are there{hint}. Received: {count}.")
    if any(size % count for size in windows):
        each = ", ".join(map(str, windows))
        raise MusicgenError(
            f"--devices: expected a number that divides the windows of a step, {each}. Received: {count}."
        )
    if count == 1:
        yield 1
        return
    with Shares(devices=there[:count]).scope():
        yield count
