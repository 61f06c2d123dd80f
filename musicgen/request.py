"""What a person can ask for, and the limits of it. Checked here once, for the page and the command line alike."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from musicgen.attributes import ATTRIBUTES
from musicgen.errors import MusicgenError, RequestError
from musicgen.harmony import better_key, describe_hearing, read_progression
from musicgen.music import FOUR_FOUR, METRES, Key
from musicgen.performance import STRAIGHT, TRIPLET
from musicgen.roles import ROLE_NAMES, STYLE_BY_NAME, STYLE_NAMES

BAR_CHOICES = (4, 8, 12, 16, 24, 32, 64, 128)
TEMPO_RANGE = (40.0, 240.0)
TEMPERATURE_RANGE = (0.0, 1.5)
DEFAULT_TEMPERATURE = 0.8
"""Samples were nearest to songs that the model has not heard (docs/decisions.md, D7)."""
ATTRIBUTE_RANGES: dict[str, tuple[float, float, str]] = {
    "density": (10.0, 80.0, "notes a bar"),
    "rhythm": (0.0, 30.0, "per cent of onsets"),
    "register": (46.0, 70.0, "as MIDI pitch"),
    "polyphony": (2.5, 8.5, "notes at a time"),
    "tension": (5.0, 35.0, "per cent of intervals"),
}
"""Least, most and unit of what can be asked for: about the middle 96 per cent of the music learned from."""
HUMANISE_RANGE = (0.0, 100.0)
SWING_RANGE = (STRAIGHT, TRIPLET)
SECTION_BARS = 4
"""Sections of the music learned from: what models know of form is said for so many bars."""
SECTION_CHOICES = (4, 8, 16)
"""Lengths of a section to offer."""
MAX_SECTION_BARS = 64
MAX_SEED = 2**32 - 1
_C_MAJOR = Key(0)
_ENDING_UNSAID = False
"""`Request.ending` of recipes and links that do not say it: those that are older than it."""


@dataclass(frozen=True)
class Request:
    """A piece to be made.

    Args:
        style: a name of `roles.STYLES`.
        bars: one of `BAR_CHOICES`.
        tempo: beats a minute, 40 to 240; None for the usual tempo of the style.
        key: a `Key`, or text such as "A minor".
        seed: 0 to 2**32 - 1; the same request gives the same music.
        temperature: 0 (the most expected music) to 1.5; 1 samples the model as it was trained.
        roles: the roles that play, at least one.
        density, rhythm, register, polyphony, tension: targets for what `musicgen.attributes` measures, in its units,
            within `ATTRIBUTE_RANGES`. Here and below None leaves it to the model.
        chords: a progression such as "Am F C G", in the key as it sounds, repeated to the end of the piece; see
            `harmony.read_progression`.
        form: a letter from A to D for each section, with ' for a variation, such as "AABA" or "ABA'C"; repeated.
        section_bars: length of a section, 1 to `MAX_SECTION_BARS`; None for one with which the form fits the piece.
        metre: a name of `music.METRES`.
        humanise: how much it is played as people play, 0 (exactly on the grid) to 100 per cent; see
            `performance.perform`. The notes are the same.
        swing: where the second half of a beat begins, 50 (straight) to 67 (triplets) per cent.
        ending: whether the piece comes to an end, as songs do; False for one that is to be a loop.

    Raises:
        RequestError: a field is of the wrong type or out of its range.
    """

    style: str = "pop"
    bars: int = 16
    tempo: float | None = None
    key: Key | str = _C_MAJOR
    seed: int = 0
    temperature: float = DEFAULT_TEMPERATURE
    roles: tuple[str, ...] = ROLE_NAMES
    density: float | None = None
    rhythm: float | None = None
    register: float | None = None
    polyphony: float | None = None
    tension: float | None = None
    chords: str | None = None
    form: str | None = None
    section_bars: int | None = None
    metre: str = FOUR_FOUR.name
    humanise: float = 0.0
    swing: float = STRAIGHT
    ending: bool = True

    def __post_init__(self) -> None:
        if not isinstance(self.style, str) or self.style not in STYLE_BY_NAME:
            raise RequestError(f"style: expected one of {', '.join(STYLE_NAMES)}. Received: {shown(self.style)}.")
        bar_choices = f"one of {', '.join(map(str, BAR_CHOICES))}"
        self._set("bars", integer("bars", self.bars, bar_choices))
        if self.bars not in BAR_CHOICES:
            raise RequestError(f"bars: expected {bar_choices}. Received: {shown(self.bars)}.")
        tempo = STYLE_BY_NAME[self.style].tempo if self.tempo is None else self.tempo
        self._set("tempo", number("tempo", tempo, TEMPO_RANGE, "beats a minute"))
        if not isinstance(self.key, Key):
            if not isinstance(self.key, str):
                raise RequestError(f'key: expected a key such as "A minor". Received: {shown(self.key)}.')
            try:
                self._set("key", Key.parse(self.key))
            except MusicgenError as error:
                raise RequestError(f"key: {error}") from None
        self._set("seed", integer("seed", self.seed, f"a whole number from 0 to {MAX_SEED}"))
        if not 0 <= self.seed <= MAX_SEED:
            raise RequestError(f"seed: expected a whole number from 0 to {MAX_SEED}. Received: {shown(self.seed)}.")
        self._set("temperature", number("temperature", self.temperature, TEMPERATURE_RANGE))
        roles = self.roles
        if not isinstance(roles, (list, tuple, set, frozenset)):  # an iterator may have no end
            raise RequestError(f"roles: expected a list of role names. Received: {shown(roles)}.")
        roles = tuple(roles)
        unknown = [role for role in roles if role not in ROLE_NAMES]
        if unknown or not roles:
            received = shown(unknown[0]) if unknown else "none"
            raise RequestError(f"roles: expected at least one of {', '.join(ROLE_NAMES)}. Received: {received}.")
        self._set("roles", tuple(role for role in ROLE_NAMES if role in roles))
        for name, (low, high, unit) in ATTRIBUTE_RANGES.items():
            if getattr(self, name) is not None:
                self._set(name, number(name, getattr(self, name), (low, high), unit))
        if self.chords is not None:
            self._set("chords", _progression(self.chords))
        if self.form is not None:
            self._set("form", _form(self.form))
        if self.section_bars is not None:
            expected = f"a whole number from 1 to {MAX_SECTION_BARS}, or none"
            self._set("section_bars", integer("section_bars", self.section_bars, expected))
            if not 1 <= self.section_bars <= MAX_SECTION_BARS:
                raise RequestError(f"section_bars: expected {expected}. Received: {shown(self.section_bars)}.")
        if not isinstance(self.metre, str) or self.metre not in METRES:
            raise RequestError(f"metre: expected one of {', '.join(METRES)}. Received: {shown(self.metre)}.")

        self._set("humanise", number("humanise", self.humanise, HUMANISE_RANGE, "per cent"))
        self._set("swing", number("swing", self.swing, SWING_RANGE, "per cent"))
        if not isinstance(self.ending, bool):
            raise RequestError(f"ending: expected true or false. Received: {shown(self.ending)}.")

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def attributes(self) -> dict[str, float]:
        """The targets that are set."""
        return {name: getattr(self, name) for name in ATTRIBUTES if getattr(self, name) is not None}

    @property
    def hearing(self) -> tuple[str, ...]:
        """A sentence about the chords of which the models hear less than is written, if there are any."""
        return () if self.chords is None else describe_hearing(self.chords)

    @property
    def sections(self) -> tuple[str, ...] | None:
        """The letter, and ' for a variation, of each `section_length` bars of the piece, of the last maybe fewer."""
        return None if self.form is None else sections_of(self.form, self.bars, self.section_length)

    @property
    def section_length(self) -> int:
        """Bars of a section: what was asked for, or what the form needs to end with the piece."""
        if self.section_bars is not None or self.form is None:
            return self.section_bars or SECTION_BARS
        return -(-self.bars // len(_letters(self.form)))

    def to_dict(self) -> dict[str, object]:
        """Plain values that JSON can hold; `from_dict` reads them back."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        unsaid = (
            ("metre", FOUR_FOUR.name), ("section_bars", None), ("humanise", 0.0), ("swing", STRAIGHT),
            ("ending", _ENDING_UNSAID),
        )  # fmt: skip
        for name, usual in unsaid:
            if values[name] == usual:
                del values[name]  # so that recipes and links are what they were before there was another
        return values | {"key": str(self.key), "roles": list(self.roles)}

    @classmethod
    def from_dict(cls, values: Mapping[str, object]) -> Request:
        """The inverse of `to_dict`; what does not say `ending` has none, as nothing had before there was one.

        Raises:
            RequestError: an unknown field, or a value that a `Request` refuses.
        """
        if not isinstance(values, Mapping):
            raise RequestError(f"Expected a mapping of fields to values. Received: {shown(values)}.")
        names = {field.name for field in fields(cls)}
        unknown = [name for name in values if name not in names]
        if unknown:
            raise RequestError(f"Expected fields among {', '.join(sorted(names))}. Received: {shown(unknown[0])}.")
        return cls(**{"ending": _ENDING_UNSAID, **values})  # type: ignore[arg-type]


def remarks(request: Request) -> tuple[str, ...]:
    """A sentence for each thing that a person may not have meant by a request, though it can be done."""
    said = []
    if request.temperature == 0:
        said.append("At temperature 0 every seed gives the same piece.")
    assert isinstance(request.key, Key)
    if request.chords is not None and (other := better_key(request.chords, request.key)) is not None:
        said.append(f"These chords fit {other} better than {request.key}, the key that was asked for.")
    return tuple(said)


def sections_of(form: str, bars: int, length: int = SECTION_BARS) -> tuple[str, ...]:
    """The letter, and ' for a variation, of each `length` bars of a piece; the form repeats."""
    letters = _letters(form)
    return tuple(letters[i % len(letters)] for i in range(-(-bars // length)))


def _letters(form: str) -> list[str]:
    return re.findall("[A-D]'?", form)


def integer(name: str, value: object, expected: str) -> int:
    if isinstance(value, float) and value.is_integer():  # not so for NaN and the infinities
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RequestError(f"{name}: expected {expected}. Received: {shown(value)}.")
    return value


def number(name: str, value: object, limits: tuple[float, float], unit: str = "") -> float:
    low, high = limits
    expected = f"a number from {low:g} to {high:g} {unit}".rstrip()
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise RequestError(f"{name}: expected {expected}. Received: {shown(value)}.")
    return float(value)


def _progression(text: object) -> str:
    if not isinstance(text, str):
        raise RequestError(f'chords: expected text such as "Am F C G". Received: {shown(text)}.')
    try:
        read_progression(text)
    except MusicgenError as error:
        raise RequestError(f"chords: {error}") from None
    return " ".join(text.split())


def _form(text: object) -> str:
    if not isinstance(text, str) or not re.fullmatch("([A-D]'?){1,32}", text.upper().replace("’", "'")):
        raise RequestError(f"form: expected letters from A to D, such as AABA or ABA'C. Received: {shown(text)}.")
    return text.upper().replace("’", "'")


def shown(value: object) -> str:
    """A value for an error message: one line, never long."""
    try:
        text = repr(value)
    except ValueError:  # Python does not write integers of more than 4300 digits
        text = f"a value of type {type(value).__name__} that is too large to show"
    return text if len(text) <= 60 else text[:57] + "..."
