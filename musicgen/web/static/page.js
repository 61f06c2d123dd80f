/* Generate is busy from the click to the answer; python's events tell when (see page.py). */
const root = document.documentElement;
let guard = 0;

function busy(on) {
  const button = document.querySelector("#generate");
  root.toggleAttribute("data-busy", on);
  if (button) {
    button.disabled = on;
    button.setAttribute("aria-busy", String(on));
    if (!on && document.activeElement === document.body) button.focus({ preventScroll: true, focusVisible: false });
  }
  clearTimeout(guard);
  // Should the answer get lost with the connection, the button comes back by itself.
  if (on) guard = setTimeout(() => busy(false), 90000);
}

document.addEventListener("musicgen:busy", () => busy(true));
document.addEventListener("musicgen:idle", () => busy(false));

/* What Gradio's widgets leave out: names for the two groups of pills, and what the small buttons do. */
for (const [selector, name, value] of [
  ["#style", "aria-label", "Style"],
  ["#bars", "aria-label", "Bars"],
  ["#dice", "title", "Roll a new seed"],
  ["#lock", "title", "Keep this seed: the same settings then give the same piece"],
]) {
  const target = document.querySelector(selector);
  if (target) target.setAttribute(name, value);
}
