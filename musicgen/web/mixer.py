"""The mixer under the transport: mute, solo, volume and instrument of each role, the tempo, and how people play.

What it wishes is an edit of the kind "mix", which the stage's action "change" makes.
"""

from __future__ import annotations

import gradio as gr

from musicgen.midi import MIX
from musicgen.performance import STRAIGHT, TRIPLET
from musicgen.request import TEMPO_RANGE
from musicgen.roles import INSTRUMENTS, KITS, ROLES
from musicgen.web.theme import static


def build_mixer() -> gr.HTML:
    """The strip, for the piece on the stage."""
    roles = [{"name": role.name, "label": role.label, "usual": MIX[role.name][0]} for role in ROLES]
    return gr.HTML(
        html_template=static("mixer.html"),
        js_on_load=static("mixer.js"),
        apply_default_css=False,
        elem_id="mixer",
        roles=roles,
        families=[[family, list(names)] for family, names in INSTRUMENTS],
        kits=[[program, name] for program, name in KITS.items()],
        least=TEMPO_RANGE[0],
        most=TEMPO_RANGE[1],
        straight=int(STRAIGHT),
        triplet=int(TRIPLET),
    )
