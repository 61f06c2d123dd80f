"""The morph pad: a square with a piece at each corner, and what lies between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from musicgen.errors import RequestError
from musicgen.request import BAR_CHOICES
from musicgen.roles import STYLES
from musicgen.web.desk import Desk
from musicgen.web.pieces import sketch_value
from musicgen.web.theme import static

CORNERS = 4


def build_morph() -> gr.HTML:
    """The pad. Its corners are made when it is first seen."""
    return gr.HTML(
        html_template=static("morph.html"),
        js_on_load=static("morph.js"),
        apply_default_css=False,
        elem_id="morph",
        styles=[{"name": style.name, "label": style.label, "tempo": style.tempo} for style in STYLES],
        bar_choices=list(BAR_CHOICES),
        corners=["top left", "top right", "bottom left", "bottom right"],
    )


def morph(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """What lies between two to four `pieces`, {"id", "midi"} each, by their `weights`.

    A piece that was sent before may come without its file; if it is not known any more the answer is its place in
    `missing`. With `sketch` the answer has no more than a roll shows, which is a third less work.
    """
    sent = values.get("pieces")
    if not isinstance(sent, list) or not 2 <= len(sent) <= CORNERS:
        raise RequestError(f"pieces: expected 2 to {CORNERS}. Received: something else; reload the page.")
    found = [desk.known.find(each) for each in sent]
    pieces = [piece for piece in found if piece is not None]
    if len(pieces) < len(found):
        return {"missing": [place for place, piece in enumerate(found) if piece is None]}
    weights = values.get("weights")
    if values.get("sketch"):
        return {"sketch": sketch_value(desk.studio.between(pieces, weights))}  # type: ignore[arg-type]
    return {"piece": desk.value(desk.studio.morph(pieces, weights, sound=False))}  # type: ignore[arg-type]


ACTIONS = {"morph": morph}
