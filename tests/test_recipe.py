"""Recipes: what they hold, what they refuse, and the text of a link."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen.errors import RequestError
from musicgen.music import MAX_BARS
from musicgen.recipe import MAX_EDITS, VERSION, Edit, Mix, Recipe, link_text, read_link
from musicgen.recipe_texts import mask_text, read_mask, read_vector, vector_text
from musicgen.request import Request

JAZZ = Recipe("vae-012345", Request(style="jazz", bars=8, seed=7))
VARIED = JAZZ.after(Edit("vary", 3, 0.5, "ff00ff00ff"))


def test_a_recipe_is_plain_values_and_comes_back_from_them() -> None:
    other = Recipe("gan-6789", Request(style="rock"))
    morphed = VARIED.after(Edit("morph", partners=(other,), weights=(1, 3))).after(Edit("mix", mix=Mix(tempo=90)))
    assert Recipe.from_dict(morphed.to_dict()) == morphed
    assert VARIED.to_dict() == {
        "model": "vae-012345",
        "version": VERSION,
        "request": JAZZ.request.to_dict() if JAZZ.request else None,
        "edits": [{"kind": "vary", "seed": 3, "strength": 0.5, "keep": "ff00ff00ff"}],
    }


def test_the_kind_of_a_model_comes_before_the_dash() -> None:
    assert JAZZ.kind == "vae"


def test_a_recipe_that_was_written_before_there_were_versions_and_edits_is_still_read() -> None:
    old = {"model": "vae-012345", "request": {"style": "jazz", "bars": 8, "seed": 7}}
    assert Recipe.from_dict(old) == Recipe("vae-012345", Request(style="jazz", bars=8, seed=7, ending=False), version=1)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (None, "Expected a recipe"),
        ({"model": 7}, "Expected a recipe"),
        ({"model": "vae", "request": {"style": "polka"}}, "style: expected one of"),
        ({"model": "vae", "edits": [{"kind": "delete"}]}, "Expected a change of a kind among"),
        ({"model": "vae", "edits": [{"kind": "vary", "bars": 3}]}, "vary: unexpected 'bars'"),
        ({"model": "vae", "edits": [{"kind": "vary", "strength": float("nan")}]}, "strength: expected a number"),
        ({"model": "vae", "edits": [{"kind": "continue", "bars": 321}]}, "bars: expected 1 to 320"),
        ({"model": "vae", "edits": [{"kind": "restyle", "style": "polka"}]}, "style: expected one of"),
        ({"model": "vae", "edits": [{"kind": "accompany", "roles": ["voice"]}]}, "roles: expected some of"),
        ({"model": "vae", "edits": [{"kind": "morph", "partners": [], "weights": [1]}]}, "Expected one to three"),
        ({"model": "vae", "edits": [{"kind": "mix", "mix": {"volumes": {"bass": 128}}}]}, "volumes: expected 0 to 127"),
        ({"model": "vae", "edits": [{"kind": "vary"}] * (MAX_EDITS + 1)}, "edits: expected up to 64"),
    ],
)
def test_what_is_no_recipe_is_refused_in_one_line(wrong: object, says: str) -> None:
    with pytest.raises(RequestError, match="(?s)^" + says) as caught:
        Recipe.from_dict(wrong)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_recipes_within_recipes_end_somewhere() -> None:
    values: dict = JAZZ.to_dict()
    for _ in range(20):
        values = JAZZ.to_dict() | {"edits": [{"kind": "morph", "partners": [values], "weights": [1, 1]}]}
    with pytest.raises(RequestError):
        Recipe.from_dict(values)


def test_a_piece_that_takes_too_much_work_has_no_link() -> None:
    long = Recipe("vae-1", Request(bars=128))
    assert (long.work, JAZZ.work, VARIED.work) == (128, 8, 16)
    grown = long.after(Edit("continue", bars=192)).after(Edit("mix", mix=Mix(tempo=90)))
    assert grown.work == 128 + 320
    for seed in range(4):
        grown = grown.after(Edit("vary", seed))
    assert (grown.work, grown.replayable, link_text(grown) is not None) == (1728, True, True)
    beyond = grown.after(Edit("vary", 4))
    assert (beyond.work, beyond.steps, beyond.replayable, link_text(beyond)) == (2048, 8, False, None)
    morphed = JAZZ.after(Edit("morph", partners=(grown,), weights=(1, 1)))
    assert morphed.work == 8 + 1728 + 320 and not morphed.replayable


def test_of_mixes_one_after_another_the_last_counts() -> None:
    loud, quiet = Edit("mix", mix=Mix(volumes={"bass": 127})), Edit("mix", mix=Mix(volumes={"bass": 1}))
    assert VARIED.after(loud).after(quiet).edits == (*VARIED.edits, quiet)
    assert VARIED.after(quiet).after(Edit("reconstruct")).mix.volumes == {"bass": 1}


def test_a_link_carries_a_recipe_that_can_be_made_again() -> None:
    text = link_text(VARIED)
    assert text is not None and read_link(text) == VARIED
    assert len(text) < 400


def test_no_link_for_a_piece_that_began_as_a_file() -> None:
    mine = Recipe("vae-012345", source="mine.mid")
    assert link_text(mine) is None
    assert link_text(JAZZ.after(Edit("morph", partners=(mine,), weights=(1, 1)))) is None


@given(st.one_of(st.text(max_size=300), st.none(), st.integers()))
def test_no_text_breaks_the_reader_of_links(text: object) -> None:
    with pytest.raises(RequestError):
        read_link(text)


def test_a_damaged_link_is_told_so() -> None:
    text = link_text(VARIED)
    assert text is not None
    with pytest.raises(RequestError, match="damaged"):
        read_link(text[:-9])


def test_a_mask_is_hexadecimal_digits() -> None:
    cells = np.zeros((2, 5), bool)
    assert mask_text(cells) == ""
    cells[0, :4] = True
    assert mask_text(cells) == "f000"
    with pytest.raises(RequestError, match="3 bars"):
        read_mask("f0", 3)


@given(st.integers(1, MAX_BARS), st.integers(0, 2**32 - 1))
def test_every_mask_comes_back(bars: int, seed: int) -> None:
    cells = np.random.default_rng(seed).random((bars, 5)) < 0.5
    assert (read_mask(mask_text(cells), bars) == cells).all()


def test_a_style_vector_comes_back_and_says_nothing_of_roles_that_are_not_in_it() -> None:
    vector = np.array([[0.5, -2], [1, 0], [np.nan, np.nan], [3, 1], [0.25, 4]], np.float32)
    assert np.array_equal(read_vector(vector_text(vector)), vector, equal_nan=True)
    edit = Edit("lean", 3, 0.5, vector=vector_text(vector))
    assert Edit.from_dict(edit.to_dict()) == edit
    assert read_link(str(link_text(JAZZ.after(edit)))) == JAZZ.after(edit)


@pytest.mark.parametrize(
    "wrong",
    [
        "", 7, "no base64!", "AAA=", "A" * 4000,
        vector_text(np.full((5, 2), 1e4)), vector_text(np.array([[1, np.nan]] * 5)),
    ],
)  # fmt: skip
def test_what_is_no_style_vector_is_refused(wrong: object) -> None:
    with pytest.raises(RequestError, match="vector: expected the style of some pieces"):
        Edit.from_dict({"kind": "lean", "vector": wrong})
