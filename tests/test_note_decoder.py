"""Notes drawn one after another: tokens of windows, and a network that plays before it has learned anything."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen.chord_tones import TONES
from musicgen.codec import MAX_PITCHES, PITCHES
from musicgen.models.compiling import compiled
from musicgen.models.note_decoder import MAX_CELL_NOTES, TICKS, NoteDecoder, NoteDecoderConfig
from musicgen.models.note_layers import END, ROLES
from musicgen.models.note_sampler import CHOICES, draw_class, draw_notes, waves_of
from musicgen.models.prior import ANY_CHORD, ANY_EDGE, ANY_MODE, ANY_SECTION
from musicgen.training.fit_notes import NotesPlan, train_notes
from musicgen.training.note_windows import note_tokens
from tests.tiny import tiny_vae

BARS = 2
TINY = NoteDecoderConfig(
    bars=BARS, latent=4, width=16, heads=2, conductor_blocks=1, note_width=16, features=8, history_blocks=1,
    inner_width=16, inner_heads=2, inner_blocks=1,
)  # fmt: skip
START = (TICKS, MAX_PITCHES, 18, 8)
EVERY_ROLE = np.ones(ROLES, bool)


def test_every_note_follows_the_one_before_it_and_every_cell_ends() -> None:
    rows = np.array([[0, 3, 24, 5, 7, 4], [0, 3, 0, 12, 7, 4]])  # two notes of a bass
    bass = np.isin(np.arange(ROLES), 3)
    assert note_tokens(rows, window=0, bars=1, present=bass, length=1).tolist() == [
        [3, *START, 0, 12, 7, 4],
        [3, 0, 12, 7, 4, 24, 5, 7, 4],
        [3, 24, 5, 7, 4, END, 0, 0, 0],
    ]


def test_an_empty_cell_of_a_role_that_plays_is_an_end() -> None:
    nothing = np.zeros((0, 6), int)
    tokens = note_tokens(nothing, window=1, bars=2, present=np.isin(np.arange(ROLES), 0), length=2)
    assert tokens.tolist() == [[10, *START, END, 0, 0, 0], [15, *START, END, 0, 0, 0]]


@given(st.lists(st.tuples(*(st.integers(0, n - 1) for n in (BARS, ROLES, TICKS, 20))), unique=True, max_size=40))
@settings(max_examples=50, deadline=None)
def test_tokens_hold_every_note_once_in_order(places: list[tuple[int, int, int, int]]) -> None:
    rows = np.array([(*place, 0, 0) for place in places], int).reshape(-1, 6)
    tokens = note_tokens(rows, 0, BARS, EVERY_ROLE, BARS)
    notes = tokens[tokens[:, 5] < END]
    assert [(cell // ROLES, cell % ROLES, tick, pitch) for cell, tick, pitch in notes[:, [0, 5, 6]]] == sorted(places)
    assert (tokens[:, 5] == END).sum() == BARS * ROLES
    assert len(tokens) == len(places) + BARS * ROLES


@pytest.mark.parametrize(("uniform", "expected"), [(0.0, 1), (0.49, 1), (0.51, 3), (0.999, 3)])
def test_a_class_is_drawn_by_its_share_and_one_that_cannot_be_never(uniform: float, expected: int) -> None:
    logits = np.array([[-1e9, 0.0, -1e9, 0.0, -1e9]], "float32")
    drawn = compiled(lambda logits, uniform: draw_class(logits, uniform))(logits, np.array([uniform], "float32"))
    assert drawn.tolist() == [expected]


class Player:
    """An untrained network, compiled once, that draws a window from a seed."""

    def __init__(self) -> None:
        self.decoder = NoteDecoder(TINY, name="notes")
        self.draw = compiled(lambda *inputs: draw_notes(self.decoder, *inputs))

    def __call__(self, seed: int, given_mask: np.ndarray | None = None, roles: tuple[int, ...] = tuple(range(ROLES))):  # type: ignore[no-untyped-def]
        rng = np.random.default_rng(seed)
        shape = (1, BARS, ROLES)
        nothing = np.zeros((8, 6), np.int32)
        nothing[:, 0] = -1
        asked = {
            "style": np.zeros(1, np.int32), "mode": np.full(1, ANY_MODE, np.int32), "metre": np.zeros(1, np.int32),
            "attributes": np.zeros((1, 5, 2), np.float32), "chords": np.full((1, BARS, 2), ANY_CHORD, np.int32),
            "form": np.full((1, BARS), ANY_SECTION, np.int32), "edge": np.full((1, BARS), ANY_EDGE, np.int32),
            "tones": np.zeros((1, BARS, 2, TONES), np.float32),
        }  # fmt: skip
        given_mask = np.zeros(shape, np.float32) if given_mask is None else given_mask
        present = np.isin(np.arange(ROLES), roles).astype(np.float32)[None]
        uniform = rng.random((waves_of(BARS), MAX_CELL_NOTES, CHOICES, ROLES)).astype(np.float32)
        latents = rng.standard_normal((*shape, TINY.latent)).astype(np.float32)
        time = np.full(shape, 0.5, np.float32)
        return self.draw(
            latents, time, given_mask, nothing, np.ones((1, BARS), np.float32), present, asked, uniform, np.float32(1)
        )


@pytest.fixture(scope="module")
def player() -> Player:
    return Player()


def test_an_untrained_network_plays_notes_within_the_ranges_of_the_roles(player: Player) -> None:
    notes, numbers = player(seed=0)
    assert notes.shape == (1, BARS, ROLES, MAX_CELL_NOTES, 4)
    assert numbers.sum() > 0
    for _, bar, role in np.argwhere(numbers > 0):
        cell = notes[0, bar, role, : numbers[0, bar, role]]
        places = list(map(tuple, cell[:, :2]))
        assert places == sorted(set(places))  # in order, none twice
        assert cell[:, 1].max() < PITCHES[role]
        assert cell[:, 0].max() < TICKS


def test_the_same_seed_draws_the_same_notes_and_another_one_others(player: Player) -> None:
    first, again, other = player(seed=1), player(seed=1), player(seed=2)
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(first[0], other[0])


def test_roles_that_do_not_play_and_cells_that_are_given_have_no_drawn_notes(player: Player) -> None:
    given_mask = np.zeros((1, BARS, ROLES), np.float32)
    given_mask[0, 1] = 1
    _, numbers = player(seed=3, given_mask=given_mask, roles=(0, 4))
    assert numbers[0, :, [1, 2, 3]].sum() == 0
    assert numbers[0, 1].sum() == 0
    assert numbers[0, 0, [0, 4]].sum() > 0


def test_what_is_drawn_is_what_training_counts_the_cost_of(player: Player) -> None:
    """One pass over notes that were drawn finds the logits that drew them: the cached and the local attention agree."""
    notes, numbers = player(seed=4)
    bar, role, index = np.nonzero(np.arange(MAX_CELL_NOTES) < numbers[0][..., None])
    rows = np.column_stack([bar, role, notes[0, bar, role, index]])
    tokens = note_tokens(rows, 0, BARS, EVERY_ROLE, BARS)
    assert len(tokens) == len(rows) + BARS * ROLES
    room = -(-len(tokens) // 32) * 32
    padded = np.full((room, 9), -1, np.int32)
    padded[:, 1:5], padded[:, 5:] = START, (END, 0, 0, 0)
    padded[: len(tokens)] = tokens
    table = np.column_stack([bar * ROLES + role, role, notes[0, bar, role, index]]).astype(np.int32)
    shape = (1, BARS, ROLES)
    result = player.decoder(
        {
            "notes": table, "tokens": padded, "latents": np.zeros((*shape, TINY.latent), np.float32),
            "time": np.full(shape, 0.5, np.float32), "given_mask": np.zeros(shape, np.float32),
            "bar_mask": np.ones((1, BARS), np.float32), "present": np.ones((1, ROLES), np.float32),
            "style": np.zeros(1, np.int32), "mode": np.full(1, ANY_MODE, np.int32), "metre": np.zeros(1, np.int32),
            "attributes": np.zeros((1, 5, 2), np.float32), "chords": np.full((1, BARS, 2), ANY_CHORD, np.int32),
            "form": np.full((1, BARS), ANY_SECTION, np.int32), "edge": np.full((1, BARS), ANY_EDGE, np.int32),
            "tones": np.zeros((1, BARS, 2, TONES), np.float32),
        }
    )  # fmt: skip
    assert 0 < float(result["loss"]) < 30  # no drawn note is one that the network holds impossible


def test_training_writes_a_checkpoint_and_goes_on_where_it_was_stopped(prepared: Path, tmp_path: Path) -> None:
    tiny_vae().save_pretrained(tmp_path / "vae")
    plan = NotesPlan(steps=2, epoch=1, windows=2, precision="float32")
    first = train_notes(prepared, tmp_path / "run", tmp_path / "vae", plan)
    assert (tmp_path / "run" / "log-notes.csv").read_text().count("\n") == 3
    assert (tmp_path / "run" / "checkpoint" / "model.safetensors").exists()
    again = train_notes(prepared, tmp_path / "run", tmp_path / "vae", plan)  # nothing is left to do
    for before, after in zip(first.get_weights(), again.get_weights(), strict=True):
        assert np.array_equal(before, after)
