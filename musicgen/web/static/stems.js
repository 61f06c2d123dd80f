/* The roles one by one, so that a level is heard while it is set: the mix that the <audio> element plays goes silent, and
   the sound of each role is played in step with it. The stems are fetched when somebody comes near the mixer, in
   stretches around the playhead, so that a long piece needs no more memory than a short one. Runs after player.js in the
   same function.

   Of other regions: musicgen:mixing (the mixer is about to be used), musicgen:levels (detail: role to volume, 0 to 127). */
const SILENCE = 0.015; // seconds in which a level has gone most of its way: fast, without a click
const AHEAD = 6; // seconds that are begun before they are due
const DRIFT = 0.06; // seconds that stems and <audio> may be apart
const LONGEST = 300; // seconds of a piece whose roles the server plays one by one; of others the mix is made again
const HEADROOM = 4; // loudest sum of stems, in full scales, that the limiter still rounds off

let desk = null; // the graph of Web Audio, made by the first hand on the mixer
let stems = null; // of which music: { key, level, frames, rate, stretch, roles, urls, usual, sounds }
let coming = null; // the key of the stems that are being fetched
let levels = null; // role to volume, as the mixer has it
let asked = false; // whether a level was moved since the piece came
let mixing = false; // whether the stems are what is heard
let run_ = null; // of the stems that play: { at, when, next, sources }

/* What decides how the stems sound: all but the volumes. */
const keyOf = ({ secondsPerTick, clock, humanise, swing, lanes }) => JSON.stringify([clock || secondsPerTick, humanise, swing, lanes.map(({ program, notes }) => [program, notes])]);

function openDesk() {
  if (desk) return desk;
  const context = new AudioContext({ sampleRate: 44100 });
  const [direct, sum, wide, out] = [0, 0, 0, 0].map(() => context.createGain());
  const limiter = context.createWaveShaper();
  // straight up to -3 dB, then rounded off: levels are heard as they are set, and nothing clips
  const knee = 0.7;
  limiter.curve = Float32Array.from({ length: 4097 }, (_, index) => {
    const x = (index / 2048 - 1) * HEADROOM;
    const over = Math.abs(x) - knee;
    return over <= 0 ? x : Math.sign(x) * (knee + 0.28 * Math.tanh(over / 0.28));
  });
  sum.gain.value = 1 / HEADROOM;
  wide.gain.value = 0;
  context.createMediaElementSource(audio).connect(direct).connect(context.destination);
  sum.connect(limiter).connect(wide).connect(out).connect(context.destination);
  desk = { context, direct, sum, wide, out, faders: {} };
  followVolume();
  return desk;
}

const glide = (param, value) => param.setTargetAtTime(value, desk.context.currentTime, SILENCE);

/* The <audio> element turns its own sound down; the stems follow it. */
function followVolume() {
  if (desk) desk.out.gain.value = audio.muted ? 0 : audio.volume;
}

/* Controller 7 as synthesisers hear it: the square of the volume. */
const gainOf = (role) => ((levels[role] ?? stems.usual[role]) / stems.usual[role]) ** 2 * stems.level;

function setFaders() {
  for (const role of stems.roles) {
    if (!desk.faders[role]) {
      desk.faders[role] = desk.context.createGain();
      desk.faders[role].gain.value = gainOf(role);
      desk.faders[role].connect(desk.sum);
    } else glide(desk.faders[role].gain, gainOf(role));
  }
}

/* Fetch the stems of the piece on the stage, if they are not here. */
async function fetchStems() {
  const wanted = piece;
  const key = keyOf(wanted);
  if (!heard || (stems && stems.key === key) || coming === key) return;
  if (wanted.ticks * wanted.secondsPerTick > LONGEST) return;
  coming = key;
  const answer = await window.musicgen.ask("stems", { midi: wanted.midi });
  if (coming === key) coming = null;
  if (!answer || keyOf(piece) !== key) return;
  stems = { ...answer, key, sounds: new Map() };
  if (asked) mixNow();
}

