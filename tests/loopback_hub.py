"""A Hugging Face Hub on loopback: just enough of its HTTP for the real client, and the faults a real one can have."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TOKEN = "hf_loopback"

_RESOLVE = re.compile(r"/(spaces/)?([\w.-]+/[\w.-]+)/resolve/(\w+)/([\w./-]+)")
_API = re.compile(r"/api/(model|space)s/([\w.-]+/[\w.-]+)/(preupload|commit|tree)/main(?:\?.*)?")
_LFS = re.compile(r"/(spaces/)?([\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch")


class LoopbackHub:
    """Serves a model at COMMIT, and whatever is pushed to it. Use as a context manager.

    Args:
        files: path to content of the model.
        repo: its name.

    Attributes:
        endpoint: its address, for `endpoint=`.
        requests: "METHOD path" of each request so far.
        repos: ("model" or "space", "org/name") to commits, oldest first, each (digits, path to content).
        status: if set, the answer to everything.
        black_hole: if true, takes requests and never answers.
        cut_after: if set, bodies of GET end after so many bytes, though more were promised.
        drip_seconds: how long the body of a GET takes, if it is more than 10,000 bytes.
        corrupt: names of files that are served with their last byte changed.
        corrupt_times: how many GETs of those are served wrongly; None for all of them.
        commit: what X-Repo-Commit says of the model, if set.
        refuse: if set, (part of a path, status): what writes there gets.
    """

    def __init__(self, files: dict[str, bytes], repo: str = "org/model") -> None:
        self.files = files
        self.repos: dict[tuple[str, str], list[tuple[str, dict[str, bytes]]]] = {("model", repo): [(COMMIT, files)]}
        self.requests: list[str] = []
        self.status: int | None = None
        self.black_hole = False
        self.cut_after: int | None = None
        self.drip_seconds = 0.0
        self.corrupt: set[str] = set()
        self.corrupt_times: int | None = None
        self.commit: str | None = None
        self.refuse: tuple[str, int] | None = None
        self._stored: dict[str, bytes] = {}
        self._closing = threading.Event()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                hub._answer(self)

            do_GET = do_POST = do_PUT = do_HEAD

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

    def writes(self) -> list[str]:
        """Requests that change something."""
        return [request for request in self.requests if request.startswith(("POST", "PUT"))]

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        self.requests.append(f"{request.command} {request.path}")
        if self.black_hole:
            self._closing.wait()
            request.close_connection = True
            return
        body = _read(request)
        if self.status is not None:
            self._send(request, self.status, {}, b"")
        elif request.command in ("GET", "HEAD") and (match := _RESOLVE.fullmatch(request.path)):
            self._resolve(request, "space" if match[1] else "model", match[2], match[3], match[4])
        elif request.command == "GET" and (match := _API.fullmatch(request.path)) and match[3] == "tree":
            self._tree(request, match[1], match[2])
        elif request.command in ("POST", "PUT"):
            self._write(request, body)
        else:
            self._send(request, 404, {"X-Error-Code": "RepoNotFound"}, b"")

    # --- reading ---

    def _resolve(self, request: BaseHTTPRequestHandler, kind: str, repo: str, commit: str, name: str) -> None:
        commits = dict(self.repos.get((kind, repo), ()))
        if not commits:
            return self._send(request, 404, {"X-Error-Code": "RepoNotFound"}, b"")
        if commit not in commits:
            return self._send(request, 404, {"X-Error-Code": "RevisionNotFound"}, b"")
        if name not in commits[commit]:
            return self._send(request, 404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": commit}, b"")
        content = commits[commit][name]
        headers = {"X-Repo-Commit": self.commit or commit, "ETag": f'"{hashlib.sha256(content).hexdigest()}"'}
        if request.command == "GET" and name in self.corrupt and self.corrupt_times != 0:
            content = content[:-1] + bytes([content[-1] ^ 1])
            if self.corrupt_times is not None:
                self.corrupt_times -= 1
        self._send(request, 200, headers, content)

    def _tree(self, request: BaseHTTPRequestHandler, kind: str, repo: str) -> None:
        files = self.repos[kind, repo][-1][1] if self.repos.get((kind, repo)) else {}
        self._json(request, [{"type": "file", "path": path, "size": len(c), "oid": "0"} for path, c in files.items()])

    # --- writing ---

    def _write(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        path = request.path
        if self.refuse is not None and self.refuse[0] in path:
            return self._send(request, self.refuse[1], {}, b"")
        if path.startswith("/lfs/"):  # storage, which knows no token
            digest = hashlib.sha256(body).hexdigest()
            self._stored[digest] = body
            return self._send(request, 200 if path == f"/lfs/{digest}" else 400, {}, b"")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self._send(request, 401, {}, b'{"error": "Invalid username or password."}')
        if path == "/api/repos/create":
            return self._create(request, json.loads(body))
        if path == "/api/validate-yaml":
            return self._json(request, {"errors": [], "warnings": []})
        if match := _LFS.fullmatch(path):
            objects = [
                {**wanted, "actions": {"upload": {"href": f"{self.endpoint}/lfs/{wanted['oid']}"}}}
                for wanted in json.loads(body)["objects"]
            ]
            return self._json(request, {"transfer": "basic", "objects": objects})
        match = _API.fullmatch(path)
        if match is None or (match[1], match[2]) not in self.repos:
            return self._send(request, 404, {"X-Error-Code": "RepoNotFound"}, b"")
        if match[3] == "preupload":
            modes = [
                {"path": file["path"], "shouldIgnore": False, "oid": None,
                 "uploadMode": "lfs" if file["path"].endswith((".safetensors", ".png")) else "regular"}
                for file in json.loads(body)["files"]
            ]  # fmt: skip
            return self._json(request, {"files": modes})
        return self._commit(request, match[1], match[2], [json.loads(line) for line in body.splitlines()])

    def _create(self, request: BaseHTTPRequestHandler, wanted: dict[str, Any]) -> None:
        kind, repo = wanted.get("type") or "model", f"{wanted['organization']}/{wanted['name']}"
        if kind == "space" and wanted.get("sdk") != "gradio":
            return self._send(request, 400, {}, b"")
        url = f"{self.endpoint}/{'spaces/' if kind == 'space' else ''}{repo}"
        new = (kind, repo) not in self.repos
        self.repos.setdefault((kind, repo), [])
        self._json(request, {"url": url, "id": "1"}, 200 if new else 409)

    def _commit(self, request: BaseHTTPRequestHandler, kind: str, repo: str, lines: list[dict[str, Any]]) -> None:
        commits = self.repos[kind, repo]
        files = dict(commits[-1][1]) if commits else {}
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self._stored[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        digits = hashlib.sha1(repr((len(commits), sorted(files.items()))).encode()).hexdigest()
        commits.append((digits, files))
        url = f"{self.endpoint}/{repo}/commit/{digits}"
        self._json(request, {"success": True, "commitUrl": url, "commitOid": digits})

    # --- answering ---

    def _json(self, request: BaseHTTPRequestHandler, value: object, status: int = 200) -> None:
        self._send(request, status, {"Content-Type": "application/json"}, json.dumps(value).encode())

    def _send(self, request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], content: bytes) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        if request.command == "HEAD":
            return
        if request.command == "GET" and self.cut_after is not None:
            request.wfile.write(content[: self.cut_after])
            request.close_connection = True
        elif request.command == "GET" and self.drip_seconds and len(content) > 10_000:
            step = len(content) // 20 + 1
            for start in range(0, len(content), step):
                request.wfile.write(content[start : start + step])
                request.wfile.flush()
                time.sleep(self.drip_seconds / 20)
        else:
            request.wfile.write(content)


def _read(request: BaseHTTPRequestHandler) -> bytes:
    """The body of a request, whether its length is told or it comes in chunks."""
    if request.headers.get("Transfer-Encoding") == "chunked":
        parts = []
        while size := int(request.rfile.readline(), 16):
            parts.append(request.rfile.read(size))
            request.rfile.readline()
        request.rfile.readline()
        return b"".join(parts)
    return request.rfile.read(int(request.headers.get("Content-Length", 0)))
