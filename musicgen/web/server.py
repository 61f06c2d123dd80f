"""Start the page: open the studio beside Gradio's import, warm it up, build, listen.

Until then nothing answers, unless the model must come from the Hub, which may take minutes: see `waking.py`.

Environment: `MUSICGEN_MODEL` names another model than "vae"; `GRADIO_SERVER_NAME` and `GRADIO_SERVER_PORT` choose the
address; `SPACE_ID`, set on a Hugging Face Space, makes the page listen to the world.
"""

from __future__ import annotations

import ast
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from musicgen import hub
from musicgen.errors import CheckpointError, HubUnreachable, MusicgenError
from musicgen.request import BAR_CHOICES
from musicgen.web.waking import Waking

if TYPE_CHECKING:
    from musicgen.compose import Studio

DEFAULT_MODEL = "vae"
SPACE_PORT = 7860
MAX_QUEUE = 64
"""Visitors who may wait; the next one is told at once that the queue is full."""
QUEUE_LOOKS = 0.01
"""Seconds between two looks of Gradio's queue for what waits. Its own thousand a second take 7 % of a core at rest, and
from what works meanwhile the interpreter."""
MAX_SESSIONS = 512
"""Sessions that Gradio remembers; the oldest goes first."""


def open_studio(progress: hub.Progress | None = None) -> Studio:
    """The studio that the environment asks for, and the models of other kinds that ship; its first one warmed up, so
    that the first visitor does not wait for a compiler.

    Where its model is to come from the Hub and cannot be had, or is no good, the model that ships plays, and the page
    says so; the log says why.

    Args:
        progress: told how far the model's download is.

    Raises:
        CheckpointError: there is no such model here, or its commit is not pinned.
    """
    from musicgen.compose import Studio

    model = _wanted()
    try:
        if progress is not None:
            hub.resolve(model, progress=progress)  # the studio then finds it in the cache
        studio = Studio.open(model, others=hub.bundled_names())
    except CheckpointError as error:
        if not _is_pinned(model):
            raise
        print(error, file=sys.stderr)
        studio = Studio.open(DEFAULT_MODEL, others=hub.bundled_names())
        what = "The Hub could not be reached"
        if not isinstance(error, HubUnreachable):
            what = "The page's own model could not be loaded"
        studio.notice = f"{what}, so the model that ships with the page plays."
    studio.composer.warm_up()
    return studio


def _wanted() -> str:
    return os.environ.get("MUSICGEN_MODEL") or DEFAULT_MODEL


def _is_pinned(model: str) -> bool:
    """Whether this is "org/name@commit" on the Hub."""
    try:
        hub.split_name(model)
    except CheckpointError:
        return False
    return True


def _has_desktop() -> bool:
    """Whether somebody sits at this machine, for whom the page can be opened."""
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _wake(host: str, port: int | None) -> Waking | None:
    """The page to serve while the model is fetched, if it must be and the port is free."""
    if hub.is_here(_wanted()):
        return None
    try:
        waking = Waking(host, port)
    except OSError:
        return None  # for Gradio to tell
    print(f"Fetching {_wanted()}; http://{host}:{waking.port} shows how far it is.", flush=True)
    return waking


@contextmanager
def parsing_in_turn() -> Iterator[None]:
    """One thread at a time in `ast.parse`.

    Both imports read source code with it, and CPython counts the depth of all threads' trees in one place: two at once
    can end in "SystemError: AST constructor recursion depth mismatch", seen with Python 3.11.7 on a busy machine.
    """
    lock, parse = threading.RLock(), ast.parse

    def in_turn(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return parse(*args, **kwargs)

    ast.parse = in_turn  # type: ignore[assignment]
    try:
        yield
    finally:
        ast.parse = parse


def serve(opener: Callable[[hub.Progress | None], Studio] = open_studio) -> None:
    """Build the page around the studio that `opener` returns and serve it until the process ends."""
    on_space = "SPACE_ID" in os.environ
    host = os.environ.get("GRADIO_SERVER_NAME") or ("0.0.0.0" if on_space else "127.0.0.1")
    asked = os.environ.get("GRADIO_SERVER_PORT")
    port = int(asked) if asked else (SPACE_PORT if on_space else None)
    waking = _wake(host, port)
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # read when Gradio is imported
    # TensorFlow and Gradio take about 5 s each to import, mostly reading files: do both at once.
    with parsing_in_turn(), ThreadPoolExecutor(1) as pool:
        opening = pool.submit(opener, waking.progress if waking else None)
        from musicgen.web.page import build_page
        from musicgen.web.theme import HEAD, ICON, THEME

        try:
            studio = opening.result()
        except MusicgenError as error:
            print(error, file=sys.stderr)
            raise SystemExit(2) from None
    page, app_settings = build_page(studio)
    page.queue(max_size=MAX_QUEUE, api_open=False)
    page._queue.sleep_when_free = QUEUE_LOOKS
    if waking is not None:
        port = waking.port
        waking.close()
    page.launch(
        server_name=host,
        server_port=port,
        theme=THEME,
        head=HEAD,
        favicon_path=ICON,
        footer_links=["api"],  # the style sheet hides the footer, but `?view=api` works only where it is among them
        app_kwargs=app_settings,
        show_error=False,
        enable_monitoring=False,
        run_history=False,
        max_file_size="1mb",
        ssr_mode=False,
        pwa=False,
        mcp_server=True,  # the endpoints as tools for assistants
        share=False,
        inbrowser=_has_desktop() and not on_space,
        state_session_capacity=MAX_SESSIONS,
        prevent_thread_lock=True,
    )
    # seconds, so only now: the page answers already; longer pieces have shapes of their own
    if studio.renderer is not None:
        studio.renderer.warm_up()
    for composer in studio.composers.values():
        for bars in BAR_CHOICES:
            composer.warm_up(bars)
    page.block_thread()
