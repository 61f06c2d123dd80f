"""Words for the sentences that say what reading a file changed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from musicgen.midi_reading import ScoreTrack

_SHOWN = 4
"""Names in one sentence."""


def count_of(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'s' * (number != 1)}"


def is_or_are(number: int) -> str:
    return "is" if number == 1 else "are"


def name_of(track: ScoreTrack) -> str:
    """A track for a sentence: its name, one short line of it, or its instrument."""
    name = re.sub(r"[^\w #&'()+,./:-]", "", track.name)[:24].strip()
    return f'"{name}"' if name else "drums" if track.is_drums else f"program {track.program + 1}"


def some_of(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
