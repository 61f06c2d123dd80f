"""The chords of a piece as symbols over a score: those that were asked for, else those that its notes make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from xml.etree import ElementTree as xml

from musicgen import codec
from musicgen.chord_names import QUALITY_NAMES, Chord, parse_chord_name
from musicgen.errors import MusicgenError
from musicgen.export.notation import spelled
from musicgen.harmony import QUALITIES, read_progression
from musicgen.heard import NONE, heard_chords
from musicgen.music import Key, Music

_HARMLESS = {"mix"}
"""Changes of a piece that leave its chords as they were asked for."""
_NO_CHORD = "N.C."
_PLAIN = (
    ("♭", "b"), ("♯", "#"), ("[−–‐]", "-"), ("[øØ]7?", "m7b5"), ("[°º]", "dim"), ("[Δ△∆^](?=[0-9])", "maj"),
    ("[Δ△∆^]", "maj7"),
)  # fmt: skip
"""Signs of chord names, and what stands for them in ASCII."""


class Symbol(NamedTuple):
    """A chord, None for no chord, that begins at a tick of a bar, counted from 0."""

    bar: int
    tick: int
    chord: Chord | None


def find_symbols(music: Music, recipe: Mapping[str, object] | None) -> list[Symbol]:
    """The symbols of a piece, one wherever the chord changes.

    Args:
        music: the piece.
        recipe: how it was made, see `midi.read_recipe`; its chords count where nothing has changed the notes since.
    """
    found: list[Symbol] = []
    for place, chord in enumerate(_find_halves(music, recipe)):
        bar, half = divmod(place, 2)
        if not found or _shown(found[-1].chord) != _shown(chord):
            found.append(Symbol(bar, half * music.metre.half_bar, chord))
    return found if any(symbol.chord for symbol in found) else []


def name_bars(music: Music, recipe: Mapping[str, object] | None) -> list[tuple[str, str]]:
    """The names of the chords in both halves of each bar; an empty list for a piece without chords.

    Args:
        music, recipe: as for `find_symbols`.
    """
    names = [_NO_CHORD if chord is None else chord.name for chord in _find_halves(music, recipe)]
    if set(names) <= {_NO_CHORD}:
        return []
    return list(zip(names[::2], names[1::2], strict=True))


def list_markers(music: Music, recipe: Mapping[str, object] | None) -> list[tuple[int, str]]:
    """The symbols of a piece as texts of a MIDI file, each with its tick; in ASCII, as a file says of no other code."""
    return [
        (
            symbol.bar * music.ticks_per_bar + symbol.tick,
            _NO_CHORD if symbol.chord is None else _plain(symbol.chord.name),
        )
        for symbol in find_symbols(music, recipe)
    ]


def _plain(name: str) -> str:
    for sign, text in _PLAIN:
        name = re.sub(sign, text, name)
    return name.encode("ascii", "ignore").decode()


def _find_halves(music: Music, recipe: Mapping[str, object] | None) -> list[Chord | None]:
    """The chord of each half bar."""
    return _asked_chords(music, recipe) or _heard_chords(music)


def _shown(chord: Chord | None) -> str | None:
    return None if chord is None else chord.name


def _asked_chords(music: Music, recipe: Mapping[str, object] | None) -> list[Chord | None]:
    """The chord of each half bar; none where they were not asked for, or are not known to be there any more."""
    request, edits = (recipe or {}).get("request"), (recipe or {}).get("edits") or []
    asked = request.get("chords") if isinstance(request, Mapping) else None
    for edit in edits if isinstance(edits, list) else [None]:
        if not isinstance(edit, Mapping) or edit.get("kind") not in _HARMLESS:
            asked = edit.get("chords") if isinstance(edit, Mapping) and edit.get("kind") == "infill" else None
    if not isinstance(asked, str) or not asked:
        return []
    try:
        bars = read_progression(asked)
    except MusicgenError:  # a recipe is somebody's file
        return []
    repeated = [bars[bar % len(bars)] for bar in range(music.bars)]
    return [chord for bar in repeated for chord in (bar[0], bar[-1])]


def _heard_chords(music: Music) -> list[Chord | None]:
    codes = heard_chords(codec.encode(music), music.bars, music.metre).ravel().tolist()
    shift = -music.key.shift_to_normal
    return [None if code == NONE else _named(code // 12, (code + shift) % 12, music.key) for code in codes]


_PLAIN_NAMES = {"Cb": "B", "Fb": "E", "E#": "F", "B#": "C"}


def _named(quality: int, root: int, key: Key) -> Chord | None:
    step, alter, _ = spelled(60 + root, key)
    note, suffix = step + ("#" * alter if alter > 0 else "b" * -alter), QUALITY_NAMES[QUALITIES[quality]]
    if suffix[:1].isdigit():  # Cb7 could be read as a C with a flat seventh
        note = _PLAIN_NAMES.get(note, note)
    return parse_chord_name(note + suffix)


def add_symbol(measure: xml.Element, symbol: Symbol) -> None:
    """Add the `harmony` element of a symbol, the order of whose parts is that of the schema."""
    harmony = xml.SubElement(measure, "harmony")
    chord = symbol.chord
    if chord is None:
        root = xml.SubElement(harmony, "root")
        xml.SubElement(root, "root-step", text="").text = "C"  # the schema wants one
        xml.SubElement(harmony, "kind", text="N.C.").text = "none"
    else:
        _add_note(harmony, "root", chord.root)
        xml.SubElement(harmony, "kind", text=chord.suffix).text = chord.musicxml
        if chord.bass:
            _add_note(harmony, "bass", chord.bass)
        for degree, by, how in chord.degrees:
            element = xml.SubElement(harmony, "degree")
            xml.SubElement(element, "degree-value").text = str(degree)
            xml.SubElement(element, "degree-alter").text = str(by)
            xml.SubElement(element, "degree-type").text = how
    if symbol.tick:
        xml.SubElement(harmony, "offset").text = str(symbol.tick)


def _add_note(harmony: xml.Element, part: str, note: str) -> None:
    element = xml.SubElement(harmony, part)
    xml.SubElement(element, f"{part}-step").text = note[0]
    if alter := note.count("#") - note[1:].count("b"):
        xml.SubElement(element, f"{part}-alter").text = str(alter)


__all__ = ["Symbol", "add_symbol", "find_symbols", "list_markers", "name_bars"]
