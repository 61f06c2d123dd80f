"""From values to statements: numbers of which the right answer is known."""

import numpy as np
import pytest

from musicgen.evaluation.protocol import (
    BEATS,
    DIFFERS,
    LOSES,
    MATCHES,
    TIED,
    UNDECIDED,
    Estimate,
    Sample,
    beats,
    composite,
    distance,
    estimate,
    gap,
    noise_floor,
    verdict,
)

NAN = float("nan")


def normal(mean: float, seed: int, songs: int = 60, each: int = 4, within: float = 0.2) -> Sample:
    """Songs of unit deviation around a mean, with a few pieces each that are much alike."""
    rng = np.random.default_rng(seed)
    values = mean + np.repeat(rng.standard_normal(songs), each) + within * rng.standard_normal(songs * each)
    return Sample(values, [f"song {i}" for i in range(songs) for _ in range(each)])


def test_the_mean_leaves_out_what_is_not_defined() -> None:
    found = estimate(Sample(np.array([1.0, 3.0, NAN]), ["a", "b", "c"]))
    assert (found.value, found.count) == (2.0, 2)


def test_equal_values_leave_no_doubt() -> None:
    found = estimate(Sample(np.full(10, 7.0), [str(i) for i in range(10)]))
    assert (found.low, found.value, found.high) == (7, 7, 7)


def test_copies_of_a_song_do_not_narrow_the_interval() -> None:
    values = np.random.default_rng(0).standard_normal(30)
    songs = [str(i) for i in range(30)]
    once = estimate(Sample(values, songs))
    often = estimate(Sample(np.repeat(values, 50), np.repeat(songs, 50).tolist()))
    assert (often.low, often.high) == pytest.approx((once.low, once.high))
    assert often.count == 1500


def test_the_interval_holds_the_truth_nineteen_times_in_twenty() -> None:
    found = [estimate(normal(0, seed), draws=400) for seed in range(200)]
    share = np.mean([one.low <= 0 <= one.high for one in found])
    assert 0.9 <= share <= 0.98


def test_the_same_values_give_the_same_interval() -> None:
    assert estimate(normal(0, 1)) == estimate(normal(0, 1))


def test_the_noise_floor_of_songs_of_which_one_stands_out() -> None:
    # whichever half holds the 4, the means are 2 and 0
    assert noise_floor(Sample(np.array([0.0, 0.0, 0.0, 4.0]), ["a", "b", "c", "d"])) == 2


def test_the_noise_floor_shrinks_with_the_root_of_the_number_of_songs() -> None:
    few, many = (noise_floor(normal(0, 3, songs)) for songs in (25, 400))
    assert few / many == pytest.approx(4, rel=0.35)


def test_a_gap_is_never_negative() -> None:
    found = gap(normal(-1, 1), normal(0, 1))
    assert found.value == pytest.approx(1)
    assert found.low == pytest.approx(1)  # the same songs, resampled alike, with a shift of 1 between them


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [(0.0, 1.9, MATCHES), (0.0, 2.1, UNDECIDED), (1.9, 9.0, UNDECIDED), (2.1, 2.2, DIFFERS), (NAN, NAN, UNDECIDED)],
)
def test_the_whole_interval_must_lie_within_two_noise_floors(low: float, high: float, word: str) -> None:
    assert verdict(Estimate((low + high) / 2, low, high, 100), floor=1.0) == word


def test_songs_match_songs_and_a_shift_of_three_deviations_differs() -> None:
    real = normal(0, 1)
    floor = noise_floor(real)
    assert verdict(gap(normal(0, 2), real), floor) == MATCHES
    assert verdict(gap(normal(3, 2), real), floor) == DIFFERS


def test_beating_needs_a_difference_that_no_resampling_turns() -> None:
    real = normal(0, 1)
    near, far = Sample(real.values + 0.1, real.songs), Sample(real.values - 1, real.songs)
    assert beats(near, far, real) == BEATS
    assert beats(far, near, real) == LOSES
    assert beats(near, near, real) == TIED
    assert beats(normal(0, 5), normal(0.02, 6), real) == TIED


@pytest.mark.parametrize(
    ("generated", "real", "expected"),
    [
        ([0, 1], [0, 1], 0.0),
        ([0, 1], [2, 3], 1.0),
        ([0, 1, 2, 3], [0, 1], 0.5),
        ([0, 1, NAN], [0, 1], 0.0),
        ([NAN], [0, 1], 1.0),
    ],
)
def test_distance_of_distributions(generated: list[float], real: list[float], expected: float) -> None:
    assert distance(np.array(generated, float), np.array(real, float)) == expected


def test_in_the_composite_themes_count_alike_and_what_songs_do_not_define_not_at_all() -> None:
    real = {"a": np.array([0.0, 1.0]), "b": np.array([0.0, 1.0]), "c": np.array([NAN, NAN])}
    generated = {"a": np.array([0.0, 1.0]), "b": np.array([5.0, 6.0]), "c": np.array([1.0, 1.0])}
    assert composite(generated, real, {"all": ["a", "b", "c"]}) == 0.5
    assert composite(generated, real, {"one": ["a"], "two": ["b", "b", "b"], "three": ["c"]}) == 0.5
