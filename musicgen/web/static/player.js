/* The transport around the <audio> element. Runs when Gradio mounts the stage, after roll.js in the same function:
   `element` is the stage, `props.value` the piece, `watch` tells of a new one. */
const find = (selector) => element.querySelector(selector);
const audio = find("audio");
const play = find(".play");
const loop = find(".loop");
const mute = find(".mute");
const seek = find(".seek");
const volume = find(".volume");
const remark = find(".remark");

const roll = makeRoll(find(".roll"), (seconds) => goTo(seconds), (bars) => chooseBars(bars), (places) => placeChords(places));
let piece = null;
let region = null; // the bars that are looped, { from, to } from 0, `to` not included; null for all
let heard = null; // whose sound the audio element has: where a piece stays, its own comes a little later

/* Seconds of the piece for a second of what is heard: another tempo may be on its way. */
const pace = () => (heard ? piece.secondsPerTick / heard.secondsPerTick : 1);
const length = () => (heard && Number.isFinite(audio.duration) ? audio.duration * pace() : piece ? piece.ticks * piece.secondsPerTick : 0);
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/* options: play: begin to play it; stay: it is the same music, played otherwise: the playhead stays at its note. */
function show(next, { play: start = true, stay = false, ...options } = {}) {
  stay = stay && heard !== null && next.ticks === heard.ticks && Boolean(next.audio || next.later);
  piece = next;
  window.musicgen.piece = next;
  find(".title").textContent = piece.title;
  document.title = `${piece.title} · musicgen`;
  find(".facts").replaceChildren(...piece.facts.map((fact) => {
    const item = document.createElement("li");
    item.textContent = fact;
    return item;
  }));
  tell(piece.notice);
  if (!stay) {
    for (const control of [play, seek, loop, mute, volume]) control.disabled = !piece.audio;
    heard = null;
    audio.pause();
    audio.removeAttribute("src");
    audio.load();
    mark(); // loading takes back the event of the pause
  }
  roll.show(piece, stay);
  if (stay) swap();
  else if (piece.audio) load(start);
  else if (piece.later) fetchSound(start);
  refresh();
  window.musicgen.tell("piece", { piece, stay, ...options });
}

/* The old sound plays until the new one is here; that goes on at the same note. */
async function swap(always = false) {
  const wanted = piece;
  if (!always && hearsStems()) return; // the levels that changed are heard already
  element.classList.add("is-waiting");
  if (!wanted.audio) {
    const answer = await window.musicgen.ask("sound", { midi: wanted.midi });
    if (piece !== wanted) return;
    if (!answer) return element.classList.remove("is-waiting"); // what is heard is heard on
    wanted.audio = answer.audio;
  }
  let address = window.musicgen.address(wanted.audio);
  if (!audio.paused) { // all of it is fetched first, so that no gap is heard
    const blob = await fetch(address).then((file) => (file.ok ? file.blob() : null)).catch(() => null);
    if (piece !== wanted) return;
    if (blob) address = URL.createObjectURL(blob);
  }
  const seconds = audio.currentTime * pace();
  load(!audio.paused, address);
  audio.currentTime = seconds;
}

function load(start, address = window.musicgen.address(piece.audio)) {
  for (const control of [play, seek, loop, mute, volume]) control.disabled = false;
  element.classList.remove("is-waiting");
  heard = piece;
  endMixing(); // the sound has the levels of the piece
  if (audio.src.startsWith("blob:")) URL.revokeObjectURL(audio.src);
  audio.src = address;
  audio.load();
  // Only after the visitor's own click. Where a browser still refuses, the button waits for a tap.
  if (start) audio.play().catch(() => {});
}

/* The roll is there before its sound: that is made now, and dropped if another piece has come in between. */
async function fetchSound(start) {
  const wanted = piece;
  element.classList.add("is-waiting");
  const answer = await window.musicgen.ask("sound", { midi: wanted.midi });
  if (piece !== wanted) return;
  element.classList.remove("is-waiting");
  if (!answer) return;
  wanted.audio = answer.audio;
  load(start);
}

function tell(text) {
  remark.textContent = text || "";
  remark.hidden = !text;
}

function goTo(seconds) {
  if (!heard) return;
  audio.currentTime = Math.max(0, Math.min(seconds, length())) / pace();
  refresh();
}

