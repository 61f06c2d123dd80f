/* The mixer. What is wished goes to the server as a mix of the piece on the stage: one wish at a time, the last one
   wins, and the piece goes on playing where it is. Muted is volume 0; the volumes meanwhile are remembered here. The
   tempo is the panel's field: there is one, of the piece on the stage and of the next. */
const { musicgen } = window;
const box = element.querySelector("details");
const tempo = () => document.querySelector("#tempo input")?.value ?? "";
const keep = element.querySelector(".keep input");
const KEPT = "musicgen:kept-mix";
const feel = { humanise: element.querySelector(".humanise"), swing: element.querySelector(".swing") };
const usual = Object.fromEntries(props.roles.map((role) => [role.name, role.usual]));

const channels = [...element.querySelectorAll(".channel")].map((strip) => ({
  role: strip.dataset.role,
  strip,
  silence: strip.querySelector(".silence"),
  solo: strip.querySelector(".solo"),
  level: strip.querySelector(".level"),
  program: strip.querySelector(".program"),
  volume: usual[strip.dataset.role],
  silenced: false,
  alone: false,
}));

/* ---- instruments ---- */

function option(value, text) {
  const item = document.createElement("option");
  item.value = value;
  item.textContent = text;
  return item;
}
for (const channel of channels) {
  if (channel.role === "drums") channel.program.append(...props.kits.map(([program, name]) => option(program, name)));
  else props.families.forEach(([family, names], index) => {
    const group = document.createElement("optgroup");
    group.label = family;
    group.append(...names.map((name, place) => option(8 * index + place, name)));
    channel.program.append(group);
  });
}

/* ---- what is heard ---- */

const volumeOf = (channel) =>
  channel.silenced || (!channel.alone && channels.some((each) => each.alone)) ? 0 : channel.volume;
const laneOf = (piece, channel) => piece.lanes.find((lane) => lane.role === channel.role);

/* The controls as a piece has it. Volumes that are those of the controls leave mute and solo as they are. */
function adopt(piece) {
  const same = channels.every((channel) => laneOf(piece, channel).volume === volumeOf(channel));
  for (const channel of channels) {
    const lane = laneOf(piece, channel);
    if (!same) {
      channel.volume = lane.volume || channel.volume || usual[channel.role];
      channel.silenced = lane.volume === 0;
      channel.alone = false;
    }
    const off = lane.program === null;
    for (const control of [channel.silence, channel.solo, channel.level, channel.program]) control.disabled = off;
    channel.strip.classList.toggle("is-off", off);
    channel.strip.title = off ? `${lane.label} does not play in this piece` : "";
    if (off) continue;
    const { program } = channel;
    if (![...program.options].some((each) => Number(each.value) === lane.program)) program.append(option(lane.program, `Kit ${lane.program}`));
    program.value = lane.program;
  }
  for (const [name, input] of Object.entries(feel)) if (document.activeElement !== input) input.value = piece[name];
  draw();
}

function draw() {
  for (const channel of channels) {
    channel.silence.setAttribute("aria-pressed", String(channel.silenced));
    channel.solo.setAttribute("aria-pressed", String(channel.alone));
    channel.level.value = channel.volume;
    channel.level.style.setProperty("--fill", `${(100 * channel.volume) / 127}%`);
    channel.strip.classList.toggle("is-silent", volumeOf(channel) === 0);
  }
}

/* What the panel asks for, where that is a tempo; else the piece's own. */
function tempoOf(piece) {
  const asked = Number(tempo());
  return tempoIsMine && asked >= props.least && asked <= props.most ? asked : piece.tempo;
}

/* All of the mix, each time: of mixes one after another only the last counts. */
function mixOf(piece) {
  const playing = channels.filter((channel) => laneOf(piece, channel).program !== null);
  return {
    tempo: tempoOf(piece) >= props.least && tempoOf(piece) <= props.most ? tempoOf(piece) : null, // of a file: as it is
    programs: Object.fromEntries(playing.map((channel) => [channel.role, Number(channel.program.value)])),
    volumes: volumes(),
    ...feelOf(piece),
  };
}

/* Only what was ever asked for: a recipe of a piece that is on the grid says nothing of it. */
function feelOf(piece) {
  const asked = Object.entries(feel).map(([name, input]) => [name, input.value !== "" && input.checkValidity() ? Number(input.value) : piece[name]]);
  return Object.fromEntries(asked.filter(([name, value]) => value !== Number(feel[name].min) || value !== piece[name]));
}

