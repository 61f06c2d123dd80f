"""`GridComposer`: what composers over the VAE's latent grid share, whatever makes their latents from noise."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from musicgen import codec
from musicgen.attributes import ATTRIBUTES, counts, in_normal_key, values
from musicgen.chord_fit import fits
from musicgen.errors import CheckpointError, RequestError
from musicgen.heard import NONE, heard_chords
from musicgen.models.aiming import aim
from musicgen.models.asking import Asked, style_code
from musicgen.models.base import SETTLE, TRIES, Composer, slerp
from musicgen.models.decoding import Chances
from musicgen.models.forms import Forms, checked, drawn, formed
from musicgen.models.grid_codec import GridCodec, bar_mask, blank, played, present_roles
from musicgen.models.harmonising import told_chords
from musicgen.models.prior import ANY_CHORD, Prior
from musicgen.models.progression import Progression
from musicgen.models.retouching import retouch
from musicgen.models.themes import Themes
from musicgen.models.together import Habits, together
from musicgen.models.vae import ROLES, VAE
from musicgen.music import FOUR_FOUR, METRES, MODES, Key, Metre, Music, Track
from musicgen.request import DEFAULT_TEMPERATURE, Request, sections_of

_EMPHASIS = 2.0
"""Of the chords on which a piece is changed; chosen on validation songs (docs/experiments)."""


class GridComposer(Composer):
    """A `VAE`, and a network that writes its latents from noise; chords are written first.

    Args:
        vae: what latents mean.
        prior: the network that writes them.
        progression: what writes chords.
        forms: what a request that asks for no form gets one of.
        card: what else config.json should say (training data, metrics).
        metres: names of those of the music that the networks have learned from.
    """

    steers = True
    harmony = 1.42
    """Temperature of the chords for each degree of the notes'. At the usual .8 that is more than they were learned at:
    the notes over them keep to the key more than songs do. Chosen on validation songs (docs/experiments)."""

    habits: Habits
    """What speaks for the notes of new pieces."""
    between: Habits
    """The same half way between pieces: of what is neither the one nor the other a decoder is in doubt. Chosen on
    pairs of validation songs (docs/experiments)."""

    def __init__(
        self, vae: VAE, prior: Prior, progression: Progression, forms: Forms | None = None,
        card: dict[str, Any] | None = None, metres: Sequence[str] = (FOUR_FOUR.name,),
    ) -> None:  # fmt: skip
        if (vae.config.bars, vae.config.latent) != (prior.config.bars, prior.config.latent):
            what = type(prior).__name__.lower()
            raise CheckpointError(f"Expected a {what} over the latents of this VAE. Received: one of another size.")
        self.vae, self.prior, self.progression, self.codec = vae, prior, progression, GridCodec(vae)
        self.forms, self.card = checked(forms or {}), card or {}
        self.identity = f"{self.kind}-untrained"
        self.bars, self.metres = vae.config.bars, tuple(metres)

    @abstractmethod
    def sample(
        self, noise: np.ndarray, origin: np.ndarray, begin: np.float32, known_mask: np.ndarray, bar_mask: np.ndarray,
        present: np.ndarray, asked: dict[str, np.ndarray], emphasis: float = 1.0,
    ) -> np.ndarray:  # fmt: skip
        """Latents from noise, as `Prior.sample`, for one window.

        Args:
            emphasis: of what is asked, where the model can give it more weight than usual, which is 1.
        """

    @property
    def songs(self) -> Mapping[str, Mapping[str, int]]:  # type: ignore[override]
        found: Mapping[str, Mapping[str, int]] = self.card.get("songs", {})
        return found

    @property
    def weights(self) -> list[Any]:
        return [*self.vae.weights, *self.prior.weights, *self.progression.weights]

    # --- composing ---

    def generate(self, request: Request) -> Music:
        """A new piece; if a role that was asked for stays silent, the next of up to `TRIES` draws of the same seed."""
        self.refuse_other_metres(request.metre)
        like = blank(request)
        for attempt in range(TRIES):
            latents = self._latents(formed(request, self.forms, self.bars, attempt), attempt)
            music = self._aimed(latents, like, request.attributes)
            if all(track.notes for track in music.tracks):
                break
        return music

    def interpolate(self, first: Request, last: Request, steps: int) -> list[Music]:
        """`steps` pieces on the way between two noises; style, chords and all else as for the first request.

        Unlike those of `morph`, the pieces in between are new ones, and as whole as any.

        Raises:
            RequestError: fewer than 2 or more than 64 steps, or a metre that the model has not learned.
        """
        if not 2 <= steps <= 64:
            raise RequestError(f"steps: expected 2 to 64. Received: {steps!r}.")
        self.refuse_other_metres(first.metre)
        first = formed(first, self.forms, self.bars)
        shares = [step / (steps - 1) for step in range(steps)]
        all_latents = [self._latents(first, 0, last.seed, share) for share in shares]
        return [self._aimed(latents, blank(first), first.attributes) for latents in all_latents]

    def _aimed(self, latents: np.ndarray, like: Music, targets: Mapping[str, float]) -> Music:
        """The piece with the attributes asked for: its latents moved as near as `aim` comes, then its notes."""
        asked = [i for i, name in enumerate(ATTRIBUTES) if name in targets]
        if not asked:
            return played(self._chances(latents, like), like)
        targets = in_normal_key(targets, like.key)
        directions = np.asarray(self.prior.directions)[asked] * np.asarray(self.prior.scale)
        made: dict[bytes, Chances] = {}

        def at(steps: np.ndarray) -> Chances:
            if steps.tobytes() not in made:
                moved = latents + np.tensordot(steps.astype(np.float32), directions, axes=1)
                made[steps.tobytes()] = self._chances(moved, like)
            return made[steps.tobytes()]

        def levels(values: np.ndarray) -> np.ndarray:
            return self.prior.levels(values)[asked]

        def measured(steps: np.ndarray) -> np.ndarray:
            chances = at(steps)
            return levels(values(counts(chances.notes(chances.choose())[0], like.bars, like.metre)))

        wanted = levels(np.array([targets.get(name, np.nan) for name in ATTRIBUTES]))
        return codec.decode(retouch(at(aim(measured, wanted)), targets, like.metre), like)

    def _chances(self, latents: np.ndarray, like: Music, habits: Habits | None = None, weight: float = 1.0) -> Chances:
        """What the decoder says of a new piece, as `together` leaves it; by other habits than those of the model.

        Latents may be those of a longer piece, of which `like` is the beginning.
        """
        whole = together(self.codec.chances(latents, replace(like, bars=len(latents))), habits or self.habits, weight)
        return whole.within(like)

    def _latents(self, request: Request, attempt: int, other: int | None = None, share: float = 0.0) -> np.ndarray:
        """Sampled latents for a request, shape (bars, roles, latent); the longest pieces in overlapping windows, and
        of the shortest a whole one, of which they are the beginning: few songs have so few bars (docs/experiments).

        Args:
            other, share: another seed, and how much of the way to its noise to go.
        """
        is_beginning = request.bars < self.bars
        request = replace(request, bars=max(request.bars, self.bars))
        rng = np.random.default_rng([request.seed, attempt])
        shape = (ROLES, self.vae.config.latent)
        rng_of_themes = np.random.default_rng([request.seed, attempt, 2])
        themes = Themes(request.sections, request.bars, shape, rng_of_themes, request.section_length)
        chords, noises = self._harmony(request, rng, themes), [rng]
        if other is not None:
            noises.append(np.random.default_rng([other, attempt]))
            self._harmony(request, noises[1], themes)  # so that the noise is the one that the other seed has
        asking = Asked.of(request)
        if chords is not None:
            asking = replace(asking, chords=chords)
        if is_beginning:  # the piece does not end where its window does
            asking = replace(asking, edges=None)
        half = self.bars // 2
        latents = np.zeros((0, ROLES, self.vae.config.latent), np.float32)
        while len(latents) < request.bars:
            given = min(len(latents), half)  # go on from the last bars that are there
            window = np.zeros((self.bars, *latents.shape[1:]), np.float32)
            window[:given] = latents[len(latents) - given :]
            keep = np.zeros((self.bars, ROLES), bool)
            keep[:given] = True
            start = len(latents) - given
            fresh = [self._noise(source) for source in noises]
            noise = fresh[0] if other is None else slerp(fresh[0], fresh[1], share)
            noise = themes.noise(start, noise * np.float32(request.temperature))
            window = self._flow(window, keep, 1.0, noise, request.roles, asking.arrays(self.prior, start))
            latents = np.concatenate([latents, window[given:]])
            themes.repeat(latents, start + given)
        return latents

    def _harmony(self, request: Request, rng: np.random.Generator, themes: Themes) -> np.ndarray | None:
        """Chords for a request that names none, codes of half bars, shape (bars, 2)."""
        # chords decide most of the tension: where that is asked for, they are left to the prior
        if request.chords is not None or request.tension is not None:
            return None
        assert not isinstance(request.key, str)  # a Request parses it
        metre = METRES[request.metre]
        return self._progression(
            rng, request.bars, request.style, request.key, metre, request.temperature, themes.chords
        )  # fmt: skip

    def _progression(
        self, rng: np.random.Generator, bars: int, style: str, key: Key, metre: Metre, temperature: float,
        again: np.ndarray | None = None, known: np.ndarray | None = None, fits: np.ndarray | None = None,
    ) -> np.ndarray:  # fmt: skip
        """`Progression.sample` for a style, a key, a metre, and the temperature of the notes over the chords."""
        place = int(style_code(style)[0]), MODES.index(key.mode), list(METRES).index(metre.name)
        return self.progression.sample(rng, bars, *place, self.harmony * temperature, known, fits, again)

    def resample(
        self, latents: np.ndarray, keep: np.ndarray, strength: float, seed: int, roles: Sequence[str], style: str
    ) -> np.ndarray:
        """As `Composer.resample`; windows overlap by half, so that a long piece goes on from what it has become, and
        one shorter than a window is heard over and over."""
        return self._resampled(latents, keep, strength, seed, roles, Asked(style))

    def redraw(self, music: Music, keep: np.ndarray, strength: float, seed: int) -> Music:
        """As `Composer.redraw`, on chords: those of the piece, at strength 1 those of its kept cells. Where these leave
        them open they are drawn, to fit what is there."""
        rows = codec.encode(music)
        if strength == 1:
            rows = rows[keep[rows[:, 0], rows[:, 1]]]
        rng, sections = np.random.default_rng([seed, 1]), None
        if not len(rows):  # a new piece, whose sections return
            form = drawn(self.forms, music.style, -(-music.bars // self.bars), rng)
            sections = sections_of(form, music.bars) if form else None
        chords = self._progression(
            rng, music.bars, music.style, music.key, music.metre, DEFAULT_TEMPERATURE,
            Themes(sections, music.bars, (), rng).chords,
            known=told_chords(rows, music.bars, music.metre), fits=fits(rows, music.bars, music.metre),
        )  # fmt: skip
        asked = Asked(music.style, music.key.mode, chords=chords, metre=music.metre)
        roles = [track.role for track in music.tracks]
        latents = self._resampled(self.encode(music), keep, strength, seed, roles, asked, _EMPHASIS)
        return played(self._chances(latents, music, weight=strength), music)

    def settle(self, latents: np.ndarray, strength: float, like: Music) -> Music:
        """As `Composer.settle`: on the chords of `like`; the further the way, the more the roles listen to each other.

        Between two harmonies lies none, only what they have in common (docs/experiments).
        """
        keep, roles = np.zeros(latents.shape[:2], bool), [track.role for track in like.tracks]
        asked = Asked(
            like.style, like.key.mode, chords=_chords_of(like.tracks, like.bars, like.key, like.metre), metre=like.metre
        )
        settled = self._resampled(latents, keep, strength, 0, roles, asked, _EMPHASIS)
        return played(self._chances(settled, like, self.between, strength / SETTLE), like)

    def _resampled(
        self, latents: np.ndarray, keep: np.ndarray, strength: float, seed: int, roles: Sequence[str], asking: Asked,
        emphasis: float = 1.0,
    ) -> np.ndarray:  # fmt: skip
        rng = np.random.default_rng([seed, 0])
        bars = np.arange(max(len(latents), self.bars)) % len(latents)
        result, known, asking = np.array(latents[bars], np.float32), np.array(keep[bars], bool), asking.at(bars)
        half = self.bars // 2
        last = len(bars) - self.bars
        for start in [*range(0, last, half), last]:
            here = slice(start, start + self.bars)
            asked, noise = asking.arrays(self.prior, start), self._noise(rng)
            result[here] = self._flow(result[here], known[here], strength, noise, roles, asked, emphasis)
            known[here] = True
        return result[: len(latents)]

    def _noise(self, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_normal((self.bars, ROLES, self.vae.config.latent)).astype(np.float32)

    def _flow(
        self, origin: np.ndarray, keep: np.ndarray, strength: float, noise: np.ndarray, roles: Sequence[str],
        asked: dict[str, np.ndarray], emphasis: float = 1.0,
    ) -> np.ndarray:  # fmt: skip
        """One call of `sample`, on one window."""
        where = bar_mask(self.bars, self.bars), present_roles(roles)
        mask, begin = keep[None].astype(np.float32), np.float32(1.0 - strength)
        return self.sample(noise[None], origin[None], begin, mask, *where, asked, emphasis)[0]

    def encode(self, music: Music) -> np.ndarray:
        return self.codec.encode(music)

    def decode(self, latents: np.ndarray, like: Music) -> Music:
        return self.codec.decode(latents, like)


@lru_cache(16)  # while a point is dragged, the same again and again
def _chords_of(tracks: tuple[Track, ...], bars: int, key: Key, metre: Metre) -> np.ndarray:
    """The chords of some notes, as of `Asked`; open where nothing sounds."""
    heard = heard_chords(codec.encode(Music(tracks, bars, key=key, metre=metre)), bars, metre)
    return np.where(heard == NONE, ANY_CHORD, heard)
