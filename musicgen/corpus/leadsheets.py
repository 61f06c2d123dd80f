"""OpenEWLD lead sheets (MusicXML: a melody and chord symbols) read, and set for a band with Debian's `mma`.

Source: github.com/00sapo/OpenEWLD. Roles are given to MMA's tracks by these rules, see `_assign`:

- drums: the drum channel, each sound replaced by its class of `roles.canonical_drum`, 3 ticks long;
- bass: of the tracks named Bass or Walk the one that plays in most bars; bars that it leaves empty are filled
  from the others. Scale, Solo, Melody and Aria tracks are left out: they would quarrel with the melody;
- chords: of the Chord, Arpeggio, Strum and Plectrum tracks that play in at least half the bars the most
  rhythmic one (most distinct onsets), one named Sus, Pad or String only if there is no other; its empty bars
  are filled from the other comping tracks but the pad;
- pad: of the rest one with such a name, or else the one with the longest notes, filled in the same way. A lone
  harmonic track is chords.
"""

from __future__ import annotations

import io
import math
import re
import shutil
import subprocess
import tarfile
import tempfile
import warnings
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from musicgen.corpus.grooves import GROOVES, definition, groove_tempo
from musicgen.errors import CorpusError, MusicgenError
from musicgen.midi import Score, ScoreNote, ScoreTrack, read_score
from musicgen.music import BEATS_PER_BAR, TICKS_PER_BAR, TICKS_PER_BEAT, Key, Music, Note, Track
from musicgen.roles import ROLE_BY_NAME, STYLE_BY_NAME, canonical_drum

MIN_BARS = 8
MAX_BARS = 600
MMA_TIMEOUT = 120.0
"""Seconds. An arrangement takes about half a second."""
DRUM_TICKS = 3
_MAX_XML = 30_000_000
_METRES = {"4/4": 4.0, "2/2": 4.0, "2/4": 2.0}
"""Readable time signatures and their bar lengths in quarter notes."""
_GRID = (0, 3, 4, 6, 8, 9, 12)
"""Ticks within a beat that played music is drawn to: sixteenths and eighth triplets."""

_KINDS = {
    "major": "", "minor": "m", "augmented": "aug", "diminished": "dim",
    "dominant": "7", "dominant-seventh": "7", "major-seventh": "M7", "minor-seventh": "m7",
    "diminished-seventh": "dim7", "augmented-seventh": "aug7", "half-diminished": "m7b5",
    "half-diminished-seventh": "m7b5", "major-minor": "mM7", "minor-major": "mM7", "minor-major-seventh": "mM7",
    "major-sixth": "6", "minor-sixth": "m6", "maj69": "69",
    "dominant-ninth": "9", "major-ninth": "M9", "minor-ninth": "m9", "augmented-ninth": "9#5",
    "dominant-11th": "11", "major-11th": "M11", "minor-11th": "m11",
    "dominant-13th": "13", "major-13th": "M13", "minor-13th": "m13",
    "suspended-second": "sus2", "suspended-fourth": "sus4", "power": "5",
}  # fmt: skip
"""MusicXML chord kinds to MMA's. MMA plays "dim" as a diminished seventh, which is what song books mean by it."""

_ALTERED = {
    ("7", "-5"): "7b5", ("7", "+5"): "aug7", ("7", "-9"): "7b9", ("7", "+9"): "7#9", ("7", "+11"): "7#11",
    ("7", "+5 -9"): "7#5b9", ("7", "+5 +9"): "7#5#9", ("7", "-5 -9"): "7b5b9", ("7", "-5 +9"): "7b5#9",
    ("7", "-13"): "7b13", ("9", "+5"): "9#5", ("9", "-5"): "9b5", ("9", "+11"): "9#11",
    ("13", "-9"): "13b9", ("13", "+9"): "13#9", ("13", "+11"): "13#11",
    ("m", "+5"): "m#5", ("m", "-5"): "mb5", ("m", "9"): "m(add9)", ("m6", "9"): "m69", ("6", "9"): "69",
    ("m7", "-5"): "m7b5", ("m7", "+5"): "m7#5", ("m7", "-9"): "m7b9", ("m9", "-5"): "m9b5",
    ("", "+5"): "aug", ("", "-5"): "(b5)", ("", "9"): "add9", ("", "2"): "add9", ("", "4"): "sus4",
    ("M7", "-5"): "M7b5", ("M7", "+5"): "M7#5", ("M7", "+11"): "M7#11",
    ("sus4", "7"): "7sus", ("sus4", "-7"): "7sus", ("sus4", "7 9"): "9sus", ("sus4", "-7 9"): "9sus",
    ("sus4", "9"): "9sus",
}  # fmt: skip
"""An MMA kind and the degrees added or altered, in rising order, to the MMA kind that has them."""

