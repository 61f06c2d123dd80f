"""Tables by which the pieces of a model have as many notes, voices, and intervals of each kind, as songs.

    python -m tools.calibrate data vae gan

They are `GridComposer.habits`. Pieces are made for the requests of training songs, and played with tables that are
corrected until the numbers are those of the songs (iterative scaling).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from musicgen import hub
from musicgen.corpus.dataset import Dataset
from musicgen.evaluation.texture import notes_per_bar
from musicgen.evaluation.view import ONSET, PITCH, View
from musicgen.evaluation.windows import Window, request_like, windows
from musicgen.models import load_composer
from musicgen.models.decoding import MONOPHONIC, Chances
from musicgen.models.forms import formed
from musicgen.models.fullness import CHORDED, VOICES
from musicgen.models.grid_codec import blank, played
from musicgen.models.grid_composer import GridComposer
from musicgen.models.lines import FROM
from musicgen.models.together import Habits, together
from musicgen.music import Music
from musicgen.request import DEFAULT_TEMPERATURE
from musicgen.roles import ROLE_NAMES

ROUNDS = 12
LINES = tuple(ROLE_NAMES[role] for role in MONOPHONIC)
"""Drums are as full as songs' already."""
_RATE = 0.7
_FARTHEST = 18.0
"""Of what speaks for a voice: it changes nothing more from there on."""
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
    """Notes a bar of each of `LINES`, in the mean over pieces that have it."""
    return np.array([np.nanmean([notes_per_bar(piece, role) for piece in pieces]) for role in LINES])


def chords_of(pieces: Sequence[Music]) -> tuple[np.ndarray, np.ndarray]:
    """Of each of `CHORDED`, in the mean over pieces that have it: ticks a bar on which it begins notes, and the share
    of these with at least two, three, ... pitch classes, shape (roles, `VOICES` - 1)."""
    ticks, shares_ = [], []
    for role in CHORDED:
        found = []
        for piece in pieces:
            notes = View.of(piece).notes(role)
            if len(notes):
                places = {(note[ONSET], note[PITCH] % 12) for note in notes.tolist()}
                when, count = np.unique([tick for tick, _ in places], return_counts=True)
                found.append([len(when) / piece.bars, *[np.mean(count >= least) for least in range(2, VOICES + 1)]])
        mean = np.array(found, float).mean(axis=0)
        ticks.append(mean[0])
        shares_.append(mean[1:])
    return np.array(ticks), np.array(shares_)


def repeats(pieces: Sequence[Music]) -> np.ndarray:
    """How many bars begin notes on the ticks on which the bar before them does, of those in which both play, of each
    role, in the mean over pieces."""
    found = np.full((len(pieces), len(ROLE_NAMES)), np.nan)
    for piece, shares_ in zip(pieces, found, strict=True):
        for role, name in enumerate(ROLE_NAMES):
            begins = np.zeros((piece.bars, piece.ticks_per_bar), bool)
            begins[np.divmod(View.of(piece).notes(name)[:, ONSET], piece.ticks_per_bar)] = True
            both = begins[1:].any(axis=1) & begins[:-1].any(axis=1)
            if both.any():
                shares_[role] = (begins[1:] == begins[:-1]).all(axis=1)[both].mean()
    return np.asarray(np.nanmean(found, axis=0))


def made_for(composer: GridComposer, songs: Sequence[Window]) -> Made:
    """What the decoder says of a piece for each request, and the piece without notes."""
    made = []
    for seed, song in enumerate(songs):
        request = request_like(song, seed, DEFAULT_TEMPERATURE)
        like = blank(request)
        latents = composer._latents(formed(request, composer.forms, composer.bars), 0)
        made.append((composer.codec.chances(latents, like), like))
    return made


def habits_of(filled: np.ndarray, voices: np.ndarray, tilt: np.ndarray, strengths: np.ndarray) -> Habits:
    """Tables from what speaks for notes of `LINES`, voices, a row for each of `CHORDED`, intervals, and rhythms."""
    by = {role: round(float(more), 2) for role, more in zip(LINES, filled, strict=True)}
    speaks = {role: tuple(row) for role, row in zip(CHORDED, voices.round(2).tolist(), strict=True)}
    rhythm = {role: round(float(strength), 2) for role, strength in zip(ROLE_NAMES, strengths, strict=True)}
    return Habits(tuple(tilt.round(2).tolist()), by, {}, speaks, rhythm)


def pieces_of(made: Made, habits: Habits) -> list[Music]:
    return [played(together(chances, habits), like) for chances, like in made]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("models", nargs="+")
    parser.add_argument("--count", type=int, default=112)
    options = parser.parse_args()
    songs = windows(Dataset.open(options.data), "train", options.count, seed=5)
    pieces = [song.music for song in songs]
    notes, steps, (ticks, chords) = densities(pieces), shares(pieces), chords_of(pieces)
    repeated = repeats(pieces)
    print("songs: notes a bar", np.round(notes, 2).tolist(), "intervals", np.round(steps, 3).tolist())
    print("  bars in the rhythm of the one before", np.round(repeated, 2).tolist())
    print("  chords a bar", np.round(ticks, 2).tolist(), "of voices", np.round(chords, 3).tolist())
    for name in options.models:
        composer = load_composer(hub.resolve(name))
        assert isinstance(composer, GridComposer)
        made, filled, tilt = made_for(composer, songs), np.zeros(len(LINES)), np.zeros(len(FROM) + 1)
        voices, strengths = np.zeros((len(CHORDED), VOICES)), np.zeros(len(ROLE_NAMES))
        for _ in range(ROUNDS):
            found = pieces_of(made, habits_of(filled, voices, tilt, strengths))
            now, these = chords_of(found)
            more = 2 * _RATE * np.log(ticks / now)[:, None]
            voices[:, :1] += more
            voices[:, 1:] += more + _logit(chords) - _logit(these)
            voices = np.clip(voices, -_FARTHEST, _FARTHEST)
            filled += 2 * _RATE * np.log(notes / densities(found))
            tilt += _RATE * np.log((steps + _LEAST) / (shares(found) + _LEAST))
            tilt -= tilt.mean()
            strengths = np.clip(strengths + 2 * _RATE * (repeated - repeats(found)), 0, 1)
        found = pieces_of(made, habits_of(filled, voices, tilt, strengths))
        print(f"{name}:", habits_of(filled, voices, tilt, strengths))
        now, these = chords_of(found)
        print("  gives", np.round(densities(found), 2).tolist(), np.round(shares(found), 3).tolist())
        print("  bars", np.round(repeats(found), 2).tolist())
        print("  chords", np.round(now, 2).tolist(), np.round(these, 3).tolist(), flush=True)


def _logit(share: np.ndarray) -> np.ndarray:
    return np.asarray(np.log((share + 0.01) / (1.01 - share)))


if __name__ == "__main__":
    main()
