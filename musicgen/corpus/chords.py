"""MusicXML chord symbols as chord names of MMA."""

from __future__ import annotations

from typing import Any

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
