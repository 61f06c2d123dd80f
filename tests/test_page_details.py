"""Small things of the page that puzzled people, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from musicgen.midi import read_recipe
from tests.browser import Visit
from tests.test_page_roll import melody_file


def open_tab(visit: Visit, name: str) -> None:
    visit.page.get_by_role("tab", name=name, exact=True).first.click()


@pytest.fixture
def tunes(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{name}.mid" for name in ("first tune", "second tune")]
    for index, path in enumerate(paths):
        path.write_bytes(melody_file(*[70 + 20 * index] * 16))
    return paths


def test_what_is_hidden_is_not_in_sight_on_any_tab(visit: Visit, tunes: list[Path]) -> None:
    hidden = """[...document.querySelectorAll("[hidden]")].filter((each) => each.checkVisibility())
        .map((each) => each.outerHTML)"""
    for tab in ("Vary", "Parts", "Morph", "Your music", "Originality", "Learn"):
        open_tab(visit, tab)
        if tab == "Your music":
            visit.page.set_input_files("#intake input[type=file]", tunes)
            expect(visit.page.locator("#intake [data-own=find]")).to_be_visible()
        assert visit.page.evaluate(hidden) == []
    assert visit.page.locator("#intake .chip").count() == 1


# --- seed and temperature ---------------------------------------------------------------------------------------


def test_a_seed_that_is_typed_is_used_even_if_it_is_the_one_shown(visit: Visit) -> None:
    shown = visit.seed()
    visit.page.fill("#seed input", "")
    visit.page.locator("#seed input").press_sequentially(shown)
    visit.page.click("#style label:has(input[value=blues])")
    visit.generate()
    assert visit.seed() == shown
    visit.generate()
    assert visit.seed() != shown, "it was asked for once"


def test_at_temperature_0_the_page_says_that_seeds_do_not_matter(visit: Visit) -> None:
    line = visit.page.locator("#temperature .info-text")
    usual = line.inner_text()
    visit.page.fill("#temperature input[type=number]", "0")
    expect(line).to_have_text("At 0 every seed gives the same piece.")
    visit.page.fill("#temperature input[type=number]", "0.5")
    expect(line).to_have_text(usual)


def test_what_no_newcomer_knows_is_said_where_it_stands(visit: Visit) -> None:
    expect(visit.page.locator("#model .info-text")).to_contain_text("the VAE in a few steps, the GAN in one")
    expect(visit.page.locator("#temperature .info-text")).to_contain_text("How far the music may stray")
    visit.page.click("#shape summary")
    for name in ("density", "rhythm", "register", "polyphony", "tension"):
        expect(visit.page.locator(f"#shape [data-name={name}] small")).to_have_text(re.compile("^how "))


# --- chords in another key ---------------------------------------------------------------------------------------


def test_chords_of_another_key_are_pointed_out_and_moved_or_the_key_is_taken(visit: Visit) -> None:
    note, chords = visit.page.locator(".other-key"), visit.page.locator("#shape [name=chords]")
    visit.page.click("#shape summary")
    chords.fill("Bb F C")  # of F major
    visit.page.wait_for_timeout(1200)
    expect(note).to_be_hidden()
    chords.fill("Am F C G")
    expect(note).to_contain_text("These chords fit A minor better than F major.")
    note.locator(".move").click()
    expect(chords).to_have_value("Dm Bb F C")
    expect(note).to_be_hidden()
    chords.fill("Am F C G")
    note.locator(".take").click()
    expect(visit.page.locator("#key select")).to_have_value("A minor")
    expect(note).to_be_hidden()
    visit.generate()
    recipe = read_recipe(visit.download("mid")[1])
    assert recipe is not None
    assert recipe["request"].items() >= {"chords": "Am F C G", "key": "A minor"}.items()  # type: ignore[attr-defined]


def test_half_a_chord_is_no_error_yet(visit: Visit) -> None:
    visit.page.click("#shape summary")
    visit.page.fill("#shape [name=chords]", "Am H")
    visit.page.wait_for_timeout(1500)
    expect(visit.page.locator(".toast-body")).to_have_count(0)
    expect(visit.page.locator(".other-key")).to_be_hidden()


# --- names --------------------------------------------------------------------------------------------------------


def test_variations_say_whose_they_are_when_another_piece_is_on_the_stage(visit: Visit) -> None:
    whose, first = visit.page.locator("#wall .whose"), visit.page.locator("#wall .pick").first
    example = "Jazz in F major · 16 bars · 132 BPM · seed 2"
    expect(whose).to_have_text(f"Variations of {example}")
    expect(first).to_have_attribute("aria-label", f"Variation 1 of {example}")
    visit.page.click("#style label:has(input[value=blues])")
    visit.generate()
    expect(whose).to_have_text(f"Variations of {example}")
    visit.page.click("#wall .more")
    expect(whose).to_contain_text("Variations of Blues in F major")
    expect(first).to_have_attribute("aria-label", re.compile("^Variation 1 of Blues in F major"))
    expect(visit.page.locator("#wall .more")).to_have_text("More like this", timeout=60_000)


def test_pieces_of_the_history_have_labels_that_differ(visit: Visit) -> None:
    for place in (0, 1):
        visit.page.locator("#wall .pick").nth(place).click()
        visit.page.wait_for_function("count => musicgen.history.pieces().length === count", arg=2 + place)
    labels = visit.page.eval_on_selector_all("#history .pick", "all => all.map((each) => each.title)")
    example = "Jazz in F major · 16 bars · 132 BPM · seed 2"
    assert labels == [example, f"{example} · varied", f"{example} · varied (2)"]
    captions = visit.page.locator("#history .caption")
    expect(captions).to_have_text(labels)  # for those who have no mouse to wait with
    cut = "all => all.filter((each) => !each.checkVisibility() || each.scrollHeight > each.clientHeight + 1).length"
    assert captions.evaluate_all(cut) == 0


def test_downloads_are_called_after_the_piece(visit: Visit) -> None:
    assert visit.download("mid")[0] == "jazz-in-f-major-seed2.mid"
    visit.page.locator("#wall .pick").first.click()
    visit.page.wait_for_function("musicgen.piece.edits.length === 1")
    assert re.fullmatch(r"jazz-in-f-major-seed2-varied-[0-9a-f]{6}\.mid", visit.download("mid")[0])


def test_names_of_removed_files_go(visit: Visit, tunes: list[Path], tmp_path: Path) -> None:
    letter = tmp_path / "letter.mid"
    letter.write_bytes(b"Dear reader")
    open_tab(visit, "Your music")
    visit.page.set_input_files("#intake input[type=file]", [*tunes, letter])
    names = visit.page.locator("#intake .files button[aria-pressed]")
    expect(names).to_have_text(["first tune.mid", "second tune.mid", "letter.mid"])
    visit.page.get_by_role("button", name="Remove letter.mid").click()
    visit.page.get_by_role("button", name="Remove second tune.mid").click()
    expect(names).to_have_text(["first tune.mid"])
    expect(visit.page.locator("#intake .card h3")).to_have_text("first tune.mid")
    expect(visit.page.locator("#intake .own")).to_be_hidden()
    visit.page.get_by_role("button", name="Remove first tune.mid").click()
    expect(names).to_have_count(0)
    expect(visit.page.locator("#intake .card")).to_be_hidden()
    assert visit.download("mid")[0].startswith("second-tune"), "what was on the stage stays there"
