"""What the page's scripts can ask the server for: `musicgen.ask(action, values)` in the browser, an answer from here.

The regions of the page bring their actions: functions of the desk and of what the script sent, which give plain values.
Nothing of a visitor is kept between two calls: a piece comes with every call, as its MIDI file.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from musicgen.compose import Result, Studio
from musicgen.errors import MusicgenError, RequestError
from musicgen.web.files import Shelf, url
from musicgen.web.known import Known
from musicgen.web.pieces import piece_id, piece_value, stem_of
from musicgen.web.toasts import OUR_FAULT

WORKERS = 2
"""Pieces made at the same time; a Space has two cores."""
_WAIT_SECONDS = 20.0
"""How long a call waits for its turn."""

Action = Callable[["Desk", Mapping[str, Any]], dict[str, Any]]

log = logging.getLogger(__name__)


class Desk:
    """The studio, the shelf of files, and the actions of the page's regions.

    Args:
        actions: name to action.
    """

    def __init__(self, studio: Studio, shelf: Shelf, actions: Mapping[str, Action]) -> None:
        self.studio, self.shelf, self.actions = studio, shelf, dict(actions)
        self.known = Known(studio)
        self._turn = threading.BoundedSemaphore(WORKERS)

    def ask(self, call: Any) -> dict[str, Any]:
        """An answer to a script: what the action gives, or {"error": one line}.

        Args:
            call: {"action": a name, and what the action takes}.
        """
        try:
            values = call if isinstance(call, Mapping) else {}
            action = self.actions.get(str(values.get("action")))
            if action is None:
                raise RequestError("Expected something that this page can do. Received: something else; reload it.")
            with self.turn():
                return action(self, values)
        except MusicgenError as error:
            return {"error": str(error)}
        except Exception:
            log.exception("A visitor's request failed.")
            return {"error": OUR_FAULT}

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until one of the workers is free.

        Raises:
            RequestError: none was for `_WAIT_SECONDS`.
        """
        if not self._turn.acquire(timeout=_WAIT_SECONDS):
            raise RequestError("Many people make music here at the moment. Please try again in a minute.")
        try:
            yield
        finally:
            self._turn.release()

    def value(self, result: Result) -> dict[str, Any]:
        """A piece for the scripts; its sound, unless it is there already, is made when a script asks for it."""
        if result.audio is not None:
            return piece_value(result, self.shelve(result, PLAYER_FORMAT))
        return piece_value(result, later=self.studio.renderer is not None)

    def shelve(self, result: Result, format_name: str) -> Path:
        """The piece as a file of this format, made if it is not there."""
        path = self.shelf.path(piece_id(result), f"{stem_of(result)}.{format_name}")
        if not path.exists():
            self.shelf.put(path, self.studio.export(result, format_name))
        return path


PLAYER_FORMAT = "flac"
"""What the page plays: sample-exact as WAV is, so the playhead is in step, at a third of its size."""


def sound_of(desk: Desk, result: Result) -> str:
    """Where the browser finds the sound of a piece."""
    return url(desk.shelve(result, PLAYER_FORMAT))


__all__ = ["PLAYER_FORMAT", "WORKERS", "Action", "Desk", "sound_of"]
