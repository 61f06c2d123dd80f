"""The sound of each role by itself, for the mixer: levels are heard while they are set, see `static/stems.js`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from musicgen.export.faders import STRETCH_SECONDS
from musicgen.web.desk import Desk
from musicgen.web.files import url
from musicgen.web.pieces import piece_id, read_piece


def stems(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """What `static/stems.js` plays of the piece `midi`: the fields of `Faders`, the files by their addresses."""
    piece = read_piece(desk.studio, values.get("midi"))
    index = desk.shelf.path(piece_id(piece), "stems.json")
    if index.exists():
        return json.loads(index.read_bytes())  # type: ignore[no-any-return]
    faders = desk.studio.faders(piece)
    paths = [desk.shelf.path(piece_id(piece), f"stems-{number:03}.flac") for number in range(len(faders.stretches))]
    urls = [url(desk.shelf.put(path, data)) for path, data in zip(paths, faders.stretches, strict=True)]
    answer = {
        "roles": list(faders.usual), "usual": faders.usual, "level": faders.level, "stretch": STRETCH_SECONDS,
        "urls": urls,
    }  # fmt: skip
    desk.shelf.put(index, json.dumps(answer).encode())
    return answer


ACTIONS = {"stems": stems}
