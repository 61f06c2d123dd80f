"""How a piece was made, as plain values: enough to make the same bytes again. It travels inside the MIDI file.

A piece begins as a `Request` or as somebody's file, and is changed by `Edit`s, of which a `Mix` is one.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from musicgen.errors import RequestError
from musicgen.music import MAX_BARS
from musicgen.recipe_texts import read_vector
from musicgen.request import HUMANISE_RANGE, SWING_RANGE, TEMPO_RANGE, Request, integer, number, shown
from musicgen.roles import ROLE_NAMES, STYLE_BY_NAME, STYLE_NAMES

VERSION = 13
"""Of how pieces are made: to be raised when a recipe gives other music with the same weights."""
MAX_BYTES = 20_000
"""Longest recipe, as JSON."""
MAX_EDITS = 64
MOST_PARTNERS = 3
MOST_STEPS = 100
"""Most steps of a piece that is made again; a hostile file could ask for thousands."""
MOST_WORK = 2000
"""Most bars that are made on the way to such a piece, over all of its steps; some twenty seconds of a processor's work.
A hundred changes of the longest piece were five minutes."""
_DEPTH = 4
"""How deep recipes of partners may lie within one another."""


@dataclass(frozen=True)
class Mix:
    """How a piece is played; what is not given stays as the piece has it.

    Args:
        tempo: beats a minute, 40 to 240.
        programs: role to General MIDI program, 0 to 127.
        volumes: role to channel volume (controller 7), 0 (silent) to 127.
        humanise: how much it is played as people play, 0 (on the grid) to 100 per cent; see `performance.perform`.
        swing: where the second half of a beat begins, 50 (straight) to 67 (triplets) per cent.

    Raises:
        RequestError: an argument that is not as above.
    """

    tempo: float | None = None
    programs: Mapping[str, int] = field(default_factory=dict)
    volumes: Mapping[str, int] = field(default_factory=dict)
    humanise: float | None = None
    swing: float | None = None

    def __post_init__(self) -> None:
        if self.tempo is not None:
            object.__setattr__(self, "tempo", number("tempo", self.tempo, TEMPO_RANGE, "beats a minute"))
        if self.humanise is not None:
            object.__setattr__(self, "humanise", number("humanise", self.humanise, HUMANISE_RANGE, "per cent"))
        if self.swing is not None:
            object.__setattr__(self, "swing", number("swing", self.swing, SWING_RANGE, "per cent"))
        for name in ("programs", "volumes"):
            given = getattr(self, name)
            if not isinstance(given, Mapping) or not set(given) <= set(ROLE_NAMES):
                raise RequestError(f"{name}: expected roles of {', '.join(ROLE_NAMES)}. Received: {shown(given)}.")
            checked = {role: integer(name, given[role], "0 to 127") for role in ROLE_NAMES if role in given}
            if any(not 0 <= value <= 127 for value in checked.values()):
                raise RequestError(f"{name}: expected 0 to 127. Received: {shown(dict(given))}.")
            object.__setattr__(self, name, checked)

    def __bool__(self) -> bool:
        """Whether anything is given."""
        return bool(self.to_dict())

    def to_dict(self) -> dict[str, object]:
        """What is given, as plain values."""
        values = {
            "tempo": self.tempo, "programs": dict(self.programs), "volumes": dict(self.volumes),
            "humanise": self.humanise, "swing": self.swing,
        }  # fmt: skip
        return {name: value for name, value in values.items() if value not in (None, {})}

    def after(self, earlier: Mix) -> Mix:
        """Both in one: what is not given here is as the earlier one has it."""
        return Mix(
            earlier.tempo if self.tempo is None else self.tempo,
            {**earlier.programs, **self.programs},
            {**earlier.volumes, **self.volumes},
            earlier.humanise if self.humanise is None else self.humanise,
            earlier.swing if self.swing is None else self.swing,
        )

    @classmethod
    def from_dict(cls, values: object) -> Mix:
        """The inverse of `to_dict`.

        Raises:
            RequestError: values that a `Mix` refuses.
        """
        if not isinstance(values, Mapping) or not set(values) <= set(cls.__dataclass_fields__):
            raise RequestError(
                f"Expected a mix of tempo, programs, volumes, humanise and swing. Received: {shown(values)}."
            )
        return cls(**values)


@dataclass(frozen=True)
class Edit:
    """One change of a piece; see the method of `Composer` that its kind names.

    Args:
        kind: "vary", "infill", "accompany", "continue", "restyle", "lean", "reconstruct", "morph" or "mix"; which of
            the others it takes is in `FIELDS`.
        seed: 0 to 2**32 - 1.
        strength: 0 to 1; see the methods.
        keep: cells that come back note for note, as `mask_text` writes them; "" for none.
        bars: how many more, 1 to `MAX_BARS`.
        roles: those that are added where the piece has them not.
        style: a name of `roles.STYLES`.
        vector: what the piece leans to, as `vector_text` writes it.
        partners: recipes of up to three other pieces.
        weights: of the piece and of each partner, 0 or more, not all 0.
        mix: how it is played from here on.
        chords: the progression of the whole piece as it is from here on, which what is made anew follows, as of a
            `Request`; "" for the chords that are there.

    Raises:
        RequestError: an argument that is not as above.
    """

    kind: str
    seed: int = 0
    strength: float = 1.0
    keep: str = ""
    bars: int = 4
    roles: tuple[str, ...] = ()
    style: str = ""
    vector: str = ""
    partners: tuple[Recipe, ...] = ()
    weights: tuple[float, ...] = ()
    mix: Mix = field(default_factory=Mix)
    chords: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in FIELDS:
            raise RequestError(f"Expected a change among {', '.join(FIELDS)}. Received: {shown(self.kind)}.")
        used = FIELDS[self.kind]
        self._set("seed", Request(seed=self.seed).seed)
        self._set("strength", number("strength", self.strength, (0.0, 1.0)))
        self._set("bars", integer("bars", self.bars, f"1 to {MAX_BARS} more bars"))
        if not 1 <= self.bars <= MAX_BARS:
            raise RequestError(f"bars: expected 1 to {MAX_BARS} more bars. Received: {self.bars}.")
        if not isinstance(self.keep, str) or len(self.keep) > MAX_BARS * len(ROLE_NAMES) // 4:
            raise RequestError(f"keep: expected a mask as text. Received: {shown(self.keep)}.")
        if not isinstance(self.roles, (list, tuple)) or not set(map(str, self.roles)) <= set(ROLE_NAMES):
            raise RequestError(f"roles: expected some of {', '.join(ROLE_NAMES)}. Received: {shown(self.roles)}.")
        self._set("roles", tuple(role for role in ROLE_NAMES if role in self.roles))
        if "style" in used and self.style not in STYLE_BY_NAME:
            raise RequestError(f"style: expected one of {', '.join(STYLE_NAMES)}. Received: {shown(self.style)}.")
        if self.chords != "":
            self._set("chords", Request(chords=self.chords).chords or "")
        if "vector" in used:
            read_vector(self.vector)
        if "partners" in used:
            self._set("partners", tuple(self.partners))
            if not isinstance(self.weights, (list, tuple)) or len(self.weights) != 1 + len(self.partners):
                raise RequestError("weights: expected one for the piece and one for each partner. Received: others.")
            weights = tuple(number("weights", weight, (0.0, 1e6)) for weight in self.weights)
            if not 1 <= len(self.partners) <= MOST_PARTNERS or not sum(weights):
                raise RequestError("Expected one to three partners, and a weight above 0. Received: others.")
            self._set("weights", weights)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def to_dict(self) -> dict[str, object]:
        """Plain values that JSON can hold: the kind, and what it takes."""
        values: dict[str, object] = {name: getattr(self, name) for name in FIELDS[self.kind]}
        if "roles" in values:
            values["roles"] = list(self.roles)
        if not values.get("chords", True):
            del values["chords"]  # so that recipes and links are what they were before chords could be told
        if "mix" in values:
            values["mix"] = self.mix.to_dict()
        if "partners" in values:
            values |= {"partners": [each.to_dict() for each in self.partners], "weights": list(self.weights)}
        return {"kind": self.kind} | values

    @classmethod
    def from_dict(cls, values: object, depth: int = 0) -> Edit:
        """The inverse of `to_dict`.

        Raises:
            RequestError: values that an `Edit` refuses.
        """
        kind = values.get("kind") if isinstance(values, Mapping) else None
        if not isinstance(values, Mapping) or not isinstance(kind, str) or kind not in FIELDS:
            raise RequestError(f"Expected a change of a kind among {', '.join(FIELDS)}. Received: {shown(values)}.")
        wanted = dict(values)
        unknown = set(wanted) - {"kind", *FIELDS[wanted["kind"]]}
        if unknown:
            raise RequestError(f"{wanted['kind']}: unexpected {shown(min(map(str, unknown)))}.")
        if "mix" in wanted:
            wanted["mix"] = Mix.from_dict(wanted["mix"])
        if "partners" in wanted:
            if not isinstance(wanted["partners"], (list, tuple)) or len(wanted["partners"]) > MOST_PARTNERS:
                raise RequestError(f"partners: expected up to {MOST_PARTNERS} recipes. Received: something else.")
            wanted["partners"] = tuple(Recipe.from_dict(each, depth + 1) for each in wanted["partners"])
        return cls(**wanted)


FIELDS: dict[str, tuple[str, ...]] = {
    "vary": ("seed", "strength", "keep"),
    "infill": ("seed", "keep", "roles", "chords"),
    "accompany": ("seed", "roles"),
    "continue": ("seed", "bars"),
    "restyle": ("seed", "style", "strength", "keep"),
    "lean": ("seed", "strength", "vector"),
    "reconstruct": (),
    "morph": ("partners", "weights"),
    "mix": ("mix",),
}
"""Kind of an edit to what it takes."""


@dataclass(frozen=True)
class Recipe:
    """All that is needed to make a piece again; where it began as a file, that file too.

    Args:
        model: identity of the model that made it, such as "vae-0123456789ab"; its kind comes before the dash.
        request: what it began with, or None if it began as a file.
        source: the name of the file that it began as, or None.
        edits: in order.
        version: the `VERSION` that it was made with.
    """

    model: str
    request: Request | None = None
    source: str | None = None
    edits: tuple[Edit, ...] = ()
    version: int = VERSION

    @property
    def kind(self) -> str:
        """The kind of the model, such as "vae"."""
        return self.model.split("-")[0]

    @property
    def replayable(self) -> bool:
        """Whether the piece can be made from this alone."""
        own = self.request is not None and self.steps <= MOST_STEPS and self.work <= MOST_WORK
        return own and all(each.replayable for edit in self.edits for each in edit.partners)

    @property
    def steps(self) -> int:
        """How often a model works to make the piece from this: once, for each edit, and for all of each partner."""
        return 1 + sum(1 + sum(each.steps for each in edit.partners) for edit in self.edits)

    @property
    def work(self) -> int:
        """How many bars a model makes on the way to the piece."""
        return self._bars_and_work[1]

    @property
    def _bars_and_work(self) -> tuple[int, int]:
        """Bars of the piece, if it began as a request, and of all that is made on the way to it."""
        bars = work = 0 if self.request is None else self.request.bars
        for edit in self.edits:
            partners = [each._bars_and_work for each in edit.partners]
            bars = max([bars + (edit.bars if edit.kind == "continue" else 0), *(length for length, _ in partners)])
            work += sum(made for _, made in partners) + (0 if edit.kind == "mix" else bars)
        return bars, work

    @property
    def mix(self) -> Mix:
        """How the piece is played: of each thing what the last mix that gives it says, or the request."""
        asked = Request() if self.request is None else self.request
        result = Mix(humanise=asked.humanise, swing=asked.swing)
        for edit in self.edits:
            if edit.kind == "mix":
                result = edit.mix.after(result)
        return result

    @property
    def seed(self) -> int:
        """Of the chance in how it is played: that of its request, 0 of a file."""
        return 0 if self.request is None else self.request.seed

    def after(self, edit: Edit) -> Recipe:
        """The recipe with one more edit; mixes one after another become one.

        Raises:
            RequestError: it has `MAX_EDITS` already.
        """
        edits = self.edits
        if edit.kind == "mix" and edits and edits[-1].kind == "mix":
            edits, edit = edits[:-1], replace(edit, mix=edit.mix.after(edits[-1].mix))
        if len(edits) >= MAX_EDITS:
            raise RequestError(f"Expected at most {MAX_EDITS} changes in a row. Received: one more; begin a new piece.")
        return replace(self, edits=(*edits, edit))

    def to_dict(self) -> dict[str, Any]:
        """Plain values that JSON can hold."""
        values: dict[str, Any] = {"model": self.model, "version": self.version}
        if self.request is not None:
            values["request"] = self.request.to_dict()
        if self.source is not None:
            values["source"] = self.source
        if self.edits:
            values["edits"] = [edit.to_dict() for edit in self.edits]
        return values

    @classmethod
    def from_dict(cls, values: object, depth: int = 0) -> Recipe:
        """The inverse of `to_dict`.

        Raises:
            RequestError: values that are no recipe, or one of more than `MAX_EDITS` edits.
        """
        if not isinstance(values, Mapping) or not isinstance(values.get("model"), str) or depth > _DEPTH:
            raise RequestError(f"Expected a recipe. Received: {shown(values)}.")
        request, source, edits = values.get("request"), values.get("source"), values.get("edits", [])
        if not isinstance(edits, (list, tuple)) or len(edits) > MAX_EDITS:
            raise RequestError(f"edits: expected up to {MAX_EDITS} changes. Received: something else.")
        return cls(
            values["model"][:80],
            None if request is None else Request.from_dict(request),
            None if source is None else str(source)[:100],
            tuple(Edit.from_dict(edit, depth) for edit in edits),
            integer("version", values.get("version", 1), "a number"),  # the first one did not say it
        )


def link_text(recipe: Recipe) -> str | None:
    """A recipe as text for a link (base64url of deflated JSON); None where no link can carry it."""
    data = json.dumps(recipe.to_dict(), separators=(",", ":"), sort_keys=True).encode()
    if not recipe.replayable or len(data) > MAX_BYTES:
        return None
    return base64.urlsafe_b64encode(zlib.compress(data, 9)).decode().rstrip("=")


def read_link(text: object) -> Recipe:
    """The inverse of `link_text`.

    Raises:
        RequestError: this is no such text, or it is too long.
    """
    wrong = RequestError("Expected a link to a piece. Received: one that is damaged; copy it again, with its end.")
    if not isinstance(text, str) or len(text) > MAX_BYTES:
        raise wrong
    try:
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), MAX_BYTES + 1)
        values = json.loads(data) if len(data) <= MAX_BYTES else None
    except (ValueError, binascii.Error, zlib.error, RecursionError):
        raise wrong from None
    recipe = Recipe.from_dict(values)
    if not recipe.replayable:
        raise wrong
    return recipe
