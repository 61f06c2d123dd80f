"""The style of some pieces as a vector, without training: where in the latent space each of their roles is.

`lean` moves a piece there, and lets the model settle it: the roles are moved each by itself, and what they have to do
with one another, such as the melody's notes with the chords', comes back by going through the prior a part of the way.
What that is worth is in docs/experiments/own-music.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musicgen.errors import RequestError
from musicgen.models.base import Composer
from musicgen.music import MAX_BARS, Music
from musicgen.roles import ROLE_NAMES

SETTLE = 0.3
"""Strength of the way through the prior, see `Composer.resample`."""


def playing(music: Music) -> np.ndarray:
    """The cells in which notes begin, bool, shape (bars, roles)."""
    cells = np.zeros((music.bars, len(ROLE_NAMES)), bool)
    for place, role in enumerate(ROLE_NAMES):
        cells[[note.onset // music.ticks_per_bar for note in music.notes(role)], place] = True
    return cells


def style_vector(composer: Composer, pieces: Sequence[Music]) -> np.ndarray:
    """The mean latent of each role over all bars in which it plays, float32, shape (roles, latent size).

    Of the roles that play in at least half of the pieces; NaN for the others.

    Raises:
        RequestError: no pieces, or pieces without notes.
    """
    heard = [playing(piece) for piece in pieces]
    shared = np.mean([cells.any(axis=0) for cells in heard], axis=0) >= 0.5 if heard else np.zeros(0, bool)
    if not shared.any():
        raise RequestError("Expected pieces that have a role in common. Received: none.")
    codes = np.concatenate([composer.encode(piece) for piece in pieces])
    cells = np.concatenate(heard)
    vector = np.full(codes.shape[1:], np.nan, np.float32)
    for role in np.flatnonzero(shared):
        vector[role] = codes[cells[:, role], role].mean(axis=0)
    return vector


def towards(latents: np.ndarray, cells: np.ndarray, vector: np.ndarray, strength: float) -> np.ndarray:
    """Latents, shape (bars, roles, latent size), the mean of each role over its `cells` moved towards a vector."""
    result = np.array(latents)
    for role in np.flatnonzero(cells.any(axis=0) & np.isfinite(vector).all(axis=1)):
        here = cells[:, role]
        result[here, role] += strength * (vector[role] - latents[here, role].mean(axis=0))
    return result


def lean(composer: Composer, music: Music, vector: np.ndarray, strength: float, seed: int = 0) -> Music:
    """The piece moved towards a style.

    Args:
        music: any piece of at most `MAX_BARS` bars.
        vector: as `style_vector` gives it; roles that it says nothing of stay where they are.
        strength: 0 (as it is) to 1 (the means of its roles are those of the vector).
        seed: of the way through the prior.

    Raises:
        RequestError: a piece that is too long, or a vector of another model.
    """
    if music.bars > MAX_BARS:
        raise RequestError(f"Expected a piece of at most {MAX_BARS} bars. Received: {music.bars}.")
    if strength == 0:
        return music
    latents, cells = composer.encode(music), playing(music)
    if vector.shape != latents.shape[1:]:
        raise RequestError("vector: expected a style of this model. Received: that of another one.")
    moved = towards(latents, cells, vector, strength)
    roles = [track.role for track in music.tracks]
    settled = composer.resample(moved, np.zeros_like(cells), SETTLE, seed, roles, music.style)
    return composer.decode(settled, music)
