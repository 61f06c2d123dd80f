"""The work of one process of `prepare`: one file read, or one lead sheet arranged, whatever is wrong with it."""

from __future__ import annotations

import ctypes
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from musicgen.corpus import band, drums, engraved, labels, scores, tunes
from musicgen.corpus.arranging import arrange
from musicgen.corpus.charts import harmonised, heard_sheet
from musicgen.corpus.cleaning import Cleaning
from musicgen.corpus.duplicates import Signature, signature
from musicgen.corpus.encoding import Encoded, encode
from musicgen.corpus.keys import estimate_key
from musicgen.corpus.leadsheets import LeadSheet, read_lead_sheet
from musicgen.corpus.passages import Passage
from musicgen.corpus.reasons import Unusable, reason_of
from musicgen.corpus.rights import may_be_protected
from musicgen.errors import MusicgenError
from musicgen.heard import heard_chords
from musicgen.midi_reading import read_score
from musicgen.music import Key, Music, Track

TIME_LIMIT = 240.0
"""Seconds for one file. A long song takes five, beside other work ten."""
AGREEMENT = (
    "half bars with a given chord",
    "half bars whose root is heard",
    "half bars whose root and third are heard",
)


@dataclass(frozen=True)
class Reading:
    """A file to be read.

    Args:
        name: the song's id.
        kind: see `sources.Source`.
        data: the file; of a chorale its path in music21's corpus.
        style: style name of a band file, an engraved score or a drummer's groove.
        tempo: beats a minute of a drummer's groove.
    """

    name: str
    kind: str
    data: Any
    style: str = ""
    tempo: float = 0.0


@dataclass(frozen=True)
class Arranging:
    """A lead sheet to be set in a style and a groove, with a human drummer if given."""

    name: str
    sheet: LeadSheet
    style: str
    groove: str
    drummer: Encoded | None = None


@dataclass
class Outcome:
    """What became of a file or of an arrangement.

    Args:
        name: as the job's.
        reason: why it is left out, see `reasons`; empty if it is not.
        pieces: the music.
        signature: what repeats of it are found by.
        sheet: a lead sheet, which is no piece until it is arranged.
        counts: how often what was mended, see `cleaning`, and how well chords are heard, see `AGREEMENT`.
    """

    name: str
    reason: str = ""
    pieces: list[Encoded] = field(default_factory=list)
    signature: Signature = field(default_factory=Signature)
    sheet: LeadSheet | None = None
    counts: dict[str, int] = field(default_factory=dict)


def work(job: Reading | Arranging) -> Outcome:
    """Do a job. Every error is an outcome with a reason."""
    try:
        with warnings.catch_warnings(), time_limit(TIME_LIMIT):
            warnings.simplefilter("ignore")
            return _read(job) if isinstance(job, Reading) else _arrange(job)
    except Exception as error:  # one bad file must never stop the other thousands
        return Outcome(job.name, reason=reason_of(error))


def _read(job: Reading) -> Outcome:
    cleaning = Cleaning()
    if job.kind == "lead sheets":
        if may_be_protected(job.name):
            raise Unusable("rights", f"Expected a song from before 1931. Received: {job.name}, which may be later.")
        sheet = read_lead_sheet(job.data, job.name)
        return Outcome(job.name, sheet=sheet, signature=signature([_melody_of(sheet)]))
    if job.kind == "tunes":
        sheet = harmonised(tunes.read_tune(job.data, job.name))
        return Outcome(job.name, sheet=sheet, signature=signature([_melody_of(sheet)]))
    if job.kind == "drums":
        return _outcome(job.name, [Passage(drums.read_groove(job.data, job.style, job.tempo))], cleaning)
    if job.kind in _WRITTEN or job.kind == "engraved":
        read = _WRITTEN.get(job.kind) or partial(engraved.read_engraved, style=job.style)
        passages = read(job.data, cleaning=cleaning)
        return _with_sheet(_outcome(job.name, passages, cleaning), passages)
    return _outcome(job.name, band.to_music(read_score(job.data, strict=True), job.style, cleaning=cleaning), cleaning)


_WRITTEN: dict[str, Callable[..., list[Passage]]] = {
    "songs": scores.read_song,
    "chorales": scores.read_chorale,
    "hymns": tunes.read_hymn,
}
"""Kinds of score that have a melody and make a lead sheet too."""


def _melody_of(sheet: LeadSheet) -> Music:
    return Music((Track("melody", 0, sheet.melody),), sheet.bars, key=sheet.key or Key(0), metre=sheet.metre)


def _with_sheet(outcome: Outcome, passages: list[Passage]) -> Outcome:
    """The outcome of a score, and the lead sheet of its longest passage if that makes one."""
    longest = max(passages, key=lambda passage: passage.music.ticks)
    outcome.sheet = heard_sheet(longest, outcome.name)
    return outcome


def _outcome(name: str, passages: list[Passage], cleaning: Cleaning) -> Outcome:
    found = []
    for passage in passages:
        confidence = estimate_key(passage.music)[1] if "key" in cleaning.filled else 2.0
        piece = encode(passage.music, confidence, cleaning.filled, place=passage.place)
        if piece is not None:
            cleaning["bars of leading silence cut"] += piece.cut
            found.append(piece)
    if not found:
        raise Unusable("roles", f"Expected notes. Received: none that can be encoded in {name}.")
    counts = {step: int(count) for step, count in cleaning.items() if count}
    return Outcome(name, pieces=found, signature=signature([p.music for p in passages]), counts=counts)


def _arrange(job: Arranging) -> Outcome:
    try:
        with tempfile.TemporaryDirectory() as folder:
            music = arrange(job.sheet, job.style, job.groove, Path(folder))
    except Unusable:
        raise
    except MusicgenError as error:
        raise Unusable("arranging", str(error)) from None
    if job.drummer is not None:
        music = drums.put_under(music, job.drummer.music())
    confidence = 2.0
    filled: tuple[str, ...] = ()
    if job.sheet.key is None:
        key, confidence = estimate_key(music)
        music, filled = replace(music, key=key), ("key",)
    piece = encode(music, confidence, filled, job.sheet.chords, job.sheet.place)
    if piece is None:
        raise Unusable("arranging", f"Expected notes. Received: none of {job.name}.")
    piece = replace(piece, groove=job.groove)
    heard = labels.agreement(heard_chords(piece.rows, piece.bars, music.metre), piece.labels["chords"])
    counts = dict(zip(AGREEMENT, heard, strict=True)) | {"bars of leading silence cut": piece.cut}
    counts |= {f"{what} filled in": 1 for what in filled}
    return Outcome(job.name, pieces=[piece], counts=counts)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise a TimeoutError in the block after `seconds`, whichever thread it is in.

    It comes when the thread next runs Python code: what blocks in the system needs a limit of its own.
    """
    # a signal would reach the main thread only, and the workers of a cluster do their jobs in another
    thread = ctypes.c_ulong(threading.get_ident())
    lock, over = threading.Lock(), False

    def stop() -> None:
        with lock:
            if not over:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeoutError))

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            over = True
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, None)  # one that has not come yet must not come later
        timer.cancel()


__all__ = ["AGREEMENT", "Arranging", "Outcome", "Reading", "time_limit", "work"]