function mark() {
  element.classList.toggle("is-playing", !audio.paused);
  play.setAttribute("aria-label", audio.paused ? "Play" : "Pause");
}

let shown = ""; // what the clock and the slider say
function refresh() {
  const now = (audio.currentTime || 0) * pace();
  const total = length();
  roll.draw(now, !audio.paused);
  // Sixty times a second would be for nothing: the slider moves in steps one can see.
  const step = total && !audio.paused ? total / 400 : 0.001;
  const says = [Math.floor(now / step), clock(now), total, audio.paused].join();
  if (says === shown) return;
  shown = says;
  find(".now").textContent = clock(now);
  find(".total").textContent = clock(total);
  seek.max = total || 1;
  seek.value = now;
  seek.setAttribute("aria-valuetext", `${clock(now)} of ${clock(total)}`);
  seek.style.setProperty("--fill", `${total ? (100 * now) / total : 0}%`);
  window.musicgen.tell("time", { seconds: now, total, clock: `${clock(now)} / ${clock(total)}`, playing: !audio.paused });
}

function showVolume() {
  volume.style.setProperty("--fill", `${100 * volume.value}%`);
}

let frame = 0;
function run() {
  cancelAnimationFrame(frame);
  // The piece loops at its last bar line; the file is longer, by the reverberation of the last chord.
  if (audio.loop && heard && audio.currentTime >= bounds()[1]) audio.currentTime = bounds()[0];
  refresh();
  if (!audio.paused) frame = requestAnimationFrame(run);
}

/* Seconds of what is heard between which it loops. */
function bounds() {
  const { from, to } = region || { from: 0, to: heard.bars };
  return [from, to].map((bar) => window.musicgen.secondAt(heard, bar * heard.ticksPerBar));
}

function toggle() {
  if (play.disabled || stopCounting()) return;
  if (audio.paused) startPlaying();
  else audio.pause();
}

for (const event of ["play", "pause", "ended", "playing"]) {
  audio.addEventListener(event, () => { mark(); run(); });
}
for (const event of ["loadedmetadata", "durationchange", "seeked"]) audio.addEventListener(event, refresh);
let retried = null;
audio.addEventListener("error", () => {
  if (!audio.getAttribute("src") || retried === piece) return;
  retried = piece; // its file may have been cleared away: it is made once more
  fetchSound(false);
});

play.addEventListener("click", toggle);
seek.addEventListener("input", () => goTo(Number(seek.value)));
loop.addEventListener("click", () => {
  audio.loop = !audio.loop;
  loop.setAttribute("aria-pressed", String(audio.loop));
});
mute.addEventListener("click", () => {
  audio.muted = !audio.muted;
  mute.setAttribute("aria-pressed", String(audio.muted));
});
volume.addEventListener("input", () => {
  audio.volume = Number(volume.value);
  audio.muted = false;
  mute.setAttribute("aria-pressed", "false");
  showVolume();
});
audio.volume = Number(volume.value);
showVolume();

/* What other regions may ask of the player. */
document.addEventListener("musicgen:toggle", toggle);
document.addEventListener("musicgen:seek", ({ detail }) => goTo(detail.seconds));
document.addEventListener("musicgen:tell-time", () => { shown = ""; refresh(); });

/* Space plays and pauses, except where it means something else: in a field, and on a control that was reached by
   keyboard, unless it does nothing there. A button that was clicked keeps the focus, but there space is meant for the music. */
document.addEventListener("keydown", (event) => {
  if (event.code !== "Space" || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = document.activeElement;
  if (window.musicgen.typing() || (at && at !== document.body && at.matches(":focus-visible") && !at.matches("[type=range], [role=slider], [type=radio]:checked"))) return;
  event.preventDefault();
  toggle();
});

/* What a region tries out: the roll alone shows it, and null brings the piece back. */
document.addEventListener("musicgen:preview", (event) => {
  if (!piece) return;
  audio.pause();
  roll.show({ ...piece, ...event.detail }, true);
});

/* Called when all that is in this function is there. */
function begin() {
  window.musicgen.connect((call) => server.ask(call), show);
  watch("value", () => show(props.value));
  if (props.value) show(props.value, { play: false });
}
