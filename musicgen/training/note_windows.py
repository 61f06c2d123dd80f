"""Windows of a data set as batches for a `NoteDecoder`: notes one after another, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from musicgen import attributes
from musicgen.chord_tones import TONES, estimate_tones, simplify
from musicgen.codec import DURATIONS, MAX_PITCHES, VELOCITIES
from musicgen.corpus.dataset import Dataset, Piece
from musicgen.harmony import NO_CHORD
from musicgen.models.asking import in_order
from musicgen.models.compiling import compiled
from musicgen.models.note_decoder import TICKS
from musicgen.models.note_layers import END, ROLES
from musicgen.models.prior import ANY_CHORD, ANY_EDGE, ANY_MODE, ANY_SECTION, Prior
from musicgen.models.vae import VAE
from musicgen.music import METRES
from musicgen.roles import STYLE_NAMES
from musicgen.training.batches import SHIFTS, piece_weights, transpose
from musicgen.training.latents import HIDDEN, heard_mode, transposed

NOTES_PER_WINDOW = 704
"""Room for notes and ends of cells, on average over a batch."""
_START = (TICKS, MAX_PITCHES, len(DURATIONS), len(VELOCITIES))
"""What stands for the note before a cell's first one."""
_END = (END, 0, 0, 0)


def note_tokens(rows: np.ndarray, window: int, bars: int, present: np.ndarray, length: int) -> np.ndarray:
    """Every note of a window after the one before it in its cell, and every end of a cell, int32, shape (tokens, 9).

    Args:
        rows: of `codec.COLUMNS`, any order. window: its number in the batch. bars: room of a window.
        present: which roles play, shape (roles,). length: bars that exist.
    """
    rows = rows[np.lexsort((rows[:, 3], rows[:, 2], rows[:, 1], rows[:, 0]))].astype(np.int32)
    cell = (window * bars + rows[:, 0]) * ROLES + rows[:, 1]
    roles = np.flatnonzero(present)
    cells = ((window * bars + np.arange(length))[:, None] * ROLES + roles).ravel()
    # the notes and, after the last one of each cell, its end; then each with what comes before it
    every = np.concatenate([cell, cells])
    following = np.concatenate([rows[:, 2:], np.tile(np.array(_END, np.int32), (len(cells), 1))])
    order = np.lexsort((np.arange(len(every)), every))
    every, following = every[order], following[order]
    last = np.concatenate([np.zeros((1, 4), np.int32), following[:-1]])
    last[np.concatenate([[True], every[1:] != every[:-1]])[: len(every)]] = _START
    return np.concatenate([every[:, None], last, following], axis=1).astype(np.int32)


def _without_doubles(rows: np.ndarray) -> np.ndarray:
    """Notes of different places: one that leaves a role's range moves by octaves, onto another perhaps."""
    return rows[np.unique(rows[:, :4], axis=0, return_index=True)[1]]


def _cells(rows: np.ndarray, window: int, bars: int) -> np.ndarray:
    """Notes as for the `VAE`, by their cell in the batch, int32, shape (notes, 6)."""
    cell = (window * bars + rows[:, 0].astype(np.int32)) * ROLES + rows[:, 1]
    return np.concatenate([cell[:, None], rows[:, 1:]], axis=1).astype(np.int32)


