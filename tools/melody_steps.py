"""What speaks for each kind of interval in a melody: `GridComposer.leaps`, from songs and a model.

    python -m tools.melody_steps data vae gan

Pieces are made for the requests of training songs, and their melodies sung with a table that is corrected until as many
intervals of each kind are played as in those songs. A line for each model, and the shares of songs and pieces.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from musicgen import codec, hub
from musicgen.corpus.dataset import Dataset
from musicgen.evaluation.run import Window, request_like, windows
from musicgen.evaluation.view import PITCH, View
from musicgen.models import load_composer
from musicgen.models.agreement import agreeing
from musicgen.models.forms import formed
from musicgen.models.grid_codec import blank
from musicgen.models.grid_composer import GridComposer
from musicgen.models.singing import FROM, singing
from musicgen.music import Music
from musicgen.request import DEFAULT_TEMPERATURE

ROUNDS = 10
_RATE = 0.7
_LEAST = 2e-3
"""Added to shares, so that kinds which hardly occur move little."""


def shares(pieces: Sequence[Music]) -> np.ndarray:
    """How many of a melody's intervals are of each kind, in the mean over pieces."""
    found = []
    for piece in pieces:
        leaps = np.abs(np.diff(View.of(piece).notes("melody")[:, PITCH]))
        if len(leaps):
            kinds = np.searchsorted(FROM, leaps, side="right")
            found.append(np.bincount(kinds, minlength=len(FROM) + 1) / len(leaps))
    return np.mean(found, axis=0)


def tilt_of(composer: GridComposer, songs: Sequence[Window]) -> tuple[np.ndarray, np.ndarray]:
    """The table, and the shares that it gives."""
    made = []
    for seed, song in enumerate(songs):
        request = request_like(song, seed, DEFAULT_TEMPERATURE)
        like = blank(request)
        latents = composer._latents(formed(request, composer.forms, composer.bars), 0)
        chances = composer.codec.chances(latents, like)
        made.append((replace(chances, onsets=agreeing(chances.onsets)), like))
    wanted, tilt = shares([song.music for song in songs]), np.zeros(len(FROM) + 1)
    for _ in range(ROUNDS):
        pieces = []
        for chances, like in made:
            sung = replace(chances, onsets=singing(chances.onsets, tuple(tilt)))
            pieces.append(codec.decode(sung.notes(sung.choose())[0], like))
        found = shares(pieces)
        tilt += _RATE * np.log((wanted + _LEAST) / (found + _LEAST))
        tilt -= tilt.mean()
    return tilt, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--count", type=int, default=112)
    options = parser.parse_args()
    songs = windows(Dataset.open(options.data), "train", options.count, seed=5)
    print("from", (0, *FROM), "songs", np.round(shares([song.music for song in songs]), 3).tolist())
    for name in options.models:
        composer = load_composer(hub.resolve(name))
        assert isinstance(composer, GridComposer)
        tilt, found = tilt_of(composer, songs)
        print(name, "tilt", np.round(tilt, 2).tolist(), "pieces", np.round(found, 3).tolist(), flush=True)


if __name__ == "__main__":
    main()
