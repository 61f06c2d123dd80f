"""Damaged files by the hundred: each is read, or left out for a reason that is on the list; nothing escapes."""

import io
import random
import re
import zipfile
from collections import Counter

import pytest

from musicgen.corpus.reading import Reading, work
from musicgen.corpus.reasons import REASONS, Unusable, reason_of
from musicgen.errors import MidiError
from tests.little_corpus import band_file
from tests.test_corpus import song_xml
from tests.test_engraved import waltz
from tests.test_leadsheets import WHOLE, C, sheet

TUNE = b"X:1\nT:Scale\nM:6/8\nL:1/8\nK:Dmaj\n|:DEF GAB|cde fga|" + b"dcB AGF|" * 5 + b"D3 D3:|\n"
HYMN = b"X:1\nM:3/4\nL:1/4\nV:S\nV:A\nV:T\nV:B\nK:F\n" + b"".join(
    b"[V:%c] " % voice + note * 3 + b"|" + (note + b"2" + note + b"|") * 9 + b"\n"
    for voice, note in ((83, b"c"), (65, b"F"), (84, b"A,"), (66, b"F,"))
)
LEAD_SHEET = sheet(*[C + WHOLE] * 8)
SONG = song_xml(8)


def packed(xml: bytes) -> bytes:
    """A score as the archives have it: an .mxl, which is a zip file with a note of where the score is."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        rootfile = '<rootfile full-path="score.xml"/>'
        archive.writestr("META-INF/container.xml", f"<container><rootfiles>{rootfile}</rootfiles></container>")
        archive.writestr("score.xml", xml)
    return file.getvalue()


def damaged(data: bytes, rng: random.Random) -> bytes:
    """The file with one to four things wrong: bytes changed, cut out, put in, doubled, or its end missing."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(out)), rng.choice((1, 1, 4, 40))
        kind = rng.randrange(6)
        if kind == 0:
            out[at] = rng.randrange(256)
        elif kind == 1:
            del out[at : at + length]
        elif kind == 2:
            out[at:at] = rng.randbytes(length)
        elif kind == 3:
            out[at:at] = out[max(0, at - 40) : at]
        elif kind == 4 and rng.random() < 0.3:
            del out[max(at, 20) :]
        else:  # another number, where there is a number in text
            text = re.sub(rb"\d+", str(rng.choice((0, -1, 7, 99999))).encode(), bytes(out[at : at + 60]), count=1)
            out[at : at + 60] = text
        out = out or bytearray(b"\0")
    return bytes(out)


@pytest.mark.parametrize(
    ("kind", "original", "count"),
    [
        ("band", band_file(1), 250),
        ("songs", SONG, 100),
        ("lead sheets", LEAD_SHEET, 150),
        ("songs", packed(SONG), 100),
        ("lead sheets", packed(LEAD_SHEET), 100),
        ("tunes", TUNE, 60),
        ("hymns", HYMN, 40),
        ("engraved", waltz(1.0), 100),
    ],
    ids=[
        "band.mid",
        "song.xml",
        "lead-sheet.xml",
        "song.mxl",
        "lead-sheet.mxl",
        "tune.abc",
        "hymn.abc",
        "engraved.mid",
    ],
)
def test_a_damaged_file_is_read_or_left_out_for_a_reason(kind: str, original: bytes, count: int) -> None:
    rng = random.Random(kind)
    assert work(Reading("whole", kind, original, "pop")).reason == ""
    seen: Counter[str] = Counter()
    for number in range(count):
        outcome = work(Reading(f"damaged {number}", kind, damaged(original, rng), "pop"))
        assert bool(outcome.reason) != bool(outcome.pieces or outcome.sheet)
        seen[outcome.reason] += 1
    assert set(seen) <= {"", *REASONS}
    assert count - seen[""] >= count / 10


@pytest.mark.parametrize("kind", ["band", "songs", "lead sheets", "drums", "tunes", "hymns", "engraved"])
@pytest.mark.parametrize("data", [b"", b"\0" * 1000, b"MThd", b"PK\x03\x04", b"<score-partwise/>"])
def test_a_file_that_is_nothing_is_left_out(kind: str, data: bytes) -> None:
    assert work(Reading("nothing", kind, data, "pop", 120.0)).reason in ("parse", "metre", "parts")


def test_errors_become_reasons() -> None:
    errors = [Unusable("metre", "Expected 4/4."), MidiError("Expected a MIDI file."), TimeoutError(), KeyError("x")]
    assert [reason_of(error) for error in errors] == ["metre", "parse", "slow", "unexpected: KeyError"]
