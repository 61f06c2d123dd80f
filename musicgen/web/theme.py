"""Looks: a Gradio theme with the system's own fonts, and the page's style sheet."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

STATIC = Path(__file__).parent / "static"
ICON = STATIC / "icon.svg"

_SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "Arial", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "Liberation Mono", "monospace")


def static(name: str) -> str:
    """The text of a file in `static/`."""
    return (STATIC / name).read_text(encoding="utf-8")


# Plain names and no gr.themes.GoogleFont: the page must ask no other host for anything.
THEME = gr.themes.Base(font=_SANS, font_mono=_MONO, radius_size="lg", spacing_size="md", text_size="md").set(
    body_background_fill="#f4f1ea",
    body_background_fill_dark="#11141b",
    body_text_color="#20242e",
    body_text_color_dark="#eceae4",
)

# page.css has what all regions share; a region has a file of its own.
_STYLES = static("page.css") + "".join(
    static(path.name) for path in sorted(STATIC.glob("*.css")) if path.stem != "page"
)

# In the head, not in `css=`: Gradio prefixes every selector of `css` with its container, and the root's and the
# body's rules would be lost.
HEAD = f"""<style>{_STYLES}</style>
<script>{static("common.js")}{static("bring.js")}</script>"""
