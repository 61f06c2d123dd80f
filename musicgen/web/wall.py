"""The wall: variations of the piece on the stage, as miniatures to hear, star and go on from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import gradio as gr

from musicgen.compose import Result
from musicgen.errors import RequestError
from musicgen.music import MAX_BARS
from musicgen.recipe import Edit
from musicgen.web.desk import Desk
from musicgen.web.pieces import sketch_value
from musicgen.web.theme import static

MOST = 8
"""Variations that one call makes at most."""
NEAREST, FARTHEST = 0.1, 0.9
"""Shares of the notes that are others, at the ends of the slider."""
MIDDLE = 0.35
_EXAMPLES = 4


def build_wall(desk: Desk, example: Result) -> gr.HTML:
    """The wall, with variations of the example on it: what it is for is there to be heard."""
    value = desk.value(example)
    base = sketch_value(example.music) | {name: value[name] for name in ("title", "facts")}
    return gr.HTML(
        {"base": base, "pieces": _varied(desk, example, MIDDLE, range(1, 1 + _EXAMPLES))},
        html_template=static("wall.html"),
        js_on_load=static("tile.js") + static("wall.js"),
        apply_default_css=False,
        elem_id="wall",
        most_bars=MAX_BARS,
        nearest=NEAREST,
        farthest=FARTHEST,
        middle=MIDDLE,
    )


def wall(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """A variation of a `piece` (its id and midi) of a `strength` for each of up to `MOST` `seeds`."""
    seeds = values.get("seeds")
    if not isinstance(seeds, list) or not 1 <= len(seeds) <= MOST:
        raise RequestError(f"seeds: expected 1 to {MOST} numbers. Received: something else; reload the page.")
    piece = desk.known.find(values.get("piece"))
    if piece is None:
        raise RequestError("Expected a piece with its MIDI file. Received: one without; reload the page.")
    return {"pieces": _varied(desk, piece, values.get("strength"), seeds)}


def _varied(desk: Desk, piece: Result, strength: Any, seeds: Iterable[Any]) -> list[dict[str, Any]]:
    edits = [Edit("vary", seed=seed, strength=strength) for seed in seeds]
    return [desk.value(desk.studio.change(piece, edit, sound=False)) for edit in edits]


ACTIONS = {"wall": wall}
