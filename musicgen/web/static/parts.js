/* Keep this, change that. A lock is a cell of the grid, a bar of a role; locked cells come back note for note, and
   here that is counted. */
const { musicgen } = window;
const find = (selector) => element.querySelector(selector);
const board = find(".board");
const cells = find(".cells");
const strength = find(".strength input");
const verdict = find(".verdict");
const styles = find(".restyle select");
const MOST_BARS = props.most_bars;
const EDGE = 28; // px from the edge of the board within which painting scrolls it

let piece = null;
let locks = []; // locks[row][bar], rows as piece.lanes
let boxes = []; // the elements of the cells, likewise
let names = []; // the buttons of the rows
let numbers = []; // the buttons of the bars
let at = { row: 0, bar: 0 }; // what the arrow keys have reached; row -1 are the numbers, bar -1 the names

const plays = (row) => piece.lanes[row].notes.length > 0;
const barOf = (note) => Math.floor(note[0] / piece.ticksPerBar);
const newSeed = () => Math.floor(Math.random() * 1e6);
const rows = () => piece.lanes.map((_, row) => row).filter(plays);

/* As musicgen.recipe.mask_text: a bit a cell, bar after bar, in whole bytes, as hexadecimal digits. */
function maskText(mask, bars) {
  const bits = [];
  for (let bar = 0; bar < bars; bar++) for (const row of mask) bits.push(row[bar] ? 1 : 0);
  if (!bits.includes(1)) return "";
  while (bits.length % 8) bits.push(0);
  let text = "";
  for (let i = 0; i < bits.length; i += 4) text += parseInt(bits.slice(i, i + 4).join(""), 2).toString(16);
  return text;
}

/* What a change did to some cells, of which mask[row][bar] says which: old, gone and fresh count their notes. */
function compare(before, after, mask) {
  const counts = { old: 0, gone: 0, fresh: 0 };
  before.lanes.forEach((lane, row) => {
    const inside = (note) => mask[row][Math.floor(note[0] / before.ticksPerBar)];
    const left = new Map();
    for (const note of lane.notes.filter(inside).map(String)) {
      left.set(note, (left.get(note) || 0) + 1);
      counts.old += 1;
    }
    for (const note of after.lanes[row].notes.filter(inside).map(String)) left.set(note, (left.get(note) || 0) - 1);
    for (const count of left.values()) counts[count > 0 ? "gone" : "fresh"] += Math.abs(count);
  });
  return counts;
}

/* Of the notes before and after the share that the other piece lacks, as models/redrawing.py measures it: a note is the
   same if onset and pitch are. */
function changedShare(before, after, mask) {
  const bare = (piece) => ({ ...piece, lanes: piece.lanes.map((lane) => ({ ...lane, notes: lane.notes.map((note) => note.slice(0, 2)) })) });
  const { old, gone, fresh } = compare(bare(before), bare(after), mask);
  return old ? (gone + fresh) / (2 * old - gone + fresh) : null;
}

function judge(before, after, kept) {
  const { old, gone, fresh } = compare(before, after, kept);
  const share = changedShare(before, after, kept.map((row) => row.map((on) => !on)));
  const changed = gone + fresh;
  const all = share === null; // nothing was free: bars or roles came to what is there
  verdict.textContent = [
    old && (all ? `${changed} of ${old} notes changed` : `${changed} locked note${changed === 1 ? "" : "s"} changed`),
    all ? "" : `${Math.round(100 * share)} % of the rest changed`,
  ].filter(Boolean).join(" · ");
  verdict.title = old ? `${old} notes are locked` : "";
}

/* ---- the grid ---- */

function make(tag, className, role, label) {
  const item = document.createElement(tag);
  item.className = className;
  if (role) item.setAttribute("role", role);
  if (label) item.setAttribute("aria-label", label);
  return item;
}

function head(kind, text, label) {
  const frame = make("span", `head ${kind}`, kind === "number" ? "columnheader" : "rowheader");
  const button = make("button", "", "", label);
  button.type = "button";
  button.tabIndex = -1;
  button.textContent = text;
  frame.append(button);
  return [frame, button];
}

function build() {
  const { bars, lanes } = piece;
  cells.style.setProperty("--bars", bars);
  cells.replaceChildren();
  const top = make("div", "row", "row");
  top.append(make("span", "head corner", "columnheader"));
  top.firstChild.innerHTML = '<span class="sr">Role</span>';
  numbers = [];
  for (let bar = 0; bar < bars; bar++) {
    const [frame, button] = head("number", String(bar + 1), `Lock bar ${bar + 1}`);
    button.addEventListener("click", () => lockAll(rows(), [bar]));
    numbers.push(button);
    top.append(frame);
  }
  cells.append(top);
  names = [];
  boxes = lanes.map((lane, row) => {
    const line = make("div", `row c-${lane.role}`, "row");
    const [frame, button] = head("name", lane.label, `Lock ${lane.label}`);
    button.addEventListener("click", () => lockAll([row], numbers.keys()));
    names.push(button);
    line.append(frame);
    const made = numbers.map(() => make("div", "cell", "gridcell"));
    line.append(...made);
    cells.append(line);
    return made;
  });
}

