"""The page of a model that knows three metres: the choice in the panel, and pieces in another metre on the stage."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from musicgen.hub import write_manifest
from musicgen.midi import from_midi
from musicgen.music import METRES, SIX_EIGHT, THREE_FOUR
from tests.browser import Server, Visit, serve, visit_page
from tests.tiny import tiny_vae


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A page with a tiny VAE that knows every metre, and the GAN that ships, which knows 4/4."""
    model = tmp_path_factory.mktemp("model")
    composer = tiny_vae()
    composer.metres = tuple(METRES)
    composer.card = {"songs": {"3/4": {"folk": 12}}}  # type: ignore[attr-defined]
    composer.save_pretrained(model)
    write_manifest(model)
    yield from serve(tmp_path_factory.mktemp("page"), {"MUSICGEN_MODEL": str(model)})


@pytest.fixture(scope="module")
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    yield from visit_page(browser, server, viewport={"width": 1280, "height": 800})


def choose(visit: Visit, name: str, value: str) -> None:
    visit.page.click(f"#{name} label:has(input[value='{value}'])")


def test_a_piece_is_made_in_the_metre_that_is_chosen(visit: Visit) -> None:
    assert visit.page.locator("#metre input").evaluate_all("all => all.map((each) => each.value)") == list(METRES)
    choose(visit, "bars", "4")
    choose(visit, "metre", "6/8")
    visit.generate()
    music = from_midi(visit.download("mid")[1])
    assert (music.metre, music.bars) == (SIX_EIGHT, 4)
    expect(visit.page.locator("#stage .facts")).to_contain_text("6/8")
    assert visit.page.evaluate("[musicgen.piece.ticks, musicgen.piece.ticksPerBar, musicgen.piece.ticksPerBeat]") == [
        144, 36, 18,
    ]  # fmt: skip
    expect(visit.page.locator("#stage .twins")).to_be_hidden()  # the other model does not know it


def test_a_change_and_what_lies_between_keep_the_metre(visit: Visit) -> None:
    visit.page.locator("#workbench button[role=tab]", has_text="Morph").first.click()
    expect(visit.page.locator("#morph .pad[aria-disabled=false]")).to_be_visible()
    before = visit.page.evaluate("musicgen.piece.id")
    visit.page.locator("#morph .pad").click(position={"x": 40, "y": 40})
    visit.page.wait_for_function("before => musicgen.piece.id !== before", arg=before)
    assert visit.page.evaluate("[musicgen.piece.metre, musicgen.piece.ticks]") == ["6/8", 144]


def test_a_style_that_was_hardly_heard_in_a_metre_is_marked(visit: Visit) -> None:
    note = visit.page.locator("#metre-note")
    choose(visit, "metre", "3/4")
    choose(visit, "style", "folk")
    expect(note).not_to_contain_text("few songs")
    choose(visit, "style", "jazz")
    expect(note).to_contain_text("learned from few songs of this style in this metre")


def test_a_link_brings_the_metre_back_to_the_panel(visit: Visit, server: Server) -> None:
    choose(visit, "metre", "3/4")
    visit.generate()
    link = visit.page.evaluate("musicgen.piece.link")
    visit.page.goto("about:blank")
    visit.page.goto(f"{server.url}#piece={link}")
    visit.page.wait_for_function("window.musicgen && musicgen.piece && musicgen.piece.metre === '3/4'")
    expect(visit.page.locator("#metre input[value='3/4']")).to_be_checked()
    assert from_midi(visit.download("mid")[1]).metre == THREE_FOUR


def test_words_choose_a_metre_that_the_model_knows(visit: Visit) -> None:
    choose(visit, "metre", "4/4")
    visit.page.fill("#words-text", "a slow waltz")
    visit.page.keyboard.press("Enter")
    expect(visit.page.locator("#words [role=status]")).to_have_text("Understood: slow: 71 BPM; waltz: 3/4, Classical.")
    expect(visit.page.locator("#metre input[value='3/4']")).to_be_checked()


def test_a_model_that_knows_only_four_four_leaves_no_choice(visit: Visit) -> None:
    choose(visit, "model", "gan")
    expect(visit.page.locator("#metre")).to_be_hidden()
    visit.generate()
    assert visit.page.evaluate("[musicgen.piece.metre, musicgen.piece.kind]") == ["4/4", "gan"]
    choose(visit, "model", "vae")
    expect(visit.page.locator("#metre input")).to_have_count(3)
