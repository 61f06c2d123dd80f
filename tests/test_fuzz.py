"""The program that sends damaged files and hostile recipes through the page's doors; and what it found once."""

from __future__ import annotations

import base64
import json
import multiprocessing
import random
import struct
import time
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks import fuzz
from benchmarks.fuzz import Bench, Found, Limits, Wrong, as_json, as_link, chunk, main, names_of
from musicgen.errors import MidiError, RequestError
from musicgen.intake import beats, read_music
from musicgen.midi_reading import read_score
from musicgen.recipe import Recipe


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    yield Bench(7)


def test_some_cases_of_each_kind_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--count", "40", "--recipes", "40", "--seconds", "60", "--seed", "7"]) == 0
    assert "answered" in capsys.readouterr().out


def test_a_case_is_the_same_whenever_it_is_drawn(bench: Bench) -> None:
    names = names_of(20, 20)
    assert len(set(names)) == 40 and names[:2] == ["midi-0", "recipe-0"]
    assert [bench.case(name) for name in names] == [Bench(7).case(name) for name in names]
    assert {kind for kind, _ in map(bench.case, names)} == {"midi", "link", "carried", "request"}
    assert bench.case("midi-3") != Bench(8).case("midi-3")


def test_an_exception_that_is_not_ours_is_found_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("lost")

    bench = Bench(7)
    monkeypatch.setattr(bench.desk.studio, "read", fail)
    with pytest.raises(KeyError, match="lost") as caught:
        bench.run("midi-1")
    assert fuzz._place(caught.value).endswith("in take_in")


@pytest.mark.parametrize(
    ("answer", "what"),
    [
        ({"piece": float("nan")}, "cannot be sent"),
        ({"error": "a\nb"}, "not one short line"),
        ({"error": "x" * 600}, "not one short line"),
    ],
)
def test_an_answer_that_no_visitor_should_get_is_found(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, answer: dict[str, object], what: str
) -> None:
    monkeypatch.setattr(bench.desk, "ask", lambda call: answer)
    with pytest.raises(Wrong, match=what):
        bench.run("midi-1")


def test_work_and_memory_beyond_the_limits_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe:
        def __init__(self) -> None:
            self.told: list[tuple] = []

        def send(self, each: tuple | None) -> None:
            self.told += [] if each is None else [each]

        def close(self) -> None:
            pass

    def run(bench: Bench, name: str) -> str:
        if name == "midi-1":
            while True:
                pass
        if name == "midi-2":
            return str(np.ones(100_000_000).sum())
        return "answered"

    monkeypatch.setattr(Bench, "load", lambda bench: None)
    monkeypatch.setattr(Bench, "run", run)
    pipe = Pipe()
    fuzz.work(pipe, 7, ["midi-0", "midi-1", "midi-2", "midi-3"], Limits(0.2, 300))  # type: ignore[arg-type]
    assert [told[1].split(":")[0] for told in pipe.told] == [
        "answered", "FOUND more than 0.2 s of work", "FOUND MemoryError", "answered",
    ]  # fmt: skip


def test_a_process_that_dies_is_found_with_the_case_that_it_was_at() -> None:
    class Worker:
        exitcode = -9

        def join(self, seconds: float) -> None:
            pass

    def follow(*told: object) -> tuple[int, Found]:
        ours, theirs = multiprocessing.Pipe(False)
        for each in told:
            theirs.send(each)
        theirs.close()
        found, names = Found(Counter(), {}), ["midi-0", "midi-1", "midi-2"]
        return fuzz._follow(ours, Worker(), found, names, Limits(1, 1), time.monotonic() + 30), found  # type: ignore[arg-type]

    done, found = follow(None, ("midi-0", "answered", "", 0.25))
    assert (done, found.count, found.slowest) == (2, 1, (0.25, "midi-0"))
    assert found.findings == {("FOUND the process died (-9)", ""): ["midi-1"]}
    with pytest.raises(SystemExit, match="before the first case"):
        follow()


# --- what it found ------------------------------------------------------------------------------------------------


def test_a_kind_that_is_no_text_is_refused(bench: Bench) -> None:
    recipe = {"model": "vae-1", "request": {"bars": 4}, "edits": [{"kind": ["vary"]}]}
    link = as_link(as_json(recipe))
    assert "Expected a change of a kind among" in bench.desk.ask({"action": "replay", "link": link})["error"]
    call = {"action": "make", "request": {"bars": 4}, "kind": ["vae"]}
    assert "model: expected one of" in bench.desk.ask(call)["error"]


