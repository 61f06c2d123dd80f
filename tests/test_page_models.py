"""Two models on one page: the choice in the panel, the switch on the stage, links, and both in the tab "Learn"."""

from __future__ import annotations

import re

from gradio_client import Client
from playwright.sync_api import expect

from musicgen.midi import from_midi, read_recipe
from musicgen.music import Music
from musicgen.recipe import Recipe
from tests.browser import PHONE, Server, Visit


def made_by(visit: Visit) -> str:
    """The kind of the model that made the piece on the stage, as its MIDI file says."""
    recipe = read_recipe(visit.download("mid")[1])
    assert recipe is not None
    return Recipe.from_dict(recipe).kind


def piece(visit: Visit) -> Music:
    return from_midi(visit.download("mid")[1])


def switch(visit: Visit, kind: str) -> None:
    """Press the other model on the stage, and wait for its answer."""
    before = visit.page.evaluate("musicgen.piece.id")
    visit.page.click(f"#stage .twins [data-kind={kind}]")
    visit.page.wait_for_function("before => musicgen.piece.id !== before", arg=before)
    expect(visit.page.locator(f"#stage .twins [data-kind={kind}]")).to_have_attribute("aria-pressed", "true")


def test_the_panel_chooses_which_model_answers(visit: Visit) -> None:
    assert visit.page.locator("#model input").evaluate_all("all => all.map((each) => each.value)") == ["vae", "gan"]
    visit.page.click("#model label:has(input[value=gan])")
    visit.page.click("#bars label:has(input[value='4'])")
    visit.generate()
    assert made_by(visit) == "gan"
    expect(visit.page.locator("#stage .twins [data-kind=gan]")).to_have_attribute("aria-pressed", "true")


def test_the_switch_gives_the_same_request_and_seed_by_the_other_model_and_back(visit: Visit) -> None:
    first, shown = piece(visit), visit.page.evaluate("musicgen.piece.id")
    assert made_by(visit) == "vae"
    seed = visit.seed()
    switch(visit, "gan")
    other = piece(visit)
    assert made_by(visit) == "gan" and visit.seed() == seed
    assert (other.bars, other.tempo, other.key, other.style) == (first.bars, first.tempo, first.key, first.style)
    assert other.tracks != first.tracks
    expect(visit.page.locator("#model input[value=gan]")).to_be_checked()
    switch(visit, "vae")
    assert visit.page.evaluate("musicgen.piece.id") == shown, "the answer that was there comes back"
    assert visit.page.evaluate("musicgen.history.pieces().length") == 2


def test_the_switch_is_there_for_what_both_can_answer_only(visit: Visit) -> None:
    expect(visit.page.locator("#stage .twins")).to_be_visible()
    visit.page.locator("#wall .pick").first.click()
    visit.page.wait_for_function("musicgen.piece.edits.length > 0")
    expect(visit.page.locator("#stage .twins")).to_be_hidden()


def test_a_variation_of_a_piece_by_the_gan_is_by_the_gan(visit: Visit) -> None:
    switch(visit, "gan")
    visit.page.click("#wall .more")
    expect(visit.page.locator("#wall .more")).to_have_text("More like this")
    expect(visit.page.locator("#wall .tile")).to_have_count(4)
    visit.page.locator("#wall .pick").first.click()
    visit.page.wait_for_function("musicgen.piece.edits.length > 0")
    assert made_by(visit) == "gan"


def test_a_link_to_a_piece_by_the_gan_makes_it_again(visit: Visit, server: Server) -> None:
    switch(visit, "gan")
    before, link = piece(visit), visit.page.evaluate("musicgen.piece.link")
    visit.page.goto("about:blank")
    visit.page.goto(f"{server.url}#piece={link}")
    visit.page.wait_for_function("window.musicgen && musicgen.piece && musicgen.piece.kind === 'gan'")
    expect(visit.page.locator("#model input[value=gan]")).to_be_checked()
    assert piece(visit) == before


def test_learn_shows_what_both_make_of_the_same_noise(visit: Visit) -> None:
    visit.page.locator("#workbench button[role=tab]", has_text="Learn").first.click()
    visit.page.click("#learn-tab-2")
    panel = visit.page.locator("#learn-2:not([aria-busy])")
    expect(panel).to_be_visible(timeout=30_000)
    captions = panel.locator(".pair figcaption").all_inner_texts()
    assert [re.sub(r"\d+", "N", each) for each in captions] == ["VAE, seed N", "GAN, seed N"]
    pictures = panel.locator(".pair canvas").evaluate_all("all => all.map((each) => each.toDataURL())")
    assert len(set(pictures)) == 2
    visit.page.click("#learn-tab-3")
    panel = visit.page.locator("#learn-3:not([aria-busy])")
    expect(panel).to_be_visible(timeout=30_000)
    assert panel.locator("h3", has_text="as on this page").count() == 2


def test_the_switch_is_large_enough_for_a_thumb_and_nothing_runs_over_the_edge(phone: Visit) -> None:
    sizes = phone.page.locator("#stage .twins button").evaluate_all(
        "all => all.map((b) => [b.offsetWidth, b.offsetHeight])"
    )
    assert len(sizes) == 2 and all(width >= 40 and height >= 32 for width, height in sizes)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_the_endpoint_takes_the_model(server: Server) -> None:
    client = Client(server.url, verbose=False)
    _, facts = client.predict(style="rock", bars=4, seed=3, model="gan", api_name="/generate")
    assert facts["recipe"]["model"].startswith("gan-")
