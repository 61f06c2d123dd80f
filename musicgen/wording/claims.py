"""What phrases of a description claim: that a field of a request has a value, more or less strongly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from musicgen.request import ATTRIBUTE_RANGES, HUMANISE_RANGE, SWING_RANGE, TEMPERATURE_RANGE, TEMPO_RANGE

IMPLIED, NAMED, EXACT = 1, 2, 3
"""How strongly words set a field: by the way, as "waltz" does a style; by name; by a number or a name of their own."""
LIMITS: dict[str, tuple[float, float]] = {
    **{name: limits[:2] for name, limits in ATTRIBUTE_RANGES.items()},
    "temperature": TEMPERATURE_RANGE, "swing": SWING_RANGE, "humanise": HUMANISE_RANGE, "tempo": TEMPO_RANGE,
}  # fmt: skip
"""Least and most of the fields that are numbers."""


@dataclass
class Claim:
    """One phrase wants a field to have a value."""

    name: str
    value: Any
    strength: int


@dataclass
class Phrase:
    """Words at a place of the text, and what they claim; None where they are not understood."""

    start: int
    words: str
    claims: list[Claim] | None


def limit(name: str, value: float) -> float:
    """The value of a field that is nearest and can be asked for."""
    low, high = LIMITS[name]
    return min(max(value, low), high)
