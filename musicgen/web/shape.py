"""The part of the panel that shapes the music: a slider for each attribute, chords and form, each to be left open."""

from __future__ import annotations

import math
from collections.abc import Mapping

import gradio as gr

from musicgen import attributes
from musicgen.compose import Result
from musicgen.errors import RequestError
from musicgen.music import Music
from musicgen.request import ATTRIBUTE_RANGES, SECTION_CHOICES, Request
from musicgen.web.theme import static

_SLIDERS = (
    ("density", "Density", "how many notes a bar has", 1.0),
    ("rhythm", "Syncopation", "how many of 100 notes are off the beat", 1.0),
    ("register", "Register", "how high it lies: the middle pitch", 1.0),
    ("polyphony", "Polyphony", "how many notes sound at once", 0.1),
    ("tension", "Tension", "how many of 100 intervals clash", 1.0),
)
"""Attribute, label, what it is as the page says it, and step."""
FORMS = ("AABA", "AAB", "ABAB", "ABAC", "AABB", "AAAB", "ABA'C", "ABCD")
FIELDS = (*attributes.ATTRIBUTES, "chords", "form", "section_bars")


def build_shape(result: Result) -> gr.HTML:
    """The sliders, telling what the piece measures."""
    sliders = [
        {"name": name, "label": label, "about": about, "step": step}
        | dict(zip(("least", "most"), ATTRIBUTE_RANGES[name][:2], strict=True))
        for name, label, about, step in _SLIDERS
    ]
    return gr.HTML(
        shape_value(result),
        html_template=static("shape.html"),
        js_on_load=static("shape.js") + static("chords.js"),
        apply_default_css=False,
        elem_id="shape",
        sliders=sliders,
        forms=list(FORMS),
        sections=list(SECTION_CHOICES),
        fields=list(FIELDS),
    )


def shape_value(result: Result) -> dict[str, object]:
    """What was asked for and what the piece measures, as the script takes it; null where undefined."""
    return {"asked": asked_of(result.request) if result.request else {}, "measured": measured(result.music)}


def measured(music: Music) -> dict[str, float | None]:
    """What a piece has of each attribute."""
    values = attributes.measure(music)
    return {name: None if math.isnan(value) else round(value, 2) for name, value in values.items()}


def asked_of(request: Request) -> dict[str, object]:
    """The fields of a request that this part of the panel sets."""
    return {name: getattr(request, name) for name in FIELDS if getattr(request, name) is not None}


def read_shape(value: object) -> dict[str, object]:
    """The fields of a `Request` that the panel asks for; their values are for the `Request` to check.

    Raises:
        RequestError: this is nothing that the page sends.
    """
    asked = value.get("asked") if isinstance(value, Mapping) else None
    if not isinstance(asked, Mapping) or not set(asked) <= set(FIELDS):
        raise RequestError(f"Expected fields among {', '.join(FIELDS)}. Received: something else; reload the page.")
    return {name: wish for name, wish in asked.items() if wish not in (None, "")}
