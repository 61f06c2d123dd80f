"""Samples at one loudness: loudness, a limiter, 16 bits; and tails wrapped round for loops. Arrays only."""

from __future__ import annotations

import numpy as np

LOUDNESS = -16.0
"""LUFS, integrated, as in ITU-R BS.1770-4."""
PEAK = 10 ** (-1 / 20)
"""The largest sample, as a part of full scale: -1 dBFS."""
SILENCE = 1e-4
"""What is below it, as a part of full scale before levelling, is not heard."""
_LIMITER_FRAMES = 221  # 5 ms


def gain_of(samples: np.ndarray, rate: int) -> float:
    """The factor that brings samples to LOUDNESS; 1 for silence, which stays silent.

    Args:
        samples: float32, shape (frames, 2), 1.0 is full scale, at least 0.4 s.
        rate: frames a second.
    """
    import pyloudnorm

    if float(np.abs(samples).max()) <= SILENCE:
        return 1.0
    with np.errstate(divide="ignore"):  # the meter takes the logarithm of silent blocks
        loudness = float(pyloudnorm.Meter(rate).integrated_loudness(samples))
    return float(10 ** ((LOUDNESS - loudness) / 20)) if np.isfinite(loudness) else 1.0


def finish(samples: np.ndarray, gain: float, loop: bool = False) -> np.ndarray:
    """Samples times a gain, peaks turned down to PEAK, as int16. Changes `samples`.

    Args:
        samples: float32, shape (frames, 2).
        gain: a factor.
        loop: the end is followed by the beginning, for the limiter too.
    """
    samples *= np.float32(gain)
    if float(np.abs(samples).max()) > PEAK:
        _limit(samples, "wrap" if loop else "reflect")
    samples *= np.float32(32767)
    return np.rint(samples, out=samples).astype(np.int16)


def wrapped(samples: np.ndarray, frames: int) -> np.ndarray:
    """What is heard of samples that begin again every `frames` frames: all that is later is added to the beginning.

    Args:
        samples: float32, shape (any number of frames, 2).
        frames: at least 1.
    """
    rounds = -(-len(samples) // frames)
    padded = np.zeros((rounds * frames, 2), np.float32)
    padded[: len(samples)] = samples
    return padded.reshape(rounds, frames, 2).sum(axis=0)


def _limit(samples: np.ndarray, edges: str) -> None:
    """Turn peaks down to PEAK, in place, smoothly and ahead of time, both sides alike.

    The gain at a frame is the mean over a window of minima over that window, each of which sees the frame: so it is
    never above what the frame needs.
    """
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    size = np.abs(samples).max(axis=1)
    loud = np.flatnonzero(size > PEAK)
    reach = 2 * _LIMITER_FRAMES
    if edges == "wrap" and (loud[0] < reach or loud[-1] >= len(size) - reach):
        stretches = [(0, len(size))]  # what is turned down goes on across the seam
    else:
        apart = np.flatnonzero(np.diff(loud) > 2 * reach)  # between them nothing is turned down: nothing to reckon
        firsts, lasts = loud[np.r_[0, apart + 1]], loud[np.r_[apart, -1]]
        stretches = [(max(a - reach, 0), b + reach + 1) for a, b in zip(firsts.tolist(), lasts.tolist(), strict=True)]
    for start, stop in stretches:
        needed = np.minimum(np.float32(1), np.float32(PEAK) / np.maximum(size[start:stop], np.float32(1e-9)))
        lowest = minimum_filter1d(needed, _LIMITER_FRAMES, mode=edges)
        samples[start:stop] *= uniform_filter1d(lowest, _LIMITER_FRAMES, mode=edges)[:, None]
    np.clip(samples, -PEAK, PEAK, out=samples)  # rounding only
