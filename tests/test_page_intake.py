"""Your music: files that visitors bring, what the server says of them, and the card in a real browser."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import mido
import pytest
from playwright.sync_api import expect

from musicgen.compose import Studio
from musicgen.evaluation.reconstruction import onset_f1
from musicgen.midi import from_midi
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES
from musicgen.web.desk import Desk
from musicgen.web.files import Shelf
from musicgen.web.intake import ACTIONS
from musicgen.web.pieces import MAX_BYTES
from musicgen.web.theme import static
from tests.browser import Visit
from tests.tiny import tiny_vae


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(Studio(tiny_vae()), Shelf(), ACTIONS)


def foreign_file(bars: int = 6, metre: int = 3) -> bytes:
    """A piano in 3/4, or so many quarters, at 92 beats a minute: a scale above, a fifth below at every bar line."""
    file = mido.MidiFile(ticks_per_beat=480)
    head, piano = mido.MidiTrack(), mido.MidiTrack()
    file.tracks.extend([head, piano])
    head.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(92)))
    head.append(mido.MetaMessage("time_signature", numerator=metre, denominator=4))
    piano.append(mido.MetaMessage("track_name", name="Grand Piano"))
    events = []
    for beat in range(metre * bars):
        pitches = [72 + (0, 2, 4, 5, 7, 9)[beat % 6]] + ([45, 52] if beat % metre == 0 else [])
        for pitch in pitches:
            events += [(480 * beat, 1, pitch), (480 * beat + 460, 0, pitch)]
    now = 0
    for tick, on, pitch in sorted(events):
        piano.append(mido.Message("note_on" if on else "note_off", note=pitch, velocity=80 * on, time=tick - now))
        now = tick
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def take_in(desk: Desk, data: bytes, name: object = "tune.mid") -> dict:
    return desk.ask({"action": "take_in", "name": name, "data": base64.b64encode(data).decode()})


def test_a_foreign_file_comes_with_what_was_understood(desk: Desk) -> None:
    piece = take_in(desk, foreign_file(), "<b>tune\n.mid")["piece"]
    assert (piece["bars"], piece["metre"], piece["tempo"], piece["request"]) == (6, "3/4", 92, None)
    assert {lane["role"]: len(lane["notes"]) for lane in piece["lanes"] if lane["notes"]}["melody"] == 18
    assert any("Grand Piano" in line for line in piece["said"])
    assert piece["title"].startswith("<b>tune in ")


def test_a_file_of_ours_brings_its_request_and_one_that_was_changed_does_not(desk: Desk) -> None:
    made = desk.studio.make(Request(bars=4, seed=3), sound=False)
    assert take_in(desk, made.midi)["piece"]["request"] == made.request.to_dict()  # type: ignore[union-attr]
    changed = mido.MidiFile(file=io.BytesIO(made.midi))
    next(m for track in changed.tracks for m in track if m.type == "note_on" and m.velocity).velocity = 1
    buffer = io.BytesIO()
    changed.save(file=buffer)
    assert take_in(desk, buffer.getvalue())["piece"]["request"] is None


def test_fidelity_is_the_onset_f1_between_the_piece_and_its_reconstruction(desk: Desk) -> None:
    piece = take_in(desk, foreign_file())["piece"]
    answer = desk.ask({"action": "version", "midi": piece["midi"]})
    before, after = (from_midi(base64.b64decode(each["midi"])) for each in (piece, answer["piece"]))
    assert answer["fidelity"] == onset_f1(before, after, *ROLE_NAMES)
    assert answer["roles"] == {role: onset_f1(before, after, role) for role in ROLE_NAMES if before.notes(role)}
    assert answer["piece"]["edits"] == ["reconstruct"]


@pytest.mark.parametrize("data", [b"", b"hello", b"MThd" + bytes(60), b"\0" * (MAX_BYTES + 9)])
def test_what_is_no_file_for_us_is_one_plain_line(desk: Desk, data: bytes) -> None:
    error = take_in(desk, data)["error"]
    assert error.startswith("Expected") and "Received" in error and "\n" not in error


@pytest.mark.parametrize("values", [{}, {"name": 5, "data": ""}, {"name": "x"}, {"name": "x", "data": "??"}])
def test_what_the_page_does_not_send_is_one_plain_line(desk: Desk, values: dict[str, object]) -> None:
    assert "xpected" in desk.ask({"action": "take_in"} | values)["error"]


def test_more_notes_than_the_page_takes_are_refused_before_the_work(desk: Desk) -> None:
    file = mido.MidiFile()
    track = mido.MidiTrack(mido.Message("note_on", note=60 + i % 12, velocity=64, time=1) for i in range(20_001))
    file.tracks.append(track)
    buffer = io.BytesIO()
    file.save(file=buffer)
    assert "at most 20,000 notes" in take_in(desk, buffer.getvalue())["error"]


def test_the_page_refuses_what_the_server_would(desk: Desk) -> None:
    assert f"const MOST_BYTES = {MAX_BYTES};" in static("bring.js")


def test_files_make_a_style_and_a_style_makes_pieces(desk: Desk) -> None:
    pieces = [take_in(desk, foreign_file(bars))["piece"]["midi"] for bars in (6, 9)]
    found = desk.ask({"action": "my_style", "pieces": pieces})
    made = desk.ask({"action": "in_style", "style": found["style"], "bars": 8, "key": "G minor", "seed": 3})["piece"]
    assert (made["bars"], made["key"], made["tempo"], made["edits"]) == (8, "G minor", 92, ["lean", "mix"])
    assert made["link"]


@pytest.mark.parametrize(
    "values",
    [{"action": "my_style", "pieces": ["?", "?"]}, {"action": "my_style", "pieces": 7}, {"action": "in_style"}],
)
def test_what_is_no_style_is_one_plain_line(desk: Desk, values: dict[str, object]) -> None:
    assert desk.ask(values)["error"].startswith("Expected")


# --- in a browser -----------------------------------------------------------------------------------------------

CARD = "#intake .card"


def bring(visit: Visit, *paths: Path) -> None:
    visit.page.click("#workbench [role=tab]:text-is('Your music')")
    visit.page.set_input_files("#intake input[type=file]", [str(path) for path in paths])


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    path = tmp_path / "kitchen waltz.mid"
    path.write_bytes(foreign_file(8))
    return path


def test_a_file_is_understood_and_the_model_plays_its_version(visit: Visit, tune: Path) -> None:
    bring(visit, tune)
    expect(visit.page.locator(f"{CARD} h3")).to_have_text("kitchen waltz.mid")
    expect(visit.page.locator(f"{CARD} .facts")).to_have_text(
        re.compile(r"^8 bars · 3/4 · 92 BPM · [A-G][b#]? (major|minor)$")
    )
    expect(visit.page.locator(f"{CARD} .roles")).to_contain_text("Melody 24")
    expect(visit.page.locator(f"{CARD} .said")).to_contain_text("Grand Piano")
    expect(visit.page.locator("#stage .title")).to_contain_text("kitchen waltz in ")
    visit.page.click(f"{CARD} [data-do=version]")
    expect(visit.page.locator(f"{CARD} .outcome b")).to_have_text(re.compile(r"^\d+ %$"))
    visit.page.wait_for_function("musicgen.piece.edits.includes('reconstruct')")
    visit.page.click(f"{CARD} [data-do=continue]")
    visit.page.wait_for_function("musicgen.piece.bars === 16")
    visit.page.click(f"{CARD} [data-do=accompany]")
    visit.page.wait_for_function("musicgen.piece.lanes.every((lane) => lane.notes.length)")
    visit.page.click(f"{CARD} [data-do=vary]")
    visit.page.wait_for_function("musicgen.piece.edits[0] === 'vary'")
    visit.page.select_option(f"{CARD} select", "reggae")
    visit.page.click(f"{CARD} [data-do=restyle]")
    visit.page.wait_for_function("musicgen.piece.style === 'reggae'")
    visit.page.click(f"{CARD} [data-do=play]")
    visit.page.wait_for_function("musicgen.piece.edits.length === 0")


def test_the_playhead_follows_a_tempo_that_changes(visit: Visit, tmp_path: Path) -> None:
    file = mido.MidiFile(file=io.BytesIO(foreign_file(8, metre=4)))
    file.tracks[0].append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(184), time=480 * 4))
    file.save(tmp_path / "faster.mid")
    bring(visit, tmp_path / "faster.mid")
    expect(visit.page.locator(f"{CARD} .facts")).to_contain_text("92 BPM at first")
    expect(visit.page.locator(f"{CARD} .said")).to_contain_text("The tempo changes, between 92 and 184")
    visit.page.wait_for_function("document.querySelector('#stage audio').readyState >= 2 && musicgen.piece.audio")
    visit.page.evaluate("document.querySelector('#stage audio').pause()")
    visit.page.evaluate("document.querySelector('#stage audio').currentTime = 0; document.activeElement.blur()")
    slow, fast = 4 * 60 / 92, 4 * 60 / 184
    assert visit.audio("duration") >= slow + 7 * fast - 0.01
    for key, expected in (("ArrowRight", slow), ("ArrowRight", slow + fast), ("ArrowLeft", slow), ("ArrowLeft", 0)):
        visit.page.keyboard.press(key)
        assert visit.audio("currentTime") == pytest.approx(expected, abs=0.01)
    half = visit.page.evaluate("(second) => musicgen.tickAt(musicgen.piece, second)", slow + fast / 2)
    assert half == pytest.approx(48 + 24, abs=0.01)


def test_a_file_of_ours_brings_the_panel_back(visit: Visit, tmp_path: Path) -> None:
    visit.page.click("#style label:has(input[value=reggae])")
    visit.page.click("#bars label:has(input[value='8'])")
    visit.page.fill("#seed input", "4711")
    visit.generate()
    name, data = visit.download("mid")
    (tmp_path / name).write_bytes(data)
    visit.page.reload()
    visit.page.wait_for_function("window.musicgen && musicgen.piece")
    bring(visit, tmp_path / name)
    expect(visit.page.locator("#seed input")).to_have_value("4711")
    expect(visit.page.locator("#style label:has(input[value=reggae])")).to_have_class(re.compile("selected"))
    expect(visit.page.locator(f"{CARD} .said")).to_contain_text("Made here")
    expect(visit.page.locator(f"{CARD} [data-do=accompany]")).to_be_disabled()
    assert visit.download("mid")[1] == data


def test_what_cannot_be_read_is_told_in_a_line_and_the_rest_is_taken(visit: Visit, tune: Path, tmp_path: Path) -> None:
    (tmp_path / "letter.mid").write_bytes(b"Dear reader")
    (tmp_path / "large.mid").write_bytes(bytes(MAX_BYTES + 1))
    bring(visit, tmp_path / "letter.mid", tune)
    expect(visit.page.locator(".notice-toast")).to_contain_text("Expected a MIDI file")
    expect(visit.page.locator(f"{CARD} h3")).to_have_text("kitchen waltz.mid")
    expect(visit.page.locator("#intake .files button:text-is('letter.mid')")).to_be_disabled()
    bring(visit, tmp_path / "large.mid")
    expect(visit.page.locator(".notice-toast")).to_contain_text("at most 400 kB. Received: 401 kB")


def test_a_file_may_be_dropped_anywhere_and_goes_to_the_pad(visit: Visit) -> None:
    data = base64.b64encode(foreign_file(8, metre=4)).decode()  # pieces on the pad are in one metre
    visit.page.evaluate(
        """(data) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const transfer = new DataTransfer();
            transfer.items.add(new File([bytes], "dropped.mid"));
            const drop = { dataTransfer: transfer, bubbles: true, cancelable: true };
            document.querySelector("#stage").dispatchEvent(new DragEvent("drop", drop));
        }""",
        data,
    )
    expect(visit.page.locator(f"{CARD} h3")).to_have_text("dropped.mid")
    visit.page.click(f"{CARD} [data-do=morph]")
    expect(visit.page.locator("#morph .pad")).to_have_attribute("aria-disabled", "false", timeout=60_000)
    names = "[...document.querySelectorAll('#morph select')].map((list) => list.selectedOptions[0].textContent)"
    left, right = visit.page.evaluate(names)[:2]
    assert left.startswith("dropped in ") and right == "Jazz in F major"


def test_a_few_files_make_my_style_which_stays_until_it_is_removed(visit: Visit, tune: Path, tmp_path: Path) -> None:
    other = tmp_path / "garden waltz.mid"
    other.write_bytes(foreign_file(12))
    bring(visit, tune)
    expect(visit.page.locator(f"{CARD} h3")).to_have_text("kitchen waltz.mid")
    expect(visit.page.locator("#intake .own")).to_be_hidden()
    bring(visit, other)
    visit.page.click("#intake [data-own=find]")
    expect(visit.page.locator("#intake .chip")).to_contain_text("My style (2 files)")
    visit.page.click("#bars label:has(input[value='8'])")
    visit.page.click("#intake [data-own=play]")
    visit.page.wait_for_function("musicgen.piece.edits.includes('lean')")
    made = visit.page.evaluate(
        "({ bars: musicgen.piece.bars, tempo: musicgen.piece.tempo, link: musicgen.piece.link })"
    )
    assert (made["bars"], made["tempo"], bool(made["link"])) == (8, 92, True)
    visit.page.reload()
    visit.page.wait_for_function("window.musicgen && musicgen.piece")
    visit.page.click("#workbench [role=tab]:text-is('Your music')")
    expect(visit.page.locator("#intake .chip")).to_contain_text("My style (2 files)")
    visit.page.click("#intake [data-own=drop]")
    expect(visit.page.locator("#intake .own")).to_be_hidden()
    assert visit.page.evaluate("localStorage.getItem('musicgen:my-style')") is None
