/* Every piece that was on the stage, as a strip of miniatures, and the way that led here, for undo and redo.

   For other regions: window.musicgen.history = { pieces(), kept() (arrays of pieces, newest first), isKept(id), steps(),
   undo(options), redo(options) }; the event musicgen:history tells that something of it is new. */
const LONGEST_TRAIL = 200;
const SURE = 4000; // milliseconds in which a second click clears

const { musicgen } = window;
const past = element.querySelector(".past");
const strip = element.querySelector(".strip");
const clear = element.querySelector(".clear");
const shelf = openShelf();
const mark = tend(strip);
let trail = []; // ids of pieces, in the order in which they were on the stage
let at = -1; // where in the trail the stage is
let canPlay = false;

const find = (id) => shelf.entries.find((entry) => entry.piece.id === id);
const newestFirst = (entries) => entries.map((entry) => entry.piece).reverse();

/* ---- what is stored ---- */

/* The trail without pieces that are gone; `at` stays where it was, or comes before it. */
function setTrail(ids, position) {
  const left = [];
  let now = -1;
  ids.forEach((id, index) => {
    if (find(id) && left[left.length - 1] !== id) left.push(id);
    if (index === position) now = left.length - 1;
  });
  const extra = Math.max(0, left.length - LONGEST_TRAIL);
  trail = left.slice(extra);
  at = Math.max(Math.min(now - extra, trail.length - 1), trail.length ? 0 : -1);
  shelf.setTrail({ ids: trail, at });
}

function readTrail() {
  const stored = shelf.trail();
  const good = stored && Array.isArray(stored.ids) && Number.isInteger(stored.at);
  setTrail(good ? stored.ids : [], good ? stored.at : 0);
  const newest = shelf.entries[shelf.entries.length - 1];
  if (!trail.length && newest) setTrail([newest.piece.id], 0);
}

function add(piece, kept = false) {
  const entry = { at: Date.now(), kept, piece };
  shelf.put(entry);
  return entry;
}

/* ---- what is on the stage ---- */

function record({ piece, keep, stay }) {
  if (keep || piece.id === trail[at]) return;
  const current = find(trail[at]);
  // a mixer's many small moves are one step, from the piece before the first of them
  const moved = stay && current && !current.kept && current.piece.edits[current.piece.edits.length - 1] === "mix";
  if (!find(piece.id)) add(piece);
  if (moved) shelf.drop(current);
  follow(piece.id);
}

/* Back on the stage, with what it was asked for on the panel. */
function bring(piece, options) {
  piece.later = canPlay && !piece.audio;
  musicgen.present(piece, { ...options, keep: true });
  musicgen.restore(piece.request, piece.kind);
}

/* The stage has gone on to a piece; the ways that were undone are no longer ahead. */
function follow(id) {
  const ids = [...trail.slice(0, at + 1), id];
  setTrail(ids, ids.length - 1);
  draw();
}

function go(position, options) {
  const entry = find(trail[position]);
  if (!entry) return;
  setTrail(trail, position);
  bring(entry.piece, options);
  draw();
}

function pick(piece) {
  follow(piece.id);
  bring(piece, { play: true });
}

/* ---- the strip ---- */

const tiles = new Map(); // id to tile

/* A tile with its label below the notes. */
function makeCaptioned(piece, label) {
  const tile = makeTile(piece, label, pick);
  const caption = document.createElement("span");
  caption.className = "caption";
  tile.querySelector(".pick").append(caption);
  return tile;
}

function draw() {
  const ids = new Set(shelf.entries.map((entry) => entry.piece.id));
  for (const [id, tile] of tiles) if (!ids.has(id)) { tile.remove(); tiles.delete(id); }
  past.hidden = shelf.entries.length < 2; // one piece is on the stage already
  const labels = musicgen.labels(shelf.entries.map((entry) => entry.piece));
  shelf.entries.forEach(({ piece }, index) => {
    if (!tiles.has(piece.id)) tiles.set(piece.id, makeCaptioned(piece, labels[index]));
    const tile = tiles.get(piece.id);
    nameTile(tile, labels[index]);
    tile.querySelector(".caption").textContent = labels[index];
    if (!strip.contains(tile)) strip.append(tile);
  });
  if (tiles.has(trail[at])) reveal(tiles.get(trail[at]));
  clear.hidden = !doomed().length;
  relax();
  musicgen.tell("history");
}

function reveal(tile) {
  const [inside, outside] = [tile.getBoundingClientRect(), strip.getBoundingClientRect()];
  strip.scrollLeft += Math.max(0, inside.right - outside.right) - Math.max(0, outside.left - inside.left);
}

/* ---- clearing: those with a star stay, unless there is nothing else left to clear ---- */

function doomed() {
  const others = shelf.entries.filter((entry) => entry.piece.id !== trail[at]);
  const loose = others.filter((entry) => !entry.kept);
  return loose.length ? loose : others;
}

let patience = 0;
function relax() {
  clearTimeout(patience);
  delete clear.dataset.sure;
  clear.textContent = "Clear";
}
clear.addEventListener("click", () => {
  const gone = doomed();
  if (clear.dataset.sure) {
    gone.forEach(shelf.drop);
    setTrail(trail, at);
    return draw();
  }
  clear.dataset.sure = "yes";
  clear.textContent = `Remove ${gone.length}${gone[0].kept ? " starred" : ""}?`;
  patience = setTimeout(relax, SURE);
});
clear.addEventListener("blur", relax);

/* ---- what a visit begins with: the piece of a link, else the last one of the last visit, else the example ---- */

const linked = () => [location.search, location.hash].map((part) => new URLSearchParams(part.slice(1)).get("piece")).find(Boolean);

async function openLink(link) {
  const query = new URLSearchParams(location.search);
  query.delete("piece"); // a reload shows what is on the stage then
  window.history.replaceState(null, "", location.pathname + (query.size ? `?${query}` : ""));
  const answer = await musicgen.compose("replay", { link }, { play: false });
  if (answer) musicgen.restore(answer.piece.request, answer.piece.kind);
  return answer;
}

let begun = false;
async function begin(example) {
  begun = true;
  canPlay = Boolean(example.audio || example.later);
  readTrail();
  draw();
  if (linked() && (await openLink(linked()))) return;
  if (trail.length) go(at, { play: false });
  else record({ piece: example });
}

musicgen.history = {
  pieces: () => newestFirst(shelf.entries),
  kept: () => newestFirst(shelf.entries.filter((entry) => entry.kept)),
  isKept: (id) => Boolean(find(id) && find(id).kept),
  steps: () => ({ undo: at > 0, redo: at < trail.length - 1 }),
  undo: (options) => go(at - 1, options),
  redo: (options) => go(at + 1, options),
};

document.addEventListener("musicgen:keep", ({ detail: { piece, on } }) => {
  const entry = find(piece.id) || (on ? add(piece) : null);
  if (!entry) return;
  entry.kept = on;
  shelf.put(entry);
  draw();
});
window.addEventListener("hashchange", () => { if (linked()) openLink(linked()); });
document.addEventListener("musicgen:piece", ({ detail }) => (begun ? record(detail) : begin(detail.piece)));
if (musicgen.piece) begin(musicgen.piece);
