"""The page: its regions side by side, and what happens when a visitor presses Generate."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import gradio as gr

from musicgen.compose import Studio
from musicgen.performance import usual_humanise
from musicgen.request import Request
from musicgen.web import (
    chord_line,
    chords,
    downloads,
    history,
    intake,
    learn,
    mixer,
    morph,
    original,
    parts,
    player,
    remote,
    stems,
    wall,
    words,
)  # fmt: skip
from musicgen.web.api import add_endpoints
from musicgen.web.controls import NEW_SEEDS, build_controls
from musicgen.web.desk import WORKERS, Desk
from musicgen.web.files import Shelf
from musicgen.web.link_previews import NAME, app_settings
from musicgen.web.shape import read_shape
from musicgen.web.theme import static
from musicgen.web.toasts import toasts

EXAMPLE = Request(style="jazz", bars=16, key="F major", seed=2, humanise=usual_humanise("jazz"))
"""What is ready to play when the page opens."""
FILE_AGE = 3 * 3600
"""Seconds after which a piece's files are deleted."""
ACTIONS = (
    player.ACTIONS
    | stems.ACTIONS
    | downloads.ACTIONS
    | morph.ACTIONS
    | intake.ACTIONS
    | wall.ACTIONS
    | original.ACTIONS
    | learn.ACTIONS
    | chords.ACTIONS
    | chord_line.ACTIONS
    | words.ACTIONS
)

# In the browser, around the server's work: the button is busy from the click until the answer, whatever it is.
_BUSY = "(...values) => { document.dispatchEvent(new CustomEvent('musicgen:busy')); return values; }"
_IDLE = "() => { document.dispatchEvent(new CustomEvent('musicgen:idle')); }"


def build_page(studio: Studio) -> tuple[gr.Blocks, dict[str, Any]]:
    """The page around a studio, and the `app_kwargs` for its `launch`.

    Composes the example, once for every visitor; its sound is made for the first one.
    """
    desk = Desk(studio, Shelf(), ACTIONS)
    example = studio.make(EXAMPLE, sound=False)

    with gr.Blocks(title=NAME, analytics_enabled=False, delete_cache=(FILE_AGE // 3, FILE_AGE)) as page:
        gr.HTML(
            static("skip.html") + static("header.html"),
            apply_default_css=False,
            js_on_load=static("page.js") + static("keyboard.js"),
            elem_id="masthead",
        )
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="main", scale=1, min_width=0):
                stage = player.build_player(desk, example)
                levels = mixer.build_mixer()
                downloads.build_downloads(studio.renderer is not None)
                history.build_history()
                with gr.Tabs(elem_id="workbench", overflow_behavior="wrap"):
                    with gr.Tab("Vary"):
                        wall.build_wall(desk, example)
                    with gr.Tab("Parts"):
                        parts.build_parts()
                    with gr.Tab("Morph"):
                        morph.build_morph()
                    with gr.Tab("Your music"):
                        intake.build_intake()
                    with gr.Tab("Originality"):
                        original.build_original()
                    with gr.Tab("Learn"):
                        learn.build_learn(studio)
            controls = build_controls(example, studio)
        remote.build_remote()

        made = controls.generate.click(
            _Generate(desk),
            [
                controls.model, controls.style, controls.bars, controls.metre, controls.tempo, controls.key,
                controls.seed, controls.lock, controls.temperature, controls.shape, controls.shown,
                levels, controls.roles, controls.ending,
            ],
            [stage, controls.seed, controls.shown],
            js=_BUSY,
            trigger_mode="once",
            show_progress="hidden",
            concurrency_limit=WORKERS,
            concurrency_id="studio",
            api_name="press_generate",
            api_visibility="private",
        )  # fmt: skip
        made.success(None, js=_IDLE, api_visibility="private")
        made.failure(None, js=_IDLE, api_visibility="private")
        add_endpoints(desk, concurrency_limit=WORKERS, concurrency_id="studio")
        page.temp_file_sets.append(desk.shelf.files)  # what Gradio deletes when it is old
    return page, app_settings(desk, example)


class _Generate:
    """What the Generate button does. Holds nothing of any visitor's."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def __call__(
        self,
        model: str,
        style: str,
        bars: int,
        metre: str,
        tempo: float | None,
        key: str,
        seed: float | None,
        locked: bool,
        temperature: float,
        shape: object,
        shown: float | None,
        levels: object,
        roles: Sequence[str],
        ending: bool,
    ) -> tuple[dict[str, object], int, int]:
        """A new piece for the stage, and its seed.

        The seed in the box is used if it is locked or if the visitor changed it; otherwise a new one is drawn.
        """
        with toasts():
            if seed is None or (seed == shown and not locked):
                seed = secrets.randbelow(NEW_SEEDS)
            request = Request(
                style=style, bars=bars, metre=metre, tempo=tempo, key=key, seed=seed, temperature=temperature,  # type: ignore[arg-type]
                roles=tuple(roles), humanise=usual_humanise(style), ending=ending, **read_shape(shape),  # type: ignore[arg-type]
            )  # fmt: skip
            with self.desk.turn():
                result = self.desk.studio.make(request, sound=False, kind=model)  # the roll comes first
                result = mixer.with_kept(self.desk.studio, result, levels)
                # the stage may show another piece than the last one from here: even the same one must be news to it
                value = self.desk.value(result) | {"press": secrets.token_hex(4)}
            return value, request.seed, request.seed
