"""What a page bears: visitors who make, vary, morph and download pieces over HTTP, and bursts of them.

    python -m benchmarks.load                          # starts a page of its own; ten minutes of eight visitors
    python -m benchmarks.load --url http://127.0.0.1:7860/ --seconds 60
    python -m benchmarks.load --url URL --smoke        # at most 20 seconds: does it work at all?

Three parts, one after another, while the page itself is fetched twice a second:

1. *Visitors*, for `--seconds` or until `--most` calls are answered. Each makes a piece of sixteen bars, fetches its
   MIDI file, hears it (not if `--silent`), varies it, morphs it with the piece before, and begins again. Pieces are
   made through /generate, and changed as the page's scripts do it.
2. *A burst*: `--burst` visitors ask for a piece at the same moment. All of them are to be served.
3. *A flood*: `--flood` visitors do so, more than the queue has room for. Those who find no room are to be told at once,
   and the page is to be usable when the others are served.

Printed are the times of each kind of call, the errors by their text, and the memory of a page that was started here.
The exit status is 1 if anything but a refusal in the flood failed.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
BARS = 16
PATIENCE = 120.0
"""Seconds after which a call that was not answered is an error."""
START_SECONDS = 180.0
SETTLE_SECONDS = 60.0
"""A page that was just started answers, but goes on to compile what long pieces need."""
LOOK_SECONDS = 0.5
"""Between two fetches of the page itself."""
MOST_CALLS = 100_000
SMOKE_SECONDS = 20.0


class Refused(Exception):
    """The queue has no room for another visitor."""


class Failed(Exception):
    """A call was answered by an error, or not at all."""


@dataclass
class Times:
    """Seconds of calls by their kind, and errors by their text. Any number of threads may add to it."""

    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def measure(self, kind: str) -> Iterator[None]:
        """Add what the block takes; an error is counted, and raised again."""
        started = time.perf_counter()
        try:
            yield
        except (Failed, Refused) as error:
            with self._lock:
                self.errors[f"{kind}: {error}"] += 1
            raise
        with self._lock:
            self.seconds.setdefault(kind, []).append(time.perf_counter() - started)

    @property
    def count(self) -> int:
        return sum(map(len, self.seconds.values()))


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that `share` of the values do not exceed; NaN of none."""
    return sorted(values)[max(0, -(-round(share * 1000) * len(values) // 1000) - 1)] if values else float("nan")


class Page:
    """A page over HTTP: its endpoints, and what its scripts ask. Each thread has a connection of its own.

    Args:
        url: such as "http://127.0.0.1:7860/".
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url if "//" in url else f"http://{url}")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SystemExit(f"--url: expected an address such as http://127.0.0.1:7860/. Received: {url[:60]!r}.")
        self._parts, self._base = parts, parts.path.rstrip("/")
        self._own = threading.local()
        info = json.loads(self.get("/gradio_api/info"))["named_endpoints"]
        self._defaults: dict[str, dict[str, Any]] = {
            name.strip("/"): {each["parameter_name"]: each.get("parameter_default") for each in endpoint["parameters"]}
            for name, endpoint in info.items()
        }
        config = json.loads(self.get("/config"))
        self._stage = next(each["id"] for each in config["components"] if each["props"].get("elem_id") == "stage")

    def get(self, path: str) -> bytes:
        return self._send("GET", path)

    def call(self, name: str, **given: Any) -> list[Any]:
        """The answer of an endpoint; arguments that are not given are as the page says.

        Raises:
            Refused: the queue has no room.
            Failed: an error, or no answer.
        """
        values = [given.get(parameter, default) for parameter, default in self._defaults[name].items()]
        event = json.loads(self._send("POST", f"/gradio_api/call/{name}", json.dumps({"data": values}).encode()))
        lines = self.get(f"/gradio_api/call/{name}/{event['event_id']}").decode().splitlines()
        kinds = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
        texts = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
        if not kinds or kinds[-1] != "complete":
            raise Failed(texts[-1][:200] if texts else "the answer ended before it was complete")
        answer: list[Any] = json.loads(texts[-1])
        return answer

    def ask(self, action: str, **values: Any) -> dict[str, Any]:
        """What a script of the page gets, as `web.desk.Desk.ask` answers it.

        Raises:
            Failed: an error, or no answer.
        """
        body = {"session_hash": uuid.uuid4().hex, "component_id": self._stage, "fn_name": "ask"}
        sent = json.dumps(body | {"data": {"action": action} | values}).encode()
        answer: dict[str, Any] = json.loads(self._send("POST", "/gradio_api/component_server", sent))
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def _send(self, method: str, path: str, body: bytes | None = None) -> bytes:
        heads = {"Content-Type": "application/json"} if body is not None else {}
        for attempt in range(2):
            connection = self._connection(fresh=attempt > 0)
            try:
                connection.request(method, self._base + path, body, heads)
                answer = connection.getresponse()
                data = answer.read()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError) as error:
                if attempt:  # a connection that was kept may have been closed meanwhile, a fresh one may not
                    raise Failed(f"{type(error).__name__}: {error}") from None
                continue
            except (OSError, http.client.HTTPException) as error:
                self._connection(fresh=True)
                raise Failed(f"{type(error).__name__}: {error}") from None
            if answer.status == 503:
                raise Refused(data.decode(errors="replace")[:200])
            if answer.status != 200:
                raise Failed(f"status {answer.status}: {data.decode(errors='replace')[:200]}")
            return data
        raise AssertionError("unreachable")

    def _connection(self, fresh: bool) -> http.client.HTTPConnection:
        kept: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if kept is None or fresh:
            if kept is not None:
                kept.close()
            kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
            assert self._parts.hostname is not None
            kept = kinds[self._parts.scheme](self._parts.hostname, self._parts.port, timeout=PATIENCE)
            self._own.connection = kept
        return kept


# --- who visits --------------------------------------------------------------------------------------------------


def visit(page: Page, times: Times, number: int, bars: int, hears: bool, goes_on: Callable[[], bool]) -> None:
    """One visitor: what is made is fetched, heard, varied and morphed with what was made before, over and over.

    Args:
        number: of the visitor; each has seeds of its own.
        hears: whether sound is asked for.
        goes_on: whether there is time for another round.
    """
    seed, before, style = 1_000_000 * (number + 1), None, ("pop", "jazz", "rock", "folk")[number % 4]
    while goes_on():
        seed += 1
        try:
            with times.measure("generate"):
                file, _ = page.call("generate", bars=bars, seed=seed, style=style)
            with times.measure("download"):
                midi = base64.b64encode(page.get(path_of(file))).decode()
            if hears:
                with times.measure("hear"):
                    page.get("/" + page.ask("sound", midi=midi)["audio"])
            with times.measure("vary"):
                page.ask("change", midi=midi, edit={"kind": "vary", "seed": seed, "strength": 0.3})
            piece = {"id": str(seed), "midi": midi}
            if before is not None and goes_on():
                with times.measure("morph"):
                    page.ask("morph", pieces=[piece, before], weights=[0.5, 0.5])
            before = piece
        except (Failed, Refused):
            time.sleep(0.5)  # it was counted; a visitor tries again


def path_of(file: Mapping[str, Any]) -> str:
    """Where a file of an answer lies, below the page's address."""
    return "/gradio_api/file=" + str(file["path"])


def look(page: Page, times: Times, done: threading.Event) -> None:
    """Fetch the page itself until `done`."""
    while not done.wait(LOOK_SECONDS):
        try:
            with times.measure("page"):
                page.get("/")
        except (Failed, Refused):
            pass


@dataclass
class Burst:
    """What became of visitors who ask at the same moment.

    Args:
        served, refused: seconds until each was served, or told that there is no room.
        errors: what else they were told.
    """

    served: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def burst(page: Page, visitors: int, bars: int) -> Burst:
    """`visitors` ask for a piece at the same moment."""
    found, start = Burst(), threading.Barrier(visitors)

    def ask(seed: int) -> None:
        start.wait()
        begun = time.perf_counter()
        try:
            page.call("generate", bars=bars, seed=seed)
            found.served.append(time.perf_counter() - begun)
        except Refused:
            found.refused.append(time.perf_counter() - begun)
        except Failed as error:
            found.errors.append(str(error))

    run_together([lambda seed=seed: ask(seed) for seed in range(visitors)])  # type: ignore[misc]
    return found


def run_together(jobs: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- the page ----------------------------------------------------------------------------------------------------


@contextmanager
def started_page() -> Iterator[tuple[str, int]]:
    """Start app.py on a free port; its address and process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="musicgen-load-") as folder:
        settings = {"GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": folder}
        environ = {key: value for key, value in os.environ.items() if key != "SPACE_ID"} | settings
        with open(Path(folder) / "log", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(ROOT / "app.py")], cwd=ROOT, env=environ, stdout=log, stderr=subprocess.STDOUT
            )
            try:
                url = f"http://127.0.0.1:{port}/"
                _wait_for(url, process)
                yield url, process.pid
            finally:
                process.terminate()
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    parts, end = urlsplit(url), time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(
                f"Expected a page. Received: app.py ended with status {process.returncode}; run it to see."
            )
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        try:
            connection.request("GET", "/")
            if connection.getresponse().status == 200:
                return
        except (OSError, http.client.HTTPException):
            time.sleep(0.5)
        finally:
            connection.close()
    raise SystemExit(f"Expected a page within {START_SECONDS:.0f} s. Received: no answer.")


def memory_of(process: int | None) -> float | None:
    """Megabytes that a process holds; None where that is not known."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None
    return next((int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmRSS")), None)


# --- all of it ---------------------------------------------------------------------------------------------------


def run(url: str, options: argparse.Namespace, process: int | None = None) -> dict[str, Any]:
    """The three parts, as figures.

    Args:
        process: of the page, if it is on this machine.
    """
    page, times, done = Page(url), Times(), threading.Event()
    page.call("generate", bars=options.bars, seed=1)  # compiles what pieces of this length need
    memory = [memory_of(process)]
    looker = threading.Thread(target=look, args=(page, times, done), daemon=True)
    looker.start()
    begun = time.perf_counter()

    def goes_on() -> bool:
        return time.perf_counter() - begun < options.seconds and times.count < options.most

    def visitor(number: int) -> Callable[[], None]:
        return lambda: visit(page, times, number, options.bars, not options.silent, goes_on)

    run_together([visitor(number) for number in range(options.visitors)])
    visited = time.perf_counter() - begun
    memory.append(memory_of(process))
    at_once = burst(page, options.burst, options.bars) if options.burst else Burst()
    flooded = burst(page, options.flood, options.bars) if options.flood else Burst()
    after = None
    if options.flood:
        started = time.perf_counter()
        page.call("generate", bars=options.bars, seed=2)
        after = time.perf_counter() - started
    done.set()
    looker.join()
    memory.append(memory_of(process))
    return {
        "visitors": options.visitors, "bars": options.bars, "seconds": visited, "cores": os.cpu_count(),
        "load average": os.getloadavg()[0],
        "calls": {
            name: {"count": len(each), "p50": percentile(each, 0.5), "p95": percentile(each, 0.95), "most": max(each)}
            for name, each in times.seconds.items()
        },
        "errors": dict(times.errors),
        "burst": _figures(at_once), "flood": _figures(flooded), "after the flood": after,
        "megabytes": [value for value in memory if value is not None],
    }  # fmt: skip


def _figures(found: Burst) -> dict[str, Any]:
    figures: dict[str, Any] = {"served": len(found.served), "refused": len(found.refused), "errors": found.errors}
    if found.served:
        figures["last served after"] = max(found.served)
    if found.refused:
        figures["p95 until refused"] = percentile(found.refused, 0.95)
    return figures


def failures(report: Mapping[str, Any]) -> list[str]:
    """What went wrong, a line each. To be refused is no error in a flood."""
    found = [f"{count} x {text}" for text, count in report["errors"].items()]
    for name in ("burst", "flood"):
        found += [f"{name}: {text}" for text in report[name]["errors"]]
    if report["burst"]["refused"]:
        found.append(f"burst: {report['burst']['refused']} visitors were refused")
    if "generate" not in report["calls"]:
        found.append("no piece was made")
    return found


def lines(report: Mapping[str, Any]) -> list[str]:
    """The figures as a person reads them."""
    said = [
        f"{report['visitors']} visitors, {report['bars']} bars, {report['seconds']:.0f} s, {report['cores']} cores, "
        f"load average {report['load average']:.1f} at the end",
        f"{'call':10} {'count':>7} {'p50':>8} {'p95':>8} {'longest':>8}",
    ]
    for name, each in report["calls"].items():
        said.append(f"{name:10} {each['count']:7} {each['p50']:7.3f}s {each['p95']:7.3f}s {each['most']:7.3f}s")
    for name in ("burst", "flood"):
        each = report[name]
        if each["served"] or each["refused"] or each["errors"]:
            text = f"{name}: {each['served']} served"
            if "last served after" in each:
                text += f", the last after {each['last served after']:.1f} s"
            if each["refused"]:
                text += f"; {each['refused']} refused, 95 % of them within {each['p95 until refused']:.2f} s"
            said.append(text)
    if report["after the flood"] is not None:
        said.append(f"a piece after the flood: {report['after the flood']:.2f} s")
    if report["megabytes"]:
        said.append("memory of the page, MB: " + ", ".join(f"{value:.0f}" for value in report["megabytes"]))
    wrong = failures(report)
    return [*said, *(f"ERROR {text}" for text in wrong)] if wrong else [*said, "no errors"]


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="python -m benchmarks.load", description=(__doc__ or "").splitlines()[0])
    result.add_argument("--url", help="of a page that runs; one is started if not given")
    result.add_argument("--wait", type=float, default=SETTLE_SECONDS, help="seconds before, for a page that is started")
    result.add_argument("--visitors", type=int, default=8)
    result.add_argument("--seconds", type=float, default=600, help="that visitors keep coming")
    result.add_argument("--most", type=int, default=MOST_CALLS, help="calls after which they stop")
    result.add_argument("--bars", type=int, default=BARS)
    result.add_argument(
        "--burst", type=int, default=20, help="visitors at the same moment, all to be served; 0 for none"
    )
    result.add_argument("--flood", type=int, default=100, help="visitors, more than the queue has room for; 0 for none")
    result.add_argument("--silent", action="store_true", help="visitors ask for no sound")
    result.add_argument("--out", type=Path, help="a JSON file for the figures")
    result.add_argument(
        "--smoke",
        action="store_true",
        help=f"little of each part but the flood, in {SMOKE_SECONDS:.0f} seconds at most",
    )
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if options.smoke:
        options.visitors, options.bars, options.burst, options.flood = 2, 4, 4, 0
        options.seconds, options.most = min(options.seconds, SMOKE_SECONDS / 2), min(options.most, 20)
    if options.url:
        report = run(options.url, options)
    else:
        with started_page() as (url, process):
            time.sleep(0 if options.smoke else options.wait)
            report = run(url, options, process)
    if options.out is not None:
        options.out.write_text(json.dumps(report, indent=1))
    print("\n".join(lines(report)))
    return 1 if failures(report) else 0


if __name__ == "__main__":
    sys.exit(main())
