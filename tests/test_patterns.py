"""Rhythms that come back where the decoder is in doubt."""

import numpy as np
import pytest

from musicgen.models.decoding import choose_onsets
from musicgen.models.patterns import patterned
from musicgen.roles import ROLE_NAMES

BASS, DRUMS = ROLE_NAMES.index("bass"), ROLE_NAMES.index("drums")
RHYTHM = {"bass": 1.0}


def bars(*rhythms: dict[int, float], role: int = BASS, pitch: int = 5) -> np.ndarray:
    """Probabilities of one role's onsets: of each bar its ticks."""
    table = np.zeros((5, len(rhythms), 48, 48), np.float32)
    for bar, rhythm in enumerate(rhythms):
        for tick, chance in rhythm.items():
            table[role, bar, tick, pitch] = chance
    return table


def rhythms(onsets: np.ndarray, role: int = BASS) -> list[list[int]]:
    """The ticks of each bar on which the role plays."""
    rows = [row for row in choose_onsets(onsets).tolist() if row[0] == role]
    return [[tick for _, at, tick, _ in rows if at == bar] for bar in range(onsets.shape[1])]


def test_a_bar_in_doubt_takes_the_rhythm_of_the_others() -> None:
    sure, doubtful = {0: 0.95, 24: 0.9}, {0: 0.95, 24: 0.3, 30: 0.4}
    before = bars(sure, sure, sure, doubtful)
    assert rhythms(before) == [[0, 24], [0, 24], [0, 24], [0, 30]]
    assert rhythms(patterned(before, RHYTHM)) == [[0, 24], [0, 24], [0, 24], [0, 24]]


def test_bars_of_two_rhythms_keep_both() -> None:
    verse, fill = {0: 0.9, 24: 0.9}, {0: 0.9, 6: 0.9, 12: 0.9, 18: 0.9, 36: 0.9}
    before = bars(verse, fill, verse, fill)
    assert rhythms(patterned(before, RHYTHM)) == [[0, 24], [0, 6, 12, 18, 36]] * 2


def test_of_doubtful_bars_those_two_apart_agree() -> None:
    there, back = {0: 0.9, 12: 0.5, 24: 0.6}, {0: 0.9, 18: 0.6, 30: 0.5}
    before = bars(there, back, there | {12: 0.3}, back | {30: 0.3})
    assert rhythms(before) == [[0, 12, 24], [0, 18, 30], [0, 24], [0, 18]]
    first, second, *others = rhythms(patterned(before, RHYTHM))
    assert first != second and others == [first, second]


def test_of_doubtful_bars_those_four_apart_agree() -> None:
    verse, turn = {0: 0.9, 12: 0.6, 24: 0.9}, {0: 0.9, 12: 0.3, 24: 0.9}
    before = bars(*[verse, verse, verse, turn] * 3, verse, verse, verse, {0: 0.9, 12: 0.45, 24: 0.9})
    with_turns = [[0, 12, 24]] * 3 + [[0, 24]]
    assert rhythms(before) == with_turns * 3 + [[0, 12, 24]] * 4
    assert rhythms(patterned(before, RHYTHM)) == with_turns * 4


def test_a_rest_stays_a_rest() -> None:
    before = bars({0: 0.9, 24: 0.9}, {0: 0.1, 24: 0.2}, {0: 0.9, 24: 0.9})
    after = patterned(before, RHYTHM)
    assert rhythms(after) == [[0, 24], [], [0, 24]]
    assert np.array_equal(after[:, 1], before[:, 1])


def test_which_pitch_is_likely_stays() -> None:
    doubtful = bars({0: 0.95, 24: 0.2}, pitch=5) + bars({0: 0.0, 24: 0.1}, pitch=7)
    before = np.concatenate([bars({0: 0.95, 24: 0.9}), bars({0: 0.95, 24: 0.9}), doubtful], axis=1)
    after = patterned(before, RHYTHM)[BASS, 2, 24]
    assert after[5] == pytest.approx(2 * after[7], rel=1e-4)
    assert after[5] > before[BASS, 2, 24, 5]


def test_roles_without_a_strength_and_without_weight_nothing_changes() -> None:
    before = bars({0: 0.9, 24: 0.9}, {0: 0.9, 30: 0.4}) + bars({0: 0.9}, {0: 0.5}, role=DRUMS)
    assert np.array_equal(patterned(before, RHYTHM)[DRUMS], before[DRUMS])
    assert np.array_equal(patterned(before, {}), before)
    assert patterned(before, RHYTHM, 0.0) == pytest.approx(before, abs=1e-6)


def test_a_silent_piece_stays_silent() -> None:
    silent = np.zeros((5, 4, 48, 48), np.float32)
    assert np.array_equal(patterned(silent, RHYTHM), silent)
