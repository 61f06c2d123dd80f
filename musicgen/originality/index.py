"""The index of training songs: opened from its folder, and asked which of them a piece shares a stretch with."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from musicgen import hub
from musicgen.errors import CheckpointError, MidiError
from musicgen.intake import read_music
from musicgen.music import Music
from musicgen.originality.runs import BITS, KINDS, NOBODYS, Kind, Places

FORMAT = 1
NAME = "originality"
"""Folder of the index that ships, beside the models."""
MANIFEST = "index.json"
"""Not the name of a checkpoint's manifest, so that the folder is not listed as a model."""
RUNS, SONGS = "runs.npz", "songs.json"
NEAREST = 3


@dataclass(frozen=True)
class Song:
    """A training song.

    Args:
        composer: "" where the source names none.
        source, licence: of the collection that it is from.
        link: the collection's public address, "" if it has none.
    """

    title: str
    composer: str
    source: str
    licence: str
    link: str

    def __str__(self) -> str:
        by = f" by {self.composer}" if self.composer else ""
        return f'"{self.title}"{by} ({self.source}, {self.licence})'


@dataclass(frozen=True)
class Shared:
    """A stretch that a piece shares with a training song.

    Args:
        length: its notes, or chords.
        first_bar, last_bar: where it is in the piece, counted from 1.
        song_bar: where it begins in the song, counted from 1, as the models learned it: without leading
            silence, and of some songs only the stretches in one metre.
    """

    song: Song
    length: int
    first_bar: int
    last_bar: int
    song_bar: int


@dataclass(frozen=True)
class Finding:
    """What was found by one kind of comparison.

    Args:
        kind: "melody" (intervals and rhythm), "tune" (intervals alone) or "chords" (what is heard in each half bar).
        unit: "notes" or "chords".
        least: the length of the shortest stretch that is seen.
        nearest: the longest stretch of each of the songs that share the longest ones, at most three.
        reuse: share of the piece's stretches of `least` that a training song has, 0 to 1; None if it has none, or none
            but what is nobody's (see `runs.DIFFERENT`).
        usual: share of held-out songs that, in about as many bars, share a stretch as long as the longest one (or of
            `least`, if there is none) with a training song, 0 to 1; None where no songs were kept from training.
        usual_reuse: mean `reuse` of held-out songs, or None.
    """

    kind: str
    unit: str
    least: int
    nearest: tuple[Shared, ...]
    reuse: float | None
    usual: float | None
    usual_reuse: float | None

    @property
    def longest(self) -> int:
        """Length of the longest shared stretch, 0 if there is none."""
        return self.nearest[0].length if self.nearest else 0

    def __str__(self) -> str:
        """One sentence."""
        what = {"melody": "Melody", "tune": "Melody, whatever its rhythm", "chords": "Chords"}[self.kind]
        if self.reuse is None:
            return f"{what}: too short or too plain to compare, which takes {self.least} {self.unit}."
        others = "."
        if self.usual is not None:
            share = f"of 100 songs kept from training, {_in_100(self.usual)} share"
            others = f"; {share} {'as many' if self.nearest else 'one'} in as many bars."
        if not self.nearest:
            return f"{what}: no stretch of {self.least} {self.unit} or more is shared with a training song{others}"
        best = self.nearest[0]
        bars = (
            f"bar {best.first_bar}" if best.first_bar == best.last_bar else f"bars {best.first_bar} to {best.last_bar}"
        )
        return (
            f"{what}: {best.length} {self.unit} in a row ({bars}) are as in {best.song}, from bar {best.song_bar}"
            f"{others}"
        )


@dataclass(frozen=True)
class Answer:
    """How original a piece is, by each kind of comparison."""

    findings: tuple[Finding, ...]

    def sentences(self) -> tuple[str, ...]:
        """For the user to read; the tune only where it says more than the melody."""
        melody = next((finding.longest for finding in self.findings if finding.kind == "melody"), 0)
        return tuple(str(f) for f in self.findings if f.kind != "tune" or f.longest > melody)


