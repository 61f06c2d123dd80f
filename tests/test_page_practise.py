"""The mixer's levels, practising and dragging in a real browser: what is heard is measured where it leaves the page."""

from __future__ import annotations

import base64
import io
from itertools import pairwise

import mido
import pytest
from playwright.sync_api import Browser, expect

from musicgen.midi import from_midi, stems
from musicgen.roles import ROLE_NAMES
from tests.browser import Server, Visit, visit_page

TAP = """(() => {
    const { connect } = AudioNode.prototype;
    window.taps = [];
    AudioNode.prototype.connect = function (to, ...rest) {
        if (to instanceof AudioDestinationNode) {
            const tap = this.context.createAnalyser();
            tap.fftSize = 16384;
            connect.call(this, tap);
            window.taps.push(tap);
        }
        return connect.call(this, to, ...rest);
    };
    window.loudness = () => Math.sqrt(window.taps.reduce((sum, tap) => {
        const data = new Float32Array(tap.fftSize);
        tap.getFloatTimeDomainData(data);
        return sum + data.reduce((squares, x) => squares + x * x, 0) / data.length;
    }, 0));
})()"""
"""Measures what all graphs of the page send to the loudspeakers, over a third of a second."""
SET_LEVELS = """share => {
    for (const level of document.querySelectorAll(".mixer .level")) {
        level.value = Math.round(level.dataset.usual * share);
        level.dispatchEvent(new Event("input", { bubbles: true }));
    }
}"""


@pytest.fixture
def listener(browser: Browser, server: Server) -> Visit:
    """A visit that can say how loud the page is."""
    for visit in visit_page(browser, server, viewport={"width": 1280, "height": 900}):
        visit.page.evaluate(TAP)
        visit.page.evaluate(
            """document.querySelectorAll(".mixer .level").forEach((level) => { level.dataset.usual = level.value; })"""
        )
        yield visit


def loudness(visit: Visit) -> float:
    """The mean over two seconds."""
    return visit.page.evaluate(
        """async () => { let sum = 0;
            for (let i = 0; i < 8; i += 1) { await new Promise((on) => setTimeout(on, 250)); sum += loudness(); }
            return sum / 8; }"""
    )


def drag(visit: Visit, selector: str) -> str:
    """What a drag that begins there would write: "type:name:address"."""
    return visit.page.evaluate(
        """selector => { const data = new DataTransfer();
            const event = new DragEvent("dragstart", { bubbles: true, cancelable: true, dataTransfer: data });
            document.querySelector(selector).dispatchEvent(event);
            return data.getData("DownloadURL"); }""",
        selector,
    )


# --- levels -----------------------------------------------------------------------------------------------------


def test_levels_are_heard_as_they_are_set_and_at_once(listener: Visit) -> None:
    page = listener.page
    page.click("#stage .loop")  # it may take longer than the piece until the stems are here
    page.click("#stage .play")
    page.hover(".mixer .keep")
    page.evaluate(SET_LEVELS, 0.98)  # so that the page listens to its stems
    page.wait_for_function("loudness() > 0.01")
    full = loudness(listener)
    page.evaluate(SET_LEVELS, 0.33)
    page.wait_for_timeout(600)
    third = loudness(listener)
    assert third == pytest.approx(full / 9, rel=0.5), "a volume counts by its square, and nothing is evened out"
    page.evaluate(SET_LEVELS, 0)
    page.wait_for_timeout(600)
    assert loudness(listener) < full / 100
    assert not listener.audio("paused")


def test_a_mix_is_kept_for_new_pieces(visit: Visit) -> None:
    visit.page.click(".mixer .c-drums .silence")
    visit.page.wait_for_function("musicgen.piece.edits.includes('mix')")
    visit.page.check(".mixer .keep input")
    visit.generate()
    assert visit.page.evaluate("musicgen.piece.lanes.map(({ role, volume }) => [role, volume]).pop()") == ["drums", 0]
    expect(visit.page.locator(".mixer .c-drums .silence")).to_have_attribute("aria-pressed", "true")
    visit.page.reload()
    visit.page.wait_for_selector(".mixer .keep input")
    expect(visit.page.locator(".mixer .keep input")).to_be_checked()


def test_there_is_one_tempo_which_is_that_of_the_piece_and_of_the_next(visit: Visit) -> None:
    assert visit.page.locator("label:has-text('Tempo') >> visible=true").count() == 1
    visit.page.fill("#tempo input", "97")
    visit.page.wait_for_function("musicgen.piece.tempo === 97")
    visit.generate()
    assert visit.page.evaluate("musicgen.piece.tempo") == 97
    visit.page.click("#stage .undo")
    visit.page.click("#stage .undo")
    expect(visit.page.locator("#tempo input")).not_to_have_value("97")


