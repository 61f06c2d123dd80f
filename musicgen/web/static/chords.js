/* Chords of one's own in another key than the one that is chosen: that is said, with two ways out. Runs after shape.js in
   the same function. */
const otherKey = element.querySelector(".other-key");
const [moveChords, takeKey] = ["move", "take"].map((name) => otherKey.querySelector(`.${name}`));
const chosenKey = () => document.querySelector("#key select").value;
const REST = 400; // milliseconds without a letter after which the chords are looked at
let found = null; // {key, moved} as shape.check_chords has it
let checks = 0;
let resting = 0;

async function checkChords() {
  clearTimeout(resting);
  const check = ++checks;
  const text = chords.value.trim();
  // half a name is no error yet: what is no chord the server says when it is asked for a piece
  const answer = text && (await window.musicgen.ask("check_chords", { chords: text, key: chosenKey() }, { quiet: true }));
  if (check !== checks) return;
  found = answer && answer.key ? answer : null;
  otherKey.hidden = !found;
  if (!found) return;
  otherKey.querySelector("span").textContent = `These chords fit ${found.key} better than ${chosenKey()}.`;
  moveChords.textContent = `Move them to ${chosenKey()}`;
  takeKey.textContent = `Take ${found.key}`;
}

moveChords.addEventListener("click", () => {
  chords.value = found.moved;
  chords.dispatchEvent(new Event("input"));
  checkChords();
  chords.focus();
});
takeKey.addEventListener("click", () => {
  window.musicgen.tell("choose", { name: "key", value: found.key });
  chords.focus();
});
chords.addEventListener("input", () => {
  otherKey.hidden = true;
  clearTimeout(resting);
  resting = setTimeout(checkChords, REST);
});
document.addEventListener("musicgen:chosen", ({ detail }) => { if (detail.name === "key") checkChords(); });
for (const name of ["restore", "described"]) { // the key comes a moment later
  document.addEventListener(`musicgen:${name}`, () => setTimeout(checkChords, REST));
}
