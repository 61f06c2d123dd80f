"""The Markov floor: what can be told of a piece from its past, on pieces where that is plain to see."""

import numpy as np

from musicgen.evaluation.markov_floor import MarkovFloor
from musicgen.evaluation.reconstruction import framewise_accuracy, hold_floor
from musicgen.music import Music, Note, Track


def bass(*pitches: int, length: int = 12) -> Music:
    """A note a beat."""
    return Music((Track("bass", 33, tuple(Note(12 * i, p, length, 80) for i, p in enumerate(pitches))),), 4)


TURN = bass(*[36, 43, 40, 43] * 4)


def test_what_always_followed_is_foretold() -> None:
    floor = MarkovFloor([TURN] * 4)
    assert floor.accuracy(TURN, "bass") == 1
    assert floor.onset_f1(TURN, "bass") == 1


def test_what_is_new_is_not() -> None:
    floor = MarkovFloor([TURN] * 4)
    other = bass(*[38, 41, 45, 41] * 4)
    assert floor.onset_f1(other, "bass") == 0
    # it still knows where notes begin, so that it is right on the sixteenths between them
    assert floor.accuracy(other, "bass") == hold_floor(other, "bass") == 48 / 64


def test_it_sees_the_past_alone() -> None:
    floor = MarkovFloor([TURN] * 4)
    broken = bass(*[36, 43, 40, 43] * 3, 36, 43, 40, 38)
    missed = 1 - floor.accuracy(broken, "bass")
    assert missed == 1 / 64  # the one note that is other than ever before


def test_the_likeliest_of_two_ways_is_followed() -> None:
    often, seldom = bass(*[36, 43] * 8), bass(*[36, 45] * 8)
    floor = MarkovFloor([often] * 3 + [seldom])
    assert floor.accuracy(often, "bass") > floor.accuracy(seldom, "bass")


def test_falling_silent_is_foretold_too() -> None:
    short = bass(*[36] * 16, length=6)
    floor = MarkovFloor([short] * 4)
    assert floor.accuracy(short, "bass") == 1
    held = framewise_accuracy(short, Music((), 4), "bass")
    assert held < 1


def test_a_silent_role_has_no_floor_and_an_unheard_one_that_of_holding() -> None:
    floor = MarkovFloor([TURN] * 4)
    assert np.isnan(floor.accuracy(TURN, "melody"))
    assert np.isnan(floor.onset_f1(TURN, "melody"))
    tune = Music((Track("melody", 73, (Note(0, 72, 12, 90),)),), 1)
    assert floor.accuracy(tune, "melody") == hold_floor(tune, "melody")
    assert floor.onset_f1(tune, "melody") == 0
