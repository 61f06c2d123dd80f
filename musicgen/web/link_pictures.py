"""Pictures of the pieces of links, as chats and social networks show them, and what bounds the work they are.

Anybody may ask for the picture of any recipe, and a picture takes a model some tenths of a second.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from functools import cached_property

from fastapi import Request
from fastapi.responses import Response
from starlette.routing import BaseRoute, Route

from musicgen import cards
from musicgen.compose import Result
from musicgen.errors import MusicgenError
from musicgen.export.names import title_of
from musicgen.recipe import read_link
from musicgen.web.desk import Desk
from musicgen.web.pieces import facts_of

LONGEST_LINK = 4000
"""Characters of a recipe in an address; proxies refuse longer ones, so the page puts those after the `#`."""
MOST_STEPS = 8
"""Most steps of a piece that a picture is made of."""
PICTURES_KEPT = 200
"""Pictures that are remembered, of some 30 kB each."""
BURST, SECONDS_EACH = 20, 3.0
"""Pictures that may be made at once, and the seconds after which one more may."""
_WAITING = 4
"""Calls that may wait for a picture that is being made."""
_WAIT_SECONDS = 5.0

log = logging.getLogger(__name__)


class Budget:
    """How often something may be done: a number of times at once, and once more every so many seconds.

    Args:
        burst: times that it may be done at once.
        seconds: after which it may be done once more.
    """

    def __init__(self, burst: int, seconds: float) -> None:
        self._burst, self._seconds = burst, seconds
        self._left, self._at = float(burst), time.monotonic()

    def spend(self) -> bool:
        """Whether it may be done now; if so, that is counted. Not for several threads at once."""
        now = time.monotonic()
        self._left = min(self._burst, self._left + (now - self._at) / self._seconds)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Pictures:
    """Pictures of the pieces of links, PNG. Any number of threads may ask.

    Bounded are: a link's length and the steps of its recipe, the pictures that are made at once (one) and each minute
    (see `Budget`), the calls that wait, and the pictures that are remembered. Beyond any of these, and where a link is
    damaged, the answer is the picture of the example.

    Args:
        desk: what makes the pieces.
        example: the piece that the page opens with.
        budget: how often a picture may be made.
    """

    def __init__(self, desk: Desk, example: Result, budget: Budget | None = None) -> None:
        self._desk, self._example = desk, example
        self._budget = budget or Budget(BURST, SECONDS_EACH)
        self._made: OrderedDict[str, bytes] = OrderedDict()
        self._working = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_WAITING)

    @cached_property
    def example(self) -> bytes:
        """The picture of the page itself."""
        return _draw(self._example)

    def find(self, link: str) -> bytes | None:
        """The picture of a link's piece; None where there is none, or none now. Never raises."""
        name = hashlib.sha256(link.encode()).hexdigest()
        if (picture := self._made.get(name)) is not None:
            return picture
        if not link or len(link) > LONGEST_LINK or not self._waiting.acquire(blocking=False):
            return None
        try:
            if not self._working.acquire(timeout=_WAIT_SECONDS):
                return None
            try:
                return self._made.get(name) or self._make(name, link)
            finally:
                self._working.release()
        finally:
            self._waiting.release()

    def _make(self, name: str, link: str) -> bytes | None:
        try:
            recipe = read_link(link)
            if recipe.steps > MOST_STEPS or not self._budget.spend():
                return None
            with self._desk.turn():
                picture = _draw(self._desk.studio.replay(recipe, sound=False))
        except MusicgenError:
            return None
        except Exception:
            log.exception("A picture could not be made.")
            return None
        self._made[name] = picture
        while len(self._made) > PICTURES_KEPT:
            self._made.popitem(last=False)
        return picture


def _draw(piece: Result) -> bytes:
    music = piece.music
    title = title_of(music.style, music.key, piece.recipe.source)
    facts = facts_of(piece.recipe, music.bars, music.tempo, music.style, music.metre.name, bool(music.later_tempos))
    return cards.card(music, title, " · ".join(facts))


def routes(pictures: Pictures) -> list[BaseRoute]:
    """Where the pictures are found: `/preview.png`, `?piece=` for that of a piece, and the icons."""

    def preview(request: Request) -> Response:  # not async: it works in a thread of its own
        link = request.query_params.get("piece")
        picture = pictures.find(link) if link else pictures.example
        if picture is None:
            return _image(pictures.example, 60)  # come again, there may be time then
        return _image(picture, 86400)

    def icon(request: Request) -> Response:
        return _image(cards.icon(180), 86400)

    return [Route("/preview.png", preview), Route("/apple-touch-icon.png", icon)]


def _image(data: bytes, seconds: int) -> Response:
    return Response(data, media_type="image/png", headers={"Cache-Control": f"public, max-age={seconds}"})
