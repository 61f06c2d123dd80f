"""A description in words, such as "a sad slow waltz with busy drums", as fields of a `Request`.

The list of words is data: `words.json`. No model and no network: a word that is not in the list is not understood,
and that is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from musicgen.request import Request
from musicgen.wording.patterns import read_patterns
from musicgen.wording.reading import read_words
from musicgen.wording.settling import settle, tell

MAX_CHARACTERS = 1000
"""Characters of a description that are read; of what follows is said that it was not understood."""
_SHOWN = 60
"""Characters of a phrase that are shown."""


class Understood(NamedTuple):
    """Words of a description that were understood, and what they set, as a person reads it."""

    words: str
    sets: str


@dataclass(frozen=True)
class Description:
    """What was understood of a description.

    Args:
        fields: fields of a `Request` to their values; what the words leave open is not in it.
        understood: in the order of the text.
        unknown: phrases that are not in the list of words, in the order of the text.
    """

    fields: Mapping[str, Any]
    understood: tuple[Understood, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """One line for a person: what was understood and what was not."""
        pairs = (words if words.lower() == sets.lower() else f"{words}: {sets}" for words, sets in self.understood)
        known = "; ".join(pairs)
        parts = [f"Understood: {known}."] if known else []
        if self.unknown:
            parts.append(f"Not understood: {', '.join(self.unknown)}.")
        return " ".join(parts) or "There are no words to understand."

    def request(self, given: Mapping[str, Any]) -> Request:
        """The request that was described; a field that is given as well is as it is given.

        Raises:
            RequestError: a given value that a `Request` refuses.
        """
        return Request(**{**self.fields, **given})


def parse_description(text: str, style: str | None = None) -> Description:
    """Find the fields of a `Request` in a description. No text is an error, and every value is within its limits.

    Args:
        text: English words; small and capital letters only matter in names of chords, keys and forms.
        style: the style whose usual tempo "slow" and "fast" are measured from where the text names no style.
    """
    plain = " ".join(text.replace("’", "'").split())
    rest, plain = plain[MAX_CHARACTERS:], plain[:MAX_CHARACTERS]
    phrases = list(read_patterns(plain))
    phrases += read_words(plain, [(phrase.start, phrase.start + len(phrase.words)) for phrase in phrases])
    phrases.sort(key=lambda phrase: phrase.start)
    fields = settle(phrases, style)
    understood = tuple(
        Understood(_shorten(phrase.words), ", ".join(dict.fromkeys(tell(phrase.claims, fields))))
        for phrase in phrases
        if phrase.claims is not None
    )
    unknown = [_shorten(phrase.words) for phrase in phrases if phrase.claims is None]
    if rest:
        unknown.append(f"what follows the first {MAX_CHARACTERS} characters")
    return Description(fields.values, tuple(dict.fromkeys(understood)), tuple(dict.fromkeys(unknown)))


def _shorten(words: str) -> str:
    return words if len(words) <= _SHOWN else words[: _SHOWN - 3] + "..."


__all__ = ["MAX_CHARACTERS", "Description", "Understood", "parse_description"]
