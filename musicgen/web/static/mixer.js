/* The mixer. What is wished goes to the server as a mix of the piece on the stage: one wish at a time, the last one
   wins, and the piece goes on playing where it is. Muted is volume 0; the volumes meanwhile are remembered here. */
const { musicgen } = window;
const box = element.querySelector("details");
const tempo = element.querySelector(".pulse input");
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
  if (document.activeElement !== tempo) tempo.value = piece.tempo;
  for (const [name, input] of Object.entries(feel)) if (document.activeElement !== input) input.value = piece[name];
  tempo.parentElement.classList.toggle("is-fine", !Number.isInteger(piece.tempo)); // no room for the unit beside 119.55
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

/* All of the mix, each time: of mixes one after another only the last counts. */
function mixOf(piece) {
  const playing = channels.filter((channel) => laneOf(piece, channel).program !== null);
  return {
    tempo: tempo.value !== "" && tempo.checkValidity() ? Number(tempo.value) : piece.tempo,
    programs: Object.fromEntries(playing.map((channel) => [channel.role, Number(channel.program.value)])),
    volumes: Object.fromEntries(channels.map((channel) => [channel.role, volumeOf(channel)])),
    ...feelOf(piece),
  };
}

/* Only what was ever asked for: a recipe of a piece that is on the grid says nothing of it. */
function feelOf(piece) {
  const asked = Object.entries(feel).map(([name, input]) => [name, input.value !== "" && input.checkValidity() ? Number(input.value) : piece[name]]);
  return Object.fromEntries(asked.filter(([name, value]) => value !== Number(feel[name].min) || value !== piece[name]));
}

/* ---- wishes ---- */

let timer = 0;
let wished = false; // not sent yet
let sending = false;

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
    adopt(piece);
  }
});

for (const channel of channels) {
  channel.silence.addEventListener("click", () => {
    channel.silenced = !channel.silenced;
    channel.alone = false;
    wish(0);
  });
  channel.solo.addEventListener("click", () => {
    channel.alone = !channel.alone;
    channel.silenced = false;
    wish(0);
  });
  channel.level.addEventListener("input", () => {
    channel.volume = Number(channel.level.value);
    channel.silenced = false;
    wish(250);
  });
  channel.program.addEventListener("change", () => wish(0));
}
tempo.addEventListener("input", () => { if (tempo.value !== "" && tempo.checkValidity()) wish(600); });
tempo.addEventListener("change", () => {
  if (tempo.value !== "") tempo.value = Math.min(Math.max(Number(tempo.value), Number(tempo.min)), Number(tempo.max));
  else if (musicgen.piece) tempo.value = musicgen.piece.tempo;
  if (musicgen.piece && Number(tempo.value) !== musicgen.piece.tempo) wish(0);
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
tempo.addEventListener("keydown", (event) => { if (event.key === "Enter") tempo.blur(); });

/* On a phone it is open on demand. */
const wide = window.matchMedia("(min-width: 941px)");
const unfold = () => { box.open = wide.matches; };
wide.addEventListener("change", unfold);
unfold();
if (musicgen.piece) adopt(musicgen.piece);
