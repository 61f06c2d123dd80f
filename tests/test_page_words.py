"""The field "Describe it" in a real browser: words set the controls of the panel, and a line says which."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser import Visit


def test_words_set_the_controls_and_the_line_says_so(visit: Visit) -> None:
    page = visit.page
    before = page.evaluate("musicgen.piece.id")
    page.get_by_label("Describe it").fill("a sad very slow blues of 8 bars with busy bass, no pad, AABA, on Mars")
    page.keyboard.press("Enter")
    line = page.locator("#words [role=status]")
    expect(line).to_have_text(
        "Understood: sad: A minor; very slow: 59 BPM; blues; 8 bars; busy: density 62; bass: with Bass; "
        "no pad: without Pad; AABA: form AABA. Not understood: Mars."
    )
    expect(page.locator("#style input[value=blues]")).to_be_checked()
    expect(page.locator("#bars input[value='8']")).to_be_checked()
    expect(page.locator("#tempo input")).to_have_value("59")
    expect(page.locator("#key select")).to_have_value("A minor")
    playing = page.locator("#roles label:has(input:checked)")
    assert playing.all_inner_texts() == ["Melody", "Chords", "Bass", "Drums"]
    expect(page.locator("#shape .summary")).to_have_text("2 set")
    assert page.evaluate("musicgen.piece.id") == before, "nothing is made yet"

    # what words leave open stays; a style brings its usual tempo only where nobody has set one
    page.fill("#words-text", "a funk waltz with swing")
    page.locator("#words").get_by_role("button", name="Set").click()
    expect(line).to_have_text(
        "Understood: funk; waltz: 3/4; swing: swing 62 %. 3/4 is left out: this model plays 4/4. "
        "How it is played (swing, human) is set in the mixer."
    )
    expect(page.locator("#style input[value=funk]")).to_be_checked()
    expect(page.locator("#tempo input")).to_have_value("59")
    visit.generate()
    request = page.evaluate("musicgen.piece.request")
    asked = {name: request[name] for name in ("style", "bars", "tempo", "key", "roles", "density", "form")}
    assert asked == {
        "style": "funk", "bars": 8, "tempo": 59, "key": "A minor", "roles": ["melody", "chords", "bass", "drums"],
        "density": 62, "form": "AABA",
    }  # fmt: skip
