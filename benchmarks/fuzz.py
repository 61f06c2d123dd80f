"""Damaged and hostile files, recipes and links by the thousand, through what the page does with them.

    python -m benchmarks.fuzz                             # 50,000 MIDI files and 5,000 recipes and links
    python -m benchmarks.fuzz --seconds 180 --keep found/
    python -m benchmarks.fuzz --only midi-4711            # one case again, by its name

What a MIDI file goes through: it is taken in as an upload, its answer written as the page sends it (JSON without NaN),
and one in eight of those that were read as a MusicXML score, too. What a recipe goes through: it is replayed as a link,
previewed as a chat does, made as a request, applied as a change, and read from the file that carries it.

A case passes if it is answered, or refused in one line by a `MusicgenError`, within `--case-seconds` and
`--case-megabytes`. Whatever else happens is a finding: another exception, a figure that is not finite, a line that
tells paths or a traceback, a process that hangs or dies. Everything is drawn from `--seed` and the name of the case.

Notes are made by rule here, not by a network, as it is the reading that is looked at: see `Rule`.
"""

from __future__ import annotations

import argparse
import base64
import copy
import json
import logging
import math
import multiprocessing
import os
import random
import resource
import signal
import struct
import sys
import time
import traceback
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

import numpy as np

from musicgen import codec, midi
from musicgen.compose import Studio
from musicgen.errors import MusicgenError, RequestError
from musicgen.intake.beats import track_beats
from musicgen.models.base import Composer
from musicgen.music import METRES, Key, Music, Note, Track
from musicgen.recipe import Edit, Mix, Recipe, read_link
from musicgen.recipe_texts import mask_text, vector_text
from musicgen.request import Request
from musicgen.roles import ROLE_BY_NAME, ROLE_NAMES, ROLES, STYLE_BY_NAME, STYLE_NAMES
from musicgen.web import chords, intake, learn, morph, original, player, stems, wall
from musicgen.web.desk import Desk
from musicgen.web.files import Shelf
from musicgen.web.link_previews import preview_of
from musicgen.web.pieces import MAX_BYTES
from musicgen.web.toasts import OUR_FAULT

FILES, RECIPES = 50_000, 5_000
SCORED = 8
"""One in so many files that were read is written as a score."""
HANG = 20
"""A process that says nothing for so many times the limit of a case has hung, in code that no alarm interrupts or
without working."""
LOADING = 120.0
"""Seconds that a process may take before its first case."""
LONGEST_LINE = 500
NEVER_TOLD = ("\n", "Traceback", "site-packages", str(Path(__file__).resolve().parent.parent))

ACTIONS = player.ACTIONS | morph.ACTIONS | intake.ACTIONS | wall.ACTIONS | learn.ACTIONS | chords.ACTIONS
ACTIONS = ACTIONS | stems.ACTIONS | original.ACTIONS


# --- a model that costs nothing ----------------------------------------------------------------------------------


class Rule(Composer):
    """A composer whose notes follow from the seed alone: a latent is the pitch that a cell plays on its beats."""

    kind = "vae"
    identity = "vae-rule"
    metres = tuple(METRES)

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        return cls()

    def save_pretrained(self, folder: str | Path) -> None:
        raise RequestError("Expected a model with weights. Received: a rule, which has none to save.")

    def generate(self, request: Request) -> Music:
        assert isinstance(request.key, Key) and request.tempo is not None
        style = STYLE_BY_NAME[request.style]
        tracks = tuple(Track(role, style.program(role), ()) for role in request.roles)
        like = Music(tracks, request.bars, request.tempo, request.key, request.style, METRES[request.metre])
        return self.decode(np.random.default_rng(request.seed).random((request.bars, len(ROLES), 1)), like)

    def encode(self, music: Music) -> np.ndarray:
        latents = np.zeros((music.bars, len(ROLES), 1))
        rows = codec.encode(music)
        latents[rows[:, 0], rows[:, 1], 0] = (rows[:, 3] + 0.5) / codec.MAX_PITCHES
        return latents

    def decode(self, latents: np.ndarray, like: Music) -> Music:
        tracks = []
        for track in like.tracks:
            role, place = ROLE_BY_NAME[track.role], ROLE_NAMES.index(track.role)
            pitches = [36] if role.is_drums else range(role.low, role.high + 1)
            chosen = (np.abs(latents[:, place, 0]) % 1 * len(pitches)).astype(int)
            notes = tuple(
                Note(bar * like.ticks_per_bar, pitches[at], 12, 80) for bar, at in enumerate(chosen[: like.bars])
            )
            tracks.append(replace(track, notes=notes))
        return replace(like, tracks=tuple(tracks))

    def resample(
        self, latents: np.ndarray, keep: np.ndarray, strength: float, seed: int, roles: Sequence[str], style: str
    ) -> np.ndarray:
        fresh = np.random.default_rng(seed).random(latents.shape)
        return np.where(np.asarray(keep)[..., None], latents, latents + strength * (fresh - latents))


