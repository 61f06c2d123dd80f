"""OpenEWLD lead sheets (MusicXML: a melody and chord symbols), read. Source: github.com/00sapo/OpenEWLD."""

from __future__ import annotations

import io
import math
import re
import tarfile
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from musicgen import codec
from musicgen.corpus.chords import mma_chord
from musicgen.corpus.reasons import Unusable
from musicgen.errors import CorpusError
from musicgen.music import TICKS_PER_BAR, TICKS_PER_BEAT, Key, Note
from musicgen.roles import ROLE_BY_NAME

MIN_BARS = 8
MAX_BARS = 600
_MAX_XML = 30_000_000
_METRES = {"4/4": 4.0, "2/2": 4.0, "2/4": 2.0}
"""Readable time signatures and their bar lengths in quarter notes."""


@dataclass(frozen=True)
class LeadSheet:
    """A melody and its chords on our grid.

    Args:
        title: a stable song id such as "openewld/Author/Title".
        key: from the key signature, or None where its major and its minor are as likely, see `_key`.
        tempo: quarter notes a minute as the file says it, usually None.
        melody: one voice, at most one note at a time; bar lines are at multiples of 48 ticks.
        chords: (tick on a beat, MMA chord name), rising; "z" is no chord. A chord holds until the next.
        bars: length in bars of four quarter notes.
        expanded: False if the file's repeat signs make no sense; the music is then read as written.
    """

    title: str
    key: Key | None
    tempo: float | None
    melody: tuple[Note, ...]
    chords: tuple[tuple[int, str], ...]
    bars: int
    expanded: bool = True


def iter_archive(archive: Path) -> Iterator[tuple[str, bytes]]:
    """The lead sheets of the archive, (title, bytes of the .mxl), in order of their titles.

    Raises:
        CorpusError: the archive is missing or damaged.
    """
    try:
        with tarfile.open(archive) as tar:
            # One pass in the archive's order: xz cannot seek, and sorted extraction would decompress again and again.
            sheets: list[tuple[str, bytes]] = []
            for member in tar:
                if member.isfile() and member.name.endswith((".mxl", ".musicxml", ".xml")):
                    stream = tar.extractfile(member)
                    if stream is not None:
                        sheets.append((title_of(member.name), stream.read()))
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, ValueError) as error:
        raise CorpusError(f"Expected an archive of lead sheets. Received: {archive} ({error}).") from None
    yield from sorted(sheets)


def title_of(path: str) -> str:
    """The song id of a file of the archive: "openewld/dataset/A/T/T.mxl" is "openewld/A/T"."""
    parts = [part for part in Path(path).parts[:-1] if part not in ("/", ".", "dataset", "openewld")]
    return "/".join(["openewld", *(parts[-2:] or [Path(path).stem])])


def read_lead_sheet(path_or_bytes: Path | str | bytes, title: str) -> LeadSheet:
    """Read a MusicXML lead sheet, packed (.mxl) or plain, with its repeats and endings played out.

    Grace notes are dropped, tied notes joined, chords in the melody reduced to their top note, chord changes
    moved to the nearest beat. A pickup bar becomes a whole bar that starts with a rest; two bars of 2/4 become
    one bar. Velocities are ours: 90, and 8 more on the first beat of a bar or 4 more on another beat.

    Raises:
        CorpusError: not MusicXML; another metre than 4/4, 2/2 or 2/4; no chords; no melody; under 8 bars.
    """
    try:
        data = path_or_bytes if isinstance(path_or_bytes, bytes) else Path(path_or_bytes).read_bytes()
        return _read(_xml_of(data), title)
    except CorpusError:
        raise
    except Exception as error:  # music21 raises dozens of kinds on odd files; each means the same to the caller
        raise Unusable(
            "parse",
            f"Expected a MusicXML lead sheet. Received: {title}, which does not parse ({type(error).__name__}: "
            f"{str(error).splitlines()[0][:80] if str(error) else ''}).",
        ) from None


def _xml_of(data: bytes) -> str:
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [
                info
                for info in archive.infolist()
                if info.filename.endswith((".xml", ".musicxml")) and not info.filename.startswith("META-INF")
            ]
            if not names or names[0].file_size > _MAX_XML:
                raise Unusable("parse", "Expected one score of at most 30 MB in the .mxl. Received: none, or larger.")
            data = archive.read(names[0])
    return data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")


