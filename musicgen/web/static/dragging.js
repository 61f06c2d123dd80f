/* The MIDI of the piece on the stage, or of one role, dragged from the page into a folder or a music program: from what
   has data-drag, "" for all of it or a role. Runs after downloads.js in the same function. */
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const textOf = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/* The chunks of a MIDI file: the header, and a track each. */
function chunksOf(bytes) {
  const view = new DataView(bytes.buffer);
  const found = [];
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = 8 + view.getUint32(at + 4);
    found.push(bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}

/* A number of seven bits a byte: [the number, where the next byte is]. */
function readNumber(bytes, at) {
  let value = 0;
  do value = (value << 7) | (bytes[at] & 127); while (bytes[at++] & 128);
  return [value, at];
}

/* The first track of a file of ours, without text that speaks of the whole: it has meta events alone. */
function withoutRecipe(track) {
  const kept = [];
  for (let at = 8; at < track.length;) {
    const begin = at;
    [, at] = readNumber(track, at);
    const kind = track[at + 1];
    let length = 0;
    [length, at] = readNumber(track, at + 2);
    const text = String.fromCharCode(...track.subarray(at, at + Math.min(length, 9)));
    at += length;
    if (kind !== 1 || !text.startsWith("musicgen")) kept.push(...track.subarray(begin, at));
  }
  const chunk = new Uint8Array(8 + kept.length);
  chunk.set(track.subarray(0, 4));
  new DataView(chunk.buffer).setUint32(4, kept.length);
  chunk.set(kept, 8);
  return chunk;
}

/* The file of one role: the first track, and its own. */
function roleFile(piece, role) {
  const [header, conductor, ...tracks] = chunksOf(bytesOf(piece.midi));
  const place = piece.lanes.filter((lane) => lane.program !== null).findIndex((lane) => lane.role === role);
  if (!tracks[place]) return null;
  const head = header.slice();
  new DataView(head.buffer).setUint16(10, 2);
  const parts = [head, withoutRecipe(conductor), tracks[place]];
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  parts.reduce((at, part) => { file.set(part, at); return at + part.length; }, 0);
  return textOf(file);
}

document.addEventListener("dragstart", (event) => {
  const source = event.target.closest && event.target.closest("[data-drag]");
  const { piece } = window.musicgen;
  if (!source || !piece) return;
  const role = source.dataset.drag;
  const data = role ? roleFile(piece, role) : piece.midi;
  if (!data) return event.preventDefault();
  const name = `${piece.stem}${role ? `-${role}` : ""}.mid`;
  const address = `data:audio/midi;base64,${data}`;
  event.dataTransfer.effectAllowed = "copy";
  event.dataTransfer.setData("DownloadURL", `audio/midi:${name}:${address}`); // a browser on Chromium writes the file
  event.dataTransfer.setData("text/uri-list", address);
});
