"""A piece as MusicXML 4.0: a part for each role, with its name, clef, key, metre and tempo.

The same piece gives the same bytes: no date, no random names. Written here and not by music21, whose files have both,
and which takes a second to load and half a second to write sixteen bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as xml

from musicgen.errors import ExportError
from musicgen.export.chord_symbols import Symbol, add_symbol
from musicgen.export.notation import Event, Head, spelled, voices, written
from musicgen.midi import CHANNELS
from musicgen.music import TICKS_PER_QUARTER, Key, Metre, Music, Note, Track
from musicgen.roles import ROLE_BY_NAME

MAX_BARS = 1000
LOWEST = 12
"""The lowest MIDI pitch that MusicXML can say."""
_HEADER = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC '
    '"-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
)
_VOICES = 2  # a staff
_MIDDLE_C = 60
_TREBLE, _BASS, _LOW_BASS = ("G", 2, 0), ("F", 4, 0), ("F", 4, -1)  # sign, line, octaves
_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_FEET = (36, 44)
# pitch: name, step and octave as they look in a treble clef, head
_DRUMS = {
    36: ("Kick", "F", 4, "normal"), 38: ("Snare", "C", 5, "normal"), 37: ("Side stick", "C", 5, "x"),
    39: ("Clap", "D", 5, "slash"), 42: ("Closed hi-hat", "G", 5, "x"), 44: ("Pedal hi-hat", "D", 4, "x"),
    46: ("Open hi-hat", "G", 5, "circle-x"), 45: ("Low tom", "A", 4, "normal"), 47: ("Mid tom", "D", 5, "normal"),
    50: ("High tom", "E", 5, "normal"), 49: ("Crash", "A", 5, "x"), 51: ("Ride", "F", 5, "x"),
    53: ("Ride bell", "F", 5, "diamond"), 54: ("Tambourine", "B", 4, "diamond"), 56: ("Cowbell", "E", 5, "triangle"),
    70: ("Shaker", "E", 5, "x"), 62: ("High hand drum", "B", 4, "normal"), 64: ("Low hand drum", "G", 4, "normal"),
    75: ("Claves", "B", 4, "x"), 81: ("Triangle", "A", 5, "triangle"),
}  # fmt: skip


@dataclass(frozen=True)
class _Line:
    """A voice on a staff: staff from 1, its number as MusicXML counts voices, events by bar, where its stems point."""

    staff: int
    number: int
    bars: list[list[Event]]
    stem: str | None = None


def musicxml(music: Music, title: str, symbols: Sequence[Symbol] = ()) -> bytes:
    """A piece as the bytes of a MusicXML file. Pitched notes have their exact onsets and lengths, a last note ends with
    the last bar; drums last until the next stroke of the same hands or feet, at most to the next beat.

    Args:
        music: the piece.
        title: of the score.
        symbols: its chords, written over the first part.

    Raises:
        ExportError: the piece has more than 1,000 bars, or notes below C0 (MIDI pitch 12).
    """
    if music.bars > MAX_BARS:
        raise ExportError(f"Expected a piece of at most {MAX_BARS:,} bars for a score. Received: {music.bars:,}.")
    lowest = min((note.pitch for track in music.tracks for note in track.notes), default=LOWEST)
    if lowest < LOWEST:
        raise ExportError(f"Expected MIDI pitches from {LOWEST} on for a score. Received: {lowest}.")
    root = xml.Element("score-partwise", version="4.0")
    _put(_put(root, "work"), "work-title", _printable(title))
    _put(_put(_put(root, "identification"), "encoding"), "software", "musicgen")
    part_list = _put(root, "part-list")
    tracks = [track for track in music.tracks if track.notes] or [Track("melody", 0, ())]  # a score has a part
    for number, track in enumerate(tracks, 1):
        is_drums = ROLE_BY_NAME[track.role].is_drums
        _part_entry(part_list, f"P{number}", track, is_drums)
        part = _put(root, "part", id=f"P{number}")
        clefs, lines = (_drum_lines if is_drums else _lines)(track, music.bars, music.metre)
        accidentals = {} if is_drums else _accidentals(lines, music.key, music.bars)
        for bar in range(music.bars):
            measure = _put(part, "measure", number=str(bar + 1))
            if bar == 0:
                _attributes(measure, music.key, music.metre, clefs)
                if number == 1:
                    _tempo(measure, music)
            if number == 1:
                _later_tempos(measure, music, bar)
                for symbol in (symbol for symbol in symbols if symbol.bar == bar):
                    add_symbol(measure, symbol)
            _bar(measure, bar, lines, music, accidentals, len(clefs), f"P{number}" if is_drums else None)
            if bar == music.bars - 1:
                _put(_put(measure, "barline", location="right"), "bar-style", "light-heavy")
    xml.indent(root, " ")
    return _HEADER.encode() + xml.tostring(root, "utf-8") + b"\n"


# --- what is on which staff ------------------------------------------------------------------------------------


def _lines(track: Track, bars: int, metre: Metre) -> tuple[list[tuple[str, int, int] | None], list[_Line]]:
    """The clef of each staff and the voices: two staves where notes are far below and above middle C."""
    pitches = [note.pitch for note in track.notes]
    if pitches and min(pitches) < _MIDDLE_C - 7 and max(pitches) > _MIDDLE_C + 7 and track.role in ("chords", "pad"):
        staves = [[note for note in track.notes if note.pitch >= _MIDDLE_C],
                  [note for note in track.notes if note.pitch < _MIDDLE_C]]  # fmt: skip
        clefs: list[tuple[str, int, int] | None] = [_TREBLE, _BASS]
    else:
        staves = [list(track.notes)]
        mean = sum(pitches) / len(pitches) if pitches else _MIDDLE_C
        clefs = [_TREBLE if mean >= _MIDDLE_C - 2 else _BASS if mean >= 46 else _LOW_BASS]
    lines = []
    for staff, notes in enumerate(staves):
        for place, voice in enumerate(voices(notes, _VOICES) or [[]]):
            number = 4 * staff + place + 1  # four a staff is the custom
            lines.append(_Line(staff + 1, number, written(voice, bars, metre)))
    return clefs, lines


def _drum_lines(track: Track, bars: int, metre: Metre) -> tuple[list[tuple[str, int, int] | None], list[_Line]]:
    """One staff without a clef of pitches; hands with stems up, feet with stems down."""
    lines = []
    for number, stem, is_feet in ((1, "up", False), (2, "down", True)):
        strokes = [note for note in track.notes if (note.pitch in _FEET) is is_feet]
        onsets = sorted({note.onset for note in strokes})
        following = dict(zip(onsets, [*onsets[1:], bars * metre.ticks_per_bar], strict=False))  # there may be none
        lasting = []
        for note in strokes:
            next_beat = (note.onset // metre.ticks_per_beat + 1) * metre.ticks_per_beat
            end = min(following[note.onset], next_beat)
            lasting.append(Note(note.onset, note.pitch, end - note.onset, note.velocity))
        if lasting or number == 1:
            lines.append(_Line(1, number, written(lasting, bars, metre, tied=False), stem))
    return [None], lines


def _accidentals(lines: Sequence[_Line], key: Key, bars: int) -> dict[tuple[int, int, int, int], str]:
    """(bar, voice, tick, pitch) to the accidental to print, where key and bar so far do not say it."""
    count = key.fifths
    signature = {"FCGDAEB"[place % 7]: (place // 7) + 1 for place in range(count)} if count > 0 else {}
    signature |= {"BEADGCF"[place]: -1 for place in range(-count)}
    found = {}
    for bar in range(bars):
        now: dict[tuple[int, str, int], int] = {}  # staff, step, octave
        events = [(event.start, line, event) for line in lines for event in line.bars[bar]]
        for start, line, event in sorted(events, key=lambda item: (item[0], item[1].number)):
            for head in event.heads:
                step, alter, octave = spelled(head.note.pitch, key)
                if not head.tied_from and now.get((line.staff, step, octave), signature.get(step, 0)) != alter:
                    found[bar, line.number, start, head.note.pitch] = _ACCIDENTALS[alter]
                    now[line.staff, step, octave] = alter
    return found


# --- elements --------------------------------------------------------------------------------------------------


def _put(parent: xml.Element, tag: str, text: object = None, **attributes: str) -> xml.Element:
    element = xml.SubElement(parent, tag, attributes)
    element.text = None if text is None else str(text)
    return element


def _printable(text: str) -> str:
    """What XML can hold of a text."""
    return "".join(letter for letter in text if letter.isprintable())[:60]


def _part_entry(parent: xml.Element, part: str, track: Track, is_drums: bool) -> None:
    entry = _put(parent, "score-part", id=part)
    label = ROLE_BY_NAME[track.role].label
    _put(entry, "part-name", label)
    sounds = sorted({note.pitch for note in track.notes}) if is_drums else [None]
    for pitch in sounds:
        instrument = _put(entry, "score-instrument", id=_instrument(part, pitch))
        _put(instrument, "instrument-name", label if pitch is None else _drum(pitch)[0])
    for pitch in sounds:
        instrument = _put(entry, "midi-instrument", id=_instrument(part, pitch))
        _put(instrument, "midi-channel", CHANNELS[track.role] + 1)  # these three count from 1
        _put(instrument, "midi-program", track.program + 1)
        if pitch is not None:
            _put(instrument, "midi-unpitched", pitch + 1)


def _instrument(part: str, pitch: int | None) -> str:
    return f"{part}-I{1 if pitch is None else pitch + 1}"


def _drum(pitch: int) -> tuple[str, str, int, str]:
    return _DRUMS.get(pitch, (f"Drum {pitch}", "B", 4, "square"))


def _attributes(measure: xml.Element, key: Key, metre: Metre, clefs: Sequence[tuple[str, int, int] | None]) -> None:
    attributes = _put(measure, "attributes")
    _put(attributes, "divisions", TICKS_PER_QUARTER)
    signature = _put(attributes, "key")
    is_drums = clefs[0] is None
    _put(signature, "fifths", 0 if is_drums else key.fifths)
    if not is_drums:
        _put(signature, "mode", key.mode)
    time = _put(attributes, "time")
    _put(time, "beats", metre.numerator)
    _put(time, "beat-type", metre.denominator)
    if len(clefs) > 1:
        _put(attributes, "staves", len(clefs))
    for number, clef in enumerate(clefs, 1):
        element = _put(attributes, "clef", **({"number": str(number)} if len(clefs) > 1 else {}))
        if clef is None:
            _put(element, "sign", "percussion")
            continue
        sign, line, octaves = clef
        _put(element, "sign", sign)
        _put(element, "line", line)
        if octaves:
            _put(element, "clef-octave-change", octaves)


def _tempo(measure: xml.Element, music: Music) -> None:
    metre = music.metre
    direction = _put(measure, "direction", placement="above")
    metronome = _put(_put(direction, "direction-type"), "metronome")
    _put(metronome, "beat-unit", "quarter")
    if metre.is_compound:
        _put(metronome, "beat-unit-dot")
    beats = music.tempo * TICKS_PER_QUARTER / metre.ticks_per_beat
    _put(metronome, "per-minute", f"{beats:g}")
    _put(direction, "sound", tempo=f"{music.tempo:g}")


def _later_tempos(measure: xml.Element, music: Music, bar: int) -> None:
    """The changes of the tempo in a bar, for those who play the score: a performance may have one on each beat."""
    for tick, tempo in music.later_tempos:
        place = tick - bar * music.ticks_per_bar
        if 0 <= place < music.ticks_per_bar:
            sound = _put(measure, "sound", tempo=f"{tempo:g}")
            _put(sound, "offset", place)


def _bar(
    measure: xml.Element, bar: int, lines: Sequence[_Line], music: Music,
    accidentals: dict[tuple[int, int, int, int], str], staves: int, drums: str | None,
) -> None:  # fmt: skip
    """The events of a bar; the first voice of a staff is always there, others where they play."""
    written_one = False
    for line in lines:
        events = line.bars[bar]
        if not any(event.heads for event in events) and line.number % 4 != 1:
            continue
        if written_one:
            _put(_put(measure, "backup"), "duration", music.ticks_per_bar)
        written_one = True
        for event in events:
            for place, head in enumerate(event.heads or (None,)):
                sign = accidentals.get((bar, line.number, event.start, head.note.pitch)) if head else None
                _note(measure, line, event, head, place, music, sign, staves, drums)


def _note(
    measure: xml.Element, line: _Line, event: Event, head: Head | None, place: int, music: Music, sign: str | None,
    staves: int, drums: str | None,
) -> None:  # fmt: skip
    # the order of the elements is that of the schema
    volume = {"dynamics": f"{head.note.velocity / 0.9:.2f}"} if head else {}  # per cent of 90, MusicXML's forte
    note = _put(measure, "note", **volume)
    whole_bar = head is None and event.ticks == music.ticks_per_bar
    if place:
        _put(note, "chord")
    if head is None:
        _put(note, "rest", **({"measure": "yes"} if whole_bar else {}))
    elif drums:
        _, step, octave, shape = _drum(head.note.pitch)
        unpitched = _put(note, "unpitched")
        _put(unpitched, "display-step", step)
        _put(unpitched, "display-octave", octave)
    else:
        step, alter, octave = spelled(head.note.pitch, music.key)
        pitch = _put(note, "pitch")
        _put(pitch, "step", step)
        if alter:
            _put(pitch, "alter", alter)
        _put(pitch, "octave", octave)
    _put(note, "duration", event.ticks)
    ties = [kind for kind, tied in (("stop", head.tied_from), ("start", head.tied_to)) if tied] if head else []
    for kind in ties:
        _put(note, "tie", type=kind)
    if head and drums:
        _put(note, "instrument", id=_instrument(drums, head.note.pitch))
    _put(note, "voice", line.number)
    if not whole_bar:
        _put(note, "type", event.kind)
        for _ in range(event.dots):
            _put(note, "dot")
    if sign:
        _put(note, "accidental", sign)
    if event.triplet:
        ratio = _put(note, "time-modification")
        _put(ratio, "actual-notes", 3)
        _put(ratio, "normal-notes", 2)
        _put(ratio, "normal-type", {24: "quarter", 12: "eighth", 6: "16th"}[event.triplet])
    if head and line.stem:
        _put(note, "stem", line.stem)
    if head and drums and shape != "normal":
        _put(note, "notehead", shape)
    if staves > 1:
        _put(note, "staff", line.staff)
    if place == 0:
        for level, beam in enumerate(event.beams, 1):
            _put(note, "beam", beam, number=str(level))
    brackets = [kind for kind, there in (("start", event.opens), ("stop", event.closes)) if there and place == 0]
    if ties or brackets:
        notations = _put(note, "notations")
        for kind in ties:
            _put(notations, "tied", type=kind)
        for kind in brackets:
            _put(notations, "tuplet", type=kind, number="1", **({"bracket": "yes"} if kind == "start" else {}))
