/* Words set the controls of the panel: the server finds what they mean, and the line says it. */
const text = element.querySelector("input");
const line = element.querySelector("p");
const chosen = (name) => document.querySelector(`#${name} input:checked`)?.value ?? null;

async function describe() {
  const words = text.value.trim();
  line.textContent = "";
  if (!words) return;
  const answer = await window.musicgen.ask("describe", { words, kind: chosen("model"), style: chosen("style") });
  if (!answer || text.value.trim() !== words) return;
  window.musicgen.described = answer.fields;
  trigger("submit"); // the widgets, see controls.py
  window.musicgen.tell("described", answer.fields);
  line.textContent = answer.sentence;
}

text.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.repeat || event.isComposing) return;
  event.preventDefault();
  event.stopPropagation(); // in the other fields of the panel Enter is Generate
  describe();
});
element.querySelector("button").addEventListener("click", describe);
document.addEventListener("musicgen:restore", () => { line.textContent = ""; }); // the controls say something else now
