"""What a person asks for, as the conditions of a `Prior`, or another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from musicgen.attributes import ATTRIBUTES, in_normal_key
from musicgen.chord_tones import TONES, progression_tones
from musicgen.harmony import progression_codes
from musicgen.models.prior import ANY_CHORD, ANY_EDGE, ANY_MODE, ANY_SECTION, BEGINS, ENDS, INSIDE
from musicgen.music import FOUR_FOUR, METRES, MODES, Metre
from musicgen.request import SECTION_BARS, Request
from musicgen.roles import STYLE_BY_NAME, STYLE_NAMES


class Size(Protocol):
    """What is read of a network's config."""

    @property
    def bars(self) -> int:
        """The longest piece that it sees at once."""


class Steered(Protocol):
    """A network that can be asked for things: a `Prior`, or another."""

    @property
    def config(self) -> Size:
        """Its architecture."""

    def levels(self, values: np.ndarray) -> np.ndarray:
        """As `Prior.levels`."""


@dataclass(frozen=True)
class Asked:
    """Conditions of a piece; what is not given is left open.

    Args:
        style: a style name; one that the model does not know means any.
        mode: "major" or "minor"; None for any.
        attributes: targets by name, see `musicgen.attributes`, in their units, for C major or A minor.
        chords: a code of `harmony` for each half bar, shape (bars, 2), in C major or A minor.
        form: a section code of a `Prior` for each bar, shape (bars,).
        metre: of the piece.
        edges: of each bar, whether it begins or ends the piece, as a code of a `Prior`, shape (bars,).
        tones: of each half bar's chord, as `chord_tones.encode_tones`, shape (bars, 2, TONES).
    """

    style: str
    mode: str | None = None
    attributes: Mapping[str, float] = field(default_factory=dict)
    chords: np.ndarray | None = None
    form: np.ndarray | None = None
    metre: Metre = FOUR_FOUR
    edges: np.ndarray | None = None
    tones: np.ndarray | None = None

    @classmethod
    def of(cls, request: Request) -> Asked:
        """What a request says."""
        assert not isinstance(request.key, str)  # a Request parses it
        chords = form = tones = None
        if request.chords is not None:
            chords = progression_codes(request.chords, request.bars, request.key.shift_to_normal)
            tones = progression_tones(request.chords, request.bars, request.key.shift_to_normal)
        if request.sections is not None:
            form = _section_codes(request.sections, request.section_length)[: request.bars]
        attributes = in_normal_key(request.attributes, request.key)
        edges = edges_of(request.bars) if request.ending else np.full(request.bars, INSIDE)
        return cls(request.style, request.key.mode, attributes, chords, form, METRES[request.metre], edges, tones)

    def at(self, bars: np.ndarray) -> Asked:
        """The same, of other bars in their place."""
        codes = (self.chords, self.form, self.edges, self.tones)
        chords, form, edges, tones = (None if each is None else each[bars] for each in codes)
        return replace(self, chords=chords, form=form, edges=edges, tones=tones)

    def arrays(self, network: Steered, first: int) -> dict[str, np.ndarray]:
        """The `asked` of a network for one window of its size, from bar `first` on."""
        here, size = slice(first, first + network.config.bars), network.config.bars

        def window(codes: np.ndarray | None, any_: int, *shape: int) -> np.ndarray:
            """The codes of the window's bars, and of those past the end of the piece that nothing is asked."""
            result = np.full((size, *shape), any_)
            if codes is not None:
                result[: len(codes[here])] = codes[here]
            return result.astype(np.int32)[None]

        values = np.array([self.attributes.get(name, np.nan) for name in ATTRIBUTES])
        given = ~np.isnan(values)
        levels = network.levels(np.where(given, values, 0.0))
        tones = np.zeros((1, size, 2, TONES), np.float32)
        if self.tones is not None:
            tones[0, : len(self.tones[here])] = self.tones[here]
        return {
            "style": style_code(self.style),
            "mode": np.array([ANY_MODE if self.mode is None else MODES.index(self.mode)], np.int32),
            "attributes": np.stack([levels * given, given], axis=-1).astype(np.float32)[None],
            "chords": window(self.chords, ANY_CHORD, 2),
            "form": window(None if self.form is None else in_order(self.form[here]), ANY_SECTION),
            "metre": np.array([list(METRES).index(self.metre.name)], np.int32),
            "edge": window(self.edges, ANY_EDGE),
            "tones": tones,
        }


def edges_of(bars: int) -> np.ndarray:
    """The codes of the bars of a whole piece, shape (bars,): the first begins it and the last ends it."""
    edges = np.full(bars, INSIDE)
    edges[0] += BEGINS
    edges[-1] += ENDS
    return edges


def _section_codes(sections: Sequence[str], length: int) -> np.ndarray:
    """A code for each bar of sections of `length` bars: of a longer one each four have a letter of their own, as the
    sections had that models have learned. What comes after D is for `in_order`."""
    parts = -(-length // SECTION_BARS)
    letters = np.array([parts * "ABCD".index(name[0]) for name in sections])
    variation = np.array([len(name) > 1 for name in sections])
    return (2 * (letters[:, None] + np.arange(length) // SECTION_BARS) + variation[:, None]).ravel()


def in_order(form: np.ndarray) -> np.ndarray:
    """Section codes with letters in the order of their appearance, the first section of a letter plain, as a variation
    of nothing heard yet is none; letters after D count as D. uint8, shape (bars,)."""
    letters, variation = np.asarray(form) // 2, np.asarray(form) % 2
    _, first, inverse = np.unique(letters, return_index=True, return_inverse=True)
    order = np.argsort(np.argsort(first))
    variation = variation * (np.arange(len(letters)) >= first[inverse] + SECTION_BARS)
    return (2 * np.minimum(order[inverse], ANY_SECTION // 2 - 1) + variation).astype(np.uint8)


def style_code(name: str) -> np.ndarray:
    """Position in the style table, shape (1,); one past its end for a style that the model does not know."""
    return np.array([STYLE_NAMES.index(name) if name in STYLE_BY_NAME else len(STYLE_NAMES)], np.int32)
