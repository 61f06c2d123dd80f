"""Chords of a visitor's own that belong to another key than the one that is chosen; see `static/chords.js`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from musicgen.errors import RequestError
from musicgen.harmony import better_key, transpose_progression
from musicgen.music import Key
from musicgen.request import Request
from musicgen.web.desk import Desk


def check_chords(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """Where `chords` fit another key better than the `key` that is chosen: that one, and the chords moved to `key`."""
    request = Request(chords=values.get("chords"), key=values.get("key", ""))  # type: ignore[arg-type]
    if request.chords is None or not isinstance(request.key, Key):
        raise RequestError("Expected chords and a key. Received: something else; reload the page.")
    other = better_key(request.chords, request.key)
    if other is None:
        return {}
    return {"key": str(other), "moved": transpose_progression(request.chords, other, request.key)}


ACTIONS = {"check_chords": check_chords}
