"""MusicVAE-small: sixteen bars of melody, bass and drums through one latent vector, after Roberts et al. (ICML 2018).

    python -m benchmarks.baselines.musicvae --data data --run runs/musicvae

Their trio: a bidirectional LSTM encoder; z of 512 numbers; a conductor LSTM that makes of z a vector a bar; for each
instrument a decoder LSTM that writes the sixteen steps of a bar from that vector, one token after the other; no bar
hears another but through the conductor. 256 free bits, beta 0.2, teacher forcing. Departures, to fit an hour on two
cores: one layer of 256 instead of two of 1024 (2048 in the encoder), and the encoder, too, goes bar by bar and then
over the bars, so that no loop is longer than sixteen steps. As the LSTM it is told style, mode and the place in the bar
(and the conductor the number of the bar). So that it can learn from all twelve transpositions and still play in the key
that is asked for, it is told the transposition too.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from benchmarks.baselines import LABELS, Baseline, label, silent
from benchmarks.baselines.grid import grid
from benchmarks.baselines.musicvae_net import BARS, LATENT, STEPS, WIDTH, Network, divergence
from benchmarks.baselines.training import Budget, Step, command, fit, load, windows
from benchmarks.baselines.trio import TRIO, Trio, has_trio, held_out
from musicgen import codec
from musicgen.corpus.dataset import Dataset
from musicgen.evaluation.reconstruction import onset_f1
from musicgen.music import Key, Music
from musicgen.request import Request
from musicgen.training.batches import SHIFTS

BATCH = 32
"""Windows a step."""
FREE_NATS, BETA = 256 * float(np.log(2)), 0.2
"""Information that z may carry at no cost, a window, and the price of a nat more."""
CONDITION = LABELS + len(SHIFTS)
MEASURED = 64
"""Validation windows that are measured whenever the run is saved."""
_AT_ONCE = 32


class MusicVAE(Baseline):
    """The network, its vocabulary and its sampler. Chords and pad stay silent: it knows no such instruments.

    Longer pieces are windows of sixteen bars whose z share half of their variance, shorter ones the beginning of one.
    """

    identity = "musicvae-small"
    roles = TRIO

    def __init__(self, trio: Trio, seed: int = 0, width: int = WIDTH) -> None:
        keras.utils.set_random_seed(seed)
        self.trio = trio
        self.network = Network(trio.sizes, width)
        empty = {"tokens": (STEPS, len(TRIO)), "condition": (CONDITION,), "noise": (LATENT,)}
        self.network({
            name: np.zeros((1, *shape), np.int32 if name == "tokens" else np.float32) for name, shape in empty.items()
        })  # fmt: skip
        self.steps = {"network": Step(self.network, self._objective, [self.network], 1e-3)}

    @classmethod
    def load(cls, run: Path) -> MusicVAE:
        model = cls(Trio.load(run))
        model.identity = f"musicvae-small, {load(model.steps, run)} steps"
        return model

    def _objective(self, batch: dict[str, Any], training: bool) -> Any:
        missed, divergence = self.network(batch)
        return ops.mean(missed + BETA * ops.relu(divergence - FREE_NATS)) / STEPS  # a sixteenth

    # --- composing ---

    def generate(self, request: Request) -> Music:
        return self.generate_many([request])[0]

    def generate_many(self, requests: Sequence[Request]) -> list[Music]:
        latents = []
        for request in requests:
            z = np.random.default_rng(request.seed).standard_normal((1 + -(-request.bars // BARS), LATENT))
            latents.append(z[1:] if len(z) == 2 else (z[:1] + z[1:]) / np.sqrt(2))
        return self._play(
            latents, [silent(request) for request in requests],
            [request.temperature for request in requests], [request.seed for request in requests],
        )  # fmt: skip

    def encode(self, music: Music) -> np.ndarray:
        """The mean of z of each sixteen bars of a piece, silence at the end included, shape (windows, 512)."""
        return self._posterior([music])[0]

    def decode(self, latents: np.ndarray, like: Music, temperature: float = 0.0, seed: int = 0) -> Music:
        """A piece from latents of shape (windows, 512), free running; tempo, key, style and programs as in `like`.

        Args:
            temperature: 0 takes the likeliest token of every step.
            seed: of what is drawn at other temperatures.
        """
        return self._play([latents], [like], [temperature], [seed])[0]

    def reconstruct(self, music: Music) -> Music:
        """The piece through the model and back: what z knows of its melody, bass and drums."""
        return self.reconstruct_many([music])[0]

    def reconstruct_many(self, pieces: Sequence[Music]) -> list[Music]:
        """`reconstruct` for each piece."""
        ends = np.cumsum([-(-music.bars // BARS) for music in pieces])[:-1]
        cold = [0] * len(pieces)
        return self._play(np.split(self._posterior(pieces)[0], ends), pieces, cold, cold)

    def _posterior(self, pieces: Sequence[Music]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of z of all windows of all pieces, each of shape (windows, 512)."""
        tokens, conditions = [], []
        for music in pieces:
            rows = codec.encode(music)
            for start in range(0, music.bars, BARS):
                inside = rows[(rows[:, 0] >= start) & (rows[:, 0] < start + BARS)] - [start, 0, 0, 0, 0, 0]
                tokens.append(self.trio.tokens(*grid(inside, BARS)))
                conditions.append(condition(music.style, music.key))
        mean, scale = self.network.encode(np.stack(tokens), np.stack(conditions))
        return ops.convert_to_numpy(mean), ops.convert_to_numpy(scale)

    def _play(
        self, latents: Sequence[np.ndarray], likes: Sequence[Music], temperatures: Sequence[float], seeds: Sequence[int]
    ) -> list[Music]:
        """A piece for each of the arguments, in calls of `_AT_ONCE` pieces."""
        pieces = []
        for start in range(0, len(likes), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            counts = [len(z) for z in latents[part]]
            conditions = [condition(like.style, like.key) for like in likes[part]]
            bars = self.network.conduct(
                np.concatenate(latents[part]).astype(np.float32), np.repeat(np.stack(conditions), counts, axis=0)
            )
            rngs = [np.random.default_rng([seed, 1]) for seed in seeds[part]]
            heat = np.repeat(np.array(temperatures[part], np.float32), counts)

            def choose(logits: np.ndarray, rngs: Any = rngs, counts: Any = counts, heat: Any = heat) -> Any:
                if not heat.any():
                    return logits.argmax(axis=-1)
                # the largest of logits with Gumbel noise is a draw from their softmax
                shape = (BARS, logits.shape[-1])
                noise = [rng.gumbel(size=(count, *shape)) for rng, count in zip(rngs, counts, strict=True)]
                noisy = logits.reshape(-1, *shape) + heat[:, None, None] * np.concatenate(noise)
                return noisy.argmax(axis=-1).reshape(-1)

            lines = [decoder.play(bars, choose).reshape(-1, STEPS) for decoder in self.network.decoders]
            tokens = np.stack(lines, axis=-1)
            for own, like in zip(np.split(tokens, np.cumsum(counts)[:-1]), likes[part], strict=True):
                pieces.append(self.trio.music(own.reshape(-1, len(TRIO)), like))
        return pieces


def train(dataset: Dataset, run: Path, budget: Budget, seed: int) -> None:
    if not (run / "kit.npy").exists():
        Trio.of(dataset).save(run)
    model = MusicVAE(Trio.load(run), seed)

    def batch(rng: np.random.Generator) -> dict[str, dict[str, np.ndarray]]:
        source = windows(dataset, BARS, rng, has_trio)
        tokens, conditions = [], []
        for _ in range(BATCH):
            begins, goes_on, piece = next(source)
            shift = int(rng.choice(SHIFTS))
            tokens.append(model.trio.transposed(model.trio.tokens(begins, goes_on), shift))
            conditions.append(condition(piece.style, Key.parse(piece.key), shift))
        noise = rng.standard_normal((BATCH, LATENT)).astype(np.float32)
        return {"network": {"tokens": np.stack(tokens), "condition": np.stack(conditions), "noise": noise}}

    pieces = [music for _, music in held_out(dataset, "valid", BARS, MEASURED)]
    fit(model.steps, batch, run, budget, partial(_measure, model, pieces))


def _measure(model: MusicVAE, pieces: Sequence[Music]) -> dict[str, float]:
    """Nats of z a window, and onset F1 of free-running copies of the pieces."""
    if not pieces:
        return {}
    mean, scale = model._posterior(pieces)
    both = list(zip(pieces, model.reconstruct_many(pieces), strict=True))
    return {"valid_nats": float(np.mean(divergence(mean, scale)))} | {
        f"valid_{role}_f1": float(np.mean([onset_f1(piece, copy, role) for piece, copy in both])) for role in TRIO
    }


def condition(style: str, key: Key, shift: int = 0) -> np.ndarray:
    """Label and transposition, float32, shape (`CONDITION`,)."""
    return np.concatenate([label(style, key), (shift == SHIFTS).astype(np.float32)])


if __name__ == "__main__":
    command("musicvae", __doc__, train)
