"""Windows of the encoded data set as batches for a `VAE`, made in a background thread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from musicgen.codec import MAX_PITCHES, PITCHES
from musicgen.corpus.dataset import Dataset, Piece
from musicgen.corpus.sources import SOURCE_BY_NAME
from musicgen.music import TICKS_PER_BAR
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

ROLES = len(ROLE_NAMES)
NOTES_PER_WINDOW = 768
"""Room for notes: batches have a fixed shape, so that the step is compiled once. Windows hold
515 on average, one in a hundred over 1,500."""
SHIFTS = np.arange(-5, 7)


def _moved() -> np.ndarray:
    """The pitch index that each shift makes of a role's pitch index, shape (shifts, roles, pitches)."""
    pitch = np.arange(MAX_PITCHES)
    table = np.empty((len(SHIFTS), ROLES, MAX_PITCHES), np.int64)
    for role, count in enumerate(PITCHES):
        moved = pitch + SHIFTS[:, None] * (ROLE_NAMES[role] != "drums")
        moved = np.where(moved < 0, moved + 12, moved)
        table[:, role] = np.where(moved >= count, moved - 12, moved)
    return table


_MOVED = _moved()


def transpose(rows: np.ndarray, semitones: int) -> np.ndarray:
    """Rows of `codec.COLUMNS` moved by one of `SHIFTS`, role by role; a pitch that leaves its range moves by an octave.
    Drums stay."""
    rows = rows.copy()
    rows[:, 3] = _MOVED[semitones - SHIFTS[0]][rows[:, 1], rows[:, 3]]
    return rows


