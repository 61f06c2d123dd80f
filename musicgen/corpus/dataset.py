"""The encoded data set: memory-mapped note arrays and a JSON manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from musicgen import codec
from musicgen.errors import CorpusError
from musicgen.music import Music
from musicgen.roles import ROLE_NAMES

SPLITS = ("train", "valid", "test")
FORMAT = 1


def split_of(song: str) -> str:
    """The split of a song, from a hash of its id: 80 % train, 10 % valid, 10 % test, whatever else is added."""
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
    """

    def __init__(self, notes: np.ndarray, offsets: np.ndarray, pieces: list[Piece], manifest: dict) -> None:
        self.notes, self.offsets, self.pieces, self.manifest = notes, offsets, pieces, manifest

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
                Piece(**(row | {"programs": tuple(row["programs"])}))
                for row in json.loads((folder / "pieces.json").read_text())
            ]
            notes = np.load(folder / "notes.npy", mmap_mode="r")
            offsets = np.load(folder / "offsets.npy")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CorpusError(
                f"Expected a folder made by `prepare`. Received: {folder} ({type(error).__name__})."
            ) from None
        return cls(notes, offsets, pieces, manifest)

    def split(self, name: str) -> list[Piece]:
        """The pieces of a split."""
        return [piece for piece in self.pieces if piece.split == name]

    def rows(self, piece: Piece, first: int, bars: int) -> np.ndarray:
        """Bars `first` to `first + bars - 1` of a piece as rows of `codec.COLUMNS`, int16; bar 0 is `first`."""
        start = piece.start + first
        bounds = self.offsets[start : start + bars + 1]
        table = np.asarray(self.notes[bounds[0] : bounds[-1]]).astype(np.int16)
        bar = np.repeat(np.arange(bars, dtype=np.int16), np.diff(bounds))
        return np.concatenate([bar[:, None], table], axis=1)

    def music(self, piece: Piece, first: int = 0, bars: int | None = None) -> Music:
        """A stretch of a piece as `Music`, in C major or A minor."""
        from musicgen.music import Key

        bars = piece.bars - first if bars is None else bars
        mode = Key.parse(piece.key).mode
        names = [role for role, here in zip(ROLE_NAMES, piece.roles, strict=True) if here]
        tracks = codec.empty_tracks([max(p, 0) for p in piece.programs], names)
        like = Music(tracks, bars, piece.tempo, Key(9 if mode == "minor" else 0, mode), piece.style)
        return codec.decode(self.rows(piece, first, bars), like)


def write(folder: Path, items: Iterable[tuple[str, str, Music]], manifest: dict) -> dict:
    """Encode pieces, given as (song id, source name, music), into a folder; returns the finished manifest.

    Leading and trailing bars without a note are cut off.
    """
    tables, counts, pieces = [], [], []
    start = 0
    for song, source, music in items:
        rows = codec.encode(music)
        if not len(rows):
            continue
        first, last = int(rows[:, 0].min()), int(rows[:, 0].max())
        bars = last - first + 1
        counts.append(np.bincount(rows[:, 0] - first, minlength=bars))
        tables.append(rows[:, 1:].astype(np.uint8))
        programs = {track.role: track.program for track in music.tracks if track.notes}
        pieces.append(
            Piece(
                song, source, split_of(song), music.style, str(music.key), music.tempo,
                tuple(programs.get(role, -1) for role in ROLE_NAMES), start, bars,
            )
        )  # fmt: skip
        start += bars
    if not pieces:
        raise CorpusError("Expected at least one usable piece. Received: none; see the reasons in the manifest.")
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "notes.npy", np.concatenate(tables))
    np.save(folder / "offsets.npy", np.concatenate([[0], np.cumsum(np.concatenate(counts))]).astype(np.int64))
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
            for name in ("source", "style", "split")
        },
        "bars by role": {
            role: sum(piece.bars for piece in pieces if piece.roles[i]) for i, role in enumerate(ROLE_NAMES)
        },
    }
