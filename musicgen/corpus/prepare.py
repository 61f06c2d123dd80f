"""`python -m musicgen prepare`: from the archives to an encoded data set and its manifest."""

from __future__ import annotations

import hashlib
import random
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Sized
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from musicgen.cluster import Cluster, open_cluster
from musicgen.corpus import dataset, drums, parts, scores
from musicgen.corpus.cleaning import STEPS
from musicgen.corpus.download import fetch
from musicgen.corpus.duplicates import find_duplicates
from musicgen.corpus.encoding import Encoded, without_end
from musicgen.corpus.engraved import free_files
from musicgen.corpus.grooves import GROOVES, groove_tempo
from musicgen.corpus.reading import AGREEMENT, Arranging, Outcome, Reading, work
from musicgen.corpus.sources import SOURCE_BY_NAME, Source, attribution, find, iter_files, resolve
from musicgen.corpus.tunes import music21_tunes
from musicgen.errors import CorpusError
from musicgen.music import FOUR_FOUR

ARRANGEMENTS = 8
"""Most styles that a lead sheet is set in; see `Source.styles`."""
HUMAN_DRUMS = 0.3
"""Share of arrangements that get a human drummer's groove of their style and split instead of the machine's."""
PARTS = "parts"
"""Folder, in the one that is written, of what is done so far; it is removed at the end."""


@dataclass
class _Progress:
    """What was counted on the way, by source name."""

    dropped: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, source: str, outcome: Outcome) -> bool:
        """Count an outcome; whether there is music in it."""
        self.counts[source].update(outcome.counts)
        if outcome.reason:
            self.dropped[source][outcome.reason] += 1
        return not outcome.reason


def prepare(
    corpus: Path,
    out: Path,
    sources: Iterable[str] = tuple(SOURCE_BY_NAME),
    seed: int = 0,
    arrangements: int = ARRANGEMENTS,
    workers: int | None = None,
    scheduler: str | None = None,
    limit: int | None = None,
    style: str | None = None,
    download: bool = False,
    mirror: str | None = None,
    keep_parts: bool = False,
) -> dict[str, Any]:
    """Read, clean, arrange, split, label and encode the corpus. Stopped and called again, it goes on where it was.

    Args:
        corpus: the folder of the archives `NAME.tar.xz`, or of folders of those names.
        out: the folder to write; see `dataset.write`.
        sources: which of `sources.SOURCES` to use, and "folder:PATH" for a folder of MIDI files of one's own.
        seed: of the choice of grooves and drummers.
        arrangements: most styles per lead sheet, see `ARRANGEMENTS`.
        workers: processes of this machine; all cores by default.
        scheduler: address of a Dask scheduler whose workers are used instead, see `cluster.open_cluster`; for lead
            sheets they need MMA.
        limit: at most this many files per source, for a quick trial.
        style: style name of the folders' music, see `sources.resolve`.
        download: bring archives that are missing from their public addresses.
        mirror: address that replaces the hosts of those, see `download.fetch`.
        keep_parts: leave what was read in `out`/parts, for another run.

    Returns:
        The manifest: what was kept, what was mended, and what was dropped and why.

    Raises:
        CorpusError: an archive is missing, or MMA for lead sheets, or nothing usable was found.
        ClusterError: as for `cluster.open_cluster`.
    """
    chosen = resolve(sources, style)
    for source in chosen:
        if download and source.archive:
            fetch(source, corpus, mirror)
    progress = _Progress()
    with open_cluster(scheduler, workers) as cluster:
        if any(source.styles for source in chosen) and not all(cluster.ask_each_worker(shutil.which, "mma")):
            raise CorpusError("Expected the program mma. Received: none on the PATH; install Debian's mma package.")
        do = _doer(cluster)
        found: dict[str, tuple[Source, Outcome]] = {}
        drummers: list[Outcome] = []
        for source in chosen:
            for outcome in _read_source(source, corpus, out, limit, do, progress):
                if not progress.add(source.name, outcome):
                    continue
                if source.kind == "drums":
                    drummers.append(outcome)
                else:
                    found[outcome.name] = source, outcome
        repeats = find_duplicates({s: outcome.signature for s, (_, outcome) in found.items()}, dataset.split_of)
        for song in repeats:
            progress.dropped[found[song][0].name]["repeat"] += 1
        kept = {song: entry for song, entry in found.items() if song not in repeats}
        sheets = {song: entry for song, entry in kept.items() if entry[1].sheet is not None}
        human = _by_style(drummers)
        items = [
            (song, source.name, without_end(piece) if source.loops else piece)
            for song, (source, outcome) in kept.items()
            for piece in outcome.pieces
        ]
        plans: list[Arranging] = []
        for source in chosen:
            mine = {song: outcome for song, (its, outcome) in sheets.items() if its is source}
            todo = list(_plans(source, mine, human, arrangements, seed))
            stamp = {"seed": seed, "from": parts.stamp_of(find(source, corpus))}
            stamp["drums"] = parts.stamp_of(find(SOURCE_BY_NAME["gmd"], corpus)) if drummers else []
            for plan, outcome in zip(todo, _run(out, f"arranging {source.name}", stamp, todo, do), strict=True):
                if progress.add(source.name, outcome):
                    items += [(plan.sheet.title, source.name, piece) for piece in outcome.pieces]
            plans += todo
    manifest = dataset.write(out, items, _manifest(seed, progress, repeats, sheets, plans))
    (out / "ATTRIBUTION.md").write_text(attribution([*SOURCE_BY_NAME.values(), *(s for s in chosen if s.path)]))
    if not keep_parts:
        shutil.rmtree(out / PARTS, ignore_errors=True)
    return manifest