def mutate(rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows of `codec.COLUMNS` with some notes left out and, except drums, some moved by up to seven semitones.

    An autoencoder is to write down what it hears, whatever that is: music that nobody wrote teaches it that songs
    which it has heard are not the only ones.
    """
    spared = np.ones(len(rows), bool)
    rows = rows.copy()
    for role, count in enumerate(PITCHES):
        here = np.flatnonzero(rows[:, 1] == role)
        spared[here] = rng.random(len(here)) >= rng.choice([0.0, rng.uniform(0, 0.3)])
        if ROLE_NAMES[role] != "drums":
            moved = here[rng.random(len(here)) < rng.choice([0.0, rng.uniform(0, 0.3)])]
            rows[moved, 3] = np.clip(rows[moved, 3] + rng.integers(-7, 8, len(moved)), 0, count - 1)
    rows = rows[spared]
    _, first = np.unique(rows[:, :4], axis=0, return_index=True)
    return rows[first]


def collate(windows: Sequence[tuple[np.ndarray, Piece, int]], bars: int, room: int) -> dict[str, np.ndarray]:
    """A batch from (rows of `codec.COLUMNS`, piece, bars that exist); see `VAE` for the shapes.

    Notes past `room` are left out of the encoder's input and of the duration and velocity terms; onsets are complete.
    """
    count = len(windows)
    notes = np.zeros((room, 6), np.int32)
    notes[:, 0] = -1
    onsets = np.zeros((ROLES, count * bars, TICKS_PER_BAR, MAX_PITCHES), np.uint8)
    bar_mask = np.zeros((count, bars), np.float32)
    tables = []
    for index, (rows, _, length) in enumerate(windows):
        bar_mask[index, :length] = 1
        cell = ((index * bars + rows[:, 0]) * ROLES + rows[:, 1]).astype(np.int32)
        tables.append(np.concatenate([cell[:, None], rows[:, 1:]], axis=1))
        onsets[rows[:, 1], index * bars + rows[:, 0], rows[:, 2], rows[:, 3]] = 1
    table = np.concatenate(tables)[:room]
    notes[: len(table)] = table
    return {
        "notes": notes,
        "onsets": onsets,
        "bar_mask": bar_mask,
        "present": np.stack([piece.roles for _, piece, _ in windows]).astype(np.float32),
        "style": np.array([STYLE_NAMES.index(piece.style) for _, piece, _ in windows], np.int32),
    }


def room_for(windows: Sequence[tuple[np.ndarray, Piece, int]], size: int) -> int:
    """Notes of the fullest batch when windows are taken in order, `size` at a time: neighbours are equally dense."""
    return max(sum(len(rows) for rows, _, _ in windows[i : i + size]) for i in range(0, len(windows), size))


def piece_weights(pieces: Sequence[Piece], of_source: Mapping[str, float] | None = None) -> np.ndarray:
    """How much each piece counts: as its source (`Source.weight` where not given), which the grooves of a song in one
    style share.

    So a lead sheet counts for each of its styles alike, in however many grooves it is there.
    """
    usual = {name: source.weight for name, source in SOURCE_BY_NAME.items()} | dict(of_source or {})

    def arrangement(piece: Piece) -> tuple[str, str] | None:
        source = SOURCE_BY_NAME.get(piece.source)
        # data sets of before pieces had a groove were arranged from lead sheets alone
        return (piece.song, piece.style) if piece.groove or (source and source.kind == "lead sheets") else None

    grooves = Counter(arrangement(piece) for piece in pieces)
    grooves[None] = 1
    return np.array([usual.get(piece.source, 1.0) / grooves[arrangement(piece)] for piece in pieces])


class Windows:
    """Random windows of a split, drawn for ever.

    Pieces are drawn by the square root of their length times `piece_weights`, so that long game loops do not drown
    songs; 15 % of the windows are cut to 4 or 8 bars, because visitors ask for those too.

    Args:
        dataset, split: where the windows come from.
        size: windows a batch.
        bars: bars a window.
        augment: transpose each window by -5 to +6 semitones, and `mutate` three in ten.
        weights: weight of a source by name, see `piece_weights`.
    """

    def __init__(
        self,
        dataset: Dataset,
        split: str,
        size: int,
        bars: int = 16,
        augment: bool = True,
        weights: dict[str, float] | None = None,
        seed: int | Sequence[int] = 0,
    ) -> None:
        self.dataset, self.size, self.bars, self.augment = dataset, size, bars, augment
        self.pieces = dataset.split(split)
        chance = np.sqrt([piece.bars for piece in self.pieces]) * piece_weights(self.pieces, weights)
        self.chance = chance / chance.sum()
        self.rng = np.random.default_rng(seed)

    def window(self) -> tuple[np.ndarray, Piece, int]:
        """One random window: rows, its piece, how many bars it has."""
        piece = self.pieces[self.rng.choice(len(self.pieces), p=self.chance)]
        length = self.bars if self.rng.random() > 0.15 else int(self.rng.choice([4, 8]))
        length = min(length, piece.bars)
        rows = self.dataset.rows(piece, int(self.rng.integers(piece.bars - length + 1)), length)
        if self.augment:
            rows = transpose(rows, int(self.rng.choice(SHIFTS)))
            if self.rng.random() < 0.3:
                rows = mutate(rows, self.rng)
        return rows, piece, length

    def __iter__(self) -> Iterator[tuple[dict[str, np.ndarray]]]:
        while True:
            windows = [self.window() for _ in range(self.size)]
            yield (collate(windows, self.bars, self.size * NOTES_PER_WINDOW),)


def every_place(dataset: Dataset, split: str, bars: int = 16, hop: int = 16) -> list[tuple[Piece, int, int]]:
    """Piece, first bar and length of all windows of a split in order; short pieces give one short window."""
    return [
        (piece, first, min(bars, piece.bars))
        for piece in dataset.split(split)
        for first in range(0, max(piece.bars - bars, 0) + 1, hop)
    ]


def every_window(dataset: Dataset, split: str, bars: int = 16, hop: int = 16) -> list[tuple[np.ndarray, Piece, int]]:
    """The windows of `every_place` as (rows, piece, length), without transposition."""
    return [
        (dataset.rows(piece, first, length), piece, length)
        for piece, first, length in every_place(dataset, split, bars, hop)
    ]
