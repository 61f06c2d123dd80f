/* Your music: files are read one after another; the chosen one has a card with what was understood, and what to do. */
const root = document.documentElement;
const zone = element.querySelector(".drop");
const input = zone.querySelector("input");
const list = element.querySelector(".files");
const card = element.querySelector(".card");
const deeds = [...card.querySelectorAll("[data-do]")];
const style = card.querySelector("select");
const outcome = card.querySelector(".outcome");
const MOST_FILES = 8; // at a time
const files = []; // {name, piece: null where it could not be read, before: what was on the stage until then, file, offBeat}
let chosen = null;

/* ---- in ---- */

async function take(chosenFiles) {
  if (zone.classList.contains("is-busy") || !chosenFiles.length) return;
  zone.classList.add("is-busy");
  input.disabled = true;
  if (chosenFiles.length > MOST_FILES) musicgen.toast(`The first ${MOST_FILES} files are taken.`);
  let last = null;
  for (const file of chosenFiles.slice(0, MOST_FILES)) {
    const answer = await musicgen.takeIn(file);
    const entry = { name: file.name, piece: answer && answer.piece, before: musicgen.piece, file, offBeat: Boolean(answer && answer.off_beat) };
    files.push(entry);
    if (entry.piece) last = entry;
    draw();
    drawStyle();
  }
  zone.classList.remove("is-busy");
  input.disabled = false;
  if (last) choose(last);
}

/* On the stage and on the card; a file of ours also brings back what it was asked for. */
function choose(entry) {
  chosen = entry;
  draw();
  musicgen.present(entry.piece);
  musicgen.restore(entry.piece.request, entry.piece.kind);
}

/* Its name goes, and its card; a piece of it on the stage or in the history stays. */
function remove(entry) {
  const at = files.indexOf(entry);
  files.splice(at, 1);
  if (chosen === entry) chosen = files.filter((each) => each.piece).pop() || null;
  draw();
  drawStyle();
  const crosses = list.querySelectorAll(".gone");
  (crosses[Math.min(at, crosses.length - 1)] || input).focus({ focusVisible: false });
}

input.addEventListener("change", () => {
  take([...input.files]);
  input.value = ""; // the same file may be chosen again
});

/* Files that were dropped anywhere on the page, perhaps before this was here; see bring.js. */
function pickUp() {
  const dropped = musicgen.dropped;
  musicgen.dropped = null;
  if (dropped) take(dropped);
}
document.addEventListener("musicgen:dropped", pickUp);
document.addEventListener("musicgen:over", (event) => zone.classList.toggle("is-over", event.detail.on));

/* ---- what was understood ---- */

function item(text, tone) {
  const line = document.createElement("li");
  line.textContent = text;
  if (tone) line.style.setProperty("--colour", `var(--c-${tone})`);
  return line;
}

const playing = (piece) => piece.lanes.filter((lane) => lane.notes.length);

function draw() {
  element.querySelector(".intake").classList.toggle("has-files", files.length > 0);
  list.replaceChildren(...files.map((entry) => {
    const line = document.createElement("li");
    line.className = "entry";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = entry.name;
    button.title = entry.piece ? entry.name : `${entry.name} could not be read`;
    button.disabled = !entry.piece;
    button.setAttribute("aria-pressed", String(entry === chosen));
    button.addEventListener("click", () => choose(entry));
    const cross = document.createElement("button");
    cross.type = "button";
    cross.className = "gone";
    cross.textContent = "×";
    cross.setAttribute("aria-label", `Remove ${entry.name}`);
    cross.title = `Remove ${entry.name}`;
    cross.addEventListener("click", () => remove(entry));
    line.append(button, cross);
    return line;
  }));
  card.hidden = !chosen;
  if (!chosen || card.dataset.id === chosen.piece.id) return;
  const { piece } = chosen;
  card.dataset.id = piece.id;
  card.querySelector("h3").textContent = chosen.name;
  const metre = piece.metre && piece.metre !== "4/4" ? [piece.metre] : [];
  const facts = [piece.bars === 1 ? "1 bar" : `${piece.bars} bars`, ...metre, `${Number(piece.tempo.toFixed(2))} BPM${piece.clock.length > 1 ? " at first" : ""}`, piece.key];
  card.querySelector(".facts").textContent = facts.join(" · ");
  card.querySelector(".roles").replaceChildren(...playing(piece).map((lane) => item(`${lane.label} ${lane.notes.length}`, lane.role)));
  const own = piece.request ? ["Made here: the panel shows what it was asked for."] : [];
  card.querySelector(".said").replaceChildren(...[...own, ...piece.said].map((text) => item(text)));
  card.querySelector("[data-do=beat]").hidden = !chosen.offBeat;
  outcome.textContent = "";
  musicgen.mini(card.querySelector("canvas"), piece);
  refresh();
}

/* ---- what to do with it ---- */

const WHY_NOT = {
  continue: (piece) => (piece.bars + props.more_bars > props.most_bars ? `It would be longer than ${props.most_bars} bars` : ""),
  accompany: (piece) => (playing(piece).length === piece.lanes.length ? "All five roles play already" : ""),
};
const WHAT = {
  beat: "Read the file again, with the beats and bars that it has",
  play: "Put it on the stage again",
  version: "What the model knows of it: through the model and back",
  vary: "Something like it",
  continue: `${props.more_bars} more bars`,
  accompany: "Add the roles that are silent",
  restyle: "Its melody, the rest in another style",
  morph: "A pad between it and what was on the stage before",
};

