"""The ear for styles: it names what it was taught, and is not told by tempo or instruments."""

from dataclasses import replace

import numpy as np
import pytest

from musicgen.evaluation.styles import StyleEar, described, heard_as_asked
from musicgen.music import Music, Note, Track


def beat(style: str, pulse: int, seed: int) -> Music:
    """Four bars of drums and bass that begin a note every `pulse` ticks, some left out."""
    rng = np.random.default_rng(seed)
    onsets = [tick for tick in range(0, 192, pulse) if rng.random() < 0.9]
    return Music(
        (
            Track("bass", 33, tuple(Note(tick, 36 + int(rng.integers(12)), 6, 90) for tick in onsets)),
            Track("drums", 0, tuple(Note(tick, 42, 3, 90) for tick in onsets)),
        ),
        bars=4,
        style=style,
    )


@pytest.fixture(scope="module")
def ear() -> StyleEar:
    return StyleEar([beat(style, pulse, seed) for style, pulse in (("rock", 6), ("jazz", 8)) for seed in range(20)])


def test_it_names_the_style_that_it_hears(ear: StyleEar) -> None:
    assert ear.names([beat("", 6, 100), beat("", 8, 101), beat("", 6, 102)]) == ["rock", "jazz", "rock"]


def test_it_does_not_hear_tempo_and_instruments(ear: StyleEar) -> None:
    piece = beat("rock", 6, 100)
    other = replace(piece, tempo=77.0, tracks=tuple(replace(track, program=5) for track in piece.tracks))
    assert np.array_equal(described([piece]), described([other]), equal_nan=True)


def test_the_ratio_compares_pieces_with_songs(ear: StyleEar) -> None:
    real = [beat(style, pulse, seed) for style, pulse in (("rock", 6), ("jazz", 8)) for seed in range(50, 54)]
    wrong = [beat("rock", 8, 60), beat("rock", 6, 61), beat("jazz", 8, 62), beat("jazz", 8, 63)]
    found = heard_as_asked(ear, real, wrong)
    assert found["styles"]["rock"] == {"real": 1, "generated": 0.5, "ratio": 0.5}
    assert found["all"] == {"real": 1, "generated": 0.75, "ratio": 0.75} and found["fewest"] == 0.5