class NoteWindows:
    """Random windows of a split as batches for a `NoteDecoder`, drawn for ever.

    Args:
        vae: what encodes. prior: whose levels attributes have.
        dataset, split: where the windows come from. size: windows a batch.
        weights: weight of a source by name, 1 where not given.
        moved: share of the windows that are transposed.
        times: share of the windows whose latents are exact, and that have none at all; the others are between `least`
            and exact.
    """

    def __init__(
        self, vae: VAE, prior: Prior, dataset: Dataset, split: str, size: int, weights: Mapping[str, float], seed: int,
        moved: float = 0.5, times: tuple[float, float] = (0.1, 0.1), least: float = 0.1,
    ) -> None:  # fmt: skip
        self.dataset, self.size, self.bars = dataset, size, vae.config.bars
        self.levels, self.styles, self.moved, self.times, self.least = (
            prior.levels, vae.config.styles, moved, times, least
        )  # fmt: skip
        self.pieces = dataset.split(split)
        chance = np.sqrt([piece.bars for piece in self.pieces]) * piece_weights(self.pieces, weights)
        self.chance = chance / chance.sum()
        self.rng = np.random.default_rng(seed)
        self._encode = compiled(lambda notes, bars, present: vae.encode(notes, bars, present))

    def place(self) -> tuple[Piece, int, int]:
        """A random piece, first bar and number of bars."""
        piece = self.pieces[self.rng.choice(len(self.pieces), p=self.chance)]
        length = min(self.bars if self.rng.random() > 0.1 else int(self.rng.choice([4, 8])), piece.bars)
        last = piece.bars - length
        kind = self.rng.random()
        first = 0 if kind < 0.08 else last if kind < 0.16 else int(self.rng.integers(last + 1))
        return piece, first, length

    def batch(self) -> dict[str, np.ndarray]:
        """See `NoteDecoder` for the names and shapes."""
        return self.collate([self.place() for _ in range(self.size)])

    def collate(self, places: Sequence[tuple[Piece, int, int]]) -> dict[str, np.ndarray]:
        """The batch of some windows."""
        rng, size, bars = self.rng, len(places), self.bars
        room = -(-size * NOTES_PER_WINDOW // 32) * 32
        notes = np.zeros((room, 6), np.int32)
        notes[:, 0] = -1
        tokens = np.full((room, 9), -1, np.int32)
        tokens[:, 1:5], tokens[:, 5:] = _START, _END
        fields = {
            "bar_mask": np.zeros((size, bars), np.float32), "present": np.zeros((size, ROLES), np.float32),
            "style": np.zeros(size, np.int32), "mode": np.full(size, ANY_MODE, np.int32),
            "attributes": np.zeros((size, len(attributes.ATTRIBUTES), 2), np.float32),
            "chords": np.full((size, bars, 2), ANY_CHORD, np.int32),
            "form": np.full((size, bars), ANY_SECTION, np.int32),
            "metre": np.zeros(size, np.int32), "edge": np.full((size, bars), ANY_EDGE, np.int32),
            "tones": np.zeros((size, bars, 2, TONES), np.float32),
        }  # fmt: skip
        heard = notes.copy()  # what the latents know
        used = [0, 0, 0]
        for index, (piece, first, length) in enumerate(places):
            rows = self.dataset.rows(piece, first, length)
            shift = int(rng.choice(SHIFTS)) if rng.random() < self.moved else 0
            told = self._ask(fields, index, piece, first, length, rows, shift)
            if rng.random() < 0.15:  # some play with fewer roles than the song has
                some = np.flatnonzero((rng.random(ROLES) < 0.6) & np.isin(np.arange(ROLES), rows[:, 1]))
                if len(some):
                    rows, told = rows[np.isin(rows[:, 1], some)], told[np.isin(told[:, 1], some)]
                    fields["attributes"][index] = 0  # they are those of the whole band
            plain = _without_doubles(transpose(told, shift))
            rows = _without_doubles(transpose(rows, shift))
            present = np.isin(np.arange(ROLES), rows[:, 1])
            fields["present"][index], fields["bar_mask"][index, :length] = present, 1
            stream = note_tokens(rows, index, bars, present, length)
            tables = (_cells(rows, index, bars), stream, _cells(plain, index, bars))
            for which, (target, values) in enumerate(zip((notes, tokens, heard), tables, strict=True)):
                count = min(len(values), room - used[which])
                target[used[which] : used[which] + count] = values[:count]
                used[which] += count
        mean, log_variance = self._encode(heard, fields["bar_mask"], fields["present"])
        latents = mean + np.exp(0.5 * log_variance) * rng.standard_normal(mean.shape)
        given = self._given(size, bars)
        time = self._times(size)[:, None, None] * np.ones((1, bars, ROLES))
        time = np.where((given > 0) & (rng.random((size, 1, 1)) < 0.7), 1.0, time)
        return fields | {
            "notes": notes, "tokens": tokens, "latents": latents.astype(np.float32), "given_mask": given,
            "time": time.astype(np.float32),
        }  # fmt: skip

    def _ask(
        self, fields: dict[str, np.ndarray], index: int, piece: Piece, first: int, length: int, rows: np.ndarray,
        shift: int,
    ) -> np.ndarray:  # fmt: skip
        """Put what could have been asked of a window into the fields, each part left open at random.

        Returns:
            The notes that the latents shall know, rows as given: half the time without the tones that a chord has
            beyond its code.
        """
        rng, metre = self.rng, METRES[piece.metre]
        fields["metre"][index] = list(METRES).index(piece.metre)
        open_ = rng.random() < 0.05

        def told(name: str) -> bool:
            return bool(not open_ and rng.random() >= HIDDEN[name])

        fields["style"][index] = STYLE_NAMES.index(piece.style) if told("style") else self.styles
        labels = self.dataset.window(piece, first, length)
        if told("mode") and labels and shift == 0:
            fields["mode"][index] = heard_mode(labels["key"], labels["key_confidence"])
        if told("attributes") and shift == 0:
            levels = self.levels(attributes.values(attributes.counts(rows, length, metre))[None])[0]
            known = ~np.isnan(levels) & (rng.random(len(levels)) < np.sqrt(rng.random()))
            fields["attributes"][index] = np.stack([np.nan_to_num(levels), known], axis=-1)
        heard = rows
        if labels and not open_ and rng.random() >= 0.15:
            codes = np.where(labels["chords"] < NO_CHORD, labels["chords"], NO_CHORD)
            moved = transposed(codes, np.array(shift))
            fields["chords"][index, :length] = moved
            if rng.random() < 0.5:
                tones = estimate_tones(rows, length, codes, metre)
                heard = simplify(rows, codes, tones, metre) if rng.random() < 0.5 else rows
                tones = np.roll(tones.reshape(length, 2, 2, TONES // 2), shift, axis=-1).reshape(length, 2, TONES)
                tones[..., TONES // 2 :] *= rng.random() < 0.4  # a bass is seldom asked for
                fields["tones"][index, :length] = tones
        if told("form") and labels:
            fields["form"][index, :length] = in_order(labels["form"])
        if labels and not open_ and rng.random() >= 0.2:
            fields["edge"][index, :length] = labels["edges"]
        return heard

    def _times(self, size: int) -> np.ndarray:
        kind = self.rng.random(size)
        exact, none = self.times
        between = self.rng.uniform(self.least, 1.0, size)
        return np.where(kind < exact, 1.0, np.where(kind < exact + none, 0.0, between))

    def _given(self, size: int, bars: int) -> np.ndarray:
        """Random masks of cells that are given: six in ten windows give none, the others some roles, bars or cells."""
        mask = np.zeros((size, bars, ROLES), np.float32)
        for i, kind in enumerate(self.rng.random(size)):
            if kind < 0.6:
                continue
            if kind < 0.7:
                mask[i, : int(self.rng.integers(1, bars))] = 1
            elif kind < 0.85:
                mask[i, :, self.rng.permutation(ROLES)[: self.rng.integers(1, ROLES)]] = 1
            else:
                mask[i] = self.rng.random((bars, ROLES)) < self.rng.random()
        return mask

    def __iter__(self) -> Iterator[tuple[dict[str, np.ndarray]]]:
        while True:
            yield (self.batch(),)