_DOTTED = ("jazz", "trad", "blues")
"""Styles in which a groove of dotted eighths and sixteenths (MMA's BigBand, Bebop, Foxtrot) is notation for swing."""

_HARMONY = ("chord", "arpeggio", "strum", "plectrum")


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


# --- reading ---------------------------------------------------------------------------------------------------


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
        raise CorpusError(
            f"Expected a MusicXML lead sheet. Received: {title}, which does not parse ({type(error).__name__}: "
            f"{str(error).splitlines()[0][:80] if str(error) else ''})."
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
                raise CorpusError("Expected one score of at most 30 MB in the .mxl. Received: none, or larger.")
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
            raise CorpusError(f"Expected a part. Received: {title}, which has none.")
        part = parts[0]
        full = _bar_length(part, title)
        try:
            played, expanded = part.expandRepeats(), True
        except (repeat.ExpanderException, exceptions21.Music21Exception, IndexError, AttributeError, TypeError):
            played, expanded = part, False
        notes, chords, end = _flatten(list(played.getElementsByClass(stream.Measure)), full, title)
    bars = math.ceil(end / TICKS_PER_BAR)
    if not MIN_BARS <= bars <= MAX_BARS:
        raise CorpusError(f"Expected {MIN_BARS} to {MAX_BARS} bars. Received: {bars} in {title}.")
    if not any(name != "z" for _, name in chords):
        raise CorpusError(f"Expected chord symbols. Received: {title}, which has none.")
    if len(notes) < bars // 2:
        raise CorpusError(f"Expected a melody. Received: {len(notes)} notes in {bars} bars of {title}.")
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
        raise CorpusError(f"Expected 4/4, 2/2 or 2/4. Received: {', '.join(sorted(metres)) or 'no metre'} in {title}.")
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
            raise CorpusError(
                f"Expected bars of {full:g} beats. Received: {length / 12:g} in bar {number + 1}, {title}."
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
        notes.append(Note(onset, _into(pitch + shift, role.low, role.high), end - onset, 90 + accent))
    return tuple(notes)


def _into(pitch: int, low: int, high: int) -> int:
    """The nearest pitch of the same class from `low` to `high`, a range of an octave or more."""
    if pitch < low:
        return pitch + 12 * math.ceil((low - pitch) / 12)
    return pitch - 12 * math.ceil(max(0, pitch - high) / 12)


def mma_chord(symbol: Any) -> str:
    """MMA's name of a music21 chord symbol; "z" for no chord. Degrees that MMA has no name for are left out."""
    from music21 import harmony

    kind = getattr(symbol, "chordKind", None)
    if isinstance(symbol, harmony.NoChord) or kind in (None, "", "none") or symbol.root() is None:
        return "z"
    base = _KINDS.get(kind)
    if base is None:
        base = "m" if kind.startswith("minor") else "7" if kind.startswith("dominant") else ""
    degrees = []
    for change in symbol.getChordStepModifications():
        shift = round(change.interval.semitones) if change.interval is not None else 0
        if change.modType != "subtract":
            degrees.append((int(change.degree), {0: "", -1: "-", 1: "+"}.get(shift, "")))
    wanted = " ".join(f"{sign}{degree}" for degree, sign in sorted(degrees))
    root, bass = _letter(symbol.root()), _letter(symbol.bass() or symbol.root())
    return root + _ALTERED.get((base, wanted), base) + ("" if bass == root else f"/{bass}")


def _letter(pitch: Any) -> str:
    if abs(pitch.alter) > 1:  # MMA reads no double accidentals
        return ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")[int(pitch.midi) % 12]
    return str(pitch.step) + {0: "", 1: "#", -1: "b"}[round(pitch.alter)]


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


# --- arranging -------------------------------------------------------------------------------------------------


def arrange(sheet: LeadSheet, style: str, groove: str, workdir: Path, *, swing: bool = True) -> Music:
    """Set a lead sheet for a band, in a groove of MMA. Safe to call from several processes on one `workdir`.

    The result depends on the arguments alone: MMA's seed is fixed, its timing jitter off, and what timing is
    left is drawn to sixteenths and eighth triplets.

    Args:
        sheet: the song.
        style: one of our style names: the label, the melody's program and the drum kit.
        groove: a name of `GROOVES`, or another 4/4 groove of the MMA library as "folder/file:Groove".
        workdir: an existing directory for temporary files.
        swing: where the groove swings, play even eighths of the melody long-short as well. Songs are written
            in even eighths and swung by their players; False keeps the melody as it is written.

    Returns:
        Melody and what the groove has of chords, pad, bass and drums. The key is C major if the sheet's is None.

    Raises:
        CorpusError: unknown style, MMA is missing, fails, runs too long, or plays nothing.
    """
    program = shutil.which("mma")
    if program is None:
        raise CorpusError("Expected the program mma. Received: none on the PATH; install Debian's mma package.")
    if style not in STYLE_BY_NAME:
        raise CorpusError(f"Expected a style name. Received: {style!r}.")
    if not re.fullmatch(r"[\w/&+:.-]+", groove):
        raise CorpusError(f"Expected a groove's name. Received: {groove[:40]!r}.")
    tempo = groove_tempo(style, groove)
    text = _chart(sheet, groove, tempo)
    try:
        with tempfile.TemporaryDirectory(dir=workdir) as folder:
            source, target = Path(folder, "song.mma"), Path(folder, "song.mid")
            source.write_text(text)
            done = subprocess.run(
                [program, "-w", "-m", str(MAX_BARS + 1), "-f", str(target), str(source)],
                cwd=folder, capture_output=True, text=True, errors="replace", timeout=MMA_TIMEOUT, check=False,
            )  # fmt: skip
            if done.returncode or not target.exists():
                said = (done.stdout + done.stderr).strip().splitlines()
                raise CorpusError(f"Expected MMA to play {groove}. Received: {said[-1][:120] if said else 'no file'}.")
            score = read_score(target.read_bytes())
        return _band(sheet, style, tempo, score, swing)
    except CorpusError:
        raise
    except subprocess.TimeoutExpired:
        raise CorpusError(f"Expected MMA to end within {MMA_TIMEOUT:g} s. Received: no end on {sheet.title}.") from None
    except (OSError, MusicgenError) as error:
        raise CorpusError(f"Expected MMA to play {groove}. Received: {error}") from None


def _chart(sheet: LeadSheet, groove: str, tempo: float) -> str:
    """The MMA source: one line a bar, one chord a beat."""
    lines = [
        "RndSeed 1",
        f"Tempo {tempo:g}",
        *definition(groove),
        "AllTracks RTime 0",
        "AllTracks Chord Strum 0",
    ]
    changes = dict(sheet.chords)
    name = "z"  # drums alone until the first chord
    for bar in range(sheet.bars):
        beats = []
        for beat in range(BEATS_PER_BAR):
            changed = changes.get(bar * TICKS_PER_BAR + beat * TICKS_PER_BEAT)
            beats.append("/" if beat and changed in (None, name) else changed or name)
            name = changed or name
        lines.append(f"{bar + 1} {' '.join(beats)}")
    return "\n".join(lines) + "\n"


def _band(sheet: LeadSheet, style: str, tempo: float, score: Score, swing: bool) -> Music:
    look = STYLE_BY_NAME[style]
    limit = sheet.bars * TICKS_PER_BAR
    tracks = [Track("drums", look.kit, _drums(score, limit))]
    for role, (program, notes) in _assign(score, limit).items():
        tracks.append(Track(role, program, notes))
    if style in _DOTTED:
        tracks = _undotted(tracks)
    swings = swing and _swings([note for track in tracks for note in track.notes])
    melody = _swung(sheet.melody) if swings else sheet.melody
    tracks.append(Track("melody", look.melody, melody))
    if not any(track.notes for track in tracks[:-1]):
        raise CorpusError(f"Expected MMA to play something. Received: silence on {sheet.title}.")
    kept = tuple(track for track in tracks if track.notes)
    return Music(kept, sheet.bars, tempo, sheet.key or Key(0), style)


def _snap(beats: float) -> int:
    """The tick on the grid of sixteenths and triplets that is nearest to a time in beats."""
    whole = math.floor(beats)
    part = (beats - whole) * TICKS_PER_BEAT
    return whole * TICKS_PER_BEAT + min(_GRID, key=lambda tick: (abs(tick - part), tick % 2))


def _clean(notes: Sequence[ScoreNote], low: int, high: int, limit: int) -> tuple[Note, ...]:
    """Notes on the grid and in a role's range: of equal ones the longest, each cut where its pitch comes again."""
    best: dict[tuple[int, int], tuple[int, int]] = {}  # onset, pitch -> duration, velocity
    for note in notes:
        onset = _snap(max(0.0, note.start))
        duration = max(1, min(round(note.end * TICKS_PER_BEAT), limit) - onset)
        place = onset, _into(note.pitch, low, high)
        if onset < limit:
            best[place] = max(best.get(place, (0, 0)), (duration, min(127, max(1, note.velocity))))
    return _cut([Note(onset, pitch, *values) for (onset, pitch), values in best.items()])


def _cut(notes: Sequence[Note]) -> tuple[Note, ...]:
    """The notes, sorted, each ending at the latest where the next of its pitch begins."""
    following: dict[int, int] = {}
    out = []
    for note in sorted(notes, reverse=True):
        out.append(replace(note, duration=min(note.duration, following.get(note.pitch, note.end) - note.onset)))
        following[note.pitch] = note.onset
    return tuple(sorted(out))


def _drums(score: Score, limit: int) -> tuple[Note, ...]:
    loudest: dict[tuple[int, int], int] = {}  # onset, pitch -> velocity
    for track in score.tracks:
        for note in track.notes if track.is_drums else ():
            pitch, onset = canonical_drum(note.pitch), _snap(max(0.0, note.start))
            if pitch is not None and onset < limit:
                loudest[onset, pitch] = max(loudest.get((onset, pitch), 1), note.velocity)
    return _cut([Note(onset, pitch, DRUM_TICKS, velocity) for (onset, pitch), velocity in loudest.items()])


def _assign(score: Score, limit: int) -> dict[str, tuple[int, tuple[Note, ...]]]:
    """Role name to (program, notes) for chords, pad and bass, by the rules at the top of this file."""
    families: dict[str, list[ScoreTrack]] = defaultdict(list)
    for track in score.tracks:
        name = re.split(r"[-\s\d]", track.name.lower())[0]
        if track.is_drums:
            continue
        track = replace(track, notes=_together(track.notes))
        family = "bass" if name in ("bass", "walk") else "harmony" if name in _HARMONY else "other"
        families[family].append(track)

    half = limit / TICKS_PER_BAR / 2
    # a first part is judged by how many bars it plays in (bass) or by its rhythm (chords), ties by the file's order
    bass = sorted(families["bass"], key=lambda track: -len(_bars(track.notes)))
    comping = sorted(
        families["harmony"],
        key=lambda track: (
            len(_bars(track.notes)) < half,
            _is_pad(track),
            -len({_snap(note.start) for note in track.notes}),
        ),
    )
    chords, rest = comping[:1], comping[1:]
    rest = sorted(rest, key=lambda track: (len(_bars(track.notes)) < half, not _is_pad(track), -_mean_length(track)))
    pad = rest[:1]
    chosen = {"chords": chords + rest[1:], "pad": pad + rest[1:], "bass": bass}
    roles: dict[str, tuple[int, tuple[Note, ...]]] = {}
    taken: set[int] = set()  # bars in which a spare track already plays for the chords
    for role, parts in chosen.items():
        if not parts or (role == "pad" and not pad):
            continue
        filled: list[ScoreNote] = []
        bars: set[int] = set()
        for place, track in enumerate(parts):
            spare = place > 0 and role != "bass"
            mine = _bars(track.notes) - bars - (taken if spare and role == "pad" else set())
            filled += [note for note in track.notes if _bar(note) in mine]
            bars |= mine
            if spare:
                taken |= mine
        notes = _clean(filled, ROLE_BY_NAME[role].low, ROLE_BY_NAME[role].high, limit)
        if notes:
            roles[role] = (parts[0].program, notes)
    return roles


def _is_pad(track: ScoreTrack) -> bool:
    """MMA's library names sustained parts Chord-Sus, and so do others in their way."""
    return re.search("sus|pad|string", track.name.lower()) is not None


def _together(notes: Sequence[ScoreNote]) -> tuple[ScoreNote, ...]:
    """Strummed strings, which follow each other by a fraction of a tick, all moved to the first of their stroke."""
    out: list[ScoreNote] = []
    last, first = -1.0, -1.0
    for note in sorted(notes):
        if note.start - last > 0.7 / TICKS_PER_BEAT or note.start - first > 2.5 / TICKS_PER_BEAT:
            first = note.start
        last = note.start
        out.append(replace(note, start=first))
    return tuple(out)


def _bar(note: ScoreNote) -> int:
    return _snap(max(0.0, note.start)) // TICKS_PER_BAR


def _bars(notes: Sequence[ScoreNote]) -> set[int]:
    return {_bar(note) for note in notes}


def _mean_length(track: ScoreTrack) -> float:
    return sum(note.end - note.start for note in track.notes) / max(1, len(track.notes))


def _swings(notes: Sequence[Note]) -> bool:
    """Whether a band swings: its off-beats are on the last triplet of the beat, hardly ever half-way."""
    onsets = {note.onset for note in notes}
    triplet = sum(onset % TICKS_PER_BEAT == 8 for onset in onsets)
    straight = sum(onset % TICKS_PER_BEAT == 6 for onset in onsets)
    return triplet >= 4 and triplet > 3 * straight


def _undotted(tracks: list[Track]) -> list[Track]:
    """Move the last sixteenth of each beat to the last triplet, if the band plays hardly any other sixteenths."""
    places = [note.onset % TICKS_PER_BEAT for track in tracks for note in track.notes]
    if places.count(9) <= 2 * (places.count(3) + places.count(6)):
        return tracks

    def early(tick: int) -> int:
        return tick - (tick % TICKS_PER_BEAT == 9)

    out = []
    for track in tracks:
        # a note that moves may now meet the same pitch on its own beat's triplet: the longer one stays
        moved: dict[tuple[int, int], Note] = {}
        for n in track.notes:
            new = replace(n, onset=early(n.onset), duration=max(1, early(n.end) - early(n.onset)))
            place = new.onset, new.pitch
            if place not in moved or moved[place].duration < new.duration:
                moved[place] = new
        out.append(replace(track, notes=_cut(list(moved.values()))))
    return out


def _swung(melody: Sequence[Note]) -> tuple[Note, ...]:
    """The melody with its even eighths played long-short; beats with sixteenths or triplets stay as they are."""
    inside: dict[int, set[int]] = defaultdict(set)
    for note in melody:
        inside[note.onset // TICKS_PER_BEAT].add(note.onset % TICKS_PER_BEAT)
    even = {beat for beat, places in inside.items() if places <= {0, 6}}

    def late(tick: int) -> int:
        beat, place = divmod(tick, TICKS_PER_BEAT)
        return tick + 2 if place == 6 and (beat in even or beat not in inside) else tick

    return tuple(replace(n, onset=late(n.onset), duration=max(1, late(n.end) - late(n.onset))) for n in melody)


__all__ = ["GROOVES", "LeadSheet", "arrange", "iter_archive", "mma_chord", "read_lead_sheet", "title_of"]
