/* The buttons beside the title, and the keys of the stage. Runs after player.js in the same function. */
const undo = find(".undo");
const redo = find(".redo");
const link = find(".link");
const said = find(".actions [role=status]");

function offer(button, on, title, why) {
  button.disabled = !on;
  button.title = on ? title : why;
}

/* ---- undo and redo: the history knows what they bring back ---- */

function refreshSteps() {
  const { undo: back, redo: forth } = (window.musicgen.history && window.musicgen.history.steps()) || {};
  offer(undo, back, "Undo (Ctrl+Z)", "Nothing to undo");
  offer(redo, forth, "Redo (Ctrl+Shift+Z)", "Nothing to redo");
}
document.addEventListener("musicgen:history", refreshSteps);
// what plays goes on playing, and a silent page stays silent
undo.addEventListener("click", () => window.musicgen.history.undo({ play: !audio.paused }));
redo.addEventListener("click", () => window.musicgen.history.redo({ play: !audio.paused }));

/* ---- a link that makes the piece again ---- */

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text); // not there on a plain http page
    return true;
  } catch {
    const box = document.createElement("textarea");
    box.value = text;
    box.className = "sr";
    document.body.append(box);
    box.select();
    const done = document.execCommand("copy");
    box.remove();
    return done;
  }
}

/* In the query the server reads it too, and can tell a chat the name and show the roll; a very long one only the page. */
const LONGEST_QUERY = 4000; // as link_pictures.LONGEST_LINK
const queryOf = (piece) => `${piece.link.length > LONGEST_QUERY ? "#" : "?"}piece=${piece.link}`;

let done = 0;
link.addEventListener("click", async () => {
  const query = queryOf(piece);
  if (await copy(location.origin + location.pathname + query)) {
    link.classList.add("is-done");
    said.textContent = "Link copied";
    clearTimeout(done);
    done = setTimeout(() => { link.classList.remove("is-done"); said.textContent = ""; }, 2000);
  } else {
    window.history.replaceState(null, "", query);
    window.musicgen.toast("The link is in the address bar now: copy it from there.");
  }
});

function refreshLink() {
  link.classList.remove("is-done");
  const why = piece && !piece.request
    ? "No link: this piece began as a file, which a link cannot carry" : "No link: too much went into this piece";
  offer(link, Boolean(piece && piece.link), "Copy a link that makes this piece again", why);
}
document.addEventListener("musicgen:piece", refreshLink);
refreshLink();
refreshSteps();

/* ---- keys ---- */

/* To the next bar line, or back to the last one; one that was only just passed counts as reached. */
function step(forward) {
  const at = window.musicgen.tickAt(piece, audio.currentTime * pace()) / piece.ticksPerBar;
  const bar = Math.min(piece.bars, Math.floor(forward ? at + 1.01 : at - 0.25));
  goTo(window.musicgen.secondAt(piece, bar * piece.ticksPerBar));
}

/* Arrows belong to a field, a slider or a tab that has the focus; the slider of the position moves by bars, too. */
function arrowsAreFree() {
  const at = document.activeElement;
  return !at || at === seek || !at.closest("input, select, textarea, [role=tab], [role=slider], [role=application], [contenteditable=true]");
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || !piece) return;
  if (event.ctrlKey || event.metaKey) {
    const key = event.key.toLowerCase();
    if (window.musicgen.typing() || !["z", "y"].includes(key)) return;
    event.preventDefault();
    (key === "y" || event.shiftKey ? redo : undo).click();
  } else if ((event.key === "ArrowLeft" || event.key === "ArrowRight") && !event.shiftKey && piece.audio && arrowsAreFree()) {
    event.preventDefault();
    step(event.key === "ArrowRight");
  }
});
