"""How much a change changes, and how the draw is chosen that changes as much as was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from musicgen.models.redrawing import changed_share, redraw_by
from musicgen.music import Music, Note, Track
from musicgen.roles import ROLE_NAMES

ALL = np.ones((1, 5), bool)
NONE = ~ALL


def hits(*onsets: int) -> Music:
    return Music((Track("drums", 0, tuple(Note(onset, 36, 3, 100) for onset in onsets)),), 1)


FOUR = hits(0, 12, 24, 36)


def test_a_share_counts_what_went_and_what_came() -> None:
    assert changed_share(FOUR, FOUR, ALL) == 0
    assert changed_share(FOUR, hits(0, 12, 24, 40), ALL) == 0.25
    assert changed_share(FOUR, hits(0, 12), ALL) == pytest.approx(1 / 3), "two of six are gone"
    assert changed_share(FOUR, hits(1, 2), ALL) == 1


def test_a_share_is_of_the_cells_asked_about_and_of_none_without_notes() -> None:
    drums = np.array([[role == "drums" for role in ROLE_NAMES]])
    tune = Music((Track("melody", 0, (Note(0, 60, 12, 90),)), *FOUR.tracks), 1)
    other = Music((Track("melody", 0, (Note(0, 62, 12, 90),)), *FOUR.tracks), 1)
    assert changed_share(tune, other, drums) == 0 and changed_share(tune, other, ~drums) == 1
    assert changed_share(FOUR, other, ~drums) is None


def moved(count: int) -> Music:
    """`FOUR` with so many of its hits at another place."""
    return hits(*(onset + (index < count) for index, onset in enumerate((0, 12, 24, 36))))


def test_the_strength_is_sought_that_changes_as_much_as_asked() -> None:
    """A network that does nothing below strength .8, as those of today nearly do."""
    strengths = []

    def draw(heard: np.ndarray, strength: float, seed: int) -> Music:
        strengths.append(strength)
        return moved(0 if strength < 0.8 else 2 if strength < 0.95 else 4)

    assert redraw_by(0.5, draw, FOUR, NONE, seed=3) == moved(2)
    assert len(strengths) <= 4


def test_where_the_other_roles_decide_all_they_are_not_heard() -> None:
    """A network that is sure of these drums as long as it hears what is kept."""
    keep = np.array([[role != "drums" for role in ROLE_NAMES]])

    def draw(heard: np.ndarray, strength: float, seed: int) -> Music:
        return moved(0 if heard.any() else 3)

    assert redraw_by(1.0, draw, FOUR, keep, seed=3) == moved(3)


def test_a_change_that_cannot_be_had_exactly_is_no_copy() -> None:
    def draw(heard: np.ndarray, strength: float, seed: int) -> Music:
        return moved(0 if seed == 3 else 3)

    assert redraw_by(0.3, draw, FOUR, NONE, seed=3) == moved(3)


def test_what_was_empty_is_drawn_once() -> None:
    seeds = []

    def draw(heard: np.ndarray, strength: float, seed: int) -> Music:
        seeds.append(seed)
        return FOUR

    assert redraw_by(1.0, draw, hits(), NONE, seed=9) == FOUR
    assert seeds == [9]
