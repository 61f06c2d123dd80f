"""Themes that come back: a piece with a form has the noise of a section again where its letter returns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from musicgen.request import SECTION_BARS

SHARED = 0.6
"""Share of a variation's noise, in variance, that is the theme's (docs/decisions.md, D18)."""
KEPT = ((0, 1), (2, 3), (0, 1, 2), (1, 2, 3))
"""Of four bars those whose chords a variation keeps: of songs' variations the four most usual ways, and half of all."""


class Themes:
    """Which bars of a piece come back as which, and what they share.

    Args:
        sections: a letter for each `length` bars, with ' for a variation; None for a piece without a form.
        bars: length of the piece.
        shape: of a bar's noise.
        rng: which chords variations keep.
        length: bars of a section.

    Attributes:
        first: for each bar the first that is as it, or which it varies; else itself.
        chords: the same of its chords.
    """

    def __init__(
        self, sections: Sequence[str] | None, bars: int, shape: tuple[int, ...], rng: np.random.Generator,
        length: int = SECTION_BARS,
    ) -> None:  # fmt: skip
        self._length = length
        self.first, self.chords = np.arange(bars), np.arange(bars)
        self.varied = np.zeros(bars, bool)
        seen: dict[str, int] = {}
        for index, name in enumerate(sections or ()):
            here = np.arange(index * length, min((index + 1) * length, bars))
            begin = seen.setdefault(name[0], index * length)
            self.first[here] = begin + np.arange(len(here))
            self.varied[here] = len(name) > 1
            kept = np.arange(len(here))
            if len(name) > 1:
                kept = kept[np.isin(kept % SECTION_BARS, KEPT[rng.integers(len(KEPT))])]
            self.chords[here[kept]] = begin + kept
        self._noise = np.zeros((bars, *shape), np.float32)

    def noise(self, start: int, fresh: np.ndarray) -> np.ndarray:
        """`fresh`, shape (bars, ...), with the theme's noise where one comes back; bar 0 is `start`."""
        result = fresh.copy()
        for index, bar in enumerate(range(start, min(start + len(fresh), len(self.first)))):
            if self.first[bar] < bar:
                share = SHARED if self.varied[bar] else 1.0
                result[index] = np.sqrt(share) * self._noise[self.first[bar]] + np.sqrt(1 - share) * fresh[index]
            self._noise[bar] = result[index]
        return result

    def repeat(self, latents: np.ndarray, start: int) -> None:
        """Write the theme's latents, in place, where it comes back unvaried, from bar `start` on.

        The last bar of a section keeps its own, which lead to what comes next.
        """
        for bar in range(start, len(latents)):
            ends = bar % self._length == self._length - 1
            if self.first[bar] < bar and not self.varied[bar] and not ends:
                latents[bar] = latents[self.first[bar]]