def _doer(cluster: Cluster) -> parts.Imap:
    """What does jobs on a cluster; a job that killed its workers becomes an outcome too."""

    def do(jobs: Sequence[parts.Job]) -> Iterator[Outcome]:
        for _, outcome in cluster.results(work, jobs, lost=lambda job: Outcome(job.name, reason="killed")):
            yield outcome

    return do


def _read_source(
    source: Source, corpus: Path, out: Path, limit: int | None, do: parts.Imap, progress: _Progress
) -> list[Outcome]:
    jobs = list(_jobs(source, corpus, progress.dropped[source.name]))[:limit]
    stamp = {"source": source.name, "style": source.style, "from": parts.stamp_of(find(source, corpus))}
    return _run(out, source.name, stamp, jobs, do)


def _jobs(source: Source, corpus: Path, dropped: Counter[str]) -> Iterator[Reading]:
    if source.kind == "chorales":
        yield from (Reading(song, source.kind, path) for song, path in scores.chorales())
        return
    if source.kind == "tunes":
        tunes = ((f"{source.name}/{name}", text) for name, text in music21_tunes(source.inside))
        yield from (Reading(song, source.kind, text) for song, text in _some(tunes, source.most))
        return
    files = iter_files(source, corpus)
    if source.kind == "engraved":
        read = dict(files)
        free = free_files(read.get(f"{source.name}/table.tsv", b""))
        dropped["licence"] += sum(name.endswith(".mid") for name in read) - len(free)
        yield from (Reading(f"{source.name}/{n}", source.kind, read[f"{source.name}/{n}"], s) for n, s in free.items())
        return
    if source.kind != "drums":
        yield from (Reading(song, source.kind, data, source.style) for song, data in files)
        return
    found = dict(files)
    info = next((data for name, data in found.items() if name.endswith("info.csv")), None)
    if info is None:
        raise CorpusError(f"Expected a file info.csv in {source.name}. Received: none.")
    for name, (style, tempo) in sorted(drums.groove_styles(info).items()):
        data = found.get(f"{source.name}/{name}")
        if data is None:
            dropped["listed"] += 1
        else:
            yield Reading(f"{source.name}/{name}", source.kind, data, style, tempo)


