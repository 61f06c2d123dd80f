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
from musicgen.models.base import TRIES, Composer, slerp
from musicgen.models.decoding import Chances
from musicgen.models.forms import Forms, checked, drawn, formed
from musicgen.models.grid_codec import GridCodec, bar_mask, blank, present_roles
from musicgen.models.harmonising import told_chords
from musicgen.models.note_decoder import NoteDecoder
from musicgen.models.note_sampler import NoteSampler
from musicgen.models.prior import ANY_CHORD, Prior
from musicgen.models.progression import Progression
from musicgen.models.retouching import retouch
from musicgen.models.themes import Themes
from musicgen.models.vae import ROLES, VAE
from musicgen.music import FOUR_FOUR, METRES, MODES, Key, Metre, Music, Track
from musicgen.request import DEFAULT_TEMPERATURE, Request, sections_of

TIME = 0.6
"""How much of sampled latents is believed until a command has chosen it on validation songs."""


class GridComposer(Composer):
    """Chords are written first, then latents from noise, and then notes.

    Args:
        vae: what latents mean.
        prior: the network that writes them.
        progression: what writes chords.
        notes: what draws notes; if not given, one that has learned nothing beyond what the VAE's decoder knows.
        time: how much of the latents that the prior writes is believed, 0 to 1, see `NoteDecoder`.
        forms: what a request that asks for no form gets one of.
        card: what else config.json should say (training data, metrics).
        metres: names of those of the music that the networks have learned from.
    """

    steers = True

    def __init__(
        self, vae: VAE, prior: Prior, progression: Progression, notes: NoteDecoder | None = None, time: float = TIME,
        forms: Forms | None = None, card: dict[str, Any] | None = None, metres: Sequence[str] = (FOUR_FOUR.name,),
    ) -> None:  # fmt: skip
        if (vae.config.bars, vae.config.latent) != (prior.config.bars, prior.config.latent):
            what = type(prior).__name__.lower()
            raise CheckpointError(f"Expected a {what} over the latents of this VAE. Received: one of another size.")
        if not isinstance(time, (int, float)) or not 0 <= time <= 1:
            raise CheckpointError(f"Expected a time from 0 to 1. Received: {time!r}.")
        self.vae, self.prior, self.progression, self.codec = vae, prior, progression, GridCodec(vae)
        self.notes, self.time = notes or NoteDecoder.of(vae, prior), float(time)
        self.sampler = NoteSampler(self.notes, prior)
        self.forms, self.card = checked(forms or {}), card or {}
        self.identity = f"{self.kind}-untrained"
        self.bars, self.metres = vae.config.bars, tuple(metres)

    @abstractmethod
    def sample(
        self, noise: np.ndarray, origin: np.ndarray, begin: np.float32, known_mask: np.ndarray, bar_mask: np.ndarray,
        present: np.ndarray, asked: dict[str, np.ndarray],
    ) -> np.ndarray:  # fmt: skip
        """Latents from noise, as `Prior.sample`, for one window."""

    @property
    def songs(self) -> Mapping[str, Mapping[str, int]]:  # type: ignore[override]
        found: Mapping[str, Mapping[str, int]] = self.card.get("songs", {})
        return found

    @property
    def weights(self) -> list[Any]:
        return [*self.vae.weights, *self.prior.weights, *self.progression.weights, *self.notes.weights]

    # --- composing ---

    def generate(self, request: Request) -> Music:
        """A new piece; if a role that was asked for stays silent, the next of up to `TRIES` draws of the same seed."""
        self.refuse_other_metres(request.metre)
        for attempt in range(TRIES):
            asking = formed(request, self.forms, self.bars, attempt)
            latents, asked = self._latents(asking, attempt)
            music = self._played(latents, asked, request, [request.seed, attempt, 3])
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
        first, pieces = formed(first, self.forms, self.bars), []
        for step in range(steps):
            latents, asked = self._latents(first, 0, last.seed, step / (steps - 1))
            pieces.append(self._played(latents, asked, first, [first.seed, 0, 3]))
        return pieces

    def _played(self, latents: np.ndarray, asked: Asked, request: Request, seed: Sequence[int]) -> Music:
        """The notes of a new piece, which has the attributes asked for: its latents are moved as near to them as `aim`
        comes, then its notes are drawn, and then what is left is changed.

        Latents may be those of a longer piece, of which the one that is asked for is the beginning. It is drawn to its
        end and cut, but for one that comes to an end of its own.
        """
        like, chances = blank(request), None
        targets = in_normal_key(request.attributes, like.key)
        if targets:
            latents, chances = self._aimed(latents, like, targets)
        if request.ending:
            latents, asked = latents[: like.bars], replace(asked, edges=Asked.of(request).edges)
        # at a temperature above the usual one latents and chords stray further, and notes go with them as they do
        temperature = min(1.0, request.temperature / DEFAULT_TEMPERATURE)
        time = np.full(latents.shape[:2], self.time, np.float32)
        rng = np.random.default_rng(seed)
        rows = self.sampler.draw(latents, time, replace(like, bars=len(latents)), asked, rng, temperature=temperature)
        rows = rows[rows[:, 0] < like.bars]
        if chances is not None:
            rows = retouch(rows, chances, targets, like.metre)
        return codec.decode(rows, like)

    def _aimed(self, latents: np.ndarray, like: Music, targets: Mapping[str, float]) -> tuple[np.ndarray, Chances]:
        """Latents moved until the plain decoder plays them with the attributes asked for, as near as `aim` comes."""
        asked = [i for i, name in enumerate(ATTRIBUTES) if name in targets]
        directions = np.asarray(self.prior.directions)[asked] * np.asarray(self.prior.scale)
        made: dict[bytes, tuple[np.ndarray, Chances]] = {}

        def at(steps: np.ndarray) -> tuple[np.ndarray, Chances]:
            if steps.tobytes() not in made:
                moved = latents + np.tensordot(steps.astype(np.float32), directions, axes=1)
                chances = self.codec.chances(moved, replace(like, bars=len(moved))).within(like)
                made[steps.tobytes()] = moved, chances
            return made[steps.tobytes()]

        def levels(values: np.ndarray) -> np.ndarray:
            return self.prior.levels(values)[asked]

        def measured(steps: np.ndarray) -> np.ndarray:
            chances = at(steps)[1]
            return levels(values(counts(chances.notes(chances.choose())[0], like.bars, like.metre)))

        wanted = levels(np.array([targets.get(name, np.nan) for name in ATTRIBUTES]))
        return at(aim(measured, wanted))

    def _latents(
        self, request: Request, attempt: int, other: int | None = None, share: float = 0.0
    ) -> tuple[np.ndarray, Asked]:  # fmt: skip
        """Sampled latents for a request, shape (bars, roles, latent), and what was asked of them; the longest pieces in
        overlapping windows, and of the shortest a whole one, of which they are the beginning: few songs have so few
        bars (docs/decisions.md, D13).

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
        return latents, asking

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
        """`Progression.sample` for a style, a key and a metre; at the usual temperature as the network has learned."""
        place = int(style_code(style)[0]), MODES.index(key.mode), list(METRES).index(metre.name)
        return self.progression.sample(rng, bars, *place, temperature / DEFAULT_TEMPERATURE, known, fits, again)

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
        latents = self._resampled(self.encode(music), keep, strength, seed, roles, asked)
        return self._redrawn(latents, asked, music, strength, [seed, 3], rows, keep)

    def settle(self, latents: np.ndarray, strength: float, like: Music, seed: int = 0) -> Music:
        """As `Composer.settle`, on the chords of `like`: between two harmonies lies none (docs/decisions.md, D24)."""
        keep, roles = np.zeros(latents.shape[:2], bool), [track.role for track in like.tracks]
        chords = _chords_of(like.tracks, like.bars, like.key, like.metre)
        asked = Asked(like.style, like.key.mode, chords=chords, metre=like.metre)
        settled = self._resampled(latents, keep, strength, seed, roles, asked)
        return self._redrawn(settled, asked, like, strength, [seed, 3])

    def _redrawn(
        self, latents: np.ndarray, asked: Asked, like: Music, strength: float, seed: Sequence[int],
        rows: np.ndarray | None = None, keep: np.ndarray | None = None,
    ) -> Music:  # fmt: skip
        """The notes of latents that a change of some strength has led to, and of kept cells the notes that are there.

        What was taken back by a strength to noise is known by as much less, but never less than what is made of noise.
        """
        time = np.full((like.bars, ROLES), max(self.time, 1 - strength), np.float32)
        given = None
        if rows is not None and keep is not None:
            time[keep] = 1.0
            given = rows[keep[rows[:, 0], rows[:, 1]]]
        drawn = self.sampler.draw(latents, time, like, asked, np.random.default_rng(seed), given, keep)
        return codec.decode(drawn, like)

    def _resampled(
        self, latents: np.ndarray, keep: np.ndarray, strength: float, seed: int, roles: Sequence[str], asking: Asked,
    ) -> np.ndarray:  # fmt: skip
        rng = np.random.default_rng([seed, 0])
        bars = np.arange(max(len(latents), self.bars)) % len(latents)
        result, known, asking = np.array(latents[bars], np.float32), np.array(keep[bars], bool), asking.at(bars)
        half = self.bars // 2
        last = len(bars) - self.bars
        for start in [*range(0, last, half), last]:
            here = slice(start, start + self.bars)
            asked, noise = asking.arrays(self.prior, start), self._noise(rng)
            result[here] = self._flow(result[here], known[here], strength, noise, roles, asked)
            known[here] = True
        return result[: len(latents)]

    def _noise(self, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_normal((self.bars, ROLES, self.vae.config.latent)).astype(np.float32)

    def _flow(
        self, origin: np.ndarray, keep: np.ndarray, strength: float, noise: np.ndarray, roles: Sequence[str],
        asked: dict[str, np.ndarray],
    ) -> np.ndarray:  # fmt: skip
        """One call of `sample`, on one window."""
        where = bar_mask(self.bars, self.bars), present_roles(roles)
        mask, begin = keep[None].astype(np.float32), np.float32(1.0 - strength)
        return self.sample(noise[None], origin[None], begin, mask, *where, asked)[0]

    def encode(self, music: Music) -> np.ndarray:
        return self.codec.encode(music)

    def decode(self, latents: np.ndarray, like: Music) -> Music:
        return self.codec.decode(latents, like)


@lru_cache(16)  # while a point is dragged, the same again and again
def _chords_of(tracks: tuple[Track, ...], bars: int, key: Key, metre: Metre) -> np.ndarray:
    """The chords of some notes, as of `Asked`; open where nothing sounds."""
    heard = heard_chords(codec.encode(Music(tracks, bars, key=key, metre=metre)), bars, metre)
    return np.where(heard == NONE, ANY_CHORD, heard)
