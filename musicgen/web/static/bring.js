/* What a visitor brings to the page, and the ways between its regions. Gradio makes a tab's contents when it is first
   opened, so what is for them lies here until then: musicgen.dropped (files), musicgen.handed (pieces to morph). */
(() => {
  const { musicgen } = window;
  const MOST_BYTES = 400000; // as pieces.MAX_BYTES: no use in sending more

  function openTab(name) {
    const tabs = [...document.querySelectorAll("#workbench [role=tab], #workbench .overflow-dropdown button")];
    const tab = tabs.find((each) => each.textContent.trim() === name);
    if (tab) tab.click();
  }

  /* A file as a piece of the server's making: its answer, or null after the visitor was told what is wrong with it.
     `keepBeat`: of a performance, take the beat of the file and none that is found. */
  async function takeIn(file, keepBeat = false) {
    if (file.size > MOST_BYTES) {
      const size = Math.ceil(file.size / 1000).toLocaleString("en");
      musicgen.toast(`Expected a MIDI file of at most ${MOST_BYTES / 1000} kB. Received: ${size} kB.`);
      return null;
    }
    const data = await new Promise((resolve) => {
      const reader = new FileReader();
      reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
      reader.onerror = () => resolve(null);
      reader.readAsDataURL(file);
    });
    if (data !== null) return musicgen.ask("take_in", { name: file.name, data, keep_beat: keepBeat });
    musicgen.toast("Expected a file. Received: something that the browser cannot read.");
    return null;
  }

  /* Pieces for the upper corners of the morph pad, which comes to the front; null for one of its own choice. */
  function between(pieces) {
    musicgen.handed = pieces;
    openTab("Morph");
    musicgen.tell("between");
  }

  /* A file may be dropped anywhere: the browser would leave the page for it. */
  const carriesFiles = (event) => event.dataTransfer && [...event.dataTransfer.types].includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    musicgen.tell("over", { on: true });
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) musicgen.tell("over", { on: false }); });
  document.addEventListener("drop", (event) => {
    musicgen.tell("over", { on: false });
    if (!carriesFiles(event)) return;
    event.preventDefault();
    musicgen.dropped = [...event.dataTransfer.files];
    openTab("Your music");
    musicgen.tell("dropped");
  });

  Object.assign(musicgen, { takeIn, between, dropped: null, handed: null });
})();
