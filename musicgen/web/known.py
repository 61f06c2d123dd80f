"""Pieces that were read lately, by the hash of their files: so a script need not send a file with every call.

Nothing of a visitor's: a piece depends on its file alone, and who knows the hash has had the file.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping

from musicgen.compose import Result, Studio
from musicgen.errors import RequestError
from musicgen.web.pieces import MAX_NOTES, content_id, decode_upload

ROOM = 400_000
"""Notes that are remembered in all, some 80 MB."""
_EACH = 1000
"""What a piece counts for beside its notes."""


class Known:
    """The pieces that were used last, as many as there is room for. Any number of threads may use it.

    Args:
        room: notes that are remembered in all.
    """

    def __init__(self, studio: Studio, room: int = ROOM) -> None:
        self.studio, self.room = studio, room
        self._pieces: OrderedDict[str, Result] = OrderedDict()
        self._used = 0
        self._lock = threading.Lock()

    def find(self, value: object) -> Result | None:
        """A piece of {"id", "midi"} as `piece_value` has them; without `midi`, None where it is not remembered.

        Raises:
            RequestError: this is nothing that the page sends.
            MidiError: the file is no MIDI file.
        """
        if not isinstance(value, Mapping) or not isinstance(value.get("id"), str):
            raise RequestError("Expected a piece. Received: something else; reload the page.")
        data = None if value.get("midi") is None else decode_upload(value["midi"])
        name = value["id"] if data is None else content_id(data)
        with self._lock:
            if name in self._pieces:
                self._pieces.move_to_end(name)
                return self._pieces[name]
        if data is None:
            return None
        piece = self.studio.read(data, trust=True, most_notes=MAX_NOTES)
        with self._lock:
            if name not in self._pieces:
                self._pieces[name] = piece
                self._used += _cost(piece)
            while self._used > self.room and len(self._pieces) > 1:
                self._used -= _cost(self._pieces.popitem(last=False)[1])
        return piece


def _cost(piece: Result) -> int:
    return piece.music.note_count + _EACH
