/* The same request, answered by each model: one press changes which of the two is on the stage. Both are in the history,
   side by side. Runs after actions.js in the same function. */
const twins = find(".twins");
const answers = new Map(); // "kind request" to piece; of this request only

function refreshTwins() {
  if (!twins) return;
  const plain = piece && piece.request && piece.edits.every((edit) => edit === "mix")
    && props.kinds.every(({ metres }) => metres.includes(piece.metre || "4/4"));
  twins.hidden = !plain;
  if (!plain) return;
  const key = JSON.stringify(piece.request);
  if (![...answers.keys()].some((each) => each.endsWith(key))) answers.clear();
  answers.set(`${piece.kind} ${key}`, piece);
  for (const button of twins.querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(button.dataset.kind === piece.kind));
  }
}
document.addEventListener("musicgen:piece", refreshTwins);

if (twins) {
  twins.addEventListener("click", async (event) => {
    const kind = event.target.dataset.kind;
    if (!kind || kind === piece.kind) return;
    const { request } = piece;
    const made = answers.get(`${kind} ${JSON.stringify(request)}`);
    if (made) window.musicgen.present(made);
    else await window.musicgen.compose("make", { request, kind, levels: { kept: window.musicgen.kept ?? null } });
    window.musicgen.restore(request, kind);
  });
}
refreshTwins();