class Index:
    """The runs of the training songs, in memory: share one between all visitors.

    Args:
        songs: the training songs.
        pieces: for each kind, the number of the song of each piece; arrangements of one song are pieces of their own.
        runs: for each kind, the hashes of each piece's runs.
        bars: for each kind, the bar, from 0, in which each run begins, of all pieces in a row.
        usual: for each kind and number of bars: `share`, of held-out songs, of which the longest shared stretch has at
            least `Kind.least` elements, one more, and so on; and `reuse`, their mean.
    """

    def __init__(
        self,
        songs: list[Song],
        pieces: dict[str, np.ndarray],
        runs: dict[str, list[np.ndarray]],
        bars: dict[str, np.ndarray],
        usual: dict[str, dict[int, dict]],
    ) -> None:
        self.songs, self.usual = songs, usual
        self._pieces, self._bars = pieces, bars
        self._places = {kind.name: Places(runs[kind.name]) for kind in KINDS}

    @classmethod
    def open(cls, folder: str | Path | None = None) -> Index:
        """Open an index, the one that ships if no folder is given.

        Raises:
            CheckpointError: there is none, or it is not as its manifest says. Nothing but this question needs it.
        """
        if folder is None:
            found = [parent / NAME for parent in hub.BUNDLED if (parent / NAME).is_dir()]
            folder = found[0] if found else hub.BUNDLED[-1] / NAME
        folder = Path(folder)
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            data = {name: (folder / name).read_bytes() for name in (RUNS, SONGS)}
            if manifest["format"] != FORMAT:
                raise ValueError(f"format {manifest['format']}")
            for name, content in data.items():
                if manifest["files"][name] != {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}:
                    raise ValueError(f"other content in {name}")
            return cls._read(data[RUNS], json.loads(data[SONGS]))
        except (OSError, ValueError, LookupError, TypeError, AttributeError, EOFError, BadZipFile) as error:
            text = str(error) if isinstance(error, ValueError) else getattr(error, "strerror", None)
            why = (text or "something else").splitlines()[0][:100]
            raise CheckpointError(
                f"Expected an index of training songs in {folder}. Received: {why}. How original a piece is cannot be "
                "said without it; all else works."
            ) from None

    @classmethod
    def _read(cls, runs: bytes, about: dict) -> Index:
        sources = about["sources"]
        songs = [Song(title, composer, *sources[source]) for title, composer, source in about["songs"]]
        usual = {name: {int(bars): row for bars, row in rows.items()} for name, rows in about["usual"].items()}
        pieces, hashes, bars = {}, {}, {}
        with np.load(io.BytesIO(runs), allow_pickle=False) as arrays:
            for kind in KINDS:
                if about["orders"][kind.name] != kind.order:
                    raise ValueError(f"runs of {about['orders'][kind.name]}")
                pieces[kind.name], bars[kind.name] = arrays[f"{kind.name} song"], arrays[f"{kind.name} bar"]
                packed = np.zeros((len(bars[kind.name]), 8), np.uint8)
                packed[:, : BITS // 8] = arrays[f"{kind.name} hash"]
                counts = arrays[f"{kind.name} count"].astype(np.int64)
                hashes[kind.name] = np.split(packed.view("<u8")[:, 0], np.cumsum(counts)[:-1])
        return cls(songs, pieces, hashes, bars, usual)

    def answer(self, music: Music) -> Answer:
        """How original a piece is; milliseconds."""
        return Answer(tuple(self.find(kind, music) for kind in KINDS))

    def find(self, kind: Kind, music: Music) -> Finding:
        """What a piece shares with training songs, by one kind of comparison."""
        hashes, ticks = kind.runs(music)
        telling = hashes[hashes != NOBODYS]
        places, pieces = self._places[kind.name], self._pieces[kind.name]
        first, place, runs = places.stretches(hashes)
        song = pieces[places.piece[place]]
        best = np.sort(np.unique(song, return_index=True)[1])[:NEAREST]  # of each song the longest
        nearest = tuple(
            Shared(
                self.songs[int(song[i])],
                int(runs[i]) + kind.order,
                int(ticks[first[i]]) // music.ticks_per_bar + 1,
                int(ticks[first[i] + runs[i] - 1 + kind.order]) // music.ticks_per_bar + 1,
                int(self._bars[kind.name][place[i]]) + 1,
            )
            for i in best
        )
        usual = self.usual.get(kind.name, {})
        row = usual[max((n for n in usual if n <= music.bars), default=min(usual))] if usual else None
        above = (nearest[0].length if nearest else kind.least) - kind.least
        return Finding(
            kind.name, kind.unit, kind.least, nearest,
            float(places.known(telling).mean()) if len(telling) else None,
            None if row is None else (row["share"][above:] or [0.0])[0], None if row is None else row["reuse"],
        )  # fmt: skip


def answer_file(path: str | Path, folder: str | Path | None = None) -> tuple[Answer, tuple[str, ...]]:
    """How original the piece in a MIDI file is, anyone's, and what reading it changed; folder as `Index.open`.

    Raises:
        MidiError: the file cannot be read, or is none.
        CheckpointError: as `Index.open`.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise MidiError(f"Expected a MIDI file at {path}. Received: {error.strerror or error}.") from None
    intake = read_music(data)
    return Index.open(folder).answer(intake.music), intake.notes


def _in_100(share: float) -> str:
    if share == 0:
        return "none"
    return "fewer than 1" if share < 0.005 else str(round(100 * share))
