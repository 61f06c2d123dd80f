"""Long pieces are changed window by window."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen.errors import RequestError
from musicgen.models.windows import CONTEXT, WINDOW, change_by_windows, find_windows
from musicgen.music import MAX_BARS, Music, Note, Track
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


def test_a_piece_of_64_bars_goes_on():
    assert tiny_vae().continue_(long_piece(64), 8, 1).bars == 72


def test_a_piece_that_has_no_room_left_does_not():
    with pytest.raises(RequestError, match=r"fewer than 320 bars to go on\. Received: 320"):
        tiny_vae().continue_(replace(long_piece(4), bars=MAX_BARS), 1)
