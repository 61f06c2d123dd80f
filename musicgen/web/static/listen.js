/* Pictures of pieces that can be heard where they are: the piece on the stage stays, and only one thing plays. Runs
   before learn.js in the same function. */
const { musicgen } = window;

const make = (name, className, text) => {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
};

/* ---- listening ---- */

const audio = new Audio();
let heard = null; // {button, line, from, to} of what plays

function stop() {
  audio.pause();
  if (heard) {
    heard.button.classList.remove("is-playing", "is-waiting");
    heard.button.setAttribute("aria-pressed", "false");
    heard.line.hidden = true;
  }
  heard = null;
}

/* part: {piece, from, to} in ticks. */
async function listen(button, line, part) {
  const again = heard && heard.button === button;
  stop();
  if (again || !part) return;
  const { piece } = part;
  const [from, to] = [part.from, part.to].map((tick) => musicgen.secondAt(piece, tick));
  heard = { button, line, from, to };
  const mine = heard;
  button.classList.add("is-waiting");
  button.setAttribute("aria-pressed", "true");
  if (!piece.audio) {
    const answer = await musicgen.ask("sound", { midi: piece.midi });
    if (!answer) return mine === heard ? stop() : undefined;
    piece.audio = answer.audio;
  }
  if (heard !== mine) return;
  const stage = document.querySelector("#stage audio");
  if (stage) stage.pause();
  audio.src = musicgen.address(piece.audio);
  audio.currentTime = from;
  try { await audio.play(); } catch { return mine === heard ? stop() : undefined; }
  if (heard !== mine) return;
  button.classList.replace("is-waiting", "is-playing");
  line.hidden = false;
  requestAnimationFrame(run);
}

function run() {
  if (!heard) return;
  const { line, from, to } = heard;
  if (audio.ended || audio.currentTime >= to + 0.15) return stop();
  line.style.left = `${Math.min(100, (100 * (audio.currentTime - from)) / (to - from))}%`;
  requestAnimationFrame(run);
}

// The stage's own play button takes over.
document.addEventListener("play", (event) => { if (event.target !== audio) stop(); }, true);

/* ---- pictures ---- */

/* A roll that can be heard, in a <figure>: set(part, what is drawn, if not the whole of it). The part may be a function
   that makes it when it is to be heard. */
function picture(figure, name, paint = musicgen.mini) {
  const frame = make("div", "picture");
  const canvas = make("canvas");
  const line = make("span", "line");
  const button = make("button", "hear");
  const caption = make("figcaption", "", name);
  button.type = "button";
  button.innerHTML = '<svg viewBox="0 0 24 24" aria-hidden="true"><path class="is-play" d="M8 5.5v13l10.5-6.5z" /><path class="is-pause" d="M7 5h3.4v14H7zM13.6 5H17v14h-3.4z" /></svg>';
  button.setAttribute("aria-pressed", "false");
  button.setAttribute("aria-label", `Hear ${name}`);
  button.disabled = true;
  line.hidden = true;
  frame.append(canvas, line);
  if (!figure.querySelector("figcaption")) figure.append(frame, make("div", "under"));
  figure.lastElementChild.append(button, caption);
  let part = null;
  button.addEventListener("click", async () => {
    if (typeof part !== "function" || (heard && heard.button === button)) return listen(button, line, part);
    button.classList.add("is-waiting");
    const made = await part();
    button.classList.remove("is-waiting");
    if (made) listen(button, line, made);
  });
  return {
    canvas,
    caption: (text) => { caption.textContent = text; },
    set(what, shown) {
      if (heard && heard.button === button) stop();
      part = what;
      button.disabled = !musicgen.piece.audio && !musicgen.piece.later;
      button.title = button.disabled ? "Needs the synthesiser, which is not installed" : `Hear ${name}`;
      paint(canvas, shown || what.piece);
    },
  };
}

/* A canvas in CSS pixels, wiped; null where it is not in sight. */
function penOf(canvas) {
  const scale = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width || !height) return null;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  const style = getComputedStyle(canvas);
  return { pen, width, height, colour: (role) => style.getPropertyValue(`--c-${role}`).trim() };
}