const volumes = () => Object.fromEntries(channels.map((channel) => [channel.role, volumeOf(channel)]));

/* ---- a mix that is kept for new pieces ---- */

function keepMix() {
  const kept = keep.checked ? volumes() : null;
  props.value = { kept };
  musicgen.kept = kept;
  try {
    if (kept) localStorage.setItem(KEPT, JSON.stringify(kept));
    else localStorage.removeItem(KEPT);
  } catch { /* no storage here: it is kept as long as the page */ }
}

function readKept() {
  let kept = null;
  try { kept = JSON.parse(localStorage.getItem(KEPT)); } catch { /* none, or damaged */ }
  const good = kept && channels.every(({ role }) => Number.isInteger(kept[role]) && kept[role] >= 0 && kept[role] <= 127);
  keep.checked = Boolean(good);
  props.value = { kept: good ? kept : null };
  musicgen.kept = props.value.kept;
}

/* ---- wishes ---- */

let timer = 0;
let wished = false; // not sent yet
let sending = false;
let tempoIsMine = false; // whether the tempo in the field is wished for the piece on the stage

/* Levels are heard now; the piece that has them comes from the server. */
function hear(delay) {
  musicgen.tell("levels", volumes());
  if (keep.checked) keepMix();
  wish(delay);
}

function wish(delay) {
  wished = true;
  draw();
  clearTimeout(timer);
  timer = setTimeout(send, delay);
}

async function send() {
  // What makes a piece at the moment comes first: the wish is for that piece then.
  if (!wished || sending || !musicgen.piece || document.documentElement.hasAttribute("data-busy")) return;
  const { piece } = musicgen;
  wished = false;
  sending = true;
  const answer = await musicgen.ask("change", { midi: piece.midi, edit: { kind: "mix", mix: mixOf(piece) } });
  sending = false;
  if (answer && musicgen.piece === piece) musicgen.present(answer.piece, { stay: true });
  else if (!answer && !wished) adopt(musicgen.piece);
  send();
}

document.addEventListener("musicgen:idle", () => setTimeout(send, 0));
document.addEventListener("musicgen:piece", ({ detail: { piece } }) => {
  // A changed piece comes with the mix that it was asked with: wishes since then are for it too.
  if ((wished || sending) && piece.edits.length) wish(0);
  else {
    wished = false;
    tempoIsMine = false;
    adopt(piece);
  }
});

for (const channel of channels) {
  channel.silence.addEventListener("click", () => {
    channel.silenced = !channel.silenced;
    channel.alone = false;
    hear(0);
  });
  channel.solo.addEventListener("click", () => {
    channel.alone = !channel.alone;
    channel.silenced = false;
    hear(0);
  });
  channel.level.addEventListener("input", () => {
    channel.volume = Number(channel.level.value);
    channel.silenced = false;
    hear(250);
  });
  channel.program.addEventListener("change", () => wish(0));
}
/* A tempo that somebody types is the piece's; one that comes with a style, or from the history, is for the panel. */
document.addEventListener("input", (event) => {
  if (!event.target.closest("#tempo")) return;
  tempoIsMine = tempo() !== "";
  if (tempoIsMine && musicgen.piece && tempoOf(musicgen.piece) !== musicgen.piece.tempo) wish(600);
});
for (const [name, input] of Object.entries(feel)) {
  input.addEventListener("input", () => { if (input.value !== "" && input.checkValidity()) wish(600); });
  input.addEventListener("change", () => {
    if (input.value !== "") input.value = Math.min(Math.max(Number(input.value), Number(input.min)), Number(input.max));
    else if (musicgen.piece) input.value = musicgen.piece[name];
    if (musicgen.piece && Number(input.value) !== musicgen.piece[name]) wish(0);
  });
  input.addEventListener("keydown", (event) => { if (event.key === "Enter") input.blur(); });
}
keep.addEventListener("change", keepMix);

/* Who stays here is about to mix; who only passes is not. */
let near = 0;
box.addEventListener("pointerenter", () => { near = setTimeout(() => box.open && musicgen.tell("mixing"), 400); });
box.addEventListener("pointerleave", () => clearTimeout(near));
for (const event of ["focusin", "pointerdown"]) box.addEventListener(event, () => { if (box.open) musicgen.tell("mixing"); });

/* On a phone it is open on demand. */
const wide = window.matchMedia("(min-width: 941px)");
const unfold = () => { box.open = wide.matches; };
wide.addEventListener("change", unfold);
unfold();
readKept();
if (musicgen.piece) adopt(musicgen.piece);
