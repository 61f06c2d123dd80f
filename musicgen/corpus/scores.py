"""Layout scores to `Music`: songs for voice and piano (MusicXML) and four-part chorales (music21's corpus)."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from musicgen.corpus.cleaning import Cleaning, fold_counted, untangle_counted
from musicgen.corpus.keys import estimate_key
from musicgen.corpus.labels import Place
from musicgen.corpus.marks import number_sections, sections_of_bars
from musicgen.corpus.metres import TIME_SIGNATURES, Measure, Stretch, stretches_in
from musicgen.corpus.passages import Passage
from musicgen.corpus.reasons import Unusable
from musicgen.music import TICKS_PER_QUARTER, Key, Music, Note, Track
from musicgen.roles import ROLE_BY_NAME, STYLE_BY_NAME

STYLE = "classical"
_LOUDNESS = {"melody": 92, "chords": 66, "pad": 66, "bass": 74}
_MAX_XML = 50_000_000
_SPLIT_PITCH = 55
"""Left-hand notes below this are the bass line when they are the lowest of their beat."""


def read_song(data: bytes, cleaning: Cleaning | None = None) -> list[Passage]:
    """A song for voice and piano as pieces, one per stretch that keeps to one metre.

    The voice is the melody; of the left hand the lowest note of each beat, if below G3, is the bass; all
    else in the piano is chords.

    Args:
        data: a MusicXML file, packed (.mxl) or plain.
        cleaning: counts what was mended, if given.

    Raises:
        Unusable: not MusicXML, not one voice and two staves, or no eight bars of one metre.
    """
    parts = _parts(lambda: _parse(data))
    if len(parts) != 3:
        raise Unusable("parts", f"Expected a voice and two piano staves. Received: {len(parts)} parts.")
    layout = layout_of(parts[0])
    voice, right, left = (notes_of(part) for part in parts)
    bass, inner = split_left_hand(left)
    return pieces({"melody": top_line(voice), "chords": sorted(right + inner), "bass": bass}, layout, cleaning)


def read_chorale(path: str, cleaning: Cleaning | None = None) -> list[Passage]:
    """A chorale of four voices, by its path, as pieces: soprano melody, inner voices pad, bass bass.

    Raises:
        Unusable: not four voices, or no eight bars of one metre.
    """
    parts = _voices(path)
    layout = layout_of(parts[0])
    soprano, alto, tenor, bass = (notes_of(part) for part in parts)
    return pieces({"melody": soprano, "pad": sorted(alto + tenor), "bass": bass}, layout, cleaning)


def chorale_pitches(path: str) -> list[list[int]]:
    """MIDI pitches of a chorale's four voices, note by note.

    Raises:
        Unusable: not four voices.
    """
    return [[pitch for _, pitch, _ in notes_of(part)] for part in _voices(path)]


def chorales() -> Iterator[tuple[str, str]]:
    """The chorales of music21's corpus, all that it has of Bach but a prelude: a song id and the path in it."""
    from music21 import corpus
    from music21.common import getCorpusFilePath

    paths: dict[str, Path] = {}
    for path in map(Path, corpus.getComposer("bach", fileExtensions=(".mxl", ".xml", ".krn"))):
        # some come in two formats, of which MusicXML says more
        if path.stem != "bwv846" and (path.stem not in paths or path.suffix != ".krn"):
            paths[path.stem] = path
    for name in sorted(paths):
        yield f"chorales/{name}", paths[name].relative_to(getCorpusFilePath()).as_posix()


_VOICES = ("soprano", "alto", "tenor", "bass")


def _voices(path: str) -> list[Any]:
    """The four voices of a chorale; where instruments play as well, the parts that are called after voices."""
    from music21 import converter
    from music21.common import getCorpusFilePath

    parts = _parts(lambda: converter.parse(getCorpusFilePath() / path))
    if len(parts) > 4:
        named = [(str(part.partName or "").lower().split() or [""])[0] for part in parts]
        parts = [part for part, name in zip(parts, named, strict=True) if name in _VOICES]
    if len(parts) != 4:
        raise Unusable("parts", f"Expected four voices. Received: {len(parts)} parts.")
    return parts


Line = list[tuple[float, int, float]]
"""Notes of a part: onset in written quarter notes, MIDI pitch, length in quarter notes."""


@dataclass(frozen=True)
class Layout:
    """What a score says of all of its parts, in written quarter notes.

    Args:
        stretches: those that keep to one metre.
        tempo: quarter notes a minute, None if it has none.
        sections: where each measure begins and the number of its section.
        goes_back: whether it ends before its last bar, as a da capo does.
    """

    stretches: Sequence[Stretch]
    tempo: float | None
    sections: Sequence[tuple[float, int]] = ()
    goes_back: bool = False


def layout_of(part: Any) -> Layout:
    """The layout of a score by one of its parts, before ties are joined, which stretches bars.

    Raises:
        Unusable: no eight bars of one metre.
    """
    number_sections(part)
    measures: list[Measure] = []
    sections: list[tuple[float, int]] = []
    name = ""
    for measure in part.getElementsByClass("Measure"):
        name = name if measure.timeSignature is None else measure.timeSignature.ratioString
        start, length = float(measure.offset), float(measure.duration.quarterLength)
        measures.append(Measure(start, length, name))
        sections.append((start, measure.editorial.section))
    marks = part.recurse().getElementsByClass("MetronomeMark")
    tempo = next((float(mark.getQuarterBPM()) for mark in marks if mark.number), None)
    goes_back = bool(part.recurse().getElementsByClass(("DaCapo", "DalSegno")))
    return Layout(stretches_in(measures), tempo, sections, goes_back)


