"""`python -m musicgen prepare`: from the archives to an encoded data set and its manifest."""

from __future__ import annotations

import multiprocessing
import os
import random
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from musicgen.corpus import dataset, drums, scores
from musicgen.corpus.duplicates import find_duplicates, signature
from musicgen.corpus.keys import estimate_key
from musicgen.corpus.leadsheets import GROOVES, LeadSheet, arrange, read_lead_sheet
from musicgen.corpus.rights import may_be_protected
from musicgen.corpus.sources import SOURCE_BY_NAME, SOURCES, attribution, iter_files
from musicgen.errors import CorpusError, MusicgenError
from musicgen.music import Key, Music, Track

ARRANGEMENTS = 8
"""Arrangements of each lead sheet, each in another style and a groove of it; at most one a style."""
HUMAN_DRUMS = 0.3
"""Share of arrangements that get a human drummer's groove of their style and split instead of the machine's."""


def prepare(
    corpus: Path,
    out: Path,
    sources: Iterable[str] = tuple(SOURCE_BY_NAME),
    seed: int = 0,
    arrangements: int = ARRANGEMENTS,
    workers: int | None = None,
    limit: int | None = None,
) -> dict[str, Any]:
    """Read, clean, arrange, split and encode the corpus.

    Args:
        corpus: the folder of the archives `NAME.tar.xz`, or of folders of those names.
        out: the folder to write; see `dataset.write`.
        sources: which of `sources.SOURCES` to use.
        seed: of the choice of grooves and drummers.
        arrangements: arrangements per lead sheet.
        workers: processes; all cores by default.
        limit: at most this many files per source, for a quick trial.

    Returns:
        The manifest: what was kept and what was dropped, and why.

    Raises:
        CorpusError: an archive is missing, or nothing usable was found.
    """
    names = list(sources)
    unknown = [name for name in names if name not in SOURCE_BY_NAME]
    if unknown:
        raise CorpusError(f"Expected sources among {', '.join(SOURCE_BY_NAME)}. Received: {unknown[0]!r}.")
    dropped: dict[str, Counter[str]] = defaultdict(Counter)
    songs: dict[str, tuple[str, list[Music]]] = {}
    sheets: dict[str, LeadSheet] = {}
    with multiprocessing.get_context("spawn").Pool(workers or os.cpu_count()) as pool:
        for source in SOURCES:
            if source.name not in names or source.name == "gmd":
                continue
            jobs = list(_jobs(source.name, corpus, limit))
            for song, result in _progress(pool.imap(_read, jobs, chunksize=4), len(jobs), source.name):
                if isinstance(result, str):
                    dropped[source.name][result] += 1
                elif isinstance(result, LeadSheet):
                    sheets[song] = result
                    songs[song] = (source.name, [_sheet_music(result)])
                else:
                    songs[song] = (source.name, result)
        repeats = find_duplicates({song: signature(pieces) for song, (_, pieces) in songs.items()})
        for song in repeats:
            dropped[songs[song][0]]["duplicate of an earlier song"] += 1
        kept = {song: entry for song, entry in songs.items() if song not in repeats}
        items = [(song, name, music) for song, (name, pieces) in kept.items() if song not in sheets for music in pieces]
        plans = list(_plans({s: sheets[s] for s in kept if s in sheets}, arrangements, seed))
        results = _progress(pool.imap(_arrange, plans, chunksize=4), len(plans), "arranging")
        arranged: list[tuple[str, Music]] = []
        for song, result in results:
            if isinstance(result, str):
                dropped["openewld"][result] += 1
            else:
                arranged.append((song, result))
    if "gmd" in names:
        arranged, used = _with_drummers(arranged, corpus, seed, dropped["gmd"])
    else:
        used = 0
    items += [(song, "openewld", music) for song, music in arranged]
    manifest = {
        "seed": seed,
        "dropped": {name: dict(reasons.most_common()) for name, reasons in dropped.items()},
        "duplicates": repeats,
        "human drum grooves used": used,
        "lead sheets": len(sheets),
        "grooves": len({plan[2] for plan in plans}),
    }
    manifest = dataset.write(out, items, manifest)
    (out / "ATTRIBUTION.md").write_text(attribution())
    return manifest


