/* How original is the piece on the stage? Asked when the tab is in sight, for each piece once. */
const box = element.querySelector(".original");
const find = (selector) => element.querySelector(selector);
let shown = null; // the id of the piece that the tab speaks of
let seen = false;

const make = (name, className, text) => {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
};

async function update() {
  const piece = window.musicgen.piece;
  if (!piece || !seen || shown === piece.id) return;
  shown = piece.id;
  box.setAttribute("aria-busy", "true");
  find(".headline").textContent = "Comparing with the training songs …";
  const answer = await window.musicgen.ask("original", { midi: piece.midi });
  if (shown !== piece.id) return; // another piece has come in between
  box.removeAttribute("aria-busy");
  if (answer) show(piece, answer);
  else shown = null;
}

function show(piece, answer) {
  find(".headline").textContent = answer.headline;
  find(".usual").textContent = answer.usual;
  find(".how").hidden = !answer.kinds.length;
  find(".map").hidden = !answer.kinds.some((kind) => kind.shared.length);
  find(".marks").replaceChildren(...answer.kinds.map((kind) => lane(kind, piece.bars)));
  find(".kinds").replaceChildren(...answer.kinds.map(details));
  window.musicgen.mini(find("canvas"), piece);
}

/* Below the roll: where in the piece the shared stretches are. */
function lane(kind, bars) {
  const row = make("div", "lane");
  row.append(make("span", "name", kind.label));
  for (const each of kind.shared) {
    const mark = make("span", "mark");
    mark.style.left = `${(100 * (each.first - 1)) / bars}%`;
    mark.style.width = `${(100 * (each.last - each.first + 1)) / bars}%`;
    mark.title = `${each.length}, ${where(each)}`;
    row.append(mark);
  }
  return row;
}

const where = (each) => (each.first === each.last ? `bar ${each.first}` : `bars ${each.first} to ${each.last}`);

function details(kind) {
  const group = make("div", "kind");
  group.append(make("h3", "", kind.label));
  if (!kind.shared.length) group.append(make("p", "", kind.none));
  const list = make("ol");
  for (const each of kind.shared) {
    const item = make("li");
    item.append(make("strong", "", each.length), ` (${where(each)}) as in `, make("cite", "", each.title));
    if (each.composer) item.append(` by ${each.composer}`);
    item.append(`, from its bar ${each.from}. `);
    const source = make(each.link ? "a" : "span", "source", each.source);
    if (each.link) Object.assign(source, { href: each.link, target: "_blank", rel: "noopener noreferrer" });
    item.append(source, make("span", "licence", `, ${each.licence}`));
    list.append(item);
  }
  if (kind.shared.length) group.append(list);
  return group;
}

document.addEventListener("musicgen:piece", update);
// The tab is open: wherever the page is scrolled to.
new IntersectionObserver((entries) => {
  seen = entries[entries.length - 1].isIntersecting;
  update();
}, { rootMargin: "4000px" }).observe(box);
