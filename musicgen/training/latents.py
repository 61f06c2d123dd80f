"""Windows of a data set as latents of a VAE, with what could have been asked of them: batches for a `Prior`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from tqdm import tqdm

from musicgen import attributes
from musicgen.corpus.dataset import Dataset, Piece
from musicgen.harmony import NO_CHORD
from musicgen.models.asking import Steered, in_order
from musicgen.models.compiling import compiled
from musicgen.models.prior import ANY_CHORD, ANY_EDGE, ANY_MODE, ANY_SECTION, CONDITIONS, QUANTILES, Prior
from musicgen.models.vae import VAE
from musicgen.music import METRES
from musicgen.roles import ROLE_NAMES, STYLE_NAMES
from musicgen.training.batches import NOTES_PER_WINDOW, SHIFTS, collate, every_place, piece_weights, room_for, transpose

ROLES = len(ROLE_NAMES)
HIDDEN = {"style": 0.1, "mode": 0.1, "attributes": 0.2, "chords": 0.5, "form": 0.5, "metre": 0.0, "edge": 0.2}
"""Share of the windows that leave each condition open."""
CUTS = (4, 8)
"""Bars of the windows that are cut short, because visitors ask for short pieces too."""
KEYS = tuple(sorted(SHIFTS.tolist(), key=abs))
"""Semitones by which windows are transposed for each key of a `Prior`, none for the first."""
FIRST = 0.25
"""Share of the windows that are in the first key, if there are several."""


class LatentWindows:
    """Posteriors of windows of a split, drawn for ever, with cells to be given and conditions chosen at random.

    Half of the windows give nothing; the others give their first bars, some roles, or scattered cells. One in ten asks
    for nothing, for guidance; the others leave each condition out at random. A role counts as present where it sounds
    in the window, so that a role that is asked for is one that plays.

    Args:
        vae: what encodes.
        dataset, split: where the windows come from.
        size: windows a batch.
        hop: bars from one window's beginning to the next.
        weights: weight of a source by name, 1 where not given; a piece's windows share the square root of their number.
        hidden: share of the windows that leave a condition open, by name, where it is not as in `HIDDEN`.
        keys: in how many of `KEYS`. Attributes are those of the first key.
    """

    def __init__(
        self, vae: VAE, dataset: Dataset, split: str, size: int, hop: int, weights: dict[str, float], seed: int,
        hidden: dict[str, float] | None = None, keys: int = 1,
    ) -> None:  # fmt: skip
        self.size, self.rng, self.styles = size, np.random.default_rng(seed), vae.config.styles
        self.hidden = HIDDEN | (hidden or {})
        bars = vae.config.bars
        places = every_place(dataset, split, bars, hop)
        windows = [(dataset.rows(piece, first, length), piece, length) for piece, first, length in places]
        self.posteriors = [
            encode_windows(vae, [(transpose(rows, shift), piece, length) for rows, piece, length in windows])
            for shift in KEYS[:keys]
        ]
        self.mean, self.deviation = self.posteriors[0]
        self.length = np.array([length for _, _, length in places])
        self.style = np.array([STYLE_NAMES.index(piece.style) for piece, _, _ in places], np.int32)
        self.notes = np.zeros((len(places), bars, ROLES), np.int32)
        for index, (rows, _, _) in enumerate(windows):
            np.add.at(self.notes[index], (rows[:, 0], rows[:, 1]), 1)
        self.asked = _asked(dataset, places, bars)
        which, count = np.unique([piece.start for piece, _, _ in places], return_inverse=True, return_counts=True)[1:]
        pieces = dataset.split(split)
        weight = dict(zip((piece.start for piece in pieces), piece_weights(pieces, weights), strict=True))
        chance = count[which] ** -0.5 * [weight[piece.start] for piece, _, _ in places]
        self.chance = chance / chance.sum()
        self.levels: np.ndarray | None = None

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard deviation of the latents of cells that exist, each of shape (roles, latent)."""
        inside = np.arange(self.mean.shape[1]) < self.length[:, None]
        exists = (inside[:, :, None] & (self.notes.sum(axis=1) > 0)[:, None])[..., None]
        count = np.maximum(exists.sum(axis=(0, 1)), 1)  # a corpus may lack a role altogether
        mean = (self.mean.astype(np.float32) * exists).sum(axis=(0, 1)) / count
        spread = (self.mean.astype(np.float32) - mean) ** 2 + self.deviation.astype(np.float32) ** 2
        return mean, np.maximum(np.sqrt((spread * exists).sum(axis=(0, 1)) / count), 1e-3)

    def quantiles(self) -> np.ndarray:
        """`QUANTILES` of each attribute over whole windows as they are drawn, shape (5, quantiles)."""
        table = []
        for column in self.asked["values"][:, 0].T:
            known = np.flatnonzero(~np.isnan(column))
            order = known[np.argsort(column[known])]
            share = np.cumsum(self.chance[order])
            table.append(np.interp(QUANTILES * share[-1], share, column[order]) if len(order) else 0 * QUANTILES)
        return np.array(table, np.float32)

    def rank(self, network: Steered) -> None:
        """Bring the attributes to the levels of a network; to be called before the first batch."""
        self.levels = network.levels(self.asked["values"])

    def directions(self, prior: Prior) -> np.ndarray:
        """How the normalised latents of each role change with the level of each attribute, style and the other
        attributes being the same: least squares over whole windows, shape (5, roles, latent)."""
        assert self.levels is not None, "Expected rank() before."
        mean, scale = np.asarray(prior.mean), np.asarray(prior.scale)
        styles = np.eye(self.styles)[self.style]
        result = np.zeros((self.levels.shape[-1], *mean.shape), np.float32)
        whole = (self.length == self.mean.shape[1]) & ~np.isnan(self.levels[:, 0]).any(axis=1)
        for role in range(ROLES):
            here = whole & (self.notes[:, :, role].sum(axis=1) > 0)
            if here.any():
                x = np.concatenate([self.levels[here, 0], styles[here]], axis=1)
                y = (self.mean[here, :, role].mean(axis=1, dtype=np.float32) - mean[role]) / scale[role]
                weighted = x * self.chance[here, None]
                ridge = 1e-3 * self.chance[here].sum() * np.eye(x.shape[1])
                result[:, role] = np.linalg.solve(weighted.T @ x + ridge, weighted.T @ y)[: len(result)]
        return result

    def given(self, count: int, bars: int) -> np.ndarray:
        """Random masks of known cells, float32, shape (count, bars, roles)."""
        mask = np.zeros((count, bars, ROLES), np.float32)
        kinds = self.rng.random(count)
        for i, kind in enumerate(kinds):
            if kind < 0.5:
                continue
            if kind < 0.7:
                mask[i, : self.rng.choice([bars // 2, int(self.rng.integers(1, bars))])] = 1
            elif kind < 0.85:
                mask[i, :, self.rng.permutation(ROLES)[: self.rng.integers(1, ROLES)]] = 1
            else:
                mask[i] = self.rng.random((bars, ROLES)) < self.rng.random()
        return mask

    def batch(self) -> dict[str, np.ndarray]:
        """See `Prior` for the names and shapes."""
        rng, size, bars = self.rng, self.size, self.mean.shape[1]
        index = rng.choice(len(self.chance), size, p=self.chance)
        keys = len(self.posteriors)
        key = np.where(rng.random(size) < FIRST, 0, rng.integers(keys, size=size)) if keys > 1 else np.zeros(size, int)
        cut = np.where(rng.random(size) < 0.15, rng.integers(1, 1 + len(CUTS), size), 0)  # 0: not cut
        length = np.minimum(self.length[index], np.array([bars, *CUTS])[cut])
        bar_mask = np.arange(bars) < length[:, None]
        present = (self.notes[index] * bar_mask[:, :, None]).sum(axis=1) > 0
        fewer = present & (rng.random((size, ROLES)) < 0.6)  # some play with fewer roles than the song has
        present = np.where(((rng.random(size) < 0.15) & fewer.any(axis=1))[:, None], fewer, present)

        free = rng.random(size) < 0.1
        without = {name: free | (rng.random(size) < self.hidden[name]) for name in CONDITIONS}
        assert self.levels is not None, "Expected rank() before the first batch."
        levels = self.levels[index, cut]
        # attributes are those of the whole band: where some of it is left out they are not known
        known = ~np.isnan(levels) & (rng.random(levels.shape) < np.sqrt(rng.random((size, 1))))
        known &= ~without["attributes"][:, None] & (present == (self.notes[index] > 0).any(axis=1)).all(axis=1)[:, None]
        mean, deviation = (
            np.stack([self.posteriors[k][part][i] for k, i in zip(key, index, strict=True)]) for part in (0, 1)
        )
        mode = np.where(without["mode"], ANY_MODE, self.asked["mode"][index]) + (ANY_MODE + 1) * key
        chords = transposed(self.asked["chords"][index], np.array(KEYS)[key][:, None, None])
        return {
            "mean": mean.astype(np.float32),
            "deviation": deviation.astype(np.float32),
            "bar_mask": bar_mask.astype(np.float32),
            "present": present.astype(np.float32),
            "known_mask": self.given(size, bars),
            "style": np.where(without["style"], self.styles, self.style[index]).astype(np.int32),
            "mode": mode.astype(np.int32),
            "attributes": np.stack([np.nan_to_num(levels), known], axis=-1).astype(np.float32),
            "chords": np.where(without["chords"][:, None, None], ANY_CHORD, chords).astype(np.int32),
            "form": np.where(without["form"][:, None], ANY_SECTION, self.asked["form"][index]).astype(np.int32),
            "metre": self.asked["metre"][index].astype(np.int32),
            "edge": np.where(without["edge"][:, None], ANY_EDGE, self.asked["edge"][index]).astype(np.int32),
        }

    def __iter__(self) -> Iterator[tuple[dict[str, np.ndarray]]]:
        while True:
            yield (self.batch(),)


def _asked(dataset: Dataset, places: list[tuple[Piece, int, int]], bars: int) -> dict[str, np.ndarray]:
    """What each window is: `values` (windows, 1 + cuts, 5), attributes of all of it and of its first bars; `chords`
    (windows, bars, 2), `form` and `edge` (windows, bars), `mode` and `metre` (windows,) as codes of a `Prior`."""
    values = np.full((len(places), 1 + len(CUTS), len(attributes.ATTRIBUTES)), np.nan)
    chords = np.full((len(places), bars, 2), ANY_CHORD, np.uint8)
    form = np.full((len(places), bars), ANY_SECTION, np.uint8)
    mode = np.full(len(places), ANY_MODE, np.uint8)
    edge = np.full((len(places), bars), ANY_EDGE, np.uint8)
    metre = np.array([list(METRES).index(piece.metre) for piece, _, _ in places], np.uint8)
    counted: dict[int, np.ndarray] = {}
    for index, (piece, first, length) in enumerate(places):
        if piece.start not in counted:
            counted = {
                piece.start: attributes.counts(dataset.rows(piece, 0, piece.bars), piece.bars, METRES[piece.metre])
            }
        for cut, end in enumerate((length, *CUTS)):
            values[index, cut] = attributes.values(counted[piece.start][first : first + min(end, length)])
        labels = dataset.window(piece, first, length)
        if labels:
            chords[index, :length] = np.where(labels["chords"] < NO_CHORD, labels["chords"], NO_CHORD)
            form[index, :length] = in_order(labels["form"])
            edge[index, :length] = labels.get("edges", ANY_EDGE)
            mode[index] = heard_mode(labels["key"], labels["key_confidence"])
    return {"mode": mode, "values": values, "chords": chords, "form": form, "metre": metre, "edge": edge}


def transposed(chords: np.ndarray, semitones: np.ndarray) -> np.ndarray:
    """Codes of chords moved by semitones; what is no chord stays."""
    codes = chords.astype(np.int64)
    return np.where(codes < NO_CHORD, codes // 12 * 12 + (codes + semitones) % 12, codes)


def heard_mode(key: np.ndarray, confidence: np.ndarray) -> int:
    """Mode of a window in C major or A minor, from its labels: that of whichever of the two its bars speak for more.

    Lead sheets give a signature and seldom a mode, so what a piece says of itself will not do.
    """
    weight = [np.sum(confidence[key == normal], dtype=float) for normal in (0, 9 + 12)]
    return ANY_MODE if weight[0] == weight[1] else int(weight[1] > weight[0])


def encode_windows(vae: VAE, windows: list, size: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Posterior means and standard deviations, float16, each of shape (windows, bars, roles, latent)."""
    bars = vae.config.bars
    means, deviations = [], []
    encode, room = compiled(vae.encode), room_for(windows, size) + size * NOTES_PER_WINDOW
    for start in tqdm(range(0, len(windows), size), desc="encoding", unit="batch"):
        chunk = windows[start : start + size]
        padded = chunk + [chunk[-1]] * (size - len(chunk))
        batch = collate(padded, bars, room)
        mean, log_variance = encode(batch["notes"], batch["bar_mask"], batch["present"])
        means.append(mean[: len(chunk)].astype(np.float16))
        deviations.append(np.exp(0.5 * log_variance[: len(chunk)]).astype(np.float16))
    return np.concatenate(means), np.concatenate(deviations)
