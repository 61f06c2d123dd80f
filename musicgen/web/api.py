"""The page's one public endpoint, for scripts: `Client(url).predict(style="jazz", api_name="/generate")`."""

# No `from __future__ import annotations` here: Gradio reads the types of the endpoint from the real objects.

from typing import Any

import gradio as gr

from musicgen.request import Request
from musicgen.roles import STYLE_NAMES
from musicgen.web.desk import Desk
from musicgen.web.files import link
from musicgen.web.shape import shape_value
from musicgen.web.toasts import toasts

_DEFAULTS = Request()


def add_endpoint(desk: Desk, **limits: Any) -> None:
    """Add `/generate` to the page that is being built. `limits` are those of `gr.api`."""

    def generate(
        style: str = _DEFAULTS.style,
        bars: int = _DEFAULTS.bars,
        tempo: float | None = None,
        key: str = str(_DEFAULTS.key),
        seed: int = _DEFAULTS.seed,
        temperature: float = _DEFAULTS.temperature,
        density: float | None = None,
        rhythm: float | None = None,
        register: float | None = None,
        polyphony: float | None = None,
        tension: float | None = None,
        chords: str | None = None,
        form: str | None = None,
        model: str | None = None,
    ) -> tuple[gr.FileData, dict]:
        with toasts():
            request = Request(
                style=style, bars=bars, tempo=tempo, key=key, seed=seed, temperature=temperature,
                density=density, rhythm=rhythm, register=register, polyphony=polyphony, tension=tension,
                chords=chords, form=form,
            )  # fmt: skip
            result = desk.studio.make(request, sound=False, kind=model)
            path = desk.shelve(result, "mid")
            facts = {
                "recipe": result.recipe.to_dict(),
                "notes": result.music.note_count,
                "measured": shape_value(result)["measured"],
            }
            return link(path), facts  # type: ignore[return-value]

    gr.api(
        generate,
        api_name="generate",
        api_description=(
            "Compose a piece. Returns its MIDI file, and the recipe (model and request) that makes the same bytes "
            "again, with what the piece measures. What is null is left open; a tempo of null is the usual one of "
            f"the style. Styles: {', '.join(STYLE_NAMES)}."
        ),
        **limits,
    )