function refresh() {
  const busy = root.hasAttribute("data-busy");
  for (const button of deeds) {
    const deed = button.dataset.do;
    const why = chosen && WHY_NOT[deed] ? WHY_NOT[deed](chosen.piece) : "";
    button.disabled = busy || !chosen || Boolean(why);
    button.title = why || WHAT[deed];
  }
}
for (const name of ["busy", "idle"]) document.addEventListener(`musicgen:${name}`, () => setTimeout(refresh));

const seed = () => Math.floor(Math.random() * 1000000);
const EDITS = {
  vary: () => ({ kind: "vary", strength: 0.5, seed: seed() }),
  continue: () => ({ kind: "continue", bars: props.more_bars, seed: seed() }),
  accompany: () => ({ kind: "accompany", seed: seed() }),
  restyle: () => ({ kind: "restyle", style: style.value, strength: 0.7, seed: seed() }),
};

async function act(deed) {
  const { piece, before } = chosen;
  if (deed === "beat") return keepBeat(chosen);
  if (deed === "play") return musicgen.present(piece);
  if (deed === "morph") return musicgen.between([piece, before && before.id !== piece.id ? before : null]);
  if (deed === "version") return tell(piece, await musicgen.compose("version", { midi: piece.midi }));
  await musicgen.compose("change", { midi: piece.midi, edit: EDITS[deed]() });
}
card.addEventListener("click", (event) => {
  const button = event.target.closest("[data-do]");
  if (button && !button.disabled) act(button.dataset.do);
});

/* The file again, on its own beat instead of the one that was found in its notes. */
async function keepBeat(entry) {
  const answer = await musicgen.takeIn(entry.file, true);
  if (!answer) return;
  Object.assign(entry, { piece: answer.piece, offBeat: false });
  choose(entry);
}

/* How much of the piece the model's version has. */
function tell(piece, answer) {
  if (!answer || chosen.piece !== piece || answer.fidelity === null) return;
  const percent = (share) => `${Math.round(100 * share)} %`;
  const figure = document.createElement("b");
  figure.textContent = percent(answer.fidelity);
  const labels = Object.fromEntries(piece.lanes.map((lane) => [lane.role, lane.label]));
  const parts = Object.entries(answer.roles).map(([role, share]) => `${labels[role]} ${percent(share)}`);
  outcome.replaceChildren(figure, ` onset F1: notes that both have, at the same place and pitch. ${parts.join(" · ")}`);
}

/* ---- my style: what some of the files have in common, kept by the browser ---- */

const own = element.querySelector(".own");
const [find, play] = ["find", "play"].map((name) => own.querySelector(`[data-own=${name}]`));
const SHELF = "musicgen:my-style";
let mine = null; // {files: how many, nearest: label, style: what the server takes}
try {
  const kept = JSON.parse(localStorage.getItem(SHELF));
  if (kept && kept.style && Number.isInteger(kept.files) && typeof kept.nearest === "string") mine = kept;
} catch {} // no storage here, or something else in it

function keepStyle(found) {
  mine = found;
  try {
    if (mine) localStorage.setItem(SHELF, JSON.stringify(mine));
    else localStorage.removeItem(SHELF);
  } catch {} // then it lasts as long as the page
  drawStyle();
}

const readable = () => files.filter((entry) => entry.piece).slice(-props.most);

function drawStyle() {
  const count = readable().length;
  const busy = root.hasAttribute("data-busy");
  own.hidden = !mine && count < props.fewest;
  find.hidden = count < props.fewest;
  find.textContent = mine ? "Make it again" : "Make my style";
  find.title = `What these ${count} files have in common, without training`;
  find.disabled = busy;
  own.querySelector(".chip").hidden = play.hidden = !mine;
  if (!mine) return;
  own.querySelector(".name").textContent = `My style (${mine.files} files)`;
  play.disabled = busy;
  play.title = `A new piece with the bars and the key of the panel; nearest of our styles: ${mine.nearest}`;
}
for (const name of ["busy", "idle"]) document.addEventListener(`musicgen:${name}`, () => setTimeout(drawStyle));

async function findStyle() {
  const pieces = readable().map((entry) => entry.piece.midi);
  const answer = await musicgen.compose("my_style", { pieces }); // gives no piece, but is work like any other
  if (answer && answer.style) keepStyle({ files: pieces.length, ...answer });
}

/* The bars and the key of the panel, as far as it shows them. */
function panel() {
  const bars = document.querySelector("#bars input:checked");
  const key = document.querySelector("#key select");
  return { ...(bars && { bars: Number(bars.value) }), ...(key && key.value && { key: key.value }) };
}

own.addEventListener("click", ({ target }) => {
  const deed = target.dataset.own;
  if (deed === "find") findStyle();
  if (deed === "drop") keepStyle(null);
  if (deed === "play") musicgen.compose("in_style", { style: mine.style, ...panel(), seed: seed() });
});

refresh();
drawStyle();
pickUp();
