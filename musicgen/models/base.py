"""`Composer`: a network and its codec behind one interface, the same for every model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np

from musicgen import codec
from musicgen.errors import CheckpointError, RequestError
from musicgen.models.redrawing import redraw_by
from musicgen.models.windows import WINDOW, change_by_windows
from musicgen.music import FOUR_FOUR, MAX_BARS, Music, Track
from musicgen.request import MAX_SEED, Request
from musicgen.roles import ROLE_NAMES, STYLE_BY_NAME, STYLE_NAMES, STYLES

SETTLE = 0.44
"""Most that what lies between pieces is changed to be music again, as a strength of `Composer.resample`."""
FEW_SONGS = 10
"""A style and metre of fewer training songs than this is one that a model has hardly heard."""
TRIES = 4
"""Draws of a piece in which a requested role stays silent, as it does in some sixteen bars of real music too."""


class Composer(ABC):
    """A model that makes `Music`.

    `kind` is that of its checkpoints, such as "vae"; `identity` names the weights (the kind, a dash, and a digest of
    them), so that a recipe can say what made a piece.
    """

    kind: ClassVar[str]
    identity: str
    steers = False
    """Whether the attributes, chords and form of a request are heard."""
    metres: tuple[str, ...] = (FOUR_FOUR.name,)
    """The metres of the music it learned from: those that it can be asked for."""
    songs: Mapping[str, Mapping[str, int]] = MappingProxyType({})
    """Training songs by metre and style; none where the checkpoint does not say."""

    @classmethod
    @abstractmethod
    def from_folder(cls, folder: Path) -> Self:
        """Load a checkpoint folder (config.json, model.safetensors), strictly.

        Raises:
            CheckpointError: a file is missing or damaged, or a tensor is missing, unexpected or of another shape.
        """

    @abstractmethod
    def save_pretrained(self, folder: str | Path) -> None:
        """Write config.json and model.safetensors into a folder; loading it again gives the same music."""

    @classmethod
    def from_pretrained(cls, name: str | Path, revision: str | None = None, **options: Any) -> Self:
        """A model of this kind from a folder, from the Hub, or that ships; arguments and errors as `musicgen.load`."""
        from musicgen import load  # the package's front door: no file in here knows where checkpoints come from

        model = load(name, revision, **options)
        if not isinstance(model, cls):
            raise CheckpointError(f"Expected a {cls.kind}. Received: {model.identity}.")
        return model

    def push_to_hub(self, repo_id: str, *, token: str | None = None, endpoint: str | None = None) -> str:
        """Push to "org/name" on the Hub with a model card; returns "org/name@commit", which `musicgen.load` takes.

        Arguments and errors as `musicgen.push_to_hub`, which can do more.
        """
        from musicgen import push_to_hub

        return push_to_hub(self, repo_id, token=token, endpoint=endpoint).name

    @abstractmethod
    def generate(self, request: Request) -> Music:
        """A new piece. The same request gives the same music.

        Raises:
            RequestError: a metre that the model has not learned.
        """

    @abstractmethod
    def encode(self, music: Music) -> np.ndarray:
        """Latents of shape (bars, roles, latent size) of a piece, the mean code."""

    @abstractmethod
    def decode(self, latents: np.ndarray, like: Music) -> Music:
        """A piece from latents of shape (bars, roles, latent size); tempo, key, style and programs as in `like`."""

    @abstractmethod
    def resample(
        self, latents: np.ndarray, keep: np.ndarray, strength: float, seed: int, roles: Sequence[str], style: str
    ) -> np.ndarray:
        """New latents for the cells that are not kept, made to fit those that are.

        Args:
            latents: shape (bars, roles, latent size).
            keep: bool, shape (bars, roles).
            strength: above 0, which would leave the latents as they are, up to 1, which forgets them.
            seed: 0 to 2**32 - 1.
            roles: the roles that play.
            style: a style name; one that the model does not know means any.

        Returns:
            Shape as latents.
        """

    # --- what every model can do, made of the above ---

    def hardly_heard(self, metre: str) -> tuple[str, ...]:
        """The styles that the model learned from fewer than `FEW_SONGS` songs in a metre, as far as it says."""
        known = self.songs.get(metre)
        return () if known is None else tuple(style for style in STYLE_NAMES if known.get(style, 0) < FEW_SONGS)

    def refuse_other_metres(self, metre: str) -> None:
        """Raise a `RequestError` for a metre that the model has not learned."""
        if metre not in self.metres:
            known = " or ".join(self.metres)
            raise RequestError(f"metre: expected {known}, which is what this model has learned. Received: {metre}.")

    def generate_many(self, requests: Sequence[Request]) -> list[Music]:
        """`generate` for each request."""
        return [self.generate(request) for request in requests]

    def reconstruct(self, music: Music) -> Music:
        """The piece through the model and back: what the latents know of it."""
        return self.decode(self.encode(music), music)

    def vary(self, music: Music, strength: float, seed: int = 0, keep: np.ndarray | None = None) -> Music:
        """The piece changed by as much as asked for, as nearly as several draws come to it, see `redrawing`.

        Long pieces are changed window by window, see `windows`; one in which nothing is to change is not looked at.

        Args:
            music: any piece of at most `MAX_BARS` bars.
            strength: share of the notes outside the kept cells that are to be others, 0 (none) to 1 (all).
            seed: of the change.
            keep: cells that come back note for note, bool, shape (bars, roles); none if not given.

        Raises:
            RequestError: an argument that is not as above.
        """

        def change(part: Music, kept: np.ndarray, seed: int) -> Music:
            def draw(heard: np.ndarray, depth: float, seed: int) -> Music:
                return codec.splice(part, self.redraw(part, heard, depth, seed), kept)

            return redraw_by(float(strength), draw, part, kept, seed)

        return self._change(music, strength, seed, keep, change)

    def _change(
        self, music: Music, strength: float, seed: int, keep: np.ndarray | None,
        change: Callable[[Music, np.ndarray, int], Music],
    ) -> Music:  # fmt: skip
        """A piece changed by a function of a window of it, the cells to keep and a seed; arguments as of `vary`."""
        if isinstance(strength, bool) or not isinstance(strength, (int, float)) or not 0 <= strength <= 1:
            raise RequestError(f"strength: expected a number from 0 to 1. Received: {strength!r}.")
        if music.bars > MAX_BARS:
            raise RequestError(f"Expected a piece of at most {MAX_BARS} bars. Received: {music.bars}.")
        shape = (music.bars, len(ROLE_NAMES))
        keep = np.zeros(shape, bool) if keep is None else np.asarray(keep, bool)
        if keep.shape != shape:
            raise RequestError(f"keep: expected a mask of shape {shape}. Received: {keep.shape}.")
        if strength == 0 or keep.all():
            return music
        if music.bars <= WINDOW:
            return change(music, keep, seed)
        # other seeds, so that the windows are no copies of one another
        return change_by_windows(
            music, keep, lambda part, mask, number: change(part, mask, (seed + number) % (MAX_SEED + 1))
        )

    def redraw(self, music: Music, keep: np.ndarray, strength: float, seed: int) -> Music:
        """One draw of a change, in which the cells to keep come back as the model has them.

        Args:
            strength: as of `resample`: how much of the piece the model forgets.
        """
        roles = [track.role for track in music.tracks]
        return self.decode(self.resample(self.encode(music), keep, strength, seed, roles, music.style), music)

    def infill(self, music: Music, cells: np.ndarray, seed: int = 0) -> Music:
        """The piece with some cells made anew to fit the others, which come back note for note.

        Args:
            cells: which to make, bool, shape (bars, roles).
        """
        return self.vary(music, 1.0, seed, ~np.asarray(cells, bool))

    def accompany(self, music: Music, roles: Sequence[str] = ROLE_NAMES, seed: int = 0) -> Music:
        """The piece with a band around it: what it has comes back note for note, the other `roles` are new.

        Where one of them stays silent, the band of the next seed is drawn, up to `TRIES` in all.
        """
        have = {track.role: track for track in music.tracks if track.notes}
        style = STYLE_BY_NAME.get(music.style, STYLES[0])
        added = tuple(Track(role, style.program(role), ()) for role in roles if role not in have)
        keep = np.tile([role in have for role in ROLE_NAMES], (music.bars, 1))
        asked = replace(music, tracks=(*have.values(), *added))
        for attempt in range(TRIES):
            band = self.vary(asked, 1.0, seed + attempt, keep)
            if all(band.notes(track.role) for track in added):
                break
        return band

    def continue_(self, music: Music, bars: int, seed: int = 0) -> Music:
        """The piece and `bars` more bars; what is there comes back note for note.

        Raises:
            RequestError: no bars, or more than a piece of `MAX_BARS` bars has room for.
        """
        if music.bars >= MAX_BARS:
            raise RequestError(f"Expected a piece of fewer than {MAX_BARS} bars to go on. Received: {music.bars}.")
        if not 1 <= bars <= MAX_BARS - music.bars:
            raise RequestError(f"bars: expected 1 to {MAX_BARS - music.bars} more. Received: {bars!r}.")
        keep = np.tile(np.arange(music.bars + bars)[:, None] < music.bars, (1, len(ROLE_NAMES)))
        return self.vary(replace(music, bars=music.bars + bars), 1.0, seed, keep)

    def transfer(
        self, music: Music, style: str, strength: float = 0.7, seed: int = 0, keep: np.ndarray | None = None
    ) -> Music:
        """The piece in another style: its melody note for note, the rest led there, on the style's instruments.

        Args:
            keep: cells that come back note for note besides, bool, shape (bars, roles); a role all of which does keeps
                its instrument, too.
        """
        if style not in STYLE_BY_NAME:
            raise RequestError(f"style: expected one of {', '.join(STYLE_BY_NAME)}. Received: {style!r}.")
        target = STYLE_BY_NAME[style]
        keep = np.zeros((music.bars, len(ROLE_NAMES)), bool) if keep is None else np.asarray(keep, bool)
        whole = {role for role, column in zip(ROLE_NAMES, keep.T, strict=True) if column.all()}
        tracks = tuple(
            track if track.role in whole else replace(track, program=target.program(track.role))
            for track in music.tracks
        )
        keep = keep | [role == "melody" for role in ROLE_NAMES]

        def change(part: Music, kept: np.ndarray, seed: int) -> Music:
            # one draw that hears what is kept: how far a style leads is up to the model, and the chords have to stay
            return codec.splice(part, self.redraw(part, kept, float(strength), seed), kept)

        return self._change(replace(music, tracks=tracks, style=style), strength, seed, keep, change)

    def morph(self, first: Music, last: Music, steps: int) -> list[Music]:
        """`steps` pieces on the way from one to the other, both ends included as the model reconstructs them.

        Latents turn on the sphere, cell by cell (slerp; Shoemake 1985), so that those in between are no thinner than
        those at the ends. The shorter piece is repeated; the tempo goes in even steps; key, style and instruments are
        those of the nearer end, which is where they change.

        Raises:
            RequestError: fewer than 2 or more than 64 steps, a piece of more than `MAX_BARS` bars, or two metres.
        """
        if not 2 <= steps <= 64:
            raise RequestError(f"steps: expected 2 to 64. Received: {steps!r}.")
        bars = max(first.bars, last.bars)
        if bars > MAX_BARS:
            raise RequestError(f"Expected pieces of at most {MAX_BARS} bars. Received: {bars}.")
        refuse_several_metres([first, last])
        ends = [self.encode(music) for music in (first, last)]
        pieces = []
        for step in range(steps):
            share = step / (steps - 1)
            tempo = round(first.tempo + share * (last.tempo - first.tempo), 2)
            like = replace(first if share < 0.5 else last, bars=bars, tempo=tempo)
            pieces.append(self.blend(ends, [1 - share, share], like))
        return pieces

    def blend(self, codes: Sequence[np.ndarray], weights: Sequence[float], like: Music) -> Music:
        """What lies between pieces, as `morph` goes, but between any number of them.

        Half way between places on the map need not be music: the further from all of the pieces, the more of the way
        back to it the model goes, see `resample`.

        Args:
            codes: latents of each piece, see `encode`; those of shorter pieces are repeated.
            weights: of each piece, 0 or more, not all 0.
            like: gives length, tempo, key, style and instruments.
        """
        result, total = codes[0], float(weights[0])
        bars = np.arange(like.bars)
        result = result[bars % len(result)]
        for latents, weight in zip(codes[1:], weights[1:], strict=True):
            total += weight
            if weight > 0:
                result = slerp(result, latents[bars % len(latents)], weight / total)
        away = 1 - max(weights) / total
        return self.settle(result, min(away, SETTLE), like) if away > 0 else self.decode(result, like)

    def settle(self, latents: np.ndarray, strength: float, like: Music, seed: int = 0) -> Music:
        """The piece of latents that need not be music, led back to it as `resample` does."""
        keep, roles = np.zeros(latents.shape[:2], bool), [track.role for track in like.tracks]
        return self.decode(self.resample(latents, keep, strength, seed, roles, like.style), like)

    def warm_up(self, bars: int = 4) -> None:
        """Compile and run every function that serves pieces so long, so that the first visitor does not wait for it."""
        self.reconstruct(self.generate(Request(bars=bars)))


def refuse_several_metres(pieces: Sequence[Music]) -> None:
    """Raise a `RequestError` for pieces that nothing lies between, as their bars are not of one metre."""
    metres = list(dict.fromkeys(piece.metre.name for piece in pieces))
    if len(metres) > 1:
        raise RequestError(f"Expected pieces in one metre, to go between them. Received: {' and '.join(metres)}.")


def slerp(a: np.ndarray, b: np.ndarray, share: float) -> np.ndarray:
    """Between arrays of the same shape along the arcs of their last axes; `share` 0 is a, 1 is b."""
    length = np.linalg.norm(a, axis=-1, keepdims=True) * np.linalg.norm(b, axis=-1, keepdims=True)
    cosine = np.clip(np.sum(a * b, axis=-1, keepdims=True) / np.maximum(length, 1e-12), -1, 1)
    angle = np.arccos(cosine)
    sine = np.sin(angle)
    straight = sine < 1e-4  # nearly the same direction, or opposite ones: there is no arc to follow
    safe = np.where(straight, 1.0, sine)
    first = np.where(straight, 1 - share, np.sin((1 - share) * angle) / safe)
    second = np.where(straight, share, np.sin(share * angle) / safe)
    return np.asarray(first * a + second * b, np.float32)
