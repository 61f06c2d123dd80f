"""Which bars come back in a form."""

import numpy as np

from musicgen.models.asking import Asked, in_order
from musicgen.models.themes import Themes
from musicgen.request import Request

RNG = np.random.default_rng(0)
FRESH = np.arange(16, dtype=np.float32)[:, None]


def test_a_section_that_returns_has_the_noise_of_the_first() -> None:
    noise = Themes(("A", "B", "A", "C"), 16, (1,), RNG).noise(0, FRESH)[:, 0]
    assert noise.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15]


def test_a_variation_shares_most_of_it() -> None:
    noise = Themes(("A", "A'"), 8, (1,), RNG).noise(0, np.random.default_rng(0).standard_normal((8, 1)))[:, 0]
    assert 0.6 < np.corrcoef(noise[:4], noise[4:])[0, 1] < 1


def test_a_variation_keeps_some_of_the_chords_and_a_theme_that_returns_all() -> None:
    ways = {tuple(Themes(("A", "B", "A'", "A"), 16, (1,), np.random.default_rng(seed)).chords) for seed in range(20)}
    kept = {tuple(bar - 8 for bar in range(8, 12) if way[bar] == bar - 8) for way in ways}
    assert kept == {(0, 1), (2, 3), (0, 1, 2), (1, 2, 3)}
    assert {way[:8] + way[12:] for way in ways} == {(0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3)}


def test_without_a_form_nothing_returns() -> None:
    themes, latents = Themes(None, 16, (1,), RNG), FRESH.copy()
    themes.repeat(latents, 0)
    assert (themes.noise(0, FRESH) == FRESH).all() and (latents == FRESH).all()


def test_a_theme_returns_but_for_its_last_bar() -> None:
    latents = FRESH.copy()
    Themes(("A", "A", "A'", "B"), 16, (1,), RNG).repeat(latents, 0)
    assert latents[:, 0].tolist() == [0, 1, 2, 3, 0, 1, 2, 7, 8, 9, 10, 11, 12, 13, 14, 15]


def test_a_long_piece_remembers_its_themes_from_window_to_window() -> None:
    themes = Themes(("A", "B", "C", "D", "A", "B", "C", "D"), 32, (1,), RNG)
    themes.noise(0, FRESH)
    later = themes.noise(8, FRESH + 100)[:, 0]  # the window goes on from the middle of the first
    assert later[8:].tolist() == [0, 1, 2, 3, 4, 5, 6, 7]


def test_sections_are_as_long_as_they_are_asked_to_be() -> None:
    themes = Themes(("A", "B", "A"), 20, (1,), RNG, length=8)
    assert themes.first.tolist() == [*range(16), 0, 1, 2, 3], "the last one is cut"
    latents = np.arange(12.0)
    Themes(("A", "A"), 12, (1,), RNG, length=6).repeat(latents, 0)
    assert latents.tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 11], "its last bar leads to what comes next"


def test_a_network_is_told_long_sections_as_the_sections_of_four_bars_that_it_has_learned() -> None:
    form = Asked.of(Request(bars=32, form="ABA'C")).form
    assert form is not None
    a, b, varied, c = (0, 2), (4, 6), (1, 3), (8, 10)
    assert form[::4].tolist() == [*a, *b, *varied, *c]
    assert in_order(form[8:24])[::4].tolist() == [0, 2, 4, 6], "a window that has not heard what it varies"
    assert Asked.of(Request(bars=12, form="AAB")).form.tolist() == [0] * 8 + [2] * 4  # type: ignore[union-attr]
