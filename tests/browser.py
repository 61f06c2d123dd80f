"""A page in a real browser: the app is started as a Space starts it, and a visitor's steps are made in Chromium.

Settings: `MUSICGEN_TEST_APP` is another command that serves the page (default: this Python on app.py);
`MUSICGEN_TEST_CHROMIUM` is the path of a Chromium or Chrome that is not on PATH.

The fixtures are `server` (one for all tests), `browser`, `visit` (on a desktop) and `phone`; conftest.py offers them.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
APP = shlex.split(os.environ.get("MUSICGEN_TEST_APP", "")) or [sys.executable, str(ROOT / "app.py")]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--mute-audio"]
START_SECONDS = 120
"""Longer than it takes on a quiet machine, about 10 s: a busy one must not fail every test."""
PATIENCE = 30_000
"""Milliseconds that a test waits for what the page shows: two of them share two cores, and sound takes them both."""
expect.set_options(timeout=PATIENCE)
PHONE = {"width": 390, "height": 844}


@dataclass
class Server:
    """The running app."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def output(self) -> str:
        return self.log.read_text(errors="replace")


@dataclass
class Visit:
    """A page that is open, and what must not happen on it."""

    page: Page
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def audio(self, what: str) -> float:
        return self.page.evaluate(f"document.querySelector('#stage audio').{what}")

    def source(self) -> str:
        return self.page.evaluate("document.querySelector('#stage audio').src")

    def seed(self) -> str:
        return self.page.input_value("#seed input")

    def generate(self) -> None:
        """Press Generate and wait for the new piece."""
        before = self.source()
        self.page.click("#generate")
        self.page.wait_for_function("before => document.querySelector('#stage audio').src !== before", arg=before)
        expect(self.page.locator("#generate")).to_be_enabled()

    def download(self, name: str) -> tuple[str, bytes]:
        """Press a download button; the suggested file name and the bytes."""
        with self.page.expect_download() as waiting:
            self.page.click(f"#downloads [data-format='{name}']")
        return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


# --- fixtures ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from serve(tmp_path_factory.mktemp("page"), {})


def serve(folder: Path, extra: dict[str, str]) -> Iterator[Server]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {key: value for key, value in os.environ.items() if key not in ("SPACE_ID", "GRADIO_SERVER_NAME")}
    environ |= {"GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(folder / "cache")} | extra
    log = folder / "server.log"
    with log.open("wb") as file:
        process = subprocess.Popen(APP, cwd=ROOT, env=environ, stdout=file, stderr=subprocess.STDOUT)
    running = Server(f"http://127.0.0.1:{port}/", process, log)
    try:
        wait_for(running)
        yield running
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(running: Server) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if running.process.poll() is not None:
            pytest.fail(f"{shlex.join(APP)} ended before it answered:\n{running.output()[-3000:]}")
        try:
            with urllib.request.urlopen(running.url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"{shlex.join(APP)} did not answer within {START_SECONDS} s:\n{running.output()[-3000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("MUSICGEN_TEST_CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if path is None:
        pytest.fail(
            "Expected a Chromium for the browser tests. Received: none on PATH. "
            "Install it (Debian, Ubuntu: sudo apt-get install chromium), or set MUSICGEN_TEST_CHROMIUM to its path."
        )
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield running
        running.close()


def visit_page(
    browser: Browser, server: Server, sound: bool = True, waking: bool = False, **options: object
) -> Iterator[Visit]:
    """Open the page; when the test is done, see that it asked no other host and that its console has no error.

    Where the page is `waking`, that is, waits for the Hub at first, it asks its own address until Gradio answers, and
    the browser logs a network error of its own, of one name or another, for each time that it asks in the moment in
    which the port passes to Gradio. Only these are forgiven.
    """
    context = browser.new_context(accept_downloads=True, **options)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    visit = Visit(context.new_page())
    home = urlsplit(server.url).netloc

    def guard(route: Route) -> None:
        target = urlsplit(route.request.url)
        if target.scheme in ("http", "https", "ws", "wss") and target.netloc != home:
            visit.foreign.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    context.route("**/*", guard)

    def heard(line: ConsoleMessage) -> None:
        handover = waking and "net::ERR_" in line.text and line.location["url"].rstrip("/") == server.url.rstrip("/")
        if line.type == "error" and not handover:
            visit.complaints.append(line.text)

    visit.page.on("console", heard)
    visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
    visit.page.goto(server.url)
    if sound:
        # a page that waits for the Hub in vain first takes ten seconds more to start
        audible = "document.querySelector('#stage audio')?.readyState >= 2"
        visit.page.wait_for_function(audible, timeout=1000 * START_SECONDS)
    expect(visit.page.locator("#stage .title")).not_to_be_empty()
    yield visit
    assert visit.foreign == [], "the page asked another host"
    assert visit.complaints == [], f"the browser's console has errors: {visit.complaints}"
    assert "Traceback" not in server.output()
    context.close()


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    yield from visit_page(browser, server, viewport={"width": 1280, "height": 800})


@pytest.fixture
def phone(browser: Browser, server: Server) -> Iterator[Visit]:
    yield from visit_page(browser, server, viewport=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)