def _jobs(name: str, corpus: Path, limit: int | None) -> Iterator[tuple[str, str, Any]]:
    files = scores.chorales() if name == "chorales" else iter_files(SOURCE_BY_NAME[name], corpus)
    for index, (song, data) in enumerate(files):
        if limit is not None and index >= limit:
            return
        yield name, song, data


def _read(job: tuple[str, str, Any]) -> tuple[str, list[Music] | LeadSheet | str]:
    name, song, data = job
    try:
        if name == "openewld":
            if may_be_protected(song):
                raise CorpusError("rights: may be from after 1930")
            return song, read_lead_sheet(data, song)
        if name == "chorales":
            return song, scores.read_chorale(data)
        read = SOURCE_BY_NAME[name].read
        assert read is not None
        return song, read(data)
    except MusicgenError as error:
        return song, str(error).replace(song, "the file")
    except Exception as error:  # one bad file must never stop the other thousands
        return song, f"unexpected: {type(error).__name__}: {error}"[:120]


def _sheet_music(sheet: LeadSheet) -> Music:
    return Music((Track("melody", 0, sheet.melody),), sheet.bars, key=sheet.key or Key(0))


def _plans(sheets: dict[str, LeadSheet], count: int, seed: int) -> Iterator[tuple[str, str, str, LeadSheet]]:
    """Which styles and grooves each song gets: all different, and the same whatever other songs there are."""
    for song, sheet in sheets.items():
        rng = random.Random(f"{seed} {song}")
        styles = rng.sample(sorted(GROOVES), min(count, len(GROOVES)))
        yield from ((song, style, rng.choice(GROOVES[style]), sheet) for style in styles)


def _arrange(plan: tuple[str, str, str, LeadSheet]) -> tuple[str, Music | str]:
    song, style, groove, sheet = plan
    try:
        with tempfile.TemporaryDirectory() as folder:
            music = arrange(sheet, style, groove, Path(folder))
        key = sheet.key
        if key is None:
            key, _ = estimate_key(music)
        return song, replace(music, key=key)
    except MusicgenError as error:
        return song, f"arranging: {error}".replace(song, "the file")
    except Exception as error:
        return song, f"arranging: unexpected: {type(error).__name__}: {error}"[:120]


def _with_drummers(
    arranged: list[tuple[str, Music]], corpus: Path, seed: int, dropped: Counter[str]
) -> tuple[list[tuple[str, Music]], int]:
    """Put human grooves under a share of the arrangements; a groove and its song are of the same split."""
    files = dict(iter_files(replace(SOURCE_BY_NAME["gmd"], endings=(".mid", ".csv")), corpus))
    info = next(data for name, data in files.items() if name.endswith("info.csv"))
    grooves: dict[tuple[str, str], list[Music]] = defaultdict(list)
    for name, (style, tempo) in sorted(drums.groove_styles(info).items()):
        data = files.get(f"gmd/{name}")
        try:
            if data is None:
                raise CorpusError("file: listed but not in the archive")
            grooves[style, dataset.split_of(f"gmd/{name}")].append(drums.read_groove(data, style, tempo))
        except MusicgenError as error:
            dropped[str(error)] += 1
    result, used = [], 0
    for index, (song, music) in enumerate(arranged):
        rng = random.Random(f"{seed} {song} {index} drums")
        choices = grooves.get((music.style, dataset.split_of(song)), [])
        # of three drummers the one whose tempo is nearest, so that ballads do not get punk
        if choices and rng.random() < HUMAN_DRUMS:
            groove = min(rng.choices(choices, k=3), key=lambda g: abs(g.tempo - music.tempo))
            music = drums.put_under(music, groove)
            used += 1
        result.append((song, music))
    return result, used


def _progress(results: Iterable[Any], total: int, label: str) -> Iterable[Any]:
    return tqdm(results, total=total, desc=label, unit="song", leave=True)


__all__ = ["prepare"]