function show(next) {
  const fresh = !piece || piece.bars !== next.bars;
  piece = next;
  if (fresh) {
    locks = piece.lanes.map(() => new Array(piece.bars).fill(false));
    build();
    move({ row: 0, bar: 0 }, false);
    board.scrollLeft = 0;
  }
  piece.lanes.forEach((lane, row) => {
    const counts = new Array(piece.bars).fill(0);
    for (const note of lane.notes) counts[barOf(note)] += 1;
    const most = Math.max(1, ...counts);
    const silent = !plays(row);
    if (silent) locks[row].fill(false);
    names[row].disabled = silent;
    names[row].title = silent ? "Silent in this piece: “Fill the band” gives it something to play" : "";
    boxes[row].forEach((box, bar) => {
      box.style.setProperty("--full", counts[bar] ? 0.12 + 0.88 * (counts[bar] / most) : 0);
      box.setAttribute("aria-label", `${lane.label}, bar ${bar + 1}, ${counts[bar]} note${counts[bar] === 1 ? "" : "s"}`);
      box.setAttribute("aria-disabled", String(silent));
    });
  });
  verdict.textContent = "";
  if ([...styles.options].every((each) => !each.disabled) || styles.value === piece.style) {
    const place = [...styles.options].findIndex((each) => each.value === piece.style);
    styles.selectedIndex = (place + 1) % styles.options.length;
  }
  for (const each of styles.options) each.disabled = each.value === piece.style;
  draw();
}

function can(button, why) {
  button.disabled = Boolean(why);
  button.title = why || "";
}

function draw() {
  const playing = rows();
  let locked = 0;
  piece.lanes.forEach((lane, row) => boxes[row].forEach((box, bar) => {
    box.setAttribute("aria-selected", String(locks[row][bar]));
    locked += locks[row][bar];
  }));
  names.forEach((button, row) => button.classList.toggle("is-locked", plays(row) && locks[row].every(Boolean)));
  numbers.forEach((button, bar) => button.classList.toggle("is-locked", playing.length > 0 && playing.every((row) => locks[row][bar])));
  const all = locked === playing.length * piece.bars;
  can(find(".change"), all ? "Everything is locked" : "");
  find(".turn").title = "The melody and what is locked stay note for note";
  can(find(".lock-all"), all ? "Everything is locked" : "");
  can(find(".unlock-all"), locked ? "" : "Nothing is locked");
  for (const button of element.querySelectorAll(".add")) {
    can(button, piece.bars + Number(button.dataset.bars) > MOST_BARS ? `A piece has at most ${MOST_BARS} bars` : "");
  }
  musicgen.tell("locks", { rows: locks });
  can(find(".fill"), playing.length === piece.lanes.length ? "All of the band plays already" : "");
}

/* Lock these cells, or unlock them if all are locked. */
function lockAll(which, bars) {
  const columns = [...bars];
  const on = which.some((row) => plays(row) && columns.some((bar) => !locks[row][bar]));
  for (const row of which) if (plays(row)) for (const bar of columns) locks[row][bar] = on;
  draw();
}

/* ---- painting: the first cell says whether it locks or unlocks ---- */

let brush = null; // { on, row, bar, x, y }

function place(x, y) {
  const first = boxes[0][0].getBoundingClientRect();
  const last = boxes[boxes.length - 1][piece.bars - 1].getBoundingClientRect();
  const within = (value, count) => Math.max(0, Math.min(count - 1, Math.floor(value * count)));
  return {
    row: within((y - first.top) / (last.bottom - first.top), boxes.length),
    bar: within((x - first.left) / (last.right - first.left), piece.bars),
  };
}

function paintTo(x, y) {
  // A quick hand leaves cells out between two events: all on the way are painted.
  const to = place(x, y);
  const steps = Math.max(1, Math.abs(to.row - brush.row), Math.abs(to.bar - brush.bar));
  for (let step = 0; step <= steps; step++) {
    const row = Math.round(brush.row + ((to.row - brush.row) * step) / steps);
    if (plays(row)) locks[row][Math.round(brush.bar + ((to.bar - brush.bar) * step) / steps)] = brush.on;
  }
  brush = { ...brush, ...to, x, y };
  draw();
}

function scrollWhilePainting() {
  if (!brush) return;
  const box = board.getBoundingClientRect();
  const left = boxes[0][0].getBoundingClientRect().left + board.scrollLeft; // right of the names
  const way = brush.x > box.right - EDGE ? 1 : brush.x < left + EDGE ? -1 : 0;
  const before = board.scrollLeft;
  board.scrollLeft += 5 * way;
  if (board.scrollLeft !== before) paintTo(brush.x, brush.y);
  requestAnimationFrame(scrollWhilePainting);
}

