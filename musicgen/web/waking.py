"""A small page on the page's own address while the model comes from the Hub: how far it is, then the page itself.

The browser asks again twice a second, and loads the page when what answers is no longer this one. Other requests,
such as those of clients of the page's API, are told to come again.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

from musicgen.hub import WEIGHTS

STATE = "X-Waking"
"""The header that tells this page from the other: bytes of the weights that are here, and in all; 0 before."""
PORTS = range(7860, 7960)
"""Tried in turn where no port is asked for, as Gradio does."""
_STATIC = Path(__file__).parent / "static"


class Waking:
    """Serves from a thread of its own until it is closed.

    Args:
        host: the address to listen on.
        port: None for the first free one of `PORTS`.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, host: str, port: int | None) -> None:
        self._state = 0, 0
        self._page = _page()
        self._server = _listen(host, port, self._handler())
        self.port = int(self._server.server_port)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="musicgen-waking", daemon=True).start()

    def progress(self, name: str, here: int, size: int) -> None:
        """Of a file, so many bytes are here; see `hub.Progress`. The weights are what takes time."""
        if name == WEIGHTS:
            self._state = here, size

    def close(self) -> None:
        """Stop, and give the port back."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        waking = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10  # seconds that a client may take to say what it wants

            def do_GET(self) -> None:
                found = self.path.split("?")[0] == "/"
                content = waking._page if found and self.command == "GET" else b""
                self.send_response(200 if found else 503)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.send_header("Cache-Control", "no-store")
                self.send_header("Retry-After", "5")
                self.send_header(STATE, "{}/{}".format(*waking._state))
                self.end_headers()
                self.wfile.write(content)

            do_HEAD = do_POST = do_GET

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *args: Any) -> None:
        pass  # a visitor who left before the answer


def _listen(host: str, port: int | None, handler: type[BaseHTTPRequestHandler]) -> _Server:
    for candidate in PORTS if port is None else (port,):
        try:
            return _Server((host, candidate), handler)
        except OSError:
            if candidate in (port, PORTS[-1]):
                raise
    raise AssertionError


def _page() -> bytes:
    text = (_STATIC / "waking.html").read_text(encoding="utf-8")
    for name in ("page.css", "header.html"):
        text = text.replace(f"<!-- {name} -->", (_STATIC / name).read_text(encoding="utf-8"))
    text = text.replace("<!-- icon.svg -->", quote((_STATIC / "icon.svg").read_text(encoding="utf-8")))
    return text.encode()
