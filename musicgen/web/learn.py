"""The tab that shows how the models work, with the live ones: a bar, a walk, noise, and the ladder of baselines."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

import gradio as gr

from musicgen.compose import Studio
from musicgen.recipe import Edit
from musicgen.request import Request
from musicgen.roles import STYLES
from musicgen.web.desk import Desk
from musicgen.web.pieces import read_piece
from musicgen.web.theme import static

LADDER = "ladder.json"
"""Written by `python -m benchmarks.ladder`."""
_SAYS = {"vae": "noise moved to the map of songs in steps", "gan": "noise to the map of songs in one step"}


def build_learn(studio: Studio) -> gr.HTML:
    """The tab. What it shows is made when it is in sight."""
    return gr.HTML(
        html_template=static("learn.html"),
        js_on_load=static("listen.js") + static("learn.js"),
        apply_default_css=False,
        elem_id="learn",
        kinds=[kind for kind in ("vae", "gan") if kind in studio.composers],
        gan="gan" in studio.composers,
        styles=[style.name for style in STYLES],
    )


def there_and_back(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the model keeps of the piece `midi`: `code`, numbers by bar and role, and the `piece` it makes of them."""
    piece = read_piece(desk.studio, values.get("midi"))
    back = desk.studio.change(piece, Edit("reconstruct"), sound=False)
    return {"code": desk.studio.code(piece).round(2).tolist(), "piece": desk.value(back)}


def ladder(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """The answers of baselines to one request, how far each is from real songs, and the live models' own answers."""
    shipped = json.loads(static(LADDER))
    rungs = [
        {name: rung[name] for name in ("label", "about", "distance")}
        | {"piece": desk.value(desk.studio.read(base64.b64decode(rung["midi"]), rung["label"], trust=True))}
        for rung in shipped["rungs"]
    ]
    for kind in desk.studio.composers:
        made = desk.studio.make(Request.from_dict(shipped["request"]), sound=False, kind=kind)
        ours = {
            "label": f"{kind.upper()}, as on this page",
            "about": _SAYS.get(kind, ""),
            "distance": shipped["models"].get(made.recipe.model),  # another model was not measured
            "piece": desk.value(made),
        }
        rungs.append(ours)
    rungs.sort(key=lambda rung: -(rung["distance"] or 0))
    return {"rungs": rungs, "songs": shipped["songs"], "pieces": shipped["pieces"]}


ACTIONS = {"there_and_back": there_and_back, "ladder": ladder}
