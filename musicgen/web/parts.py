"""The tab "Parts": cells of the piece are locked and the rest is changed; more bars, another style, a fuller band.

All of these are edits, which the stage's action "change" makes.
"""

from __future__ import annotations

import gradio as gr

from musicgen.music import MAX_BARS
from musicgen.roles import STYLES
from musicgen.web.theme import static


def build_parts() -> gr.HTML:
    """The grid of bars and roles, for the piece on the stage, and what can be done with it."""
    return gr.HTML(
        html_template=static("parts.html"),
        js_on_load=static("parts.js"),
        apply_default_css=False,
        elem_id="parts",
        most_bars=MAX_BARS,
        styles=[{"name": style.name, "label": style.label} for style in STYLES],
    )
