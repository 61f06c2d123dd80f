"""The wall of variations, the history, links and keys, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, expect

from musicgen.midi import from_midi, read_recipe
from tests.browser import Server, Visit, visit_page

TITLE = "document.querySelector('#stage .title').textContent"


def entries(visit: Visit) -> int:
    return visit.page.evaluate("musicgen.history.pieces().length")


def shown(visit: Visit) -> str:
    return visit.page.evaluate("musicgen.piece.id")


def wait_for_sound(visit: Visit) -> None:
    visit.page.wait_for_function("document.querySelector('#stage audio').readyState >= 2")


def come_back(visit: Visit) -> None:
    """Load the page again."""
    visit.page.reload()
    visit.page.wait_for_function("window.musicgen && musicgen.piece && musicgen.history")
    wait_for_sound(visit)


# --- the wall ---------------------------------------------------------------------------------------------------


def test_wall_begins_with_variations_of_the_example_that_can_be_played(visit: Visit) -> None:
    tiles = visit.page.locator("#wall .tile")
    expect(tiles).to_have_count(4)
    tiles.nth(1).locator(".pick").click()
    visit.page.wait_for_function("document.querySelector('#stage audio').currentTime > 0.2")
    expect(tiles).to_have_count(4)
    expect(tiles.nth(1)).to_have_class(re.compile("is-shown"))
    recipe = read_recipe(visit.download("mid")[1])
    assert recipe is not None
    assert recipe["request"]["seed"] == 2  # type: ignore[index]
    assert [edit["kind"] for edit in recipe["edits"]] == ["vary"]  # type: ignore[attr-defined]


def test_more_like_this_varies_the_piece_on_the_stage_as_near_as_asked(visit: Visit) -> None:
    visit.page.click("#bars label:has(input[value='4'])")
    visit.generate()
    origin = from_midi(visit.download("mid")[1])
    shares = []
    for nearness in ("0.2", "0.9"):
        visit.page.locator("#wall .near input").fill(nearness)
        visit.page.click("#wall .count label:has([value='8'])")
        visit.page.click("#wall .more")
        expect(visit.page.locator("#wall .more")).to_contain_text("Cancel")
        expect(visit.page.locator("#wall .tile")).to_have_count(8)
        expect(visit.page.locator("#wall .more")).to_have_text("More like this")
        ids = visit.page.evaluate("[...document.querySelectorAll('#wall .tile')].map((tile) => tile.dataset.id)")
        assert len(set(ids)) == 8
        visit.page.locator("#wall .pick").first.click()
        visit.page.wait_for_function("id => musicgen.piece.id === id", arg=ids[0])
        shares.append(_shared(origin, from_midi(visit.download("mid")[1])))
        visit.page.click("#stage .undo")
        visit.page.wait_for_function("id => musicgen.piece.id !== id", arg=ids[0])
    assert shares[0] > shares[1], "very near shares more notes than far"


def _shared(one: object, other: object) -> float:
    first, second = (
        {(track.role, note.onset, note.pitch) for track in music.tracks for note in track.notes}  # type: ignore[attr-defined]
        for music in (one, other)
    )
    return len(first & second) / len(first | second)


def test_cancel_stops_the_wall_and_what_is_there_stays(visit: Visit) -> None:
    # on a quiet machine all eight would be there before anybody could cancel
    visit.page.evaluate(
        "{ const { ask } = musicgen; const later = () => new Promise((done) => setTimeout(done, 500));"
        " musicgen.ask = (...call) => later().then(() => ask(...call)); }"
    )
    visit.page.click("#wall .count label:has([value='8'])")
    visit.page.dblclick("#wall .more")
    expect(visit.page.locator("#wall .tile").first).to_be_visible()
    visit.page.click("#wall .more")
    expect(visit.page.locator("#wall .more")).to_have_text("More like this")
    made = visit.page.locator("#wall .tile").count()
    assert 1 <= made < 8
    visit.page.wait_for_timeout(1500)
    assert visit.page.locator("#wall .tile").count() == made
    assert visit.page.locator("#wall .slot").count() == 0


def test_arrows_move_between_the_rolls_and_enter_plays(visit: Visit) -> None:
    rolls = visit.page.locator("#wall .pick")
    rolls.nth(0).focus()
    visit.page.keyboard.press("ArrowRight")
    expect(rolls.nth(1)).to_be_focused()
    visit.page.keyboard.press("End")
    expect(rolls.nth(3)).to_be_focused()
    visit.page.keyboard.press("Enter")
    expect(rolls.nth(3)).to_have_attribute("aria-current", "true")
    visit.page.wait_for_function("document.querySelector('#stage audio').currentTime > 0.1")


def test_wall_refuses_what_the_page_does_not_send(visit: Visit) -> None:
    visit.page.evaluate("musicgen.ask('wall', { piece: musicgen.piece, strength: 0.5, seeds: Array(9).fill(1) })")
    expect(visit.page.locator(".toast-body")).to_contain_text("1 to 8")


# --- the history ------------------------------------------------------------------------------------------------


def test_undo_and_redo_bring_pieces_back_and_all_survives_a_reload(visit: Visit) -> None:
    example = visit.download("mid")[1]
    expect(visit.page.locator("#stage .undo")).to_be_disabled()
    visit.page.click("#style label:has(input[value=folk])")
    visit.generate()
    made = visit.download("mid")[1]
    seed = visit.seed()
    visit.page.keyboard.press("Control+z")
    visit.page.wait_for_function(f"{TITLE}.startsWith('Jazz')")
    assert visit.download("mid")[1] == example
    expect(visit.page.locator("#style label:has(input[value=jazz])")).to_have_class(re.compile("selected"))
    expect(visit.page.locator("#seed input")).to_have_value("2")
    visit.page.keyboard.press("Control+Shift+z")
    visit.page.wait_for_function(f"{TITLE}.startsWith('Folk')")
    visit.page.locator("#history .tile").first.hover()
    visit.page.locator("#history .star").first.click()

    come_back(visit)
    visit.page.wait_for_function(f"{TITLE}.startsWith('Folk')")
    assert visit.audio("paused")
    assert visit.download("mid")[1] == made
    expect(visit.page.locator("#seed input")).to_have_value(seed)
    expect(visit.page.locator("#history .tile")).to_have_count(2)
    expect(visit.page.locator("#history .tile").first).to_have_class(re.compile("is-kept"))
    visit.page.click("#stage .undo")
    visit.page.wait_for_function(f"{TITLE}.startsWith('Jazz')")


def test_generate_after_undo_with_the_same_seed_shows_the_piece_again(visit: Visit) -> None:
    visit.page.fill("#seed input", "77")
    visit.page.click("#lock label")
    visit.page.click("#bars label:has(input[value='4'])")
    visit.generate()
    made = shown(visit)
    visit.page.click("#wall .tile:nth-child(1) .pick")
    visit.page.wait_for_function("id => musicgen.piece.id !== id", arg=made)
    visit.page.click("#generate")
    visit.page.wait_for_function("id => musicgen.piece.id === id", arg=made)


def test_a_click_in_the_history_brings_a_piece_back_and_clear_asks_once(visit: Visit) -> None:
    first = shown(visit)
    expect(visit.page.locator("#history .strip")).to_be_hidden()  # one piece is no history
    for index in (1, 2):
        visit.page.click(f"#wall .tile:nth-child({index}) .pick")
    expect(visit.page.locator("#history .tile")).to_have_count(3)
    visit.page.locator("#history .pick").first.click()
    assert shown(visit) == first
    assert entries(visit) == 3
    visit.page.click("#history .clear")
    expect(visit.page.locator("#history .clear")).to_have_text("Remove 2?")
    assert entries(visit) == 3
    visit.page.click("#history .clear")
    assert entries(visit) == 1
    expect(visit.page.locator("#stage .undo")).to_be_disabled()
    come_back(visit)
    assert entries(visit) == 1 and shown(visit) == first


def test_moves_of_the_mixer_are_one_step(visit: Visit) -> None:
    first = shown(visit)
    for tempo in (100, 110, 120):
        edit = {"kind": "mix", "mix": {"tempo": tempo}}
        visit.page.evaluate(
            "edit => musicgen.compose('change', { midi: musicgen.piece.midi, edit }, { stay: true })", edit
        )
        expect(visit.page.locator("#stage .facts")).to_contain_text(f"{tempo} BPM")
    assert entries(visit) == 2
    visit.page.click("#stage .undo")
    assert shown(visit) == first


def test_the_oldest_without_a_star_make_room(visit: Visit) -> None:
    visit.page.evaluate("musicgen.tell('keep', { piece: musicgen.piece, on: true })")
    starred = shown(visit)
    visit.page.evaluate(
        "for (let i = 0; i < 45; i += 1)"
        " musicgen.present({ ...musicgen.piece, audio: null, later: false, id: `copy${i}` })"
    )
    ids = visit.page.evaluate("musicgen.history.pieces().map((piece) => piece.id)")
    assert ids == [f"copy{i}" for i in range(44, 4, -1)] + [starred]
    come_back(visit)
    assert visit.page.evaluate("musicgen.history.pieces().map((piece) => piece.id)") == ids


@pytest.mark.parametrize(
    "damage",
    [
        "localStorage.setItem('musicgen:piece:x', '{'); localStorage.setItem('musicgen:trail', '[1')",
        """for (const key of Object.keys(localStorage)) if (key.startsWith('musicgen:piece:')) {
            const entry = JSON.parse(localStorage[key]);
            entry.piece.lanes[0].notes = [[1, 2, 'x', null]];
            localStorage[key] = JSON.stringify(entry);
        }
        localStorage.setItem('musicgen:trail', '{"ids": 5, "at": "z"}')""",
        "for (let size = 4e6; size >= 1; size = Math.floor(size / 2)) for (let i = 0; i < 3; i += 1)"
        " try { localStorage.setItem(`other${size}-${i}`, 'x'.repeat(size)); } catch {}",
    ],
    ids=["no JSON", "other values", "full"],
)
def test_damaged_or_full_storage_does_not_break_the_page(visit: Visit, damage: str) -> None:
    visit.page.evaluate(damage)
    come_back(visit)
    visit.page.click("#bars label:has(input[value='4'])")
    visit.generate()
    made = shown(visit)
    visit.page.click("#stage .undo")
    assert shown(visit) != made


def test_a_page_without_storage_has_a_history_as_long_as_it_is_open(browser: Browser, server: Server) -> None:
    refuse = (
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } })"
    )
    for visit in visit_page(browser, server):
        visit.page.add_init_script(refuse)
        come_back(visit)
        visit.page.click("#wall .tile:nth-child(1) .pick")
        visit.page.click("#wall .tile:nth-child(2) .pick")
        visit.page.click("#stage .undo")
        expect(visit.page.locator("#wall .tile").first).to_have_class(re.compile("is-shown"))
        assert entries(visit) == 3


# --- links ------------------------------------------------------------------------------------------------------


def test_a_link_makes_the_same_bytes_and_sets_the_panel(browser: Browser, server: Server) -> None:
    wishes = {"style": "blues", "bars": "8", "tempo": "93", "key": "C major", "seed": "4321"}
    for visit in visit_page(browser, server, permissions=["clipboard-read", "clipboard-write"]):
        visit.page.click("#style label:has(input[value=blues])")
        visit.page.click("#bars label:has(input[value='8'])")
        visit.page.fill("#tempo input", wishes["tempo"])
        visit.page.fill("#seed input", wishes["seed"])
        visit.page.click("#shape summary")
        visit.page.fill("#shape [name=chords]", "Am Dm")
        visit.generate()
        visit.page.click("#wall .more")
        expect(visit.page.locator("#wall .more")).to_have_text("More like this", timeout=60_000)
        visit.page.locator("#wall .pick").first.click()
        bytes_here = visit.download("mid")[1]
        visit.page.click("#stage .link")
        expect(visit.page.locator("#stage .actions [role=status]")).to_have_text("Link copied")
        link = visit.page.evaluate("navigator.clipboard.readText()")
        assert link.startswith(f"{server.url}?piece=")
    for visit in visit_page(browser, Server(link, server.process, server.log)):
        visit.page.wait_for_function(f"{TITLE}.startsWith('Blues')")
        assert visit.download("mid")[1] == bytes_here
        expect(visit.page.locator("#style label:has(input[value=blues])")).to_have_class(re.compile("selected"))
        expect(visit.page.locator("#bars label:has(input[value='8'])")).to_have_class(re.compile("selected"))
        expect(visit.page.locator("#tempo input")).to_have_value(wishes["tempo"])
        expect(visit.page.locator("#seed input")).to_have_value(wishes["seed"])
        expect(visit.page.locator("#shape [name=chords]")).to_have_value("Am Dm")
        assert visit.page.url == server.url, "a reload shows what is on the stage then"


@pytest.mark.parametrize("mark", ["?", "#"])
def test_a_damaged_link_is_one_line_and_the_example_is_there(browser: Browser, server: Server, mark: str) -> None:
    for visit in visit_page(browser, Server(f"{server.url}{mark}piece=nonsense", server.process, server.log)):
        expect(visit.page.locator(".toast-body")).to_contain_text("damaged")
        expect(visit.page.locator("#stage .title")).to_have_text("Jazz in F major")


def test_a_piece_that_began_as_a_file_has_no_link_and_says_why(visit: Visit) -> None:
    visit.page.evaluate("musicgen.present({ ...musicgen.piece, id: 'file', request: null, link: null })")
    expect(visit.page.locator("#stage .link")).to_be_disabled()
    expect(visit.page.locator("#stage .link")).to_have_attribute("title", re.compile("began as a file"))


# --- keys -------------------------------------------------------------------------------------------------------


def test_r_generates_but_not_in_a_field(visit: Visit) -> None:
    visit.page.click("#bars label:has(input[value='4'])")
    visit.page.focus("#seed input")
    visit.page.keyboard.press("r")
    assert not visit.page.evaluate("document.documentElement.hasAttribute('data-busy')")
    before = shown(visit)
    visit.page.evaluate("document.activeElement.blur()")
    visit.page.keyboard.press("r")
    visit.page.wait_for_function("id => musicgen.piece.id !== id", arg=before)


def test_arrows_move_the_playhead_a_bar(visit: Visit) -> None:
    bar = visit.page.evaluate("musicgen.piece.ticksPerBar * musicgen.piece.secondsPerTick")
    for key, expected in (("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("ArrowLeft", 0), ("ArrowLeft", 0)):
        visit.page.keyboard.press(key)
        assert visit.audio("currentTime") == pytest.approx(expected * bar, abs=0.01)
    visit.page.focus("#temperature input[type=range]")
    visit.page.keyboard.press("ArrowRight")
    assert visit.audio("currentTime") == 0
