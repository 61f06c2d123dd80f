"""The download bar: a file of each format, made when somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from musicgen import export
from musicgen.errors import RequestError
from musicgen.web.desk import Desk
from musicgen.web.files import url
from musicgen.web.pieces import read_piece
from musicgen.web.theme import static

BUTTONS = ("mid", "wav", "mp3")
"""The formats with a button, in order; their labels come from `export.FORMATS`."""
LICENCE = (
    "What you make here is yours, to use as you like. "
    "The model was trained only on public-domain and permissively licensed music."
)


def build_downloads(has_sound: bool) -> gr.HTML:
    """The bar, for the piece on the stage."""
    formats = [
        {"name": name, "label": export.FORMATS[name].label, "off": export.needs_audio(name) and not has_sound}
        for name in BUTTONS
    ]
    return gr.HTML(
        html_template=static("downloads.html"),
        js_on_load=static("downloads.js"),
        apply_default_css=False,
        elem_id="downloads",
        formats=formats,
        licence=LICENCE,
    )


def save(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """The piece `midi` as a file of a `format`."""
    name = values.get("format")
    if name not in BUTTONS:
        raise RequestError(f"Expected a format among {', '.join(BUTTONS)}. Received: another; reload the page.")
    path = desk.shelve(read_piece(desk.studio, values.get("midi")), str(name))
    return {"url": url(path), "name": path.name}


ACTIONS = {"save": save}
