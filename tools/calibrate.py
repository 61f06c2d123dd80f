"""Tables by which the pieces of a model have as many notes, and as many intervals of each kind, as songs.

    python -m tools.calibrate data vae gan

They are `GridComposer.fuller` and `GridComposer.leaps`. Pieces are made for the requests of training songs, and played
with tables that are corrected until the numbers are those of the songs (iterative scaling).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from musicgen import codec, hub
from musicgen.corpus.dataset import Dataset
from musicgen.evaluation.texture import notes_per_bar
from musicgen.evaluation.view import PITCH, View
from musicgen.evaluation.windows import Window, request_like, windows
from musicgen.models import load_composer
from musicgen.models.agreement import agreeing, fuller
from musicgen.models.decoding import Chances
from musicgen.models.forms import formed
from musicgen.models.grid_codec import blank
from musicgen.models.grid_composer import GridComposer
from musicgen.models.singing import FROM, singing
from musicgen.music import Music
from musicgen.request import DEFAULT_TEMPERATURE

ROUNDS = 10
FILLED = ("melody", "chords", "pad", "bass")
"""Drums are as full as songs' already."""
_RATE = 0.7
_LEAST = 2e-3
"""Added to shares, so that kinds which hardly occur move little."""
Made = list[tuple[Chances, Music]]


def shares(pieces: Sequence[Music]) -> np.ndarray:
    """How many of a melody's intervals are of each kind, in the mean over pieces."""
    found = []
    for piece in pieces:
        leaps = np.abs(np.diff(View.of(piece).notes("melody")[:, PITCH]))
        if len(leaps):
            kinds = np.searchsorted(FROM, leaps, side="right")
            found.append(np.bincount(kinds, minlength=len(FROM) + 1) / len(leaps))
    return np.mean(found, axis=0)


def densities(pieces: Sequence[Music]) -> np.ndarray:
    """Notes a bar of each of `FILLED`, in the mean over pieces that have it."""
    return np.array([np.nanmean([notes_per_bar(piece, role) for piece in pieces]) for role in FILLED])


def made_for(composer: GridComposer, songs: Sequence[Window]) -> Made:
    """What the decoder says of a piece for each request, and the piece without notes."""
    made = []
    for seed, song in enumerate(songs):
        request = request_like(song, seed, DEFAULT_TEMPERATURE)
        like = blank(request)
        latents = composer._latents(formed(request, composer.forms, composer.bars), 0)
        made.append((composer.codec.chances(latents, like), like))
    return made


def played(made: Made, filled: np.ndarray, tilt: np.ndarray) -> list[Music]:
    by = {role: float(more) for role, more in zip(FILLED, filled, strict=True)}
    pieces = []
    for chances, like in made:
        sung = replace(chances, onsets=singing(agreeing(fuller(chances.onsets, by)), tuple(tilt)))
        pieces.append(codec.decode(sung.notes(sung.choose())[0], like))
    return pieces


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--count", type=int, default=112)
    options = parser.parse_args()
    songs = windows(Dataset.open(options.data), "train", options.count, seed=5)
    pieces = [song.music for song in songs]
    notes, steps = densities(pieces), shares(pieces)
    print("songs: notes a bar", np.round(notes, 2).tolist(), "intervals", np.round(steps, 3).tolist())
    for name in options.models:
        composer = load_composer(hub.resolve(name))
        assert isinstance(composer, GridComposer)
        made, filled, tilt = made_for(composer, songs), np.zeros(len(FILLED)), np.zeros(len(FROM) + 1)
        for _ in range(ROUNDS):
            found = played(made, filled, tilt)
            filled += 2 * _RATE * np.log(notes / densities(found))
            tilt += _RATE * np.log((steps + _LEAST) / (shares(found) + _LEAST))
            tilt -= tilt.mean()
        found = played(made, filled, tilt)
        print(f"{name}: fuller", np.round(filled, 2).tolist(), "leaps", np.round(tilt, 2).tolist())
        print("  gives", np.round(densities(found), 2).tolist(), np.round(shares(found), 3).tolist(), flush=True)


if __name__ == "__main__":
    main()
