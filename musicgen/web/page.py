"""The page: its regions side by side, and what happens when a visitor does something."""

from __future__ import annotations

import secrets
from pathlib import Path

import gradio as gr

from musicgen.compose import Result, Studio
from musicgen.errors import RequestError
from musicgen.request import Request
from musicgen.web.api import add_endpoint
from musicgen.web.controls import NEW_SEEDS, build_controls
from musicgen.web.downloads import BUTTONS, READY_FORMAT, build_downloads, downloads_value
from musicgen.web.files import Shelf, file_stem, piece_id
from musicgen.web.player import PLAYER_FORMAT, build_player, player_value
from musicgen.web.shape import read_shape, shape_value
from musicgen.web.theme import static
from musicgen.web.toasts import toasts

TITLE = "musicgen"
EXAMPLE = Request(style="jazz", bars=16, key="F major", seed=2)
"""What is ready to play when the page opens."""
FILE_AGE = 3 * 3600
"""Seconds after which a piece's files are deleted."""
WORKERS = 2
"""Pieces made at the same time; a Space has two cores."""

# In the browser, around the server's work: the button is busy from the click until the answer, whatever it is.
_BUSY = "(...values) => { document.dispatchEvent(new CustomEvent('musicgen:busy')); return values; }"
_IDLE = "() => { document.dispatchEvent(new CustomEvent('musicgen:idle')); }"
_UNSAVED = "() => { document.dispatchEvent(new CustomEvent('musicgen:unsaved')); }"


def build_page(studio: Studio) -> gr.Blocks:
    """The page around a studio. Composes and renders the example, once for every visitor."""
    shelf = Shelf()
    desk = _Desk(studio, shelf)
    example = studio.make(EXAMPLE)
    sound, ready = desk.shelve(example)

    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=(FILE_AGE // 3, FILE_AGE)) as page:
        gr.HTML(static("header.html"), apply_default_css=False, js_on_load=static("page.js"), elem_id="masthead")
        with gr.Row(elem_id="desk"):
            with gr.Column(elem_id="main", scale=1, min_width=0):
                player = build_player(example, sound)
                downloads = build_downloads(example, ready, sound is not None)
            controls = build_controls(example)
        # The seed of the piece on the stage: a seed that differs from it was chosen by the visitor.
        shown = gr.State(example.request.seed)

        made = controls.generate.click(
            desk.generate,
            [
                controls.style,
                controls.bars,
                controls.tempo,
                controls.key,
                controls.seed,
                controls.lock,
                controls.temperature,
                controls.shape,
                shown,
            ],
            [player, downloads, controls.shape, controls.seed, shown],
            js=_BUSY,
            trigger_mode="once",
            show_progress="hidden",
            concurrency_limit=WORKERS,
            concurrency_id="studio",
            api_name="press_generate",
            api_visibility="private",
        )
        made.success(None, js=_IDLE, api_visibility="private")
        made.failure(None, js=_IDLE, api_visibility="private")
        downloads.save(
            desk.save,
            None,
            downloads,
            show_progress="hidden",
            concurrency_limit=WORKERS,
            concurrency_id="studio",
            api_visibility="private",
        ).failure(None, js=_UNSAVED, api_visibility="private")
        add_endpoint(studio, shelf, concurrency_limit=WORKERS, concurrency_id="studio")
        page.temp_file_sets.append(shelf.files)  # what Gradio deletes when it is old
    return page


class _Desk:
    """What the events do. Holds the studio and the shelf, and nothing of any visitor's."""

    def __init__(self, studio: Studio, shelf: Shelf) -> None:
        self.studio = studio
        self.shelf = shelf

    def generate(
        self,
        style: str,
        bars: int,
        tempo: float | None,
        key: str,
        seed: float | None,
        locked: bool,
        temperature: float,
        shape: object,
        shown: int,
    ) -> tuple[dict[str, object], dict[str, object], dict[str, object], int, int]:
        """A new piece for the stage, the downloads, the sliders and the seed box.

        The seed in the box is used if it is locked or if the visitor changed it; otherwise a new one is drawn.
        """
        with toasts():
            if seed is None or (seed == shown and not locked):
                seed = secrets.randbelow(NEW_SEEDS)
            request = Request(
                style=style, bars=bars, tempo=tempo, key=key, seed=seed, temperature=temperature,  # type: ignore[arg-type]
                **read_shape(shape),  # type: ignore[arg-type]
            )  # fmt: skip
            result = self.studio.make(request)
            sound, ready = self.shelve(result)
            number = result.request.seed
            return player_value(result, sound), downloads_value(result, ready), shape_value(result), number, number

    def save(self, event: gr.EventData) -> dict[str, object]:
        """The piece of a download bar in the format that was clicked, made again from its request."""
        with toasts():
            name, wish = getattr(event, "format", None), getattr(event, "request", None)
            if name not in BUTTONS or not isinstance(wish, dict):
                raise RequestError(f"Expected a request and a format among {', '.join(BUTTONS)}.")
            result = self.studio.make(Request.from_dict(wish), sound=False)
            piece = piece_id(result)
            if piece != getattr(event, "id", None):
                raise RequestError(
                    "This piece was made by an earlier version of the model. Press Generate for a new one."
                )
            ready = self.shelf.put(piece, f"{file_stem(result)}.{READY_FORMAT}", result.midi)
            path = self.shelf.path(piece, f"{file_stem(result)}.{name}")
            if not path.exists():
                path = self.shelf.put(piece, path.name, self.studio.export(result, name))
            return downloads_value(result, ready, path, str(getattr(event, "ticket", ""))[:40])

    def shelve(self, result: Result) -> tuple[Path | None, Path]:
        """Write what the page needs at once: the sound to play, if there is any, and the MIDI file."""
        piece, stem = piece_id(result), file_stem(result)
        ready = self.shelf.put(piece, f"{stem}.{READY_FORMAT}", result.midi)
        if result.audio is None:
            return None, ready
        sound = self.studio.export(result, PLAYER_FORMAT)
        return self.shelf.put(piece, f"{stem}.{PLAYER_FORMAT}", sound), ready
