/* The morph pad. Each corner holds a piece; while the point is dragged the stage's roll shows what lies there, and when
   it is let go the piece is made, with its sound. One call at a time is under way, and the last place wins. */
const pad = element.querySelector(".pad");
const cards = [...element.querySelectorAll(".corner")];
const picker = element.querySelector("input[type=file]");
const root = document.documentElement;
const STEP = 0.05; // of the square, for an arrow key
const SNAP = 0.03; // so near a corner its own piece is meant
const REST = 400; // milliseconds without an arrow key after which the point is let go

/* A corner is {style} and soon its piece, or a piece that was chosen once; the first one goes with the stage, as long as
   nothing else is chosen for it. */
const corners = [{ follows: true }, {}, {}, {}];
let base = musicgen.piece; // the piece on the stage, unless the pad made it
let point = { x: 0, y: 0 };
let version = 0;
let ready = false;
let preparing = null; // its promise
let held = false;
let flying = false;
let wanted = null;
let pending = false; // let go while the server made another piece
let resting = 0;

/* ---- corners ---- */

const label = (name) => (props.styles.find((style) => style.name === name) || {}).label;
const usual = (name) => (props.styles.find((style) => style.name === name) || {}).tempo;

/* What the base was asked for, in another style; its tempo too, unless it was only the usual one. */
function asked(style) {
  const own = base.request;
  if (own) return { ...own, style, tempo: own.tempo === usual(own.style) ? null : own.tempo };
  const bars = props.bar_choices.filter((bars) => bars <= base.bars).pop() || props.bar_choices[0];
  return { style, bars, key: base.key, seed: 1, metre: base.metre || "4/4", ending: true };
}

function fill(corner) {
  const taken = [base.style, ...corners.map((each) => each.style || (each.piece && each.piece.style))];
  corner.style = ["rock", "jazz", "classical", "dance", "latin"].find((style) => !taken.includes(style));
}

/* Which pieces the corners need; those that are missing are made one after another. Begins again if what they are made
   for changes meanwhile. */
function prepare() {
  version += 1;
  preparing ||= (async () => {
    for (let begun = 0; begun !== version;) {
      begun = version;
      await make();
    }
    preparing = null;
    return ready;
  })();
  return preparing;
}

async function make() {
  let fresh = !ready;
  if (fresh) setReady(false, true);
  for (const corner of corners) {
    if (corner.follows) corner.piece = base;
    if (!corner.style && !corner.piece) fill(corner);
    if (!corner.style) continue;
    const request = asked(corner.style);
    const made = JSON.stringify([request, base.kind]);
    if (corner.made === made) continue;
    fresh = true;
    setReady(false, true);
    const answer = await musicgen.ask("make", { request, kind: base.kind });
    if (!answer) return setReady(false);
    Object.assign(corner, { piece: answer.piece, made });
    drawCards();
  }
  drawCards();
  // The server reads and encodes the pieces once, now, and not at the first touch.
  if (fresh && !(await between([1, 1, 1, 1], { sketch: true }))) return setReady(false);
  setReady(true);
}

function setReady(on, working = false) {
  ready = on;
  pad.setAttribute("aria-disabled", String(!on));
  pad.setAttribute("aria-busy", String(working));
  pad.title = on || working ? "" : "A corner has no piece. Choose another.";
}

function put(place, corner) {
  for (const key of Object.keys(corners[place])) delete corners[place][key];
  Object.assign(corners[place], corner);
  setReady(false, true);
  drawCards();
  return prepare();
}

const name = (corner) => (corner.style ? label(corner.style) : corner.piece ? corner.piece.title : "");

function option(value, text) {
  const item = document.createElement("option");
  item.value = value;
  item.textContent = text;
  return item;
}

function group(text, items) {
  const box = document.createElement("optgroup");
  box.label = text;
  box.append(...items);
  return box;
}

/* A piece that was stored without its sound has it made again, where the server can. */
const playable = (piece) => ({ ...piece, later: !piece.audio && Boolean(base.audio || base.later) });
const kept = () => (musicgen.history && musicgen.history.kept ? musicgen.history.kept() : []);

function drawCards() {
  cards.forEach((card, place) => {
    const corner = corners[place];
    const list = card.querySelector("select");
    list.replaceChildren(...(corner.style ? [] : [option("own", name(corner))]),
      option("stage", "What is on the stage"), option("file", "A MIDI file…"),
      group("Styles", props.styles.map((style) => option(style.name, style.label))));
    const pieces = kept();
    if (pieces.length) list.append(group("Kept", musicgen.labels(pieces).map((label, index) => option(`kept ${index}`, label))));
    list.value = corner.style || "own";
    if (corner.piece) musicgen.mini(card.querySelector("canvas"), corner.piece);
  });
  drawPoint();
}

cards.forEach((card, place) => {
  const list = card.querySelector("select");
  list.addEventListener("change", () => {
    const [value, index] = list.value.split(" ");
    if (value === "stage") {
      if (place === 0) base = musicgen.piece;
      put(place, place === 0 ? { follows: true, piece: base } : { piece: musicgen.piece });
    }
    if (value === "kept") put(place, { piece: playable(kept()[Number(index)]) });
    else if (value === "file") choose(place);
    else if (value !== "stage") put(place, { style: value });
  });
});

