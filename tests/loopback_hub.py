"""A Hugging Face Hub on loopback: just enough of its HTTP for the real client, and the faults a real one can have."""

from __future__ import annotations

import hashlib
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class LoopbackHub:
    """Serves one model, `org/model` at COMMIT. Use as a context manager.

    Args:
        files: path to content.

    Attributes:
        endpoint: its address, for `endpoint=`.
        requests: "METHOD path" of each request so far.
        status: if set, the answer to everything.
        black_hole: if true, takes requests and never answers.
        cut_after: if set, bodies of GET end after so many bytes, though more were promised.
        corrupt: names of files that are served with their last byte changed.
        corrupt_times: how many GETs of those are served wrongly; None for all of them.
        commit: what X-Repo-Commit says.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.requests: list[str] = []
        self.status: int | None = None
        self.black_hole = False
        self.cut_after: int | None = None
        self.corrupt: set[str] = set()
        self.corrupt_times: int | None = None
        self.commit = COMMIT
        self._closing = threading.Event()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                hub._answer(self, body=False)

            def do_GET(self) -> None:
                hub._answer(self, body=True)

            def log_message(self, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *args: object) -> None:
                pass  # clients that hang up are what is tested

        self._server = Server(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> LoopbackHub:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler, body: bool) -> None:
        self.requests.append(f"{request.command} {request.path}")
        if self.black_hole:
            self._closing.wait()
            request.close_connection = True
            return
        match = re.fullmatch(r"/org/model/resolve/(\w+)/([\w.]+)", request.path)
        if self.status is not None:
            return self._send(request, self.status, {}, b"", body)
        if match is None:
            return self._send(request, 404, {"X-Error-Code": "RepoNotFound"}, b"", body)
        if match[1] != COMMIT:
            return self._send(request, 404, {"X-Error-Code": "RevisionNotFound"}, b"", body)
        if match[2] not in self.files:
            return self._send(request, 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT}, b"", body)
        content = self.files[match[2]]
        headers = {"X-Repo-Commit": self.commit, "ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
        if body and match[2] in self.corrupt and self.corrupt_times != 0:
            content = content[:-1] + bytes([content[-1] ^ 1])
            if self.corrupt_times is not None:
                self.corrupt_times -= 1
        self._send(request, 200, headers, content, body)

    def _send(
        self, request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], content: bytes, body: bool
    ) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        if body:
            request.wfile.write(content if self.cut_after is None else content[: self.cut_after])
            if self.cut_after is not None:
                request.close_connection = True
