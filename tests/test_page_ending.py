"""The switch for the ending of a piece: what it asks for, and where it is kept."""

from __future__ import annotations

from playwright.sync_api import Browser, expect

from musicgen.midi import read_recipe
from tests.browser import Server, Visit, visit_page


def press(visit: Visit) -> None:
    visit.page.click("#ending label")


def ending(visit: Visit) -> object:
    """What the request of the piece on the stage says."""
    return visit.page.evaluate("musicgen.piece.request.ending")


def test_a_piece_has_an_ending_until_the_switch_is_off(visit: Visit) -> None:
    switch = visit.page.get_by_label("Come to an end")
    expect(switch).to_be_checked()
    expect(visit.page.locator("#ending .info-text")).to_contain_text("ends in its last bar")
    assert ending(visit) is True
    press(visit)
    visit.generate()
    assert ending(visit) is None
    recipe = read_recipe(visit.download("mid")[1])
    assert recipe is not None and "ending" not in recipe["request"]  # type: ignore[operator]
    expect(switch).not_to_be_checked()


def test_the_history_and_a_link_bring_the_switch_back(visit: Visit, browser: Browser, server: Server) -> None:
    switch = visit.page.get_by_label("Come to an end")
    press(visit)
    visit.generate()
    link = visit.page.evaluate("musicgen.piece.link")
    press(visit)
    visit.generate()
    visit.page.evaluate("musicgen.history.undo()")
    expect(switch).not_to_be_checked()
    visit.page.evaluate("musicgen.history.redo()")
    expect(switch).to_be_checked()
    for other in visit_page(browser, server):
        other.page.goto("about:blank")
        other.page.goto(f"{server.url}#piece={link}")
        other.page.wait_for_function("window.musicgen && musicgen.piece && !musicgen.piece.request.ending")
        expect(other.page.get_by_label("Come to an end")).not_to_be_checked()


def test_a_visit_begins_with_the_switch_of_the_last_one(visit: Visit) -> None:
    press(visit)
    visit.generate()
    visit.page.reload()
    visit.page.wait_for_function("window.musicgen && musicgen.piece && !musicgen.piece.request.ending")
    expect(visit.page.get_by_label("Come to an end")).not_to_be_checked()


def test_the_switch_is_turned_by_a_key(visit: Visit) -> None:
    visit.page.get_by_label("Come to an end").focus()
    visit.page.keyboard.press("Space")
    expect(visit.page.get_by_label("Come to an end")).not_to_be_checked()
    assert visit.audio("paused"), "in a field the space bar does not play"
