"""`VAEComposer`: the VAE, its prior and the codec, behind the `Composer` interface."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from musicgen import codec
from musicgen.errors import CheckpointError, MusicgenError
from musicgen.models.base import Composer
from musicgen.models.compiling import compiled
from musicgen.models.decoding import choose_onsets
from musicgen.models.prior import Prior, PriorConfig
from musicgen.models.vae import VAE, VAEConfig
from musicgen.models.weights import load_weights, save_weights
from musicgen.music import TICKS_PER_BAR, Music
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES, STYLE_BY_NAME, STYLE_NAMES

ROLES = len(ROLE_NAMES)
FORMAT = 1
_NOTE_ROOM = 2048
"""Notes per call of the compiled functions: more than sixteen full bars hold; longer lists go in several calls."""
TRIES = 4
"""Draws of a piece in which a requested role stays silent, as it does in some sixteen bars of real music too."""


class VAEComposer(Composer):
    """A `VAE` and a `Prior` that fit each other.

    Args:
        vae, prior: the networks.
        steps: steps of the flow when sampling.
        guidance: weight of the asked style, see `Prior.sample`.
        card: what else config.json should say (training data, metrics).
    """

    kind = "vae"

    def __init__(
        self, vae: VAE, prior: Prior, steps: int = 4, guidance: float = 1.5, card: dict[str, Any] | None = None
    ) -> None:
        if (vae.config.bars, vae.config.latent) != (prior.config.bars, prior.config.latent):
            raise CheckpointError("Expected a prior over the latents of this VAE. Received: one of another size.")
        self.vae, self.prior = vae, prior
        self.steps, self.guidance = steps, guidance
        self.card = card or {}
        self.identity = "vae-untrained"
        self.bars = vae.config.bars
        self._encode = compiled(lambda notes, bars, present: vae.encode(notes, bars, present)[0])
        self._decode = compiled(self._probabilities)
        self._classes = compiled(self._best_classes)
        self._sample = compiled(partial(prior.sample, steps=steps))

    # --- checkpoints ---

    @classmethod
    def from_pretrained(cls, folder: str | Path) -> VAEComposer:
        folder = Path(folder)
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            if config["model"] != cls.kind or config["format"] != FORMAT:
                raise CheckpointError(
                    f'Expected a "{cls.kind}" checkpoint of format {FORMAT}. '
                    f"Received: {config['model']!r}, {config['format']!r}."
                )
            if config["roles"] != list(ROLE_NAMES) or config["styles"] != list(STYLE_NAMES[: len(config["styles"])]):
                raise CheckpointError("Expected the roles and styles of this version. Received: others in config.json.")
            vae, prior = (
                VAE(VAEConfig(**config["vae"]), name="vae"),
                Prior(PriorConfig(**config["prior"]), name="prior"),
            )
            composer = cls(vae, prior, config["steps"], config["guidance"], config.get("card"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"Expected a config.json of a {cls.kind} in {folder}. Received: {type(error).__name__}: {error}."
            ) from None
        path = folder / "model.safetensors"
        load_weights([*vae.weights, *prior.weights], path)
        composer.identity = f"{cls.kind}-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
        return composer

    def save_pretrained(self, folder: str | Path) -> None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_weights([*self.vae.weights, *self.prior.weights], folder / "model.safetensors")
        config = {
            "model": self.kind, "format": FORMAT, "roles": list(ROLE_NAMES), "styles": list(STYLE_NAMES),
            "vae": self.vae.config.to_dict(), "prior": self.prior.config.to_dict(),
            "steps": self.steps, "guidance": self.guidance, "card": self.card,
        }  # fmt: skip
        temporary = folder / "config.json.tmp"
        temporary.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, folder / "config.json")

    # --- composing ---

    def generate(self, request: Request) -> Music:
        """A new piece; if a role that was asked for stays silent, the next of up to `TRIES` draws of the same seed."""
        like = blank(request)
        for attempt in range(TRIES):
            music = self.decode(self._latents(request, attempt), like)
            if all(track.notes for track in music.tracks):
                break
        return music

    def _latents(self, request: Request, attempt: int) -> np.ndarray:
        """Sampled latents for a request, shape (bars, roles, latent); the longest pieces in overlapping windows."""
        rng = np.random.default_rng([request.seed, attempt])
        half = self.bars // 2
        latents = np.zeros((0, ROLES, self.vae.config.latent), np.float32)
        while len(latents) < request.bars:
            given = min(len(latents), half)  # go on from the last bars that are there
            window = np.zeros((min(self.bars, request.bars - len(latents) + given), *latents.shape[1:]), np.float32)
            window[:given] = latents[len(latents) - given :]
            keep = np.zeros((len(window), ROLES), bool)
            keep[:given] = True
            window = self._flow(window, keep, 1.0, rng, request.roles, request.style, request.temperature)
            latents = np.concatenate([latents, window[given:]])
        return latents

    def resample(
        self, latents: np.ndarray, keep: np.ndarray, strength: float, seed: int, roles: Sequence[str], style: str
    ) -> np.ndarray:
        """As `Composer.resample`; windows overlap by half, so that a long piece goes on from what it has become."""
        rng = np.random.default_rng([seed, 0])
        result, known = np.array(latents, np.float32), np.array(keep, bool)
        half = self.bars // 2
        last = max(len(latents) - self.bars, 0)
        for start in [*range(0, last, half), last]:
            here = slice(start, start + self.bars)
            result[here] = self._flow(result[here], known[here], strength, rng, roles, style)
            known[here] = True
        return result

    def _flow(
        self,
        origin: np.ndarray,
        keep: np.ndarray,
        strength: float,
        rng: np.random.Generator,
        roles: Sequence[str],
        style: str,
        temperature: float = 1.0,
    ) -> np.ndarray:
        """One call of the prior on up to `self.bars` bars; see `Prior.sample`."""
        bars, latent = len(origin), self.vae.config.latent
        padded, mask = np.zeros((1, self.bars, ROLES, latent), np.float32), np.zeros((1, self.bars, ROLES), np.float32)
        padded[0, :bars], mask[0, :bars] = origin, keep
        noise = rng.standard_normal(padded.shape).astype(np.float32) * np.float32(temperature)
        sampled = self._sample(
            noise,
            padded,
            np.float32(1.0 - strength),
            mask,
            _bar_mask(bars, self.bars),
            _present(roles),
            _style(style),
            np.float32(self.guidance),
        )
        return sampled[0, :bars]

    def encode(self, music: Music) -> np.ndarray:
        rows = codec.encode(music)
        present = _present([track.role for track in music.tracks])
        result = []
        for start in range(0, music.bars, self.bars):
            bars = min(self.bars, music.bars - start)
            inside = rows[(rows[:, 0] >= start) & (rows[:, 0] < start + bars)]
            notes = np.zeros((_NOTE_ROOM, 6), np.int32)
            notes[:, 0] = -1
            inside = inside[:_NOTE_ROOM]
            notes[: len(inside), 0] = (inside[:, 0] - start) * ROLES + inside[:, 1]
            notes[: len(inside), 1:] = inside[:, 1:]
            result.append(self._encode(notes, _bar_mask(bars, self.bars), present)[0, :bars])
        return np.concatenate(result)

    def decode(self, latents: np.ndarray, like: Music) -> Music:
        latents = np.asarray(latents, np.float32)
        expected = (like.bars, ROLES, self.vae.config.latent)
        if latents.shape != expected:
            raise MusicgenError(f"Expected latents of shape {expected}. Received: {latents.shape}.")
        present, style = _present([track.role for track in like.tracks]), _style(like.style)
        tables = []
        for start in range(0, like.bars, self.bars):
            part = latents[start : start + self.bars]
            padded = np.zeros((1, self.bars, *latents.shape[1:]), np.float32)
            padded[0, : len(part)] = part
            bar_mask = _bar_mask(len(part), self.bars)
            probabilities, features = self._decode(padded, bar_mask, present, style)
            rows = choose_onsets(probabilities * present[0][:, None, None, None] * bar_mask[0][None, :, None, None])
            classes = self._note_classes(features, rows)
            tables.append(np.concatenate([rows[:, [1, 0, 2, 3]] + [start, 0, 0, 0], classes], axis=1))
        return codec.decode(np.concatenate(tables), like)

    def _note_classes(self, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Duration and velocity class of each row (role, bar, tick, pitch), shape (n, 2)."""
        result = []
        for start in range(0, len(rows), _NOTE_ROOM):
            chunk = rows[start : start + _NOTE_ROOM]
            padded = np.zeros((_NOTE_ROOM, 4), np.int32)
            padded[: len(chunk)] = chunk
            place = (padded[:, 0] * self.bars + padded[:, 1]) * TICKS_PER_BAR + padded[:, 2]
            result.append(self._classes(features, place.astype(np.int32), padded[:, 0], padded[:, 3])[: len(chunk)])
        return np.concatenate(result) if result else np.zeros((0, 2), np.int64)

    def _probabilities(self, latents: Any, bar_mask: Any, present: Any, style: Any) -> Any:
        logits, features = self.vae.decode(latents, bar_mask, present, style)
        return keras.ops.sigmoid(logits), features

    def _best_classes(self, features: Any, place: Any, role: Any, pitch: Any) -> Any:
        durations, velocities = self.vae.note_classes(features, place, role, pitch)
        best = [keras.ops.argmax(durations, axis=-1), keras.ops.argmax(velocities, axis=-1)]
        return keras.ops.stack(best, axis=-1)


def blank(request: Request) -> Music:
    """A silent piece with everything a request says except notes."""
    style = STYLE_BY_NAME[request.style]
    programs = [style.program(role) for role in ROLE_NAMES]
    tracks = codec.empty_tracks(programs, request.roles)
    assert request.tempo is not None and not isinstance(request.key, str)  # a Request fills both in
    return Music(tracks, request.bars, request.tempo, request.key, request.style)


def _present(roles: Sequence[str]) -> np.ndarray:
    return np.array([[role in roles for role in ROLE_NAMES]], np.float32)


def _style(name: str) -> np.ndarray:
    """Position in the style table; one past its end for a style that the model does not know."""
    return np.array([STYLE_NAMES.index(name) if name in STYLE_BY_NAME else len(STYLE_NAMES)], np.int32)


def _bar_mask(bars: int, room: int) -> np.ndarray:
    return (np.arange(room) < bars).astype(np.float32)[None]
