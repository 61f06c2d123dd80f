"""What a `NoteDecoder` learns by: the cost of each note, given those before it."""

from __future__ import annotations

from typing import Any

from keras import ops

from musicgen.codec import MAX_PITCHES
from musicgen.models.note_layers import END, ROLES
from musicgen.music import CELL_TICKS as TICKS


def sum_losses(
    decoder: Any, context: Any, cells: tuple[Any, Any, Any], tokens: Any, time: Any, given: Any, training: bool
) -> dict[str, Any]:
    """Nats a note of the next tick or end, of its pitch, duration and velocity.

    Args:
        decoder: the `NoteDecoder`.
        context: of each cell, shape (B, N * R, width), the notes that it hears included.
        cells: `NoteDecoder.cell_logits` of it, and which ticks each bar has, shape (B * N, ticks).
        tokens, time, given: as for `NoteDecoder.call`.

    Returns:
        Scalars: "loss", in which velocities count half; "tick", "pitch", "duration", "velocity"; and "exact" and
        "vague", all of them of cells whose time is above .9 and below .5.
    """
    logits, features, exists = cells
    cell, role = tokens[:, 0], ops.maximum(tokens[:, 0], 0) % ROLES
    real = ops.cast(cell >= 0, "float32") * (1.0 - ops.take(ops.reshape(given, (-1,)), ops.maximum(cell, 0)))
    last, following = tokens[:, 1:5], tokens[:, 5:9]
    windows_bars = logits.shape[1] if logits.shape[1] is not None else ops.shape(logits)[1]
    row = role * windows_bars + ops.maximum(cell, 0) // ROLES  # of a cell in (R, B * N)
    silence = -ops.sum(ops.softplus(logits), axis=-1)  # R, B*N, ticks
    onsets = ops.reshape(logits, (-1, MAX_PITCHES))
    begun = ops.minimum(last[:, 0], TICKS - 1)
    at_last = ops.take(onsets, row * TICKS + begun, axis=0)
    higher = ops.arange(MAX_PITCHES, dtype="int32")[None] > last[:, 1:2]
    rest = -ops.sum(ops.where(higher, ops.softplus(at_last), 0.0), axis=1)
    inputs = ops.reshape(decoder.cell_in(context), (-1, decoder.config.inner_width))
    hidden = decoder.note_input(ops.take(inputs, ops.maximum(cell, 0), axis=0), role, last)
    for block in decoder.inner:
        hidden = block(hidden, cell, training=training)
    hidden = decoder.inner_norm(hidden)
    silent = ops.take(ops.reshape(silence, (-1, TICKS)), row, axis=0)
    exists = ops.take(exists, ops.maximum(cell, 0) // ROLES, axis=0)
    ticks = decoder.tick_logits(hidden, role, last, silent, rest, exists)
    tick_loss = _cross_entropy(ticks, following[:, 0]) * real
    noted = real * ops.cast(following[:, 0] < END, "float32")
    tick = ops.minimum(following[:, 0], TICKS - 1)
    place = row * TICKS + tick
    here = ops.take(ops.reshape(features, (-1, decoder.config.features)), place, axis=0)
    pitches, state = decoder.pitch_logits(hidden, role, last, tick, ops.take(onsets, place, axis=0), here)
    pitch_loss = _cross_entropy(pitches, following[:, 1]) * noted
    durations, velocities = decoder.class_logits(state, role, following[:, 1], here)
    pitched = ops.cast(role < ROLES - 1, "float32")
    duration_loss = _cross_entropy(durations, following[:, 2]) * noted * pitched
    velocity_loss = _cross_entropy(velocities, following[:, 3]) * noted
    notes = ops.maximum(ops.sum(noted), 1.0)
    each = tick_loss + pitch_loss + duration_loss + velocity_loss
    known = ops.take(ops.reshape(time, (-1,)), ops.maximum(cell, 0))
    exact, vague = ops.cast(known > 0.9, "float32"), ops.cast(known < 0.5, "float32")
    loss = ops.sum(tick_loss + pitch_loss + duration_loss + 0.5 * velocity_loss) / notes
    return {
        "loss": loss, "tick": ops.sum(tick_loss) / notes, "pitch": ops.sum(pitch_loss) / notes,
        "duration": ops.sum(duration_loss) / notes, "velocity": ops.sum(velocity_loss) / notes,
        "exact": ops.sum(each * exact) / ops.maximum(ops.sum(noted * exact), 1.0),
        "vague": ops.sum(each * vague) / ops.maximum(ops.sum(noted * vague), 1.0),
    }  # fmt: skip


def _cross_entropy(logits: Any, classes: Any) -> Any:
    return ops.sparse_categorical_crossentropy(classes, logits, from_logits=True)
