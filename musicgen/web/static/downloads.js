/* The download bar: MIDI is a file already; for the others the server is asked ("save") and answers with a file. */
function fetchFile(file) {
  const at = file.url.indexOf("/gradio_api/");
  const anchor = document.createElement("a");
  anchor.href = new URL(file.url.slice(at + 1), document.baseURI).href;
  anchor.download = file.orig_name;
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
}

const idle = () => element.querySelectorAll(".is-busy").forEach((button) => {
  button.classList.remove("is-busy");
  button.removeAttribute("aria-busy");
});

element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-format]");
  if (!button || button.disabled || button.classList.contains("is-busy")) return;
  const { id, request, ready } = props.value;
  const format = button.dataset.format;
  if (ready[format]) return fetchFile(ready[format]);
  button.classList.add("is-busy");
  button.setAttribute("aria-busy", "true");
  trigger("save", { id, request, format, ticket: `${format}-${Date.now()}` });
});

let ticket = "";
watch("value", () => {
  idle();
  if (props.value.fetch && props.value.ticket !== ticket) fetchFile(props.value.fetch);
  ticket = props.value.ticket;
});
document.addEventListener("musicgen:unsaved", idle);
