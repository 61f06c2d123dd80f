"""The morph pad: what the server answers while a point is dragged, and the pad in a real browser."""

from __future__ import annotations

import io
import json
from pathlib import Path

import mido
import pytest
from playwright.sync_api import expect

from musicgen.compose import Studio
from musicgen.midi import read_recipe
from musicgen.request import Request
from musicgen.web.desk import Desk
from musicgen.web.files import Shelf
from musicgen.web.known import Known
from musicgen.web.morph import ACTIONS
from musicgen.web.pieces import piece_value
from tests.browser import Visit
from tests.tiny import tiny_vae


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(Studio(tiny_vae()), Shelf(), ACTIONS)


def made(desk: Desk, seed: int) -> dict[str, object]:
    value = piece_value(desk.studio.make(Request(bars=4, seed=seed), sound=False))
    return {"id": value["id"], "midi": value["midi"]}


def test_a_sketch_has_the_notes_of_the_piece_that_follows(desk: Desk) -> None:
    call = {"action": "morph", "pieces": [made(desk, 1), made(desk, 2), made(desk, 3)], "weights": [2, 1, 1]}
    piece, sketch = desk.ask(call)["piece"], desk.ask(call | {"sketch": True})["sketch"]
    assert [lane["notes"] for lane in sketch["lanes"]] == [lane["notes"] for lane in piece["lanes"]]
    assert sum(len(lane["notes"]) for lane in sketch["lanes"]) > 10
    assert {name: piece[name] for name in ("bars", "ticks", "secondsPerTick", "clock")} | {
        "lanes": sketch["lanes"]
    } == sketch
    assert piece["edits"] == ["morph"]


def test_a_piece_that_was_sent_once_need_not_be_sent_again(desk: Desk) -> None:
    first, second = made(desk, 4), made(desk, 5)
    call = {"action": "morph", "weights": [1, 1], "sketch": True}
    short = call | {"pieces": [{"id": first["id"]}, {"id": second["id"]}]}
    assert desk.ask(short) == {"missing": [0, 1]}
    whole = desk.ask(call | {"pieces": [first, second]})
    assert "sketch" in whole and desk.ask(short) == whole


def test_what_was_used_last_is_remembered_and_the_rest_is_read_again(desk: Desk) -> None:
    pieces = [made(desk, seed) for seed in (1, 2, 3)]
    sizes = [Known(desk.studio).find(piece).music.note_count for piece in pieces]  # type: ignore[union-attr]
    known = Known(desk.studio, room=2 * (max(sizes) + 1000))
    for piece in (pieces[0], pieces[1], pieces[0], pieces[2]):
        assert known.find(piece) is not None
    assert [known.find({"id": piece["id"]}) is not None for piece in pieces] == [True, False, True]


@pytest.mark.parametrize(
    "values",
    [
        {}, {"pieces": "all"}, {"pieces": [{}] * 2}, {"pieces": [{"id": 7}, {"id": "x"}]},
        {"pieces": [{"id": "x", "midi": "AAAA"}] * 2}, {"pieces": [{"id": "x", "midi": 5}] * 2},
    ],
)  # fmt: skip
def test_what_the_page_does_not_send_is_refused_in_one_line(desk: Desk, values: dict[str, object]) -> None:
    error = desk.ask({"action": "morph", "weights": [1, 1]} | values)["error"]
    assert "xpected" in error and "\n" not in error


@pytest.mark.parametrize("weights", [None, "11", [1], [0, 0], [1, float("nan")], [1, -1], [1, "1"], {"0": 1, "1": 1}])
def test_weights_that_are_none_are_refused_in_one_line(desk: Desk, weights: object) -> None:
    pieces = [made(desk, 1), made(desk, 2)]
    for extra in ({}, {"sketch": True}):
        error = desk.ask({"action": "morph", "pieces": pieces, "weights": weights} | extra)["error"]
        assert "xpected" in error and "\n" not in error and json.dumps(error)


# --- in a browser -----------------------------------------------------------------------------------------------

PIXELS = "document.querySelector('#stage .score').toDataURL()"
MORPHED = "musicgen.piece.edits.includes('morph')"


def open_pad(visit: Visit) -> tuple[float, float, float]:
    """Open the tab and wait for the corners; where its square begins (x, y) and its side, in pixels."""
    visit.page.click("#workbench [role=tab]:text-is('Morph')")
    pad = visit.page.locator("#morph .pad")
    expect(pad).to_have_attribute("aria-disabled", "false", timeout=60_000)
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    return box["x"] + 18, box["y"] + 18, box["width"] - 36


