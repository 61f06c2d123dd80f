"""Lead sheets: a melody and its chords on our grid, from MusicXML or any part that music21 has read."""

from __future__ import annotations

import io
import math
import re
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from musicgen import codec
from musicgen.corpus.chords import mma_chord
from musicgen.corpus.labels import WHOLE_SONG, Place
from musicgen.corpus.marks import number_sections, sections_of_bars
from musicgen.corpus.metres import MIN_BARS, TIME_SIGNATURES, TimeSignature
from musicgen.corpus.reasons import Unusable
from musicgen.errors import CorpusError
from musicgen.music import FOUR_FOUR, TICKS_PER_QUARTER, Key, Metre, Note
from musicgen.roles import ROLE_BY_NAME

MAX_BARS = 600
_MAX_XML = 30_000_000


@dataclass(frozen=True)
class LeadSheet:
    """A melody and its chords on our grid.

    Args:
        title: a stable song id such as "openewld/Author/Title".
        key: from the key signature, or None where its major and its minor are as likely, see `_key`.
        tempo: quarter notes a minute as the file says it, usually None.
        melody: one voice, at most one note at a time; bar lines are at multiples of the metre's ticks.
        chords: (tick on a beat, MMA chord name), rising; "z" is no chord. A chord holds until the next.
        bars: length in bars of the metre.
        expanded: False if the file's repeat signs make no sense; the music is then read as written.
        metre: of all of it.
        place: where in its song it stands.
    """

    title: str
    key: Key | None
    tempo: float | None
    melody: tuple[Note, ...]
    chords: tuple[tuple[int, str], ...]
    bars: int
    expanded: bool = True
    metre: Metre = FOUR_FOUR
    place: Place = WHOLE_SONG


def read_lead_sheet(path_or_bytes: Path | str | bytes, title: str) -> LeadSheet:
    """Read a MusicXML lead sheet, packed (.mxl) or plain, with its repeats and endings played out.

    Grace notes are dropped, tied notes joined, chords in the melody reduced to their top note, chord changes
    moved to the nearest beat. A pickup bar becomes a whole bar that starts with a rest; two bars of 2/4 become
    one bar. Velocities are ours: 90, and 8 more on the first beat of a bar or 4 more on another beat.

    Raises:
        CorpusError: not MusicXML; no metre of `metres.TIME_SIGNATURES`, or several; no chords; no melody; under 8 bars.
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
    from music21 import converter, stream

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        score = converter.parseData(xml, format="musicxml")
        parts = list(score.getElementsByClass(stream.Part))
        if not parts:
            raise Unusable("parse", f"Expected a part. Received: {title}, which has none.")
        sheet = sheet_of(parts[0], title)
    if not any(name != "z" for _, name in sheet.chords):
        raise Unusable("chords", f"Expected chord symbols. Received: {title}, which has none.")
    return sheet


def sheet_of(part: Any, title: str) -> LeadSheet:
    """A music21 part as a lead sheet, with its repeats and endings played out; see `read_lead_sheet`.

    Raises:
        Unusable: as `read_lead_sheet`, but that it may have no chords.
    """
    from music21 import exceptions21, key, repeat, stream, tempo

    signature = _signature(part, title)
    metre = signature.metre
    number_sections(part)
    try:
        played, expanded = part.expandRepeats(), True
    except (repeat.ExpanderException, exceptions21.Music21Exception, IndexError, AttributeError, TypeError):
        played, expanded = part, False
    notes, chords, sections, end = _flatten(list(played.getElementsByClass(stream.Measure)), signature, title)
    bars = math.ceil(end / metre.ticks_per_bar)
    if not MIN_BARS <= bars <= MAX_BARS:
        raise Unusable("length", f"Expected {MIN_BARS} to {MAX_BARS} bars. Received: {bars} in {title}.")
    if len(notes) < bars // 2:
        raise Unusable("melody", f"Expected a melody. Received: {len(notes)} notes in {bars} bars of {title}.")
    signatures = list(part.recurse().getElementsByClass(key.KeySignature))
    marks = [mark.getQuarterBPM() for mark in part.recurse().getElementsByClass(tempo.MetronomeMark)]
    stated = next((float(mark) for mark in marks if mark and 20 <= mark <= 400), None)
    return LeadSheet(
        title=title,
        key=_key(signatures[0].sharps, getattr(signatures[0], "mode", None), chords) if signatures else None,
        tempo=stated,
        melody=sung(notes, metre),
        chords=chords,
        bars=bars,
        expanded=expanded,
        metre=metre,
        place=Place(True, expanded, sections_of_bars(sections, bars, metre.ticks_per_bar)),
    )


def _signature(part: Any, title: str) -> TimeSignature:
    """How the part's time signature is read; an error if there is none that we read, or another kind of bar besides."""
    from music21 import meter

    names = {signature.ratioString for signature in part.recurse().getElementsByClass(meter.TimeSignature)}
    read = {TIME_SIGNATURES.get(name) for name in names}
    if (signature := read.pop() if len(read) == 1 else None) is None:
        received = ", ".join(sorted(names)) or "no metre"
        raise Unusable("metre", f"Expected one of {', '.join(TIME_SIGNATURES)}. Received: {received} in {title}.")
    return signature


