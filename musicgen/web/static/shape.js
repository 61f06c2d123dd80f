/* Sliders that may be left open. An open one follows the piece; moving it sets a target, the cross opens it again. */
const NAMES = ["C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
const rows = [...element.querySelectorAll(".row")];
const chords = element.querySelector("[name=chords]");
const form = element.querySelector("[name=form]");
const section = element.querySelector("[name=section_bars]");
const clamp = (value, input) => Math.min(Math.max(value, Number(input.min)), Number(input.max));
let asked = {};

function text(name, value) {
  if (value === null || value === undefined) return "–";
  if (name === "register") return NAMES[Math.round(value) % 12] + (Math.floor(Math.round(value) / 12) - 1);
  return name === "polyphony" ? value.toFixed(1) : String(Math.round(value));
}

let measured = (props.value && props.value.measured) || {};
function draw() {
  for (const row of rows) {
    const { name } = row.dataset;
    const [input, output] = [row.querySelector("input"), row.querySelector("output")];
    const target = asked[name], got = measured[name];
    const set = target !== undefined;
    input.value = set ? target : clamp(got ?? (Number(input.min) + Number(input.max)) / 2, input);
    input.style.setProperty("--fill", `${(100 * (input.value - input.min)) / (input.max - input.min)}%`);
    row.classList.toggle("is-set", set);
    row.querySelector(".open").hidden = !set;
    const got_text = row.dataset.stale === "yes" ? "…" : text(name, got);
    output.textContent = set ? `${text(name, target)} asked · ${got_text} got` : got_text;
    input.setAttribute("aria-valuetext", set ? `${text(name, target)}` : `open, the piece has ${text(name, got)}`);
  }
  drawSection();
  const count = Object.keys(asked).length;
  element.querySelector(".summary").textContent = count ? `${count} set` : "open";
}

/* A section is as long as is said here, or as the form needs to end with the piece. */
function drawSection() {
  const letters = (form.value.match(/[A-D]/g) || []).length;
  const bars = Number(document.querySelector("#bars input:checked")?.value);
  const fitting = letters && bars ? `fits: ${Math.ceil(bars / letters)} bar${bars > letters ? "s" : ""}` : "fits the length";
  if (section.options[0].textContent !== fitting) section.options[0].textContent = fitting;
  section.disabled = !letters;
  section.title = letters ? "" : "Choose a form first";
}
document.addEventListener("change", (event) => { if (event.target.closest("#bars")) drawSection(); });

/* What is asked for goes to the server with the next Generate, as part of this component's value. */
function ask(name, value) {
  const next = { ...asked };
  if (value === undefined || value === "") delete next[name];
  else next[name] = value;
  asked = next;
  props.value = { ...props.value, asked: next };
  const row = rows.find((row) => row.dataset.name === name);
  if (row) row.dataset.stale = "yes";
  draw();
}

for (const row of rows) {
  const input = row.querySelector("input");
  input.addEventListener("input", () => ask(row.dataset.name, Number(input.value)));
  row.querySelector(".open").addEventListener("click", () => {
    ask(row.dataset.name, undefined);
    row.dataset.stale = "no";
    draw();
    input.focus({ preventScroll: true, focusVisible: false });
  });
}
chords.addEventListener("input", () => ask("chords", chords.value.trim()));
form.addEventListener("change", () => {
  if (!form.value) ask("section_bars", undefined);
  ask("form", form.value);
});
section.addEventListener("change", () => ask("section_bars", section.value && Number(section.value)));

/* All of what is asked for, of a request: null means left open. */
function askAll(wishes) {
  asked = Object.fromEntries(props.fields.filter((name) => (wishes[name] ?? "") !== "").map((name) => [name, wishes[name]]));
  props.value = { ...props.value, asked };
  chords.value = asked.chords || "";
  if (asked.form && ![...form.options].some((option) => option.value === asked.form)) form.add(new Option(asked.form));
  form.value = asked.form || "";
  const bars = asked.section_bars;
  if (bars && ![...section.options].some((option) => option.value === String(bars))) section.add(new Option(`${bars} bars`, bars));
  section.value = bars || "";
  draw();
}

/* The stage tells what its piece measures. */
function measure(piece) {
  if (!piece.measured) return;
  measured = piece.measured;
  element.querySelector(".hearing").textContent = (piece.hearing || []).join(" "); // of the chords that were asked for
  rows.forEach((row) => { row.dataset.stale = "no"; });
  draw();
}

document.addEventListener("musicgen:piece", ({ detail }) => measure(detail.piece));
document.addEventListener("musicgen:restore", () => askAll(window.musicgen.wish.request));
document.addEventListener("musicgen:described", ({ detail }) => askAll({ ...asked, ...detail })); // the rest stays
askAll(window.musicgen.wish ? window.musicgen.wish.request : (props.value && props.value.asked) || {});
if (window.musicgen.piece) measure(window.musicgen.piece);
