"""The stage: title, piano roll and transport. The drawing is `static/roll.js`, the transport `static/player.js`."""

from __future__ import annotations

from pathlib import Path

import gradio as gr

from musicgen import midi
from musicgen.compose import Result
from musicgen.music import TICKS_PER_BAR, TICKS_PER_BEAT
from musicgen.roles import ROLES, STYLE_BY_NAME
from musicgen.web.files import link, piece_id
from musicgen.web.theme import static

PLAYER_FORMAT = "flac"
"""What the page plays: sample-exact as WAV is, so the playhead is in step, at a third of its size."""


def build_player(result: Result, sound: Path | None) -> gr.HTML:
    """The stage, showing a piece."""
    return gr.HTML(
        player_value(result, sound),
        html_template=static("player.html"),
        js_on_load=static("roll.js") + static("player.js"),
        apply_default_css=False,
        elem_id="stage",
    )


def player_value(result: Result, sound: Path | None) -> dict[str, object]:
    """A piece as the page's scripts take it: plain numbers, strings and lists."""
    music, request = result.music, result.request
    return {
        "id": piece_id(result),
        "title": f"{STYLE_BY_NAME[request.style].label} in {music.key}",
        "facts": [f"{music.bars} bars", f"{music.tempo:g} BPM", f"seed {request.seed}"],
        "ticks": music.ticks,
        "ticksPerBar": TICKS_PER_BAR,
        "ticksPerBeat": TICKS_PER_BEAT,
        "secondsPerTick": midi.seconds(music) / music.ticks,
        "lanes": [
            {
                "role": role.name,
                "label": role.label,
                "drums": role.is_drums,
                "notes": [[note.onset, note.pitch, note.duration, note.velocity] for note in music.notes(role.name)],
            }
            for role in ROLES
        ],
        "audio": link(sound) if sound else None,
        "notice": result.notice,
    }