# --- who plays --------------------------------------------------------------------------------------------------


def test_who_plays_is_chosen_before_the_piece_is_made(visit: Visit) -> None:
    for role in ("melody", "pad"):
        visit.page.click(f"#roles label:has(input[name='{role}'])")
    visit.generate()
    assert visit.page.evaluate("musicgen.piece.request.roles") == ["chords", "bass", "drums"]
    assert visit.page.evaluate("musicgen.piece.lanes.filter((lane) => lane.notes.length).map((lane) => lane.role)") == [
        "chords", "bass", "drums",
    ]  # fmt: skip


# --- practising -------------------------------------------------------------------------------------------------


def test_some_bars_are_looped_slower_and_with_a_metronome(listener: Visit) -> None:
    page = listener.page
    page.click(".practise summary")
    page.fill("[aria-label='First bar to loop']", "3")
    page.keyboard.press("Tab")
    page.fill("[aria-label='Last bar to loop']", "3")
    page.keyboard.press("Tab")
    bar = page.evaluate("musicgen.piece.ticksPerBar * musicgen.piece.secondsPerTick")
    assert listener.audio("currentTime") == pytest.approx(2 * bar, abs=0.01)
    page.evaluate(
        """() => { const speed = document.querySelector(".practise .speed input"); speed.value = 75;
            speed.dispatchEvent(new Event("input")); }"""
    )
    page.click(".practise .metronome")
    page.click("#stage .play")
    page.wait_for_function("!document.querySelector('#stage audio').paused")
    assert (listener.audio("playbackRate"), listener.audio("preservesPitch")) == (0.75, True)
    places = page.evaluate(
        """async () => { const audio = document.querySelector("#stage audio"); const found = [];
            for (let i = 0; i < 40; i += 1) {
                await new Promise((on) => setTimeout(on, 100));
                found.push(audio.currentTime);
            }
            return found; }"""
    )
    assert all(2 * bar - 0.1 <= place < 3 * bar + 0.3 for place in places)
    assert any(later < earlier for earlier, later in pairwise(places)), "it began again"
    assert page.evaluate("taps.length") >= 4, "clicks were sent to the loudspeakers"
    page.click(".practise .whole")
    assert page.input_value("[aria-label='Last bar to loop']") == "16"


def test_a_bar_is_counted_in(visit: Visit) -> None:
    visit.page.click(".practise summary")
    visit.page.click(".practise .count-in")
    visit.page.click("#stage .play")
    expect(visit.page.locator("#stage .play")).to_have_attribute("aria-label", "Stop counting")
    assert visit.audio("paused")
    visit.page.wait_for_function("!document.querySelector('#stage audio').paused")
    visit.page.click("#stage .play")
    visit.page.click("#stage .play")
    visit.page.click("#stage .play")
    visit.page.wait_for_timeout(2500)
    assert visit.audio("paused"), "a second press stops the counting"


def test_bars_are_chosen_over_the_roll(visit: Visit) -> None:
    box = visit.page.locator("#stage .light").bounding_box()
    assert box is not None
    bar = (box["width"] - 102) / 16
    visit.page.mouse.move(box["x"] + 92 + 4.5 * bar, box["y"] + 12)
    visit.page.mouse.down()
    visit.page.mouse.move(box["x"] + 92 + 7.5 * bar, box["y"] + 12)
    visit.page.mouse.up()
    visit.page.click(".practise summary")
    assert [visit.page.input_value(f"[aria-label='{which} bar to loop']") for which in ("First", "Last")] == ["5", "8"]
    expect(visit.page.locator("#stage .loop")).to_have_attribute("aria-pressed", "true")


# --- dragging ---------------------------------------------------------------------------------------------------


def test_the_midi_of_all_or_of_one_role_is_dragged_away(visit: Visit) -> None:
    midi = base64.b64decode(visit.page.evaluate("musicgen.piece.midi"))
    kind, name, scheme, data = drag(visit, "#downloads [data-format='mid']").split(":", 3)
    assert (kind, name[-4:], scheme) == ("audio/midi", ".mid", "data")
    assert base64.b64decode(data.split(",")[1]) == midi
    expected = stems(midi)
    for role in ROLE_NAMES:
        _, name, _, data = drag(visit, f".mixer .c-{role} .name").split(":", 3)
        assert name.endswith(f"-{role}.mid")
        alone = base64.b64decode(data.split(",")[1])
        assert from_midi(alone) == from_midi(expected[role])
        assert len(mido.MidiFile(file=io.BytesIO(alone)).tracks) == 2
