"""The index from an encoded data set: `python -m musicgen index --data data --out checkpoints/originality`.

The same data set gives the same bytes. Titles and composers are read from the ids of songs, which are paths.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar
from uuid import uuid4

import numpy as np
from tqdm import tqdm

from musicgen.cluster import Cluster, open_cluster, processes_for
from musicgen.corpus.dataset import Dataset, Piece
from musicgen.corpus.sources import SOURCE_BY_NAME
from musicgen.errors import CorpusError
from musicgen.export import write
from musicgen.originality.index import FORMAT, MANIFEST, RUNS, SONGS, Index, Song
from musicgen.originality.runs import BITS, KINDS, NOBODYS

NEW = 0.05
"""A further arrangement of a song is taken in if it has this share of runs that those before it have not."""
USUAL_BARS = (4, 8, 16, 32)
"""Lengths of the stretches of held-out songs that say what is usual."""
_AT_ONCE = 50
"""Pieces that a worker reads in one job."""
_README = """# Index of training songs

For `python -m musicgen original FILE.mid` and the page: with which training songs does a piece share its longest
stretches? This folder holds hashes of runs of {orders}, the bar in which each run
begins, and the titles of {songs:,} songs. There is no music in it. What is usual between songs was measured on the
{held_out} songs that were kept from training. Made from the encoded data set, the same bytes each time, by

    python -m musicgen index --data data --out checkpoints/originality

