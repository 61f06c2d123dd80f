"""The tab "Parts" and the mixer in a real browser: what is locked stays, what is mixed is the same music."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import mido
import numpy as np
import pytest
from playwright.sync_api import expect

from musicgen.midi import CHANNELS, MIX, from_midi, read_recipe, to_midi
from musicgen.midi_reading import read_score
from musicgen.models.redrawing import changed_share
from musicgen.music import TICKS_PER_BAR, Music, Note
from musicgen.recipe_texts import mask_text
from musicgen.roles import ROLE_NAMES
from tests.browser import PHONE, Visit


def open_parts(visit: Visit) -> None:
    visit.page.get_by_role("tab", name="Parts").click()
    visit.page.wait_for_selector(".parts .cell")


def music(visit: Visit) -> Music:
    """The piece on the stage, from its MIDI file."""
    return from_midi(base64.b64decode(visit.page.evaluate("musicgen.piece.midi")))


def locked(visit: Visit) -> np.ndarray:
    """What the grid shows as locked, bool, shape (bars, roles)."""
    rows = visit.page.evaluate(
        """[...document.querySelectorAll(".parts .row")].slice(1).map((row) =>
            [...row.querySelectorAll(".cell")].map((cell) => cell.getAttribute("aria-selected") === "true"))"""
    )
    return np.array(rows).T


def press(visit: Visit, selector: str) -> None:
    """Press a button that makes a piece, and wait until that is on the stage."""
    before = visit.page.evaluate("musicgen.piece.id")
    visit.page.click(selector)
    visit.page.wait_for_function("before => musicgen.piece.id !== before", arg=before)


def show(visit: Visit, piece: Music) -> None:
    """Put a piece of our own on the stage."""
    data = base64.b64encode(to_midi(piece)).decode()
    visit.page.evaluate('midi => musicgen.compose("change", { midi, edit: { kind: "mix", mix: {} } })', data)


def in_cells(piece: Music, cells: np.ndarray) -> list[tuple[str, Note]]:
    """The notes that begin in some cells."""
    return [
        (role, note)
        for column, role in enumerate(ROLE_NAMES)
        for note in piece.notes(role)
        if cells[note.onset // TICKS_PER_BAR, column]
    ]


def volumes(data: bytes) -> dict[int, list[int]]:
    """Channel to the values of its controller 7."""
    found: dict[int, list[int]] = {}
    for message in mido.MidiFile(file=io.BytesIO(data)):
        if message.type == "control_change" and message.control == 7:
            found.setdefault(message.channel, []).append(message.value)
    return found


# --- parts ------------------------------------------------------------------------------------------------------


def test_locked_cells_come_back_note_for_note_and_the_page_says_so(visit: Visit) -> None:
    open_parts(visit)
    before = music(visit)
    visit.page.click(".parts .c-bass .name button")
    visit.page.click(".parts .number:nth-child(3) button")  # bar 2, after the corner
    first, last = (visit.page.locator(".parts .c-melody .cell").nth(bar).bounding_box() for bar in (4, 7))
    assert first and last
    visit.page.mouse.move(first["x"] + 5, first["y"] + 5)
    visit.page.mouse.down()
    visit.page.mouse.move(last["x"] + 5, last["y"] + 5)  # in one leap: the cells between are painted too
    visit.page.mouse.up()
    expected = np.zeros((16, 5), bool)
    expected[:, 3] = expected[1] = expected[4:8, 0] = True
    assert (locked(visit) == expected).all()

    press(visit, ".parts .change")
    expect(visit.page.locator(".parts .verdict")).to_have_text(
        re.compile(r"^0 locked notes changed · \d+ % of the rest changed$")
    )
    after = music(visit)
    assert in_cells(after, expected) == in_cells(before, expected) != []
    assert in_cells(after, ~expected) != in_cells(before, ~expected)
    assert (locked(visit) == expected).all(), "locks survive a change"
    recipe = read_recipe(visit.download("mid")[1])
    assert recipe is not None
    edit = recipe["edits"][-1]  # type: ignore[index]
    assert edit["kind"] == "vary" and edit["strength"] == 0.6 and edit["keep"] == mask_text(expected)

    press(visit, ".parts .change")
    again = music(visit)
    assert in_cells(again, ~expected) != in_cells(after, ~expected), "each press has a new seed"


def test_the_rest_changes_by_the_amount_asked_and_the_page_says_how_much(visit: Visit) -> None:
    """Drums that go with what the other roles play, which a network that hears those draws again hit for hit."""
    visit.page.click("#style label:has(input[value='rock'])")
    visit.page.click("#bars label:has(input[value='8'])")
    visit.page.fill("#seed input", "31")
    visit.generate()
    open_parts(visit)
    before = music(visit)
    drums = np.tile([role == "drums" for role in ROLE_NAMES], (8, 1))
    visit.page.click(".parts .lock-all")
    visit.page.click(".parts .c-drums .name button")
    for amount, least, most in ((30, 0.01, 0.6), (100, 0.3, 1.0)):
        visit.page.evaluate(
            """amount => { const input = document.querySelector(".parts .strength input"); input.value = amount;
                input.dispatchEvent(new Event("input")); }""",
            amount,
        )
        press(visit, ".parts .change")
        after = music(visit)
        assert in_cells(after, ~drums) == in_cells(before, ~drums)
        share = changed_share(before, after, drums)
        assert share is not None and least <= share <= most
        said = f"0 locked notes changed · {round(100 * share)} % of the rest changed"
        expect(visit.page.locator(".parts .verdict")).to_have_text(said)
        press(visit, "#stage .undo")


def test_a_changed_locked_note_would_be_counted(visit: Visit) -> None:
    """The page counts notes itself: an answer that breaks a lock is told as it is."""
    open_parts(visit)
    visit.page.click(".parts .c-bass .name button")
    visit.page.evaluate(
        """() => { const { compose } = musicgen;
            musicgen.compose = async (...call) => { const answer = await compose(...call);
                answer.piece.lanes.find((lane) => lane.role === "bass").notes[0][1] += 1;
                return answer; }; }"""
    )
    visit.page.click(".parts .change")
    expect(visit.page.locator(".parts .verdict")).to_contain_text("2 locked notes changed")  # one is gone, one is new


def test_more_bars_keep_what_is_there_up_to_320(visit: Visit) -> None:
    open_parts(visit)
    before = music(visit)
    visit.page.click(".parts .lock-all")
    expect(visit.page.locator(".parts .change")).to_be_disabled()
    expect(visit.page.locator(".parts .change")).to_have_attribute("title", "Everything is locked")
    press(visit, ".parts .add[data-bars='4']")
    longer = music(visit)
    assert longer.bars == 20
    assert all(
        tuple(note for note in longer.notes(role) if note.onset < before.ticks) == before.notes(role)
        for role in ROLE_NAMES
    )
    assert locked(visit).shape == (20, 5) and not locked(visit).any(), "the grid is another one"

    visit.page.locator(".parts .c-drums .cell").nth(19).click()
    press(visit, ".parts .change")
    expected = np.zeros((20, 5), bool)
    expected[19, 4] = True
    recipe = read_recipe(visit.download("mid")[1])
    assert recipe is not None and recipe["edits"][-1]["keep"] == mask_text(expected)  # type: ignore[index]

    show(visit, replace(before, bars=316))
    expect(visit.page.locator(".parts .add[data-bars='4']")).to_be_enabled()
    expect(visit.page.locator(".parts .add[data-bars='8']")).to_be_disabled()
    expect(visit.page.locator(".parts .add[data-bars='8']")).to_have_attribute("title", "A piece has at most 320 bars")


def test_fill_the_band_and_another_style_keep_what_they_promise(visit: Visit) -> None:
    open_parts(visit)
    expect(visit.page.locator(".parts .fill")).to_be_disabled()
    before = music(visit)
    trio = replace(before, tracks=tuple(track for track in before.tracks if track.role not in ("pad", "drums")))
    show(visit, trio)
    expect(visit.page.locator(".parts .c-pad .name button")).to_be_disabled()
    press(visit, ".parts .fill")
    full = music(visit)
    assert all(full.notes(role) == trio.notes(role) for role in ("melody", "chords", "bass"))
    assert full.notes("pad") and full.notes("drums")

    visit.page.select_option(".parts select", "reggae")
    visit.page.click(".parts .c-drums .name button")
    press(visit, ".parts .turn")
    reggae = music(visit)
    assert reggae.style == "reggae"
    assert reggae.notes("melody") == trio.notes("melody")
    assert reggae.notes("drums") == full.notes("drums"), "locks hold for this button too"
    assert reggae.notes("bass") != full.notes("bass")
    expect(visit.page.locator(".parts .verdict")).to_contain_text("0 locked notes changed")


def test_the_grid_is_one_stop_of_the_tab_key_and_arrows_move_in_it(visit: Visit) -> None:
    open_parts(visit)
    visit.page.focus(".parts .unlock-all, .parts .lock-all")
    visit.page.keyboard.press("Tab")
    for key in ("ArrowRight", "ArrowDown", "Space", "ArrowRight", "Enter"):
        visit.page.keyboard.press(key)
    expected = np.zeros((16, 5), bool)
    expected[1, 1] = expected[2, 1] = True
    assert (locked(visit) == expected).all()
    assert visit.audio("paused"), "space was for the grid"
    for key in ("ArrowLeft", "ArrowLeft", "ArrowLeft", "Enter"):  # on the name of the row
        visit.page.keyboard.press(key)
    expected[:, 1] = True
    assert (locked(visit) == expected).all()


def swipe(phone: Visit, x: float, y: float, across: float = 0, down: float = 0) -> None:
    """A finger that is put down and drawn over the screen, as slowly as a hand does."""
    touch = phone.page.context.new_cdp_session(phone.page)
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 16):
        phone.page.wait_for_timeout(30)
        point = {"x": x + across * step / 15, "y": y + down * step / 15}
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_scrolls_the_grid_and_its_tap_locks(phone: Visit) -> None:
    open_parts(phone)
    board, cell = phone.page.locator(".parts .board"), phone.page.locator(".parts .c-bass .cell").nth(4)
    cell.evaluate("cell => cell.scrollIntoView({ block: 'center' })")
    box = cell.bounding_box()
    assert box and box["width"] >= 40 and box["height"] >= 40
    x, y = box["x"] + 20, box["y"] + 20
    swipe(phone, x, y, across=-150)
    phone.page.wait_for_function("document.querySelector('.parts .board').scrollLeft > 60")
    before = phone.page.evaluate("scrollY")
    swipe(phone, x, y, down=150)
    phone.page.wait_for_function("before => scrollY < before - 60", arg=before)
    assert not locked(phone).any(), "a swipe locks nothing"

    board.evaluate("board => { board.scrollLeft = 0; }")
    for bar, on in ((1, True), (2, True), (1, False)):
        phone.page.locator(".parts .c-bass .cell").nth(bar).tap()
        assert locked(phone)[bar, 3] == on
    assert locked(phone).sum() == 1

    board.evaluate("board => { board.scrollLeft = 300; }")
    name = phone.page.locator(".parts .c-bass .name button").bounding_box()
    assert name is not None and name["x"] >= 0, "the names stay in sight"


# --- mixer ------------------------------------------------------------------------------------------------------


def test_muted_drums_are_silent_in_the_file_which_has_all_their_notes(visit: Visit) -> None:
    before = music(visit)
    visit.page.click("#stage .play")
    visit.page.wait_for_function("document.querySelector('#stage audio').currentTime > 1.5")
    press(visit, ".mixer .c-drums .silence")
    assert not visit.audio("paused"), "it plays on"
    assert visit.audio("currentTime") > 1.5, "from where it was"
    data = visit.download("mid")[1]
    assert from_midi(data).tracks == before.tracks
    assert volumes(data) == {CHANNELS[role]: [0 if role == "drums" else MIX[role][0]] for role in ROLE_NAMES}


def test_solo_volume_and_instrument(visit: Visit) -> None:
    visit.page.evaluate(
        """() => { const level = document.querySelector(".mixer .c-bass .level"); level.value = 50;
            level.dispatchEvent(new Event("input")); }"""
    )
    visit.page.wait_for_function("musicgen.piece.edits.includes('mix')")
    press(visit, ".mixer .c-bass .solo")
    alone = {CHANNELS[role]: [50 if role == "bass" else 0] for role in ROLE_NAMES}
    assert volumes(visit.download("mid")[1]) == alone
    press(visit, ".mixer .c-bass .solo")
    assert volumes(visit.download("mid")[1]) == {
        CHANNELS[role]: [50 if role == "bass" else MIX[role][0]] for role in ROLE_NAMES
    }, "the volumes are remembered"

    before = visit.page.evaluate("musicgen.piece.id")
    visit.page.select_option(".mixer .c-melody .program", label="Violin")
    visit.page.wait_for_function("before => musicgen.piece.id !== before", arg=before)
    programs = {track.role: track.program for track in from_midi(visit.download("mid")[1]).tracks}
    assert programs["melody"] == 40


def test_the_mix_stays_when_the_piece_is_changed_and_goes_with_it(visit: Visit) -> None:
    open_parts(visit)
    press(visit, ".mixer .c-drums .silence")
    press(visit, ".parts .change")
    assert volumes(visit.download("mid")[1])[CHANNELS["drums"]] == [0]
    expect(visit.page.locator(".mixer .c-drums .silence")).to_have_attribute("aria-pressed", "true")
    visit.page.wait_for_function("document.querySelector('#stage audio').readyState >= 2")
    visit.generate()
    expect(visit.page.locator(".mixer .c-drums .silence")).to_have_attribute("aria-pressed", "false")
    assert volumes(visit.download("mid")[1])[CHANNELS["drums"]] == [MIX["drums"][0]]


def test_of_wishes_in_a_row_the_last_one_wins(visit: Visit) -> None:
    visit.page.click(".mixer .c-drums .silence")
    visit.page.click(".mixer .c-bass .silence")
    visit.page.click(".mixer .c-drums .silence")
    wanted = {role: 0 if role == "bass" else MIX[role][0] for role in ROLE_NAMES}
    visit.page.wait_for_function(
        "wanted => musicgen.piece.lanes.every((lane) => lane.volume === wanted[lane.role])", arg=wanted
    )
    visit.page.wait_for_timeout(500)
    assert volumes(visit.download("mid")[1]) == {CHANNELS[role]: [wanted[role]] for role in ROLE_NAMES}


def test_tempo_is_exact_in_player_and_file(visit: Visit) -> None:
    before = music(visit)
    source = visit.source()
    visit.page.fill("#tempo input", "90")
    visit.page.wait_for_function("before => document.querySelector('#stage audio').src !== before", arg=source)
    visit.page.wait_for_function("document.querySelector('#stage audio').readyState >= 2")
    music_seconds = 16 * 4 * 60 / 90
    assert music_seconds < visit.audio("duration") < music_seconds + 4.1, "the last notes ring for up to 4 s"
    data = visit.download("mid")[1]
    file = mido.MidiFile(file=io.BytesIO(data))
    assert [each.tempo for track in file.tracks for each in track if each.type == "set_tempo"] == [mido.bpm2tempo(90)]
    assert file.length == pytest.approx(music_seconds, abs=0.001)
    assert from_midi(data).tracks == before.tracks


def test_it_is_played_as_people_play_and_the_grid_comes_back(visit: Visit) -> None:
    before, source = music(visit), visit.source()
    for name, value in (("humanise", "60"), ("swing", "62")):
        visit.page.fill(f".mixer .{name}", value)
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_function("musicgen.piece.humanise === 60 && musicgen.piece.swing === 62")
    visit.page.wait_for_function("before => document.querySelector('#stage audio').src !== before", arg=source)
    data = visit.download("mid")[1]
    assert from_midi(data).tracks == before.tracks
    starts = [note.start * 12 for track in read_score(data).tracks for note in track.notes]
    assert sum(start != round(start) for start in starts) > len(starts) / 2
    visit.page.fill(".mixer .humanise", "0")
    visit.page.fill(".mixer .swing", "50")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_function("musicgen.piece.humanise === 0 && musicgen.piece.swing === 50")
    starts = [note.start * 12 for track in read_score(visit.download("mid")[1]).tracks for note in track.notes]
    assert all(start == round(start) for start in starts)


def test_on_a_phone_the_mixer_opens_on_demand(phone: Visit) -> None:
    expect(phone.page.locator(".mixer .strip")).to_be_hidden()
    phone.page.tap(".mixer summary")
    expect(phone.page.locator(".mixer .strip")).to_be_visible()
    small = phone.page.evaluate(
        """[...document.querySelectorAll(".mixer :is(button, select)")]
            .filter((e) => e.offsetHeight < 40 || e.offsetWidth < 40).map((e) => e.className)"""
    )
    assert small == [], "too small for a thumb"
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
