/* What Gradio's widgets leave to be desired without a mouse. Runs after page.js in the same function. */

/* ---- skip links: to what is in sight of a mouse anyway ---- */

element.querySelector(".skip").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  if (!link) return;
  event.preventDefault(); // the address stays, with what it asks for
  const target = document.querySelector(link.dataset.to);
  if (!target) return;
  target.scrollIntoView({ block: "center" });
  target.focus({ focusVisible: true });
});

/* ---- a group of radio buttons is one stop, with arrows inside: the browser does it where they share a name ---- */

function group() {
  for (const box of document.querySelectorAll("fieldset:has(input[type=radio])")) {
    box.setAttribute("role", "radiogroup");
    for (const input of box.querySelectorAll("input[type=radio]")) if (input.name !== box.id) input.name = box.id;
  }
}

/* ---- the tabs are one stop, too ---- */

const tabsOf = (list) => [...list.querySelectorAll("[role=tab]")].filter((tab) => tab.checkVisibility());

function rove() {
  for (const tab of document.querySelectorAll("#workbench > .tab-wrapper [role=tab]")) {
    const stop = tab.getAttribute("aria-selected") === "true" ? 0 : -1;
    if (tab.tabIndex !== stop) tab.tabIndex = stop;
  }
}

document.addEventListener("keydown", (event) => {
  const list = event.target.closest("#workbench > .tab-wrapper [role=tablist]");
  if (!list || event.ctrlKey || event.metaKey || event.altKey) return;
  const tabs = tabsOf(list);
  const at = tabs.indexOf(event.target.closest("[role=tab]"));
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  event.stopPropagation();
  const tab = tabs[(to + tabs.length) % tabs.length];
  tab.click();
  tab.focus({ focusVisible: true });
}, true);

/* Gradio's toast is a button with another one in it, which a screen reader cannot tell apart; the inner one closes it. */
function plainToasts() {
  for (const head of document.querySelectorAll(".toast-header[role=button]")) {
    head.removeAttribute("role");
    head.removeAttribute("tabindex");
  }
}

new MutationObserver(() => { group(); rove(); plainToasts(); }).observe(document.body, {
  childList: true, subtree: true, attributes: true, attributeFilter: ["aria-selected"],
});
group();
rove();

/* ---- Enter in a field of the panel is Generate ---- */

document.addEventListener("keydown", (event) => {
  const field = event.target.closest("#panel input");
  if (!field || event.key !== "Enter" || event.repeat || event.isComposing || field.type === "checkbox") return;
  event.preventDefault();
  setTimeout(() => document.querySelector("#generate").click()); // after the field has told its value
});
