"""Your music: what was understood of MIDI files that a visitor brings, and what the model makes of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gradio as gr

from musicgen.errors import RequestError
from musicgen.evaluation.reconstruction import onset_f1
from musicgen.intake import OFF_BEAT
from musicgen.music import MAX_BARS
from musicgen.own_style import FEWEST, MOST, OwnStyle, own_style
from musicgen.recipe import Edit
from musicgen.roles import ROLE_NAMES, STYLE_BY_NAME, STYLES
from musicgen.web.desk import Desk
from musicgen.web.pieces import MAX_BYTES, MAX_NOTES, decode_upload, read_piece
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
        fewest=FEWEST,
        most=MOST,
    )


def take_in(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """The piece in a MIDI file: its `name`, its `data` in base64, and whether to `keep_beat`.

    What was not as in the file is in `said` of the piece. `off_beat` says whether a beat was found, so that the file's
    own may be asked for.
    """
    name = values.get("name")
    if not isinstance(name, str):
        raise RequestError("Expected a file with a name. Received: none; reload the page.")
    shown = "".join(letter for letter in name if letter.isprintable())
    data = decode_upload(values.get("data"))
    keep_beat = values.get("keep_beat") is True
    piece = desk.studio.read(data, shown or None, most_notes=MAX_NOTES, keep_beat=keep_beat)
    off_beat = not keep_beat and any(sentence.startswith(OFF_BEAT) for sentence in piece.said)
    return {"piece": desk.value(piece), "off_beat": off_beat}


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


def my_style(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """The style that the `pieces` (their MIDI files) have in common, for the browser to keep."""
    given = values.get("pieces")
    if not isinstance(given, list) or not FEWEST <= len(given) <= MOST:
        raise RequestError(f"Expected {FEWEST} to {MOST} pieces. Received: something else; reload the page.")
    pieces = [read_piece(desk.studio, each).music for each in given]
    own = own_style(desk.studio.composer, pieces)
    return {"style": own.to_dict(), "nearest": STYLE_BY_NAME[own.style].label}


def in_style(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """A new piece in a `style` of `my_style`, with the `bars`, the `key` and the `seed` that the browser wants."""
    wishes = {name: values[name] for name in ("bars", "key", "seed") if name in values}
    return {"piece": desk.value(desk.studio.in_style(OwnStyle.from_dict(values.get("style")), sound=False, **wishes))}


ACTIONS = {"take_in": take_in, "version": version, "my_style": my_style, "in_style": in_style}