# --- files -------------------------------------------------------------------------------------------------------


CONTROLLERS = (1, 6, 7, 10, 11, 64, 100, 101, 120, 123)


def quantity(value: int) -> bytes:
    """A number as MIDI files write lengths and times."""
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.append(value & 0x7F | 0x80)
    return bytes(reversed(digits))


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack(">I", len(content)) + content


def some_recipe(rng: random.Random, depth: int = 0) -> dict[str, Any]:
    """A recipe that is right, with any of the changes that there are."""
    request = Request(
        rng.choice(STYLE_NAMES), rng.choice((4, 8, 16, 128)), rng.choice((None, 40, 120.5, 240)),
        rng.choice(("C major", "F# minor", "Gb major")), rng.randrange(2**32), rng.choice((0.0, 0.8, 1.5)),
        tuple(rng.sample(ROLE_NAMES, rng.randint(1, 5))), density=rng.choice((None, 30)),
        chords=rng.choice((None, "Am F | C G", "N.C. | % | Bb/D")), form=rng.choice((None, "AABA", "AB'")),
        section_bars=rng.choice((None, 8)), metre=rng.choice(list(METRES)), humanise=rng.choice((0, 40)),
        swing=rng.choice((50, 66.7)), ending=rng.random() < 0.5,
    )  # fmt: skip
    recipe = Recipe("vae-rule", request)
    kinds = ["vary", "infill", "accompany", "continue", "restyle", "lean", "reconstruct", "mix", "morph"]
    for kind in rng.choices(kinds, k=rng.randint(0, 4)):
        if kind == "morph" and depth > 1:
            continue
        bars = request.bars
        keep = mask_text(np.array([[rng.random() < 0.5 for _ in ROLE_NAMES] for _ in range(bars)]))
        partners = (Recipe.from_dict(some_recipe(rng, depth + 1)),) if kind == "morph" else ()
        mix = Mix(90, {"bass": 33}, {"drums": 0}, 30, 60) if kind == "mix" else Mix()
        vector = vector_text(np.zeros((len(ROLE_NAMES), 1))) if kind == "lean" else ""
        edit = Edit(
            kind, rng.randrange(2**32), rng.random(), keep, rng.randint(1, 8), tuple(rng.sample(ROLE_NAMES, 2)),
            rng.choice(STYLE_NAMES), vector, partners, (1.0, 1.0) if partners else (), mix,
        )  # fmt: skip
        recipe = recipe.after(edit)
    return recipe.to_dict()


def our_file(rng: random.Random) -> bytes:
    """A file as this package writes it, with a recipe."""
    metre = rng.choice(list(METRES.values()))
    bars = rng.choice((1, 2, 4, 16))
    tracks = []
    for role in ROLES:
        low, high = (36, 50) if role.is_drums else (role.low, role.high)
        places = {rng.randrange(bars * metre.ticks_per_bar) for _ in range(rng.randint(0, 8 * bars))}
        notes = [Note(at, rng.randint(low, high), rng.randint(1, 48), rng.randint(1, 127)) for at in sorted(places)]
        tracks.append(Track(role.name, rng.randrange(128), tuple(notes)))
    key = Key(rng.randrange(12), rng.choice(("major", "minor")))
    music = Music(tuple(tracks), bars, rng.choice((40.0, 120.0, 240.0)), key, rng.choice(STYLE_NAMES), metre)
    return midi.to_midi(music, some_recipe(rng))


