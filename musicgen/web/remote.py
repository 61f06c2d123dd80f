"""A small player that is in sight when the stage is not."""

from __future__ import annotations

import gradio as gr

from musicgen.web.theme import static


def build_remote() -> gr.HTML:
    """The small player. It needs nothing of the server."""
    return gr.HTML(
        html_template=static("remote.html"),
        js_on_load=static("remote.js"),
        apply_default_css=False,
        elem_id="remote",
    )
