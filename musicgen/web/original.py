"""The tab that says how original a piece is: what it shares with training songs, and what real songs share."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from functools import cache
from typing import Any

import gradio as gr

from musicgen.errors import CheckpointError
from musicgen.music import Music
from musicgen.originality import Answer, Finding, Index
from musicgen.web.desk import Desk
from musicgen.web.pieces import read_piece
from musicgen.web.theme import static

log = logging.getLogger(__name__)

_LABELS = {"melody": "Melody", "tune": "Melody, whatever its rhythm", "chords": "Chords"}


def build_original() -> gr.HTML:
    """The tab. It asks when it is in sight and a piece is on the stage."""
    return gr.HTML(
        html_template=static("original.html"),
        js_on_load=static("original.js"),
        apply_default_css=False,
        elem_id="original",
    )


@cache
def _index() -> Index:
    return Index.open()


def original(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """How original the piece `midi` is, as `answer` says it."""
    return answer(read_piece(desk.studio, values.get("midi")).music)


def answer(music: Music) -> dict[str, Any]:
    """How original a piece is: a headline, what is usual, and what was found of each kind."""
    try:
        found = _index().answer(music)
    except CheckpointError as error:  # all else of the page works
        log.warning("%s", error)
        why = "The index of training songs is missing here, or damaged."
        return {"headline": "How original this is cannot be said.", "usual": why, "kinds": []}
    melody = next(finding for finding in found.findings if finding.kind == "melody")
    return {
        "headline": headline(melody),
        "usual": usual(melody),
        "kinds": [_kind(finding) for finding in told(found)],
    }


def headline(melody: Finding) -> str:
    """One plain sentence."""
    if melody.reuse is None:
        return f"The melody has fewer than {melody.least} notes: too few to compare."
    if not melody.nearest:
        return f"No {melody.least} melody notes in a row are the same as in a training song."
    return f"{melody.longest} melody notes in a row are the same as in a training song."


def usual(melody: Finding) -> str:
    """What songs that were kept from training share; "" where that is not known."""
    if melody.usual is None or melody.reuse is None:
        return ""
    many = round(100 * melody.usual)
    count = "Fewer than 1" if not many and melody.usual else "None" if not many else f"{many}"
    share = "as many" if melody.nearest else f"{melody.least} or more"
    return f"{count} of 100 real songs that were kept from training share {share}, in as many bars."


def told(found: Answer) -> list[Finding]:
    """The findings to show: of the tune only where it says more than the melody."""
    melody = next((finding.longest for finding in found.findings if finding.kind == "melody"), 0)
    return [finding for finding in found.findings if finding.kind != "tune" or finding.longest > melody]


def _kind(finding: Finding) -> dict[str, Any]:
    if finding.reuse is None:
        none = f"Too short to compare, which takes {finding.least} {finding.unit}."
    else:
        none = f"No {finding.least} {finding.unit} in a row are as in a training song."
    return {
        "label": _LABELS[finding.kind],
        "none": none,
        "shared": [
            {
                "length": f"{shared.length} {finding.unit}",
                "first": shared.first_bar,
                "last": shared.last_bar,
                "title": shared.song.title,
                "composer": shared.song.composer,
                "from": shared.song_bar,
                "source": shared.song.source,
                "licence": shared.song.licence,
                "link": shared.song.link,
            }
            for shared in finding.nearest
        ],
    }


ACTIONS = {"original": original}
