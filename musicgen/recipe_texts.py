"""The arrays of a recipe as text, so that it stays plain values: masks of cells, and vectors of style."""

from __future__ import annotations

import base64

import numpy as np

from musicgen.errors import RequestError
from musicgen.roles import ROLE_NAMES

MAX_VECTOR = 2000
"""Longest text of a style vector: 150 numbers for each role."""
_FARTHEST = 100.0
"""Largest number in a style vector, some thirty times what a piece has; a hostile file could hold any."""


def mask_text(cells: np.ndarray) -> str:
    """A mask of cells, bool, shape (bars, roles), as hexadecimal digits, bar after bar; "" if none is set."""
    cells = np.asarray(cells, bool)
    return np.packbits(cells).tobytes().hex() if cells.any() else ""


def read_mask(text: str, bars: int) -> np.ndarray:
    """The inverse of `mask_text` for a piece of so many bars.

    Raises:
        RequestError: the text is not that of a mask of so many bars.
    """
    count = bars * len(ROLE_NAMES)
    if not text:
        return np.zeros((bars, len(ROLE_NAMES)), bool)
    try:
        bits = np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8))
    except ValueError:
        bits = np.zeros(0, np.uint8)
    if len(bits) != -(-count // 8) * 8:
        raise RequestError(f"keep: expected a mask of {bars} bars and {len(ROLE_NAMES)} roles. Received: another.")
    return bits[:count].reshape(bars, len(ROLE_NAMES)).astype(bool)


def vector_text(vector: np.ndarray) -> str:
    """A style vector, shape (roles, latent size), NaN for a role that it says nothing of, as base64 of float16."""
    return base64.b64encode(np.asarray(vector, "<f2").tobytes()).decode()


def read_vector(text: object) -> np.ndarray:
    """The inverse of `vector_text`, float32.

    Raises:
        RequestError: the text is not that of a vector for five roles, or one of a role that is half there.
    """
    wrong = RequestError("vector: expected the style of some pieces, as text. Received: something else.")
    if not isinstance(text, str) or not 0 < len(text) <= MAX_VECTOR:
        raise wrong
    try:
        vector = np.frombuffer(base64.b64decode(text, validate=True), "<f2").reshape(len(ROLE_NAMES), -1)
    except ValueError:
        raise wrong from None
    said = np.isfinite(vector)
    if (said.any(axis=1) != said.all(axis=1)).any() or (np.abs(vector[said]) > _FARTHEST).any():
        raise wrong
    return vector.astype(np.float32)
