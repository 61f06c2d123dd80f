"""`GridCodec`: `Music` to the latent grid of a VAE and back, for every model that works on that grid."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import keras
import numpy as np

from musicgen import codec
from musicgen.errors import MusicgenError
from musicgen.models.asking import style_code
from musicgen.models.compiling import compiled
from musicgen.models.decoding import Chances
from musicgen.models.vae import ROLES, VAE
from musicgen.music import CELL_TICKS, METRES, Music
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES, STYLE_BY_NAME

_PITCHES = (np.arange(codec.MAX_PITCHES) < np.array(codec.PITCHES)[:, None]).astype(np.float32)[:, None, None]
"""1 for the pitches that each role has, shape (roles, 1, 1, pitches)."""
_NOTE_ROOM = 2048
"""Notes per call of the encoder, more than all but one in two thousand windows hold."""
_CLASS_ROOM = 1024
"""Notes per call of what gives them durations and velocities; most windows have fewer."""
_MOST_NOTES = 8192
"""Most notes of a window that is encoded: four times as many as the fullest one of the corpus has."""


class GridCodec:
    """A VAE as a codec, compiled; pieces longer than it sees at once go window by window."""

    def __init__(self, vae: VAE) -> None:
        self.vae = vae
        self.bars = vae.config.bars
        self._encode = compiled(lambda notes, bars, present: vae.encode(notes, bars, present))
        self._decode = compiled(self._probabilities)
        self._classes = compiled(self._best_classes)

    def encode(self, music: Music) -> np.ndarray:
        """As `Composer.encode`.

        Raises:
            MusicgenError: more than 8192 notes in one window.
        """
        return self.posterior(music)[0]

    def posterior(self, music: Music) -> tuple[np.ndarray, np.ndarray]:
        """Mean and deviation of what the encoder takes a piece for, each of shape (bars, roles, latent size).

        In units of the prior that the VAE is trained with, N(0, 1). Errors as `encode`.
        """
        rows = codec.encode(music)
        present = present_roles([track.role for track in music.tracks])
        means, deviations = [], []
        for start in range(0, music.bars, self.bars):
            bars = min(self.bars, music.bars - start)
            inside = rows[(rows[:, 0] >= start) & (rows[:, 0] < start + bars)]
            notes = np.zeros((note_room(len(inside), self.bars), 6), np.int32)
            notes[:, 0] = -1
            notes[: len(inside), 0] = (inside[:, 0] - start) * ROLES + inside[:, 1]
            notes[: len(inside), 1:] = inside[:, 1:]
            mean, log_variance = self._encode(notes, bar_mask(bars, self.bars), present)
            means.append(mean[0, :bars])
            deviations.append(np.exp(0.5 * log_variance[0, :bars]))
        return np.concatenate(means), np.concatenate(deviations)

    def decode(self, latents: np.ndarray, like: Music) -> Music:
        """As `Composer.decode`.

        Raises:
            MusicgenError: latents of another shape than (bars of `like`, roles, latent size).
        """
        return played(self.chances(latents, like).within(like), like)

    def chances(self, latents: np.ndarray, like: Music) -> Chances:
        """What the decoder says of latents, of which `decode` plays the most probable. Errors as `decode`."""
        latents = np.asarray(latents, np.float32)
        expected = (like.bars, ROLES, self.vae.config.latent)
        if latents.shape != expected:
            raise MusicgenError(f"Expected latents of shape {expected}. Received: {latents.shape}.")
        present, style = present_roles([track.role for track in like.tracks]), style_code(like.style)
        windows = -(-like.bars // self.bars)
        room = windows * self.bars
        padded = np.zeros((room, *latents.shape[1:]), np.float32)
        padded[: like.bars] = latents
        # all windows at once: one after another they take three quarters longer
        stacked = padded.reshape(windows, self.bars, *latents.shape[1:])
        mask = bar_mask(like.bars, room).reshape(windows, self.bars)
        onsets, features = self._decode(stacked, mask, present, style)
        onsets = onsets[:, : like.bars]
        if like.ticks_per_bar < CELL_TICKS:  # what lies past a shorter bar's end is never played
            onsets = np.where((np.arange(CELL_TICKS) < like.ticks_per_bar)[:, None], onsets, np.float32(0))
        return Chances(onsets, partial(self._note_classes, features))

    def _note_classes(self, features: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As `Chances.classes`, from the features of all ticks, shape (roles, bars, ticks, features)."""
        best = np.zeros((len(rows), 2), np.int64)
        durations = np.zeros((len(rows), len(codec.DURATIONS)), np.float32)
        for start in range(0, len(rows), _CLASS_ROOM):
            chunk = rows[start : start + _CLASS_ROOM]
            padded = np.zeros((_CLASS_ROOM, 4), np.int32)
            padded[: len(chunk)] = chunk
            # gathered here: the features of all ticks would be copied for every call
            classes, logits = self._classes(features[tuple(padded[:, :3].T)], padded[:, 0], padded[:, 3])
            here = slice(start, start + len(chunk))
            best[here], durations[here] = classes[: len(chunk)], logits[: len(chunk)]
        return best, durations

    def _probabilities(self, latents: Any, mask: Any, present: Any, style: Any) -> Any:
        logits, features = self.vae.decode(latents, mask, present, style)
        return keras.ops.sigmoid(logits) * present[0][:, None, None, None] * _PITCHES, features

    def _best_classes(self, features: Any, role: Any, pitch: Any) -> Any:
        durations, velocities = self.vae.head.note_classes(features, role, pitch)
        best = [keras.ops.argmax(durations, axis=-1), keras.ops.argmax(velocities, axis=-1)]
        return keras.ops.stack(best, axis=-1), durations


def note_room(count: int, bars: int) -> int:
    """Length of the array that so many notes of a window are put in: one of two, as each is compiled for.

    Raises:
        MusicgenError: more notes than the longer one has room for.
    """
    if count > _MOST_NOTES:
        raise MusicgenError(f"Expected at most {_MOST_NOTES} notes in {bars} bars. Received: {count}.")
    return _NOTE_ROOM if count <= _NOTE_ROOM else _MOST_NOTES


def played(chances: Chances, like: Music) -> Music:
    """The most probable piece; tempo, key, style and programs as in `like`."""
    return codec.decode(chances.notes(chances.choose())[0], like)


def blank(request: Request) -> Music:
    """A silent piece with everything a request says except notes."""
    style = STYLE_BY_NAME[request.style]
    programs = [style.program(role) for role in ROLE_NAMES]
    tracks = codec.empty_tracks(programs, request.roles)
    assert request.tempo is not None and not isinstance(request.key, str)  # a Request fills both in
    return Music(tracks, request.bars, request.tempo, request.key, request.style, METRES[request.metre])


def present_roles(roles: Sequence[str]) -> np.ndarray:
    """1 for each role that plays, float32, shape (1, roles)."""
    return np.array([[role in roles for role in ROLE_NAMES]], np.float32)


def bar_mask(bars: int, room: int) -> np.ndarray:
    """1 for each of the first `bars` bars, float32, shape (1, room)."""
    return (np.arange(room) < bars).astype(np.float32)[None]
