"""A network that reads notes, trained to tell pieces from songs."""

import numpy as np
import pytest

from musicgen import codec
from musicgen.evaluation.learned_ear import crop_pieces, measure_area
from musicgen.models.note_classifier import ClassifierConfig, ClassifierTrainer
from tests.made_songs import song

TINY = ClassifierConfig(bars=4, width=16, heads=2, blocks=1, epochs=4, windows=8, rate=5e-3)


@pytest.fixture(scope="module")
def songs() -> list[np.ndarray]:
    return [codec.encode(song(seed)) for seed in range(64)]


def scatter(rows: np.ndarray, seed: int) -> np.ndarray:
    """The same notes at random places of their bars."""
    rows = rows.copy()
    rows[:, 2] = np.random.default_rng(seed).integers(0, 48, len(rows))
    return rows


@pytest.fixture(scope="module")
def trainer() -> ClassifierTrainer:
    return ClassifierTrainer(TINY)


def test_scattered_notes_are_told_from_songs(trainer: ClassifierTrainer, songs: list[np.ndarray]) -> None:
    scattered = [scatter(rows, seed) for seed, rows in enumerate(songs)]
    assert measure_area(trainer, songs[:40], scattered[:40], songs[40:], scattered[40:]) > 0.95


def test_songs_are_not_told_from_other_songs(trainer: ClassifierTrainer, songs: list[np.ndarray]) -> None:
    areas = [measure_area(trainer, songs[:20], songs[20:40], songs[40:52], songs[52:], seed) for seed in range(3)]
    assert 0.25 < np.mean(areas) < 0.75


def test_the_same_seed_gives_the_same_area(trainer: ClassifierTrainer, songs: list[np.ndarray]) -> None:
    sets = songs[:8], songs[8:16], songs[16:24], songs[24:32]
    assert measure_area(trainer, *sets, seed=3) == measure_area(trainer, *sets, seed=3)


def test_a_network_that_sees_drums_alone_does_not_hear_a_scattered_melody(
    trainer: ClassifierTrainer, songs: list[np.ndarray]
) -> None:
    scattered = [np.where((rows[:, 1] == 0)[:, None], scatter(rows, seed), rows) for seed, rows in enumerate(songs)]
    sets = songs[:32], scattered[:32], songs[32:], scattered[32:]
    assert measure_area(trainer, *sets, role="melody") > 0.9
    assert measure_area(trainer, *sets, role="drums") == pytest.approx(0.5, abs=0.25)


def test_a_role_that_nobody_plays_has_no_area(trainer: ClassifierTrainer, songs: list[np.ndarray]) -> None:
    silent = [rows[rows[:, 1] != 3] for rows in songs[:8]]
    assert np.isnan(measure_area(trainer, silent, silent, silent, silent, role="bass"))


def test_stretches_begin_at_a_multiple_of_four_bars_and_count_from_zero() -> None:
    rows = np.array([[bar, 0, 0, 10, 3, 4] for bar in range(16)], np.int16)
    for seed in range(5):
        (stretch,) = crop_pieces([rows], 4, None, seed)
        assert stretch[:, 0].tolist() == [0, 1, 2, 3]
