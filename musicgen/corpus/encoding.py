"""A piece on its way to the data set: encoded notes, labels and facts, and a line of JSON to keep it between runs."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from musicgen import codec
from musicgen.corpus import labels
from musicgen.corpus.labels import UNPLACED, Place
from musicgen.music import FOUR_FOUR, METRES, Key, Music
from musicgen.roles import ROLE_NAMES


@dataclass(frozen=True)
class Encoded:
    """A piece without leading and trailing silence.

    Args:
        rows: notes in C major or A minor, `codec.COLUMNS`, int16, shape (notes, 6).
        labels: arrays with a row a bar, see `labels.measure`.
        key: the key the piece was in.
        key_confidence: of an estimated key, see `keys.estimate_key`; 2 of a stated one.
        filled: which of "tempo", "metre" and "key" the file does not say.
        programs: GM program of each role, -1 where the piece has no such role.
        cut: silent bars left out at the beginning.
        metre: a name of `music.METRES`.
        groove: MMA groove of an arrangement of a lead sheet; empty for all else.
    """

    style: str
    key: str
    key_confidence: float
    tempo: float
    filled: tuple[str, ...]
    programs: tuple[int, ...]
    bars: int
    cut: int
    rows: np.ndarray
    labels: dict[str, np.ndarray]
    metre: str = FOUR_FOUR.name
    groove: str = ""

    def music(self) -> Music:
        """The piece in C major or A minor."""
        names = [role for role, program in zip(ROLE_NAMES, self.programs, strict=True) if program >= 0]
        tracks = codec.empty_tracks([max(program, 0) for program in self.programs], names)
        mode = Key.parse(self.key).mode
        key = Key(9 if mode == "minor" else 0, mode)
        like = Music(tracks, self.bars, self.tempo, key, self.style, METRES[self.metre])
        return codec.decode(self.rows, like)


def encode(
    music: Music,
    key_confidence: float = 2.0,
    filled: tuple[str, ...] = (),
    chords: Sequence[tuple[int, str]] | None = None,
    place: Place = UNPLACED,
) -> Encoded | None:
    """Encode and label a piece; None if it has no notes that can be encoded.

    Args:
        music: the piece, in its key.
        key_confidence: see `Encoded`.
        filled: see `Encoded`.
        chords: (tick, MMA chord name) changes where they are known; they are estimated otherwise.
        place: where in its song the piece stands, silent bars included.
    """
    rows = codec.encode(music)
    if not len(rows):
        return None
    first, last = int(rows[:, 0].min()), int(rows[:, 0].max())
    bars = last - first + 1
    given = None
    if chords is not None:
        given = labels.given_chords(chords, music.bars, music.key.shift_to_normal, music.metre)[first : last + 1]
    place = replace(place, sections=place.sections[first : last + 1])
    rows[:, 0] -= first
    programs = {track.role: track.program for track in music.tracks if track.notes}
    return Encoded(
        music.style, str(music.key), round(float(key_confidence), 4), music.tempo, filled,
        tuple(programs.get(role, -1) for role in ROLE_NAMES), bars, first, rows,
        labels.measure(rows, bars, given, music.metre, place), music.metre.name,
    )  # fmt: skip


def without_end(piece: Encoded) -> Encoded:
    """The piece as one with which no song ends."""
    edges = piece.labels["edges"] & ~np.uint8(labels.ENDS)
    return replace(piece, labels={**piece.labels, "edges": edges})


def to_json(piece: Encoded) -> dict[str, Any]:
    """The piece as JSON values; `from_json` is the inverse."""
    values = {name: value for name, value in vars(piece).items() if name not in ("rows", "labels")}
    arrays = {"rows": piece.rows.astype(np.int16), **piece.labels}
    packed = {name: base64.b64encode(zlib.compress(array.tobytes(), 1)).decode() for name, array in arrays.items()}
    return {**values, "arrays": packed}


def from_json(values: dict[str, Any]) -> Encoded:
    """The inverse of `to_json`.

    Raises:
        ValueError, KeyError or TypeError: the values are no piece.
    """
    bars = values["bars"]
    raw = {name: zlib.decompress(base64.b64decode(text)) for name, text in values["arrays"].items()}
    found = {
        name: np.frombuffer(raw[name], kind).reshape(bars, *shape) for name, (shape, kind) in labels.LABELS.items()
    }
    rows = np.frombuffer(raw["rows"], np.int16).reshape(-1, len(codec.COLUMNS))
    rest = {name: value for name, value in values.items() if name != "arrays"}
    rest |= {"filled": tuple(values["filled"]), "programs": tuple(values["programs"])}
    return Encoded(**rest, rows=rows, labels=found)


__all__ = ["Encoded", "encode", "from_json", "to_json", "without_end"]
