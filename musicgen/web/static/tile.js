/* Miniatures that can be put on the stage and starred; the wall and the history are made of these.

   makeTile(piece, label, pick, base) -> an element, which nameTile(tile, label) calls otherwise; `pick(piece)` is called for a click; `base` as for musicgen.mini.
   tend(box): marks the tiles in a box (the one on the stage, those with a star) and lets arrow keys move between them. */
const STAR = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 4.2l2.4 4.9 5.4.8-3.9 3.8.9 5.4-4.8-2.6-4.8 2.6.9-5.4-3.9-3.8 5.4-.8z" /></svg>';

function makeTile(piece, label, pick, base) {
  const tile = document.createElement("div");
  tile.className = "tile";
  tile.dataset.id = piece.id;
  tile.innerHTML = `<button type="button" class="pick"><canvas></canvas></button><button type="button" class="star">${STAR}</button>`;
  const [roll, star] = tile.children;
  nameTile(tile, label);
  roll.addEventListener("click", () => pick(piece));
  star.addEventListener("click", () => {
    window.musicgen.tell("keep", { piece, on: star.getAttribute("aria-pressed") !== "true" });
  });
  window.musicgen.mini(roll.firstChild, piece, base);
  return tile;
}

function nameTile(tile, label) {
  const [roll, star] = tile.children;
  roll.setAttribute("aria-label", label);
  roll.title = label;
  star.dataset.label = label;
}

function tend(box) {
  const { musicgen } = window;

  function mark() {
    const tiles = [...box.querySelectorAll(".tile")];
    const shown = musicgen.piece && musicgen.piece.id;
    for (const tile of tiles) {
      const [roll, star] = tile.children;
      const kept = Boolean(musicgen.history && musicgen.history.isKept(tile.dataset.id));
      tile.classList.toggle("is-shown", tile.dataset.id === shown);
      tile.classList.toggle("is-kept", kept);
      if (tile.dataset.id === shown) roll.setAttribute("aria-current", "true");
      else roll.removeAttribute("aria-current");
      star.setAttribute("aria-pressed", String(kept));
      star.setAttribute("aria-label", `Keep ${star.dataset.label}`);
      star.title = kept ? "Kept: click to let it go" : "Keep this one";
    }
    const focus = tiles.find((tile) => tile.contains(document.activeElement)) || tiles.find((tile) => tile.dataset.id === shown);
    enter(focus || tiles[0]);
  }

  /* One tile is a stop of the tab key, arrows lead to the others. */
  function enter(chosen) {
    for (const button of box.querySelectorAll(".tile > button")) button.tabIndex = chosen && chosen.contains(button) ? 0 : -1;
  }

  box.addEventListener("focusin", (event) => enter(event.target.closest(".tile")));
  box.addEventListener("keydown", (event) => {
    const here = event.target.closest(".tile");
    if (!here || event.ctrlKey || event.metaKey || event.altKey) return;
    const tiles = [...box.querySelectorAll(".tile")];
    const columns = tiles.filter((tile) => tile.offsetTop === tiles[0].offsetTop).length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined) return;
    const at = tiles.indexOf(here) + step;
    if (Number.isFinite(step) && (at < 0 || at >= tiles.length)) return event.preventDefault();
    event.preventDefault();
    tiles[Math.max(0, Math.min(tiles.length - 1, at))].firstChild.focus();
  });
  document.addEventListener("musicgen:piece", mark);
  document.addEventListener("musicgen:history", mark);
  return mark;
}
