"""The tabs "Originality" and "Learn", and taking everything home, as a visitor sees them."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
import soundfile
from playwright.sync_api import Locator, expect

from musicgen.midi import from_midi, seconds
from musicgen.music import Music
from musicgen.originality import Finding, Index, Shared, Song
from musicgen.web import original
from musicgen.web.original import headline, usual
from tests.browser import PHONE, Visit

# --- take home --------------------------------------------------------------------------------------------------


def test_the_loop_is_as_long_as_the_bars_and_the_score_has_every_bar(visit: Visit) -> None:
    music = from_midi(visit.download("mid")[1])
    name, data = visit.download("loop.wav")
    sound = soundfile.info(io.BytesIO(data))
    assert name.endswith(".loop.wav")
    assert abs(sound.frames - seconds(music) * sound.samplerate) <= 1
    name, data = visit.download("musicxml")
    assert name.endswith(".musicxml")
    part = ElementTree.fromstring(data).find("part")
    assert part is not None and len(part.findall("measure")) == music.bars


def test_everything_is_one_zip_and_the_page_says_that_it_is_being_made(visit: Visit) -> None:
    visit.page.evaluate(
        "new MutationObserver((all) => { window.told = all[0].target.textContent; })"
        ".observe(document.querySelector('.packing'), { childList: true })"
    )
    midi = visit.download("mid")[1]
    name, data = visit.download("zip")
    assert name.endswith(".zip")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        inside = {entry.rsplit(".", 1)[-1]: entry for entry in archive.namelist()}
        assert set(inside) == {"mid", "wav", "musicxml", "png", "json", "txt"}
        assert archive.read(name.replace(".zip", ".mid")) == midi
        stems = {entry for entry in archive.namelist() if entry.startswith("stems/")}
        assert stems == {f"stems/{track.role}.{form}" for track in from_midi(midi).tracks for form in ("mid", "wav")}
    told = visit.page.evaluate("window.told")  # nothing, if it took less than a second
    assert told is None or re.fullmatch(r"Everything is being made: \d+ s", told)
    expect(visit.page.locator(".licence")).to_be_visible()


def test_downloads_are_two_rows_on_a_phone(phone: Visit) -> None:
    boxes = [button.bounding_box() for button in phone.page.locator("#downloads .file").all()]
    assert len({box["y"] for box in boxes if box}) == 2
    assert all(box and box["height"] >= 40 and box["x"] + box["width"] <= PHONE["width"] for box in boxes)


# --- originality ------------------------------------------------------------------------------------------------


def open_tab(visit: Visit, label: str) -> Locator:
    tab = visit.page.locator("#workbench button[role=tab]", has_text=label).first
    if not tab.is_visible():  # on a phone the last tabs are in a menu
        visit.page.click("#workbench .overflow-menu > button")
        tab = visit.page.locator("#workbench .overflow-dropdown button", has_text=label)
    tab.click()
    return visit.page.locator(f"#{label.lower().replace('ity', '')}")


def test_originality_speaks_of_the_piece_on_the_stage(visit: Visit) -> None:
    box = open_tab(visit, "Originality")
    expect(box.locator(".headline")).to_contain_text("in a row are the same as in a training song")
    expect(box.locator(".kind h3")).to_have_text([re.compile("Melody"), re.compile("Chords")])
    asked = visit.page.evaluate(
        "() => { const ask = musicgen.ask; window.asked = [];"
        " musicgen.ask = (action, values) => { window.asked.push([action, values && values.midi]);"
        " return ask(action, values); }; return window.asked; }"
    )
    assert asked == []
    visit.generate()
    visit.page.wait_for_function("window.asked.some(([action]) => action === 'original')")
    assert visit.page.evaluate("window.asked.find(([action]) => action === 'original')[1] === musicgen.piece.midi")


def test_a_shared_stretch_is_named_and_marked(visit: Visit) -> None:
    box = open_tab(visit, "Originality")
    expect(box.locator(".headline")).not_to_contain_text("Comparing")
    shared = {"length": "12 notes", "first": 3, "last": 4, "title": "A <b>song</b>", "composer": "Somebody", "from": 9,
              "source": "A collection", "licence": "CC0", "link": "https://example.org/"}  # fmt: skip
    answer = {
        "headline": "12 melody notes",
        "usual": "",
        "kinds": [{"label": "Melody", "none": "", "shared": [shared]}],
    }
    visit.page.evaluate(
        "answer => { musicgen.ask = async (action) => (action === 'original' ? answer : null);"
        " musicgen.present({ ...musicgen.piece, id: 'another' }, { play: false }); }",
        answer,
    )
    expect(box.locator("li")).to_have_text(
        "12 notes (bars 3 to 4) as in A <b>song</b> by Somebody, from its bar 9. A collection, CC0"
    )
    expect(box.locator("li a")).to_have_attribute("rel", "noopener noreferrer")
    mark = box.locator(".mark").bounding_box()
    lane = box.locator(".lane").bounding_box()
    assert mark and lane
    assert abs((mark["x"] - lane["x"]) / lane["width"] - 2 / 16) < 0.01  # bars 3 and 4 of sixteen
    assert abs(mark["width"] / lane["width"] - 2 / 16) < 0.01


def test_headlines() -> None:
    song = Song("Old song", "", "Collection", "CC0", "")
    found = Finding("melody", "notes", 9, (Shared(song, 12, 1, 2, 5),), 0.1, 0.034, 0.01)
    none = Finding("melody", "notes", 9, (), 0.0, 0.094, 0.01)
    short = Finding("melody", "notes", 9, (), None, None, None)
    assert headline(found) == "12 melody notes in a row are the same as in a training song."
    assert usual(found) == "3 of 100 real songs that were kept from training share as many, in as many bars."
    assert headline(none) == "No 9 melody notes in a row are the same as in a training song."
    assert usual(none) == "9 of 100 real songs that were kept from training share 9 or more, in as many bars."
    assert headline(short) == "The melody has fewer than 9 notes: too few to compare."
    assert usual(short) == ""


def test_without_the_index_one_line_says_so_and_names_no_folder(
    small_music: Music, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(original, "_index", lambda: Index.open(tmp_path))
    told = original.answer(small_music)
    assert told["kinds"] == [] and "cannot be said" in told["headline"]
    assert str(tmp_path) not in str(told)


# --- learn ------------------------------------------------------------------------------------------------------


def ready(visit: Visit, step: int) -> Locator:
    visit.page.click(f"#learn-tab-{step}")
    panel = visit.page.locator(f"#learn-{step}:not([aria-busy])")
    expect(panel).to_be_visible(timeout=30_000)
    return panel


def pixels(box: Locator) -> str:
    return box.locator("canvas").first.evaluate("canvas => canvas.toDataURL()")


def test_a_bar_goes_through_the_model_and_comes_back(visit: Visit) -> None:
    open_tab(visit, "Learn")
    panel = ready(visit, 0)
    expect(panel.locator("output")).to_have_text("Bar 1 of 16")
    count = panel.locator(".count").inner_text()
    found = re.fullmatch(r"(\d+) of (\d+) notes come back at the same place and pitch\.", count)
    assert found is not None, count
    music = from_midi(visit.download("mid")[1])
    assert int(found[2]) == sum(note.onset < 48 for track in music.tracks for note in track.notes)
    assert int(found[1]) > 0.6 * int(found[2]), "the model knows what it made"
    before = pixels(panel.locator("[data-slot=bar]"))
    panel.locator(".after").click()
    expect(panel.locator("output")).to_have_text("Bar 2 of 16")
    assert pixels(panel.locator("[data-slot=bar]")) != before
    expect(panel.locator(".before")).to_be_enabled()


def test_a_walk_changes_the_roll_and_the_place_can_be_heard_while_the_stage_stays(visit: Visit) -> None:
    open_tab(visit, "Learn")
    panel = ready(visit, 1)
    title, start = visit.page.inner_text("#stage .title"), pixels(panel)
    panel.locator("input").focus()
    for _ in range(3):
        visit.page.keyboard.press("PageUp")
    visit.page.wait_for_function(
        "before => document.querySelector('[data-slot=walk] canvas').toDataURL() !== before", arg=start
    )
    visit.page.click("#stage .play")
    visit.page.wait_for_function("!document.querySelector('#stage audio').paused")
    panel.locator(".hear").click()
    expect(panel.locator(".hear")).to_have_class(re.compile("is-playing"))
    assert visit.audio("paused"), "one music at a time"
    assert visit.page.inner_text("#stage .title") == title
    visit.page.click("#stage .play")
    expect(panel.locator(".hear")).to_have_attribute("aria-pressed", "false")


def test_noise_becomes_a_piece_and_other_noise_another(visit: Visit) -> None:
    open_tab(visit, "Learn")
    panel = ready(visit, 2)
    first = pixels(panel.locator(".pair"))
    expect(panel.locator(".pair .hear").first).to_be_enabled()
    panel.locator(".seed").click()
    visit.page.wait_for_function("before => document.querySelector('.pair canvas').toDataURL() !== before", arg=first)


def test_the_ladder_goes_down_from_noise_to_the_model(phone: Visit) -> None:
    open_tab(phone, "Learn")
    panel = ready(phone, 3)
    names = panel.locator("h3").all_inner_texts()
    assert names[:4] == ["The tutorials' GAN", "Noise", "Convolutional GAN", "MusicVAE, small"]
    assert names[4:7] == ["Glued bars", "Markov chains", "LSTM"]
    assert names[-1].endswith("as on this page")
    numbers = [float(text) for text in panel.locator(".number").all_inner_texts() if text != "not measured"]
    assert numbers == sorted(numbers, reverse=True) and len(numbers) >= 3
    panel.locator(".hear").first.click()
    expect(panel.locator(".hear").first).to_have_class(re.compile("is-playing"), timeout=15_000)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    small = panel.locator("button").evaluate_all(
        "all => all.filter((b) => b.offsetHeight < 40 || b.offsetWidth < 40).length"
    )
    assert small == 0
