"""Long pieces are changed window by window."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen.edits import apply
from musicgen.errors import RequestError
from musicgen.models.leaning import lean, style_vector
from musicgen.models.windows import CONTEXT, WINDOW, change_by_windows, find_windows
from musicgen.music import MAX_BARS, Music, Note, Track
from musicgen.recipe import Edit, Recipe
from musicgen.roles import ROLE_NAMES
from tests.tiny import tiny_vae


def long_piece(bars: int) -> Music:
    """A quarter on each beat of the melody, a whole note of the bass in each bar, their pitches telling the bars."""
    tune = tuple(Note(12 * beat, 60 + beat // 4 % 12, 12, 80) for beat in range(4 * bars))
    low = tuple(Note(48 * bar, 36 + bar % 12, 48, 80) for bar in range(bars))
    return Music((Track("melody", 73, tune), Track("bass", 33, low)), bars)


@given(st.integers(WINDOW + 1, MAX_BARS), st.randoms(use_true_random=False), st.floats(0.01, 1))
def test_every_bar_that_changes_is_in_one_window_and_has_bars_before_it(bars, random, share):
    changing = np.array([random.random() < share for _ in range(bars)])
    seen = np.zeros(bars, int)
    for start, first, end in find_windows(changing):
        assert 0 <= start <= first < end <= start + WINDOW <= bars
        assert first == 0 or first - start >= min(CONTEXT, first) or start == bars - WINDOW
        assert changing[first] and changing[end - 1]
        seen[first:end] += changing[first:end]
    assert (seen == changing).all()


def test_bars_that_nobody_changes_cost_nothing():
    changing = np.zeros(320, bool)
    changing[[100, 101, 300]] = True
    assert list(find_windows(changing)) == [(69, 100, 102), (256, 300, 301)]


def test_only_the_cells_that_are_not_kept_change():
    piece = long_piece(150)
    keep = np.ones((150, len(ROLE_NAMES)), bool)
    keep[70:130, ROLE_NAMES.index("melody")] = False

    def up(part: Music, mask: np.ndarray, number: int) -> Music:
        assert part.bars == WINDOW
        return part.transposed(12)

    changed = change_by_windows(piece, keep, up)
    assert changed.notes("bass") == piece.notes("bass")
    expected = tuple(
        note._replace(pitch=note.pitch + 12) if 70 <= note.onset // 48 < 130 else note
        for note in piece.notes("melody")
    )  # fmt: skip
    assert changed.notes("melody") == expected


def test_a_model_changes_the_end_of_a_long_piece_and_goes_on_from_it():
    composer, piece = tiny_vae(), long_piece(100)
    keep = np.ones((100, len(ROLE_NAMES)), bool)
    keep[90:] = False
    varied = composer.vary(piece, 1.0, 1, keep)
    assert varied.excerpt(0, 90) == piece.excerpt(0, 90)
    longer = composer.continue_(piece, 8, 1)
    assert longer.bars == 108 and longer.excerpt(0, 100) == piece


def test_a_long_piece_goes_through_a_model_bar_by_bar():
    composer, piece = tiny_vae(), long_piece(100)
    again = composer.reconstruct(piece)
    assert again.bars == 100 and again.notes("melody")[-1].onset >= 64 * 48
    # windows of 16 bars know nothing of one another: the same bars come back in the same way
    assert composer.encode(piece)[96:] == pytest.approx(composer.encode(piece.excerpt(96, 4)), abs=1e-5)


def test_all_bars_of_a_long_piece_lean_towards_a_style(monkeypatch: pytest.MonkeyPatch):
    composer, piece = tiny_vae(), long_piece(100)
    vector, resample, seen = style_vector(composer, [piece.transposed(5)]), composer.resample, []

    def listening(latents: np.ndarray, *rest: object) -> np.ndarray:
        seen.extend([latents, resample(latents, *rest)])  # type: ignore[arg-type]
        return seen[-1]

    monkeypatch.setattr(composer, "resample", listening)
    assert lean(composer, piece, vector, 1.0, 1).bars == 100
    moved, settled = seen
    role = ROLE_NAMES.index("melody")
    assert moved[:, role].mean(axis=0) == pytest.approx(vector[role], abs=1e-5)
    assert (np.abs(settled - moved)[:, role].max(axis=1) > 0).all()  # each bar was led back to music


def test_between_a_long_piece_and_a_short_one_lies_a_long_one():
    composer, piece, other = tiny_vae(), long_piece(100), replace(long_piece(65), tempo=80.0).excerpt(0, 8)
    path = composer.morph(piece, other, 3)
    assert [(music.bars, music.tempo) for music in path] == [(100, 120), (100, 100), (100, 80)]
    assert path[0] == composer.reconstruct(piece)
    repeated = composer.encode(other)[np.arange(100) % 8]
    assert path[2] == composer.decode(repeated, replace(other, bars=100))
    edit = Edit("morph", partners=(Recipe(composer.identity, source="x"),), weights=(0.5, 0.5))
    assert apply(composer, piece, edit, [other]).bars == 100


def test_a_piece_of_64_bars_goes_on():
    assert tiny_vae().continue_(long_piece(64), 8, 1).bars == 72


def test_a_piece_that_has_no_room_left_does_not():
    with pytest.raises(RequestError, match=r"fewer than 320 bars to go on\. Received: 320"):
        tiny_vae().continue_(replace(long_piece(4), bars=MAX_BARS), 1)
