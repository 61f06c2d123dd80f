"""Start the page: open the studio beside Gradio's import, warm it up, build, listen.

Environment: `MUSICGEN_MODEL` names another model than "vae"; `GRADIO_SERVER_NAME` and `GRADIO_SERVER_PORT` choose the
address; `SPACE_ID`, set on a Hugging Face Space, makes the page listen to the world.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from musicgen.errors import HubUnreachable, MusicgenError

if TYPE_CHECKING:
    from musicgen.compose import Studio

DEFAULT_MODEL = "vae"
SPACE_PORT = 7860
MAX_QUEUE = 32
"""Visitors who may wait; the next one is told at once that the queue is full."""
MAX_SESSIONS = 512
"""Sessions whose state (one seed each) is kept; the oldest goes first."""


def open_studio() -> Studio:
    """The studio that the environment asks for, warmed up so that the first visitor does not wait for a compiler.

    Where the Hub cannot be reached and its model is not in the cache, the model that ships plays, and the page says so.
    """
    from musicgen.compose import Studio

    try:
        studio = Studio.open(os.environ.get("MUSICGEN_MODEL") or DEFAULT_MODEL)
    except HubUnreachable as error:
        print(error, file=sys.stderr)
        studio = Studio.open(DEFAULT_MODEL)
        studio.notice = "The Hub could not be reached, so the model that ships with the page plays."
    studio.composer.warm_up()
    return studio


def _has_desktop() -> bool:
    """Whether somebody sits at this machine, for whom the page can be opened."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def serve(opener: Callable[[], Studio] = open_studio) -> None:
    """Build the page around the studio that `opener` returns and serve it until the process ends."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when Gradio is imported
    # TensorFlow and Gradio take about 5 s each to import, mostly reading files: do both at once.
    with ThreadPoolExecutor(1) as pool:
        opening = pool.submit(opener)
        from musicgen.web.page import build_page
        from musicgen.web.theme import HEAD, THEME

        try:
            studio = opening.result()
        except MusicgenError as error:
            print(error, file=sys.stderr)
            raise SystemExit(2) from None
    on_space = "SPACE_ID" in os.environ
    port = os.environ.get("GRADIO_SERVER_PORT")
    page = build_page(studio)
    page.queue(max_size=MAX_QUEUE, api_open=False)
    page.launch(
        server_name=os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if on_space else "127.0.0.1"),
        server_port=int(port) if port else (SPACE_PORT if on_space else None),
        theme=THEME,
        head=HEAD,
        footer_links=[],
        show_error=False,
        enable_monitoring=False,
        run_history=False,
        max_file_size="1mb",
        ssr_mode=False,
        pwa=False,
        share=False,
        inbrowser=_has_desktop() and not on_space,
        state_session_capacity=MAX_SESSIONS,
        prevent_thread_lock=True,
    )
    if studio.renderer is not None:
        studio.renderer.warm_up()  # seconds, so only now: the page answers already, and the example is rendered
    page.block_thread()
