/* Generate is busy from the click to the answer, as everything is that makes a piece for the stage. */
document.addEventListener("musicgen:busy", () => generate(true));
document.addEventListener("musicgen:idle", () => generate(false));

function generate(on) {
  const button = document.querySelector("#generate");
  if (!button) return;
  button.disabled = on;
  button.setAttribute("aria-busy", String(on));
  if (!on && document.activeElement === document.body) button.focus({ preventScroll: true, focusVisible: false });
}

/* What Gradio's widgets leave out: names for the groups of pills, and what the small buttons do. */
for (const [selector, name, value] of [
  ["#model", "aria-label", "Model"],
  ["#style", "aria-label", "Style"],
  ["#bars", "aria-label", "Bars"],
  ["#dice", "title", "Roll a new seed"],
  ["#generate", "title", "Make another piece (R)"],
  ["#lock", "title", "Keep this seed: the same settings then give the same piece"],
]) {
  const target = document.querySelector(selector);
  if (target) target.setAttribute(name, value);
}

/* R is Generate, wherever letters are not text. */
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "r" || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (window.musicgen.typing()) return;
  const button = document.querySelector("#generate");
  if (button) button.click();
});
