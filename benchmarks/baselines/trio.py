"""Pieces as MusicVAE hears them: melody, bass and drums, one token each on every sixteenth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.baselines import grid
from benchmarks.baselines.grid import FIRST, STEPS_PER_BAR
from musicgen import codec
from musicgen.corpus.dataset import Dataset, Piece
from musicgen.errors import CheckpointError
from musicgen.music import Music
from musicgen.roles import DRUM_PITCHES, ROLE_NAMES
from musicgen.training.batches import every_place

TRIO = ("melody", "bass", "drums")
HOLD, OFF, NOTE = 0, 1, 2
"""Tokens of melody and bass: go on as before (sounding or silent), fall silent, begin the role's lowest pitch."""
KIT = 512
"""Sets of drums that have a token, as many as MusicVAE's nine drums make. Of our twenty, training songs play 99.98 % of
their sixteenths with the 512 commonest sets; any other becomes the nearest."""
_LINES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "melody": lambda starts: starts.shape[1] - 1 - starts[:, ::-1].argmax(axis=1),
    "bass": lambda starts: starts.argmax(axis=1),
}
"""Which of several pitches that begin at once is the line: the highest of the melody, the lowest of the bass."""
_COLUMNS = {role: slice(FIRST[ROLE_NAMES.index(role)], FIRST[ROLE_NAMES.index(role) + 1]) for role in TRIO}


class Trio:
    """The vocabulary: what a token stands for.

    Attributes:
        kit: the drums of each drum token, bool, shape (tokens, 20); the first is silence.
        sizes: number of tokens of melody, bass and drums.
    """

    def __init__(self, kit: np.ndarray) -> None:
        self.kit = np.asarray(kit, bool)
        pitches = [codec.PITCHES[ROLE_NAMES.index(role)] for role in TRIO[:2]]
        self.sizes = (NOTE + pitches[0], NOTE + pitches[1], len(self.kit))
        self._token_of = {drums.tobytes(): token for token, drums in enumerate(self.kit)}

    @classmethod
    def of(cls, dataset: Dataset) -> Trio:
        """With the `KIT` commonest sets of drums of the training split."""
        silence = bytes(len(DRUM_PITCHES))
        seen: Counter[bytes] = Counter({silence: 0})
        for piece in dataset.split("train"):
            begins, _ = grid.grid(dataset.rows(piece, 0, piece.bars), piece.bars)
            sets, counts = np.unique(begins[:, _COLUMNS["drums"]], axis=0, return_counts=True)
            for drums, count in zip(sets, counts.tolist(), strict=True):
                seen[drums.tobytes()] += count
        chosen = sorted(seen, key=lambda drums: (drums != silence, -seen[drums], drums))[:KIT]
        return cls(np.array([np.frombuffer(drums, bool) for drums in chosen]))

    @classmethod
    def load(cls, run: Path) -> Trio:
        """The vocabulary that `save` wrote.

        Raises:
            CheckpointError: there is none.
        """
        try:
            return cls(np.load(run / "kit.npy"))
        except (OSError, ValueError):
            raise CheckpointError(f"Expected a run with a drum kit. Received: {run}, without a kit.npy.") from None

    def save(self, run: Path) -> None:
        """Write kit.npy into the folder of a run."""
        temporary = run / "kit.tmp.npy"
        np.save(temporary, self.kit)
        temporary.replace(run / "kit.npy")

    def tokens(self, begins: np.ndarray, goes_on: np.ndarray) -> np.ndarray:
        """What `grid.grid` gives, as int32 tokens, shape (16 * bars, 3)."""
        result = np.zeros((len(begins), len(TRIO)), np.int32)
        for index, role in enumerate(TRIO[:2]):
            starts, on = begins[:, _COLUMNS[role]], goes_on[:, _COLUMNS[role]]
            fresh, line = starts.any(axis=1).tolist(), _LINES[role](starts).tolist()
            now = None
            for step in range(len(begins)):
                if fresh[step]:
                    now = line[step]
                    result[step, index] = NOTE + now
                elif now is not None and not on[step, now]:
                    now = None
                    result[step, index] = OFF
        result[:, 2] = [self._drums(row) for row in begins[:, _COLUMNS["drums"]]]
        return result

    def music(self, tokens: np.ndarray, like: Music) -> Music:
        """The inverse of `tokens`: a piece with the tracks of `like`, of which no other than the trio plays."""
        begins = np.zeros((like.bars * STEPS_PER_BAR, grid.COLUMNS), bool)
        goes_on = np.zeros_like(begins)
        for index, role in enumerate(TRIO[:2]):
            now = None
            for step, token in enumerate(tokens[: len(begins), index].tolist()):
                if token >= NOTE:
                    now = _COLUMNS[role].start + token - NOTE
                    begins[step, now] = True
                elif token == OFF:
                    now = None
                elif now is not None:
                    goes_on[step, now] = True
        begins[:, _COLUMNS["drums"]] = self.kit[tokens[: len(begins), 2]]
        return grid.music(begins, goes_on, like)

    def transposed(self, tokens: np.ndarray, semitones: int) -> np.ndarray:
        """Tokens moved by -12 to 12 semitones; a pitch that leaves its role's range moves by an octave."""
        tokens = tokens.copy()
        for index, size in enumerate(self.sizes[:2]):
            line = tokens[:, index]
            notes = line >= NOTE
            pitch = line[notes] - NOTE + semitones
            line[notes] = NOTE + pitch + 12 * ((pitch < 0).astype(int) - (pitch >= size - NOTE))
        return tokens

    def _drums(self, drums: np.ndarray) -> int:
        token = self._token_of.get(drums.tobytes())
        return int((self.kit ^ drums).sum(axis=1).argmin()) if token is None else token


def reduced(music: Music) -> Music:
    """The trio of a piece on sixteenths, one note of melody and bass at a time: all that any tokens can say of it."""
    begins, goes_on = grid.grid(codec.encode(music), music.bars)
    trio = Trio(np.unique(begins[:, _COLUMNS["drums"]], axis=0))
    tracks = tuple(track for track in music.tracks if track.role in TRIO)
    like = Music(tracks, music.bars, music.tempo, music.key, music.style)
    return trio.music(trio.tokens(begins, goes_on), like)


def has_trio(piece: Piece) -> bool:
    """Whether a piece has all three roles."""
    return all(piece.roles[ROLE_NAMES.index(role)] for role in TRIO)


def held_out(dataset: Dataset, split: str, bars: int, count: int | None = None) -> list[tuple[str, Music]]:
    """Windows of a split in which all three play, each its song and what is `reduced` of it, in a random fixed order.

    Args:
        count: how many at most; all if not given. Windows do not overlap.
    """
    places = [
        (piece, first)
        for piece, first, length in every_place(dataset, split, bars, bars)
        if length == bars and has_trio(piece)
    ]
    order = np.random.default_rng(0).permutation(len(places))
    pieces = ((places[i][0].song, reduced(dataset.music(*places[i], bars))) for i in order)
    return list(islice((pair for pair in pieces if all(track.notes for track in pair[1].tracks)), count))
