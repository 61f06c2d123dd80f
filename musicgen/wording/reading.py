"""Words of the list in a description: phrases, and what words before them, such as "very" and "no", make of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from musicgen.performance import STRAIGHT
from musicgen.request import ATTRIBUTE_RANGES, HUMANISE_RANGE
from musicgen.wording.claims import IMPLIED, NAMED, Claim, Phrase
from musicgen.wording.lexicon import Entry, Lexicon, Phrases, Token, count_longest, read_lexicon, split_words

_OTHER_MODE = {"minor": "major", "major": "minor"}
_PLAIN_OFF = {"swing": STRAIGHT, "humanise": HUMANISE_RANGE[0]}
"""Fields whose words can be denied, as in "no swing", and what is meant then."""


@dataclass
class _Reader:
    """Where a reader of words is, and what the words before ask of the next ones."""

    text: str
    tokens: list[Token]
    phrases: list[Phrase] = field(default_factory=list)
    begin: int | None = None
    """The first token of the words that wait for one that is understood, such as "not very"."""
    degree: float = 1.0
    denied: bool = False
    only: bool = False
    """Whether the next roles are all that play."""
    listed: list[Claim] = field(default_factory=list)
    """The claims of the roles named last, one after another."""
    denies_list: bool = False
    unknown: list[int] = field(default_factory=list)
    """Tokens, side by side, that are not understood."""

    def find(self, table: Phrases, at: int) -> tuple[int, Any] | None:
        """The longest phrase of a table at a token: how many tokens it has, and its value."""
        for length in range(min(count_longest(), len(self.tokens) - at), 0, -1):
            words = tuple(token.text for token in self.tokens[at : at + length])
            if words in table:
                return length, table[words]
        return None

    def write(self, first: int, last: int) -> str:
        """The words of the text from one token to another."""
        return self.text[self.tokens[first].start : self.tokens[last].end]

    def wait(self, at: int) -> None:
        if self.begin is None:
            self.begin = at

    def forget(self) -> None:
        """What waited has met its word."""
        self.begin, self.degree, self.denied = None, 1.0, False

    def close(self) -> None:
        """The words that are not understood, up to here, are a phrase."""
        if self.begin is not None and self.denied:
            self.unknown = [self.begin, *self.unknown]
        if self.unknown:
            words = self.write(min(self.unknown), max(self.unknown))
            self.phrases.append(Phrase(self.tokens[min(self.unknown)].start, words, None))
        self.unknown = []
        self.forget()

    def end_list(self) -> None:
        self.listed, self.denies_list = [], False


def read_words(text: str, taken: list[tuple[int, int]]) -> list[Phrase]:
    """The phrases of the text outside the stretches that are taken."""
    found: list[Phrase] = []
    edges = [0, *(edge for span in sorted(taken) for edge in span), len(text)]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        moved = [Token(token.text, token.start + start, token.end + start) for token in split_words(text[start:end])]
        found += _read_stretch(_Reader(text, moved))
    return found


def _read_stretch(reader: _Reader) -> list[Phrase]:
    lexicon, at = read_lexicon(), 0
    while at < len(reader.tokens):
        at += _take_step(reader, lexicon, at)
    reader.close()
    return reader.phrases


def _take_step(reader: _Reader, lexicon: Lexicon, at: int) -> int:
    """Read the phrase at a token; how many tokens it has."""
    token = reader.tokens[at].text
    entry = reader.find(lexicon.entries, at)
    before = [
        (name, found)
        for name, table in (("negation", lexicon.negations), ("degree", lexicon.degrees), ("only", lexicon.only))
        if (found := reader.find(table, at)) and (entry is None or found[0] >= entry[0])
    ]
    amount = reader.find(lexicon.amounts, at)
    if amount is not None and _is_noun_next(reader, lexicon, at + amount[0]):
        reader.wait(at)
        reader.degree *= amount[1]
        return amount[0]
    if before:
        name, (length, value) = max(before, key=lambda each: each[1][0])
        if name == "only":
            _take_only(reader, lexicon, at, length)
            return length
        if reader.unknown:
            reader.close()
        reader.wait(at)
        if name == "degree":
            reader.degree *= value
        else:
            reader.denied = True
        return length
    if entry is not None:
        _take_entry(reader, at, *entry)
        return entry[0]
    if token in lexicon.breaks or (token == "," and reader.only and not reader.listed):
        reader.close()
        reader.only = False
        reader.end_list()
    elif token in lexicon.joins:
        if reader.begin is None:
            reader.close()
        if token == "," and reader.denies_list:
            reader.end_list()
    elif token not in lexicon.fillers:
        reader.unknown.append(at)
        reader.end_list()
        reader.only = False
    elif reader.unknown:
        reader.close()
    return 1


def _is_noun_next(reader: _Reader, lexicon: Lexicon, at: int) -> bool:
    while at < len(reader.tokens) and reader.tokens[at].text in lexicon.fillers:
        at += 1
    found = reader.find(lexicon.entries, at) if at < len(reader.tokens) else None
    return found is not None and found[1].is_noun


def _take_only(reader: _Reader, lexicon: Lexicon, at: int, length: int) -> None:
    """ "only" before roles or behind them."""
    words = tuple(token.text for token in reader.tokens[at : at + length])
    following = reader.find(lexicon.entries, at + length) if at + length < len(reader.tokens) else None
    if words in lexicon.only_after and reader.listed and not (following and "roles" in following[1].sets):
        for claim in reader.listed:
            claim.value = (claim.value[0], "only")
        reader.end_list()
    else:
        if reader.unknown:
            reader.close()
        reader.only = True


def _take_entry(reader: _Reader, at: int, length: int, entry: Entry) -> None:
    """The claims of a phrase of the list, as the words before it ask for."""
    begin = at if reader.begin is None else reader.begin
    degree, denied = reader.degree, reader.denied
    if reader.unknown:
        reader.close()
    reader.forget()
    role = entry.sets.get("roles")
    if role is not None:
        denied = denied or reader.denies_list
        how = "silent" if denied else "only" if reader.only else "plays"
        claims: list[Claim] | None = [Claim("roles", (role, how), NAMED)]
        reader.listed += claims or []
        reader.denies_list = denied
    else:
        reader.end_list()
        claims = _deny(entry) if denied else _claims(entry, degree)
    words = reader.write(begin, at + length - 1)
    reader.phrases.append(Phrase(reader.tokens[begin].start, words, claims))


_LEVELS = {*ATTRIBUTE_RANGES, "temperature", "pace", "length"}
"""What words have more or less of."""


def _claims(entry: Entry, degree: float) -> list[Claim] | None:
    """What a phrase claims to a degree. A negative one turns it round, which only levels and modes can be."""
    if degree < 0 and not all(name in _LEVELS or name == "mode" for name in entry.sets):
        return _deny(entry)
    rows = [(entry.sets, NAMED)] + ([] if degree < 0 else [(entry.suggests, IMPLIED)])
    return [
        Claim(name, _weigh(name, value, degree), strength)
        for values, strength in rows
        for name, value in values.items()
    ]


def _weigh(name: str, value: Any, degree: float) -> Any:
    if name in _LEVELS:
        return max(-2.0, min(2.0, value * degree))
    return _OTHER_MODE[value] if name == "mode" and degree < 0 else value


def _deny(entry: Entry) -> list[Claim] | None:
    """What "not" before a phrase claims: a little of the opposite; None where there is none, as of a style."""
    claims = []
    for name, value in entry.sets.items():
        if name in _LEVELS:
            claims.append(Claim(name, -value if entry.is_noun else -value / 2, NAMED))
        elif name == "mode":
            claims.append(Claim(name, _OTHER_MODE[value], NAMED))
        elif name in _PLAIN_OFF:
            claims.append(Claim(name, _PLAIN_OFF[name], NAMED))
        else:
            return None
    return claims or None
