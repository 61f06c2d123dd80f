"""Chord names as people write them: one grammar and one table, for requests, lead sheets and scores alike.

pychord, the best kept parser of chord names on PyPI, refuses half of the names in `tests/test_chord_names.py` (1.4.1:
C-7, CΔ, C°, B♭, C7(#11), N.C.) and reads C6/9 as a chord over E. So the names are understood here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from musicgen.errors import MusicgenError

QUALITIES = ("major", "minor", "dominant", "diminished")
"""What the models tell apart: the third and fifth, and the minor seventh over a major third."""

_NO_CHORD_NAMES = {"nc", "n.c", "n.c.", "z"}
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ROOT = re.compile(r"([A-Ga-g])(bb(?!\d)|##|#|b)?")
_BASS = re.compile(r"/([A-Ga-g])(#|b)?$")
_UNCLEAR = re.compile(r"([CF]b|[EB]#)\d|[A-Ga-g][b#]?-5")
"""A chord on a rare root or an alteration of a common one; a minor chord or a flat fifth."""
_SIGNS = str.maketrans("♭♯−–‐△∆^º", "b#---ΔΔΔ°")
_HALF_DIMINISHED = re.compile(r"[øØ]7?|h7|(?i:half-?dim(?:inished)?7?)")
_DIMINISHED = re.compile(r"(?i:diminished|dim)|°|o(?!m)")
_AUGMENTED = re.compile(r"(?i:augmented|aug)|\+(?!5|11|13)")
_MINOR = re.compile(r"(?i:minor|min|mi)|m(?!a(?!dd))|-(?=$|[679]|1[13]|b5|M|(?i:ma)|Δ|add)")
_MAJOR = re.compile(r"(?i:major|maj|ma(?!dd))|M|j(?=7)|Δ(?=7|9|1)")
_TRIANGLE = re.compile(r"Δ")
_NUMBER = re.compile(r"69|13|11|[245679]")
_SUSPENDED = re.compile(r"(?i:suspended|sus)(24|42|2|4)?")
_ADDED = re.compile(r"(?i:add)([b#]?)(2|4|6|9|11|13)|()(6|9|11|13)")
_ALTERED = re.compile(r"([b#+-])(5|6|9|11|13)")
_LEFT_OUT = re.compile(r"(?i:no|omit)(3|5)(?i:rd|th)?")
_ALTERED_DOMINANT = re.compile(r"(?i:altered|alt)")
_SEVENTH = re.compile("7")
_KINDS = {
    ("major", ""): "major", ("major", "6"): "major-sixth", ("major", "maj7"): "major-seventh",
    ("major", "maj9"): "major-ninth", ("major", "maj11"): "major-11th", ("major", "maj13"): "major-13th",
    ("major", "7"): "dominant", ("major", "9"): "dominant-ninth", ("major", "11"): "dominant-11th",
    ("major", "13"): "dominant-13th",
    ("minor", ""): "minor", ("minor", "6"): "minor-sixth", ("minor", "7"): "minor-seventh",
    ("minor", "9"): "minor-ninth", ("minor", "11"): "minor-11th", ("minor", "13"): "minor-13th",
    ("minor", "maj7"): "major-minor",
    ("diminished", ""): "diminished", ("diminished", "7"): "diminished-seventh",
    ("half-diminished", "7"): "half-diminished",
    ("augmented", ""): "augmented", ("augmented", "7"): "augmented-seventh",
    ("suspended-fourth", ""): "suspended-fourth", ("suspended-second", ""): "suspended-second", ("power", ""): "power",
}  # fmt: skip
"""The kinds of MusicXML: a triad, and what it has beside."""
_INSIDE = {"9": {9}, "11": {9, 11}, "13": {9, 11, 13}, "6": {6}}
"""Degrees beyond the seventh that a kind has."""

Degree = tuple[int, int, str]
"""A degree, by how many semitones it is altered, and how: "add", "alter" or "subtract"."""


@dataclass(frozen=True)
class Chord:
    """A chord name, understood.

    Args:
        name: as it was written.
        root, bass: a letter, and its sharps or flats; the bass of a chord over another note, else None.
        musicxml: the value of MusicXML's `kind`.
        quality: of `QUALITIES`.
        degrees: what differs from the kind.
        suffix: what is written between root and bass.
    """

    name: str
    root: str
    musicxml: str
    quality: str
    degrees: tuple[Degree, ...] = ()
    bass: str | None = None
    suffix: str = ""

    @property
    def root_class(self) -> int:
        """Pitch class of the root, 0 to 11."""
        return _pitch_class(self.root)

    @property
    def bass_class(self) -> int:
        """Pitch class of the lowest note, 0 to 11: that after the slash, or the root."""
        return self.root_class if self.bass is None else _pitch_class(self.bass)

    @property
    def heard_as(self) -> str:
        """The name of what the models hear of it."""
        return self.root + QUALITY_NAMES[self.quality]


QUALITY_NAMES = {"major": "", "minor": "m", "dominant": "7", "diminished": "dim"}
"""Quality to how it is written behind a root."""


@dataclass
class _Reading:
    """What is behind a root, read from the left."""

    rest: str
    triad: str = "major"
    number: str = ""
    is_major: bool = False
    suspended: str = ""
    changes: list[Degree] = field(default_factory=list)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.rest)
        if match is not None:
            self.rest = self.rest[match.end() :]
        return match


def parse_chord_name(name: str) -> Chord | None:
    """Understand a chord name; None where it says that there is no chord, such as "N.C.".

    Roots may be small letters where what follows says that a chord is meant ("am", "f#m7", "g7"). A small letter alone
    is major to some and minor to others.

    Raises:
        MusicgenError: it is no name of a chord, or could mean two of them.
    """
    refusal = MusicgenError(f'Expected chords such as "C", "Am7", "F#dim" or "N.C.". Received: {name[:40]!r}.')
    text = name.strip()
    if text.lower() in _NO_CHORD_NAMES:
        return None
    plain = text.translate(_SIGNS).replace(":", "")
    root = _ROOT.match(plain)
    if root is None or _UNCLEAR.match(plain):
        raise refusal
    rest = plain[root.end() :]
    bass = _BASS.search(rest)
    written = rest[: bass.start()] if bass else rest
    if written.count("(") != written.count(")"):
        raise refusal
    kind = _read_kind(re.sub(r"[(),\[\]\s]", "", written.replace("6/9", "69")).replace("dom", ""))
    if kind is None or (root[1].islower() and not written):
        raise refusal
    musicxml, quality, degrees = kind
    return Chord(text, _note_name(root), musicxml, quality, degrees, _note_name(bass) if bass else None, written)


def _pitch_class(note: str) -> int:
    return (_STEPS[note[0]] + note.count("#") - note.count("b")) % 12


def _note_name(match: re.Match[str]) -> str:
    return match[1].upper() + (match[2] or "")


def _read_kind(text: str) -> tuple[str, str, tuple[Degree, ...]] | None:
    """MusicXML's kind, the quality and the degrees of what stands behind a root; None if nobody would know it."""
    reading = _Reading(text)
    for triad, pattern in (
        ("half-diminished", _HALF_DIMINISHED),
        ("diminished", _DIMINISHED),
        ("augmented", _AUGMENTED),
        ("minor", _MINOR),
    ):
        if reading.take(pattern):
            reading.triad = triad
            break
    if reading.triad == "minor" and reading.rest.startswith("/") and _MAJOR.match(reading.rest, 1):
        reading.rest = reading.rest[1:]  # as in Cm/maj7
    if reading.take(_MAJOR):
        reading.is_major = True
    elif reading.take(_TRIANGLE):
        reading.is_major, reading.number = True, "7"
    if number := reading.take(_NUMBER):
        reading.number = number[0]
        if reading.number in ("7", "9", "11", "13") and reading.take(_MAJOR):
            reading.is_major = True  # as in C7M
    while reading.rest:
        if not _read_change(reading):
            return None
    return _settle(reading)


