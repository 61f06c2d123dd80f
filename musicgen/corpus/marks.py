"""The sections that a written score marks itself: by double bars, repeats and rehearsal letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_DIVIDING = ("double", "final", "heavy", "heavy-heavy", "heavy-light", "light-heavy", "light-light")
_MOST = 254
"""Sections of a song that are told apart; what comes later counts to the last."""


def number_sections(part: Any) -> None:
    """Give each measure of a part the number of its section, from 0 up, as `editorial.section`.

    Copies of a measure keep it, so a section that is repeated has its number again.
    """
    later_endings = {
        measure.id
        for bracket in part.recurse().getElementsByClass("RepeatBracket")
        if not str(bracket.number).startswith("1")
        for measure in bracket.getSpannedElements()
    }
    number, divided = 0, False
    for index, measure in enumerate(part.getElementsByClass("Measure")):
        begins = divided or _divides(measure.leftBarline) or bool(measure.getElementsByClass("RehearsalMark"))
        # a second ending belongs to what it ends
        if index and begins and measure.id not in later_endings:
            number = min(number + 1, _MOST)
        measure.editorial.section = number
        divided = _divides(measure.rightBarline)


def _divides(line: Any) -> bool:
    return line is not None and (line.type in _DIVIDING or "Repeat" in line.classes)


def sections_of_bars(begins: Sequence[tuple[float, int]], bars: int, bar: float) -> tuple[int, ...]:
    """The section of each bar: the one that holds its middle.

    Args:
        begins: where each measure begins and its section, in order.
        bars: how many there are.
        bar: length of one, in the unit of `begins`.

    Returns:
        As `labels.Place.sections`: empty if there is but one section, as the song marks nothing then.
    """
    if len({section for _, section in begins}) < 2:
        return ()
    found, place, current = [], 0, begins[0][1]
    for index in range(bars):
        while place < len(begins) and begins[place][0] <= (index + 0.5) * bar:
            current = begins[place][1]
            place += 1
        found.append(current)
    return tuple(found)


__all__ = ["number_sections", "sections_of_bars"]
