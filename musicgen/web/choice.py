"""A list of choices as the browser has it: it opens at what is chosen, and keys, fingers and screen readers know it."""

from __future__ import annotations

from collections.abc import Sequence

import gradio as gr

from musicgen.web.theme import static


def build_choice(caption: str, choices: Sequence[str], value: str, elem_id: str) -> gr.HTML:
    """A list with a caption. The component's value is what is chosen; a change tells `musicgen:chosen`."""
    return gr.HTML(
        value,
        html_template=static("choice.html"),
        js_on_load=static("choice.js"),
        apply_default_css=False,
        elem_id=elem_id,
        caption=caption,
        choices=list(choices),
        name=elem_id,
    )
