/* A small player, in sight when that of the stage is not. It says what the stage says and asks the stage for the rest. */
const remote = element.querySelector(".remote");
const [remotePlay, where, place] = [".play", ".where", "input"].map((selector) => remote.querySelector(selector));

function follow({ seconds, total, clock, playing }) {
  remote.classList.toggle("is-playing", playing);
  remotePlay.setAttribute("aria-label", playing ? "Pause" : "Play");
  where.lastElementChild.textContent = clock;
  place.max = total || 1;
  place.value = seconds;
  place.setAttribute("aria-valuetext", clock);
  place.style.setProperty("--fill", `${total ? (100 * seconds) / total : 0}%`);
}

document.addEventListener("musicgen:time", ({ detail }) => follow(detail));
remotePlay.addEventListener("click", () => window.musicgen.tell("toggle"));
place.addEventListener("input", () => window.musicgen.tell("seek", { seconds: Number(place.value) }));
where.addEventListener("click", () => {
  document.querySelector("#stage").scrollIntoView({ block: "start" });
  document.querySelector("#stage .play").focus({ preventScroll: true, focusVisible: false });
});
const sight = new IntersectionObserver((entries) => {
  remote.hidden = entries[entries.length - 1].isIntersecting;
  document.documentElement.toggleAttribute("data-remote", !remote.hidden);
});

function name(piece) { // from the first one on there is a stage
  where.firstElementChild.textContent = piece.title;
  sight.observe(document.querySelector("#stage .transport"));
  window.musicgen.tell("tell-time");
}
document.addEventListener("musicgen:piece", ({ detail }) => name(detail.piece));
if (window.musicgen.piece) name(window.musicgen.piece);
