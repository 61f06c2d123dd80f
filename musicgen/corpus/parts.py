"""What `prepare` has done so far, on disk, so that it can be stopped and started again.

A part is the outcomes of one source, or of the arranging: a file of JSON lines. The first says what they were made
from; if that has changed, the part is begun anew. A line cut short by a crash is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from musicgen.corpus.duplicates import Signature
from musicgen.corpus.encoding import from_json, to_json
from musicgen.corpus.labels import Place
from musicgen.corpus.leadsheets import LeadSheet
from musicgen.corpus.reading import Arranging, Outcome, Reading
from musicgen.music import METRES, Key, Note

VERSION = 2
"""Raise it when readers, arranging, cleaning or labels change: parts made before are then not used again."""

Job = Reading | Arranging
Imap = Callable[[Sequence[Job]], Iterable[Outcome]]


def outcomes(
    path: Path, stamp: dict[str, Any], jobs: Sequence[Job], do: Imap, progress: Callable[[int, int], Any] | None = None
) -> list[Outcome]:
    """The outcome of each job, in their order: from the part if it is there, and done and added to it otherwise.

    Args:
        path: the part.
        stamp: what the outcomes depend on beside the jobs' names; JSON values.
        jobs: their names are all different.
        do: yields the outcomes of jobs, in any order.
        progress: called with the number of jobs done so far and of all.
    """
    stamp = {"version": VERSION, **stamp}
    wanted = {job.name for job in jobs}
    done, length = _load(path, stamp)
    done = {name: outcome for name, outcome in done.items() if name in wanted}
    left = [job for job in jobs if job.name not in done]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("r+b" if length else "wb") as file:
        file.seek(length)
        file.truncate()
        if not length:
            file.write(json.dumps(stamp).encode() + b"\n")
        if progress is not None:
            progress(len(done), len(jobs))
        for outcome in do(left) if left else ():
            file.write(json.dumps(_to_json(outcome)).encode() + b"\n")
            file.flush()
            done[outcome.name] = outcome
            if progress is not None:
                progress(len(done), len(jobs))
    return [done[job.name] for job in jobs]


def _load(path: Path, stamp: dict[str, Any]) -> tuple[dict[str, Outcome], int]:
    """The outcomes in a part and how many bytes of it are good; none if it has another stamp."""
    done: dict[str, Outcome] = {}
    length = 0
    try:
        with path.open("rb") as file:
            first = file.readline()
            if json.loads(first) != json.loads(json.dumps(stamp)):
                return {}, 0
            length = len(first)
            for line in file:
                outcome = _from_json(json.loads(line))
                if not line.endswith(b"\n"):
                    break
                done[outcome.name] = outcome
                length += len(line)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return done, length


def _to_json(outcome: Outcome) -> dict[str, Any]:
    sheet = outcome.sheet
    return {
        "name": outcome.name,
        "reason": outcome.reason,
        "pieces": [to_json(piece) for piece in outcome.pieces],
        "content": outcome.signature.content,
        "grams": sorted(outcome.signature.grams),
        "steps": sorted(outcome.signature.steps),
        "counts": outcome.counts,
        "sheet": None
        if sheet is None
        else vars(sheet)
        | {
            "key": None if sheet.key is None else str(sheet.key),
            "metre": sheet.metre.name,
            "place": vars(sheet.place),
            "melody": [[note.onset, note.pitch, note.duration, note.velocity] for note in sheet.melody],
        },
    }


def _from_json(values: dict[str, Any]) -> Outcome:
    sheet = values["sheet"]
    return Outcome(
        values["name"],
        values["reason"],
        [from_json(piece) for piece in values["pieces"]],
        Signature(values["content"], frozenset(values["grams"]), frozenset(values["steps"])),
        None
        if sheet is None
        else LeadSheet(
            **sheet
            | {
                "key": None if sheet["key"] is None else Key.parse(sheet["key"]),
                "melody": tuple(Note(*note) for note in sheet["melody"]),
                "chords": tuple((tick, name) for tick, name in sheet["chords"]),
                "metre": METRES[sheet["metre"]],
                "place": Place(**sheet["place"] | {"sections": tuple(sheet["place"]["sections"])}),
            }
        ),
        values["counts"],
    )


def stamp_of(path: Path | None) -> list[Any]:
    """Size and time of an archive, or of the newest file of a folder and how many there are: changes when it does."""
    if path is None:
        return []
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    stats = [file.stat() for file in files]
    return [len(stats), int(np.sum([s.st_size for s in stats])), max((s.st_mtime_ns for s in stats), default=0)]


__all__ = ["VERSION", "Job", "outcomes", "stamp_of"]