let finger = false;
cells.addEventListener("click", (event) => {
  if (!finger || !event.target.classList.contains("cell")) return;
  const tapped = place(event.clientX, event.clientY);
  if (!plays(tapped.row)) return;
  move(tapped, true);
  lockAll([tapped.row], [tapped.bar]);
});
cells.addEventListener("pointerdown", (event) => {
  // A finger's swipe scrolls the board, and its tap locks a cell (see click); a mouse paints.
  finger = event.pointerType === "touch";
  if (!event.target.classList.contains("cell") || event.button !== 0 || finger) return;
  const start = place(event.clientX, event.clientY);
  if (!plays(start.row)) return;
  event.preventDefault(); // no selection of text
  brush = { on: !locks[start.row][start.bar], ...start };
  cells.setPointerCapture(event.pointerId);
  move(start, true);
  paintTo(event.clientX, event.clientY);
  scrollWhilePainting();
});
cells.addEventListener("pointermove", (event) => { if (brush) paintTo(event.clientX, event.clientY); });
for (const end of ["pointerup", "pointercancel"]) cells.addEventListener(end, () => { brush = null; });

/* ---- keys: one stop of the tab key, arrows within ---- */

const spot = ({ row, bar }) => (row < 0 ? numbers[bar] : bar < 0 ? names[row] : boxes[row][bar]);

function move(to, focus) {
  const old = spot(at);
  if (old) old.tabIndex = -1;
  at = to;
  spot(at).tabIndex = 0;
  if (focus) spot(at).focus({ preventScroll: true, focusVisible: false });
}

cells.addEventListener("focusin", (event) => {
  const row = names.indexOf(event.target);
  const bar = numbers.indexOf(event.target);
  if (row >= 0) move({ row, bar: -1 }, false);
  if (bar >= 0) move({ row: -1, bar }, false);
});
cells.addEventListener("keydown", (event) => {
  const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
  if (step) {
    const next = { row: Math.min(at.row + step[0], boxes.length - 1), bar: Math.min(at.bar + step[1], piece.bars - 1) };
    if (next.row < -1 || next.bar < -1 || (next.row < 0 && next.bar < 0) || spot(next).disabled) return event.preventDefault();
    move(next, false);
    spot(at).focus({ focusVisible: true });
  } else if ((event.key === " " || event.key === "Enter") && event.target.classList.contains("cell")) {
    if (plays(at.row)) lockAll([at.row], [at.bar]);
  } else return;
  event.preventDefault();
  event.stopPropagation(); // not for the player
});

/* ---- changes ---- */

/* kept: what must come back, mask[row][bar]: the verdict counts it. */
async function change(button, edit, kept) {
  const before = piece;
  button.classList.add("is-busy");
  const answer = await musicgen.compose("change", { midi: piece.midi, edit: { seed: newSeed(), ...edit } });
  button.classList.remove("is-busy");
  if (answer) judge(before, answer.piece, kept);
}

const locked = () => locks.map((row) => [...row]);
const everything = () => locks.map((row) => row.map(() => true));

find(".change").addEventListener("click", ({ currentTarget }) => {
  const kept = locked();
  change(currentTarget, { kind: "vary", strength: strength.value / 100, keep: maskText(kept, piece.bars) }, kept);
});
for (const button of element.querySelectorAll(".add")) {
  button.addEventListener("click", () => change(button, { kind: "continue", bars: Number(button.dataset.bars) }, everything()));
}
find(".fill").addEventListener("click", ({ currentTarget }) => {
  const silent = piece.lanes.filter((lane) => !lane.notes.length).map((lane) => lane.role);
  change(currentTarget, { kind: "accompany", roles: silent }, everything().map((row, index) => row.map(() => plays(index))));
});
find(".turn").addEventListener("click", ({ currentTarget }) => {
  const kept = locked();
  const keep = maskText(kept, piece.bars);
  kept[piece.lanes.findIndex((lane) => lane.role === "melody")].fill(true);
  change(currentTarget, { kind: "restyle", style: styles.value, strength: 0.7, keep }, kept);
});
find(".lock-all").addEventListener("click", () => { for (const row of rows()) locks[row].fill(true); draw(); });
find(".unlock-all").addEventListener("click", () => { for (const row of locks) row.fill(false); draw(); });
strength.addEventListener("input", fill);

function fill() {
  strength.style.setProperty("--fill", `${(100 * (strength.value - strength.min)) / (strength.max - strength.min)}%`);
  find(".strength output").textContent = `${strength.value} %`;
}

document.addEventListener("musicgen:piece", ({ detail }) => show(detail.piece));
fill();
if (musicgen.piece) show(musicgen.piece);
