"""The list of words, `words.json`, and a text as words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple


class Token(NamedTuple):
    """A word, a number or a sign, in small letters, and where it stands."""

    text: str
    start: int
    end: int


class Entry(NamedTuple):
    """A row of the list of words."""

    sets: Mapping[str, Any]
    suggests: Mapping[str, Any]
    is_noun: bool
    """Whether "no", "much" and "little" go with it, as with "tension"."""


Phrases = dict[tuple[str, ...], Any]


@dataclass(frozen=True)
class Lexicon:
    """The list of words, each phrase as the words of it."""

    fillers: frozenset[str]
    joins: frozenset[str]
    breaks: frozenset[str]
    degrees: Phrases
    amounts: Phrases
    negations: Phrases
    only: Phrases
    only_after: Phrases
    numbers: Mapping[str, float]
    entries: Phrases


@lru_cache(1)
def read_lexicon() -> Lexicon:
    """The list of words, read once."""
    values = json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))

    def table(name: str) -> Phrases:
        rows = values[name]
        return {_words(text): rows[text] if isinstance(rows, dict) else True for text in rows}

    entries = {
        _words(text): Entry(row.get("sets", {}), row.get("suggests", {}), row.get("noun", False))
        for row in values["entries"]
        for text in row["words"]
    }
    return Lexicon(
        fillers=frozenset(values["fillers"]),
        joins=frozenset(values["joins"]),
        breaks=frozenset(values["breaks"]),
        degrees=table("degrees"),
        amounts=table("amounts"),
        negations=table("negations"),
        only=table("only"),
        only_after=table("only_after"),
        numbers=values["numbers"],
        entries=entries,
    )


_TOKEN = re.compile(r"[0-9]+(?:/[0-9]+|\.[0-9]+)?|[^\W\d_]+(?:'[^\W\d_]+)*|[^\w\s]|\w")


def split_words(text: str) -> list[Token]:
    """Words, numbers and signs; hyphens join words as spaces do."""
    found = [Token(match[0].lower(), *match.span()) for match in _TOKEN.finditer(text)]
    return [token for token in found if token.text not in "-–—\"'()[]"]


def _words(text: str) -> tuple[str, ...]:
    return tuple(token.text for token in split_words(text))


@lru_cache(1)
def count_longest() -> int:
    """Words of the longest phrase of the list."""
    lexicon = read_lexicon()
    tables = (lexicon.entries, lexicon.degrees, lexicon.amounts, lexicon.negations, lexicon.only)
    return max(len(words) for table in tables for words in table)
