"""The program that loads a page: a small run against a real one, and what it makes of what it saw."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import pytest

from benchmarks.load import SMOKE_SECONDS, Failed, Page, Times, failures, lines, main, percentile
from tests.browser import Server


def test_a_small_run_against_a_page_has_no_errors(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    started = time.monotonic()
    status = main(["--url", server.url, "--smoke", "--out", str(tmp_path / "load.json")])
    said = capsys.readouterr().out
    assert status == 0, said
    assert time.monotonic() - started < 3 * SMOKE_SECONDS, "a busy machine is given time, an endless run is not"
    report = json.loads((tmp_path / "load.json").read_text())
    assert set(report["calls"]) >= {"generate", "download", "hear", "vary", "page"}
    assert report["calls"]["generate"]["count"] >= 2 and report["calls"]["generate"]["p95"] > 0
    assert report["burst"]["served"] == 4
    assert "no errors" in said and "generate" in said
    assert "Traceback" not in server.output()


def test_an_error_is_counted_by_its_text_and_takes_no_time(server: Server) -> None:
    page, times = Page(server.url), Times()
    with pytest.raises(Failed, match="bars: expected one of"), times.measure("generate"):
        page.call("generate", bars=5)
    with pytest.raises(Failed, match="Expected something that this page can do"), times.measure("hear"):
        page.ask("nothing")
    with pytest.raises(Failed, match="status 404"), times.measure("page"):
        page.get("/no-such-place")
    assert [text.split(":")[0] for text in times.errors] == ["generate", "hear", "page"]
    assert times.seconds == {} and times.count == 0


def test_percentiles_are_values_that_were_seen() -> None:
    assert [percentile([3.0, 1.0, 2.0, 4.0], share) for share in (0.25, 0.5, 0.95, 1.0)] == [1.0, 2.0, 4.0, 4.0]
    assert percentile(list(range(1, 101)), 0.95) == 95
    assert math.isnan(percentile([], 0.5))


def test_a_refusal_is_an_error_but_in_a_flood() -> None:
    calls = {"generate": {"count": 3, "p50": 0.1, "p95": 0.2, "most": 0.3}}
    report = {
        "visitors": 8, "bars": 16, "seconds": 60.0, "cores": 2, "load average": 1.0, "calls": calls, "errors": {},
        "burst": {"served": 20, "refused": 0, "errors": [], "last served after": 4.0},
        "flood": {"served": 66, "refused": 34, "errors": [], "last served after": 9.0, "p95 until refused": 0.25},
        "after the flood": 0.5, "megabytes": [1500.0, 1520.0],
    }  # fmt: skip
    assert failures(report) == []
    assert "flood: 66 served, the last after 9.0 s; 34 refused, 95 % of them within 0.25 s" in lines(report)
    worse = report | {"burst": report["burst"] | {"refused": 2}, "errors": {"vary: status 500": 3}}  # type: ignore[operator]
    assert failures(worse) == ["3 x vary: status 500", "burst: 2 visitors were refused"]
    assert failures(report | {"calls": {}}) == ["no piece was made"]


def test_an_address_that_is_none_is_refused_in_one_line() -> None:
    with pytest.raises(SystemExit, match="--url: expected an address"):
        main(["--url", "ftp://127.0.0.1/"])