def _parts(parse: Callable[[], Any]) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return list(parse().parts)
        except Unusable:
            raise
        except Exception as error:  # music21 raises anything on damaged files
            raise Unusable(
                "parse", f"Expected a score. Received: a file that fails with {type(error).__name__}."
            ) from None


def _parse(data: bytes) -> Any:
    from music21 import converter

    xml = _unpacked(data) if data[:2] == b"PK" else data
    _refuse_early(xml)
    return converter.parseData(xml, format="musicxml")


def _refuse_early(xml: bytes) -> None:
    """Some songs are in other metres or for more players, which is seen at once; music21 takes seconds."""
    metres = set(re.findall(rb"<beats>\s*(\d+)\s*</beats>\s*<beat-type>\s*(\d+)\s*</beat-type>", xml))
    if metres and not any(b"/".join(metre).decode() in TIME_SIGNATURES for metre in metres):
        raise Unusable("metre", f"Expected one of {', '.join(TIME_SIGNATURES)}. Received: only others.")
    if (parts := len(re.findall(rb"<score-part\s", xml))) > 3:
        raise Unusable("parts", f"Expected a voice and two piano staves. Received: {parts} parts.")


def _unpacked(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        container = archive.read("META-INF/container.xml").decode()
        match = re.search(r'full-path="([^"]+)"', container)
        if match is None or archive.getinfo(match[1]).file_size > _MAX_XML:
            raise Unusable("parse", "Expected a score of at most 50 MB in the archive. Received: none.")
        return archive.read(match[1])


def notes_of(part: Any) -> Line:
    """Sounding notes of a part, ties joined (in the part itself), grace notes and chord symbols left out."""
    from music21 import harmony

    result = []
    part.stripTies(inPlace=True)  # a copy of the part would take as long as reading it
    for element in part.flatten().notes:
        if isinstance(element, harmony.ChordSymbol) or element.duration.isGrace or element.quarterLength <= 0:
            continue
        for pitch in getattr(element, "pitches", ()):
            result.append((float(element.offset), int(pitch.midi), float(element.quarterLength)))
    return sorted(result)


def top_line(notes: Line) -> Line:
    """The highest of the notes that begin together."""
    top: dict[float, tuple[float, int, float]] = {}
    for note in notes:
        if note[0] not in top or note[1] > top[note[0]][1]:
            top[note[0]] = note
    return [top[onset] for onset in sorted(top)]


def split_left_hand(notes: Line) -> tuple[Line, Line]:
    """The bass, which is the lowest note of each beat if it is below `_SPLIT_PITCH`, and the other notes."""
    lowest: dict[int, int] = {}
    for onset, pitch, _ in notes:
        lowest[int(onset)] = min(lowest.get(int(onset), 128), pitch)
    bass = [note for note in notes if note[1] == lowest[int(note[0])] and note[1] < _SPLIT_PITCH]
    taken = set(bass)
    return bass, [note for note in notes if note not in taken]


def pieces(
    lines: dict[str, Line], layout: Layout, cleaning: Cleaning | None = None, style: str = STYLE
) -> list[Passage]:
    """The pieces of a written score, one per stretch that keeps to one metre.

    Args:
        lines: of each role what it plays.
        layout: where bars begin.
        cleaning: counts what was mended, if given.
        style: a style name, the label of the pieces and what they are played on.

    Raises:
        Unusable: notes in fewer than two roles.
    """
    cleaning = Cleaning() if cleaning is None else cleaning
    found = []
    for stretch in layout.stretches:
        tracks = [_track(role, notes, stretch, style, cleaning) for role, notes in lines.items()]
        tempo = STYLE_BY_NAME[style].tempo if layout.tempo is None else layout.tempo * float(stretch.signature.scale)
        music = Music(
            tuple(t for t in tracks if t.notes), stretch.bars, float(min(max(tempo, 40), 240)), Key(0), style,
            stretch.metre,
        )  # fmt: skip
        if len(music.tracks) < 2:
            continue
        cleaning.filled_in("key")
        if layout.tempo is None:
            cleaning.filled_in("tempo")
        marks = [(stretch.quarters(start), section) for start, section in layout.sections]
        sections = sections_of_bars(marks, stretch.bars, stretch.metre.quarters_per_bar)
        place = Place(stretch.begins, stretch.ends and not layout.goes_back, sections)
        found.append(Passage(replace(music, key=estimate_key(music)[0]), place))
    if not found:
        raise Unusable("roles", "Expected notes in at least two roles. Received: fewer.")
    return found


def _track(role: str, notes: Line, stretch: Stretch, style: str, cleaning: Cleaning) -> Track:
    limits, metre = ROLE_BY_NAME[role], stretch.metre
    end = stretch.bars * metre.ticks_per_bar
    found = []
    for onset, pitch, length in notes:
        tick = round(stretch.quarters(onset) * TICKS_PER_QUARTER)
        if 0 <= tick < end:
            accent = 8 if tick % metre.ticks_per_bar == 0 else 4 if tick % metre.ticks_per_beat == 0 else 0
            pitch = fold_counted(pitch, limits.low, limits.high, cleaning)
            ticks = max(1, round(length * float(stretch.signature.scale) * TICKS_PER_QUARTER))
            found.append(Note(tick, pitch, ticks, _LOUDNESS[role] + accent))
    return Track(role, STYLE_BY_NAME[style].program(role), untangle_counted(found, end, cleaning))


__all__ = [
    "STYLE",
    "Layout",
    "Line",
    "chorale_pitches",
    "chorales",
    "notes_of",
    "pieces",
    "read_chorale",
    "read_song",
    "split_left_hand",
    "top_line",
]  # fmt: skip
