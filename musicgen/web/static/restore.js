/* The panel's widgets follow `musicgen.restore`: what they are set to is in controls.py. */
document.addEventListener("musicgen:restore", () => trigger("submit"));
if (window.musicgen.wish) trigger("submit");
