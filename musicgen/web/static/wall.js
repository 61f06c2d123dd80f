/* The wall: variations of the piece on the stage. It stays while its pieces are heard, until more are asked for. */
const AT_ONCE = 2; // calls under way: the server has two cores
const MOST_BARS = props.most_bars;
const { musicgen } = window;
const BLINK = 400; // milliseconds: the second half of a double click is no wish to cancel
const WORDS = ["very near", "near", "related", "far"];

const find = (selector) => element.querySelector(selector);
const more = find(".more");
const near = find(".near input");
const tiles = find(".tiles");
const status = find("[role=status]");
const mark = tend(tiles);
let run = null; // what is under way

function put(piece, slot, base) {
  const label = `Variation ${[...tiles.children].indexOf(slot) + 1} of ${nameOf(base)}`;
  slot.replaceWith(makeTile(piece, label, (chosen) => window.musicgen.present(chosen), base));
  mark();
}

/* Whose variations these are: the stage may have gone on to another piece. */
const nameOf = (base) => musicgen.labels([base])[0];

function slots(count, base) {
  find(".whose").textContent = `Variations of ${nameOf(base)}`;
  tiles.replaceChildren(...Array.from({ length: count }, () => {
    const slot = document.createElement("div");
    slot.className = "slot";
    return slot;
  }));
  tiles.dataset.count = count;
}

async function work(mine, values) {
  while (mine === run && mine.left.length) {
    const slot = mine.left.shift();
    const seeds = [Math.floor(Math.random() * 2 ** 32)];
    const answer = await window.musicgen.ask("wall", { ...values, seeds });
    if (mine !== run) return; // cancelled: nobody waits for it
    if (!answer) return end();
    put(answer.pieces[0], slot, mine.base);
    mine.made += 1;
    tell();
    if (mine.made === mine.count) end();
  }
}

function start() {
  const count = Number(find("[name=wall-count]:checked").value);
  const base = window.musicgen.piece;
  slots(count, base);
  run = { base, count, made: 0, left: [...tiles.children], began: performance.now() };
  const { id, midi } = base;
  const values = { piece: { id, midi }, strength: Number(near.value) };
  for (let worker = 0; worker < AT_ONCE; worker += 1) work(run, values);
  tell();
}

function end() {
  tiles.querySelectorAll(".slot").forEach((slot) => slot.remove());
  status.textContent = `${run.made} of ${run.count} variations`;
  run = null;
  tell();
}

function tell() {
  const { piece } = window.musicgen;
  const long = piece && piece.bars > MOST_BARS;
  more.classList.toggle("is-busy", Boolean(run));
  more.textContent = run ? `Cancel · ${run.made} of ${run.count}` : "More like this";
  more.disabled = !run && (!piece || long);
  more.title = long ? `Up to ${MOST_BARS} bars can be varied, this piece has ${piece.bars}` : "";
}

function refreshNear() {
  const share = (near.value - near.min) / (near.max - near.min);
  near.style.setProperty("--fill", `${100 * share}%`);
  near.setAttribute("aria-valuetext", WORDS[Math.min(WORDS.length - 1, Math.floor(share * WORDS.length))]);
}

more.addEventListener("click", () => {
  if (!run) start();
  else if (performance.now() - run.began > BLINK) end();
});
near.addEventListener("input", refreshNear);
document.addEventListener("musicgen:piece", tell);
const { base, pieces } = props.value;
slots(pieces.length, base);
[...tiles.children].forEach((slot, index) => put(pieces[index], slot, base));
refreshNear();
tell();
