"""What a piece and its files are called."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from musicgen.music import Key
from musicgen.roles import STYLE_BY_NAME

CHANGED = {
    "vary": "varied", "infill": "filled in", "accompany": "accompanied", "continue": "continued",
    "restyle": "restyled", "lean": "styled", "reconstruct": "reconstructed", "morph": "morphed", "mix": "remixed",
}  # fmt: skip
"""Kind of an edit to what a piece is after it."""
_LONGEST = 60


def title_of(style: str, key: Key | str, source: str | None = None) -> str:
    """What a piece is called: "Jazz in F major".

    Args:
        style: a name of `roles.STYLES`; for any other the piece is called after its file, or after the style.
        source: the name of the file that it began as, if it did.
    """
    known = STYLE_BY_NAME.get(style)
    name = known.label if known else _stem(source or style)[:40].strip() or "Piece"
    return f"{name} in {key}"


def file_stem(midi: bytes, style: str, key: Key, recipe: Mapping[str, Any] | None) -> str:
    """What its files are called, without an ending: "jazz-in-f-sharp-minor-seed7", "my-song-varied-1a2b3c".

    A piece that began as a file is called after that. Changed pieces have six digits of their content, as many differ
    in nothing else that a name can say.

    Args:
        midi: the piece's MIDI file.
        recipe: as `midi.read_recipe` gives it.
    """
    recipe = recipe or {}
    source, request, edits = recipe.get("source"), recipe.get("request"), recipe.get("edits")
    words = [_stem(source) if isinstance(source, str) else title_of(style, key)]
    if isinstance(request, Mapping) and isinstance(request.get("seed"), int):
        words.append(f"seed{request['seed']}")
    if isinstance(edits, (list, tuple)) and edits:
        kind = edits[0].get("kind") if len(edits) == 1 and isinstance(edits[0], Mapping) else None
        words += [CHANGED.get(str(kind), f"{len(edits)} changes"), hashlib.sha256(midi).hexdigest()[:6]]
    return _slug(words[0])[:_LONGEST].strip("-") + "".join(f"-{_slug(word)}" for word in words[1:])


def _stem(name: str) -> str:
    return re.sub(r"\.midi?$", "", name, flags=re.IGNORECASE)


def _slug(text: str) -> str:
    """Small letters and digits of any script, with a dash between words: no file system minds."""
    spoken = re.sub(r"(?<=\b[A-G])#", " sharp", text).lower()
    return re.sub(r"[\W_]+", "-", spoken).strip("-") or "piece"
