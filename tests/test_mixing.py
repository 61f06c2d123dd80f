"""What a mix does to the sound: volumes from nothing to full, at one loudness."""

from __future__ import annotations

import numpy as np
import pytest

from musicgen.audio import PEAK, Renderer
from musicgen.errors import AudioError
from musicgen.export.faders import LONGEST, faders
from musicgen.midi import from_midi, to_midi
from musicgen.music import Music, Note, Track
from musicgen.roles import INSTRUMENTS, KITS, ROLE_NAMES, STYLES
from musicgen.web.theme import static


@pytest.mark.parametrize("volume", [0, 1, 127])
def test_any_volume_for_all_roles_renders_without_noise_or_clipping(
    renderer: Renderer, small_music: Music, volume: int
) -> None:
    data = to_midi(small_music, volumes=dict.fromkeys(ROLE_NAMES, volume))
    assert from_midi(data).tracks == small_music.tracks
    samples = renderer.render(data).samples.astype(float) / 32767
    loudest = float(np.abs(samples).max())
    if volume == 127:
        assert 0.2 < loudest <= PEAK + 1e-4
    else:
        assert loudest < 1e-3, "what cannot be heard is not made loud"


def test_every_style_plays_on_instruments_that_have_a_name() -> None:
    names = [name for _, family in INSTRUMENTS for name in family]
    assert len(names) == len(set(names)) == 128
    assert all(len(family) == 8 for _, family in INSTRUMENTS)
    assert {style.kit for style in STYLES} <= set(KITS)
    assert (names[0], names[24], names[40], names[73], names[127]) == (
        "Grand piano", "Nylon guitar", "Violin", "Flute", "Gunshot",
    )  # fmt: skip


def test_the_roles_of_a_very_long_piece_are_not_played_one_by_one(renderer: Renderer) -> None:
    long = Music((Track("bass", 33, (Note(0, 36, 12, 80),)),), bars=320, tempo=100)
    with pytest.raises(AudioError, match=r"Expected a piece of at most 300 seconds .*\. Received: 768; mix it"):
        faders(to_midi(long), renderer)
    assert f"const LONGEST = {LONGEST:g};" in static("stems.js")  # so that the page does not ask
