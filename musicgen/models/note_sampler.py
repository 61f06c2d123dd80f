"""Drawing the notes of pieces from a `NoteDecoder`: a window wave by wave, as one compiled function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from musicgen.codec import COLUMNS, DURATIONS, MAX_PITCHES, VELOCITIES
from musicgen.models.asking import Asked, Steered
from musicgen.models.compiling import compiled
from musicgen.models.grid_codec import bar_mask, note_room, present_roles
from musicgen.models.note_decoder import MAX_CELL_NOTES, RANKS, TICKS, NoteDecoder
from musicgen.models.note_layers import END, ROLES
from musicgen.music import Music

_COLDEST = 1e-6
CHOICES = 4
"""Random numbers a note: for its tick, pitch, duration and velocity."""


class NoteSampler:
    """Draws the notes of pieces, those of long pieces window after window.

    Args:
        decoder: the network.
        levels: what ranks attributes, see `Asked.arrays`.
    """

    def __init__(self, decoder: NoteDecoder, levels: Steered) -> None:
        self.decoder, self.levels = decoder, levels
        self._draw: Callable[..., Any] = compiled(lambda *inputs: draw_notes(decoder, *inputs))

    def draw(
        self, latents: np.ndarray, time: np.ndarray, like: Music, asked: Asked, rng: np.random.Generator,
        given: np.ndarray | None = None, keep: np.ndarray | None = None, temperature: float = 1.0,
    ) -> np.ndarray:  # fmt: skip
        """The notes of the cells that are not kept, as the network goes on from those that are.

        Args:
            latents: of the piece, shape (bars, roles, latent size).
            time: how much of each cell's latents is believed, 0 to 1, shape (bars, roles), see `NoteDecoder`.
            like: whose length, metre and roles the piece has.
            asked: what it shall be.
            given: notes of the kept cells, rows of `codec.COLUMNS`; none if not given.
            keep: bool, shape (bars, roles); nothing is kept if not given.
            temperature: 1 draws as the network has learned, 0 takes the likeliest.

        Returns:
            Rows of `codec.COLUMNS`, int64, sorted by bar: the given notes and the new ones.
        """
        size, half = self.decoder.config.bars, self.decoder.config.bars // 2
        known = np.zeros((like.bars, ROLES), bool) if keep is None else np.array(keep, bool)
        rows = np.zeros((0, len(COLUMNS)), np.int64) if given is None else np.asarray(given, np.int64)
        x = (latents - np.asarray(self.decoder.mean)) / np.asarray(self.decoder.scale)
        x = time[..., None] * x + temperature * (1 - time[..., None]) * rng.standard_normal(x.shape)
        present, done = present_roles([track.role for track in like.tracks]), 0
        while done < like.bars:
            start = min(max(done - half, 0), max(like.bars - size, 0))
            here = slice(start, min(start + size, like.bars))
            bars = here.stop - start
            inside = rows[(rows[:, 0] >= start) & (rows[:, 0] < here.stop)]
            table = np.zeros((note_room(len(inside), size), 6), np.int32)
            table[:, 0] = -1
            table[: len(inside), 0] = (inside[:, 0] - start) * ROLES + inside[:, 1]
            table[: len(inside), 1:] = inside[:, 1:]
            uniform = rng.random((waves_of(size), MAX_CELL_NOTES, CHOICES, ROLES), np.float32)
            notes, counts = self._draw(
                _padded(x[here], size), _padded(time[here], size), _padded(known[here], size), table,
                bar_mask(bars, size), present, asked.arrays(self.levels, start), uniform,
                np.float32(max(temperature, _COLDEST)),
            )  # fmt: skip
            fresh = _rows_of(notes[0], counts[0], start)
            rows = np.concatenate([rows, fresh[~known[fresh[:, 0], fresh[:, 1]]]])
            known[here], done = True, here.stop
        return rows[np.lexsort((rows[:, 3], rows[:, 2], rows[:, 1], rows[:, 0]))]


def _padded(values: np.ndarray, size: int) -> np.ndarray:
    """One window of `size` bars, float32, with zeros after the bars that there are."""
    result = np.zeros((1, size, *values.shape[1:]), np.float32)
    result[0, : len(values)] = values
    return result


def _rows_of(notes: np.ndarray, counts: np.ndarray, start: int) -> np.ndarray:
    """Rows of `codec.COLUMNS` from what `draw_notes` says of one window, whose first bar is `start`."""
    bar, role, index = np.nonzero(np.arange(notes.shape[2]) < counts[..., None])
    return np.concatenate([np.stack([bar + start, role], axis=1), notes[bar, role, index]], axis=1).astype(np.int64)


def waves_of(bars: int) -> int:
    """How many waves draw a window of so many bars."""
    return bars + ROLES - 1


def draw_class(logits: Any, uniform: Any) -> Any:
    """A class by inversion of the cumulative distribution, int32, shape (n,); logits (n, classes), uniform (n,)."""
    shares = ops.softmax(logits, axis=-1)
    cumulative = ops.cumsum(shares, axis=-1)
    index = ops.sum(ops.cast(cumulative <= (uniform * cumulative[:, -1])[:, None], "int32"), axis=-1)
    last = logits.shape[-1] - 1 - ops.argmax(ops.cast(shares[:, ::-1] > 0, "int32"), axis=-1)
    return ops.minimum(index, ops.cast(last, "int32"))


def draw_notes(
    decoder: NoteDecoder, x: Any, time: Any, given_mask: Any, given_notes: Any, bar_mask: Any, present: Any,
    asked: dict[str, Any], uniform: Any, temperature: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """The notes of all cells that play and are not given.

    Args:
        x, time, given_mask, bar_mask, present, asked: as for `NoteDecoder`, of B windows of N bars.
        given_notes: int32, shape (n, 6), notes of the given cells as for the `VAE`.
        uniform: random numbers from 0 to 1, shape (N + R - 1, MAX_CELL_NOTES, CHOICES, R * B).

        temperature: divides all logits, more than 0.

    Returns:
        Tick, pitch, duration and velocity class of each note, int32, shape (B, N, R, MAX_CELL_NOTES, 4), and how many
        notes each cell has, int32, shape (B, N, R).
    """
    config = decoder.config
    bars, width = x.shape[1], config.width
    windows = x.shape[0]
    count = windows * ROLES
    role = ops.convert_to_tensor(np.repeat(np.arange(ROLES), windows).astype("int32"))  # of cells in (R, B)
    context = decoder.context(x, time, bar_mask, present, asked)
    memory = decoder.remember(given_notes, ops.reshape(context, (windows * bars * ROLES, width)))
    memory = ops.reshape(memory, (windows, bars * ROLES, width))
    remembered = [block.remember(memory) for block in decoder.history]
    keys = ops.stack([pair[0] for pair in remembered])
    values = ops.stack([pair[1] for pair in remembered])
    exists = bar_mask[:, :, None] * present[:, None]  # B, N, R
    window_ticks = decoder.ticks_of(asked["metre"])
    cell_ticks = ops.tile(window_ticks, (ROLES, 1))  # of cells in (R, B)
    context = ops.reshape(context, (windows, bars, ROLES, width))
    ranks = ops.convert_to_tensor(np.array(RANKS, "int32"))

    def note_step(state: tuple) -> tuple:
        (index, wave, last, done, cache_k, cache_v, out, number, cell, logits, features, silence) = state
        hidden = decoder.note_input(cell, role, last)
        new_k, new_v = [], []
        for i, block in enumerate(decoder.inner):
            hidden, k, v = block.step(hidden, cache_k[i], cache_v[i], index)
            new_k.append(k)
            new_v.append(v)
        hidden = decoder.inner_norm(hidden)
        chance = ops.take(ops.take(uniform, wave, axis=0), index, axis=0)
        rows = ops.arange(count, dtype="int32")
        onsets = ops.reshape(logits, (count * TICKS, MAX_PITCHES))
        begun = ops.minimum(last[:, 0], TICKS - 1)
        higher = ops.arange(MAX_PITCHES, dtype="int32")[None] > last[:, 1:2]
        rest = -ops.sum(ops.where(higher, ops.softplus(ops.take(onsets, rows * TICKS + begun, axis=0)), 0.0), axis=1)
        ticks = decoder.tick_logits(hidden, role, last, silence, rest, cell_ticks)
        tick = draw_class(ticks / temperature, chance[0])
        ends = tick == END
        tick = ops.minimum(tick, TICKS - 1)
        place = rows * TICKS + tick
        here = ops.take(ops.reshape(features, (count * TICKS, config.features)), place, axis=0)
        pitches, known = decoder.pitch_logits(hidden, role, last, tick, ops.take(onsets, place, axis=0), here)
        # the last pitch of a tick may be the highest one: then there is none, and the cell ends
        ends = ops.logical_or(ends, ops.max(pitches, axis=-1) < -1e8)
        pitch = draw_class(pitches / temperature, chance[1])
        durations, velocities = decoder.class_logits(known, role, pitch, here)
        duration = draw_class(durations / temperature, chance[2])
        duration = ops.where(role == ROLES - 1, 0, duration)
        velocity = draw_class(velocities / temperature, chance[3])
        done = ops.logical_or(done, ends)
        note = ops.stack([tick, pitch, duration, velocity], axis=-1)
        out = ops.slice_update(out, ops.stack([0, index, 0]), ops.where(done[:, None], 0, note)[:, None])
        number = number + ops.cast(ops.logical_not(done), "int32")
        return (
            index + 1, wave, note, done, ops.stack(new_k), ops.stack(new_v), out, number, cell, logits, features,
            silence,
        )  # fmt: skip

    def wave_step(wave: Any, state: tuple) -> tuple:
        keys, values, heard, notes, numbers = state
        bar = wave - ranks  # R
        inside = ops.logical_and(bar >= 0, bar < bars)
        bar = ops.clip(bar, 0, bars - 1)
        at = ops.cast(ops.arange(bars)[:, None] == bar[None], "float32") * ops.cast(inside, "float32")  # N, R
        active = at[None] * exists * (1.0 - given_mask)  # B, N, R
        own = ops.einsum("nr,bnrw->brw", ops.cast(at, context.dtype), context)
        cells = own
        silent = (1.0 - ops.reshape(heard, (windows, 1, 1, bars * ROLES))) * -1e9
        for i, block in enumerate(decoder.history):
            place = block.place_bias(bar, ops.arange(ROLES), bars)
            cells = block(cells, keys[i], values[i], silent + ops.cast(place, "float32")[None])
        by_role = ops.transpose(cells, (1, 0, 2))
        logits, features = decoder.cell_logits(by_role, window_ticks)
        silence = ops.reshape(-ops.sum(ops.softplus(logits), axis=-1), (count, TICKS))
        cell = ops.reshape(decoder.cell_in(by_role), (count, config.inner_width))
        playing = ops.reshape(ops.transpose(ops.sum(active, axis=1), (1, 0)), (count,))
        start = ops.convert_to_tensor(np.array([[TICKS, MAX_PITCHES, len(DURATIONS), len(VELOCITIES)]], "int32"))
        cache = ops.zeros((config.inner_blocks, count, MAX_CELL_NOTES, config.inner_width), cell.dtype)
        begin = (
            ops.convert_to_tensor(np.int32(0)), wave, ops.tile(start, (count, 1)), playing < 0.5, cache, cache,
            ops.zeros((count, MAX_CELL_NOTES, 4), "int32"), ops.zeros((count,), "int32"), cell, logits, features,
            silence,
        )  # fmt: skip
        end = ops.while_loop(
            lambda *s: ops.logical_and(s[0] < MAX_CELL_NOTES, ops.logical_not(ops.all(s[3]))),
            lambda *s: note_step(s),
            begin,
        )
        out, number = end[6], end[7]
        real = ops.arange(MAX_CELL_NOTES)[None] < number[:, None]
        index = ops.where(real, ops.arange(count, dtype="int32")[:, None], -1)
        table = ops.concatenate(
            [index[..., None], ops.broadcast_to(role[:, None, None], (count, MAX_CELL_NOTES, 1)), out], axis=-1
        )
        fresh = decoder.remember(
            ops.reshape(table, (count * MAX_CELL_NOTES, 6)), ops.reshape(ops.transpose(own, (1, 0, 2)), (count, width))
        )
        fresh = ops.transpose(ops.reshape(fresh, (ROLES, windows, width)), (1, 0, 2))
        where = ops.reshape(active, (windows, bars * ROLES, 1)) > 0.5
        new_keys: list[Any] = []
        new_values: list[Any] = []
        for i, block in enumerate(decoder.history):
            for target, each, old in zip(
                (new_keys, new_values), block.remember(fresh), (keys[i], values[i]), strict=True
            ):
                target.append(ops.where(where, ops.tile(each, (1, bars, 1)), old))
        heard = ops.maximum(heard, active)
        now = ops.cast(active > 0.5, "int32")
        by_window = ops.transpose(ops.reshape(out, (ROLES, windows, MAX_CELL_NOTES, 4)), (1, 0, 2, 3))
        notes = notes + now[..., None, None] * by_window[:, None]
        numbers = numbers + now * ops.transpose(ops.reshape(number, (ROLES, windows)), (1, 0))[:, None]
        return ops.stack(new_keys), ops.stack(new_values), heard, notes, numbers

    state = (
        keys, values, ops.cast(given_mask, "float32") * exists,
        ops.zeros((windows, bars, ROLES, MAX_CELL_NOTES, 4), "int32"), ops.zeros((windows, bars, ROLES), "int32"),
    )  # fmt: skip
    state = ops.fori_loop(0, waves_of(bars), wave_step, state)
    return state[3], state[4]
