/* How the models work, in four steps. A step is filled when it is in sight, and again when another piece is on the
   stage. What is heard here plays here: the piece on the stage stays. */
const find = (selector) => element.querySelector(selector);
const panels = [...element.querySelectorAll(".step")];
const tabs = [...element.querySelectorAll("[role=tab]")];
const fill = [thereAndBack, walk, noise, ladder];
const filled = [null, null, null, null]; // for each step what it was filled for
let step = 0;
let seen = false;

const slot = (name, ...label) => picture(find(`[data-slot="${name}"]`), ...label);
const random = (below) => Math.floor(Math.random() * below);

/* ---- steps ---- */

function go(next, focus) {
  step = next;
  panels.forEach((panel, index) => { panel.hidden = index !== step; });
  tabs.forEach((tab, index) => {
    tab.setAttribute("aria-selected", String(index === step));
    tab.tabIndex = index === step ? 0 : -1;
  });
  if (focus) tabs[step].focus();
  stop();
  update();
}

async function update() {
  const piece = musicgen.piece;
  const at = step;
  const wanted = piece && (at === 3 ? "ladder" : piece.id); // the ladder is the same for every piece
  if (!seen || !piece || filled[at] === wanted) return;
  filled[at] = wanted;
  busy(panels[at], true);
  const done = await fill[at](piece, () => filled[at] === wanted);
  if (filled[at] !== wanted) return;
  busy(panels[at], false);
  if (!done) filled[at] = null;
}

function busy(panel, on) {
  if (on) panel.setAttribute("aria-busy", "true");
  else panel.removeAttribute("aria-busy");
  for (const button of panel.querySelectorAll(".plain")) button.disabled = on;
}

tabs.forEach((tab, index) => {
  tab.addEventListener("click", () => go(index));
  tab.addEventListener("keydown", (event) => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    go((index + way + tabs.length) % tabs.length, true);
  });
});

/* One bar, large: a lane for each role of the trip, the same heights for what went in and what came back. */
function paintBar(canvas, { notes, lanes, ticks }) {
  const sheet = penOf(canvas);
  if (!sheet) return;
  const { pen, width, height, colour } = sheet;
  const room = height / Math.max(1, lanes.length);
  lanes.forEach(({ role, drums, low, high }, row) => {
    pen.fillStyle = colour(role);
    for (const [onset, pitch, duration, velocity] of notes[role]) {
      const y = (row + 1) * room - 5 - ((pitch - low) / Math.max(8, high - low)) * (room - 10);
      pen.globalAlpha = musicgen.opacity(velocity);
      pen.fillRect((onset / ticks) * width + 1, y - 2, Math.max(3, ((drums ? 2 : duration) / ticks) * width - 1.5), 4);
    }
  });
  pen.globalAlpha = 1;
}

/* ---- 1: there and back ---- */

const bar = slot("bar", "the bar", paintBar);
const back = slot("back", "what comes back", paintBar);
const code = find(".code canvas");
let trip = null; // {piece, back, code, bar}

async function thereAndBack(piece, fresh) {
  const answer = await musicgen.ask("there_and_back", { midi: piece.midi });
  if (!fresh()) return true;
  if (!answer) return false;
  trip = { piece, back: answer.piece, code: answer.code, bar: Math.min(trip ? trip.bar : 0, piece.bars - 1) };
  showBar();
  return true;
}

function showBar() {
  const { piece } = trip;
  const [from, to] = [trip.bar * piece.ticksPerBar, (trip.bar + 1) * piece.ticksPerBar];
  const within = (lane) => lane.notes.filter(([onset]) => onset >= from && onset < to).map(([onset, ...rest]) => [onset - from, ...rest]);
  const inside = (one) => Object.fromEntries(one.lanes.map((lane) => [lane.role, within(lane)]));
  const [sent, returned] = [inside(piece), inside(trip.back)];
  const lanes = piece.lanes.filter((lane) => lane.notes.length).map(({ role, drums }) => {
    const pitches = [...sent[role], ...returned[role]].map((note) => note[1]);
    return { role, drums, low: Math.min(...pitches), high: Math.max(...pitches) };
  });
  const ticks = to - from;
  bar.set({ piece, from, to }, { notes: sent, lanes, ticks });
  back.set({ piece: trip.back, from, to }, { notes: returned, lanes, ticks });
  find(".bars output").textContent = `Bar ${trip.bar + 1} of ${piece.bars}`;
  find(".bars .before").disabled = trip.bar === 0;
  find(".bars .after").disabled = trip.bar === piece.bars - 1;
  const all = lanes.flatMap(({ role }) => sent[role].map(([onset, pitch]) => [role, onset, pitch]));
  const same = all.filter(([role, onset, pitch]) => returned[role].some((note) => note[0] === onset && note[1] === pitch));
  find("#learn-0 .count").textContent = all.length ? `${same.length} of ${all.length} notes come back at the same place and pitch.` : "A silent bar.";
  paintCode();
}

