"""`GANComposer`: the generator, and the VAE as its codec, behind the `Composer` interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

import numpy as np

from musicgen.errors import CheckpointError, RequestError
from musicgen.models.asking import Asked
from musicgen.models.base import Composer, slerp
from musicgen.models.checkpoint import identity, read_config, unreadable, write_config
from musicgen.models.compiling import compiled
from musicgen.models.gan import GANConfig, Generator
from musicgen.models.grid_codec import GridCodec, bar_mask, blank, present_roles
from musicgen.models.vae import ROLES, VAE, VAEConfig
from musicgen.models.weights import load_weights, save_weights
from musicgen.music import Music
from musicgen.request import SECTION_BARS, Request

TRIES = 4
"""Draws of a piece in which a requested role stays silent, as it does in some sixteen bars of real music too."""
_EIGHT_BIT_FROM = 2**16
"""Size of the matrices that are stored in 8 bits: onset F1 of reconstruction stays the same to .0005 for every role."""
_CANDIDATES = 16
"""Noises that a small change has to choose from."""

Noise = dict[str, np.ndarray]


class GANComposer(Composer):
    """A `Generator` over the latents of a `VAE`.

    A piece is changed in three steps: the generator makes the cells that are not kept, to fit those that are, from some
    noises at once, the more of them the smaller the change; the result nearest to the piece is taken; and the cells
    turn towards it on the sphere, by as much as the strength says.

    Args:
        vae, generator: the networks.
        forms: style to form (such as "AABA", see `Request`) to its share of the training windows; a request that
            asks for no form gets one drawn from these.
        card: what else config.json should say (training data, metrics).
    """

    kind = "gan"
    steers = True

    def __init__(
        self, vae: VAE, generator: Generator, forms: Mapping[str, Mapping[str, float]], card: dict | None = None
    ) -> None:
        if (vae.config.bars, vae.config.latent) != (generator.config.bars, generator.config.latent):
            raise CheckpointError("Expected a generator over the latents of this VAE. Received: one of another size.")
        self.vae, self.generator, self.codec = vae, generator, GridCodec(vae)
        self.forms = {style: dict(shares) for style, shares in forms.items()}
        for form in {form for shares in self.forms.values() for form in shares}:
            Request(form=form)  # which refuses one that is none
        self.card = card or {}
        self.identity = "gan-untrained"
        self.bars = vae.config.bars
        self._make = compiled(lambda noise, plan: generator(noise, plan))
        self.mean, self.scale = np.asarray(generator.mean), np.asarray(generator.scale)

    # --- checkpoints ---

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        config = read_config(folder, cls.kind)
        try:
            vae = VAE(VAEConfig(**config["vae"]), name="vae")
            generator = Generator(GANConfig(**config["gan"]), name="generator")
            forms, card = config["forms"], config["card"]
            path = folder / "model.safetensors"
            load_weights([*vae.weights, *generator.weights], path)
            composer = cls(vae, generator, forms, card)
        except (KeyError, TypeError, ValueError, AttributeError, RequestError) as error:
            raise unreadable(folder, cls.kind, error) from None
        composer.identity = identity(cls.kind, path)
        return composer

    def save_pretrained(self, folder: str | Path) -> None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        weights = [*self.vae.weights, *self.generator.weights]
        save_weights(weights, folder / "model.safetensors", eight_bit_from=_EIGHT_BIT_FROM)
        values = {
            "vae": self.vae.config.to_dict(), "gan": self.generator.config.to_dict(), "forms": self.forms,
            "card": self.card,
        }  # fmt: skip
        write_config(folder, self.kind, values)

    # --- composing ---

    def generate(self, request: Request) -> Music:
        """A new piece; if a role that was asked for stays silent, the next of up to `TRIES` draws of the same seed."""
        like = blank(request)
        for attempt in range(TRIES):
            rng = np.random.default_rng([request.seed, attempt])
            noise = self._noise(rng, request)
            music = self.decode(self._latents(self._formed(rng, request), noise), like)
            if all(track.notes for track in music.tracks):
                break
        return music

    def interpolate(self, first: Request, last: Request, steps: int) -> list[Music]:
        """`steps` pieces on the way between two noises; style, form and all else as for the first request.

        Unlike those of `morph`, the pieces in between are the generator's own, and as whole as any of its pieces.

        Raises:
            RequestError: fewer than 2 or more than 64 steps.
        """
        if not 2 <= steps <= 64:
            raise RequestError(f"steps: expected 2 to 64. Received: {steps!r}.")
        rngs = [np.random.default_rng([request.seed, 0]) for request in (first, last)]
        a, b = (self._noise(rng, first) for rng in rngs)
        first = self._formed(rngs[0], first)
        shares = [step / (steps - 1) for step in range(steps)]
        noises = [{name: slerp(a[name], b[name], share) for name in a} for share in shares]
        return [self.decode(self._latents(first, noise), blank(first)) for noise in noises]

    def _noise(self, rng: np.random.Generator, request: Request) -> Noise:
        """Noise for all bars of a piece: the longest share that of the whole and of the letters between windows."""
        config, bars = self.generator.config, max(request.bars, self.bars)
        shapes = {
            "whole": (1, config.whole_noise),
            "section": (1, config.letters, config.section_noise),
            "cell": (1, bars, ROLES, config.cell_noise),
        }
        scale = np.float32(request.temperature)
        return {name: scale * rng.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}

    def _formed(self, rng: np.random.Generator, request: Request) -> Request:
        """The request with a form: one drawn for each window if it has none, the most usual one at temperature 0."""
        shares = self.forms.get(request.style) or next(iter(self.forms.values()), {})
        if request.form is not None or not shares:
            return request
        names = sorted(shares, key=lambda name: (-shares[name], name))
        chance = np.array([shares[name] for name in names], float)
        count = -(-request.bars // self.bars)
        drawn = rng.choice(len(names), count, p=chance / chance.sum()) if request.temperature > 0 else [0] * count
        return replace(request, form="".join(names[i] for i in drawn))

    def _latents(self, request: Request, noise: Noise) -> np.ndarray:
        """Latents of a request, shape (bars, roles, latent), from the noise of all its bars."""
        asking = Asked.of(request)
        parts = []
        for start in range(0, request.bars, self.bars):
            bars = min(self.bars, request.bars - start)
            section = noise["section"]
            if asking.form is not None:  # windows count letters in the order of their appearance; the noise stays
                letters = list(dict.fromkeys((asking.form[start : start + bars] // 2).tolist()))
                letters += [i for i in range(section.shape[1]) if i not in letters]
                section = section[:, letters]
            here = noise | {"section": section, "cell": noise["cell"][:, start : start + self.bars]}
            asked = asking.arrays(self.generator, start, bars)
            made = self._make(here, self._plan(bars, request.roles, asked))
            parts.append(made[0, :bars] * self.scale + self.mean)
        return np.concatenate(parts)

    def _plan(self, bars: int, roles: Sequence[str], asked: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The plan of one window in which nothing is known yet."""
        shape = (1, self.bars, ROLES)
        known = np.zeros((*shape, self.generator.config.latent), np.float32)
        plan = {"bar_mask": bar_mask(bars, self.bars), "present": present_roles(roles)}
        return plan | asked | {"known": known, "known_mask": np.zeros(shape, np.float32)}

    def resample(
        self, latents: np.ndarray, keep: np.ndarray, strength: float, seed: int, roles: Sequence[str], style: str
    ) -> np.ndarray:
        """As `Composer.resample`; windows overlap by half, so that a long piece goes on from what it has become."""
        rng = np.random.default_rng([seed, 0])
        count = 1 + round((1 - strength) * (_CANDIDATES - 1))
        result, known = np.array(latents, np.float32), np.array(keep, bool)
        last = max(len(latents) - self.bars, 0)
        for start in [*range(0, last, self.bars // 2), last]:
            here = slice(start, start + self.bars)
            origin, mask = result[here], known[here]
            bars = len(origin)
            plan = self._plan(bars, roles, Asked(style).arrays(self.generator, start, bars))
            place = (origin - self.mean) / self.scale
            plan["known"][0, :bars], plan["known_mask"][0, :bars] = place, mask
            many = {name: np.repeat(value, _CANDIDATES, axis=0) for name, value in plan.items()}
            request = Request(bars=16, temperature=1.0)
            noises = [self._noise(rng, request) for _ in range(_CANDIDATES)]
            noise = {name: np.concatenate([each[name] for each in noises]) for name in noises[0]}
            made = self._make(noise, many)[:count, :bars]
            free = (~mask & plan["present"].astype(bool))[None, :, :, None]
            nearest = made[int(np.argmin((np.square(made - place) * free).sum(axis=(1, 2, 3))))]
            changed = slerp(place, nearest, strength) * self.scale + self.mean
            result[here] = np.where(mask[..., None], origin, changed)
            known[here] = True
        return result

    def encode(self, music: Music) -> np.ndarray:
        return self.codec.encode(music)

    def decode(self, latents: np.ndarray, like: Music) -> Music:
        return self.codec.decode(latents, like)

    def warm_up(self) -> None:
        self.vary(self.generate(Request(bars=4)), 0.5)


def form_name(codes: np.ndarray) -> str:
    """The form of a request, such as "AA'BA", from the section code of each bar, none of them left open."""
    return "".join(chr(ord("A") + code // 2) + "'" * (code % 2) for code in np.asarray(codes)[::SECTION_BARS].tolist())