def _flatten(
    measures: Sequence[Any], signature: TimeSignature, title: str
) -> tuple[list[tuple[int, int, int]], tuple[tuple[int, str], ...], list[tuple[float, int]], int]:
    """Lay the measures in a row so that whole bars start on bar lines.

    Returns:
        The melody as (onset, end, pitch), the chords, where each measure begins and its section, and where the last
        measure ends; all in ticks.
    """
    from music21 import chord, harmony, note

    per_quarter, beat = float(signature.scale * TICKS_PER_QUARTER), signature.metre.ticks_per_beat
    bar = round(signature.bar * per_quarter)
    lengths = [min(_length(measure, per_quarter) or bar, 10_000) for measure in measures]
    for number, length in enumerate(lengths):
        if length > bar:
            raise Unusable("bars", f"Expected bars of {bar} ticks. Received: {length} in bar {number + 1}, {title}.")
    sections: list[tuple[float, int]] = []
    raw: list[tuple[int, int, int, bool]] = []  # onset, end, pitch, tied to the note before
    chords: dict[int, str] = {}
    now = 0
    for index, (measure, length) in enumerate(zip(measures, lengths, strict=True)):
        whole = length == bar
        if index == 0:
            # the first whole bar starts on a bar line of the metre, also after a pickup of a 2/4 piece
            now = 0 if whole else signature.metre.ticks_per_bar - length
        elif now % bar and (whole or now % bar + length > bar):
            now += bar - now % bar  # an incomplete bar that nothing completes: fill it with silence
        elif not whole and now % bar == 0 and index + 1 < len(measures) and lengths[index + 1] == bar:
            now += bar - length if 2 * length <= bar else 0  # a pickup in mid-piece; a longer one is a cut bar
        sections.append((now, measure.editorial.get("section", 0)))
        for element in measure.recurse().getElementsByClass((note.GeneralNote, harmony.Harmony)):
            start = float(element.getOffsetInHierarchy(measure)) * per_quarter
            if isinstance(element, harmony.Harmony):
                chords[math.floor((now + start) / beat + 0.5) * beat] = mma_chord(element)
            elif isinstance(element, (note.Note, chord.Chord)) and not element.duration.isGrace:
                top = max(element.notes, key=lambda n: n.pitch.midi) if isinstance(element, chord.Chord) else element
                tied = top.tie is not None and top.tie.type in ("stop", "continue")
                first = now + round(start)
                last = now + round(start + float(element.duration.quarterLength) * per_quarter)
                raw.append((first, max(last, first + 1), int(top.pitch.midi), tied))
        now += length
    end = now
    return _one_voice(raw), _changes(chords, end), sections, end


def _length(measure: Any, per_quarter: float) -> int:
    """Ticks up to the end of the last note or rest of a measure; chord symbols have no length of their own."""
    from music21 import harmony, note

    ends = [
        float(element.getOffsetInHierarchy(measure)) + float(element.duration.quarterLength)
        for element in measure.recurse().getElementsByClass(note.GeneralNote)
        if not isinstance(element, harmony.Harmony)
    ]
    return round(max(ends, default=0.0) * per_quarter)


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


def sung(voice: Sequence[tuple[int, int, int]], metre: Metre) -> tuple[Note, ...]:
    """A melody of (onset, end, pitch): velocities by metre, and all of it moved by octaves until its median pitch is
    within 60 to 84."""
    role = ROLE_BY_NAME["melody"]
    middle = median(pitch for _, _, pitch in voice)
    shift = 12 * math.ceil((60 - middle) / 12) if middle < 60 else -12 * math.ceil(max(0, middle - 84) / 12)
    notes = []
    for onset, end, pitch in voice:
        accent = 8 if onset % metre.ticks_per_bar == 0 else 4 if onset % metre.ticks_per_beat == 0 else 0
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


__all__ = ["LeadSheet", "read_lead_sheet", "sheet_of", "sung"]