function sound(index) {
  if (!stems.sounds.has(index)) {
    while (stems.sounds.size > 2) stems.sounds.delete(stems.sounds.keys().next().value);
    stems.sounds.set(index, fetch(window.musicgen.address(stems.urls[index]))
      .then((file) => file.arrayBuffer())
      .then((bytes) => desk.context.decodeAudioData(bytes)));
  }
  return stems.sounds.get(index);
}

/* From now on the stems are heard, with these levels. */
async function mixNow() {
  if (!stems || stems.key !== keyOf(piece) || audio.playbackRate !== 1) return;
  openDesk();
  setFaders();
  if (mixing) return;
  const mine = stems;
  await desk.context.resume();
  const here = Math.min(mine.urls.length - 1, Math.floor(audio.currentTime / mine.stretch));
  const good = await sound(here).catch(() => null);
  if (mine !== stems || mine.key !== keyOf(piece)) return;
  if (!good) return loseStems();
  mixing = true;
  glide(desk.direct.gain, 0);
  glide(desk.wide.gain, 1);
  startStems();
}

/* Their files are gone, as the server keeps them for some hours: the mix is heard again. */
function loseStems() {
  stems = null;
  endMixing();
  swap(true);
}

/* Whether the piece on the stage is heard with its levels, although the <audio> element has others. */
const hearsStems = () => mixing && stems.key === keyOf(piece);

function endMixing() {
  if (!mixing) return;
  mixing = false;
  stopStems();
  glide(desk.direct.gain, 1);
  glide(desk.wide.gain, 0);
}

function stopStems() {
  for (const source of (run_ && run_.sources) || []) source.stop();
  run_ = null;
}

function startStems() {
  stopStems();
  if (!mixing || audio.paused || audio.seeking) return;
  run_ = { at: audio.currentTime, when: desk.context.currentTime, next: Math.floor(audio.currentTime / stems.stretch), sources: [], busy: false };
  feed(run_);
}

const playedTo = (mine) => mine.at + desk.context.currentTime - mine.when;

async function feed(mine) {
  if (mine.busy) return;
  mine.busy = true;
  while (mine === run_ && mine.next < stems.urls.length && mine.next * stems.stretch < playedTo(mine) + AHEAD) {
    const index = mine.next;
    const buffer = await sound(index).catch(() => null);
    if (mine !== run_) return;
    if (!buffer) return loseStems();
    const length = buffer.duration / stems.roles.length;
    const begin = index * stems.stretch;
    const into = Math.max(0, playedTo(mine) - begin);
    const due = desk.context.currentTime + Math.max(0, begin - playedTo(mine));
    if (into < length) {
      stems.roles.forEach((role, place) => {
        const source = desk.context.createBufferSource();
        source.buffer = buffer;
        source.connect(desk.faders[role]);
        source.start(due, place * length + into, length - into);
        mine.sources.push(source);
      });
    }
    mine.next = index + 1;
  }
  mine.busy = false;
}

setInterval(() => {
  if (!run_) return;
  if (Math.abs(playedTo(run_) - audio.currentTime) > DRIFT) startStems();
  else feed(run_);
}, 250);

for (const event of ["playing", "seeked"]) audio.addEventListener(event, startStems);
for (const event of ["pause", "seeking", "waiting", "ended", "emptied"]) audio.addEventListener(event, stopStems);
audio.addEventListener("volumechange", followVolume);
document.addEventListener("musicgen:mixing", fetchStems);
document.addEventListener("musicgen:levels", ({ detail }) => {
  levels = detail;
  asked = true;
  if (stems && stems.key === keyOf(piece)) mixNow();
  else fetchStems();
});
document.addEventListener("musicgen:piece", ({ detail: { stay } }) => {
  if (!stay) asked = false;
  levels = Object.fromEntries(piece.lanes.map((lane) => [lane.role, lane.volume]));
  if (!stay || !stems || stems.key !== keyOf(piece)) endMixing();
  else if (mixing) setFaders();
});
