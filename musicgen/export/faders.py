"""The sound of each role by itself, in stretches that a mixer loads one after the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from musicgen.audio import RATE, Audio, Renderer
from musicgen.errors import AudioError
from musicgen.export.sound import flac
from musicgen.midi import MIX, from_midi, seconds

STRETCH_SECONDS = 8.0
"""So much is decoded at once: all of a long piece, role by role, would take hundreds of megabytes."""
LONGEST = 300.0
"""Seconds of a piece: five roles of ten minutes took 4 GB of memory."""


@dataclass(frozen=True)
class Faders:
    """What a mixer plays.

    Args:
        usual: role to the channel volume at which it is played here.
        level: the factor that makes all roles together as loud as the mix.
        stretches: a FLAC file for each `STRETCH_SECONDS`, with the roles one after the other, in the order of `usual`.
    """

    usual: dict[str, int]
    level: float
    stretches: tuple[bytes, ...]


def faders(midi: bytes, renderer: Renderer) -> Faders:
    """Each role of a file of ours at its usual volume, whatever the file says.

    Raises:
        MidiError, AudioError: as for `Renderer.render_faders`; or the piece is longer than `LONGEST`.
    """
    if (long := seconds(from_midi(midi))) > LONGEST:  # before the work, not after it
        raise AudioError(
            f"Expected a piece of at most {LONGEST:g} seconds to hear each role by itself. Received: {long:.0f}; "
            "mix it and play it again."
        )
    by_role, level = renderer.render_faders(midi)
    frames = round(STRETCH_SECONDS * RATE)
    length = max((len(sound.samples) for sound in by_role.values()), default=0)
    stretches = tuple(
        flac(Audio(np.concatenate([sound.samples[start : start + frames] for sound in by_role.values()])))
        for start in range(0, length, frames)
    )
    return Faders({role: MIX[role][0] for role in by_role}, level, stretches)