| source | songs | licence | where |
|---|---:|---|---|
{sources}
"""


def build(data: Path, out: Path, scheduler: str | None = None) -> Path:
    """Write the index of the training songs of a data set into a folder; returns the folder.

    Args:
        data: a folder made by `prepare`.
        scheduler: address of a Dask scheduler, see `cluster.open_cluster`, whose workers have the data set at the same
            path; processes of this machine if None.

    Raises:
        ClusterError: as for `cluster.open_cluster`.
        CorpusError: no data set, or no training song in it.
        ExportError: the folder cannot be written.
    """
    dataset = Dataset.open(data)
    train = sorted(dataset.split("train"), key=lambda piece: (piece.song, -piece.bars, piece.start))
    if not train:
        raise CorpusError(f"Expected training songs in {data}. Received: none.")
    number = {song: place for place, song in enumerate(dict.fromkeys(piece.song for piece in train))}
    source_of = {piece.song: piece.source for piece in train}
    sources = {name: _source(name) for name in sorted(set(source_of.values()))}
    songs = [(*title_of(song, source_of[song]), source_of[song]) for song in number]
    where = str(data.resolve()), uuid4().hex
    with open_cluster(scheduler, processes_for(-(-len(train) // _AT_ONCE))) as cluster:
        pieces, runs, bars = _collect(cluster, where, train, number)
        known = [Song(title, composer, *sources[source]) for title, composer, source in songs]
        held_out = [*dataset.split("valid"), *dataset.split("test")]
        usual = _usual(cluster, where, held_out, Index(known, pieces, runs, bars, {}))

    arrays = {}
    for kind in KINDS:
        packed = np.concatenate(runs[kind.name]).astype("<u8").view(np.uint8).reshape(-1, 8)[:, : BITS // 8]
        arrays[f"{kind.name} hash"] = packed
        arrays[f"{kind.name} bar"] = bars[kind.name].astype(np.uint16)
        arrays[f"{kind.name} count"] = np.array([len(hashes) for hashes in runs[kind.name]], np.uint16)
        arrays[f"{kind.name} song"] = pieces[kind.name].astype(np.uint16 if len(songs) <= 2**16 else np.uint32)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    orders = {kind.name: kind.order for kind in KINDS}
    about = {"orders": orders, "sources": sources, "songs": songs, "usual": usual}
    files = {RUNS: file.getvalue(), SONGS: json.dumps(about, ensure_ascii=False).encode()}
    listed = {name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()}
    files["README.md"] = _readme(sources, songs, dataset).encode()
    files[MANIFEST] = json.dumps({"format": FORMAT, "files": listed}, indent=1).encode()  # last: the folder is whole
    for name, content in files.items():
        write(out / name, content)
    return out


def title_of(song: str, source: str) -> tuple[str, str]:
    """Title and composer ("" where it is not known) of a song, from its id."""
    parts = PurePosixPath(song.replace("_", " ")).parts
    if source == "lieder":  # .../COMPOSER/WORK/NUMBER TITLE/FILE
        last, _, first = parts[-4].partition(", ")
        title = parts[-2] if parts[-3] == " " else f"{re.sub(r'^[0-9]+ ', '', parts[-2])} ({parts[-3]})"
        return title, f"{first} {last}".strip()
    if source == "openewld":  # .../AUTHORS/TITLE/FILE
        # authors are joined by hyphens, which surnames have too; but an author has more than one word
        authors = re.sub(r"-(?=[^-]* |\[)", ", ", parts[-3])
        return parts[-2], authors.replace("[Traditional]", "traditional")
    if source == "chorales":
        return re.sub("^bwv", "BWV ", parts[-1]), "J. S. Bach"
    name = PurePosixPath(song).stem
    hashed = source in SOURCE_BY_NAME and SOURCE_BY_NAME[source].hashed
    return re.sub("_[0-9a-f]{8}$", "", name) if hashed else name, ""


def _source(name: str) -> tuple[str, str, str]:
    """Title, licence and public address of a source."""
    source = SOURCE_BY_NAME.get(name)
    if source is None:
        return name, "as stated by whoever prepared this data set", ""
    return source.title, source.licence, f"https://{source.address}" if "/" in source.address else ""


_Where = tuple[str, str]  # folder of the data set, and what tells runs apart: workers may live on after this one
_Result = TypeVar("_Result")


@lru_cache(1)
def _opened(folder: str, run: str) -> Dataset:
    return Dataset.open(folder)


def _in_portions(
    cluster: Cluster, function: Callable[..., list[_Result]], pieces: Sequence[Piece], about: str, *shared: Any
) -> list[_Result]:
    """What a function gives for each piece; it is given `_AT_ONCE` of them at a time."""
    portions = [pieces[start : start + _AT_ONCE] for start in range(0, len(pieces), _AT_ONCE)]
    with tqdm(total=len(pieces), desc=about, unit="piece") as bar:
        done = cluster.map(function, portions, *shared, progress=lambda: bar.update(_AT_ONCE))
    return [result for portion in done for result in portion]


def _runs_of(pieces: Sequence[Piece], where: _Where) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """For each piece and kind its runs and the bar of each."""
    found = []
    for piece in pieces:
        music = _opened(*where).music(piece)
        runs = [kind.runs(music) for kind in KINDS]
        found.append([(hashes, ticks[: len(hashes)] // music.ticks_per_bar) for hashes, ticks in runs])
    return found


def _collect(
    cluster: Cluster, where: _Where, train: list[Piece], number: dict[str, int]
) -> tuple[dict[str, np.ndarray], dict[str, list[np.ndarray]], dict[str, np.ndarray]]:
    """Of each kind: the song of each piece that is taken in, its runs, and the bar of every run."""
    pieces: dict[str, list[int]] = {kind.name: [] for kind in KINDS}
    runs: dict[str, list[np.ndarray]] = {kind.name: [] for kind in KINDS}
    bars: dict[str, list[np.ndarray]] = {kind.name: [] for kind in KINDS}
    seen: dict[tuple[str, str], set[int]] = defaultdict(set)
    found = _in_portions(cluster, _runs_of, train, "training songs", where)
    for piece, by_kind in zip(train, found, strict=True):
        for kind, (hashes, places) in zip(KINDS, by_kind, strict=True):
            of_song = seen[piece.song, kind.name]
            if len(set(hashes.tolist()) - of_song - {NOBODYS}) > NEW * len(hashes):
                of_song.update(hashes.tolist())
                pieces[kind.name].append(number[piece.song])
                runs[kind.name].append(hashes)
                bars[kind.name].append(places)
    none = np.zeros(0, np.int64)
    return (
        {name: np.array(songs, np.int64) for name, songs in pieces.items()},
        runs,
        {name: np.concatenate([*places, none]) for name, places in bars.items()},
    )


_Stretch = tuple[str, int, int, float]  # kind, bars, the longest that it shares, its reuse


def _stretches_of(pieces: Sequence[Piece], where: _Where, index: Index) -> list[list[_Stretch]]:
    """For each piece what its stretches of `USUAL_BARS` share with the songs of an index."""
    found: list[list[_Stretch]] = []
    for piece in pieces:
        music = _opened(*where).music(piece)
        found.append([
            (finding.kind, length, finding.longest, finding.reuse)
            for length in USUAL_BARS
            for start in range(0, piece.bars - length + 1, length)
            for finding in index.answer(music.excerpt(start, length)).findings
            if finding.reuse is not None
        ])  # fmt: skip
    return found


def _usual(
    cluster: Cluster, where: _Where, held_out: list[Piece], index: Index
) -> dict[str, dict[int, dict[str, Any]]]:
    """What stretches of held-out songs share with the training songs, every song weighing the same; see `Index`."""
    found: dict[tuple[str, int], dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    every = _in_portions(cluster, _stretches_of, held_out, "held-out songs", where, cluster.share(index))
    for piece, stretches in zip(held_out, every, strict=True):
        for name, length, most, reuse in stretches:
            found[name, length][piece.song].append((most, reuse))
    usual: dict[str, dict[int, dict[str, Any]]] = {kind.name: {} for kind in KINDS}
    for (name, length), songs in found.items():
        longest = max(most for findings in songs.values() for most, _ in findings)
        least = next(kind.least for kind in KINDS if kind.name == name)
        share = [
            np.mean([np.mean([most >= least + more for most, _ in findings]) for findings in songs.values()])
            for more in range(max(longest - least, 0) + 1)
        ]
        mean_reuse = np.mean([np.mean([reuse for _, reuse in findings]) for findings in songs.values()])
        usual[name][length] = {
            "songs": len(songs), "share": [round(float(value), 4) for value in share],
            "reuse": round(float(mean_reuse), 4),
        }  # fmt: skip
    return usual


def _readme(sources: dict[str, tuple[str, str, str]], songs: list[tuple[str, str, str]], dataset: Dataset) -> str:
    held_out = len({piece.song for piece in dataset.pieces if piece.split != "train"})
    orders = ", ".join(f"{kind.least} {kind.unit} ({kind.name})" for kind in KINDS)
    rows = [
        f"| {title} | {sum(source == name for _, _, source in songs)} | {licence} | {link or '-'} |"
        for name, (title, licence, link) in sources.items()
    ]
    return _README.format(orders=orders, songs=len(songs), held_out=held_out, sources="\n".join(rows))
