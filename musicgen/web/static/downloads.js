/* The download bar: the server makes a file of the piece on the stage, and the browser fetches it. */
element.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-format]");
  const piece = window.musicgen.piece;
  if (!piece || !button || button.disabled || button.classList.contains("is-busy")) return;
  button.classList.add("is-busy");
  button.setAttribute("aria-busy", "true");
  const file = await window.musicgen.ask("save", { format: button.dataset.format, midi: piece.midi });
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
