"""The choice of a metre: those that the chosen model knows, and a word where it has hardly heard a style in one."""

from __future__ import annotations

import json

import gradio as gr

from musicgen.compose import Studio
from musicgen.music import FOUR_FOUR
from musicgen.request import Request

_FEW = "The model learned from few songs of this style in this metre: it may play less surely than in others."


def build_metre(studio: Studio, kind: str, request: Request) -> gr.Radio:
    """The choice; it is shown where there is one.

    Args:
        kind: of the model that is chosen.
    """
    known = studio.composers[kind].metres
    value = request.metre if request.metre in known else FOUR_FOUR.name
    return gr.Radio(list(known), value=value, label="Metre", elem_id="metre", visible=len(known) > 1)


def wire_metre(studio: Studio, model: gr.Radio, style: gr.Radio, metre: gr.Radio) -> None:
    """Let the choice follow the model, and say below it what the model has hardly heard."""
    few = {
        kind: {metre: composer.hardly_heard(metre) for metre in composer.metres}
        for kind, composer in studio.composers.items()
    }
    note = gr.HTML("", elem_id="metre-note", padding=False)
    gr.on(
        [model.change, style.change, metre.change],
        None,
        [model, style, metre],
        note,
        js=f"(model, style, metre) => ({json.dumps(few)})[model]?.[metre]?.includes(style) ? {json.dumps(_FEW)} : ''",
        api_visibility="private",
    )

    def offer(kind: str, chosen: str) -> gr.Radio:
        known = studio.composers[kind].metres if kind in studio.composers else (FOUR_FOUR.name,)
        value = chosen if chosen in known else FOUR_FOUR.name
        return gr.Radio(list(known), value=value, visible=len(known) > 1)

    if len({composer.metres for composer in studio.composers.values()}) > 1:
        model.change(offer, [model, metre], metre, show_progress="hidden", queue=False, api_visibility="private")