def _read(xml: str, title: str) -> LeadSheet:
    # imported here because music21 takes a second to load and only this function needs it
    from music21 import converter, exceptions21, key, repeat, stream, tempo

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        score = converter.parseData(xml, format="musicxml")
        parts = list(score.getElementsByClass(stream.Part))
        if not parts:
            raise Unusable("parse", f"Expected a part. Received: {title}, which has none.")
        part = parts[0]
        full = _bar_length(part, title)
        try:
            played, expanded = part.expandRepeats(), True
        except (repeat.ExpanderException, exceptions21.Music21Exception, IndexError, AttributeError, TypeError):
            played, expanded = part, False
        notes, chords, end = _flatten(list(played.getElementsByClass(stream.Measure)), full, title)
    bars = math.ceil(end / TICKS_PER_BAR)
    if not MIN_BARS <= bars <= MAX_BARS:
        raise Unusable("length", f"Expected {MIN_BARS} to {MAX_BARS} bars. Received: {bars} in {title}.")
    if not any(name != "z" for _, name in chords):
        raise Unusable("chords", f"Expected chord symbols. Received: {title}, which has none.")
    if len(notes) < bars // 2:
        raise Unusable("melody", f"Expected a melody. Received: {len(notes)} notes in {bars} bars of {title}.")
    signatures = list(part.recurse().getElementsByClass(key.KeySignature))
    marks = [mark.getQuarterBPM() for mark in score.recurse().getElementsByClass(tempo.MetronomeMark)]
    stated = next((float(mark) for mark in marks if mark and 20 <= mark <= 400), None)
    return LeadSheet(
        title=title,
        key=_key(signatures[0].sharps, getattr(signatures[0], "mode", None), chords) if signatures else None,
        tempo=stated,
        melody=_melody(notes),
        chords=chords,
        bars=bars,
        expanded=expanded,
    )


def _bar_length(part: Any, title: str) -> float:
    """Length of the part's bars in quarter notes, 4 or 2; a CorpusError if the metre is another or changes."""
    from music21 import meter

    metres = {signature.ratioString for signature in part.recurse().getElementsByClass(meter.TimeSignature)}
    lengths = {_METRES.get(metre) for metre in metres}
    if len(lengths) != 1 or None in lengths:
        raise Unusable(
            "metre", f"Expected 4/4, 2/2 or 2/4. Received: {', '.join(sorted(metres)) or 'no metre'} in {title}."
        )
    return float(next(length for length in lengths if length is not None))


def _flatten(
    measures: Sequence[Any], full: float, title: str
) -> tuple[list[tuple[int, int, int]], tuple[tuple[int, str], ...], int]:
    """Lay the measures in a row so that whole bars start on bar lines.

    Returns:
        The melody as (onset, end, pitch), the chords, and where the last measure ends; all in ticks.
    """
    from music21 import chord, harmony, note

    bar = round(full * TICKS_PER_BEAT)
    lengths = [min(_length(measure) or bar, 10_000) for measure in measures]
    for number, length in enumerate(lengths):
        if length > bar:
            raise Unusable(
                "bars", f"Expected bars of {full:g} beats. Received: {length / 12:g} in bar {number + 1}, {title}."
            )
    raw: list[tuple[int, int, int, bool]] = []  # onset, end, pitch, tied to the note before
    chords: dict[int, str] = {}
    now = 0
    for index, (measure, length) in enumerate(zip(measures, lengths, strict=True)):
        whole = length == bar
        if index == 0:
            # the first whole bar starts on a 4/4 bar line, also after a pickup of a 2/4 piece
            now = 0 if whole else TICKS_PER_BAR - length
        elif now % bar and (whole or now % bar + length > bar):
            now += bar - now % bar  # an incomplete bar that nothing completes: fill it with silence
        elif not whole and now % bar == 0 and index + 1 < len(measures) and lengths[index + 1] == bar:
            now += bar - length if 2 * length <= bar else 0  # a pickup in mid-piece; a longer one is a cut bar
        for element in measure.recurse().getElementsByClass((note.GeneralNote, harmony.Harmony)):
            start = float(element.getOffsetInHierarchy(measure))
            if isinstance(element, harmony.Harmony):
                chords[math.floor(now / TICKS_PER_BEAT + start + 0.5) * TICKS_PER_BEAT] = mma_chord(element)
            elif isinstance(element, (note.Note, chord.Chord)) and not element.duration.isGrace:
                top = max(element.notes, key=lambda n: n.pitch.midi) if isinstance(element, chord.Chord) else element
                tied = top.tie is not None and top.tie.type in ("stop", "continue")
                first = now + round(start * TICKS_PER_BEAT)
                last = now + round((start + float(element.duration.quarterLength)) * TICKS_PER_BEAT)
                raw.append((first, max(last, first + 1), int(top.pitch.midi), tied))
        now += length
    end = now
    return _one_voice(raw), _changes(chords, end), end


