"""What the benchmark of fitting changes, and what it compares."""

import numpy as np
import pytest

from benchmarks.fitting import OPERATIONS, same_root
from musicgen.music import Music, Note, Track
from tests.tiny import tiny_vae


def chord(*pitches: int) -> Music:
    return Music((Track("chords", 0, tuple(Note(0, pitch, 48, 80) for pitch in pitches)),), 1)


def test_the_root_is_compared_and_not_the_quality() -> None:
    c_major, c_minor, f_major = chord(60, 64, 67), chord(60, 63, 67), chord(60, 65, 69)
    assert same_root(c_major, c_minor) == 1
    assert same_root(c_major, f_major) == 0
    assert np.isnan(same_root(Music((), 1), c_major))


@pytest.mark.parametrize(("name", "kept"), [("part", "bass"), ("accompany", "melody"), ("another style", "melody")])
def test_an_operation_leaves_the_rest_as_it_was(name: str, kept: str) -> None:
    parts = (Track(role, 0, (Note(0, pitch, 12, 80),)) for role, pitch in (("melody", 72), ("bass", 36)))
    song = Music(tuple(parts), 16)
    assert OPERATIONS[name](tiny_vae(), song, 0).notes(kept) == song.notes(kept)
