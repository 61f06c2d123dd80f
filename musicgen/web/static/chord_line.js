/* The chords over the roll: a button a bar, which follows the roll sideways. One opens a field for the chords of its bar.
   "Keep these chords" is for the panel. Runs after player.js in the same function. */
const line = find(".chord-line");
const shelf = line.querySelector(".names"); // scrolls as the roll does
const sheetOfNames = line.querySelector(".track");
const editor = line.querySelector(".editor");
const barName = editor.querySelector("label span");
const chordField = editor.querySelector("input");
const chordNews = editor.querySelector("[role=status]");
const rollBox = find(".roll");
const NO_CHORD = "N.C.";

let buttons = [];
let drawn = ""; // the chords that the buttons show, as text
let edited = null; // the bar that is open in the editor, from 0
let lockedRows = [];

const namesOf = (bar) => [...new Set(piece.chords[bar])];

function buildChords() {
  const chords = piece.chords || [];
  line.hidden = !chords.length;
  const text = JSON.stringify(chords);
  if (text === drawn) return;
  drawn = text;
  const stop = Math.min(Math.max(0, buttons.findIndex((button) => button.tabIndex === 0)), chords.length - 1);
  buttons = chords.map((_, bar) => {
    const names = namesOf(bar);
    const button = document.createElement("button");
    button.type = "button";
    button.tabIndex = bar === stop ? 0 : -1;
    button.style.setProperty("--at", bar);
    button.classList.toggle("is-same", bar > 0 && names.join() === namesOf(bar - 1).join());
    const told = names.map((name) => (name === NO_CHORD ? "no chord" : name)).join(", ");
    button.setAttribute("aria-label", `Bar ${bar + 1}: ${told}`);
    button.title = `Bar ${bar + 1}: ${told} (click to change)`;
    button.append(...names.map((name) => {
      const item = document.createElement("span");
      item.textContent = name === NO_CHORD ? "–" : name;
      return item;
    }));
    button.addEventListener("click", () => openEditor(bar));
    return button;
  });
  sheetOfNames.replaceChildren(...buttons);
  if (edited !== null && edited >= chords.length) closeEditor(false);
  else markOpen();
}

/* Where the roll has its bars. */
function placeChords({ left, barWidth, sheet }) {
  sheetOfNames.style.setProperty("--left", `${left}px`);
  sheetOfNames.style.setProperty("--bar", `${barWidth}px`);
  sheetOfNames.style.width = `${sheet}px`;
  shelf.scrollLeft = rollBox.scrollLeft;
}
const follow = (from, to) => () => { if (to.scrollLeft !== from.scrollLeft) to.scrollLeft = from.scrollLeft; };
rollBox.addEventListener("scroll", follow(rollBox, shelf), { passive: true });
shelf.addEventListener("scroll", follow(shelf, rollBox), { passive: true });

/* ---- the editor ---- */

const markOpen = () => buttons.forEach((button, bar) => button.setAttribute("aria-expanded", String(bar === edited)));

function openEditor(bar) {
  edited = bar;
  markOpen();
  barName.textContent = `Bar ${bar + 1}`;
  chordField.value = namesOf(bar).join(" ");
  chordNews.textContent = "";
  editor.hidden = false;
  chordField.focus({ preventScroll: true });
  chordField.select();
}

function closeEditor(focus = true) {
  const bar = edited;
  edited = null;
  editor.hidden = true;
  markOpen();
  if (focus && buttons[bar]) stopAt(bar);
}

async function changeChords() {
  const bar = edited;
  const chords = chordField.value.trim();
  if (chords === namesOf(bar).join(" ")) return;
  const locked = piece.lanes.filter((_, row) => lockedRows[row]?.[bar]).map((lane) => lane.role);
  const seed = Math.floor(Math.random() * 1e6);
  chordNews.textContent = "";
  const answer = await window.musicgen.compose("change_chords", { midi: piece.midi, bar, chords, locked, seed });
  if (!answer || edited !== bar) return;
  chordField.value = namesOf(bar).join(" ");
  chordNews.textContent = answer.said.join(" ") || `Bar ${bar + 1} is on ${chordField.value} now.`;
}

function keepChords() {
  window.musicgen.tell("described", { chords: piece.progression });
  const panel = document.querySelector("#shape details");
  if (panel) panel.open = true;
  chordNews.textContent = "The next Generate has these chords: they are in the panel, under Shape.";
}

editor.querySelector(".set").addEventListener("click", changeChords);
editor.querySelector(".keep").addEventListener("click", keepChords);
editor.querySelector(".close").addEventListener("click", () => closeEditor());
editor.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeEditor();
  else if (event.key === "Enter" && event.target === chordField && !event.repeat && !event.isComposing) changeChords();
  else return;
  event.preventDefault();
  event.stopPropagation();
});

/* ---- keys: one stop of the tab key, arrows within ---- */

function stopAt(bar) {
  for (const button of buttons) button.tabIndex = -1;
  buttons[bar].tabIndex = 0;
  buttons[bar].focus({ focusVisible: true });
}

shelf.addEventListener("keydown", (event) => {
  const at = buttons.indexOf(event.target);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: buttons.length - 1 }[event.key];
  if (at < 0 || to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation(); // not for the player
  stopAt(Math.max(0, Math.min(buttons.length - 1, to)));
});

document.addEventListener("musicgen:locks", ({ detail }) => { lockedRows = detail.rows; });
document.addEventListener("musicgen:piece", ({ detail }) => {
  if (!detail.stay) chordNews.textContent = "";
  buildChords();
  if (edited !== null && document.activeElement !== chordField) chordField.value = namesOf(edited).join(" ");
});
