"""The field "Describe it" of the panel: words that set the controls, and one line on what was understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from musicgen.errors import RequestError
from musicgen.web.desk import Desk
from musicgen.web.theme import static
from musicgen.wording import MAX_CHARACTERS, parse_description

_OF_THE_MIXER = ("swing", "humanise")
"""Fields that the panel has no control for."""


def build_words() -> gr.HTML:
    """The field. It tells `musicgen:described` what the controls are to be set to, and triggers `submit` for them."""
    return gr.HTML(
        html_template=static("words.html"),
        js_on_load=static("words.js"),
        apply_default_css=False,
        elem_id="words",
        most=MAX_CHARACTERS,
    )


def describe(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """What `words` set, for a model of a `kind` and the `style` that is chosen: `fields`, and a line to read."""
    words, kind, style = values.get("words"), values.get("kind"), values.get("style")
    if not isinstance(words, str):
        raise RequestError("words: expected a text. Received: something else; reload the page.")
    described = parse_description(words, style if isinstance(style, str) else None)
    composer = desk.studio.composers.get(str(kind), desk.studio.composer)
    fields, said = dict(described.fields), [described.sentence]
    if (metre := fields.get("metre")) is not None and metre not in composer.metres:
        del fields["metre"]
        said.append(f"{metre} is left out: this model plays {' or '.join(composer.metres)}.")
    if any(fields.pop(name, None) is not None for name in _OF_THE_MIXER):
        said.append("How it is played (swing, human) is set in the mixer.")
    return {"fields": fields, "sentence": " ".join(said)}


ACTIONS = {"describe": describe}
