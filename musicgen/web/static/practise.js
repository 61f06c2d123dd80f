/* To play along: some bars again and again, slower or faster at the same pitch, with a metronome and a bar counted in.
   Runs after stems.js in the same function. */
const LOOK = 0.12; // seconds that clicks are planned ahead
const TICK = 40; // milliseconds between two looks

const practise = find(".practise");
const [fromBar, toBar] = practise.querySelectorAll(".bars input");
const wholePiece = practise.querySelector(".whole");
const speed = practise.querySelector(".speed input");
const metronome = practise.querySelector(".metronome");
const countIn = practise.querySelector(".count-in");
const pressed = (button) => button.getAttribute("aria-pressed") === "true";

/* ---- bars ---- */

/* bars: { from, to } from 0, `to` not included; null for all of the piece. */
function chooseBars(bars, start = true) {
  region = bars && (bars.from > 0 || bars.to < piece.bars) ? bars : null;
  const { from, to } = region || { from: 0, to: piece.bars };
  for (const input of [fromBar, toBar]) input.max = piece.bars;
  fromBar.value = from + 1;
  toBar.value = to;
  wholePiece.disabled = !region;
  roll.mark(region);
  if (!region || !start) return;
  if (!audio.loop) loop.click();
  const [begin, end] = bounds();
  if (heard && (audio.currentTime < begin || audio.currentTime >= end)) goTo(begin * pace());
}

for (const input of [fromBar, toBar]) {
  input.addEventListener("change", () => {
    const within = (value) => Math.max(1, Math.min(piece.bars, Math.round(value) || 1));
    const [from, to] = [within(fromBar.value), within(toBar.value)];
    chooseBars(input === fromBar ? { from: from - 1, to: Math.max(from, to) } : { from: Math.min(from, to) - 1, to });
  });
}
wholePiece.addEventListener("click", () => chooseBars(null));
document.addEventListener("musicgen:piece", () => {
  const fits = region && region.to <= piece.bars;
  chooseBars(fits ? region : null, false);
});

/* ---- speed: the browser stretches the mix, not the stems ---- */

async function setSpeed(rate) {
  practise.querySelector(".speed output").textContent = `${Math.round(100 * rate)} %`;
  speed.style.setProperty("--fill", `${(100 * (speed.value - speed.min)) / (speed.max - speed.min)}%`);
  if (rate !== 1 && hearsStems()) await swap(true);
  audio.preservesPitch = true;
  audio.defaultPlaybackRate = rate; // what a new source begins with
  audio.playbackRate = rate;
}
speed.addEventListener("input", () => setSpeed(speed.value / 100));
practise.querySelector(".speed .usual").addEventListener("click", () => {
  speed.value = 100;
  setSpeed(1);
});

/* ---- clicks ---- */

let clicks = null; // a graph of its own: opening the mixer's would change the way of the sound
let planned = -1; // the last beat whose click is planned

function click(when, accent) {
  const [tone, fade] = [clicks.createOscillator(), clicks.createGain()];
  tone.frequency.value = accent ? 1760 : 1175;
  fade.gain.setValueAtTime(0.0001, when);
  fade.gain.exponentialRampToValueAtTime((audio.muted ? 0.0001 : audio.volume) * (accent ? 0.5 : 0.3) + 0.0001, when + 0.002);
  fade.gain.exponentialRampToValueAtTime(0.0001, when + 0.05);
  tone.connect(fade).connect(clicks.destination);
  tone.start(when);
  tone.stop(when + 0.06);
}

const beatsOfBar = () => heard.ticksPerBar / heard.ticksPerBeat;
const beatAt = (beat) => window.musicgen.secondAt(heard, beat * heard.ticksPerBeat);
const beatNow = () => window.musicgen.tickAt(heard, audio.currentTime - 0.01) / heard.ticksPerBeat;

setInterval(() => {
  if (!clicks || !heard || audio.paused || audio.seeking || !pressed(metronome)) return;
  const now = audio.currentTime;
  for (let beat = Math.ceil(beatNow()); ; beat += 1) {
    const wait = (beatAt(beat) - now) / audio.playbackRate;
    if (wait > LOOK || beat * heard.ticksPerBeat >= heard.ticks) break;
    if (beat > planned) click(clicks.currentTime + Math.max(0, wait), beat % beatsOfBar() === 0);
    planned = Math.max(planned, beat);
  }
}, TICK);
for (const event of ["seeking", "pause", "emptied"]) audio.addEventListener(event, () => { planned = -1; });

function openClicks() {
  clicks ??= new AudioContext();
  clicks.resume();
}
for (const button of [metronome, countIn]) {
  button.addEventListener("click", () => {
    button.setAttribute("aria-pressed", String(!pressed(button)));
    openClicks();
  });
}

/* ---- a bar before the first note ---- */

let counting = 0; // the timer of a bar that is counted

/* Begin to play, after a bar of clicks where that is asked for. */
function startPlaying() {
  if (!pressed(countIn) || !heard) return audio.play().catch(() => {});
  openClicks();
  const next = Math.ceil(beatNow());
  const beat = (beatAt(next + 1) - beatAt(next)) / (audio.playbackRate || 1);
  const first = clicks.currentTime + 0.05;
  for (let index = 0; index < beatsOfBar(); index += 1) click(first + index * beat, index === 0);
  element.classList.add("is-counting");
  play.setAttribute("aria-label", "Stop counting");
  counting = setTimeout(() => {
    stopCounting();
    audio.play().catch(() => {});
  }, 1000 * (0.05 + beatsOfBar() * beat));
}

/* Whether a bar was being counted. */
function stopCounting() {
  if (!counting) return false;
  clearTimeout(counting);
  counting = 0;
  element.classList.remove("is-counting");
  if (clicks) { clicks.close(); clicks = null; } // with what was planned
  if (pressed(metronome) || pressed(countIn)) openClicks();
  mark();
  return true;
}
document.addEventListener("musicgen:piece", ({ detail: { stay } }) => { if (!stay) stopCounting(); });
