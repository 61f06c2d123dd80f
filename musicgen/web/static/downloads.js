/* The download bar: the server makes a file of the piece on the stage, and the browser fetches it. */
const licence = element.querySelector(".licence");
const packing = element.querySelector(".packing");
let waiting = 0; // files that are being made
let clock = null;

/* What takes over a second says so, in the place of the licence. */
function wait(change, label) {
  waiting += change;
  if (waiting === 0) {
    clearInterval(clock);
    clock = null;
    packing.hidden = true;
    licence.hidden = false;
  } else if (clock === null) {
    const began = performance.now();
    clock = setInterval(() => {
      packing.textContent = `${label} is being made: ${Math.floor((performance.now() - began) / 1000)} s`;
      packing.hidden = false;
      licence.hidden = true;
    }, 1000);
  }
}

element.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-format]");
  const piece = window.musicgen.piece;
  if (!piece || !button || button.disabled || button.classList.contains("is-busy")) return;
  button.classList.add("is-busy");
  button.setAttribute("aria-busy", "true");
  wait(1, button.lastElementChild.lastChild.textContent);
  const file = await window.musicgen.ask("save", { format: button.dataset.format, midi: piece.midi });
  wait(-1);
  button.classList.remove("is-busy");
  button.removeAttribute("aria-busy");
  if (!file) return;
  const anchor = document.createElement("a");
  anchor.href = window.musicgen.address(file.url);
  anchor.download = file.name;
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
});
