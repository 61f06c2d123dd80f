"""Written scores to `Music`: songs for voice and piano (MusicXML) and four-part chorales (music21's corpus)."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from musicgen.corpus.band import MIN_BARS
from musicgen.corpus.cleaning import Cleaning, fold_counted, untangle_counted
from musicgen.corpus.keys import estimate_key
from musicgen.corpus.reasons import Unusable
from musicgen.music import TICKS_PER_BAR, TICKS_PER_BEAT, Key, Music, Note, Track
from musicgen.roles import ROLE_BY_NAME, STYLE_BY_NAME

STYLE = "classical"
_COMMON = {"4/4": 4.0, "2/2": 4.0, "2/4": 2.0}
_LOUDNESS = {"melody": 92, "chords": 66, "pad": 66, "bass": 74}
_MAX_XML = 50_000_000
_SPLIT_PITCH = 55
"""Left-hand notes below this are the bass line when they are the lowest of their beat."""


def read_song(data: bytes, cleaning: Cleaning | None = None) -> list[Music]:
    """A song for voice and piano as pieces, one per stretch in common time.

    The voice is the melody; of the left hand the lowest note of each beat, if below G3, is the bass; all
    else in the piano is chords.

    Args:
        data: a MusicXML file, packed (.mxl) or plain.
        cleaning: counts what was mended, if given.

    Raises:
        Unusable: not MusicXML, not one voice and two staves, or no eight bars in common time.
    """
    parts = _parts(lambda: _parse(data))
    if len(parts) != 3:
        raise Unusable("parts", f"Expected a voice and two piano staves. Received: {len(parts)} parts.")
    stretches = _stretches(parts[0])  # before ties are joined, which stretches bars
    voice, right, left = (_notes(part) for part in parts)
    bass, inner = _split_left_hand(left)
    lines = {"melody": _top_line(voice), "chords": sorted(right + inner), "bass": bass}
    return _pieces(lines, parts[0], stretches, cleaning)


def read_chorale(path: str, cleaning: Cleaning | None = None) -> list[Music]:
    """A chorale of four voices, by its path, as pieces: soprano melody, inner voices pad, bass bass.

    Raises:
        Unusable: not four voices, or no eight bars in common time.
    """
    parts = _voices(path)
    stretches = _stretches(parts[0])
    soprano, alto, tenor, bass = (_notes(part) for part in parts)
    return _pieces({"melody": soprano, "pad": sorted(alto + tenor), "bass": bass}, parts[0], stretches, cleaning)


def chorale_pitches(path: str) -> list[list[int]]:
    """MIDI pitches of a chorale's four voices, note by note.

    Raises:
        Unusable: not four voices.
    """
    return [[pitch for _, pitch, _ in _notes(part)] for part in _voices(path)]


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


_Written = tuple[float, int, float]  # onset and length in quarter notes, pitch between them


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
    """Half of the songs are in other metres or for more players, which is seen at once; music21 takes seconds."""
    metres = set(re.findall(rb"<beats>\s*(\d+)\s*</beats>\s*<beat-type>\s*(\d+)\s*</beat-type>", xml))
    if metres and not any(b"/".join(metre).decode() in _COMMON for metre in metres):
        raise Unusable("metre", "Expected a metre of 4/4, 2/2 or 2/4. Received: only others.")
    if (parts := len(re.findall(rb"<score-part\s", xml))) > 3:
        raise Unusable("parts", f"Expected a voice and two piano staves. Received: {parts} parts.")


def _unpacked(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        container = archive.read("META-INF/container.xml").decode()
        match = re.search(r'full-path="([^"]+)"', container)
        if match is None or archive.getinfo(match[1]).file_size > _MAX_XML:
            raise Unusable("parse", "Expected a score of at most 50 MB in the archive. Received: none.")
        return archive.read(match[1])


def _notes(part: Any) -> list[_Written]:
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


def _top_line(notes: list[_Written]) -> list[_Written]:
    top: dict[float, _Written] = {}
    for note in notes:
        if note[0] not in top or note[1] > top[note[0]][1]:
            top[note[0]] = note
    return [top[onset] for onset in sorted(top)]


def _split_left_hand(notes: list[_Written]) -> tuple[list[_Written], list[_Written]]:
    lowest: dict[int, int] = {}
    for onset, pitch, _ in notes:
        lowest[int(onset)] = min(lowest.get(int(onset), 128), pitch)
    bass = [note for note in notes if note[1] == lowest[int(note[0])] and note[1] < _SPLIT_PITCH]
    taken = set(bass)
    return bass, [note for note in notes if note not in taken]


def _stretches(part: Any) -> list[tuple[float, float]]:
    """Runs of at least eight whole bars in common time: start and end in quarters.

    A pickup counts back from the first full bar; a bar written in two halves (around a repeat sign) is one.
    """
    runs: list[list[float]] = []
    filled = 0.0
    for measure in part.getElementsByClass("Measure"):
        signature = measure.timeSignature or measure.getContextByClass("TimeSignature")
        size = _COMMON.get(signature.ratioString) if signature is not None else None
        start, length = float(measure.offset), float(measure.duration.quarterLength)
        if size is None:
            filled = 0.0
            runs.append([])
            continue
        if not runs or not runs[-1]:
            pickup = length < size - 1e-6
            begin = start - (size - length) if pickup else start
            if runs:
                runs[-1] = [begin, start + length]
            else:
                runs.append([begin, start + length])
            filled = 0.0
            continue
        filled += length
        if filled > size + 1e-6:
            runs.append([start, start + length])
            filled = length % size
        else:
            runs[-1][1] = start + length
            if abs(filled - size) < 1e-6:
                filled = 0.0
    found = [(run[0], run[1]) for run in runs if run and run[1] - run[0] >= 4 * MIN_BARS]
    if not found:
        raise Unusable("metre", "Expected eight bars in 4/4, 2/2 or 2/4. Received: none.")
    return found


def _pieces(
    lines: dict[str, list[_Written]], part: Any, stretches: list[tuple[float, float]], cleaning: Cleaning | None
) -> list[Music]:
    cleaning = Cleaning() if cleaning is None else cleaning
    marks = part.recurse().getElementsByClass("MetronomeMark")
    stated = next((float(mark.getQuarterBPM()) for mark in marks if mark.number), None)
    tempo = float(STYLE_BY_NAME[STYLE].tempo) if stated is None else stated
    pieces = []
    for start, end in stretches:
        bars = int((end - start) / 4 + 1 - 1e-6)
        tracks = [_track(role, notes, start, bars, cleaning) for role, notes in lines.items()]
        music = Music(tuple(t for t in tracks if t.notes), bars, min(max(tempo, 40), 240), Key(0), STYLE)
        if len(music.tracks) < 2:
            continue
        key, _ = estimate_key(music)
        cleaning.filled_in("key")
        if stated is None:
            cleaning.filled_in("tempo")
        pieces.append(Music(music.tracks, bars, music.tempo, key, STYLE))
    if not pieces:
        raise Unusable("roles", "Expected notes in at least two roles. Received: fewer.")
    return pieces


def _track(role: str, notes: list[_Written], start: float, bars: int, cleaning: Cleaning) -> Track:
    limits = ROLE_BY_NAME[role]
    found = []
    for onset, pitch, length in notes:
        tick = round((onset - start) * TICKS_PER_BEAT)
        if 0 <= tick < bars * TICKS_PER_BAR:
            accent = 8 if tick % TICKS_PER_BAR == 0 else 4 if tick % TICKS_PER_BEAT == 0 else 0
            pitch = fold_counted(pitch, limits.low, limits.high, cleaning)
            found.append(Note(tick, pitch, max(1, round(length * TICKS_PER_BEAT)), _LOUDNESS[role] + accent))
    return Track(role, STYLE_BY_NAME[STYLE].program(role), untangle_counted(found, bars * TICKS_PER_BAR, cleaning))


__all__ = ["STYLE", "chorale_pitches", "chorales", "read_chorale", "read_song"]
