"""The page: widgets, piano roll, events. The only importer of Gradio, and not before it is asked to build or launch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import gradio as gr

    from musicgen.compose import Studio

__all__ = ["build_page", "launch"]


def build_page(studio: Studio) -> tuple[gr.Blocks, dict[str, Any]]:
    """The page around a studio, and the `app_kwargs` for its `launch`. Composes the example piece."""
    from musicgen.web.page import build_page as build

    return build(studio)


def launch() -> None:
    """Open the studio, build the page and serve it until the process ends. Settings: see `musicgen.web.server`."""
    from musicgen.web.server import serve

    serve()
