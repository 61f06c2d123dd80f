"""Sixteen bars from the GAN that ships, beside a convolutional generator of MuseGAN's size, in one run.

    python -m benchmarks.generators --model gan --rounds 100

The convolutional one has the layers that MuseGAN's third version lists (github.com/salu133445/musegan, default
generator: noise 128, three shared transposed convolutions in three dimensions, two orders of pitch and time for each of
five tracks; 48 steps a bar, 84 pitches; 2.6 M weights), here untrained, as its weights do not change how long it takes.
It is given its four phrases of four bars at once, runs as a graph of TensorFlow's, in which it is 80 times as fast as
compiled with XLA, and is stopped at its grid of chances; ours is timed from the request to the notes. Both in turn, so
that what else the machine does hits both.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from musicgen import load
from musicgen.request import Request

NOISE, TRACKS, PHRASES = 128, 5, 4


def conv_generator() -> keras.Model:
    """Noise, shape (phrases, 128), to chances, shape (phrases, 4 bars, 48 steps, 84 pitches, 5 tracks)."""
    noise = layers.Input([NOISE])
    shared = ops.reshape(noise, [-1, 1, 1, 1, NOISE])
    for width, kernel, stride in (
        (512, (4, 1, 1), (4, 1, 1)),
        (256, (1, 4, 3), (1, 4, 3)),
        (128, (1, 4, 3), (1, 4, 2)),
    ):
        shared = _grown(shared, width, kernel, stride)
    tracks = []
    for _ in range(TRACKS):
        pitch_first = _grown(_grown(shared, 32, (1, 1, 12), (1, 1, 12)), 16, (1, 3, 1), (1, 3, 1))
        time_first = _grown(_grown(shared, 32, (1, 3, 1), (1, 3, 1)), 16, (1, 1, 12), (1, 1, 12))
        both = layers.Concatenate()([pitch_first, time_first])
        tracks.append(layers.BatchNormalization()(layers.Conv3D(1, 1, use_bias=False)(both)))
    return keras.Model(noise, ops.sigmoid(layers.Concatenate()(tracks)))


def _grown(x: object, width: int, kernel: tuple[int, int, int], stride: tuple[int, int, int]) -> object:
    x = layers.Conv3DTranspose(width, kernel, stride, "valid", use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization()(x))


def compare(model: str, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of every round, by name."""
    composer = load(model)
    composer.warm_up()
    network = conv_generator()
    conv = tf.function(lambda noise: network(noise, training=False), autograph=False)
    rng = np.random.default_rng(0)
    works: dict[str, Callable[[int], object]] = {
        composer.identity: lambda seed: composer.generate(Request(bars=4 * PHRASES, seed=seed)),
        f"convolutional, {network.count_params() / 1e6:.1f} M": lambda seed: conv(
            tf.constant(rng.standard_normal((PHRASES, NOISE)), tf.float32)
        ).numpy(),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for seed in range(rounds + 3):
        for name, work in works.items():
            started = time.perf_counter()
            work(seed)
            if seed >= 3:
                times[name].append(1000 * (time.perf_counter() - started))
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="gan")
    parser.add_argument("--rounds", type=int, default=100)
    options = parser.parse_args()
    times = compare(options.model, options.rounds)
    for name, values in times.items():
        median, high = np.percentile(values, [50, 95])
        print(f"{name:24} 16 bars: median {median:6.1f} ms, 95 % {high:6.1f} ms")
    ours, theirs = (np.array(values) for values in times.values())
    faster, ratio = np.mean(ours < theirs), np.median(theirs / ours)
    print(f"ours is the faster one in {faster:.0%} of the rounds; median ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
