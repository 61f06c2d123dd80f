"""Link previews: the title, the description and the picture that chats and social networks show of a link.

A link to a piece has its recipe in the address, `?piece=`, so that the first bytes of the page can tell its name.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from gradio.route_utils import get_root_url
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from musicgen import cards
from musicgen.compose import Result
from musicgen.errors import RequestError
from musicgen.export.names import title_of
from musicgen.recipe import Recipe, read_link
from musicgen.web.desk import Desk
from musicgen.web.link_pictures import LONGEST_LINK, Pictures, routes
from musicgen.web.pieces import facts_of

NAME = "musicgen"
SAYS = "Multi-track music in a second. Shape it, hear it, take it home as MIDI or audio."
_TAGS = re.compile(r"""\s*<meta\s+(?:property="og:|name="twitter:)[^>]*>""")
_HEAD = re.compile(r'(<meta charset="utf-8" />)(.*?)(?=<script>window\.gradio_config)', re.S)


@dataclass(frozen=True)
class Preview:
    """What is shown of a link, beside its picture."""

    title: str
    description: str


def preview_of(recipe: Recipe) -> Preview:
    """The name and the facts of a piece, told from its recipe alone: a page is sent before any model works.

    Raises:
        RequestError: the recipe began as a file.
    """
    request = recipe.request
    if request is None:
        raise RequestError("Expected a piece that was made here. Received: one that began as a file.")
    style, bars, tempo = request.style, request.bars, request.tempo
    for edit in recipe.edits:
        style = edit.style or style
        bars += edit.bars if edit.kind == "continue" else 0
        tempo = edit.mix.tempo or tempo
    facts = facts_of(recipe, bars, tempo or 0.0, style, request.metre)
    return Preview(f"{title_of(style, request.key)} · {NAME}", f"{', '.join(facts)}. {SAYS}")


class PreviewTags:
    """Middleware that puts our tags for links into the page, in the place of Gradio's own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] != "/":
            return await self._app(scope, receive, send)
        start: Message = {}
        parts: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            parts.append(message.get("body", b""))
            if message.get("more_body"):
                return
            body = b"".join(parts)
            if start["status"] == 200 and Headers(raw=start["headers"]).get("content-type", "").startswith("text/html"):
                body = _with_tags(body.decode(), Request(scope)).encode()
                MutableHeaders(raw=start["headers"])["Content-Length"] = str(len(body))
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, collect)


def _with_tags(page: str, request: Request) -> str:
    link = request.query_params.get("piece") or ""
    root = get_root_url(request, "/", request.scope.get("root_path"))
    preview, query = Preview(NAME, SAYS), ""
    if link and len(link) <= LONGEST_LINK:
        with suppress(RequestError):  # the page says what is wrong with it
            preview, query = preview_of(read_link(link)), f"?piece={quote(link)}"
    tags = _tags(preview, f"{root}/{query}", f"{root}/preview.png{query}")
    return _HEAD.sub(lambda found: found[1] + tags + _TAGS.sub("", found[2]), page, count=1)


def _tags(preview: Preview, address: str, picture: str) -> str:
    title, description = escape(preview.title), escape(preview.description)
    width, height = cards.SIZE
    properties = {
        "type": "website", "site_name": NAME, "title": title, "description": description, "url": escape(address),
        "image": escape(picture), "image:type": "image/png", "image:width": width, "image:height": height,
        "image:alt": f"Piano roll of {title}",
    }  # fmt: skip
    lines = [
        f"<title>{title}</title>",
        f'<meta name="description" content="{description}">',
        *(f'<meta property="og:{name}" content="{value}">' for name, value in properties.items()),
        '<meta name="twitter:card" content="summary_large_image">',
        '<link rel="icon" href="favicon.ico" type="image/svg+xml">',
        '<link rel="apple-touch-icon" href="apple-touch-icon.png">',
    ]
    return "\n" + "\n".join(lines)


def app_settings(desk: Desk, example: Result) -> dict[str, Any]:
    """What `launch` hands to FastAPI as `app_kwargs`, so that links to the page have previews."""
    return {"routes": routes(Pictures(desk, example)), "middleware": [Middleware(PreviewTags)]}
