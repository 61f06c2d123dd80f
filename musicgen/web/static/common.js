/* What all regions of the page share. Regions know each other only by the events here:
   musicgen:piece (detail: piece, which the stage now shows, and the options of `present`), musicgen:busy, musicgen:idle,
   musicgen:restore (the panel is to show `musicgen.wish`), musicgen:keep (detail: piece, on: a star is set or taken),
   musicgen:history (the pieces of `musicgen.history`, or their stars, are others now), musicgen:time (detail: seconds, total,
   clock, playing: where the player is), musicgen:toggle, musicgen:seek (detail: seconds) and musicgen:tell-time (what is
   asked of the player), musicgen:chosen and musicgen:choose
   (detail: name, value: of a list of the panel something was chosen, or is to be), musicgen:described (detail: fields of a
   request that the panel is to show, all else stays), musicgen:locks (detail: rows, for each lane of the piece which of its
   bars are locked). */
window.musicgen = (() => {
  const root = document.documentElement;
  let server = null; // set by the stage: calls Desk.ask
  let stage = null; // set by the stage: shows a piece
  let guard = 0;

  const tell = (name, detail) => document.dispatchEvent(new CustomEvent(`musicgen:${name}`, { detail }));

  function busy(on) {
    root.toggleAttribute("data-busy", on);
    clearTimeout(guard);
    // Should an answer get lost with the connection, the buttons come back by themselves.
    if (on) guard = setTimeout(() => tell("idle"), 90000);
  }
  document.addEventListener("musicgen:busy", () => busy(true));
  document.addEventListener("musicgen:idle", () => busy(false));

  /* One line that goes away by itself; Gradio's own toasts look the same. */
  function toast(text) {
    document.querySelectorAll(".notice-toast").forEach((old) => old.remove());
    const box = document.createElement("div");
    box.className = "notice-toast toast-body";
    box.setAttribute("role", "alert");
    const line = document.createElement("p");
    line.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = "×";
    close.setAttribute("aria-label", "Close");
    close.addEventListener("click", () => box.remove());
    box.append(line, close);
    document.body.append(box);
    setTimeout(() => box.remove(), 9000);
  }

  /* An action of the server (see desk.py): its answer, or null after the visitor was told what went wrong; `quiet`: not
     told. */
  async function ask(action, values, { quiet = false } = {}) {
    let answer;
    try {
      answer = await server({ action, ...values });
    } catch {
      answer = { error: "The server could not be reached. Please try again." };
    }
    if (answer && !answer.error) return answer;
    if (quiet) return null;
    toast((answer && answer.error) || "The server could not be reached. Please try again.");
    return null;
  }

  /* An action that makes the piece for the stage. One at a time: returns null at once while another one runs. */
  async function compose(action, values, options) {
    if (root.hasAttribute("data-busy")) return null;
    tell("busy");
    const answer = await ask(action, values);
    tell("idle");
    if (answer && answer.piece) present(answer.piece, options);
    return answer;
  }

  /* Put a piece on the stage. options: play (true), keep: no new entry in the history, stay: it is the same music
     played otherwise, so the playhead stays at its note and playing goes on. */
  function present(piece, options) {
    if (stage) stage(piece, { play: true, ...options });
  }

  /* The panel shows what a piece was asked for; a piece that began as a file has no request and leaves it as it is. */
  function restore(request, kind) {
    if (!request) return;
    const { piece } = window.musicgen;
    window.musicgen.wish = { request: { ...request, tempo: piece ? piece.tempo : request.tempo }, kind };
    tell("restore");
  }

  /* The second at which a tick of a piece is heard, and the tick that is heard at a second. `clock` of a piece has a row
     for each of its tempos: [tick, second, seconds of a tick from there on]. */
  const clockOf = ({ clock, secondsPerTick }) => clock || [[0, 0, secondsPerTick]];
  function secondAt(piece, tick) {
    const rows = clockOf(piece);
    const [from, second, each] = rows.findLast(([start]) => start <= tick) || rows[0];
    return second + (tick - from) * each;
  }
  function tickAt(piece, seconds) {
    const rows = clockOf(piece);
    const [from, second, each] = rows.findLast(([, start]) => start <= seconds) || rows[0];
    return from + (seconds - second) / each;
  }

  /* Whether keys mean text now. */
  function typing() {
    const at = document.activeElement;
    return Boolean(at && (at.isContentEditable
      || at.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=range])")));
  }

  /* Names for pieces, each another: of two that are called the same the later one has a number. */
  function labels(pieces) {
    const taken = new Set();
    return pieces.map((piece) => {
      const name = [piece.title, ...piece.facts].join(" · ");
      let label = name;
      for (let count = 2; taken.has(label); count += 1) label = `${name} (${count})`;
      taken.add(label);
      return label;
    });
  }

  /* How loud a note of a MIDI velocity is drawn, 0 to 1, as musicgen.rolls has it, and the opacity of its colour. */
  const loudness = (velocity) => Math.min(1, Math.max(0, (velocity - 20) / 100));
  const opacity = (velocity) => 0.3 + 0.7 * loudness(velocity);

  /* A miniature of a piece's roll, in the colours of the roles; it follows the size of its canvas, which CSS sets, and
     the colours of the page. With `base`, another piece, the notes that both have are faint. */
  const minis = new WeakMap();
  const sizes = new ResizeObserver((changes) => changes.forEach(({ target }) => paint(target)));
  function mini(canvas, piece, base) {
    minis.set(canvas, { piece, old: base && new Set(base.lanes.flatMap(names)) });
    canvas.dataset.mini = "";
    sizes.observe(canvas);
    paint(canvas);
  }
  const repaint = () => document.querySelectorAll("canvas[data-mini]").forEach(paint);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(repaint, 50));
  document.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(repaint).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  });

  const names = (lane) => lane.notes.map((note) => `${lane.role} ${note[0]} ${note[1]}`);

  function paint(canvas) {
    const { piece, old } = minis.get(canvas);
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    if (!width || !height) return;
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    const pen = canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    const style = getComputedStyle(canvas);
    const lanes = piece.lanes.filter((lane) => lane.notes.length);
    const room = height / Math.max(1, lanes.length);
    lanes.forEach((lane, index) => {
      const pitches = lane.notes.map((note) => note[1]);
      const [low, high] = [Math.min(...pitches) - 1, Math.max(...pitches) + 1];
      pen.fillStyle = style.getPropertyValue(`--c-${lane.role}`).trim();
      for (const [onset, pitch, duration, velocity] of lane.notes) {
        const x = (onset / piece.ticks) * width;
        const y = (index + 1) * room - 2 - ((pitch - low) / Math.max(12, high - low)) * (room - 4);
        pen.globalAlpha = old ? (old.has(`${lane.role} ${onset} ${pitch}`) ? 0.25 : 1) : opacity(velocity);
        pen.fillRect(x, y - 1, Math.max(1.2, ((lane.drums ? 2 : duration) / piece.ticks) * width - 0.4), 2);
      }
    });
    pen.globalAlpha = 1;
  }

  /* The page's own address is the only one that is sure to be right behind a proxy. */
  const address = (path) => new URL(path, document.baseURI).href;

  return {
    piece: null, wish: null, history: null, ask, compose, present, restore, toast, mini, tell, typing, address, secondAt, tickAt, labels, loudness, opacity,
    connect(call, show) { server = call; stage = show; },
  };
})();