def _run(out: Path, name: str, stamp: dict[str, Any], jobs: Sequence[parts.Job], do: parts.Imap) -> list[Outcome]:
    """The outcomes of jobs, with a bar that shows how far they are; see `parts.outcomes`."""
    if not jobs:
        return []
    path = out / PARTS / f"{name.replace(':', '-')}.jsonl"
    with tqdm(total=len(jobs), desc=name, unit="song") as bar:

        def show(done: int, total: int) -> None:
            bar.update(done - bar.n)

        return parts.outcomes(path, stamp, jobs, do, show)


def _by_style(drummers: Sequence[Outcome]) -> dict[tuple[str, str], list[Encoded]]:
    """The drummers' grooves by style and split."""
    human: dict[tuple[str, str], list[Encoded]] = defaultdict(list)
    for drummer in drummers:
        for piece in drummer.pieces:
            human[piece.style, dataset.split_of(drummer.name)].append(piece)
    return human


def _plans(
    source: Source,
    sheets: dict[str, Outcome],
    human: dict[tuple[str, str], list[Encoded]],
    most: int,
    seed: int,
) -> Iterator[Arranging]:
    """Which styles and grooves each song gets: all different, and the same whatever other songs there are."""
    for song, outcome in sheets.items():
        assert outcome.sheet is not None
        split, metre = dataset.split_of(song), outcome.sheet.metre.name
        grooves = GROOVES[metre]
        rng = random.Random(f"{seed} {song}")
        styles = rng.sample(sorted(grooves), min(source.styles, len(grooves)))
        firsts = [rng.choice(grooves[style]) for style in styles]  # of all, so that fewer are the first of more
        for style, first in list(zip(styles, firsts, strict=True))[:most]:
            others = [groove for groove in grooves[style] if groove != first]
            more = random.Random(f"{seed} {song} {style} more")
            chosen = [first, *more.sample(others, min(source.grooves - 1, len(others)))]
            for groove in chosen:
                chance = random.Random(f"{seed} {song} {style if groove == first else groove} drums")
                # drummers of the corpus play 4/4
                drummers = human[style, split] if metre == FOUR_FOUR.name else []
                yield Arranging(
                    f"{song} as {groove} in {style}", outcome.sheet, style, groove,
                    _drummer(drummers, groove_tempo(style, groove, metre), chance),
                )  # fmt: skip


def _some(files: Iterable[tuple[str, bytes]], most: int) -> list[tuple[str, bytes]]:
    """At most so many files, all if 0, by a hash of their names: those that are taken stay so if others come."""
    found = list(files)
    if most:
        found = sorted(sorted(found, key=lambda file: hashlib.sha256(file[0].encode()).digest())[:most])
    return found


def _drummer(choices: Sequence[Encoded], tempo: float, rng: random.Random) -> Encoded | None:
    """A human groove of the song's style and split, for a share of the arrangements."""
    if not choices or rng.random() >= HUMAN_DRUMS:
        return None
    # of three drummers the one whose tempo is nearest, so that ballads do not get punk
    return min(rng.choices(choices, k=3), key=lambda groove: abs(groove.tempo - tempo))


def _manifest(
    seed: int, progress: _Progress, repeats: dict[str, str], sheets: Sized, plans: Sequence[Arranging]
) -> dict[str, Any]:
    def counted(names: Sequence[str]) -> dict[str, dict[str, int]]:
        found = {
            source: {name: counts[name] for name in names if counts[name]} for source, counts in progress.counts.items()
        }
        return {source: counts for source, counts in found.items() if counts}

    return {
        "seed": seed,
        "dropped": {name: dict(reasons.most_common()) for name, reasons in progress.dropped.items() if reasons},
        "cleaned": counted(STEPS),
        "chords heard": dict(sum((Counter(each) for each in counted(AGREEMENT).values()), Counter())),
        "duplicates": repeats,
        "human drum grooves used": sum(plan.drummer is not None for plan in plans),
        "lead sheets": len(sheets),
        "grooves": len({plan.groove for plan in plans}),
    }


__all__ = ["prepare"]
