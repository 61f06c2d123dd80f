"""Rehearse the Space: build its folder as `publish space` does, install it afresh, start it as Spaces do, visit it.

    python tools/rehearse_space.py [--model org/name@commit] [--python PYTHON] [--keep FOLDER]

The requirements, the `sdk_version` of the README's front matter and what Spaces add to it go into a new virtual
environment; the packages of packages.txt must be installed already. The page runs from a folder that it cannot write
to, as a user who is not root, with an HF_HOME of its own, on port 7860. A browser then presses Generate and downloads
what came.

Prints JSON. Needs the extra `dev`, and Chromium.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from musicgen.publish import build_space

ROOT = Path(__file__).resolve().parent.parent
PORT = 7860
USER = 1000
"""As on Spaces."""
START_SECONDS = 600
"""To give up after; what is asked for is far less."""
IDLE_SECONDS = 10
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", help="org/name@commit that the Space shall load; the bundled one if not given")
    parser.add_argument("--python", default=sys.executable, help="that every user may run; this one if not given")
    parser.add_argument("--keep", type=Path, help="folder of the environment, kept for the next rehearsal")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="musicgen-space-") as temporary:
        base = Path(temporary)
        base.chmod(0o755)
        code, home = base / "app", base / "home"
        code.mkdir()
        home.mkdir()
        build_space(code, options.model)
        environment = options.keep or base / "environment"
        seconds = install(code, environment, options.python)
        if os.geteuid() == 0:
            shutil.chown(home, USER, USER)
        for path in (code, *code.rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        figures = {"install seconds": seconds, **visit(code, home, environment / "bin" / "python")}
        figures["browser tests"] = browser_tests(code, environment / "bin" / "python")
        for path in (code, *code.rglob("*")):
            path.chmod(0o755)
    print(json.dumps(figures, indent=1))
    return 1 if figures["tracebacks in the log"] or figures["browser tests"] != "passed" else 0


def install(code: Path, environment: Path, python: str) -> float:
    """Install what the Space's folder asks for; returns how long it took."""
    started = time.monotonic()
    version = re.search(r"^sdk_version: (\S+)$", (code / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert version is not None
    subprocess.run([python, "-m", "venv", environment], check=True)
    pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run(
        [*pip, "-r", str(code / "requirements.txt"), f"gradio[oauth,mcp]=={version[1]}", "spaces"], check=True
    )
    return round(time.monotonic() - started, 1)


def visit(code: Path, home: Path, python: Path) -> dict[str, Any]:
    """Start the page and use it; the figures."""
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(home), "HF_HOME": str(home / "hf"), "LANG": "C.UTF-8",
        "SPACE_ID": "rehearsal/space", "SYSTEM": "spaces", "CPU_CORES": "2", "GRADIO_SERVER_PORT": str(PORT),
        "GRADIO_TEMP_DIR": str(home / "gradio"), "MPLCONFIGDIR": str(home / "matplotlib"),
    }  # fmt: skip
    user: dict[str, Any] = {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}
    log = home / "log"
    with log.open("wb") as output:
        started = time.monotonic()
        process = subprocess.Popen([python, "app.py"], cwd=code, env=environ, stdout=output, stderr=output, **user)
    try:
        answered = wait(process, log) - started
        figures: dict[str, Any] = {"user": process_user(process.pid), "start to first answer, seconds": answered}
        path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--mute-audio"])
            page = browser.new_page()
            page.set_default_timeout(START_SECONDS * 1000)
            page.goto(f"http://127.0.0.1:{PORT}/")
            source = playable(page, "")
            figures["start to first playable piece, seconds"] = time.monotonic() - started
            figures["start to first playable piece, seconds of processor time"] = processor_time(process.pid)
            pressed = time.monotonic()
            page.click("#generate")
            playable(page, source)
            figures["click to a new playable piece, seconds"] = time.monotonic() - pressed
            with page.expect_download() as waiting:
                page.click("#downloads [data-format=mid]")
            assert Path(waiting.value.path()).read_bytes().startswith(b"MThd"), "the download is no MIDI file"
            browser.close()
        time.sleep(IDLE_SECONDS)
        figures["idle memory, MB"] = memory(process.pid) / 1e6
        said = log.read_text(errors="replace")
        ended = said.count("Exception ignored in")  # loops that `spaces` leaves to be collected complain, and no more
        figures["tracebacks in the log"] = said.count("Traceback") - ended
        if figures["tracebacks in the log"]:
            print(said, file=sys.stderr)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
    return {name: round(value, 1) if isinstance(value, float) else value for name, value in figures.items()}


def browser_tests(code: Path, python: Path) -> str:
    """Run the tests of the page against the page in this folder; "passed" or "failed"."""
    environ = os.environ | {"MUSICGEN_TEST_APP": shlex.join([str(python), str(code / "app.py")])}
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "tests/test_page.py"], cwd=ROOT, env=environ)
    return "failed" if done.returncode else "passed"


def wait(process: subprocess.Popen[bytes], log: Path) -> float:
    """Until the page answers; the time when it did."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PORT}/", timeout=5):
                return time.monotonic()
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    sys.exit(f"Expected a page on port {PORT}. Received:\n{log.read_text(errors='replace')[-3000:]}")


def playable(page: Any, before: str) -> str:
    """Wait until the stage has another sound than `before`, decoded far enough to play; its address."""
    page.wait_for_function(
        """before => { const audio = document.querySelector("#stage audio");
        return audio && audio.src && audio.src !== before && audio.readyState >= 3 && audio.duration > 1; }""",
        arg=before,
    )
    return str(page.evaluate("document.querySelector('#stage audio').src"))


def process_user(pid: int) -> int:
    return os.stat(f"/proc/{pid}").st_uid


def processor_time(pid: int) -> float:
    """Seconds that a process has used of any core, which a busy machine does not make more."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> int:
    """Bytes of a process and its children that are its own or its share of what is shared."""
    total = 0
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            total += int(line.split()[1]) * 1024
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += sum(memory(int(child)) for child in (task / "children").read_text().split())
    return total


if __name__ == "__main__":
    sys.exit(main())
