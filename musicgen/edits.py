"""An `Edit` on a piece: which method of a `Composer` it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from musicgen.errors import RequestError
from musicgen.models.base import Composer, refuse_several_metres
from musicgen.models.leaning import lean
from musicgen.music import MAX_BARS, Music, Track
from musicgen.new_chords import change_chords
from musicgen.recipe import Edit, Mix
from musicgen.recipe_texts import read_mask, read_vector
from musicgen.roles import ROLE_NAMES, STYLE_BY_NAME, STYLES

Encode = Callable[[Music], np.ndarray]


def apply(
    composer: Composer, music: Music, edit: Edit, partners: Sequence[Music] = (), encode: Encode | None = None
) -> Music:
    """The piece after a change.

    Args:
        composer: the model.
        music: the piece.
        edit: the change.
        partners: the pieces that the partners of a morph stand for.
        encode: `composer.encode`, or one that remembers.

    Raises:
        RequestError: the change does not fit the piece.
    """
    if edit.kind == "vary":
        return composer.vary(music, edit.strength, edit.seed, read_mask(edit.keep, music.bars))
    if edit.kind == "infill":
        whole, cells = with_roles(music, edit.roles), ~read_mask(edit.keep, music.bars)
        if edit.chords:
            return change_chords(composer, whole, cells, edit.chords, edit.seed)
        return composer.infill(whole, cells, edit.seed)
    if edit.kind == "accompany":
        return composer.accompany(music, edit.roles or ROLE_NAMES, edit.seed)
    if edit.kind == "continue":
        return composer.continue_(music, edit.bars, edit.seed)
    if edit.kind == "restyle":
        return composer.transfer(music, edit.style, edit.strength, edit.seed, read_mask(edit.keep, music.bars))
    if edit.kind == "lean":
        return lean(composer, music, read_vector(edit.vector), edit.strength, edit.seed)
    if edit.kind == "mix":
        return mixed(music, edit.mix)
    if edit.kind == "morph":
        return _morph(composer, [music, *partners], edit.weights, encode or composer.encode)
    return composer.reconstruct(music)


def cells_to_change(music: Music, edit: Edit) -> np.ndarray | None:
    """The cells that an edit of a piece is to change, bool, shape (bars, roles); None for one that is not of cells."""
    if edit.kind not in ("vary", "infill", "restyle"):
        return None
    free = ~read_mask(edit.keep, music.bars)
    return free & [role != "melody" for role in ROLE_NAMES] if edit.kind == "restyle" else free


def _morph(composer: Composer, pieces: list[Music], weights: Sequence[float], encode: Encode) -> Music:
    """Between pieces: as long as the longest, the tempo between theirs, all else that of the heaviest."""
    if len(pieces) != len(weights):
        raise RequestError(f"Expected {len(weights)} pieces for as many weights. Received: {len(pieces)}.")
    bars = max(piece.bars for piece in pieces)
    if bars > MAX_BARS:
        raise RequestError(f"Expected pieces of at most {MAX_BARS} bars. Received: {bars}.")
    refuse_several_metres(pieces)
    tempo = sum(piece.tempo * weight for piece, weight in zip(pieces, weights, strict=True)) / sum(weights)
    heaviest = pieces[int(np.argmax(weights))]
    like = replace(heaviest, bars=bars).at_tempo(round(tempo, 2))
    # at a corner the others are not in it at all, and need not be encoded
    here = [(encode(piece), weight) for piece, weight in zip(pieces, weights, strict=True) if weight > 0]
    return composer.blend([codes for codes, _ in here], [weight for _, weight in here], like)


def with_roles(music: Music, roles: Sequence[str]) -> Music:
    """The piece with an empty track for each of these roles that it has not."""
    style = STYLE_BY_NAME.get(music.style, STYLES[0])
    have = [track.role for track in music.tracks]
    added = tuple(Track(role, style.program(role), ()) for role in roles if role not in have)
    return replace(music, tracks=(*music.tracks, *added)) if added else music


def mixed(music: Music, mix: Mix) -> Music:
    """The piece with the tempo, at its beginning, and the instruments of a mix; its volumes are for `midi.to_midi`."""
    tracks = tuple(replace(track, program=mix.programs.get(track.role, track.program)) for track in music.tracks)
    result = replace(music, tracks=tracks)
    return result if mix.tempo is None else result.at_tempo(mix.tempo)
