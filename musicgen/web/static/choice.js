/* The component's value and the browser's own list say the same. */
const select = element.querySelector("select");
const show = () => { select.value = props.value; };

function choose(value) {
  props.value = value;
  show();
  window.musicgen.tell("chosen", { name: props.name, value });
}

select.addEventListener("change", () => choose(select.value));
document.addEventListener("musicgen:choose", ({ detail: { name, value } }) => { // another region asks for it
  if (name === props.name) choose(value);
});
watch("value", show);
show();