def foreign_file(rng: random.Random) -> bytes:
    """A file as other programs write them: tempos, metres, keys, controllers, pedals, texts, running status."""
    division = rng.choice((24, 96, 480, 960, 32767))
    tracks = []
    for _ in range(rng.randint(1, 5)):
        out, channel = bytearray(), rng.choice((0, 1, 9, 15))
        for _ in range(rng.randint(1, 60)):
            wait = quantity(rng.choice((0, 0, division // 4, division, 7 * division)))
            pitch = rng.randrange(128)
            out += rng.choice((
                wait + bytes((0x90 | channel, pitch, rng.randint(1, 127))) + quantity(division)
                + bytes((0x80 | channel, pitch, 0)),
                wait + bytes((0x90 | channel, pitch, 90)) + quantity(division // 2) + bytes((pitch, 0)),
                wait + bytes((0xC0 | channel, rng.randrange(128))),
                wait + bytes((0xB0 | channel, rng.choice(CONTROLLERS), rng.randrange(128))),
                wait + bytes((0xE0 | channel, rng.randrange(128), rng.randrange(128))),
                wait + b"\xff\x51\x03" + rng.randrange(1, 2**24).to_bytes(3, "big"),
                wait + b"\xff\x58\x04" + bytes((rng.choice((2, 3, 4, 5, 6, 7, 12)), rng.randint(1, 4), 24, 8)),
                wait + b"\xff\x59\x02" + bytes((rng.randint(-7, 7) & 255, rng.randint(0, 1))),
                wait + b"\xff\x03" + (name := rng.choice((b"Drums", b"Bass", "Geige é".encode(), b"\xff\xfe")))[:0]
                + quantity(len(name)) + name,
                wait + b"\xf0" + quantity(5) + b"\x7e\x7f\x09\x01\xf7",
            ))  # fmt: skip
        tracks.append(chunk(b"MTrk", bytes(out) + b"\0\xff\x2f\0"))
    return chunk(b"MThd", struct.pack(">HHH", rng.randint(0, 1), len(tracks), division)) + b"".join(tracks)


def damage(data: bytes, rng: random.Random) -> bytes:
    """The bytes with one to six things wrong."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(out)) if rng.random() < 0.7 else rng.randrange(min(len(out), 40))
        length = rng.choice((1, 1, 2, 4, 40, 400))
        kind = rng.randrange(10)
        if kind == 0:
            out[at] = rng.randrange(256)
        elif kind == 1:
            out[at] = rng.choice((0, 1, 0x7F, 0x80, 0x90, 0xF0, 0xF7, 0xFF))
        elif kind == 2:
            del out[at : at + length]
        elif kind == 3:
            out[at:at] = rng.randbytes(length)
        elif kind == 4:
            out[at:at] = out[max(0, at - length) : at]
        elif kind == 5 and rng.random() < 0.3:
            del out[max(at, 14) :]
        elif kind == 6:  # a time or a length as long as can be said
            out[at:at] = rng.choice((b"\xff\xff\xff\x7f", b"\x8f\xff\xff\x7f", b"\xff" * 9 + b"\x7f"))
        elif kind == 7 and len(out) > 13:  # the header: kind, tracks, ticks a beat
            out[rng.choice((8, 9, 10, 11, 12, 13))] = rng.choice((0, 1, 2, 0x7F, 0x80, 0xE2, 0xFF))
        elif kind == 8 and (place := out.find(b"MTrk", at)) >= 0:
            out[place + 4 : place + 8] = struct.pack(">I", rng.choice((0, 1, 2**31, 2**32 - 1, len(out))))
        elif kind == 9 and len(out) < 20_000 and rng.random() < 0.3:  # much of the same
            out = out[:at] + out[at : at + 400] * rng.choice((2, 50, MAX_BYTES // 400)) + out[at + 400 :]
        out = out[: MAX_BYTES + 1] or bytearray(b"\0")
    return bytes(out)


# --- recipes -----------------------------------------------------------------------------------------------------

HOSTILE: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**400, 1e308, -1e308, math.nan, math.inf, -math.inf, 0.5,
    "", "0", "é", "\0", "\ud800", "<img src=x onerror=alert(1)>", "../../etc/passwd", "x" * 9000, "A" * 64, "C " * 400,
    [], [[]], [None], {}, {"kind": "vary"}, [1] * 2000, "NaN", "ff" * 300,
)  # fmt: skip


def deep(levels: int) -> Any:
    value: Any = []
    for _ in range(levels):
        value = [value]
    return value


def distort(values: Any, rng: random.Random) -> Any:
    """Plain values with one to four of them changed, left out, doubled or added."""
    values = copy.deepcopy(values)
    for _ in range(rng.randint(1, 4)):
        places = list(_places(values)) if isinstance(values, (dict, list)) else []
        if not places:
            return rng.choice(HOSTILE)
        holder, key = rng.choice(places)
        other = deep(rng.choice((5, 20, 100))) if rng.random() < 0.05 else rng.choice(HOSTILE)
        kind = rng.randrange(5)
        if kind <= 1:
            holder[key] = other
        elif kind == 2:
            del holder[key]
        elif kind == 3 and isinstance(holder, list):
            holder[key:key] = copy.deepcopy(holder[: rng.randint(0, 70)])
        elif isinstance(holder, dict):
            holder[str(rng.choice(("ending", "seed", "kind", "midi", "__class__", "", "edits", "partners")))] = other
    return values


def _places(values: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key) within plain values."""
    for key in list(values) if isinstance(values, dict) else range(len(values)):
        yield values, key
        if isinstance(values[key], (dict, list)):
            yield from _places(values[key])


def as_link(data: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(data, 9)).decode().rstrip("=")


def as_json(values: Any) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode("utf-8", "replace")


def damaged_link(rng: random.Random) -> str:
    """The text of a link that is no recipe's any more: cut, changed, inflated, or something else altogether."""
    text = as_link(as_json(some_recipe(rng)))
    at = rng.randrange(len(text))
    return rng.choice((
        text[:at],
        text[:at] + rng.choice("-_=+/é \0A") + text[at + 1 :],
        text[at:] + text[:at],
        as_link(b"\0" * rng.choice((10**4, 10**7))),
        as_link(b"[" * rng.choice((100, 15_000))),
        as_link(b'{"model":' + b"9" * 15_000 + b"}"),
        as_link(rng.randbytes(200)),
        base64.urlsafe_b64encode(rng.randbytes(300)).decode(),
        "".join(chr(rng.randrange(1, 0xD800)) for _ in range(50)),
    ))  # fmt: skip


# --- one case ----------------------------------------------------------------------------------------------------


class Wrong(Exception):
    """An answer that no visitor should get."""


class Overdue(BaseException):
    """A case took more work than it may; no `except Exception` on the way catches it."""


class Bench:
    """A desk with a studio that makes notes by rule, and what is done with a case."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.desk = Desk(Studio(Rule()), Shelf(), ACTIONS)
        self.caught: list[logging.LogRecord] = []
        handler = logging.Handler()
        handler.emit = self.caught.append  # type: ignore[method-assign, assignment]
        logging.getLogger("musicgen").addHandler(handler)

    def case(self, name: str) -> tuple[str, Any]:
        """Kind and content of a case of a name such as "midi-12"."""
        rng = random.Random(f"{self.seed} {name}")
        if name.startswith("midi"):
            data = our_file(rng) if rng.random() < 0.4 else foreign_file(rng)
            return "midi", damage(data, rng)
        drawn = rng.randrange(6)
        if drawn == 0:
            return "link", damaged_link(rng)
        values = distort(some_recipe(rng), rng)
        if drawn == 1:
            return "carried", values
        return ("link", as_link(as_json(values))) if drawn < 5 else ("request", values)

    def load(self) -> None:
        """Do everything once that is done in a case, so that what is loaded once is no case's time and memory."""
        for request in (Request(bars=4), Request(bars=16, metre="3/4")):
            made = self.desk.studio.make(request)
            self.desk.studio.export(made, "musicxml")
            for text in (made.midi, foreign_file(random.Random(0))):
                assert self._midi(text, 0) == "answered", "the files are right before they are damaged"
        track_beats(np.arange(0, 30, 0.5))
        assert self._link(as_link(as_json(made.recipe.to_dict())), 0) == "answered"

    def run(self, name: str) -> str:
        """What became of a case: "answered", or the line with which it was refused.

        Raises:
            Wrong: neither, or an answer that is not fit to be sent. Anything else that was raised on the way.
        """
        kind, content = self.case(name)
        return getattr(self, f"_{kind}")(content, int(name.split("-")[1]))  # type: ignore[no-any-return]

    def _midi(self, data: bytes, number: int) -> str:
        said = self._ask({"action": "take_in", "name": "a.mid", "data": base64.b64encode(data).decode()})
        if said == "answered" and number % SCORED == 0:
            piece = self.desk.studio.read(data, "a.mid", trust=True)
            self._refused(lambda: self.desk.studio.export(piece, "musicxml"))
        return said

    def _link(self, text: str, number: int) -> str:
        self._refused(lambda: preview_of(read_link(text)))
        return self._ask({"action": "replay", "link": text})

    def _request(self, values: Any, number: int) -> str:
        given = values if isinstance(values, dict) else {}
        call = {"action": "make", "request": given.get("request"), "kind": given.get("model"), "levels": given}
        said = self._ask(call)
        edits = given.get("edits")
        for edit in edits[:2] if isinstance(edits, list) else ():
            made = base64.b64encode(self.desk.studio.make(Request(bars=4)).midi).decode()
            said = self._ask({"action": "change", "midi": made, "edit": edit})
        return said

    def _carried(self, values: Any, number: int) -> str:
        music = self.desk.studio.composer.generate(Request(bars=4, seed=number))
        data = midi.to_midi(music, values if isinstance(values, dict) else {"recipe": values})
        return self._ask({"action": "take_in", "name": "a.mid", "data": base64.b64encode(data).decode()})

    def _ask(self, call: dict[str, Any]) -> str:
        answer = self.desk.ask(call)
        if "error" in answer:
            return self._line(answer["error"])
        try:  # as the page's route sends it
            json.dumps(answer, allow_nan=False).encode("utf-8")
        except ValueError as error:
            raise Wrong(f"an answer that cannot be sent: {error}") from None
        return "answered"

    def _refused(self, call: Callable[[], Any]) -> None:
        try:
            call()
        except MusicgenError as error:
            self._line(str(error))

    def _line(self, text: str) -> str:
        """A refusal that is fit to be shown."""
        if text == OUR_FAULT:
            record = self.caught.pop()
            assert record.exc_info is not None and record.exc_info[1] is not None
            raise record.exc_info[1]
        if len(text) > LONGEST_LINE or any(each in text for each in NEVER_TOLD):
            raise Wrong(f"a refusal that is not one short line: {text[:200]!r}")
        return text


# --- many cases, each within its limits ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Limits:
    """Of one case: seconds of a processor's work, whatever else the machine does, and memory beside what is loaded."""

    seconds: float
    megabytes: int


def work(pipe: Connection, seed: int, names: Sequence[str], limits: Limits) -> None:
    """Run cases in a process of their own; send (name, what became of it, where, seconds of work) of each."""
    bench = Bench(seed)
    bench.load()
    pipe.send(None)

    def overdue(*_: Any) -> None:
        raise Overdue

    signal.signal(signal.SIGPROF, overdue)
    for name in names:
        _limit_memory(limits.megabytes)
        started = time.process_time()
        where = ""
        signal.setitimer(signal.ITIMER_PROF, limits.seconds)
        try:
            said = bench.run(name)
        except Overdue as error:
            said, where = f"FOUND more than {limits.seconds:g} s of work", _place(error)
        except BaseException as error:  # whatever it is, it is what is looked for
            said, where = f"FOUND {type(error).__name__}: {str(error)[:120]}", _place(error)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            _limit_memory(None)
        pipe.send((name, said, where, time.process_time() - started))
    pipe.close()


def _limit_memory(megabytes: int | None) -> None:
    """Let this process have so much more memory than it has now; None for no limit."""
    most = resource.RLIM_INFINITY
    if megabytes is not None:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        most = used + megabytes * 10**6
    resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))


def _place(error: BaseException) -> str:
    """Where in this package an exception was raised: the last line of its own that is named in the traceback."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f"musicgen{os.sep}" in f.filename]
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else "elsewhere"


@dataclass
class Found:
    """What was found: (what, where) to how often, and the first case."""

    tallies: Counter[str]
    findings: dict[tuple[str, str], list[str]]
    slowest: tuple[float, str] = (0.0, "")
    count: int = 0


def fuzz(names: Sequence[str], seed: int, limits: Limits, until: float) -> Found:
    """Run cases until all are done or the clock says `until` (`time.monotonic`)."""
    found = Found(Counter(), {})
    left = list(names)
    context = multiprocessing.get_context("spawn")
    while left and time.monotonic() < until:
        ours, theirs = context.Pipe(False)
        worker = context.Process(target=work, args=(theirs, seed, left, limits), daemon=True)
        worker.start()
        theirs.close()
        done = _follow(ours, worker, found, left, limits, until)
        worker.kill()
        worker.join()
        left = left[done:]
    return found


def _follow(
    pipe: Connection, worker: BaseProcess, found: Found, names: Sequence[str], limits: Limits, until: float
) -> int:
    """Take what a process tells of its cases, until it has none, dies, hangs, or the time is up; how many are done."""
    done, patience = -1, LOADING  # -1: it has not told yet that it is ready
    while done < len(names) and time.monotonic() < until:
        if not pipe.poll(min(patience, max(0.1, until - time.monotonic()))):
            if time.monotonic() >= until:
                break
            return max(done, 0) + _give_up(found, names, done, f"FOUND no answer for {patience:g} s")
        try:
            told = pipe.recv()
        except EOFError:
            worker.join(5)
            return max(done, 0) + _give_up(found, names, done, f"FOUND the process died ({worker.exitcode})")
        done, patience = done + 1, HANG * limits.seconds
        if told is not None:
            name, said, where, seconds = told
            found.count += 1
            found.slowest = max(found.slowest, (seconds, name))
            is_finding = said.startswith("FOUND")
            if is_finding:
                found.findings.setdefault((said, where), []).append(name)
            found.tallies["found" if is_finding else _sort(said)] += 1
    return max(done, 0)


def _give_up(found: Found, names: Sequence[str], done: int, what: str) -> int:
    """Note that a process ended in the middle of a case; the case is done with."""
    if done < 0:
        raise SystemExit(f"Expected a process that runs cases. Received: {what[6:]}, before the first case.")
    found.findings.setdefault((what, ""), []).append(names[done])
    found.tallies["found"] += 1
    return 1


def _sort(said: str) -> str:
    """The kind of a refusal: its words but for what was received."""
    return " ".join(said.split(" Received:")[0].split()[:9])


def names_of(files: int, recipes: int) -> list[str]:
    """Names of the cases, the kinds evenly mixed, so that a run that is cut short has had some of each."""
    both = [((i + 0.5) / files, f"midi-{i}") for i in range(files)]
    both += [((i + 0.5) / recipes, f"recipe-{i}") for i in range(recipes)]
    return [name for _, name in sorted(both)]


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=(__doc__ or "").splitlines()[0])
    result.add_argument("--count", type=int, default=FILES, help="MIDI files")
    result.add_argument("--recipes", type=int, default=RECIPES, help="recipes and links")
    result.add_argument("--seconds", type=float, default=7200, help="after which it ends, however far it is")
    result.add_argument("--seed", type=int, default=0)
    result.add_argument("--case-seconds", type=float, default=5.0, help="of work that a case may take")
    result.add_argument("--case-megabytes", type=int, default=500, help="that a case may take beside what is loaded")
    result.add_argument("--keep", type=Path, help="a folder for the cases of the findings")
    result.add_argument("--only", help="run this case alone, in this process, and show what it raises")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if options.only:
        print(Bench(options.seed).run(options.only))
        return 0
    begun = time.monotonic()
    names = names_of(options.count, options.recipes)
    limits = Limits(options.case_seconds, options.case_megabytes)
    found = fuzz(names, options.seed, limits, begun + options.seconds)
    seconds = time.monotonic() - begun
    done = f"{found.count:,} of {len(names):,} cases in {seconds:.0f} s"
    print(f"{done}; the slowest took {found.slowest[0]:.2f} s of work ({found.slowest[1]})")
    for said, count in found.tallies.most_common():
        print(f"{count:7} {said}")
    for (said, where), cases in found.findings.items():
        print(f"{len(cases)} x {said} at {where}; first: --seed {options.seed} --only {cases[0]}")
        if options.keep is not None:
            _, content = Bench(options.seed).case(cases[0])
            options.keep.mkdir(parents=True, exist_ok=True)
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            (options.keep / f"{cases[0]}.case").write_bytes(data)
    return 1 if found.findings else 0


if __name__ == "__main__":
    sys.exit(main())
