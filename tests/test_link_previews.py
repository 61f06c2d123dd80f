"""What a chat or a social network is told of a link to the page, and what bounds the work that strangers ask for."""

from __future__ import annotations

import io
import re
import time
import urllib.request
from html import unescape

import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from musicgen.compose import Studio
from musicgen.recipe import Edit, Mix, Recipe, link_text
from musicgen.request import Request
from musicgen.rolls import COLOURS
from musicgen.web.desk import Desk
from musicgen.web.files import Shelf
from musicgen.web.link_pictures import LONGEST_LINK, MOST_STEPS, Budget, Pictures
from musicgen.web.link_previews import preview_of
from musicgen.web.theme import ICON, static
from tests.browser import Server, Visit
from tests.tiny import tiny_vae


def link_to(*edits: Edit, **wishes: object) -> str:
    text = link_text(Recipe("vae-0123456789ab", Request(**wishes), edits=edits))  # type: ignore[arg-type]
    assert text is not None
    return text


# --- the page ---------------------------------------------------------------------------------------------------


def tags_of(address: str, **headers: str) -> dict[str, str]:
    """Title, meta tags and links of a page as it is sent, before any script runs."""
    asked = urllib.request.Request(address, headers={name.replace("_", "-"): text for name, text in headers.items()})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        page = answer.read().decode()
    head = page[: page.index("window.gradio_config")]
    found = re.findall(r'<(?:meta|link) (?:property|name|rel)="([^"]+)" (?:content|href)="([^"]*)"', head)
    names = [name for name, _ in found if name != "viewport"]
    assert len(set(names)) == len(names), "each is said once"
    assert "gradio" not in head.lower().replace("data-gradio-mode", "").replace("__gradio_mode__", "")
    return {name: unescape(text) for name, text in found} | {"title": re.findall("<title>(.*?)</title>", head)[0]}


def fetch(address: str) -> tuple[bytes, str]:
    with urllib.request.urlopen(address, timeout=60) as answer:
        return answer.read(), answer.headers["Content-Type"]


def test_a_link_to_the_page_has_our_title_picture_and_icons(server: Server) -> None:
    tags = tags_of(server.url)
    assert tags["title"] == tags["og:title"] == "musicgen"
    assert "Multi-track music" in tags["og:description"] and tags["og:description"] == tags["description"]
    assert (tags["og:url"], tags["og:image"]) == (server.url, f"{server.url}preview.png")
    assert tags["twitter:card"] == "summary_large_image"
    picture, kind = fetch(tags["og:image"])
    assert kind == "image/png" and Image.open(io.BytesIO(picture)).size == (1200, 630)
    assert fetch(server.url + tags["icon"])[0] == ICON.read_bytes()
    assert Image.open(io.BytesIO(fetch(server.url + tags["apple-touch-icon"])[0])).size == (180, 180)


def test_a_link_to_a_piece_has_its_name_and_its_roll(server: Server) -> None:
    link = link_to(style="blues", bars=8, key="E minor", tempo=90, seed=5)
    tags = tags_of(f"{server.url}?piece={link}")
    assert tags["title"] == tags["og:title"] == "Blues in E minor · musicgen"
    assert tags["og:description"].startswith("8 bars, 90 BPM, seed 5. ")
    assert tags["og:image"] == f"{server.url}preview.png?piece={link}"
    picture, _ = fetch(tags["og:image"])
    assert picture != fetch(f"{server.url}preview.png")[0]
    colours = {colour for _, colour in Image.open(io.BytesIO(picture)).convert("RGB").getcolors(1 << 20) or []}
    assert tuple(bytes.fromhex(COLOURS["melody"][1:])) in colours
    assert fetch(tags["og:image"])[0] == picture


def test_behind_a_proxy_the_addresses_are_those_of_the_proxy(server: Server) -> None:
    tags = tags_of(server.url, X_Forwarded_Host="you-musicgen.hf.space", X_Forwarded_Proto="https")
    assert tags["og:image"] == "https://you-musicgen.hf.space/preview.png"


@pytest.mark.parametrize("link", ["nonsense", "%22%3E%3Cscript%3Ealert(1)%3C/script%3E", "A" * 9000])
def test_a_damaged_link_has_the_preview_of_the_page(server: Server, link: str) -> None:
    assert tags_of(f"{server.url}?piece={link}")["og:title"] == "musicgen"
    assert fetch(f"{server.url}preview.png?piece={link}")[0] == fetch(f"{server.url}preview.png")[0]


def test_the_tab_has_the_name_of_the_piece(visit: Visit) -> None:
    expect(visit.page).to_have_title("Jazz in F major · musicgen")


def test_the_page_says_what_its_api_takes(browser: Browser, server: Server) -> None:
    page = browser.new_page()
    page.goto(f"{server.url}?view=api")
    documentation = page.locator(".api-docs")
    for text in (
        "/generate",
        "/change",
        "/morph",
        "/originality",
        "Compose a piece of music",
        "middle pitch, as a MIDI",
    ):
        expect(documentation).to_contain_text(text)
    expect(documentation).not_to_contain_text("press_generate")
    page.close()


# --- what it says ------------------------------------------------------------------------------------------------


def test_edits_are_told_from_the_recipe() -> None:
    edits = (Edit("restyle", style="reggae"), Edit("continue", bars=8), Edit("mix", mix=Mix(tempo=77.5)))
    recipe = Recipe("vae-0123456789ab", Request(style="rock", bars=16, key="D major", seed=9), edits=edits)
    preview = preview_of(recipe)
    assert preview.title == "Reggae in D major · musicgen"
    assert preview.description.startswith("24 bars, 77.5 BPM, seed 9, 3 changes. ")


def test_the_icon_and_the_picture_have_the_colours_of_the_page() -> None:
    day = static("page.css").split("}")[0]
    assert dict(re.findall(r"--c-(\w+): (#\w+)", day)) == COLOURS
    assert set(re.findall(r'fill="(#\w+)"', static("icon.svg"))) <= {*COLOURS.values(), "#f4f1ea"}


# --- what bounds it ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk(Studio(tiny_vae()), Shelf(), {})


@pytest.fixture
def pictures(desk: Desk) -> Pictures:
    return Pictures(desk, desk.studio.make(Request(bars=4)), Budget(2, 1e9))


def test_pictures_are_made_as_often_as_the_budget_allows_and_those_that_are_there_are_free(pictures: Pictures) -> None:
    links = [link_to(bars=4, seed=seed) for seed in range(3)]
    first, second, third = map(pictures.find, links)
    assert first and second and first != second
    assert third is None
    assert pictures.find(links[0]) == first


def test_a_budget_is_refilled_as_time_goes_on() -> None:
    budget = Budget(1, 0.05)
    assert budget.spend() and not budget.spend()
    time.sleep(0.06)
    assert budget.spend() and not budget.spend()


def test_no_picture_is_made_of_a_long_recipe_or_a_long_link_and_neither_is_counted(pictures: Pictures) -> None:
    many = [Edit("vary", seed=seed, strength=0.5) for seed in range(MOST_STEPS)]
    partner = Recipe("vae-0123456789ab", Request(bars=4), edits=tuple(many))
    for edits in (many, [Edit("morph", partners=(partner,), weights=(1, 1))]):
        assert pictures.find(link_to(*edits, bars=4)) is None
    assert pictures.find("A" * (LONGEST_LINK + 1)) is None
    assert all(pictures.find(link_to(bars=4, seed=seed)) for seed in range(2))
