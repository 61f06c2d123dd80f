"""`VAEComposer`: the VAE, its prior and the codec, behind the `Composer` interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self

import numpy as np

from musicgen.attributes import ATTRIBUTES, measure
from musicgen.errors import CheckpointError
from musicgen.models.aiming import aim
from musicgen.models.asking import Asked, style_code
from musicgen.models.base import Composer
from musicgen.models.checkpoint import identity, read_config, unreadable, write_config
from musicgen.models.compiling import compiled
from musicgen.models.grid_codec import GridCodec, bar_mask, blank, present_roles
from musicgen.models.prior import Prior, PriorConfig
from musicgen.models.progression import Progression, ProgressionConfig
from musicgen.models.themes import Themes
from musicgen.models.vae import ROLES, VAE, VAEConfig
from musicgen.models.weights import load_weights, save_weights
from musicgen.music import MODES, Music
from musicgen.request import Request

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
        self.vae, self.prior, self.progression, self.codec = vae, prior, progression, GridCodec(vae)
        self.steps, self.guidance = steps, guidance
        self.card = card or {}
        self.identity = "vae-untrained"
        self.bars = vae.config.bars
        self._sample = compiled(partial(prior.sample, steps=steps))

    # --- checkpoints ---

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        config = read_config(folder, cls.kind)
        try:
            vae = VAE(VAEConfig(**config["vae"]), name="vae")
            prior = Prior(PriorConfig(**config["prior"]), name="prior")
            progression = Progression(ProgressionConfig(**config["progression"]), name="progression")
            composer = cls(vae, prior, progression, config["steps"], config["guidance"], config.get("card"))
        except (KeyError, TypeError, ValueError) as error:
            raise unreadable(folder, cls.kind, error) from None
        path = folder / "model.safetensors"
        load_weights(composer.weights, path)
        composer.identity = identity(cls.kind, path)
        return composer

    def save_pretrained(self, folder: str | Path) -> None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_weights(self.weights, folder / "model.safetensors")
        values = {
            "vae": self.vae.config.to_dict(), "prior": self.prior.config.to_dict(),
            "progression": self.progression.config.to_dict(),
            "steps": self.steps, "guidance": self.guidance, "card": self.card,
        }  # fmt: skip
        write_config(folder, self.kind, values)

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
        where = bar_mask(bars, self.bars), present_roles(roles)
        sampled = self._sample(
            begin, padded, np.float32(1.0 - strength), mask, *where, asked, np.float32(self.guidance)
        )
        return sampled[0, :bars]

    def encode(self, music: Music) -> np.ndarray:
        return self.codec.encode(music)

    def decode(self, latents: np.ndarray, like: Music) -> Music:
        return self.codec.decode(latents, like)
