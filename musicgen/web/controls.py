"""The panel: what a visitor can ask for, and the Generate button."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from musicgen.compose import Result, Studio
from musicgen.music import FOUR_FOUR, WRITTEN_KEYS
from musicgen.request import BAR_CHOICES, MAX_SEED, TEMPERATURE_RANGE, TEMPO_RANGE, Request
from musicgen.roles import ROLES, STYLE_BY_NAME, STYLES
from musicgen.web.choice import build_choice
from musicgen.web.metre import build_metre, wire_metre
from musicgen.web.shape import build_shape
from musicgen.web.theme import static
from musicgen.web.words import build_words

NEW_SEEDS = 1_000_000
"""Seeds are drawn below this, short enough to read to a friend; any seed up to `MAX_SEED` can be typed."""

_USUAL_TEMPO = {style.name: style.tempo for style in STYLES}

# The style's usual tempo follows the style, until the visitor has set a tempo of their own.
_FOLLOW_STYLE = f"""(style, tempo, usual) => {{
    const next = ({_USUAL_TEMPO})[style] ?? usual;
    return [tempo === usual || tempo === null ? next : tempo, next];
}}"""
# What `musicgen.restore` asks for; a model that is not there leaves the choice of the model as it is.
_RESTORE = f"""(models, model) => {{
    const {{ request, kind }} = window.musicgen.wish;
    return [
        models.includes(kind) ? kind : model, request.style, request.bars,
        request.metre ?? "{FOUR_FOUR}", request.tempo, request.key, request.seed,
        request.temperature, request.roles, request.ending ?? false,
        ({_USUAL_TEMPO})[request.style] ?? request.tempo, request.seed,
    ];
}}"""
# What words have set, see `static/words.js`; what they leave open stays as it is.
_DESCRIBE = f"""(style, bars, metre, tempo, key, temperature, roles, usual) => {{
    const said = window.musicgen.described;
    const next = ({_USUAL_TEMPO})[said.style] ?? usual;
    return [
        said.style ?? style, said.bars ?? bars, said.metre ?? metre,
        said.tempo ?? (tempo === usual || tempo === null ? next : tempo), said.key ?? key,
        said.temperature ?? temperature, said.roles ?? roles, next,
    ];
}}"""
_ROLL_DICE = f"() => [Math.floor(Math.random() * {NEW_SEEDS}), null]"
_MODEL = "Two ways from noise to music: the VAE in a few steps, the GAN in one."
_TEMPERATURE = "How far the music may stray from what is most usual."
_ENDING = "The piece ends in its last bar as songs of its style do; switch this off for a loop."


@dataclass(frozen=True)
class Controls:
    """The widgets of the panel."""

    model: gr.Radio
    style: gr.Radio
    bars: gr.Radio
    metre: gr.Radio
    tempo: gr.Number
    key: gr.HTML
    seed: gr.Number
    lock: gr.Checkbox
    temperature: gr.Slider
    roles: gr.CheckboxGroup
    ending: gr.Checkbox
    shape: gr.HTML
    generate: gr.Button
    shown: gr.Number
    """The seed that the server drew last and nobody touched since; None once a visitor has typed or rolled one."""


def build_controls(result: Result, studio: Studio) -> Controls:
    """Lay out the panel, filled in with what a piece was asked for, and wire what needs no model."""
    models = list(studio.composers)
    request = result.request or Request()
    with gr.Column(elem_id="panel"):
        words = build_words()
        model = gr.Radio(
            [(kind.upper(), kind) for kind in models], value=result.recipe.kind, label="Model", elem_id="model",
            info=_MODEL, visible=len(models) > 1,
        )  # fmt: skip
        style = gr.Radio(
            [(style.label, style.name) for style in STYLES], value=request.style, label="Style", elem_id="style"
        )
        bars = gr.Radio(list(BAR_CHOICES), value=request.bars, label="Bars", elem_id="bars")
        metre = build_metre(studio, result.recipe.kind, request)
        wire_metre(studio, model, style, metre)
        with gr.Row(elem_classes="pair"):
            # No minimum and maximum here: `Request` holds the limits and says in words what it expected.
            tempo = gr.Number(
                _whole(request.tempo),
                label="Tempo",
                elem_id="tempo",
                min_width=120,
                placeholder=f"{TEMPO_RANGE[0]:g} to {TEMPO_RANGE[1]:g}",
            )
            key = build_choice("Key", [str(key) for key in WRITTEN_KEYS], str(request.key), "key")
        temperature = gr.Slider(
            *TEMPERATURE_RANGE,
            value=request.temperature,
            step=0.05,
            label="Temperature",
            info=_TEMPERATURE,
            elem_id="temperature",
            buttons=[],
        )
        roles = gr.CheckboxGroup(
            [(role.label, role.name) for role in ROLES], value=list(request.roles), label="Who plays", elem_id="roles"
        )
        shape = build_shape(result)
        ending = gr.Checkbox(request.ending, label="Come to an end", info=_ENDING, elem_id="ending")
        with gr.Row(elem_id="seed-row"):
            seed = gr.Number(request.seed, label="Seed", elem_id="seed", min_width=90, placeholder=f"0 to {MAX_SEED}")
            lock = gr.Checkbox(False, label="Lock", elem_id="lock", container=False, min_width=44, scale=0)
            dice = gr.Button("Roll a new seed", elem_id="dice", min_width=44, scale=0)
        generate = gr.Button("Generate", variant="primary", elem_id="generate")

    usual = gr.Number(STYLE_BY_NAME[request.style].tempo, visible=False)
    shown = gr.Number(request.seed, precision=0, visible=False)
    kinds = gr.JSON(models, visible=False)
    restorer = gr.HTML(html_template=" ", js_on_load=static("restore.js"), visible="hidden", elem_id="restore")
    restorer.submit(
        None, [kinds, model],
        [model, style, bars, metre, tempo, key, seed, temperature, roles, ending, usual, shown],
        js=_RESTORE,
        api_visibility="private",
    )  # fmt: skip
    described = [style, bars, metre, tempo, key, temperature, roles, usual]
    words.submit(None, described, described, js=_DESCRIBE, api_visibility="private")
    style.input(None, [style, tempo, usual], [tempo, usual], js=_FOLLOW_STYLE, api_visibility="private")
    # a seed that was typed or rolled is used, even if the piece on the stage has the same
    seed.input(None, None, shown, js="() => null", api_visibility="private")
    dice.click(None, None, [seed, shown], js=_ROLL_DICE, api_visibility="private")
    return Controls(
        model, style, bars, metre, tempo, key, seed, lock, temperature, roles, ending, shape, generate, shown
    )  # fmt: skip


def _whole(tempo: float | None) -> float | int | None:
    """A tempo as a person writes it: 120, not 120.0."""
    return int(tempo) if tempo is not None and tempo == int(tempo) else tempo
