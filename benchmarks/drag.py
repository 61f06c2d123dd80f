"""How long from the pointer to the roll on the morph pad? A real browser, a running page.

    python app.py &
    python -m benchmarks.drag --url http://127.0.0.1:7860/ --moves 60

Moves the point about the pad, one move after another, and prints the median and the 95 % quantile of the milliseconds
from a pointer's move to the event with which the roll is drawn again.
"""

from __future__ import annotations

import argparse
import shutil

import numpy as np
from playwright.sync_api import sync_playwright

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_WATCH = """() => {
  let moved = 0;
  let tell = null;
  const pad = document.querySelector('#morph .pad');
  pad.addEventListener('pointermove', () => { moved = performance.now(); }, true);
  document.addEventListener('musicgen:preview', (event) => {
    if (tell && event.detail && event.detail.lanes) tell(performance.now() - moved);
    tell = null;
  });
  window.nextRoll = () => { window.drawn = new Promise((resolve) => { tell = resolve; }); };
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:7860/")
    parser.add_argument("--moves", type=int, default=60)
    parser.add_argument("--model", default="vae", help="whose piece is on the stage: vae or gan")
    options = parser.parse_args()
    path = next(found for name in _CHROMIUM if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(options.url)
        page.wait_for_function("window.musicgen && musicgen.piece")
        if options.model != page.evaluate("musicgen.piece.kind"):
            page.click(f"#stage .twins [data-kind={options.model}]")
            page.wait_for_function("kind => musicgen.piece.kind === kind", arg=options.model)
        page.locator("#workbench button[role=tab]", has_text="Morph").first.click()
        pad = page.locator("#morph .pad[aria-disabled=false]")
        pad.wait_for(timeout=60_000)
        pad.scroll_into_view_if_needed()
        box = pad.bounding_box()
        assert box is not None
        page.evaluate(_WATCH)
        rng = np.random.default_rng(0)
        page.mouse.move(box["x"] + 20, box["y"] + 20)
        page.mouse.down()
        times: list[float] = []
        for move in range(options.moves + 3):
            x, y = rng.uniform(0.1, 0.9, 2)
            page.evaluate("window.nextRoll()")
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            # waited for and not asked for again and again, which would take time from the server on the same cores
            drawn = page.evaluate("window.drawn")
            if move >= 3:  # the first ones send the pieces
                times.append(drawn)
        browser.close()
    median, high = np.percentile(times, [50, 95])
    print(f"{options.model}: pointer to roll, {len(times)} moves: median {median:.0f} ms, 95 % {high:.0f} ms")


if __name__ == "__main__":
    main()
