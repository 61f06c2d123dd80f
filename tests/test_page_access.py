"""Who has no mouse, little sight or a small screen: axe-core on every tab, the keyboard, sizes of what is pressed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser import PHONE, Server, Visit, visit_page
from tests.test_page_roll import melody_file

TABS = ("Vary", "Parts", "Morph", "Your music", "Originality", "Learn")


def open_tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).first.click()


@pytest.fixture
def tune(tmp_path: Path) -> Path:
    path = tmp_path / "tune.mid"
    path.write_bytes(melody_file(*[90] * 16))
    return path


# --- axe-core ---------------------------------------------------------------------------------------------------


def violations(page: Page) -> list[str]:
    """What axe-core finds, a line each: rule, element and why."""
    page.wait_for_timeout(300)  # colours that change gradually have arrived
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['id']} {node['target']} {node['failureSummary'].splitlines()[-1].strip()}"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_tab(browser: Browser, server: Server, scheme: str, tune: Path) -> None:
    for visit in visit_page(browser, server, color_scheme=scheme, viewport={"width": 1280, "height": 800}):
        page = visit.page
        page.click("#shape summary")
        page.fill("#shape [name=chords]", "Am F C G")
        expect(page.locator(".other-key")).to_be_visible()
        page.fill("#words-text", "a slow song in purple")
        page.press("#words-text", "Enter")
        expect(page.locator("#words [role=status]")).not_to_be_empty()
        visit.generate()  # so that there is a history
        page.locator(".chord-line .track button").first.click()
        found = {}
        for tab in TABS:
            open_tab(page, tab)
            if tab == "Parts":
                page.locator(".parts .cell").first.click()
            if tab == "Your music":
                page.set_input_files("#intake input[type=file]", [tune, tune])
                expect(page.locator("#intake .card")).to_be_visible()
                page.click("#intake [data-own=find]")
                expect(page.locator("#intake .chip")).to_be_visible()
            found[tab] = violations(page)
        for step in range(1, 4):
            page.click(f"#learn-tab-{step}")
            expect(page.locator(f"#learn-{step}")).not_to_have_attribute("aria-busy", "true", timeout=60_000)
            found[f"Learn {step}"] = violations(page)
        page.fill("#tempo input", "999")
        page.click("#generate")
        expect(page.locator(".toast-body")).to_be_visible()
        found["toast"] = violations(page)
        assert not any(found.values()), json.dumps(found, indent=1)


def test_axe_finds_nothing_on_a_phone(phone: Visit) -> None:
    phone.page.click("#mixer summary")
    assert violations(phone.page) == []
    phone.page.locator("#workbench").scroll_into_view_if_needed()
    expect(phone.page.locator(".remote")).to_be_visible()
    assert violations(phone.page) == []


# --- keyboard ---------------------------------------------------------------------------------------------------


def focused(page: Page) -> str:
    return page.evaluate(
        "(at => at.id || at.name || at.getAttribute('aria-label') || at.textContent.trim())(document.activeElement)"
    )


def stops(page: Page, until: str, most: int = 100) -> list[str]:
    """What the tab key leads to, up to one of a name."""
    found: list[str] = []
    while len(found) < most and (not found or found[-1] != until):
        page.keyboard.press("Tab")
        found.append(focused(page))
    return found


def test_generate_is_two_keys_away(visit: Visit) -> None:
    before = visit.page.evaluate("musicgen.piece.id")
    visit.page.keyboard.press("Tab")
    assert focused(visit.page) == "Skip to Generate"
    expect(visit.page.locator(".skip a").first).to_be_in_viewport()
    visit.page.keyboard.press("Enter")
    assert focused(visit.page) == "generate"
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_function("before => musicgen.piece.id !== before", arg=before)
    assert visit.page.url.endswith("/"), "the address stays"


@pytest.mark.parametrize(("presses", "there"), [(2, "Play"), (3, "Vary")])
def test_the_player_and_the_tools_have_skip_links_too(visit: Visit, presses: int, there: str) -> None:
    for _ in range(presses):
        visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Enter")
    assert focused(visit.page) == there


def test_each_group_of_the_panel_is_one_stop(visit: Visit) -> None:
    visit.page.focus("#model input:checked")
    found = stops(visit.page, "generate")
    assert found[:2] == ["style", "bars"]
    assert len(found) <= 17, found


def test_arrows_choose_within_a_group(visit: Visit) -> None:
    visit.page.focus("#style input[value=jazz]")
    visit.page.keyboard.press("ArrowRight")
    expect(visit.page.locator("#style input[value=latin]")).to_be_checked()
    expect(visit.page.locator("#tempo input")).not_to_have_value("132")  # the usual tempo of the style
    assert visit.page.locator("#style [role=radiogroup], #style[role=radiogroup]").count() == 1
    assert visit.page.evaluate("musicgen.piece.style") == "jazz", "nothing is made yet"


def test_the_tabs_are_one_stop_with_arrows(visit: Visit) -> None:
    visit.page.focus("#workbench [role=tab][aria-selected=true]")
    visit.page.keyboard.press("ArrowRight")
    expect(visit.page.get_by_role("tab", name="Parts", exact=True)).to_have_attribute("aria-selected", "true")
    expect(visit.page.locator(".parts .cells")).to_be_visible()
    assert focused(visit.page) == "Parts"
    visit.page.keyboard.press("End")
    assert focused(visit.page) == "Learn"
    visit.page.keyboard.press("Tab")
    assert focused(visit.page) not in TABS


def test_the_key_list_is_the_browsers_own_and_has_the_chosen_one(visit: Visit) -> None:
    key = visit.page.locator("#key select")
    expect(key).to_have_value("F major")
    key.focus()
    visit.page.keyboard.press("ArrowDown")
    expect(key).to_have_value("F# major")
    visit.page.keyboard.press("Tab")
    assert focused(visit.page) != "key"
    visit.generate()
    assert visit.page.evaluate("musicgen.piece.key") == "F# major"


@pytest.mark.parametrize(("field", "text", "fact"), [("tempo", "101", "101 BPM"), ("seed", "77", "seed 77")])
def test_enter_in_a_field_is_generate(visit: Visit, field: str, text: str, fact: str) -> None:
    visit.page.fill(f"#{field} input", text)
    visit.page.press(f"#{field} input", "Enter")
    expect(visit.page.locator("#stage .facts")).to_contain_text(fact)


# --- small screens, fingers --------------------------------------------------------------------------------------

# What may be pressed and is less than some pixels high or wide. A radio button is pressed by its label.
_SMALL = """(least) => [...document.querySelectorAll("button, select, summary, a, input, label:has(input)")]
    .filter((each) => each.checkVisibility() && !each.closest(".skip, [aria-hidden=true]"))
    .filter((each) => !each.matches("[type=radio], [type=checkbox], [type=file]"))
    .map((each) => [each, each.getBoundingClientRect()])
    .filter(([each, { width, height }]) => width && (width < least || height < least))
    .map(([each, { width, height }]) => `${width} x ${height}: ${each.outerHTML.slice(0, 90)}`)"""
_WIDE = """() => [document.documentElement.scrollWidth - innerWidth,
    ...[...document.querySelectorAll("body *")].filter((each) => each.checkVisibility()
        && each.getBoundingClientRect().right > innerWidth + 1
        && !each.closest(".roll, .board, .strip, .chord-line .names"))
    .map((each) => each.outerHTML.slice(0, 90))]"""


def test_what_a_mouse_presses_is_at_least_24_pixels(visit: Visit, tune: Path) -> None:
    """As WCAG 2.2 asks (2.5.8), also on a laptop without a touch screen."""
    page = visit.page
    page.click("#shape summary")
    page.fill("#shape [name=chords]", "Am F C G")
    expect(page.locator(".other-key")).to_be_visible()
    for tab in TABS:
        open_tab(page, tab)
        if tab == "Your music":
            page.set_input_files("#intake input[type=file]", [tune, tune])
            expect(page.locator("#intake .card")).to_be_visible()
        assert page.evaluate(_SMALL, 24) == [], tab


@pytest.mark.parametrize("width", [320, PHONE["width"]])
def test_a_phone_has_room_for_fingers_and_nothing_is_cut_off(
    browser: Browser, server: Server, width: int, tune: Path
) -> None:
    size = {"viewport": {"width": width, "height": 700}, "is_mobile": True, "has_touch": True}
    for visit in visit_page(browser, server, **size):
        page = visit.page
        page.click("#mixer summary")
        page.click("#shape summary")
        page.fill("#shape [name=chords]", "Am F C G")
        expect(page.locator(".other-key")).to_be_visible()
        page.locator(".chord-line .track button").first.click()
        for tab in TABS:
            open_tab(page, tab)
            if tab == "Your music":
                page.set_input_files("#intake input[type=file]", [tune, tune])
                expect(page.locator("#intake .card")).to_be_visible()
            if tab == "Learn":
                page.click("#learn-tab-3")
                expect(page.locator(".learn .rung").first).to_be_visible(timeout=60_000)
            assert page.evaluate(_SMALL, 40) == [], tab
            assert page.evaluate(_WIDE) == [0], tab


def test_the_player_stays_in_reach(phone: Visit) -> None:
    remote = phone.page.locator(".remote")
    expect(remote).to_be_hidden()
    phone.page.locator("#workbench").scroll_into_view_if_needed()
    expect(remote).to_be_visible()
    expect(remote).to_contain_text("Jazz in F major")
    small, generate = remote.bounding_box(), phone.page.locator("#generate").bounding_box()
    assert small and generate and small["y"] + small["height"] <= generate["y"]
    remote.locator(".play").tap()
    phone.page.wait_for_function("document.querySelector('#stage audio').currentTime > 0.3")
    expect(remote.locator(".play")).to_have_attribute("aria-label", "Pause")
    remote.locator(".play").tap()
    assert phone.audio("paused")
    remote.locator("input").fill("10")
    assert abs(phone.audio("currentTime") - 10) < 0.5
    expect(remote).to_contain_text("0:10 / ")
    remote.locator(".where").tap()
    expect(phone.page.locator("#stage .play")).to_be_in_viewport()
    expect(remote).to_be_hidden()


@pytest.mark.parametrize("height", [600, 720, 800])
def test_on_a_laptop_generate_is_in_sight_wherever_the_page_is(browser: Browser, server: Server, height: int) -> None:
    for visit in visit_page(browser, server, sound=False, viewport={"width": 1280, "height": height}):
        generate = visit.page.locator("#generate")
        visit.page.click("#shape summary")
        expect(generate).to_be_in_viewport(ratio=0.99)
        visit.page.evaluate("document.querySelector('#seed input').scrollIntoView()")
        open_tab(visit.page, "Parts")
        visit.page.evaluate("document.querySelector('#workbench').scrollIntoView()")
        expect(generate).to_be_in_viewport(ratio=0.99)
