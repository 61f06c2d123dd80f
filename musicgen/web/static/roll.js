/* The piano roll: a canvas as wide as what is seen of it, inside a box that scrolls.
   A lane for each role, drums at the bottom; a colour for each role; a loud note is stronger in colour
   and thicker than a soft one.

   makeRoll(box, seek, choose, place) -> { show(piece, stay), draw(seconds, playing), mark(bars) }; `seek(seconds)` is called
   for clicks and drags, `choose({ from, to })` for drags over the bar numbers: bars from 0, `to` not included;
   `place({ left, barWidth, sheet })` tells where the bars are on the sheet that scrolls, in CSS pixels. */
function makeRoll(box, seek, choose, place) {
  const sheet = box.querySelector(".sheet");
  // The score changes with the piece; what moves with the sound lies on a canvas of its own, above it.
  const canvas = box.querySelector(".score");
  const light = box.querySelector(".light");
  const labels = box.querySelector(".lanes");
  const pen = canvas.getContext("2d");
  const lightPen = light.getContext("2d");

  const NUMBERS = 24; // height of the line of bar numbers, CSS pixels like every length here
  const SECTIONS = 20; // and of the line of sections above it, where a piece has some
  const GAP = 10; // between two lanes
  const EDGE = 10; // to the right of the last bar
  const BAR_AT_LEAST = 44; // a narrower bar could not be read: the roll scrolls instead
  const HEAD = 4.5; // radius of the playhead's head
  const FLASH = 0.16; // seconds for which a new note glows

  let piece = null;
  let marked = null; // bars that stand out, { from, to }
  let RULER = NUMBERS; // height of the lines above the notes
  let lanes = [];
  let paint = {};
  let view = { width: 0, height: 0, left: 0, pixelsPerTick: 1, scroll: 0, sheet: 0 };
  let last = { seconds: 0, playing: false };
  let handsOff = 0; // until then the visitor scrolls, and the roll does not follow the playhead

  function readPaint() {
    const style = getComputedStyle(box);
    const read = (name) => style.getPropertyValue(name).trim();
    paint = {
      ink: read("--ink"), accent: read("--accent"), faint: read("--roll-line"), fainter: read("--roll-beat"), band: read("--roll-band"),
      text: read("--ink-soft"), played: read("--roll-played"), font: read("--sans"), read, roles: {},
    };
  }
  const colour = (role) => (paint.roles[role] ??= paint.read(`--c-${role}`));

  function show(next, stay = false) {
    piece = next;
    RULER = NUMBERS + (sections().length ? SECTIONS : 0);
    lanes = piece.lanes.filter((lane) => lane.notes.length).map((lane) => {
      const pitches = [...new Set(lane.notes.map((note) => note[1]))].sort((a, b) => a - b);
      // Drums have a row for each instrument that plays; other roles a row for each semitone of their range.
      const low = pitches[0] - 1;
      const rows = lane.drums ? pitches.length : Math.max(12, pitches[pitches.length - 1] - low + 2);
      const row = lane.drums ? (pitch) => pitches.indexOf(pitch) : (pitch) => pitch - low;
      return { ...lane, rows, row };
    });
    const form = sections().length ? `Form ${sections().map(({ name }) => name).join(" ")}. ` : "";
    put(box, "aria-label", "Piano roll. " + form + (lanes.map((l) => `${l.label}: ${l.notes.length} notes`).join(", ") || "Silence"));
    if (!stay) box.scrollLeft = 0;
    if (stay && view.width) arrange();
    else layout();
  }

  /* An attribute that is written only if it is another one: the browser goes over the whole page for each. */
  function put(node, name, value) {
    if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }

  /* Reads of the page what the roll needs to know of it; `arrange` only writes. */
  function layout() {
    if (!piece) return;
    view.width = box.clientWidth;
    view.height = box.clientHeight;
    view.scroll = box.scrollLeft;
    readPaint();
    arrange();
  }

  function arrange() {
    const scale = window.devicePixelRatio || 1;
    const { width, height } = view;
    const narrow = width < 560;
    const bars = piece.ticks / piece.ticksPerBar;
    view.left = narrow ? 8 : 92;
    const barWidth = Math.max(narrow ? 64 : BAR_AT_LEAST, (width - view.left - EDGE) / bars);
    view.pixelsPerTick = barWidth / piece.ticksPerBar;
    view.sheet = Math.max(width, Math.floor(view.left + bars * barWidth + EDGE));
    put(sheet, "style", `width: ${view.sheet}px`);
    place({ left: view.left, barWidth, sheet: view.sheet });
    for (const each of [canvas, light]) {
      put(each, "style", `width: ${width}px; height: ${height}px`);
      const [wide, high] = [Math.round(width * scale), Math.round(height * scale)];
      if (each.width !== wide) each.width = wide;
      if (each.height !== high) each.height = high;
    }
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    lightPen.setTransform(scale, 0, 0, scale, 0, 0);

    // Wide ranges get more room, but less than in proportion: a bass line stays readable beside a broad pad.
    const weights = lanes.map((lane) => Math.sqrt(lane.rows));
    const free = height - RULER - GAP * lanes.length;
    const total = weights.reduce((a, b) => a + b, 0) || 1;
    let top = RULER + GAP / 2;
    lanes.forEach((lane, index) => {
      lane.top = top;
      lane.height = (free * weights[index]) / total;
      lane.step = lane.height / lane.rows;
      top += lane.height + GAP;
    });
    while (labels.childElementCount > lanes.length) labels.lastElementChild.remove();
    while (labels.childElementCount < lanes.length) labels.append(document.createElement("li"));
    lanes.forEach((lane, index) => {
      const item = labels.children[index];
      if (item.textContent !== lane.label) item.textContent = lane.label;
      put(item, "class", `c-${lane.role}`);
      put(item, "style", `top: ${lane.top.toFixed(1)}px; height: ${lane.height.toFixed(1)}px`);
    });
    drawScore();
    draw(last.seconds, last.playing);
  }

  const tickToX = (tick) => view.left + tick * view.pixelsPerTick - view.scroll;

  function clear(pen) {
    pen.clearRect(0, 0, view.width, view.height);
    pen.save();
    pen.beginPath();
    pen.rect(view.left > 40 ? view.left - HEAD - 1 : 0, 0, view.width, view.height); // not over the labels
    pen.clip();
  }

  function drawScore() {
    clear(pen);
    drawSections();
    drawMarked();
    drawGrid();
    for (const lane of lanes) drawLane(pen, lane, lane.notes);
    pen.restore();
  }

  function draw(seconds, playing) {
    last = { seconds, playing };
    if (!piece || !view.width) return;
    const tick = Math.min(window.musicgen.tickAt(piece, seconds), piece.ticks);
    if (playing) follow(tick);
    clear(lightPen);
    lightPen.fillStyle = paint.played;
    lightPen.fillRect(tickToX(0), RULER, tickToX(tick) - tickToX(0), view.height - RULER);
    if (playing) {
      const flash = FLASH / piece.secondsPerTick;
      for (const lane of lanes) {
        const sounds = ([onset, , duration]) => onset <= tick && tick < onset + (lane.drums ? flash : duration);
        drawLane(lightPen, lane, lane.notes.filter(sounds), tick);
      }
    }
    drawPlayhead(tick);
    lightPen.restore();
  }

  function follow(tick) {
    const room = view.sheet - view.width;
    if (room <= 1 || performance.now() < handsOff) return;
    const target = view.left + tick * view.pixelsPerTick - view.width * 0.38;
    scrollTo(Math.round(Math.max(0, Math.min(room, target))));
    box.scrollLeft = view.scroll;
  }

  function scrollTo(left) {
    if (left === view.scroll) return;
    view.scroll = left;
    drawScore();
  }

  const sections = () => (piece && piece.sections) || [];

  function drawMarked() {
    if (!marked) return;
    const [from, to] = [marked.from, marked.to].map((bar) => tickToX(bar * piece.ticksPerBar));
    pen.globalAlpha = 0.16;
    pen.fillStyle = paint.accent;
    pen.fillRect(from, RULER - NUMBERS, to - from, view.height);
    pen.globalAlpha = 1;
    pen.fillRect(from, RULER - 3, to - from, 3);
  }

  function mark(bars) {
    marked = bars;
    if (piece && view.width) drawScore();
  }

  /* A bar for each section, with its letter: the same letter, the same shade. */
  function drawSections() {
    const letters = [...new Set(sections().map(({ name }) => name[0]))];
    pen.font = `650 11px ${paint.font}`;
    pen.textBaseline = "middle";
    for (const { name, first, bars } of sections()) {
      const [from, to] = [first, first + bars].map((bar) => tickToX(bar * piece.ticksPerBar));
      if (to < 0 || from > view.width) continue;
      pen.globalAlpha = 0.1 + 0.1 * letters.indexOf(name[0]);
      pen.fillStyle = paint.ink;
      pen.beginPath();
      pen.roundRect(from + 1, 3, to - from - 2, SECTIONS - 5, 5);
      pen.fill();
      pen.globalAlpha = 1;
      const text = to - from > 80 ? `${name} · ${bars} bar${bars === 1 ? "" : "s"}` : name;
      pen.fillText(text, Math.max(from, view.left) + 8, 3 + (SECTIONS - 5) / 2 + 0.5);
    }
  }

  function drawGrid() {
    const beatWidth = piece.ticksPerBeat * view.pixelsPerTick;
    const bottom = view.height;
    pen.fillStyle = paint.band;
    for (const lane of lanes) pen.fillRect(0, lane.top - GAP / 2 + 1, view.width, lane.height + GAP - 2);
    pen.font = `500 11px ${paint.font}`;
    pen.textBaseline = "middle";
    const barWidth = beatWidth * (piece.ticksPerBar / piece.ticksPerBeat);
    const every = barWidth < 26 ? 4 : 1;
    for (let at = 0; at <= piece.ticks; at += piece.ticksPerBeat) {
      const x = Math.round(tickToX(at)) + 0.5;
      if (x < -barWidth || x > view.width + 1) continue;
      const isBar = at % piece.ticksPerBar === 0;
      if (!isBar && beatWidth < 9) continue;
      pen.fillStyle = isBar ? paint.faint : paint.fainter;
      pen.fillRect(x - 0.5, isBar ? RULER - NUMBERS + 6 : RULER, 1, bottom);
      const bar = at / piece.ticksPerBar;
      if (isBar && at < piece.ticks && bar % every === 0) {
        pen.fillStyle = paint.text;
        pen.fillText(String(bar + 1), x + 5, RULER - NUMBERS + 13);
      }
    }
  }

  /* `tick`: where the playhead is, for notes that sound. */
  function drawLane(pen, lane, notes, tick = null) {
    const height = Math.max(5, Math.min(9, lane.step * 1.6));
    pen.fillStyle = pen.shadowColor = colour(lane.role);
    for (const [onset, pitch, duration, velocity] of notes) {
      const x = tickToX(onset);
      if (x > view.width + 20) break; // notes are in the order of their onsets
      const width = Math.max(3, duration * view.pixelsPerTick - 1);
      if (x + width < -20) continue;
      const y = lane.top + lane.height - (lane.row(pitch) + 0.5) * lane.step;
      const glow = tick === null ? 0 : Math.max(0, 1 - ((tick - onset) * piece.secondsPerTick) / FLASH);
      const loud = window.musicgen.loudness(velocity);
      pen.globalAlpha = tick === null ? window.musicgen.opacity(velocity) : 1;
      pen.shadowBlur = tick === null ? 0 : 8 + 10 * glow;
      pen.beginPath();
      if (lane.drums) {
        // A hit has no length: a dot, larger when it is louder and for the instant in which it sounds.
        const radius = Math.max(1.8, Math.min(lane.step * 0.5, 5) * (0.5 + 0.5 * loud)) * (1 + 0.5 * glow);
        pen.arc(x + 3, y, radius, 0, 2 * Math.PI);
      } else {
        const thick = height * (0.5 + 0.5 * loud);
        const grown = Math.min(thick, Math.max(4, width + 2)) + 2 * glow; // a short note lies, it does not stand
        pen.roundRect(x + 0.5, y - grown / 2, width, grown, Math.min(3, grown / 2));
      }
      pen.fill();
    }
    pen.globalAlpha = 1;
    pen.shadowBlur = 0;
  }

  function drawPlayhead(tick) {
    const x = tickToX(tick);
    lightPen.fillStyle = paint.ink;
    lightPen.fillRect(x - 1, RULER - 8, 2, view.height);
    lightPen.beginPath();
    lightPen.arc(x, RULER - 9, HEAD, 0, 2 * Math.PI);
    lightPen.fill();
  }

  /* ---- hands ---- */

  function seekTo(event) {
    const x = event.clientX - light.getBoundingClientRect().left + box.scrollLeft - view.left;
    const tick = Math.max(0, Math.min(piece.ticks, x / view.pixelsPerTick));
    seek(window.musicgen.secondAt(piece, tick));
  }
  const pointed = (event) => {
    const tick = (event.clientX - light.getBoundingClientRect().left + box.scrollLeft - view.left) / view.pixelsPerTick;
    return Math.max(0, Math.min(piece.bars - 1, Math.floor(tick / piece.ticksPerBar)));
  };
  const onNumbers = (event) => event.clientY - light.getBoundingClientRect().top < RULER;
  let choosing = null; // the bar from which bars are chosen, and whether another was reached
  let dragging = false;
  let finger = false;
  light.addEventListener("pointerdown", (event) => {
    finger = event.pointerType === "touch";
    // A finger's drag scrolls the roll, its tap seeks (see click); a mouse's drag seeks.
    if (!piece || finger || event.button !== 0) return;
    if (onNumbers(event)) choosing = { first: pointed(event), moved: false };
    else dragging = true;
    light.setPointerCapture(event.pointerId);
    if (dragging) seekTo(event);
  });
  light.addEventListener("pointermove", (event) => {
    if (dragging) seekTo(event);
    light.classList.toggle("is-choosing", Boolean(piece) && !dragging && onNumbers(event));
    if (!choosing) return;
    const bar = pointed(event);
    choosing.moved ||= bar !== choosing.first;
    if (choosing.moved) mark({ from: Math.min(bar, choosing.first), to: Math.max(bar, choosing.first) + 1 });
  });
  for (const end of ["pointerup", "pointercancel"]) {
    light.addEventListener(end, (event) => {
      if (choosing && choosing.moved && end === "pointerup") choose(marked);
      else if (choosing) seekTo(event); // a click is a place, not bars
      dragging = false;
      choosing = null;
    });
  }
  light.addEventListener("click", (event) => { if (piece && finger) seekTo(event); });
  for (const scroll of ["wheel", "touchmove"]) {
    box.addEventListener(scroll, () => { handsOff = performance.now() + 2500; }, { passive: true });
  }
  box.addEventListener("scroll", () => {
    if (!piece) return;
    scrollTo(box.scrollLeft);
    if (!last.playing) draw(last.seconds, false);
  }, { passive: true });

  new ResizeObserver(layout).observe(box);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(layout, 50));
  new MutationObserver(layout).observe(document.body, { attributes: true, attributeFilter: ["class"] });

  return { show, draw, mark };
}