/* The numbers of a bar: upwards above the middle, downwards below it. */
function paintCode() {
  const sheet = penOf(code);
  if (!sheet) return;
  const { pen, width, height, colour } = sheet;
  const rows = trip.piece.lanes.map((lane, index) => ({ role: lane.role, plays: lane.notes.length, numbers: trip.code[trip.bar][index] })).filter((row) => row.plays);
  const room = height / Math.max(1, rows.length);
  rows.forEach(({ role, numbers }, row) => {
    pen.fillStyle = colour(role);
    const wide = width / numbers.length;
    numbers.forEach((number, column) => {
      const size = Math.min(1, Math.abs(number) / 2.5);
      const tall = Math.max(1, size * (room / 2 - 2));
      pen.globalAlpha = 0.35 + 0.65 * size;
      pen.fillRect(column * wide + 0.5, (row + 0.5) * room - (number > 0 ? tall : 0), Math.max(1, wide - 1), tall);
    });
  });
  pen.globalAlpha = 1;
}
const repaint = () => { if (trip) showBar(); };
new ResizeObserver(repaint).observe(code);
new MutationObserver(repaint).observe(document.body, { attributes: true, attributeFilter: ["class"] }); // light, dark
for (const [name, way] of [["before", -1], ["after", 1]]) {
  find(`.bars .${name}`).addEventListener("click", () => {
    if (!trip) return;
    trip.bar += way;
    showBar();
  });
}

/* ---- 2: in between ---- */

const way = slot("walk", "this place");
const slider = find(".walk input");
let ends = null;
let moving = false;
let moved = false;

async function walk(piece, fresh) {
  const styles = props.styles.filter((style) => style !== piece.style);
  const bars = [4, 8, 16, 32].find((count) => count >= Math.min(piece.bars, 32));
  const request = { style: styles[random(styles.length)], bars, seed: random(1e6), key: piece.key || "C major", metre: piece.metre || "4/4", ending: true };
  const answer = await musicgen.ask("make", { request });
  if (!fresh()) return true;
  if (!answer) return false;
  ends = [piece, answer.piece];
  find(".walk .from").textContent = piece.title;
  find(".walk .to").textContent = answer.piece.title;
  slider.value = 0;
  await showPlace();
  return true;
}

const place = () => {
  const share = Number(slider.value) / 100;
  return { pieces: ends.map(({ id, midi }) => ({ id, midi })), weights: [1 - share, share] };
};

/* One call at a time; the last wish wins. */
async function showPlace() {
  slider.style.setProperty("--fill", `${slider.value}%`);
  slider.setAttribute("aria-valuetext", `${slider.value} % of the way`);
  moved = true;
  if (moving || !ends) return;
  moving = true;
  while (moved) {
    moved = false;
    const answer = await musicgen.ask("morph", { ...place(), sketch: true });
    if (answer) way.set(hearPlace, answer.sketch);
  }
  moving = false;
}

async function hearPlace() {
  const answer = await musicgen.ask("morph", place());
  return answer && { piece: answer.piece, from: 0, to: answer.piece.ticks };
}
slider.addEventListener("input", showPlace);
find(".goal").addEventListener("click", () => { filled[1] = null; update(); });

/* ---- 3: out of noise ---- */

const makers = props.kinds.map((kind) => ({ kind, roll: slot(kind, kind.toUpperCase()) }));
let seed = null;

async function noise(piece, fresh) {
  const asked = piece.request || {};
  if (seed === null) seed = asked.seed ?? 1;
  const request = { style: asked.style || "pop", bars: 8, seed, key: asked.key || "C major", ending: true };
  const answers = await Promise.all(makers.map(({ kind }) => musicgen.ask("make", { request, kind })));
  if (!fresh()) return true;
  answers.forEach((answer, index) => {
    if (!answer) return;
    const { kind, roll } = makers[index];
    roll.set({ piece: answer.piece, from: 0, to: answer.piece.ticks });
    roll.caption(`${kind.toUpperCase()}, seed ${seed}`);
  });
  return answers.every(Boolean);
}
find(".seed").addEventListener("click", () => {
  seed = random(1e6);
  filled[2] = null;
  update();
});

/* ---- 4: the ladder ---- */

async function ladder() {
  const answer = await musicgen.ask("ladder");
  if (!answer) return false;
  find(".ladder").replaceChildren(...answer.rungs.map((rung) => {
    const row = make("div", "rung");
    const figure = make("figure");
    const text = make("div", "text");
    text.append(make("h3", "", rung.label), make("p", "", rung.about));
    row.append(text, figure);
    const known = typeof rung.distance === "number";
    const meter = make("div", "meter");
    const fill = make("span", "fill");
    fill.style.width = `${100 * (known ? rung.distance : 0)}%`;
    const songs = make("span", "songs");
    songs.style.left = `${100 * answer.songs}%`;
        meter.append(fill, songs);
    row.append(meter, make("span", "number", known ? rung.distance.toFixed(2) : "not measured"));
    picture(figure, rung.label).set({ piece: rung.piece, from: 0, to: rung.piece.ticks });
    return row;
  }));
  find(".measure").textContent = `0: as real songs are, 1: nothing in common, over ${answer.pieces} pieces each. The line, ${answer.songs.toFixed(2)}: other real songs.`;
  return true;
}

document.addEventListener("musicgen:piece", () => { stop(); update(); });
// The tab is open: wherever the page is scrolled to.
new IntersectionObserver((entries) => {
  seen = entries[entries.length - 1].isIntersecting;
  if (seen) update();
  else if (!element.offsetParent) stop();
}, { rootMargin: "4000px" }).observe(find(".learn"));
