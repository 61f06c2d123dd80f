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
  ["#metre", "aria-label", "Metre"],
  ["#dice", "title", "Roll a new seed"],
  ["#generate", "title", "Make another piece (R)"],
  ["#lock", "title", "Keep this seed: the same settings then give the same piece"],
]) {
  const target = document.querySelector(selector);
  if (target) target.setAttribute(name, value);
}

/* At temperature 0 a seed changes nothing, which is said where both are. */
let usually = "";
function sayTemperature() {
  const line = document.querySelector("#temperature .info-text");
  const value = document.querySelector("#temperature input[type=number]")?.value;
  if (!line || value === undefined) return; // a piece may be restored before the panel is there
  usually ||= line.textContent;
  line.textContent = value !== "" && Number(value) === 0 ? "At 0 every seed gives the same piece." : usually;
}
document.addEventListener("input", (event) => { if (event.target.closest("#temperature")) setTimeout(sayTemperature); });
for (const name of ["restore", "described"]) {
  document.addEventListener(`musicgen:${name}`, () => setTimeout(sayTemperature, 400));
}

/* R is Generate, wherever letters are not text. */
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "r" || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
  if (window.musicgen.typing()) return;
  const button = document.querySelector("#generate");
  if (button) button.click();
});

/* `?view=api`: Gradio 6.31 loads its documentation of the endpoints only when the button in its footer is pressed, and a
   press toggles what the address asked for. Its first leaf is that for assistants; README.md speaks Python. */
function showDocumentation(tries = 50) {
  const button = document.querySelector("footer .show-api");
  if (document.querySelector(".api-docs")) return;
  if (button) [0, 1].forEach(() => button.click());
  else if (tries) setTimeout(showDocumentation, 200, tries - 1);
}
const query = new URLSearchParams(location.search);
if (query.get("view") === "api") {
  if (!query.has("lang")) history.replaceState(null, "", `?${query}&lang=python`);
  showDocumentation();
}