function choose(place) {
  drawCards(); // the list shows what is there until the file is
  picker.value = "";
  picker.onchange = async () => {
    const file = picker.files[0];
    const answer = file && (await musicgen.takeIn(file));
    if (answer) put(place, { piece: answer.piece });
  };
  picker.click();
}

/* ---- the point ---- */

const weights = ({ x, y }) => [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y];
const clip = (value) => Math.min(1, Math.max(0, value));
const corner = () => corners[weights(point).findIndex((weight) => weight > 1 - 1e-9)];

function move(x, y) {
  point = { x: clip(x), y: clip(y) };
  const near = (value) => Math.min(value, 1 - value) < SNAP;
  if (near(point.x) && near(point.y)) point = { x: Math.round(point.x), y: Math.round(point.y) };
  drawPoint();
}

function drawPoint() {
  pad.style.setProperty("--x", point.x);
  pad.style.setProperty("--y", point.y);
  const shares = weights(point).map((weight) => Math.round(100 * weight));
  cards.forEach((card, place) => { card.querySelector("output").textContent = `${shares[place]} %`; });
  pad.setAttribute("aria-valuenow", Math.round(100 * point.x));
  pad.setAttribute("aria-valuetext", corners.map((each, place) => [shares[place], name(each)])
    .filter(([share]) => share).map(([share, text]) => `${share} % ${text}`).join(", "));
}

const picture = pad.querySelector("canvas");

/* The pad itself shows what is under the point too: on a small window the stage may be out of sight. */
function preview(sketch) {
  musicgen.tell("preview", sketch);
  musicgen.mini(picture, { ...base, ...sketch });
}

/* What the server has between the corners; it is told their files only where it does not know them. */
async function between(weights, options) {
  const pieces = corners.map((each) => ({ id: each.piece.id }));
  for (let round = 0; round < 2; round++) {
    const answer = options.sketch
      ? await musicgen.ask("morph", { pieces, weights, sketch: true })
      : await musicgen.compose("morph", { pieces, weights }, { from: "morph" });
    if (!answer || !answer.missing) return answer;
    for (const place of answer.missing) pieces[place].midi = corners[place].piece.midi;
  }
  return null;
}

async function follow() {
  wanted = point;
  if (flying) return;
  flying = true;
  while (wanted) {
    const at = wanted;
    wanted = null;
    const whole = corner();
    const answer = whole ? { sketch: whole.piece } : await between(weights(at), { sketch: true });
    if (!answer || !answer.sketch) break; // the visitor has been told why
    if (held || resting) preview(answer.sketch);
  }
  flying = false;
}

async function letGo() {
  wanted = null;
  clearTimeout(resting);
  resting = 0;
  if (root.hasAttribute("data-busy")) {
    pending = true;
    return;
  }
  const whole = corner();
  if (whole) musicgen.present(whole.piece, { from: "morph" });
  else if (!(await between(weights(point), {}))) preview(null);
}

document.addEventListener("musicgen:idle", () => setTimeout(() => {
  if (pending && !held) letGo();
  pending = false;
}));

function place(event) {
  const box = pad.getBoundingClientRect();
  const edge = 18; // as in the style sheet
  move((event.clientX - box.left - edge) / (box.width - 2 * edge), (event.clientY - box.top - edge) / (box.height - 2 * edge));
  follow();
}

pad.addEventListener("pointerdown", (event) => {
  if (!ready || event.button !== 0) return;
  held = true;
  pad.classList.add("is-held");
  pad.setPointerCapture(event.pointerId);
  place(event);
});
pad.addEventListener("pointermove", (event) => { if (held) place(event); });
pad.addEventListener("pointerup", () => end(letGo));
pad.addEventListener("pointercancel", () => end(() => preview(null)));
function end(then) {
  if (!held) return;
  held = false;
  pad.classList.remove("is-held");
  then();
}

pad.addEventListener("keydown", (event) => {
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!way || !ready || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation(); // they do not move the playhead here
  clearTimeout(resting);
  resting = setTimeout(letGo, REST);
  const step = event.shiftKey ? STEP / 5 : STEP;
  // From a corner the first step must leave it, however small it is.
  const leave = corner() ? Math.max(step, SNAP + 0.001) : step;
  move(point.x + way[0] * leave, point.y + way[1] * leave);
  follow();
});

/* ---- when to work ---- */

let seen = false;
function show() {
  if (seen && base && !ready) prepare();
}
new IntersectionObserver((entries) => {
  seen = entries[entries.length - 1].isIntersecting;
  show();
}, { rootMargin: "800px" }).observe(element); // soon to be seen, and not in a tab that is hidden

document.addEventListener("musicgen:piece", (event) => {
  musicgen.mini(picture, event.detail.piece);
  if (event.detail.from === "morph") return;
  base = event.detail.piece;
  if (corners[0].follows) {
    point = { x: 0, y: 0 };
    corners[0].piece = base;
  }
  ready = false;
  drawCards();
  show();
});

document.addEventListener("musicgen:history", drawCards); // what can be chosen

/* Pieces that another region hands over, perhaps before this was here; see bring.js. */
function receive() {
  const handed = musicgen.handed;
  musicgen.handed = null;
  if (!handed) return;
  Object.assign(corners[0], { follows: false, style: undefined, piece: handed[0] });
  move(0, 0);
  put(1, handed[1] ? { piece: handed[1] } : {});
}
document.addEventListener("musicgen:between", receive);

setReady(false);
corners[0].piece = base;
if (base) musicgen.mini(picture, base);
drawCards();
receive();
