"""The mixer under the transport: mute, solo, volume and instrument of each role, and how people play; the tempo is
the panel's.

What it wishes is an edit of the kind "mix", which the stage's action "change" makes. Levels are heard at once, from
stems (`stems.py`). Levels that are to be kept go with whatever makes a new piece, see `with_kept`.
"""

from __future__ import annotations

from collections.abc import Mapping

import gradio as gr

from musicgen.compose import Result, Studio
from musicgen.errors import RequestError
from musicgen.midi import MIX
from musicgen.performance import STRAIGHT, TRIPLET
from musicgen.recipe import Edit, Mix
from musicgen.request import TEMPO_RANGE
from musicgen.roles import INSTRUMENTS, KITS, ROLES
from musicgen.web.theme import static


def build_mixer() -> gr.HTML:
    """The strip, for the piece on the stage."""
    roles = [{"name": role.name, "label": role.label, "usual": MIX[role.name][0]} for role in ROLES]
    return gr.HTML(
        {"kept": None},
        html_template=static("mixer.html"),
        js_on_load=static("mixer.js"),
        apply_default_css=False,
        elem_id="mixer",
        roles=roles,
        families=[[family, list(names)] for family, names in INSTRUMENTS],
        least=TEMPO_RANGE[0],
        most=TEMPO_RANGE[1],
        straight=int(STRAIGHT),
        triplet=int(TRIPLET),
        kits=[[program, name] for program, name in KITS.items()],
    )


def with_kept(studio: Studio, piece: Result, levels: object) -> Result:
    """A new piece with the levels that the mixer keeps; as it is where it keeps none.

    Args:
        levels: the mixer's value, {"kept": role to channel volume, or null}.

    Raises:
        RequestError: this is nothing that the page sends.
    """
    if not isinstance(levels, Mapping):
        raise RequestError("Expected the mixer's levels. Received: something else; reload the page.")
    volumes = levels.get("kept")
    return piece if volumes is None else studio.change(piece, Edit("mix", mix=Mix(volumes=volumes)), sound=False)