def _read_change(reading: _Reading) -> bool:
    """Read one thing more; False if there is none that is known."""
    if reading.rest.startswith("/"):
        reading.rest = reading.rest[1:]
        if not reading.rest[:1].isdigit() and not _ALTERED.match(reading.rest):
            return False
    if found := reading.take(_SUSPENDED):
        reading.suspended = found[1] or "4"
    elif found := reading.take(_ALTERED):
        reading.changes.append((int(found[2]), -1 if found[1] in "b-" else 1, "alter"))
    elif found := reading.take(_LEFT_OUT):
        reading.changes.append((int(found[1]), 0, "subtract"))
    elif reading.take(_ALTERED_DOMINANT):
        reading.number = reading.number or "7"
        reading.changes += [(5, 1, "alter"), (9, -1, "alter"), (9, 1, "alter")]
    elif reading.number and reading.triad == "major" and reading.take(re.compile("(?i:augmented|aug)")):
        reading.triad = "augmented"
    elif not reading.number and reading.suspended and (found := reading.take(_NUMBER)):
        reading.number = found[0]
    elif reading.number in ("", "6") and reading.take(_SEVENTH):
        reading.number = "7"
    elif found := reading.take(_ADDED):
        sign, degree = found[1] or "", found[2] or found[4]
        reading.changes.append((int(degree), {"b": -1, "#": 1}.get(sign, 0), "add"))
    else:
        return False
    return True


