"""Tunes and hymns in ABC notation, read by music21.

music21 knows one voice a tune, and carries accidentals through a bar only in tunes that name version 2.1 of the
standard. So the voices of a hymn are handed to it one by one, as tunes of their own, and every tune names that version.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from musicgen.corpus.cleaning import Cleaning
from musicgen.corpus.leadsheets import LeadSheet, sheet_of
from musicgen.corpus.passages import Passage
from musicgen.corpus.reasons import Unusable
from musicgen.corpus.scores import Line, layout_of, notes_of, pieces, top_line
from musicgen.music import Key

MAX_BYTES = 500_000
_STANDARD = "%abc-2.1\n"
_FIELD = re.compile(r"[A-Za-z+]:")
_VOICE = re.compile(r"\[?V:\s*([^\s\]]+)[^\]]*\]?(.*)")


def tunes_in(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Each tune of a file, by its reference number (its `X:` field), with what the number stands for a second time
    marked by a letter."""
    seen: dict[str, int] = {}
    for text in re.split(rb"(?m)^(?=X:)", data)[1:]:
        number = re.sub(r"\W", "", text.split(b"\n")[0][2:].decode("ascii", "replace"))
        seen[number] = seen.get(number, 0) + 1
        yield number + "bcdefgh"[seen[number] - 2] * (seen[number] > 1), text


def music21_tunes(folder: str) -> Iterator[tuple[str, bytes]]:
    """The tunes of a folder of music21's corpus, in order: name and text of each."""
    from music21 import corpus

    for path in sorted(map(Path, corpus.getComposer(folder, fileExtensions=(".abc",)))):
        for number, text in tunes_in(path.read_bytes()):
            yield f"{path.stem}-{number}", text


def read_tune(data: bytes, title: str) -> LeadSheet:
    """A melody as a lead sheet without chords, repeats and endings played out; see `leadsheets.sheet_of`.

    Raises:
        Unusable: not a tune, of another metre or of several, or too short.
    """
    text = _text(data)
    sheet = sheet_of(_part(next(iter(_voices(text).values()), "")), title)
    return replace(sheet, key=_key(text))


def read_hymn(data: bytes, cleaning: Cleaning | None = None) -> list[Passage]:
    """A hymn of four voices as pieces: the top line melody, the lowest bass, all between them pad.

    The voices may share two staves, each a voice of its own or two in chords.

    Raises:
        Unusable: not a hymn of two to four voices, or no eight bars of one metre.
    """
    texts = list(_voices(_text(data)).values())
    if not 2 <= len(texts) <= 4:
        raise Unusable("parts", f"Expected two to four voices. Received: {len(texts)}.")
    parts = [_part(text) for text in texts]
    layout = layout_of(parts[0])
    voices: list[Line] = [notes_of(part) for part in parts]
    melody = top_line(voices[0])
    bass = top_line([(onset, -pitch, length) for onset, pitch, length in voices[-1]])
    bass = [(onset, -pitch, length) for onset, pitch, length in bass]
    outer = {*melody, *bass}
    inner = sorted(note for voice in voices for note in voice if note not in outer)
    return pieces({"melody": melody, "pad": inner, "bass": bass}, layout, cleaning)


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise Unusable("parse", f"Expected a tune of at most {MAX_BYTES:,} bytes. Received: {len(data):,}.")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _key(text: str) -> Key | None:
    """The key of a tune by its tonic and mode. In Dorian and Phrygian its third is that of minor, else of major."""
    match = re.search(r"(?m)^K:\s*([A-G])([#b]?)\s*([A-Za-z]{0,3})", text)
    if match is None:
        return None
    mode = match[3].lower()
    return Key(Key.parse(match[1] + match[2]).tonic, "minor" if mode in ("m", "min", "aeo", "dor", "phr") else "major")


def _voices(text: str) -> dict[str, str]:
    """The tune of each voice, by its name; "" is the name of a tune's only one."""
    head: list[str] = []
    bodies: dict[str, list[str]] = {}
    voice, in_head = "", True
    for line in text.splitlines():
        line = line.split("%")[0].rstrip()
        if in_head:
            if not line.startswith("V:"):
                head.append(line)
            in_head = not line.startswith("K:")
            continue
        if match := _VOICE.match(line):
            voice, line = match[1], match[2]
        if _FIELD.match(line):
            if line[0] not in "KLM":
                continue  # words, and what the page looks like
            line = f"[{line}]"
        if line.strip():
            # decorations and what is written above the staff
            bodies.setdefault(voice, []).append(re.sub(r'![^!]*!|\+[a-z]+\+|"[^"]*"', "", line))
    return {name: "\n".join([*head, *body, ""]) for name, body in bodies.items()}


def _part(text: str) -> Any:
    from music21 import converter

    # no note or metre needs a number of three digits, but a damaged one makes music21 count for minutes
    if re.search(r"\d{3}", re.sub(r"(?m)^[A-JN-Za-z]:.*$|\[Q:[^\]]*\]", "", text)):
        raise Unusable("parse", "Expected lengths of up to two digits. Received: longer ones.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            score: Any = converter.parseData(_STANDARD + text, format="abc")
            return next(iter(score.parts))
        except Exception as error:  # music21 raises anything on damaged files
            raise Unusable("parse", f"Expected a tune in ABC. Received: {type(error).__name__} in music21.") from None


__all__ = ["MAX_BYTES", "music21_tunes", "read_hymn", "read_tune", "tunes_in"]
