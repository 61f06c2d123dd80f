"""Pieces drawn by a note decoder that has learned nothing."""

from dataclasses import replace

import numpy as np
import pytest

from musicgen import codec
from musicgen.models.asking import Asked
from musicgen.models.grid_codec import blank
from musicgen.models.grid_composer import GridComposer
from musicgen.models.note_decoder import MAX_CELL_NOTES, NoteDecoder, NoteDecoderConfig
from musicgen.models.note_sampler import NoteSampler
from musicgen.music import SIX_EIGHT
from musicgen.request import Request
from tests.tiny import tiny_vae

LIKE = blank(Request(bars=24))


@pytest.fixture(scope="module")
def sampler() -> NoteSampler:
    composer = tiny_vae()
    assert isinstance(composer, GridComposer)
    composer.vae.head.rate.assign(composer.vae.head.rate - 2.0)  # fewer notes are drawn sooner
    small = NoteDecoderConfig(
        latent=8, width=32, heads=2, conductor_blocks=1, note_width=16, features=8, history_blocks=1, inner_width=16,
        inner_heads=2, inner_blocks=1,
    )  # fmt: skip
    decoder = NoteDecoder(small, name="notes")
    decoder.begin_from(composer.vae, composer.prior)
    return NoteSampler(decoder, composer.prior)


def draw(sampler: NoteSampler, seed: int, time: float = 0.5, like=LIKE, **options) -> np.ndarray:  # type: ignore[no-untyped-def]
    latents = np.random.default_rng(1).normal(size=(like.bars, 5, 8)).astype(np.float32)
    times = np.full((like.bars, 5), time, np.float32)
    asked = Asked(like.style, metre=like.metre)
    return sampler.draw(latents, times, like, asked, np.random.default_rng(seed), **options)


def test_the_same_seed_draws_the_same_notes_and_another_others(sampler: NoteSampler) -> None:
    first = draw(sampler, 1)
    assert first.tolist() == draw(sampler, 1).tolist() != draw(sampler, 2).tolist()
    assert set(first[:, 0]) == set(range(24))  # two windows, and no bar of them is left out


def test_no_place_has_two_notes_and_all_are_in_range(sampler: NoteSampler) -> None:
    rows = draw(sampler, 3)
    assert len(np.unique(rows[:, :4], axis=0)) == len(rows)
    assert (rows[:, 3] < np.array(codec.PITCHES)[rows[:, 1]]).all()
    assert np.bincount(rows[:, 0] * 5 + rows[:, 1]).max() <= MAX_CELL_NOTES


def test_bars_of_six_eight_have_no_note_past_their_end(sampler: NoteSampler) -> None:
    rows = draw(sampler, 4, like=replace(LIKE, metre=SIX_EIGHT))
    assert len(rows) and rows[:, 2].max() < SIX_EIGHT.ticks_per_bar


def test_kept_cells_come_back_and_the_others_are_drawn(sampler: NoteSampler) -> None:
    before = draw(sampler, 5)
    keep = np.zeros((24, 5), bool)
    keep[:, 0] = keep[10] = True
    given = before[keep[before[:, 0], before[:, 1]]]
    after = draw(sampler, 6, given=given, keep=keep)
    assert after[keep[after[:, 0], after[:, 1]]].tolist() == given.tolist()
    assert after.tolist() != before.tolist()


def test_other_notes_are_drawn_where_other_notes_are_kept(sampler: NoteSampler) -> None:
    """The network has not learned to hear them, but an attention that is zero lets nothing through at all."""
    for block in sampler.decoder.history:
        block.out.kernel.assign(np.random.default_rng(0).normal(size=block.out.kernel.shape))
    keep = np.zeros((24, 5), bool)
    keep[:, 1] = True
    first, other = (draw(sampler, 7, given=np.array([[0, 1, tick, 12, 3, 3]]), keep=keep) for tick in (0, 30))
    assert first[first[:, 1] != 1].tolist() != other[other[:, 1] != 1].tolist()


def test_a_temperature_of_nought_depends_on_no_seed(sampler: NoteSampler) -> None:
    assert draw(sampler, 8, temperature=0.0).tolist() == draw(sampler, 9, temperature=0.0).tolist()


def test_a_role_that_does_not_play_gets_no_notes(sampler: NoteSampler) -> None:
    like = blank(Request(bars=16, roles=("melody", "drums")))
    assert set(draw(sampler, 10, like=like)[:, 1]) == {0, 4}
