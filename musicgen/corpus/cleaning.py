"""Counting what is mended on the way from a file to `Music`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from musicgen import codec
from musicgen.music import Note

STEPS = (
    "notes shorter than a tick removed",
    "stuck notes cut to four bars",
    "notes moved by octaves into their role's range",
    "doubled notes removed",
    "bars of leading silence cut",
    "files off the grid snapped bar by bar",
    "tempo filled in",
    "metre filled in",
    "key filled in",
)
"""What is counted. The last three count pieces: tempo by the format's or the style's own, metre by 4/4, key by
`keys.estimate_key`."""


class Cleaning(Counter[str]):
    """How often each of `STEPS` was taken."""

    def filled_in(self, what: str) -> None:
        """One more piece whose "tempo", "metre" or "key" was missing."""
        self[f"{what} filled in"] += 1

    @property
    def filled(self) -> tuple[str, ...]:
        """Which of tempo, metre and key were filled in."""
        return tuple(what for what in ("tempo", "metre", "key") if self[f"{what} filled in"])


def fold_counted(pitch: int, low: int, high: int, cleaning: Cleaning) -> int:
    """`codec.fold`, counted where it moves the pitch."""
    folded = codec.fold(pitch, low, high)
    cleaning["notes moved by octaves into their role's range"] += folded != pitch
    return folded


def untangle_counted(notes: Iterable[Note], end: int, cleaning: Cleaning) -> tuple[Note, ...]:
    """`codec.untangle`, counting the notes that doubled another one of their onset and pitch."""
    found = [note for note in notes if note.onset < end]
    kept = codec.untangle(found, end)
    cleaning["doubled notes removed"] += len(found) - len(kept)
    return kept


__all__ = ["STEPS", "Cleaning", "fold_counted", "untangle_counted"]
