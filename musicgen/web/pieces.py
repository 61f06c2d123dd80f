"""A piece as the page's scripts take it, and back. It travels as its MIDI file: the server keeps nothing of it."""

from __future__ import annotations

import base64
import binascii
import hashlib
from pathlib import Path

from musicgen import midi
from musicgen.compose import Result, Studio
from musicgen.errors import RequestError
from musicgen.export.chord_symbols import name_bars
from musicgen.export.names import CHANGED, file_stem, title_of
from musicgen.harmony import write_progression
from musicgen.music import FOUR_FOUR, Music
from musicgen.recipe import Recipe, link_text
from musicgen.roles import ROLE_NAMES, ROLES, STYLE_BY_NAME
from musicgen.web.files import url
from musicgen.web.shape import measured

MAX_BYTES = 400_000
"""Largest MIDI file that the page takes; 64 dense bars have 60,000."""
MAX_NOTES = 20_000
"""Most notes that the page takes; a synthesiser needs some 4 s for them."""


def piece_value(result: Result, sound: Path | None = None, later: bool = False) -> dict[str, object]:
    """A piece as plain numbers, strings and lists.

    Args:
        sound: the file that the page plays.
        later: there is no such file yet, but the server makes it when it is asked to.
    """
    music, recipe, mix = result.music, result.recipe, result.recipe.mix
    chords = name_bars(music, recipe.to_dict())
    return {
        "id": piece_id(result),
        "stem": stem_of(result),
        "title": title_of(music.style, music.key, recipe.source),
        "facts": facts_of(recipe, music.bars, music.tempo, music.style, music.metre.name, bool(music.later_tempos)),
        "bars": music.bars,
        "tempo": music.tempo,
        "humanise": mix.humanise,
        "swing": mix.swing,
        "key": str(music.key),
        "style": music.style,
        "ticks": music.ticks,
        "metre": music.metre.name,
        "ticksPerBar": music.ticks_per_bar,
        "ticksPerBeat": music.metre.ticks_per_beat,
        "secondsPerTick": midi.seconds(music) / music.ticks,
        "clock": midi.clock(music),
        "lanes": [
            lane
            | {
                "program": next((track.program for track in music.tracks if track.role == role), None),
                "volume": mix.volumes.get(role, midi.MIX[role][0]),
            }
            for lane, role in zip(_lanes(music), ROLE_NAMES, strict=True)
        ],
        "midi": base64.b64encode(result.midi).decode(),
        "kind": recipe.kind,
        "request": None if result.request is None else result.request.to_dict(),
        "sections": _sections(result),
        "chords": [list(names) for names in chords],
        "progression": write_progression(chords) if chords else "",
        "measured": measured(music),
        "edits": [edit.kind for edit in recipe.edits],
        "link": link_text(recipe),
        "audio": url(sound) if sound else None,
        "later": later,
        "said": list(result.said),
        "hearing": [] if result.request is None else list(result.request.hearing),
        "notice": result.notice,
    }


def _sections(result: Result) -> list[dict[str, object]]:
    """The sections that were asked for: name, first bar from 0, and bars; none once a morph made another piece."""
    request = result.request
    if request is None or request.sections is None or any(edit.kind == "morph" for edit in result.recipe.edits):
        return []
    length = request.section_length
    starts = range(0, request.bars, length)
    return [
        {"name": name, "first": first, "bars": min(length, request.bars - first)}
        for name, first in zip(request.sections, starts, strict=True)
    ]


def sketch_value(music: Music) -> dict[str, object]:
    """What a roll shows of a piece, in the fields of `piece_value`."""
    seconds, clock = midi.seconds(music) / music.ticks, midi.clock(music)
    return {
        "bars": music.bars, "ticks": music.ticks, "secondsPerTick": seconds, "clock": clock, "lanes": _lanes(music),
    }  # fmt: skip


def _lanes(music: Music) -> list[dict[str, object]]:
    return [
        {
            "role": role.name,
            "label": role.label,
            "drums": role.is_drums,
            "notes": [[note.onset, note.pitch, note.duration, note.velocity] for note in music.notes(role.name)],
        }
        for role in ROLES
    ]


def read_piece(studio: Studio, text: object) -> Result:
    """The piece that a script sends back as the `midi` of its value.

    Raises:
        RequestError: this is nothing that the page sends.
        MidiError: it is no MIDI file, or has more notes than the page takes.
    """
    return studio.read(decode_upload(text), trust=True, most_notes=MAX_NOTES)


def decode_upload(text: object) -> bytes:
    """The bytes of a file that a script sends in base64.

    Raises:
        RequestError: this is no base64, or more than the page takes.
    """
    if not isinstance(text, str) or len(text) > 4 * MAX_BYTES // 3 + 4:
        raise RequestError(f"Expected a MIDI file of at most {MAX_BYTES // 1000} kB. Received: a larger one, or none.")
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise RequestError("Expected a MIDI file. Received: something else; reload the page.") from None


def piece_id(result: Result) -> str:
    """Names a piece by its content: the same request to the same model has the same id."""
    return content_id(result.midi)


def content_id(data: bytes) -> str:
    """The id of the piece that is in a MIDI file of ours."""
    return hashlib.sha256(data).hexdigest()[:20]


def stem_of(result: Result) -> str:
    """File name of a piece without its ending, such as "jazz-in-f-major-seed7"."""
    return file_stem(result.midi, result.music.style, result.music.key, result.recipe.to_dict())


def facts_of(recipe: Recipe, bars: int, tempo: float, style: str, metre: str, changing: bool = False) -> list[str]:
    """What is written beside the title: length, metre but 4/4, tempo, seed or file, and what was changed.

    Args:
        tempo: at the beginning.
        changing: whether it is another one later.
    """
    pace = f"{round(tempo, 2):g} BPM{' at first' * changing}"
    facts = [f"{bars} bars", *([] if metre == FOUR_FOUR.name else [metre]), pace]
    if recipe.request is not None:
        facts.append(f"seed {recipe.request.seed}")
    elif style in STYLE_BY_NAME and recipe.source:
        facts.append(recipe.source[:40])
    changes = [CHANGED[edit.kind] for edit in recipe.edits]
    return facts + ([changes[-1] if len(changes) == 1 else f"{len(changes)} changes"] if changes else [])
