"""What gives pieces away: features by themselves, and kinds of them."""

import numpy as np
import pytest

from musicgen.evaluation import features
from musicgen.evaluation.telling import KINDS, by_kind, kind_of, telling

NAN = float("nan")
SONGS = ["a", "b", "c", "d"]


def test_a_feature_that_the_pieces_have_more_of_tells_above_a_half() -> None:
    real = np.array([[1.0], [2.0], [3.0], [4.0]])
    (row,) = telling(["clash rate"], real, real + 10, SONGS, SONGS)
    assert (row["AUC"], row["generated"], row["real"]) == (1, 12.5, 2.5)
    (row,) = telling(["clash rate"], real, real - 10, SONGS, SONGS)
    assert row["AUC"] == 0


def test_the_feature_that_tells_most_comes_first_whichever_way() -> None:
    real = np.array([[1.0, 5.0], [2.0, 6.0], [3.0, 7.0], [4.0, 8.0]])
    rows = telling(["clash rate", "polyphony, pad"], real, real + np.array([1, -9]), SONGS, SONGS)
    assert [row["feature"] for row in rows] == ["polyphony, pad", "clash rate"]
    assert rows[1]["AUC"] == pytest.approx((4 + 3 + 2 + 1 + 3 / 2) / 16)  # three ties count half
    assert rows[1]["low"] <= rows[1]["AUC"] <= rows[1]["high"]


def test_only_pieces_where_a_feature_is_defined_count() -> None:
    real, generated = np.array([[1.0], [NAN]]), np.array([[2.0], [NAN]])
    (row,) = telling(["register, pad"], real, generated, ["a", "b"], ["a", "b"])
    assert (row["AUC"], row["real"]) == (1, 1)
    assert telling(["register, pad"], real, generated * NAN, ["a", "b"], ["a", "b"]) == []


def test_every_feature_has_a_kind() -> None:
    found = {kind_of(name) for name in features.names()}
    assert found == {kind for kind, _ in KINDS}
    assert kind_of("pitch class entropy") == "tonality"
    assert kind_of("pitch class 4") == "pitch classes"


def test_a_kind_can_tell_together_what_no_feature_of_it_tells_alone() -> None:
    rng = np.random.default_rng(0)
    names = ["clash rate", "chord-tone agreement", "register, bass"]
    songs = [f"song {i}" for i in range(60)]
    real, generated = rng.standard_normal((2, 60, 3))
    real[:, 1], generated[:, 1] = real[:, 0], -generated[:, 0]  # in step, and against each other
    alone = telling(names, real, generated, songs, songs)
    assert max(abs(row["AUC"] - 0.5) for row in alone) < 0.15
    found = by_kind(names, real, generated, songs, songs)
    assert found["harmony"] > 0.9
    assert found["register"] < 0.65
