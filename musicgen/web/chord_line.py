"""The chords over the roll, a button a bar: one is changed, and the roles that are not locked there follow.

What is seen of it is in `static/player.html`, `static/chord_line.js` and `static/chord_line.css`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from musicgen.compose import Result
from musicgen.errors import RequestError
from musicgen.export.chord_symbols import name_bars
from musicgen.harmony import read_progression, write_progression
from musicgen.recipe import Edit
from musicgen.recipe_texts import mask_text
from musicgen.roles import PITCHED, ROLE_NAMES
from musicgen.web.desk import Desk
from musicgen.web.pieces import read_piece


def change_chords(desk: Desk, values: Mapping[str, Any]) -> dict[str, Any]:
    """The piece `midi` with other `chords` in a `bar`, counted from 0: the roles that are not `locked` there are made
    anew, by a `seed`.

    Raises:
        MusicgenError: there is no such bar, those are no chords of one bar, or no role is free to follow.
    """
    piece = read_piece(desk.studio, values.get("midi"))
    bars = name_bars(piece.music, piece.recipe.to_dict())
    bar, text, locked = values.get("bar"), values.get("chords"), values.get("locked")
    if isinstance(bar, bool) or not isinstance(bar, int) or not 0 <= bar < len(bars):
        raise RequestError("bar: expected a bar of the piece that has chords. Received: something else.")
    if not isinstance(text, str) or not isinstance(locked, list):
        raise RequestError("Expected chords and the roles that are locked. Received: something else; reload the page.")
    names = text.replace("|", " | ").strip(" |").split()
    read_progression(f"| {' '.join(names)} |")
    if "|" in names:
        raise RequestError("chords: expected those of one bar, such as Am or Am F. Received: more than one bar.")
    bars[bar] = names[0], names[-1]
    cells = _find_cells(piece, bar, locked)
    edit = Edit("infill", values.get("seed", 0), keep=mask_text(~cells), chords=write_progression(bars))
    made = desk.studio.change(piece, edit, sound=False)
    return {"piece": desk.value(made), "said": list(made.said)}


def _find_cells(piece: Result, bar: int, locked: list[Any]) -> np.ndarray:
    """The cells of a bar that follow its chords: of roles that have pitches, play in the piece and are not locked."""
    playing = [track.role for track in piece.music.tracks if track.notes]
    free = [ROLE_NAMES[place] in playing and ROLE_NAMES[place] not in locked for place in PITCHED]
    if not any(free):
        raise RequestError(
            f"Bar {bar + 1}: expected a role that may follow the chords. Received: all are locked; unlock one in Parts."
        )
    cells = np.zeros((piece.music.bars, len(ROLE_NAMES)), bool)
    cells[bar, list(PITCHED)] = free
    return cells


ACTIONS = {"change_chords": change_chords}
