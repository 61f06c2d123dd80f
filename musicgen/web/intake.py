"""Your music: what was understood of MIDI files that a visitor brings, and what the model makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from musicgen.errors import RequestError
from musicgen.evaluation.reconstruction import onset_f1
from musicgen.intake import MAX_BARS
from musicgen.recipe import Edit
from musicgen.roles import ROLE_NAMES, STYLES
from musicgen.web.desk import Desk
from musicgen.web.pieces import MAX_BYTES, decoded, read_piece
from musicgen.web.theme import static

MORE_BARS = 8
"""Bars that "Continue" adds."""


def build_intake() -> gr.HTML:
    """The place to drop files on, and a card for the one that was chosen."""
    return gr.HTML(
        html_template=static("intake.html"),
        js_on_load=static("intake.js"),
        apply_default_css=False,
        elem_id="intake",
        styles=[{"name": style.name, "label": style.label} for style in STYLES],
        most_bytes=MAX_BYTES,
        most_bars=MAX_BARS,
        more_bars=MORE_BARS,
    )


def take_in(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """The piece in a MIDI file: its `name` and its `data`, base64. What was not as in the file is in `said`."""
    name = values.get("name")
    if not isinstance(name, str):
        raise RequestError("Expected a file with a name. Received: none; reload the page.")
    shown = "".join(letter for letter in name if letter.isprintable())
    return {"piece": desk.value(desk.studio.read(decoded(values.get("data")), shown or None))}


def version(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """The piece `midi` as the model knows it, and how much of it that is: onset F1, of all roles and of each."""
    piece = read_piece(desk.studio, values.get("midi"))
    result = desk.studio.change(piece, Edit("reconstruct"), sound=False)
    roles = [role for role in ROLE_NAMES if piece.music.notes(role)]
    each = {role: onset_f1(piece.music, result.music, role) for role in roles}
    return {
        "piece": desk.value(result),
        "fidelity": onset_f1(piece.music, result.music, *ROLE_NAMES) if roles else None,
        "roles": each,
    }


ACTIONS = {"take_in": take_in, "version": version}