def test_a_link_to_more_than_a_piece_takes_is_refused_before_any_of_it_is_made(bench: Bench) -> None:
    vary = {"kind": "vary", "seed": 1, "strength": 0.5, "keep": ""}
    recipe = {"model": "vae-1", "request": {"bars": 128}, "edits": [{"kind": "continue", "bars": 192}, *[vary] * 60]}
    answer = bench.desk.ask({"action": "replay", "link": as_link(as_json(recipe))})
    assert "Expected a link to a piece" in answer["error"]
    with pytest.raises(RequestError, match="at most 2,000 bars"):
        bench.desk.studio.replay(Recipe.from_dict(recipe))


def of_many_tracks(tracks: int, shared: int) -> bytes:
    """A file whose first track says much of a channel on which all the others play a note."""
    told = chunk(b"MTrk", b"".join(struct.pack("4B", 0, 0xB0, 7, i % 128) for i in range(shared)) + b"\0\xff\x2f\0")
    plays = chunk(b"MTrk", b"\0\x90\x3c\x40\x60\x3c\0\0\xff\x2f\0")
    return chunk(b"MThd", struct.pack(">HHH", 1, tracks + 1, 96)) + told + plays * tracks


def test_controllers_that_many_tracks_share_are_read_up_to_a_limit() -> None:
    assert len(read_score(of_many_tracks(100, 1000)).tracks) == 100
    started = time.process_time()
    with pytest.raises(MidiError, match="at most 2,000,000 controllers that tracks share"):
        read_score(of_many_tracks(3000, 70_000))
    assert time.process_time() - started < 10


def test_many_events_on_a_tick_take_no_longer_than_as_many_elsewhere() -> None:
    ons = b"\0\x90\x3c\x40" * 10
    offs = b"\0\x80\x3c\x00" * 60_000
    data = chunk(b"MThd", struct.pack(">HHH", 0, 1, 96)) + chunk(b"MTrk", ons + offs + b"\x60\x80\x3c\x00\0\xff\x2f\0")
    started = time.process_time()
    assert len(read_score(data).tracks) == 1
    assert time.process_time() - started < 10


def test_a_file_that_claims_to_last_for_days_is_laid_out_in_moments() -> None:
    rng = random.Random(0)
    places = sorted(rng.uniform(0, 15_000) for _ in range(200))
    now, out = 0, b"\0\xff\x51\x03\xff\xff\xff"  # 3.6 beats a minute
    for place in places:
        tick = round(place * 96)
        out += fuzz.quantity(tick - now) + b"\x90\x3c\x40" + b"\x01\x80\x3c\0"
        now = tick + 1
    data = chunk(b"MThd", struct.pack(">HHH", 0, 1, 96)) + chunk(b"MTrk", out + b"\0\xff\x2f\0")
    started = time.process_time()
    piece = read_music(data)
    assert any(beats_said.startswith("The notes do not follow the beat") for beats_said in piece.notes)
    assert time.process_time() - started < 10


def test_beats_are_those_of_librosa_and_none_is_looked_for_after_twenty_minutes() -> None:
    import librosa

    rng = np.random.default_rng(0)
    onsets = np.sort(np.cumsum(rng.choice([0.25, 0.5, 1.0], 300) * 0.6 * (1 + 0.1 * rng.standard_normal(300))))
    places = np.round((onsets - onsets.min()) * 100).astype(int)
    strength = np.bincount(places).astype(float)
    theirs = librosa.feature.tempo(onset_envelope=strength, sr=51200, hop_length=512)
    assert beats._tempo(strength, 512) == pytest.approx(theirs)
    long = np.sort(np.abs(np.arange(0, 3000, 0.5) + rng.normal(0, 0.02, 6000)))
    found = beats.track_beats(long)
    assert 1190 < found[-1] <= 1203


def test_links_that_unpack_to_much_are_refused_at_once(bench: Bench) -> None:
    started = time.process_time()
    for data in (b"\0" * 10**8, b"[" * 19_000, json.dumps({"model": "x" * 19_000}).encode()):
        assert "error" in bench.desk.ask({"action": "replay", "link": as_link(data)})
    assert "error" in bench.desk.ask({"action": "take_in", "name": "a", "data": base64.b64encode(b"x").decode()})
    assert time.process_time() - started < 5
