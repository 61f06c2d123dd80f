"""The lens through which the critic hears harmony: what it is taught, what it hears, that nothing changes it."""

from pathlib import Path

import keras
import numpy as np

from musicgen.corpus.dataset import Dataset
from musicgen.models.gan import Critic, CriticConfig
from musicgen.models.lens import CHROMA, FEATURES, HEARD, Lens, features, intervals
from musicgen.models.prior import PriorConfig
from musicgen.roles import ROLE_NAMES, ROLES
from musicgen.training.fit_gan import posterior_deviation
from musicgen.training.hearing import fit_lens, heard
from musicgen.training.latents import LatentWindows
from tests.tiny import tiny_vae

MELODY, CHORDS, BASS, DRUMS = (ROLE_NAMES.index(name) for name in ("melody", "chords", "bass", "drums"))


def row(bar: int, role: int, tick: int, pitch: int, duration: int) -> list[int]:
    """A note as `codec.COLUMNS`; the pitch is a MIDI number, the duration a class."""
    return [bar, role, tick, pitch - ROLES[role].low, duration, 4]


def test_chroma_tells_how_much_of_each_half_bar_a_pitch_class_sounds() -> None:
    rows = np.array([
        row(0, MELODY, 12, 72, 10),  # a C from beat 2 on, 24 ticks: half of each half bar
        row(1, BASS, 0, 43, 13),  # a G, 48 ticks: the whole bar
    ])  # fmt: skip
    chroma = heard(rows, 2)[..., :CHROMA].reshape(2, 5, 2, 12)
    assert chroma[0, MELODY, :, 0].tolist() == [0.5, 0.5]
    assert chroma[1, BASS, :, 7].tolist() == [1, 1]
    assert float(chroma.sum()) == 3


def test_where_notes_begin_and_how_many() -> None:
    rows = np.array([row(0, CHORDS, 6, pitch, 4) for pitch in (60, 64, 67)] + [[0, DRUMS, 24, 0, 0, 4]])
    table = heard(rows, 1)[0]
    assert np.flatnonzero(table[CHORDS, CHROMA:48]).tolist() == [1, 9, 17]  # at least one, two, three in the 2nd eighth
    assert np.flatnonzero(table[CHORDS, 48:]).tolist() == [2]
    assert np.flatnonzero(table[DRUMS]).tolist() == [8, 48 + 8]  # a kick on beat 3


def test_intervals_between_roles_are_counted_modulo_an_octave() -> None:
    table = np.zeros((1, 1, 5, HEARD), np.float32)
    table[..., MELODY, 0] = table[..., CHORDS, 1] = 1  # C against C sharp
    found = np.asarray(intervals(table))[0, 0, :, 0]
    assert np.argmax(found[0]) == 1 and 0.9 < found[0].sum() <= 1
    assert found[1].sum() == 0  # no bass, no interval with it


def test_the_critic_hears_through_the_lens_and_does_not_change_it() -> None:
    config = CriticConfig(PriorConfig(latent=8, width=16, heads=2), blocks=1)
    critic = Critic(config, name="critic")
    lens = {id(weight) for weight in critic.lens.weights}
    assert len(lens) == 4 and not lens & {id(weight) for weight in critic.learned}
    assert tuple(features(np.zeros((2, 16, 5, HEARD), np.float32)).shape) == (2, 16, FEATURES)


def test_a_lens_learns_what_latents_sound_like(prepared: Path) -> None:
    keras.utils.set_random_seed(1)
    vae, dataset = tiny_vae().vae, Dataset.open(prepared)
    windows = LatentWindows(vae, dataset, "train", 4, 4, {}, 0)
    mean, scale = windows.moments()
    moments = mean, scale, posterior_deviation(windows) / scale
    x = (windows.mean.astype(np.float32) - mean) / scale
    answers = [np.asarray(fit_lens(windows, dataset, moments, steps)(x)) for steps in (0, 60)]
    piece = dataset.split("train")[0]
    truth = heard(dataset.rows(piece, 0, min(16, piece.bars)), min(16, piece.bars))
    before, after = (float(np.abs(each[0, : len(truth)] - truth).mean()) for each in answers)
    assert after < 0.5 * before


def test_a_lens_keeps_its_weights_when_it_is_saved(tmp_path: Path) -> None:
    config = CriticConfig(PriorConfig(latent=8, width=16, heads=2), blocks=1)
    first, other = Critic(config, name="critic"), Critic(config, name="critic")
    first.save_weights(tmp_path / "critic.weights.h5")
    other.load_weights(tmp_path / "critic.weights.h5")
    assert isinstance(other.lens, Lens)
    for a, b in zip(first.lens.get_weights(), other.lens.get_weights(), strict=True):
        assert np.array_equal(a, b)
