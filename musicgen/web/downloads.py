"""The download bar. MIDI is ready with the piece; sound is encoded when somebody asks for it."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from musicgen import export
from musicgen.compose import Result
from musicgen.web.files import link, piece_id
from musicgen.web.theme import static

READY_FORMAT = "mid"
BUTTONS = ("mid", "wav", "mp3")
"""The formats with a button, in order; their labels come from `export.FORMATS`."""
LICENCE = (
    "What you make here is yours, to use as you like. "
    "The model was trained only on public-domain and permissively licensed music."
)


def build_downloads(result: Result, ready: Path, has_sound: bool) -> gr.HTML:
    """The bar, offering a piece. Its "save" event carries what `page` needs to make the file that is missing."""
    formats = [
        {"name": name, "label": export.FORMATS[name].label, "off": export.needs_audio(name) and not has_sound}
        for name in BUTTONS
    ]
    return gr.HTML(
        downloads_value(result, ready),
        html_template=static("downloads.html"),
        js_on_load=static("downloads.js"),
        apply_default_css=False,
        elem_id="downloads",
        formats=formats,
        licence=LICENCE,
    )


def downloads_value(result: Result, ready: Path, fetch: Path | None = None, ticket: str = "") -> dict[str, object]:
    """A piece as the bar takes it.

    Args:
        result: the piece.
        ready: its MIDI file.
        fetch: a file that the visitor asked for and that the browser is to download now.
        ticket: the browser's own mark of that wish; without it a second wish for the same file would change nothing.
    """
    return {
        "id": piece_id(result),
        "request": result.request.to_dict(),
        "ready": {READY_FORMAT: link(ready)},
        "fetch": link(fetch) if fetch else None,
        "ticket": ticket,
    }
