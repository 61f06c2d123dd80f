"""Chord progressions: that they are drawn as the network scores them, and that it learns."""

import keras
import numpy as np

from musicgen.harmony import NO_CHORD
from musicgen.models.progression import BEFORE, CODES, Progression, ProgressionConfig

SMALL = ProgressionConfig(chord=6, width=16, styles=2, dropout=0.0)
C, F, G, AM = 0, 5, 7, 21


def progression(seed: int = 0) -> Progression:
    keras.utils.set_random_seed(seed)
    return Progression(SMALL, name="progression")


def test_sampling_follows_the_scores_of_the_network() -> None:
    model = progression()
    drawn = model.sample(np.random.default_rng(0), 16, style=1, mode=0, temperature=0.0).reshape(1, 32)
    scores = keras.ops.convert_to_numpy(
        model.scores(drawn.astype("int32"), np.array([1]), np.array([0]), np.array([0]))
    ).copy()
    scores[..., NO_CHORD] = -np.inf
    assert drawn.tolist() == scores.argmax(axis=-1).tolist()


def test_the_same_seed_draws_the_same_and_another_another() -> None:
    model = progression()
    first, again, other = (model.sample(np.random.default_rng(seed), 8, 0, 0) for seed in (1, 1, 2))
    assert first.shape == (8, 2) and first.dtype == np.uint8 and first.max() < NO_CHORD < BEFORE
    assert (first == again).all() and not (first == other).all()


def test_known_chords_stay_and_what_fits_is_drawn() -> None:
    model, rng = progression(), np.random.default_rng(0)
    known = np.full((4, 2), CODES)
    known[1] = AM
    fits = np.zeros((8, NO_CHORD))
    fits[4:, G] = 50
    drawn = model.sample(rng, 4, 0, 0, known=known, fits=fits)
    assert drawn[1].tolist() == [AM, AM]
    assert drawn[2:].tolist() == [[G, G], [G, G]]


def test_bars_that_come_back_have_the_chords_of_the_first() -> None:
    model = progression()
    drawn = model.sample(np.random.default_rng(0), 6, 0, 0, again=np.array([0, 1, 2, 0, 1, 5])).tolist()
    assert drawn[3:5] == drawn[:2]
    assert drawn[:3] == model.sample(np.random.default_rng(0), 6, 0, 0)[:3].tolist()


def test_a_chord_knows_only_those_before_it() -> None:
    model = progression()
    codes = np.full((2, 32), C, "int32")
    codes[1, 20:] = G
    scores = keras.ops.convert_to_numpy(
        model.scores(codes, np.zeros(2, "int32"), np.zeros(2, "int32"), np.zeros(2, "int32"))
    )
    assert np.allclose(scores[0, :21], scores[1, :21], atol=1e-5) and not np.allclose(scores[0, 21], scores[1, 21])


def test_it_learns_a_progression_of_each_mode() -> None:
    model = progression()
    model.compile(keras.optimizers.Adam(0.01), jit_compile=False)
    codes = np.tile(np.repeat([[C, F, G, C], [AM, F, C, G]], 2, axis=1), (1, 4)).astype("int32")
    batch = {
        "codes": codes, "mask": np.ones((2, 32), "float32"), "style": np.zeros(2, "int32"),
        "mode": np.array([0, 1], "int32"), "metre": np.zeros(2, "int32"),
    }  # fmt: skip
    for _ in range(150):
        model.train_on_batch(batch)
    for mode in (0, 1):
        drawn = model.sample(np.random.default_rng(0), 16, 0, mode, temperature=0.0)
        assert drawn.reshape(-1).tolist() == codes[mode].tolist()
