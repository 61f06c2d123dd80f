"""`VAEComposer`: the VAE, its prior and the codec, behind the `Composer` interface."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from musicgen import codec
from musicgen.attributes import ATTRIBUTES, measure
from musicgen.errors import CheckpointError, MusicgenError
from musicgen.models.aiming import aim
from musicgen.models.asking import Asked, style_code
from musicgen.models.base import Composer
from musicgen.models.compiling import compiled
from musicgen.models.decoding import choose_onsets
from musicgen.models.prior import Prior, PriorConfig
from musicgen.models.progression import Progression, ProgressionConfig
from musicgen.models.themes import Themes
from musicgen.models.vae import VAE, VAEConfig
from musicgen.models.weights import load_weights, save_weights
from musicgen.music import MODES, TICKS_PER_BAR, Music
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES, STYLE_BY_NAME, STYLE_NAMES

ROLES = len(ROLE_NAMES)
FORMAT = 1
_NOTE_ROOM = 2048
"""Notes per call of the compiled functions, more than all but one in two thousand windows hold."""
_MOST_NOTES = 8192
"""Most notes of a window that is encoded: four times as many as the fullest one of the corpus has."""
_HARMONY = 1.25
"""Temperature of the chords for each degree of the notes': at the usual .8 they come as they were learned."""
TRIES = 4
"""Draws of a piece in which a requested role stays silent, as it does in some sixteen bars of real music too."""


