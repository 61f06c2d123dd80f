"""What readers of files give: music, and where in its song it stands."""

from __future__ import annotations

from dataclasses import dataclass

from musicgen.corpus.labels import UNPLACED, Place
from musicgen.music import Music


@dataclass(frozen=True)
class Passage:
    """A stretch of a song that keeps to one metre."""

    music: Music
    place: Place = UNPLACED


__all__ = ["Passage"]
