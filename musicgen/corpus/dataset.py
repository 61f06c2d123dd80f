"""The encoded data set: memory-mapped arrays of notes and labels, and a JSON manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np

from musicgen import codec
from musicgen.corpus.encoding import Encoded
from musicgen.corpus.labels import LABELS
from musicgen.errors import CorpusError
from musicgen.music import FOUR_FOUR, METRES, Key, Music
from musicgen.roles import ROLE_NAMES

SPLITS = ("train", "valid", "test")
FORMAT = 1


@cache
def _chorales() -> dict[str, str]:
    """Splits of chorales by song id, as in the JSB data; written by `tools/jsb_split.py`."""
    table = json.loads(Path(__file__).with_name("chorales.json").read_text())
    return {f"chorales/{name}": split for split, names in table.items() for name in names}


def split_of(song: str) -> str:
    """The split of a song, whatever else is added.

    Of a chorale the one that it has in the JSB data, 229 to train, 76 to validate and 77 to test with
    (Boulanger-Lewandowski et al. 2012); of all else, from a hash of its id: 80 % train, 10 % valid, 10 % test.
    """
    if song in _chorales():
        return _chorales()[song]
    bucket = int.from_bytes(hashlib.sha256(song.encode()).digest()[:4], "big") % 10
    return "test" if bucket == 9 else "valid" if bucket == 8 else "train"


@dataclass(frozen=True)
class Piece:
    """One arrangement of one song: where its bars are in the arrays, and its labels."""

    song: str
    source: str
    split: str
    style: str
    key: str
    tempo: float
    programs: tuple[int, ...]
    """GM program of each role, -1 where the piece has no such role."""
    start: int
    bars: int
    key_confidence: float | None = None
    """Of an estimated key, see `keys.estimate_key`; 2 of a stated one; None where it was not kept."""
    filled: tuple[str, ...] = ()
    """Which of "tempo", "metre" and "key" the file does not say."""
    metre: str = FOUR_FOUR.name
    """A name of `music.METRES`."""
    groove: str = ""
    """MMA groove of an arrangement of a lead sheet; empty for what was written or played."""

    @property
    def roles(self) -> np.ndarray:
        """Which roles the piece has, bool, shape (roles,)."""
        return np.array(self.programs) >= 0


class Dataset:
    """An encoded data set, opened for reading.

    Attributes:
        notes: columns role, tick, pitch, duration class, velocity class; uint8, shape (notes, 5), sorted by bar.
        offsets: row of `notes` at which each bar begins, int64, shape (bars + 1,).
        pieces: the arrangements, each a run of bars.
        labels: name to array with a row a bar, see `labels.measure`; empty for a data set made before there were any.
    """

    def __init__(
        self,
        notes: np.ndarray,
        offsets: np.ndarray,
        pieces: list[Piece],
        manifest: dict,
        labels: dict[str, np.ndarray] | None = None,
    ) -> None:
        self.notes, self.offsets, self.pieces, self.manifest = notes, offsets, pieces, manifest
        self.labels = labels or {}

    @classmethod
    def open(cls, folder: str | Path) -> Dataset:
        """Open a folder that `write` made.

        Raises:
            CorpusError: it is none, or of another format.
        """
        folder = Path(folder)
        try:
            manifest = json.loads((folder / "manifest.json").read_text())
            if manifest["format"] != FORMAT or manifest["roles"] != list(ROLE_NAMES):
                raise CorpusError(f"Expected a data set of format {FORMAT} in {folder}. Run `prepare` again.")
            pieces = [
                Piece(**(row | {name: tuple(row[name]) for name in ("programs", "filled") if name in row}))
                for row in json.loads((folder / "pieces.json").read_text())
            ]
            notes = np.load(folder / "notes.npy", mmap_mode="r")
            offsets = np.load(folder / "offsets.npy")
            labels = {
                name: np.load(folder / f"{name}.npy", mmap_mode="r")
                for name in LABELS
                if (folder / f"{name}.npy").exists()
            }
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CorpusError(
                f"Expected a folder made by `prepare`. Received: {folder} ({type(error).__name__})."
            ) from None
        return cls(notes, offsets, pieces, manifest, labels)

    def split(self, name: str) -> list[Piece]:
        """The pieces of a split."""
        return [piece for piece in self.pieces if piece.split == name]

    @property
    def metres(self) -> tuple[str, ...]:
        """The metres of its training songs, in the order of `music.METRES`."""
        found = {piece.metre for piece in self.split("train")}
        return tuple(metre for metre in METRES if metre in found)

    def songs_by_metre(self) -> dict[str, dict[str, int]]:
        """Training songs of each metre and style."""
        found: dict[str, dict[str, set[str]]] = {}
        for piece in self.split("train"):
            found.setdefault(piece.metre, {}).setdefault(piece.style, set()).add(piece.song)
        return {metre: {style: len(songs) for style, songs in styles.items()} for metre, styles in found.items()}

    def rows(self, piece: Piece, first: int, bars: int) -> np.ndarray:
        """Bars `first` to `first + bars - 1` of a piece as rows of `codec.COLUMNS`, int16; bar 0 is `first`."""
        start = piece.start + first
        bounds = self.offsets[start : start + bars + 1]
        table = np.asarray(self.notes[bounds[0] : bounds[-1]]).astype(np.int16)
        bar = np.repeat(np.arange(bars, dtype=np.int16), np.diff(bounds))
        return np.concatenate([bar[:, None], table], axis=1)

    def window(self, piece: Piece, first: int, bars: int) -> dict[str, np.ndarray]:
        """The labels of bars `first` to `first + bars - 1` of a piece, each of `bars` rows; empty if it has none."""
        start = piece.start + first
        return {name: np.asarray(array[start : start + bars]) for name, array in self.labels.items()}

    def music(self, piece: Piece, first: int = 0, bars: int | None = None) -> Music:
        """A stretch of a piece as `Music`, in C major or A minor."""
        bars = piece.bars - first if bars is None else bars
        mode = Key.parse(piece.key).mode
        names = [role for role, here in zip(ROLE_NAMES, piece.roles, strict=True) if here]
        tracks = codec.empty_tracks([max(p, 0) for p in piece.programs], names)
        key = Key(9 if mode == "minor" else 0, mode)
        like = Music(tracks, bars, piece.tempo, key, piece.style, METRES[piece.metre])
        return codec.decode(self.rows(piece, first, bars), like)


def write(folder: Path, items: Iterable[tuple[str, str, Encoded]], manifest: dict) -> dict:
    """Write pieces, given as (song id, source name, encoded piece), into a folder; returns the finished manifest.

    Raises:
        CorpusError: there are no pieces.
    """
    tables, counts, pieces = [], [], []
    labels: dict[str, list[np.ndarray]] = {name: [] for name in LABELS}
    start = 0
    for song, source, item in items:
        counts.append(np.bincount(item.rows[:, 0], minlength=item.bars))
        tables.append(item.rows[:, 1:].astype(np.uint8))
        for name, arrays in labels.items():
            arrays.append(item.labels[name])
        pieces.append(
            Piece(
                song, source, split_of(song), item.style, item.key, item.tempo, item.programs, start, item.bars,
                item.key_confidence, item.filled, item.metre, item.groove,
            )
        )  # fmt: skip
        start += item.bars
    if not pieces:
        raise CorpusError("Expected at least one usable piece. Received: none; no file could be used.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").unlink(missing_ok=True)  # without it a folder half-written is no data set
    np.save(folder / "notes.npy", np.concatenate(tables))
    np.save(folder / "offsets.npy", np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64))
    for name, arrays in labels.items():
        np.save(folder / f"{name}.npy", np.concatenate(arrays))
    (folder / "pieces.json").write_text(json.dumps([asdict(piece) for piece in pieces]))
    manifest = {"format": FORMAT, "roles": list(ROLE_NAMES), **manifest, "kept": _summary(pieces)}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1, sort_keys=True))
    return manifest


def _summary(pieces: list[Piece]) -> dict:
    def count(chosen: list[Piece]) -> dict[str, int]:
        return {
            "songs": len({piece.song for piece in chosen}),
            "pieces": len(chosen),
            "bars": sum(piece.bars for piece in chosen),
        }

    return {
        "all": count(pieces),
        **{
            f"by {name}": {
                value: count([p for p in pieces if getattr(p, name) == value])
                for value in sorted({getattr(p, name) for p in pieces})
            }
            for name in ("source", "style", "split", "metre")
        },
        "bars by role": {
            role: sum(piece.bars for piece in pieces if piece.roles[i]) for i, role in enumerate(ROLE_NAMES)
        },
    }