class VAEComposer(Composer):
    """A `VAE` and a `Prior` that fit each other.

    Args:
        vae, prior, progression: the networks.
        steps: steps of the flow when sampling.
        guidance: weight of the asked style, see `Prior.sample`.
        card: what else config.json should say (training data, metrics).
    """

    kind = "vae"
    steers = True

    def __init__(
        self, vae: VAE, prior: Prior, progression: Progression, steps: int = 4, guidance: float = 1.5,
        card: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        if (vae.config.bars, vae.config.latent) != (prior.config.bars, prior.config.latent):
            raise CheckpointError("Expected a prior over the latents of this VAE. Received: one of another size.")
        self.vae, self.prior, self.progression = vae, prior, progression
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
            vae = VAE(VAEConfig(**config["vae"]), name="vae")
            prior = Prior(PriorConfig(**config["prior"]), name="prior")
            progression = Progression(ProgressionConfig(**config["progression"]), name="progression")
            composer = cls(vae, prior, progression, config["steps"], config["guidance"], config.get("card"))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CheckpointError(
                f"Expected a config.json of a {cls.kind} in {folder}. Received: {type(error).__name__}: {error}."
            ) from None
        path = folder / "model.safetensors"
        load_weights(composer.weights, path)
        composer.identity = f"{cls.kind}-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
        return composer

    def save_pretrained(self, folder: str | Path) -> None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_weights(self.weights, folder / "model.safetensors")
        config = {
            "model": self.kind, "format": FORMAT, "roles": list(ROLE_NAMES), "styles": list(STYLE_NAMES),
            "vae": self.vae.config.to_dict(), "prior": self.prior.config.to_dict(),
            "progression": self.progression.config.to_dict(),
            "steps": self.steps, "guidance": self.guidance, "card": self.card,
        }  # fmt: skip
        temporary = folder / "config.json.tmp"
        temporary.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        os.replace(temporary, folder / "config.json")

    @property
    def weights(self) -> list[Any]:
        return [*self.vae.weights, *self.prior.weights, *self.progression.weights]

    # --- composing ---

    def generate(self, request: Request) -> Music:
        """A new piece; if a role that was asked for stays silent, the next of up to `TRIES` draws of the same seed."""
        like = blank(request)
        for attempt in range(TRIES):
            music = self._aimed(self._latents(request, attempt), like, request.attributes)
            if all(track.notes for track in music.tracks):
                break
        return music

    def _aimed(self, latents: np.ndarray, like: Music, targets: Mapping[str, float]) -> Music:
        """The piece, its latents moved so that it has the attributes asked for, as nearly as `aim` comes."""
        asked = [i for i, name in enumerate(ATTRIBUTES) if name in targets]
        if not asked:
            return self.decode(latents, like)
        directions = np.asarray(self.prior.directions)[asked] * np.asarray(self.prior.scale)
        made: dict[bytes, Music] = {}

        def at(steps: np.ndarray) -> Music:
            if steps.tobytes() not in made:
                moved = latents + np.tensordot(steps.astype(np.float32), directions, axes=1)
                made[steps.tobytes()] = self.decode(moved, like)
            return made[steps.tobytes()]

        def levels(values: Mapping[str, float]) -> np.ndarray:
            return self.prior.levels(np.array([values.get(name, np.nan) for name in ATTRIBUTES]))[asked]

        return at(aim(lambda steps: levels(measure(at(steps))), levels(targets)))

    def _latents(self, request: Request, attempt: int) -> np.ndarray:
        """Sampled latents for a request, shape (bars, roles, latent); the longest pieces in overlapping windows."""
        rng = np.random.default_rng([request.seed, attempt])
        themes = Themes(request.sections, request.bars, (ROLES, self.vae.config.latent))

        def harmony(style: str, mode: str) -> np.ndarray:
            place = int(style_code(style)[0]), MODES.index(mode)
            temperature = _HARMONY * request.temperature
            return self.progression.sample(rng, request.bars, *place, temperature)[themes.first]

        # chords decide most of the tension: where that is asked for, they are left to the prior
        asking = Asked.of(request, None if request.tension is not None else harmony)
        half = self.bars // 2
        latents = np.zeros((0, ROLES, self.vae.config.latent), np.float32)
        while len(latents) < request.bars:
            given = min(len(latents), half)  # go on from the last bars that are there
            window = np.zeros((min(self.bars, request.bars - len(latents) + given), *latents.shape[1:]), np.float32)
            window[:given] = latents[len(latents) - given :]
            keep = np.zeros((len(window), ROLES), bool)
            keep[:given] = True
            start = len(latents) - given
            noise = themes.noise(start, self._noise(rng, len(window)) * np.float32(request.temperature))
            window = self._flow(window, keep, 1.0, noise, request.roles, asking.arrays(self.prior, start, len(window)))
            latents = np.concatenate([latents, window[given:]])
            themes.repeat(latents, start + given)
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
            asked = Asked(style).arrays(self.prior, start, self.bars)
            noise = self._noise(rng, len(result[here]))
            result[here] = self._flow(result[here], known[here], strength, noise, roles, asked)
            known[here] = True
        return result

    def _noise(self, rng: np.random.Generator, bars: int) -> np.ndarray:
        return rng.standard_normal((bars, ROLES, self.vae.config.latent)).astype(np.float32)

    def _flow(
        self,
        origin: np.ndarray,
        keep: np.ndarray,
        strength: float,
        noise: np.ndarray,
        roles: Sequence[str],
        asked: dict[str, np.ndarray],
    ) -> np.ndarray:
        """One call of the prior on up to `self.bars` bars; see `Prior.sample`."""
        bars, latent = len(origin), self.vae.config.latent
        begin, padded = np.zeros((2, 1, self.bars, ROLES, latent), np.float32)
        mask = np.zeros((1, self.bars, ROLES), np.float32)
        begin[0, :bars], padded[0, :bars], mask[0, :bars] = noise, origin, keep
        sampled = self._sample(
            begin,
            padded,
            np.float32(1.0 - strength),
            mask,
            _bar_mask(bars, self.bars),
            _present(roles),
            asked,
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
            if len(inside) > _MOST_NOTES:
                raise MusicgenError(
                    f"Expected at most {_MOST_NOTES} notes in {self.bars} bars. Received: {len(inside)}."
                )
            notes = np.zeros((_NOTE_ROOM if len(inside) <= _NOTE_ROOM else _MOST_NOTES, 6), np.int32)
            notes[:, 0] = -1
            notes[: len(inside), 0] = (inside[:, 0] - start) * ROLES + inside[:, 1]
            notes[: len(inside), 1:] = inside[:, 1:]
            result.append(self._encode(notes, _bar_mask(bars, self.bars), present)[0, :bars])
        return np.concatenate(result)

    def decode(self, latents: np.ndarray, like: Music) -> Music:
        latents = np.asarray(latents, np.float32)
        expected = (like.bars, ROLES, self.vae.config.latent)
        if latents.shape != expected:
            raise MusicgenError(f"Expected latents of shape {expected}. Received: {latents.shape}.")
        present, style = _present([track.role for track in like.tracks]), style_code(like.style)
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


def _bar_mask(bars: int, room: int) -> np.ndarray:
    return (np.arange(room) < bars).astype(np.float32)[None]
