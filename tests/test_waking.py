"""The page whose model comes from the Hub: what a visitor sees meanwhile, and what plays where it does not come."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import resource
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from safetensors.numpy import load, save

from musicgen import hub
from musicgen.errors import CheckpointError
from musicgen.web.server import open_studio, parsing_in_turn
from musicgen.web.waking import STATE, Waking
from tests.browser import Visit, serve
from tests.loopback_hub import COMMIT, LoopbackHub
from tests.test_hub import POINTER
from tests.tiny import tiny_vae

ROOT = Path(__file__).resolve().parent.parent
NAME = f"org/model@{COMMIT}"


def answer(url: str) -> tuple[int, str | None, bytes]:
    """Status, state and content."""
    try:
        with urllib.request.urlopen(url, timeout=10) as response:
            return response.status, response.headers[STATE], response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers[STATE], error.read()


def test_two_threads_never_parse_source_at_once() -> None:
    inside, most = [], []
    real = ast.parse

    def slow(*args: object, **kwargs: object) -> ast.AST:
        inside.append(1)
        most.append(len(inside))
        time.sleep(0.01)
        inside.pop()
        return real(*args, **kwargs)  # type: ignore[call-overload]

    ast.parse = slow  # type: ignore[assignment]
    try:
        with parsing_in_turn(), ThreadPoolExecutor(4) as pool:
            trees = list(pool.map(lambda text: ast.parse(text), ["a = 1"] * 8))
        assert ast.parse is slow
    finally:
        ast.parse = real
    assert len(trees) == 8 and max(most) == 1


# --- while the model comes ---------------------------------------------------------------------------------------


@pytest.fixture
def waking() -> Iterator[Waking]:
    waking = Waking("127.0.0.1", 0)
    yield waking
    waking.close()


def test_it_tells_how_many_bytes_are_here_of_how_many(waking: Waking) -> None:
    url = f"http://127.0.0.1:{waking.port}/"
    assert answer(url)[:2] == (200, "0/0")
    for state in (("model.safetensors", 5, 90), ("model.safetensors", 40, 90), ("config.json", 10, 10)):
        waking.progress(*state)
    assert answer(url + "?__theme=dark")[:2] == (200, "40/90")


def test_it_asks_no_other_host_and_sends_clients_of_the_page_away_for_a_while(waking: Waking) -> None:
    url = f"http://127.0.0.1:{waking.port}/"
    content = answer(url)[2].decode()
    assert "Fetching the model" in content and "<!-- page.css -->" not in content
    assert not re.findall(r"(?:src|href)=\"(?!data:)|url\((?!\"data:)|@import", content)
    assert answer(url + "config")[0] == 503
    assert answer(url + "gradio_api/call/generate")[0] == 503


def test_closed_it_gives_the_port_back() -> None:
    first = Waking("127.0.0.1", 0)
    answer(f"http://127.0.0.1:{first.port}/")
    first.close()
    Waking("127.0.0.1", first.port).close()


def test_a_port_that_is_taken_is_not_shared(waking: Waking) -> None:
    with pytest.raises(OSError):
        Waking("127.0.0.1", waking.port)


def test_a_visitor_sees_how_far_the_model_is_and_then_the_page_by_itself(browser: Browser, tmp_path: Path) -> None:
    folder = ROOT / "checkpoints" / "vae"
    with LoopbackHub({path.name: path.read_bytes() for path in folder.iterdir()}) as server:
        server.drip_seconds = 10.0
        environ = {"MUSICGEN_MODEL": NAME, "HF_ENDPOINT": server.endpoint, "HF_HOME": str(tmp_path / "hub")}
        for running in serve(tmp_path, environ):
            page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
            page.set_default_timeout(240_000)
            asked: list[str] = []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(running.url)
            expect(page.locator(".title")).to_have_text("Fetching the model")
            expect(page.locator(".size")).to_have_text(re.compile(r"^\d+\.\d of 29\.4 MB\."), timeout=20_000)
            first = page.evaluate("document.querySelector('progress').value")
            page.wait_for_function("before => document.querySelector('progress').value > before", arg=first)
            if shots := os.environ.get("MUSICGEN_TEST_SHOTS"):
                page.screenshot(path=f"{shots}/waking.png")
            page.wait_for_function("document.querySelector('#stage audio')?.readyState >= 2")
            expect(page.locator("#stage .remark")).to_be_hidden()
            Visit(page).generate()
            assert all(url.startswith((running.url, "data:", "blob:")) for url in asked), asked
            assert "Traceback" not in running.output()


# --- where the model does not come -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A checkpoint on the Hub."""
    folder = tmp_path_factory.mktemp("model")
    tiny_vae().save_pretrained(folder)
    hub.write_manifest(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def ships(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the checkpoints that ship, with a small one: the other's weights, one of them changed."""
    folder = tmp_path_factory.mktemp("ships")
    composer = tiny_vae()
    weight = composer.vae.trainable_weights[0]  # type: ignore[attr-defined]
    weight.assign(weight + 0.5)
    composer.save_pretrained(folder / "vae")
    hub.write_manifest(folder / "vae")
    return folder


def misshapen(files: dict[str, bytes], folder: Path) -> dict[str, bytes]:
    """The checkpoint with a tensor of another shape, and a manifest that agrees."""
    tensors = load(files["model.safetensors"])
    name = next(name for name, tensor in tensors.items() if tensor.ndim == 2)
    folder.mkdir()
    (folder / "config.json").write_bytes(files["config.json"])
    (folder / "model.safetensors").write_bytes(save({**tensors, name: tensors[name][:-1].copy()}))
    hub.write_manifest(folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


AWAY = "The Hub could not be reached, so the model that ships with the page plays."
MISSING = "The page's own model could not be loaded, so the model that ships with the page plays."
FAULTS: dict[str, tuple[Callable[[LoopbackHub], object], str]] = {
    "401": (lambda server: setattr(server, "status", 401), MISSING),
    "404": (lambda server: setattr(server, "status", 404), MISSING),
    "429": (lambda server: setattr(server, "status", 429), AWAY),
    "500": (lambda server: setattr(server, "status", 500), AWAY),
    "black hole": (lambda server: setattr(server, "black_hole", True), AWAY),
    "body cut short": (lambda server: setattr(server, "cut_after", 100), AWAY),
    "other content": (lambda server: server.corrupt.add("model.safetensors"), MISSING),
    "LFS pointer": (lambda server: server.files.update({"model.safetensors": POINTER}), MISSING),
}


@pytest.fixture
def opened(ships: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[float, str | None]]:
    """Opens the page's studio with the Hub at an address; how long it took until some model was there, and the notice.

    What plays must be the model that ships, unless the bytes of other weights are given.
    """
    monkeypatch.setenv("MUSICGEN_MODEL", NAME)
    monkeypatch.setattr(hub, "BUNDLED", (ships,))

    def opened(endpoint: str, weights: bytes | None = None) -> tuple[float, str | None]:
        resolve, found = hub.resolve, []

        def timed(name: str, **options: object) -> Path:
            folder = resolve(name, endpoint=endpoint, cache_dir=tmp_path / "cache", **options)  # type: ignore[arg-type]
            found.append(time.monotonic())
            return folder

        with monkeypatch.context() as patch:
            patch.setattr(hub, "resolve", timed)
            started = time.monotonic()
            studio = open_studio(lambda *state: None)
        expected = (ships / "vae" / "model.safetensors").read_bytes() if weights is None else weights
        assert studio.composer.identity == f"vae-{hashlib.sha256(expected).hexdigest()[:12]}"
        return found[-1] - started, studio.notice

    return opened


def nothing_is_left(cache: Path) -> None:
    """The cache has no whole copy, nor one half fetched."""
    assert not hub.is_here(NAME, cache)
    until = time.monotonic() + 15  # a thread that was given up may still wait for its last answer
    while list(cache.rglob("*.incomplete")) and time.monotonic() < until:
        time.sleep(0.1)
    assert not list(cache.rglob("*.incomplete"))


@pytest.mark.parametrize("fault", FAULTS)
def test_what_does_not_come_whole_does_not_play_and_the_visitor_is_told_within_ten_seconds(
    files: dict[str, bytes], tmp_path: Path, opened: Callable[[str], tuple[float, str | None]], fault: str
) -> None:
    break_it, said = FAULTS[fault]
    with LoopbackHub(dict(files)) as server:
        break_it(server)
        seconds, notice = opened(server.endpoint)
    assert notice == said
    assert seconds < 10
    nothing_is_left(tmp_path / "cache")


def test_what_is_cached_plays_without_a_request_or_a_word(
    files: dict[str, bytes], tmp_path: Path, opened: Callable
) -> None:
    weights = files["model.safetensors"]
    with LoopbackHub(dict(files)) as server:
        seconds, notice = opened(server.endpoint, weights)
        assert notice is None and seconds < 10
        server.requests.clear()
        assert opened(server.endpoint, weights)[1] is None
        assert server.requests == []
    assert hub.is_here(NAME, tmp_path / "cache")


def test_two_pages_that_start_at_once_both_get_the_model(
    files: dict[str, bytes], tmp_path: Path, opened: Callable
) -> None:
    weights = files["model.safetensors"]
    with LoopbackHub(dict(files)) as server:
        code = (
            "from pathlib import Path; import sys; from musicgen import hub;"
            "print(hub.resolve(sys.argv[1], endpoint=sys.argv[2], cache_dir=sys.argv[3]))"
        )
        wish = [sys.executable, "-c", code, NAME, server.endpoint, str(tmp_path / "cache")]
        with subprocess.Popen(wish, stdout=subprocess.PIPE) as other:
            seconds, notice = opened(server.endpoint, weights)
            folder = Path(other.communicate(timeout=60)[0].decode().strip())
    assert notice is None and seconds < 10
    assert (folder / "model.safetensors").read_bytes() == weights
    assert not list((tmp_path / "cache").rglob("*.incomplete"))


def test_offline_with_nothing_cached_the_model_that_ships_plays(opened: Callable, tmp_path: Path) -> None:
    seconds, notice = opened("http://127.0.0.1:9")
    assert notice == AWAY and seconds < 10
    nothing_is_left(tmp_path / "cache")


def test_weights_of_another_shape_do_not_play(files: dict[str, bytes], tmp_path: Path, opened: Callable) -> None:
    with LoopbackHub(misshapen(files, tmp_path / "other")) as server:
        seconds, notice = opened(server.endpoint)
    assert notice == MISSING and seconds < 10


def test_without_room_on_the_disk_the_model_that_ships_plays(
    files: dict[str, bytes], tmp_path: Path, opened: Callable
) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with LoopbackHub(dict(files)) as server:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
        try:
            seconds, notice = opened(server.endpoint)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert notice == MISSING and seconds < 10
    nothing_is_left(tmp_path / "cache")


def test_with_a_cache_that_cannot_be_written_to_the_model_that_ships_plays(
    files: dict[str, bytes], tmp_path: Path, opened: Callable
) -> None:
    (tmp_path / "cache").write_text("no folder")  # permissions would not bind root, see `test_hub.read_only`
    with LoopbackHub(dict(files)) as server:
        seconds, notice = opened(server.endpoint)
    assert notice == MISSING and seconds < 10
    assert (tmp_path / "cache").read_text() == "no folder"


@pytest.mark.parametrize("model", ["org/model", "org/model@main", "no-such-model"])
def test_a_page_whose_model_is_not_pinned_or_not_there_does_not_start(
    model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUSICGEN_MODEL", model)
    with pytest.raises(CheckpointError, match="Expected"):
        open_studio()
