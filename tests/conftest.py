"""Shared fixtures: small pieces, and one synthesiser for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from musicgen.audio import Renderer
from musicgen.midi import to_midi
from musicgen.music import Key, Music, Note, Track
from tests.browser import browser, phone, server, visit  # noqa: F401 (fixtures)
from tests.little_corpus import prepare_little_songs

# the same examples on every run and machine; no deadline, as a shared machine can be slow
settings.register_profile("musicgen", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("musicgen")


@pytest.fixture(scope="session")
def small_music() -> Music:
    """Two bars at 120 beats a minute, 4 seconds, every role playing."""
    return Music(
        (
            Track("melody", 73, (Note(0, 72, 12, 90), Note(12, 74, 8, 80), Note(20, 76, 4, 80), Note(48, 79, 48, 96))),
            Track("chords", 0, tuple(Note(onset, pitch, 40, 70) for onset in (0, 48) for pitch in (60, 64, 67))),
            Track("pad", 48, tuple(Note(0, pitch, 96, 60) for pitch in (48, 55))),
            Track("bass", 33, (Note(0, 36, 24, 90), Note(24, 43, 24, 80), Note(48, 36, 48, 90))),
            Track("drums", 0, tuple(Note(12 * beat, 36 if beat % 2 == 0 else 38, 3, 100) for beat in range(8))),
        ),
        bars=2,
        tempo=120.0,
        key=Key.parse("C major"),
        style="jazz",
    )


@pytest.fixture(scope="session")
def small_midi(small_music: Music) -> bytes:
    return to_midi(small_music, {"model": "test", "request": {"seed": 7}})


@pytest.fixture(scope="session")
def renderer() -> Iterator[Renderer]:
    yield Renderer()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small encoded data set, see `little_corpus`."""
    out = tmp_path_factory.mktemp("data") / "out"
    prepare_little_songs(tmp_path_factory.mktemp("corpus"), out)
    return out
