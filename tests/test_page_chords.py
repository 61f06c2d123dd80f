"""The chords over the roll in a real browser: what is heard, how one is changed, and that they can be kept."""

from __future__ import annotations

import base64

import pytest
from playwright.sync_api import expect

from musicgen.export.chord_symbols import name_bars
from musicgen.harmony import write_progression
from musicgen.midi import from_midi
from musicgen.music import TICKS_PER_BAR, Music
from musicgen.new_chords import find_missed
from musicgen.recipe_texts import read_mask
from musicgen.roles import ROLE_NAMES
from tests.browser import PHONE, Visit
from tests.test_page_access import focused


def music(visit: Visit) -> Music:
    """The piece on the stage, from its MIDI file."""
    return from_midi(base64.b64decode(visit.page.evaluate("musicgen.piece.midi")))


def change(visit: Visit, bar: int, chords: str) -> None:
    """Open the chords of a bar, counted from 1, and give it others."""
    before = visit.page.evaluate("musicgen.piece.id")
    visit.page.locator("#stage .chord-line .track button").nth(bar - 1).click()
    visit.page.get_by_label(f"Bar {bar}", exact=True).fill(chords)
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_function("before => musicgen.piece.id !== before", arg=before)


def test_the_chords_of_the_piece_stand_over_its_bars(visit: Visit) -> None:
    names = name_bars(music(visit), None)
    line = visit.page.locator("#stage .chord-line")
    buttons = line.locator(".track button")
    expect(buttons).to_have_count(16)
    shown = buttons.evaluate_all("all => all.map((each) => [...each.children].map((name) => name.textContent))")
    assert shown == [list(dict.fromkeys(bar)) for bar in names]
    assert visit.page.evaluate("musicgen.piece.progression") == write_progression(names)
    # over the lines of the bars of the roll
    lefts = buttons.evaluate_all("all => all.map((each) => each.getBoundingClientRect().left)")
    box = visit.page.locator("#stage .roll").bounding_box()
    assert box is not None
    assert lefts[0] == pytest.approx(box["x"] + 92, abs=1)
    assert lefts[8] == pytest.approx(box["x"] + 92 + (box["width"] - 102) / 2, abs=1)


def test_a_chord_is_changed_and_only_what_is_free_in_its_bar_follows(visit: Visit) -> None:
    page, before = visit.page, music(visit)
    page.get_by_role("tab", name="Parts").click()
    page.locator(".parts .c-melody .cell").nth(2).click()  # bar 3 of the melody is locked
    change(visit, 3, "Abm7 Db7")
    after = music(visit)
    edit = page.evaluate("musicgen.piece.edits")
    assert edit == ["infill"]
    changed = {
        (role, note.onset // TICKS_PER_BAR)
        for role in ROLE_NAMES
        for note in set(before.notes(role)) ^ set(after.notes(role))
    }
    assert changed and changed <= {("chords", 2), ("pad", 2), ("bass", 2)}
    third = page.locator("#stage .chord-line .track button").nth(2)
    expect(third).to_have_text("Abm7Db7")
    expect(third).to_have_attribute("aria-label", "Bar 3: Abm7, Db7")
    expect(page.locator(".chord-line [role=status]")).to_contain_text("The models hear Abm7 as Abm.")

    # with all roles free the chord is heard in the notes
    page.locator(".parts .unlock-all").click()
    change(visit, 6, "Ebm")
    cells = ~read_mask("", 16)
    cells[:5] = cells[6:] = False
    assert find_missed(music(visit), cells, page.evaluate("musicgen.piece.progression")) == []
    expect(page.locator(".chord-line [role=status]")).to_have_text("The models hear Abm7 as Abm.")


def test_what_is_no_chord_is_told_and_changes_nothing(visit: Visit) -> None:
    page, before = visit.page, visit.page.evaluate("musicgen.piece.id")
    page.locator("#stage .chord-line .track button").first.click()
    page.get_by_label("Bar 1", exact=True).fill("Hm7")
    page.locator(".chord-line .set").click()
    expect(page.locator(".notice-toast")).to_contain_text('Expected chords such as "C"')
    page.get_by_label("Bar 1", exact=True).fill("C F G")
    page.locator(".chord-line .set").click()
    expect(page.locator(".notice-toast")).to_contain_text("Expected one chord or two a bar")
    page.get_by_role("tab", name="Parts").click()
    page.locator(".parts .number button").first.click()  # bar 1, all roles of it
    page.get_by_label("Bar 1", exact=True).fill("Dm")
    page.locator(".chord-line .set").click()
    expect(page.locator(".notice-toast")).to_contain_text("unlock one in Parts")
    assert page.evaluate("musicgen.piece.id") == before


def test_chords_are_kept_for_the_next_generate(visit: Visit) -> None:
    page = visit.page
    change(visit, 1, "Bbmaj7")
    progression = page.evaluate("musicgen.piece.progression")
    assert progression.startswith("Bbmaj7")
    page.get_by_role("button", name="Keep these chords").click()
    expect(page.locator("#shape [name=chords]")).to_have_value(progression)
    expect(page.locator("#shape [name=chords]")).to_be_visible()
    visit.generate()
    assert page.evaluate("musicgen.piece.request.chords") == progression
    expect(page.locator("#stage .chord-line .track button").first).to_have_text("Bbmaj7")


def test_the_chords_are_reached_by_keys(visit: Visit) -> None:
    page = visit.page
    first = page.locator("#stage .chord-line .track button").first
    first.focus()
    at = visit.audio("currentTime")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert focused(page).startswith("Bar 3: ")
    page.keyboard.press("End")
    assert focused(page).startswith("Bar 16: ")
    assert page.locator("#stage .chord-line .track button[tabindex='0']").count() == 1
    assert visit.audio("currentTime") == at, "the arrows are not the player's here"
    page.keyboard.press("Enter")
    assert focused(page) == "bar-chords"
    page.keyboard.press("Escape")
    expect(page.locator(".chord-line .editor")).to_be_hidden()
    assert focused(page).startswith("Bar 16: ")


def test_on_a_phone_chords_scroll_with_the_roll_and_fit_a_finger(phone: Visit) -> None:
    page = phone.page
    buttons = page.locator("#stage .chord-line .track button")
    box = buttons.first.bounding_box()
    assert box is not None and box["width"] >= 40 and box["height"] >= 40
    page.evaluate("document.querySelector('#stage .roll').scrollLeft = 300")
    page.wait_for_function("document.querySelector('.chord-line .names').scrollLeft === 300")
    page.evaluate("document.querySelector('.chord-line .names').scrollLeft = 40")
    page.wait_for_function("document.querySelector('#stage .roll').scrollLeft === 40")
    buttons.nth(1).tap()
    expect(page.get_by_label("Bar 2", exact=True)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for name in ("input", ".set", ".keep", ".close"):
        small = page.locator(f".chord-line .editor {name}").bounding_box()
        assert small and small["height"] >= 40 and small["x"] + small["width"] <= PHONE["width"]
