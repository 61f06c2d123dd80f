"""Errors as a visitor sees them: one line on a toast, no traceback."""

from __future__ import annotations

import html
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from musicgen.errors import MusicgenError

OUR_FAULT = "Something went wrong on our side. Please try again."

log = logging.getLogger(__name__)


@contextmanager
def toasts() -> Iterator[None]:
    """Show our own errors word for word, and any other as one plain line, with the details in the server's log."""
    try:
        yield
    except MusicgenError as error:
        # A toast is HTML, and a message may quote what the visitor sent.
        raise gr.Error(html.escape(str(error), quote=False), print_exception=False) from None
    except Exception:
        log.exception("A visitor's request failed.")
        raise gr.Error(OUR_FAULT, print_exception=False) from None
