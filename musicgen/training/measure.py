"""What is watched while a VAE trains: free-running reconstruction of songs that it has not heard."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from musicgen.corpus.dataset import Piece
from musicgen.models.compiling import compiled
from musicgen.models.decoding import choose_onsets
from musicgen.models.vae import VAE
from musicgen.roles import ROLE_NAMES
from musicgen.training.batches import collate, room_for

ROLES = len(ROLE_NAMES)


def reconstruction(vae: VAE, windows: Sequence[tuple[np.ndarray, Piece, int]], size: int = 16) -> dict[str, float]:
    """Onset F1, note density ratio, and exact duration and velocity class rates, per role, micro-averaged.

    An onset counts as found when (bar, tick, pitch) agree exactly. Durations and velocities are judged on the
    real onsets. Latents are means; nothing of the original reaches the decoder but them, style and roles.

    Args:
        windows: of `batches.every_window`.
        size: windows per batch.
    """
    bars = vae.config.bars

    @compiled
    def run(notes, bar_mask, present, style):  # type: ignore[no-untyped-def]
        mean, _ = vae.encode(notes, bar_mask, present)
        logits, features = vae.decode(mean, bar_mask, present, style)
        cell, role, tick, pitch = (notes[:, i] for i in range(4))
        place = (role * size * bars + keras.ops.maximum(cell, 0) // ROLES) * 48 + tick
        durations, velocities = vae.note_classes(features, place, role, pitch)
        best = keras.ops.argmax(durations, axis=-1), keras.ops.argmax(velocities, axis=-1)
        return keras.ops.sigmoid(logits), best[0], best[1]

    hits, found, real = np.zeros(ROLES), np.zeros(ROLES), np.zeros(ROLES)
    same_duration, same_velocity, judged = np.zeros(ROLES), np.zeros(ROLES), np.zeros(ROLES)
    room = room_for(windows, size)
    for start in range(0, len(windows), size):
        chunk = list(windows[start : start + size])
        empty = [(windows[0][0][:0], windows[0][1], 0)] * (size - len(chunk))  # the compiled shape is fixed
        batch = collate(chunk + empty, bars, room)
        probabilities, durations, velocities = run(batch["notes"], batch["bar_mask"], batch["present"], batch["style"])
        cells = (batch["bar_mask"][:, :, None] * batch["present"][:, None]).transpose(2, 0, 1).reshape(ROLES, -1)
        rows = choose_onsets(probabilities * cells[:, :, None, None])
        truth = batch["onsets"]
        hits += np.bincount(rows[:, 0], truth[tuple(rows.T)], ROLES)
        found += np.bincount(rows[:, 0], minlength=ROLES)
        real += truth.sum(axis=(1, 2, 3))
        notes = batch["notes"]
        seen = notes[:, 0] >= 0
        role = notes[seen, 1]
        judged += np.bincount(role, minlength=ROLES)
        same_duration += np.bincount(role, (durations == notes[:, 4])[seen], ROLES)
        same_velocity += np.bincount(role, (velocities == notes[:, 5])[seen], ROLES)
    result = {}
    for i, name in enumerate(ROLE_NAMES):
        result[f"f1_{name}"] = float(2 * hits[i] / max(found[i] + real[i], 1))
        result[f"density_{name}"] = float(found[i] / max(real[i], 1))
        result[f"duration_{name}"] = float(same_duration[i] / max(judged[i], 1))
        result[f"velocity_{name}"] = float(same_velocity[i] / max(judged[i], 1))
    return result
