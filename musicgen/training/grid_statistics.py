"""Grids of latents that were made, beside those of songs: how near, how varied, and do themes return?"""

from __future__ import annotations

import numpy as np

_NEIGHBOURS = 5


def compare_grids(made: np.ndarray, real: np.ndarray, letter: np.ndarray, exists: np.ndarray) -> dict[str, float]:
    """Statistics of grids made for the plans of real windows.

    Args:
        made, real: normalised latents, shape (windows, bars, roles, latent), 0 where nothing plays.
        letter: section letter of each bar, shape (windows, bars), -1 where the plan leaves it open.
        exists: which cells are, shape (windows, bars, roles).

    Returns:
        mean_gap: root mean square, over latent numbers, of the difference of means; in standard deviations.
        spread: square root of the ratio of total variances, mean over roles, 1 as in songs.
        frechet: Fréchet distance between normal distributions of bars (Heusel et al. 2017), over its value between
            halves of the real windows.
        pairwise: mean distance between pairs of windows, over that of real ones; below 1 they are too much alike.
        nearest: mean distance from a made window to the nearest real one, over that from real to other real ones.
        coverage: share of real windows with a made one within their fifth neighbour's distance (Naeem et al. 2020).
        same_made, same_real: cosine similarity of bars with the same letter and place in their section.
        other_made, other_real: of bars with other letters and the same place.
    """
    result = _moments(made, real, exists)
    half = np.arange(len(real)) % 2 == 0
    bars_real, bars_made = (grid.reshape(-1, grid.shape[2] * grid.shape[3]) for grid in (real, made))
    rows = np.repeat(half, real.shape[1])
    floor = frechet(bars_real[rows], bars_real[~rows])
    result["frechet"] = frechet(bars_made, bars_real) / max(floor, 1e-9)
    flat_made, flat_real = made.reshape(len(made), -1), real.reshape(len(real), -1)
    between, within_real, within_made = (
        _distances(flat_made, flat_real), _distances(flat_real, flat_real), _distances(flat_made, flat_made)
    )  # fmt: skip
    pairs = np.triu_indices(len(real), 1)
    np.fill_diagonal(within_real, np.inf)
    result["pairwise"] = float(within_made[pairs].mean() / within_real[pairs].mean())
    # a made window shares its plan with one real window, and is to be no nearer to it than real ones are to each other
    result["nearest"] = float(between.min(axis=1).mean() / within_real.min(axis=1).mean())
    radius = np.sort(within_real, axis=1)[:, min(_NEIGHBOURS, len(real) - 1) - 1]
    result["coverage"] = float((between.min(axis=0) <= radius).mean())
    for name, grid in (("made", made), ("real", real)):
        result[f"same_{name}"], result[f"other_{name}"] = _returns(grid, letter)
    return result


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Squared Fréchet distance of normal distributions fitted to rows, shapes (n, size) and (m, size)."""
    mean = float(np.square(a.mean(axis=0) - b.mean(axis=0)).sum())
    first, second = np.cov(a.T), np.cov(b.T)
    values, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum()
    return mean + float(np.trace(first) + np.trace(second) - 2 * cross)


def _moments(made: np.ndarray, real: np.ndarray, exists: np.ndarray) -> dict[str, float]:
    gaps, ratios = [], []
    for role in np.flatnonzero(exists.any(axis=(0, 1))):
        here = exists[:, :, role].astype(bool)
        a, b = made[:, :, role][here], real[:, :, role][here]
        gaps.append(np.square(a.mean(axis=0) - b.mean(axis=0)))
        # not number by number: those that the VAE leaves unused hardly move in songs, and what moves them is not heard
        ratios.append(np.sqrt(a.var(axis=0).sum() / max(b.var(axis=0).sum(), 1e-9)))
    return {"mean_gap": float(np.sqrt(np.mean(gaps))), "spread": float(np.mean(ratios))}


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    squares = np.square(a).sum(axis=1)[:, None] + np.square(b).sum(axis=1)[None] - 2 * a @ b.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)))


def _returns(grid: np.ndarray, letter: np.ndarray, section: int = 4) -> tuple[float, float]:
    """Mean cosine similarity of bars at the same place of sections with the same letter, and with other letters."""
    bars = grid.shape[1]
    flat = grid.reshape(*grid.shape[:2], -1)
    unit = flat / np.maximum(np.linalg.norm(flat, axis=-1, keepdims=True), 1e-9)
    cosine = unit @ unit.transpose(0, 2, 1)
    place = np.arange(bars) % section
    aligned = np.triu(place[:, None] == place[None], 1)[None] & (letter >= 0)[:, :, None] & (letter >= 0)[:, None]
    same = letter[:, :, None] == letter[:, None]
    means = [cosine[aligned & kind] for kind in (same, ~same)]
    return tuple(float(values.mean()) if len(values) else float("nan") for values in means)  # type: ignore[return-value]
