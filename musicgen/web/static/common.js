/* What all regions of the page share. Regions know each other only by the events here:
   musicgen:piece (detail: the piece that the stage now shows), musicgen:busy, musicgen:idle. */
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

  /* An action of the server (see desk.py): its answer, or null after the visitor was told what went wrong. */
  async function ask(action, values) {
    let answer;
    try {
      answer = await server({ action, ...values });
    } catch {
      answer = { error: "The server could not be reached. Please try again." };
    }
    if (answer && !answer.error) return answer;
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

  /* A miniature of a piece's roll, in the colours of the roles. */
  function mini(canvas, piece) {
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
        pen.globalAlpha = 0.35 + 0.6 * (velocity / 127);
        pen.fillRect(x, y - 1, Math.max(1.2, ((lane.drums ? 2 : duration) / piece.ticks) * width - 0.4), 2);
      }
    });
    pen.globalAlpha = 1;
  }

  /* The page's own address is the only one that is sure to be right behind a proxy. */
  const address = (path) => new URL(path, document.baseURI).href;

  return {
    piece: null, ask, compose, present, toast, mini, tell, address,
    connect(call, show) { server = call; stage = show; },
  };
})();
