"""Note-ons and note-offs of one pitch, and pedals, to the notes that sound."""

import pytest

from musicgen.midi_reading.pairing import NEVER, Pedals, pair_notes

ON, OFF = 90, 0


def sounding(*events: tuple[int, int], end: int = 100, **pedals: tuple) -> list[tuple[int, int]]:
    """(start, end) of each note."""
    return [(note.start, note.end) for note in pair_notes(events, Pedals(**pedals), end).notes]


@pytest.mark.parametrize(
    ("events", "notes"),
    [
        ([(0, ON), (10, OFF)], [(0, 10)]),
        # struck again on the tick on which it ends: whichever event stands first
        ([(0, ON), (10, OFF), (10, ON), (20, OFF)], [(0, 10), (10, 20)]),
        ([(0, ON), (10, ON), (10, OFF), (20, OFF)], [(0, 10), (10, 20)]),
        ([(0, ON), (10, ON), (10, OFF), (20, ON), (20, OFF), (30, OFF)], [(0, 10), (10, 20), (20, 30)]),
        # overlapping: the first ends where the second is struck, and the second has its own length
        ([(0, ON), (10, ON), (12, OFF), (20, ON), (22, OFF), (30, OFF)], [(0, 10), (10, 20), (20, 30)]),
        ([(0, ON), (5, ON), (20, OFF), (30, OFF)], [(0, 5), (5, 30)]),
        # note-offs that end nothing, or double another
        ([(0, OFF), (5, ON), (10, OFF), (11, OFF)], [(5, 10)]),
        ([(0, ON), (10, ON), (10, OFF), (10, OFF), (20, OFF)], [(0, 10), (10, 20)]),
        # fewer note-offs than notes: each ends what was struck before it
        ([(0, ON), (10, ON), (20, ON), (30, OFF), (40, ON), (50, OFF)], [(0, 10), (10, 20), (20, 30), (40, 50)]),
        # never ended: held to the end of the track
        ([(0, ON), (10, OFF), (20, ON)], [(0, 10), (20, 100)]),
        ([(0, ON), (10, ON), (10, OFF)], [(0, 10), (10, 100)]),
        ([(0, ON), (8, ON), (10, OFF), (16, ON), (16, OFF)], [(0, 8), (8, 16), (16, 100)]),
        # of no length
        ([(0, ON), (0, OFF)], [(0, 0)]),
        ([(0, ON), (0, OFF), (10, ON), (10, OFF)], [(0, 0), (10, 10)]),
        ([(0, ON), (0, OFF), (0, ON), (0, OFF)], [(0, 0), (0, 0)]),
        ([(0, ON), (0, OFF), (10, OFF)], [(0, 10)]),
        # two that begin together
        ([(0, ON), (0, ON), (10, OFF), (20, OFF)], [(0, 10), (0, 20)]),
    ],
)
def test_notes_of_one_pitch(events: list[tuple[int, int]], notes: list[tuple[int, int]]) -> None:
    assert sounding(*events) == notes


def test_a_note_keeps_its_own_velocity() -> None:
    events = [(0, 30), (10, 70), (10, OFF), (20, OFF)]
    assert [note.velocity for note in pair_notes(events, Pedals(), 100).notes] == [30, 70]


def test_the_sustain_pedal_holds_until_it_goes_up_or_the_pitch_is_struck_again() -> None:
    events = [(0, ON), (10, OFF), (30, ON), (35, OFF), (80, ON), (90, OFF)]
    assert sounding(*events, sustain=((5, 60),)) == [(0, 30), (30, 60), (80, 90)]
    assert pair_notes(events, Pedals(sustain=((5, 60),)), 100).held == 2


def test_a_pedal_that_goes_down_after_the_key_is_let_go_holds_nothing() -> None:
    assert sounding((0, ON), (10, OFF), sustain=((10, 60),)) == [(0, 10)]


def test_a_pedal_that_is_never_let_go_holds_to_the_end() -> None:
    assert sounding((0, ON), (10, OFF), sustain=((5, NEVER),)) == [(0, 100)]


def test_the_sostenuto_pedal_holds_only_what_sounds_when_it_goes_down() -> None:
    assert sounding((0, ON), (10, OFF), (20, ON), (25, OFF), sostenuto=((5, 60),)) == [(0, 20), (20, 25)]


def test_all_notes_off_lets_keys_go_and_all_sound_off_ends_what_a_pedal_holds() -> None:
    assert sounding((0, ON), releases=(40,)) == [(0, 40)]
    assert sounding((0, ON), releases=(40,), sustain=((5, 60),)) == [(0, 60)]
    assert sounding((0, ON), (10, OFF), silences=(40,), sustain=((5, 60),)) == [(0, 40)]
