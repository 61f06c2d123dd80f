"""The lens through which the critic hears harmony: what it is taught, what it hears, that nothing changes it."""

from pathlib import Path

import keras
import numpy as np

from musicgen.corpus.dataset import Dataset
from musicgen.models.gan import Critic, GANConfig, Generator
from musicgen.models.lens import FEATURES, Lens, features, intervals
from musicgen.roles import ROLE_NAMES, ROLES
from musicgen.training.hearing import fit_lens, half_bar_chroma
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
        [1, DRUMS, 0, 0, 0, 4],
    ])  # fmt: skip
    chroma = half_bar_chroma(rows, 2).reshape(2, 4, 2, 12)
    assert chroma[0, MELODY, :, 0].tolist() == [0.5, 0.5]
    assert chroma[1, BASS, :, 7].tolist() == [1, 1]
    assert float(chroma.sum()) == 3


def test_intervals_between_roles_are_counted_modulo_an_octave() -> None:
    chroma = np.zeros((1, 1, 1, 4, 12), np.float32)
    chroma[..., MELODY, 0] = chroma[..., CHORDS, 1] = 1  # C against C sharp
    heard = np.asarray(intervals(chroma))[0, 0, 0]
    assert np.argmax(heard[0]) == 1 and 0.9 < heard[0].sum() <= 1
    assert heard[1].sum() == 0  # no bass, no interval with it


def test_the_critic_hears_through_the_lens_and_does_not_change_it() -> None:
    config = GANConfig(latent=8, critic_width=16, critic_heads=2, critic_blocks=1)
    critic = Critic(config, name="critic")
    lens = {id(weight) for weight in critic.lens.weights}
    assert len(lens) == 4 and not lens & {id(weight) for weight in critic.trainable_weights}
    assert tuple(features(np.zeros((2, 16, 2, 4, 12), np.float32)).shape) == (2, 16, FEATURES)


def test_a_lens_learns_the_pitch_classes_of_latents(prepared: Path) -> None:
    keras.utils.set_random_seed(1)
    vae, dataset = tiny_vae().vae, Dataset.open(prepared)
    windows = LatentWindows(vae, dataset, "train", 4, 4, {}, 0)
    generator = Generator(GANConfig(latent=8, width=16, heads=2, base_blocks=1, change_blocks=1), name="generator")
    mean, scale = windows.moments()
    generator.mean.assign(mean)
    generator.scale.assign(scale)
    x = (windows.mean.astype(np.float32) - mean) / scale
    heard = [np.asarray(fit_lens(windows, dataset, generator, steps)(x)) for steps in (0, 60)]
    places = [dataset.rows(piece, 0, piece.bars) for piece in dataset.split("train")[:1]]
    truth = half_bar_chroma(places[0], 16)[:16].reshape(-1, 4, 2, 12).transpose(0, 2, 1, 3)
    before, after = (float(np.abs(each[0, : len(truth)] - truth).mean()) for each in heard)
    assert after < 0.5 * before


def test_a_lens_keeps_its_weights_when_it_is_saved(tmp_path: Path) -> None:
    config = GANConfig(latent=8, critic_width=16, critic_heads=2, critic_blocks=1)
    first, other = Critic(config, name="critic"), Critic(config, name="critic")
    first.save_weights(tmp_path / "critic.weights.h5")
    other.load_weights(tmp_path / "critic.weights.h5")
    assert isinstance(other.lens, Lens)
    for a, b in zip(first.lens.get_weights(), other.lens.get_weights(), strict=True):
        assert np.array_equal(a, b)
