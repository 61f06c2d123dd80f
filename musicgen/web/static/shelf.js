/* The pieces of the history in the browser's own storage, a key for each, so that two tabs of the page do not write over
   one another. What is damaged there is dropped; where nothing can be stored, the history lasts as long as the page.

   openShelf() -> { entries, put(entry), drop(entry), trail(), setTrail(trail) }; an entry is { at, kept, piece }. */
const MOST_ENTRIES = 40; // without those that have a star
const MOST_CHARACTERS = 3500000; // browsers give a page some five million

function openShelf() {
  const PREFIX = "musicgen:piece:";
  const TRAIL = "musicgen:trail";
  let entries = [];
  const storage = guarded(() => {
    localStorage.setItem(PREFIX, "");
    localStorage.removeItem(PREFIX);
    return localStorage;
  }, null);

  const numbers = (values) => values.every(Number.isFinite);
  const fits = (piece) => piece
    && [piece.id, piece.title, piece.midi].every((text) => typeof text === "string")
    && numbers([piece.bars, piece.ticks, piece.ticksPerBar, piece.ticksPerBeat, piece.secondsPerTick]) && piece.ticks > 0
    && (piece.clock === undefined || (Array.isArray(piece.clock) && piece.clock.length > 0
      && piece.clock.every((row) => Array.isArray(row) && row.length === 3 && numbers(row))))
    && Array.isArray(piece.facts) && Array.isArray(piece.lanes)
    && piece.lanes.every((lane) => lane && typeof lane.role === "string" && Array.isArray(lane.notes)
      && lane.notes.every((note) => Array.isArray(note) && note.length === 4 && numbers(note)));

  function guarded(action, otherwise) {
    try {
      return action();
    } catch { // no storage here, or it is full
      return otherwise;
    }
  }

  function read(key) {
    return guarded(() => JSON.parse(storage.getItem(key)), null);
  }

  function load() {
    const keys = Object.keys(storage || {}).filter((key) => key.startsWith(PREFIX));
    for (const key of keys) {
      const entry = read(key);
      if (entry && Number.isFinite(entry.at) && fits(entry.piece) && key === PREFIX + entry.piece.id) {
        entries.push({ at: entry.at, kept: Boolean(entry.kept), piece: entry.piece });
      } else {
        storage.removeItem(key);
      }
    }
    entries.sort((a, b) => a.at - b.at);
  }

  const write = (key, value) => guarded(() => { storage.setItem(key, JSON.stringify(value)); return true; }, false);
  const size = (entry) => (entry.size ??= JSON.stringify(entry.piece).length);

  function drop(entry) {
    entries = entries.filter((other) => other !== entry);
    if (storage) storage.removeItem(PREFIX + entry.piece.id);
  }

  /* Store an entry, new or changed; the oldest without a star make room for it. */
  function put(entry) {
    if (!entries.includes(entry)) entries.push(entry);
    // a file's address is of this session, and the sound is made again when it is asked for
    const { audio, later, notice, ...piece } = entry.piece;
    const shown = window.musicgen.piece && window.musicgen.piece.id;
    const oldest = () => entries.find((other) => !other.kept && other !== entry && other.piece.id !== shown);
    const loose = () => entries.filter((other) => !other.kept).length;
    const characters = () => entries.reduce((sum, other) => sum + size(other), 0);
    while ((loose() > MOST_ENTRIES || characters() > MOST_CHARACTERS) && oldest()) drop(oldest());
    while (storage && !write(PREFIX + piece.id, { at: entry.at, kept: entry.kept, piece }) && oldest()) drop(oldest());
  }

  load();
  return {
    get entries() { return entries; },
    put,
    drop,
    trail: () => read(TRAIL),
    setTrail: (trail) => write(TRAIL, trail),
  };
}