def test_the_roll_follows_the_point_and_the_piece_is_made_when_it_is_let_go(visit: Visit) -> None:
    x, y, side = open_pad(visit)
    own = visit.page.evaluate("musicgen.piece.id")
    still = visit.page.evaluate(PIXELS)
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.mouse.move(x + 0.5 * side, y + 0.25 * side, steps=4)
    visit.page.wait_for_function(f"still => {PIXELS} !== still", arg=still)
    assert visit.page.evaluate("musicgen.piece.id") == own, "nothing is made while the point is held"
    visit.page.mouse.up()
    visit.page.wait_for_function(MORPHED)
    visit.page.wait_for_function("!document.querySelector('#stage audio').paused")
    recipe = read_recipe(visit.download("mid")[1])
    assert recipe is not None
    edit = recipe["edits"][-1]  # type: ignore[index]
    assert edit["weights"] == pytest.approx([0.375, 0.375, 0.125, 0.125], abs=0.02)
    styles = [recipe["request"]["style"], *(each["request"]["style"] for each in edit["partners"])]  # type: ignore[index]
    assert styles[0] == "jazz" and len(set(styles)) == 4
    assert {each["request"]["seed"] for each in edit["partners"]} == {2}


def test_arrow_keys_move_the_point_and_a_corner_is_the_piece_that_was_put_there(visit: Visit) -> None:
    open_pad(visit)
    visit.page.select_option("#morph select >> nth=1", "reggae")
    pad = visit.page.locator("#morph .pad")
    expect(pad).to_have_attribute("aria-disabled", "false", timeout=60_000)
    pad.focus()
    for _ in range(3):
        visit.page.keyboard.press("ArrowRight")
    expect(pad).to_have_attribute("aria-valuetext", "85 % Jazz in F major, 15 % Reggae")
    visit.page.wait_for_function(MORPHED)
    for _ in range(18):
        visit.page.keyboard.press("ArrowRight")
    expect(pad).to_have_attribute("aria-valuetext", "100 % Reggae")
    visit.page.wait_for_function("musicgen.piece.style === 'reggae' && musicgen.piece.edits.length === 0")


def test_a_finger_moves_the_point_and_the_corners_stay_what_they_were(phone: Visit) -> None:
    x, y, side = open_pad(phone)
    before = phone.page.evaluate("scrollY")
    phone.page.touchscreen.tap(x + 0.7 * side, y + 0.6 * side)
    phone.page.wait_for_function(MORPHED)
    names = "[...document.querySelectorAll('#morph select')].map((list) => list.selectedOptions[0].textContent)"
    assert phone.page.evaluate(names)[0] == "Jazz in F major"
    assert abs(phone.page.evaluate("scrollY") - before) < 120
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_morph_has_the_notes_that_the_roll_showed(visit: Visit) -> None:
    x, y, side = open_pad(visit)
    visit.page.evaluate("document.addEventListener('musicgen:preview', (event) => { window.shown = event.detail; })")
    visit.page.mouse.move(x, y)
    visit.page.mouse.down()
    visit.page.mouse.move(x + 0.4 * side, y + 0.4 * side)
    visit.page.wait_for_function("window.shown && window.shown.lanes")
    visit.page.wait_for_timeout(1500)  # for the sketch of the last place
    visit.page.mouse.up()
    visit.page.wait_for_function(MORPHED)
    notes = "(piece) => piece.lanes.map((lane) => lane.notes)"
    assert visit.page.evaluate(f"({notes})(window.shown)") == visit.page.evaluate(f"({notes})(musicgen.piece)")
    file = mido.MidiFile(file=io.BytesIO(visit.download("mid")[1]))
    struck = sum(message.type == "note_on" and message.velocity > 0 for track in file.tracks for message in track)
    assert struck == visit.page.evaluate(f"({notes})(window.shown).flat().length")


def test_a_kept_piece_and_a_file_can_be_corners(visit: Visit, small_midi: bytes, tmp_path: Path) -> None:
    (tmp_path / "little tune.mid").write_bytes(small_midi)
    visit.page.evaluate("musicgen.tell('keep', { piece: musicgen.piece, on: true })")
    kept = visit.page.evaluate("musicgen.piece.id")
    visit.generate()
    open_pad(visit)
    visit.page.select_option("#morph select >> nth=1", label="Jazz in F major · 16 bars · 132 BPM · seed 2")
    with visit.page.expect_file_chooser() as chooser:
        visit.page.select_option("#morph select >> nth=3", "file")
    chooser.value.set_files(tmp_path / "little tune.mid")
    names = "[...document.querySelectorAll('#morph select')].map((list) => list.selectedOptions[0].textContent)"
    visit.page.wait_for_function(f"{names}[3] === 'Jazz in C major'")  # the style that the file says
    x, y, side = open_pad(visit)
    visit.page.mouse.click(x + side, y)
    visit.page.wait_for_function("kept => musicgen.piece.id === kept", arg=kept)
    visit.page.wait_for_function("!document.querySelector('#stage audio').paused")
    visit.page.mouse.click(x + 0.9 * side, y + 0.9 * side)
    visit.page.wait_for_function(MORPHED)
