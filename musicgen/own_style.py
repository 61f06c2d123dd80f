"""A style of somebody's own, from a few pieces and without training, as plain values.

It is what a `Request` can say of it (the nearest of our styles, roles, tempo, attributes) and a vector to lean to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from musicgen.attributes import measure
from musicgen.errors import RequestError
from musicgen.evaluation.naming import style_of
from musicgen.models.base import Composer
from musicgen.models.leaning import style_vector
from musicgen.music import FOUR_FOUR, Music
from musicgen.recipe import Edit, Mix
from musicgen.recipe_texts import vector_text
from musicgen.request import ATTRIBUTE_RANGES, TEMPO_RANGE, Request, shown
from musicgen.roles import ROLE_NAMES

FEWEST, MOST = 2, 8
"""Pieces that make a style."""
AIMED = ("density", "rhythm", "register", "polyphony")
"""Attributes of the pieces that are asked for; tension is left out, because asking for it leaves the chords open."""
STRENGTH = 0.75
"""Of `lean`: more is nearer to the pieces, but harms the harmony (docs/decisions.md, D29)."""


@dataclass(frozen=True)
class OwnStyle:
    """A style of some pieces.

    Args:
        model: identity of the model whose latents the vector is of.
        style: the nearest of `roles.STYLES`.
        tempo: the median of what the pieces usually have.
        roles: those that play in at least half of the pieces.
        programs: role to the General MIDI program that most of the pieces give it.
        attributes: the median of each of `AIMED`, within what can be asked for.
        vector: as `recipe_texts.vector_text` writes it.
        metre: that of most pieces, if the model knows it.

    Raises:
        RequestError: a field that a `Request` or an `Edit` refuses.
    """

    model: str
    style: str
    tempo: float
    roles: tuple[str, ...]
    programs: Mapping[str, int]
    attributes: Mapping[str, float]
    vector: str
    metre: str = FOUR_FOUR.name

    def __post_init__(self) -> None:
        self.request()
        self.edits()

    def request(self, **wishes: Any) -> Request:
        """What a piece in this style begins with; `wishes` are other fields of a `Request`, and go before its own."""
        own: dict[str, Any] = {
            "style": self.style,
            "tempo": self.tempo,
            "roles": tuple(self.roles),
            "metre": self.metre,
        }
        return Request(**own | dict(self.attributes) | wishes)

    def edits(self, seed: int = 0) -> tuple[Edit, ...]:
        """The changes of that piece that lead it into this style: its notes, then its instruments."""
        return Edit("lean", seed, STRENGTH, vector=self.vector), Edit("mix", mix=Mix(programs=self.programs))

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        return asdict(self) | {"roles": list(self.roles)}

    @classmethod
    def from_dict(cls, values: object) -> OwnStyle:
        """The inverse of `to_dict`.

        Raises:
            RequestError: values that are no such style.
        """
        names = set(cls.__dataclass_fields__)
        if not isinstance(values, Mapping) or {*values, "metre"} != names or not isinstance(values["model"], str):
            raise RequestError(f"Expected a style of your own. Received: {shown(values)}; make it again.")
        roles, attributes = values["roles"], values["attributes"]
        if not isinstance(roles, (list, tuple)) or not isinstance(attributes, Mapping) or not {*attributes} <= {*AIMED}:
            raise RequestError("Expected a style with roles and attributes. Received: another one; make it again.")
        return cls(**dict(values) | {"roles": tuple(roles)})


def own_style(composer: Composer, pieces: Sequence[Music]) -> OwnStyle:
    """The style of some pieces.

    Raises:
        RequestError: fewer than `FEWEST` or more than `MOST` pieces, or pieces that have no role in common.
    """
    if not FEWEST <= len(pieces) <= MOST:
        raise RequestError(f"Expected {FEWEST} to {MOST} pieces. Received: {len(pieces)}.")
    vector = style_vector(composer, pieces)
    measured = [measure(piece) for piece in pieces]
    middle = {name: float(np.median([each[name] for each in measured])) for name in AIMED}
    wanted = {
        name: round(min(max(value, ATTRIBUTE_RANGES[name][0]), ATTRIBUTE_RANGES[name][1]), 2)
        for name, value in middle.items()
        if not math.isnan(value)
    }
    tempo = float(np.clip(np.median([piece.usual_tempo for piece in pieces]), *TEMPO_RANGE))
    roles = tuple(role for role, row in zip(ROLE_NAMES, vector, strict=True) if np.isfinite(row).all())
    played = {
        role: [t.program for piece in pieces for t in piece.tracks if t.role == role and t.notes] for role in roles
    }
    programs = {role: max(numbers, key=numbers.count) for role, numbers in played.items()}
    text = vector_text(vector)
    metres = [piece.metre.name for piece in pieces]
    usual = max(metres, key=metres.count)
    metre = usual if usual in composer.metres else FOUR_FOUR.name
    return OwnStyle(composer.identity, style_of(pieces), round(tempo, 2), roles, programs, wanted, text, metre)
