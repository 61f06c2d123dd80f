"""The history: every piece that was on the stage, kept in the visitor's own browser; see `static/history.js`."""

from __future__ import annotations

import gradio as gr

from musicgen.web.theme import static


def build_history() -> gr.HTML:
    """The strip of miniatures. The server knows nothing of them."""
    return gr.HTML(
        html_template=static("history.html"),
        js_on_load=static("tile.js") + static("shelf.js") + static("history.js"),
        apply_default_css=False,
        elem_id="history",
    )
