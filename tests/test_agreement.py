"""Roles that listen to each other before their notes are chosen."""

import numpy as np
import pytest

from musicgen.models.agreement import agreeing, in_harmony, matched
from musicgen.roles import ROLE_NAMES, ROLES

C, CIS, G = 60, 61, 67


def chances(**roles: dict[int, float]) -> np.ndarray:
    """Probabilities of one bar in which roles begin MIDI pitches on its first tick."""
    table = np.zeros((5, 1, 48, 48), np.float32)
    for role, pitches in roles.items():
        for pitch, chance in pitches.items():
            table[place(role, pitch)] = chance
    return table


def place(role: str, pitch: int, tick: int = 0) -> tuple[int, int, int, int]:
    index = ROLE_NAMES.index(role)
    return index, 0, tick, pitch - ROLES[index].low


@pytest.mark.parametrize("role", ["melody", "chords", "pad"])
def test_what_the_other_roles_play_becomes_likelier(role: str) -> None:
    other = "chords" if role != "chords" else "pad"
    after = agreeing(chances(**{role: {C: 0.5, CIS: 0.5}, other: {C: 0.9, G: 0.9}}))
    assert after[place(role, CIS)] < 0.45 < 0.55 < after[place(role, C)]
    assert after[place(role, C)] + after[place(role, CIS)] == pytest.approx(1, abs=0.02)  # as much as before


def test_a_melody_follows_the_chords_and_not_the_bass() -> None:
    before = chances(melody={C: 0.5, CIS: 0.5}, bass={C - 24: 0.9})
    assert np.array_equal(agreeing(before), before)


def test_of_tones_outside_the_chord_a_melody_has_those_that_do_not_clash() -> None:
    before = chances(melody={CIS: 0.5, 62: 0.5}, chords={C: 0.9, 64: 0.9, G: 0.9})
    after = agreeing(before)
    assert after[place("melody", CIS)] < 0.47 < 0.53 < after[place("melody", 62)]


def test_a_melody_keeps_to_the_chords_on_beats_and_passes_between_them() -> None:
    def gain(tick: int) -> float:
        before = chances(chords={C: 0.9, G: 0.9})
        for pitch in (C, CIS):
            before[place("melody", pitch, tick)] = 0.5
        return float(agreeing(before)[place("melody", C, tick)] - 0.5)

    assert gain(12) > 1.5 * gain(6) > 2 * gain(3) > 0


def test_octaves_are_the_same_pitch_class() -> None:
    after = agreeing(chances(pad={C: 0.5, CIS: 0.5}, bass={C - 24: 1.0}))
    assert after[place("pad", C)] > 0.55


def test_a_role_that_plays_alone_stays_as_it_is() -> None:
    alone = chances(melody={C: 0.7, CIS: 0.2})
    assert np.array_equal(agreeing(alone), alone)


def test_bass_and_drums_lead() -> None:
    before = chances(bass={36: 0.5, 37: 0.5}, drums={}, chords={C: 0.9})
    before[4] = 0.3
    after = agreeing(before)
    assert np.array_equal(after[3:], before[3:])


def test_the_half_bar_before_still_rings_and_the_one_after_is_not_there_yet() -> None:
    late = chances(pad={C: 1.0, G: 0.6})
    late[place("chords", C, 24)] = late[place("chords", CIS, 24)] = 0.5
    assert agreeing(late)[place("chords", C, 24)] > 0.55
    early = chances(chords={C: 0.5, CIS: 0.5})
    early[place("pad", C, 24)] = 1.0
    assert agreeing(early)[place("chords", C)] == pytest.approx(0.5, abs=0.01)


def test_silence_stays_silent_and_all_stay_probabilities() -> None:
    rng = np.random.default_rng(0)
    before = np.where(rng.random((5, 4, 48, 48)) < 0.01, rng.random((5, 4, 48, 48)), 0).astype(np.float32)
    after = agreeing(before)
    assert np.array_equal(after > 0, before > 0)
    assert after.max() <= 1 and after.dtype == np.float32


def test_without_weight_nothing_changes() -> None:
    before = chances(chords={C: 0.5, CIS: 0.5}, pad={C: 0.9, G: 0.9})
    assert agreeing(before, 0.0) == pytest.approx(before, abs=1e-6)
    assert matched(before, 0.0) == pytest.approx(before, abs=1e-6)


def test_chords_and_pad_play_one_harmony() -> None:
    before = chances(chords={C: 0.9, G: 0.9, CIS: 0.45}, pad={C: 0.9, G: 0.3, CIS: 0.3, CIS + 1: 0.3})
    after = matched(before, 1.85)
    assert after[place("pad", G)] > 0.5 > 0.02 > after[place("pad", CIS + 1)]


def test_a_pad_without_chords_stays_as_it_is() -> None:
    before = chances(pad={C: 0.7, CIS: 0.2}, melody={G: 0.9}, chords={CIS: 0.1})
    assert np.array_equal(matched(before, 1.85), before)


def test_how_much_of_a_bass_is_in_the_harmony() -> None:
    bass = ROLE_NAMES.index("bass")
    of_two = {"chords": {C: 0.9, G: 0.9}}
    assert in_harmony(chances(bass={C - 24: 0.9}, **of_two), bass) == pytest.approx(0.5)
    assert in_harmony(chances(bass={C - 24: 0.9}, **of_two, pad={C: 0.9}), bass) == pytest.approx(2 / 3)
    assert in_harmony(chances(bass={CIS - 24: 0.9}, **of_two), bass) == 0
    assert np.isnan(in_harmony(chances(bass={C - 24: 0.9}, melody={C: 0.9}), bass))


def test_other_roles_have_no_part_in_it() -> None:
    before = chances(melody={CIS: 0.5}, chords={C: 0.9, CIS: 0.3}, pad={C: 0.9, G: 0.5}, bass={36: 0.5})
    after = matched(before, 1.85)
    assert np.array_equal(after[[0, 3, 4]], before[[0, 3, 4]])
    assert not np.array_equal(after, before)
