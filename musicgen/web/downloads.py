"""The download bar: a file of each format, made when somebody asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from musicgen import export
from musicgen.errors import RequestError
from musicgen.export.pack import LICENCE
from musicgen.web.desk import Desk
from musicgen.web.files import url
from musicgen.web.pieces import read_piece
from musicgen.web.theme import static

BUTTONS = {
    "mid": ("MIDI", "Notes that open on the grid of any music program; drag it into one, or into a folder"),
    "wav": ("WAV", "Sound, uncompressed"),
    "mp3": ("MP3", "Sound, a small file"),
    "musicxml": ("MusicXML", "A score for MuseScore and other notation programs"),
    "loop.wav": ("Loop", "A WAV file that repeats without a gap"),
    "zip": ("Everything", "A zip file: MIDI, sound, loop, score, a stem for each part, picture, settings, licence"),
}
"""Formats with a button, in order: label, and what it is."""


def build_downloads(has_sound: bool) -> gr.HTML:
    """The bar, for the piece on the stage."""
    formats = [
        {
            "name": name,
            "label": label,
            "about": about,
            "drag": name == "mid",
            "off": export.needs_audio(name) and not has_sound,
        }
        for name, (label, about) in BUTTONS.items()
    ]
    return gr.HTML(
        html_template=static("downloads.html"),
        js_on_load=static("downloads.js") + static("dragging.js"),
        apply_default_css=False,
        elem_id="downloads",
        formats=formats,
        licence=LICENCE,
    )


def save(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """The piece `midi` as a file of a `format`."""
    name = str(values.get("format"))
    if name not in BUTTONS:
        raise RequestError(f"Expected a format among {', '.join(BUTTONS)}. Received: another; reload the page.")
    path = desk.shelve(read_piece(desk.studio, values.get("midi")), name)
    return {"url": url(path), "name": path.name}


ACTIONS = {"save": save}
