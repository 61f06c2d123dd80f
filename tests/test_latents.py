"""Health of latents: arrays of which the right answer is known."""

import numpy as np
import pytest

from musicgen.evaluation.latents import divergence, health
from tests.made_songs import song
from tests.tiny import tiny_vae

ROLES = 5


def window(mean: float | np.ndarray, deviation: float, bars: int = 4, latent: int = 2) -> tuple[np.ndarray, np.ndarray]:
    shape = (bars, ROLES, latent)
    return np.broadcast_to(mean, shape).astype(float), np.full(shape, deviation)


def test_nats_from_the_prior() -> None:
    found = divergence(np.array([0.0, 2.0, 0.0]), np.array([1.0, 1.0, np.e]))
    assert found == pytest.approx([0, 2, (np.e**2 - 1) / 2 - 1])


def test_a_collapsed_encoder_says_nothing() -> None:
    mean, deviation = window(0, 1)
    found = health([mean], [deviation], [np.ones((4, ROLES))], ["jazz"])
    assert (found["active units"], found["KL, nats per cell"], found["KL, nats per window"]) == (0, 0, 0)


def test_a_unit_is_active_if_its_mean_moves_and_not_if_it_is_only_far_off() -> None:
    mean, deviation = window(3.0, 1)
    mean = mean.copy()
    mean[:, 0, 0] = [1, -1, 1, -1]  # one number of two, of one role of five
    found = health([mean], [deviation], [np.ones((4, ROLES))], ["jazz"])
    assert found["active units"] == 0.1
    assert found["roles"]["melody"]["active units"] == 0.5
    assert found["roles"]["bass"]["active units"] == 0


def test_cells_of_a_role_that_a_piece_does_not_have_do_not_count() -> None:
    mean, deviation = window(2.0, 1)
    notes = np.full((4, ROLES), -1)
    notes[:, 0] = [3, 0, 0, 0]
    mean = mean.copy()
    mean[1:, 0] = 1
    found = health([mean], [deviation], [notes], ["jazz"])
    assert set(found["roles"]) == {"melody"}
    melody = found["roles"]["melody"]
    assert (melody["play"], melody["rest"], melody["cells"]) == (4, 1, 4)  # two numbers: 2 + 2 and .5 + .5 nats
    assert melody["KL"] == found["KL, nats per cell"] == (4 + 3 * 1) / 4
    assert found["KL, nats per window"] == 7


def test_nats_by_style_and_by_latent_number() -> None:
    jazz, deviation = window(np.array([0.0, 2.0]), 1)
    folk, _ = window(0, 1)
    found = health([jazz, folk], [deviation] * 2, [np.ones((4, ROLES))] * 2, ["jazz", "folk"])
    assert found["styles"] == {"folk": 0, "jazz": 2}
    assert found["numbers"] == [1, 0]
    assert found["used numbers"] == 0.5


def test_the_posterior_of_a_piece_is_its_code_and_how_sure_that_is() -> None:
    composer = tiny_vae()
    music = song(1).excerpt(0, 4)
    mean, deviation = composer.codec.posterior(music)  # type: ignore[attr-defined]
    assert np.array_equal(mean, composer.encode(music))
    assert mean.shape == deviation.shape == (4, ROLES, 8)
    assert (deviation > 0).all()