def _settle(reading: _Reading) -> tuple[str, str, tuple[Degree, ...]] | None:
    """What was read as one of `_KINDS`, a quality and degrees."""
    triad, number, changes = reading.triad, reading.number, list(reading.changes)
    if number == "69":
        number, changes = "6", [(9, 0, "add"), *changes]
    if number == "2" or (number == "4" and triad == "minor"):
        number, changes = "", [(9 if number == "2" else 11, 0, "add"), *changes]
    elif number == "4":
        number, reading.suspended = "", "4"
    elif number == "5":
        number, triad = "", "power" if triad == "major" and not reading.is_major else "none"
    if triad == "half-diminished":
        number = number or "7"
    if reading.suspended:
        if triad != "major":
            return None
        triad = "suspended-second" if reading.suspended == "2" else "suspended-fourth"
        if reading.suspended in ("24", "42"):
            changes.insert(0, (2, 0, "add"))
    if triad == "major" and not number and (5, 1, "alter") in changes:
        triad = "augmented"
        changes.remove((5, 1, "alter"))
    has_seventh = number in ("7", "9", "11", "13")
    is_dominant = has_seventh and not reading.is_major
    beside = f"maj{number}" if has_seventh and reading.is_major else number
    inside = _INSIDE.get(number, set())
    if (triad, beside) not in _KINDS and has_seventh:  # a smaller kind, and the degrees that it lacks
        added: list[Degree] = [(degree, 0, "add") for degree in sorted(inside)]
        smaller = "maj7" if reading.is_major else "7"
        if (triad, smaller) not in _KINDS:
            smaller, added = "", [(7, int(reading.is_major), "add"), *added]
        beside, inside, changes = smaller, set(), added + changes
    elif (triad, beside) not in _KINDS and number == "6":
        beside, changes = "", [(6, 0, "add"), *changes]
    if triad == "minor" and beside in ("", "7") and (5, -1, "alter") in changes:
        triad = "half-diminished" if beside else "diminished"
        changes.remove((5, -1, "alter"))
    if (triad, beside) not in _KINDS:
        return None
    degrees = tuple(
        (degree, by, "add" if how == "alter" and degree != 5 and degree not in inside else how)
        for degree, by, how in changes
    )
    return _KINDS[triad, beside], _quality(triad, is_dominant, changes), degrees


def _quality(triad: str, is_dominant: bool, changes: list[Degree]) -> str:
    if "diminished" in triad or (triad == "minor" and (5, -1, "alter") in changes):
        return "diminished"
    return "minor" if triad == "minor" else "dominant" if is_dominant else "major"


__all__ = ["QUALITIES", "QUALITY_NAMES", "Chord", "parse_chord_name"]
