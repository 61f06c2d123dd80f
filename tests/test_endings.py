"""Pieces that come to an end: what the networks are told of the bars of a piece, and what is kept of the wish."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from musicgen.compose import Studio
from musicgen.models.asking import Asked, edges_of
from musicgen.models.grid_composer import GridComposer
from musicgen.models.prior import ANY_EDGE, BEGINS, ENDS, INSIDE
from musicgen.recipe import link_text, read_link
from musicgen.request import Request
from tests.tiny import tiny_gan, tiny_vae

UNTOLD = [ANY_EDGE] * 16
ONLY_INSIDE = [INSIDE] * 16


@pytest.fixture(scope="module", params=[tiny_vae, tiny_gan], ids=["vae", "gan"])
def composer(request: pytest.FixtureRequest) -> GridComposer:
    return request.param()


@pytest.fixture
def told(composer: GridComposer, monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Edges that the network is told, window by window; it goes on as usual."""
    heard: list[list[int]] = []
    sample: Callable[..., np.ndarray] = composer.sample

    def listen(*arguments: Any, **more: Any) -> np.ndarray:
        heard.append(arguments[6]["edge"][0].tolist())
        return sample(*arguments, **more)

    monkeypatch.setattr(composer, "sample", listen)
    return heard


def test_the_first_bar_begins_a_piece_and_the_last_one_ends_it() -> None:
    assert edges_of(4).tolist() == [BEGINS, INSIDE, INSIDE, ENDS]
    assert edges_of(1).tolist() == [BEGINS + ENDS]
    assert Asked.of(Request(bars=8)).edges.tolist() == [1, 0, 0, 0, 0, 0, 0, 2]  # type: ignore[union-attr]
    assert Asked.of(Request(bars=4, ending=False)).edges.tolist() == [0, 0, 0, 0]  # type: ignore[union-attr]
    assert Asked("pop").edges is None


def test_a_piece_of_one_window_is_told_both_edges(composer: GridComposer, told: list[list[int]]) -> None:
    composer.generate(Request(bars=16, seed=1))
    assert told[0] == [BEGINS, *[INSIDE] * 14, ENDS]


def test_a_long_piece_ends_with_its_last_window(composer: GridComposer, told: list[list[int]]) -> None:
    composer.generate(Request(bars=32, seed=1))
    assert told[:3] == [[BEGINS, *[INSIDE] * 15], ONLY_INSIDE, [*[INSIDE] * 15, ENDS]]


def test_a_piece_without_an_ending_is_inside_of_one(composer: GridComposer, told: list[list[int]]) -> None:
    composer.generate(Request(bars=24, seed=1, ending=False))
    assert told[:2] == [ONLY_INSIDE, ONLY_INSIDE]


@pytest.mark.parametrize("ending", [True, False])
def test_a_piece_that_is_the_beginning_of_a_window_is_told_no_edges(
    composer: GridComposer, told: list[list[int]], ending: bool
) -> None:
    composer.generate(Request(bars=8, seed=1, ending=ending))
    assert told and all(edges == UNTOLD for edges in told)


def test_changes_of_a_piece_tell_no_edges(composer: GridComposer, told: list[list[int]]) -> None:
    music = composer.generate(Request(bars=16, seed=1))
    told.clear()
    keep = np.zeros((16, 5), bool)
    keep[:, :2] = True
    composer.vary(music, 0.5, 1)
    composer.infill(music, ~keep, 1)
    composer.continue_(music, 4, 1)
    composer.transfer(music, "jazz", seed=1)
    composer.morph(music, composer.transfer(music, "rock"), 3)
    assert len(told) >= 5 and all(edges == UNTOLD for edges in told)


def test_weights_that_know_of_edges_make_another_piece_with_an_ending() -> None:
    composer = tiny_vae()
    assert isinstance(composer, GridComposer)
    request = {"bars": 16, "seed": 3}
    both = [composer.generate(Request(**request, ending=ending)) for ending in (True, False)]  # type: ignore[arg-type]
    assert both[0] == both[1], "the embeddings are zeros before training"
    table = composer.prior.edge.embeddings
    table.assign(np.random.default_rng(0).standard_normal(table.shape) * 3)
    both = [composer.generate(Request(**request, ending=ending)) for ending in (True, False)]  # type: ignore[arg-type]
    assert both[0] != both[1]


def test_a_link_from_before_there_were_endings_makes_what_it_made() -> None:
    studio = Studio(tiny_vae())
    old = {"model": studio.composer.identity, "version": 13, "request": {"style": "jazz", "bars": 4, "seed": 5}}
    text = base64.urlsafe_b64encode(zlib.compress(json.dumps(old).encode())).decode().rstrip("=")
    recipe = read_link(text)
    assert recipe.request == Request("jazz", 4, seed=5, ending=False)
    again = studio.replay(recipe, sound=False)
    assert again.midi == studio.make(Request("jazz", 4, seed=5, ending=False), sound=False).midi
    assert studio.read(again.midi).request == recipe.request, "so it is in the file"


def test_a_link_keeps_the_ending() -> None:
    studio = Studio(tiny_vae())
    for ending in (True, False):
        made = studio.make(Request(bars=4, ending=ending), sound=False)
        text = link_text(made.recipe)
        assert text is not None and read_link(text).request == made.request
        assert studio.read(made.midi).request == Request(bars=4, ending=ending)
