"""The stage: title, piano roll and transport.

The drawing is `static/roll.js`, the transport `static/player.js`, the buttons beside the title and the keys
`static/actions.js`, the chords over the roll `static/chord_line.js`, the switch between models `static/twins.js`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr
from fastapi.responses import JSONResponse

from musicgen.compose import Result
from musicgen.errors import RequestError
from musicgen.recipe import Edit, read_link
from musicgen.request import Request
from musicgen.web.desk import Desk, sound_of
from musicgen.web.mixer import with_kept
from musicgen.web.pieces import read_piece
from musicgen.web.theme import static

_SCRIPTS = ("roll", "player", "chord_line", "stems", "practise", "actions", "twins")
"""In one function, in this order."""


def build_player(desk: Desk, result: Result) -> gr.HTML:
    """The stage, showing a piece."""

    def ask(call: Any) -> JSONResponse:  # Gradio marks what it may call, and a method cannot be marked
        # a dictionary would go through FastAPI's encoder first, which takes 20 ms for the notes of a piece
        return JSONResponse(desk.ask(call))

    kinds = [
        {
            "name": kind, "label": kind.upper(), "title": f"The same request and seed, by the {kind.upper()}",
            "metres": list(composer.metres),
        }
        for kind, composer in desk.studio.composers.items()
    ]  # fmt: skip
    return gr.HTML(
        desk.value(result),
        html_template=static("player.html"),
        js_on_load="".join(static(f"{name}.js") for name in _SCRIPTS) + "begin();",
        apply_default_css=False,
        server_functions=[ask],
        elem_id="stage",
        kinds=kinds if len(kinds) > 1 else [],
    )


def sound(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """The sound of the piece `midi`."""
    return {"audio": sound_of(desk, read_piece(desk.studio, values.get("midi")))}


def change(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """The piece `midi` after `edit`, see `Edit.from_dict`; a morph brings the MIDI files of its `partners`."""
    studio = desk.studio
    piece = read_piece(studio, values.get("midi"))
    partners = values.get("partners") or []
    if not isinstance(partners, list) or len(partners) > 3:
        raise RequestError("partners: expected up to three pieces. Received: something else; reload the page.")
    if partners:
        others = [read_piece(studio, each) for each in partners]
        return {"piece": desk.value(studio.morph([piece, *others], values.get("weights") or [], sound=False))}
    return {"piece": desk.value(studio.change(piece, Edit.from_dict(values.get("edit")), sound=False))}


def replay(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """The piece of a `link`."""
    return {"piece": desk.value(desk.studio.replay(read_link(values.get("link")), sound=False))}


def make(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """A new piece for a `request`, by the model of a `kind`, with the `levels` that the mixer keeps."""
    request = Request.from_dict(values.get("request") or {})
    piece = desk.studio.make(request, sound=False, kind=values.get("kind"))
    return {"piece": desk.value(with_kept(desk.studio, piece, values.get("levels") or {}))}


ACTIONS = {"sound": sound, "change": change, "replay": replay, "make": make}