def _length(measure: Any) -> int:
    """Ticks up to the end of the last note or rest of a measure; chord symbols have no length of their own."""
    from music21 import harmony, note

    ends = [
        float(element.getOffsetInHierarchy(measure)) + float(element.duration.quarterLength)
        for element in measure.recurse().getElementsByClass(note.GeneralNote)
        if not isinstance(element, harmony.Harmony)
    ]
    return round(max(ends, default=0.0) * TICKS_PER_BEAT)


def _one_voice(raw: Sequence[tuple[int, int, int, bool]]) -> list[tuple[int, int, int]]:
    """Join tied notes, keep the top one of notes struck together, end each note where the next begins."""
    voice: list[tuple[int, int, int]] = []
    for onset, end, pitch, tied in sorted(raw, key=lambda item: (item[0], -item[2])):
        if voice and tied and voice[-1][2] == pitch and voice[-1][1] >= onset - 1:
            voice[-1] = (voice[-1][0], max(end, voice[-1][1]), pitch)
        elif voice and voice[-1][0] == onset:
            continue
        else:
            if voice and voice[-1][1] > onset:
                voice[-1] = (voice[-1][0], onset, voice[-1][2])
            voice.append((onset, end, pitch))
    return voice


def _changes(chords: dict[int, str], end: int) -> tuple[tuple[int, str], ...]:
    changes: list[tuple[int, str]] = []
    for tick, name in sorted(chords.items()):
        if tick < end and (not changes or changes[-1][1] != name):
            changes.append((tick, name))
    return tuple(changes)


def _melody(voice: Sequence[tuple[int, int, int]]) -> tuple[Note, ...]:
    """Velocities by metre, and the whole melody moved by octaves until its median pitch is within 60 to 84."""
    role = ROLE_BY_NAME["melody"]
    middle = median(pitch for _, _, pitch in voice)
    shift = 12 * math.ceil((60 - middle) / 12) if middle < 60 else -12 * math.ceil(max(0, middle - 84) / 12)
    notes = []
    for onset, end, pitch in voice:
        accent = 8 if onset % TICKS_PER_BAR == 0 else 4 if onset % TICKS_PER_BEAT == 0 else 0
        notes.append(Note(onset, codec.fold(pitch + shift, role.low, role.high), end - onset, 90 + accent))
    return tuple(notes)


def _key(sharps: int, mode: str | None, chords: Sequence[tuple[int, str]]) -> Key | None:
    """The key of a signature.

    A stated minor is believed. A stated major is not, since the program that wrote OpenEWLD says "major" for
    491 of 493 signatures: the last chord decides between the major and its relative minor, if it is either.
    """
    major = Key(sharps * 7 % 12)
    minor = Key((major.tonic + 9) % 12, "minor")
    if mode == "minor":
        return minor
    last = next((name for _, name in reversed(chords) if name != "z"), "")
    match = re.match(r"([A-G][b#]?)(m(?!M7)|)", last)
    if match is None:
        return None
    tonic = Key.parse(match[1]).tonic
    if tonic == minor.tonic and match[2] == "m" and "b5" not in last:
        return minor
    return major if tonic == major.tonic and match[2] == "" else None


__all__ = ["LeadSheet", "iter_archive", "read_lead_sheet", "title_of"]
