"""Numbers, keys, chords and forms in a description: what has a form of its own and needs no list of words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from musicgen.chord_names import parse_chord_name
from musicgen.errors import MusicgenError
from musicgen.harmony import read_progression
from musicgen.music import METRES
from musicgen.request import BAR_CHOICES, MAX_SECTION_BARS
from musicgen.wording.claims import EXACT, Claim, Phrase, limit
from musicgen.wording.lexicon import read_lexicon

_SLIDERS = {
    "density": "density", "syncopation": "rhythm", "rhythm": "rhythm", "register": "register",
    "polyphony": "polyphony", "tension": "tension", "temperature": "temperature", "swing": "swing",
    "humanise": "humanise", "humanize": "humanise", "humanised": "humanise",
}  # fmt: skip
_ARTICLES = ("a", "half a")
"""Numbers of minutes, but not of bars: music for a bar may be as long as it likes."""
_NOT_A_KEY = re.compile(r"\W*(?:key|mode|mood|scale|tonality|chord|feel|touch|point|role)", re.I)
"""What stands behind "a minor" where no key of A is meant."""


def read_patterns(text: str) -> Iterator[Phrase]:
    """What has a form of its own, each stretch of the text once; the first pattern wins."""
    taken: list[tuple[int, int]] = []
    for pattern, read in _patterns():
        for match in pattern.finditer(text):
            found = read(match)
            if found is None:
                continue
            words, claims = found
            start = match.start() + match[0].index(words)
            if all(start + len(words) <= first or last <= start for first, last in taken):
                taken.append((start, start + len(words)))
                yield Phrase(start, words, claims)


Read = Callable[[re.Match[str]], tuple[str, list[Claim]] | None]


@lru_cache(1)
def _patterns() -> tuple[tuple[re.Pattern[str], Read], ...]:
    """Patterns, and what reads a match of each: the words of it that count and their claims, or None."""
    numbers = sorted(read_lexicon().numbers, key=len, reverse=True)
    digits = r"(?<![\w./])([0-9]{1,6}(?:\.[0-9]{1,3})?|"
    count = f"{digits}{'|'.join(word for word in numbers if word not in _ARTICLES)})"
    length = f"{digits}{'|'.join(numbers)})"
    sliders = "|".join(sorted(_SLIDERS, key=len, reverse=True))
    rows: list[tuple[str, Read, int]] = [
        (r"\b(?:chords|progression|changes)\b:?\s+(\S.*)", _read_chords, re.I),
        (rf"\bsections?\s+of\s+{count}\s+bars?\b", _read_section, re.I),
        (rf"{count}[\s-]*bars?\s+sections?\b", _read_section, re.I),
        (rf"{count}[\s-]*(?:bars?|measures?)\b", _read_bars, re.I),
        (rf"(?:\b(?:at|tempo(?: of| is)?:?)\s+)?{count}[\s-]*(?:bpm|beats?\s+(?:per|a)\s+minute)\b", _read_tempo, re.I),
        (r"\b(?:tempo(?: of| is)?:?|at(?: about| around)?)\s+([0-9]{2,3}(?:\.[0-9]{1,3})?)(?![\w./-])"
         r"(?!\s*(?:sec|min))", _read_tempo, re.I),
        (rf"\b({sliders})(?:\s+of|\s+at|\s+by|\s*[:=])?\s*([0-9]{{1,6}}(?:\.[0-9]{{1,3}})?)(?![\w/])"
         r"(?:\s*(?:%|per ?cent))?", _read_slider, re.I),
        (rf"{length}[\s-]*(seconds?|secs?|minutes?|mins?)\b", _read_duration, re.I),
        (r"(?<![\w/])([0-9]{1,2})\s?/\s?([0-9]{1,2})(?![\w/])", _read_metre, 0),
        (r"(?P<lead>\b(?:in(?: the key of)?|key of)\s+)?(?<![\w#'/])(?P<note>[A-Ga-g])"
         r"(?P<sign>[#♯♭]|b(?![A-Za-z])|[\s-]?sharp\b|[\s-]?flat\b|)"
         r"(?P<mode>m(?![A-Za-z])|[\s-]+(?:major|minor|maj|min)\b|)(?![\w#'/])", _read_key, re.I),
        (r"(?<![\w'])A'?(?:[A-D]'?){1,31}(?![\w'])", _read_form, re.I),
    ]  # fmt: skip
    return tuple((re.compile(pattern, flags | re.A), read) for pattern, read, flags in rows)


def _count(text: str) -> float:
    return float(read_lexicon().numbers.get(text.lower(), 0.0) if not text[0].isdigit() else text)


def _exactly(match: re.Match[str], name: str, value: Any) -> tuple[str, list[Claim]]:
    return match[0], [Claim(name, value, EXACT)]


def _read_chords(match: re.Match[str]) -> tuple[str, list[Claim]] | None:
    """The chord names behind the word "chords": two or more, with or without bar lines, or joined by hyphens."""
    names: list[str] = []
    end = match.start(1)
    for token in re.finditer(r"\S+", match[1]):
        word = token[0].rstrip(",;.")
        parts = word.split("-") if "-" in word and all(map(_is_chord, word.split("-"))) else [word]
        if not all(part == "|" or _is_chord(part) for part in parts):
            break
        names += parts
        end = match.start(1) + token.start() + len(word)
        if word != token[0]:
            break
    progression = " ".join(names)
    try:
        read_progression(progression)
    except MusicgenError:
        return None
    if sum(name != "|" for name in names) < 2:
        return None
    return match.string[match.start() : end], [Claim("chords", progression, EXACT)]


def _is_chord(word: str) -> bool:
    if not re.match("[A-G]", word) or len(word) > 12:
        return False
    try:
        return parse_chord_name(word) is not None
    except MusicgenError:
        return False


def _read_section(match: re.Match[str]) -> tuple[str, list[Claim]] | None:
    return _exactly(match, "section_bars", int(min(max(_count(match[1]), 1), MAX_SECTION_BARS)))


def _read_bars(match: re.Match[str]) -> tuple[str, list[Claim]] | None:
    return _exactly(match, "bars", nearest_bars(_count(match[1])))


def nearest_bars(count: float) -> int:
    """The length that can be asked for which is nearest, in proportion."""
    return min(BAR_CHOICES, key=lambda bars: abs(math.log(bars / max(count, 0.1))))


def _read_tempo(match: re.Match[str]) -> tuple[str, list[Claim]] | None:
    return _exactly(match, "tempo", limit("tempo", _count(match[1])))


def _read_slider(match: re.Match[str]) -> tuple[str, list[Claim]] | None:
    name = _SLIDERS[match[1].lower()]
    return _exactly(match, name, limit(name, float(match[2])))


def _read_duration(match: re.Match[str]) -> tuple[str, list[Claim]] | None:
    return _exactly(match, "seconds", _count(match[1]) * (60 if match[2].lower().startswith("m") else 1))


def _read_metre(match: re.Match[str]) -> tuple[str, list[Claim]] | None:
    metre = f"{match[1]}/{match[2]}"
    return _exactly(match, "metre", metre) if metre in METRES else None


def _read_key(match: re.Match[str]) -> tuple[str, list[Claim]] | None:
    """A key, unless the letter is a word: the article "a", or a letter alone."""
    note, sign, mode, text = match["note"], match["sign"], match["mode"].strip(" -").lower(), match.string
    is_led = match["lead"] is not None
    if not mode and not (is_led and (sign or note.isupper())):
        return None
    if mode == "m" and not (is_led and note.isupper()):
        return None
    if note in "aA" and not sign and mode:
        begins = not text[: match.start("note")].strip() or text[: match.start("note")].rstrip()[-1] in ".!?"
        is_article = note == "a" or (begins and re.match(r"\s*\w", text[match.end() :]))
        if _NOT_A_KEY.match(text, match.end()) or (is_article and not is_led):
            return None
    accidental = {"#": "#", "♯": "#", "b": "b", "♭": "b", "sharp": "#", "flat": "b"}.get(sign.strip(" -").lower(), "")
    claims = [Claim("tonic", note.upper() + accidental, EXACT)]
    if mode:
        claims.append(Claim("mode", "minor" if mode in ("m", "min", "minor") else "major", EXACT))
    return match[0], claims


def _read_form(match: re.Match[str]) -> tuple[str, list[Claim]] | None:
    """A form: three capital letters or more, or four small ones, which no English word is made of."""
    letters = len(re.findall("[A-D]", match[0], re.I))
    if letters < (3 if match[0].isupper() else 4):
        return None
    return _exactly(match, "form", match[0].upper())
