"""A style of somebody's own: the vector of some pieces, pieces that are led to it, and what is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from musicgen.compose import Studio
from musicgen.errors import RequestError
from musicgen.evaluation.naming import TABLE, style_of, table_of
from musicgen.evaluation.styles import StyleEar
from musicgen.models.leaning import lean, style_vector, towards
from musicgen.music import THREE_FOUR, Music, Note, Track
from musicgen.own_style import OwnStyle, own_style
from musicgen.recipe import Edit
from musicgen.recipe_texts import vector_text
from musicgen.request import Request
from musicgen.roles import STYLE_NAMES
from tests.tiny import tiny_vae

PULSES = {"rock": 6, "jazz": 8, "folk": 12}


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio(tiny_vae())


@pytest.fixture(scope="module")
def pieces(studio: Studio) -> list[Music]:
    """Three pieces of a melody and a bass, two of them with drums."""
    roles = (("melody", "bass", "drums"), ("melody", "bass"), ("melody", "bass", "drums"))
    return [
        studio.make(Request(bars=4, seed=seed, roles=each, tempo=90 + seed), sound=False).music
        for seed, each in enumerate(roles)
    ]


def test_a_vector_is_the_mean_of_a_role_over_the_bars_in_which_it_plays(studio: Studio, small_music: Music) -> None:
    note = Note(48, 60, 12, 80)  # in the second bar of two
    piece = replace(small_music, tracks=(Track("melody", 0, (note,)),), bars=2)
    vector = style_vector(studio.composer, [piece])
    assert np.allclose(vector[0], studio.composer.encode(piece)[1, 0])
    assert np.isnan(vector[1:]).all()


def test_roles_that_few_pieces_have_are_left_out(studio: Studio, pieces: list[Music]) -> None:
    assert own_style(studio.composer, pieces).roles == ("melody", "bass", "drums")
    assert own_style(studio.composer, [*pieces[:2], pieces[1]]).roles == ("melody", "bass")


def test_waltzes_make_a_waltz_where_the_model_knows_three_four(pieces: list[Music]) -> None:
    waltz = Music((Track("melody", 0, (Note(36, 60, 12, 80), Note(60, 64, 12, 80))),), 4, metre=THREE_FOUR)
    composer = tiny_vae()
    assert own_style(composer, [waltz, waltz, pieces[1]]).metre == "4/4"
    composer.metres = ("4/4", "3/4")
    found = own_style(composer, [waltz, waltz, pieces[1]])
    assert found.request(bars=8).metre == found.metre == "3/4"
    assert OwnStyle.from_dict(found.to_dict()) == found
    kept = {name: value for name, value in found.to_dict().items() if name != "metre"}
    assert OwnStyle.from_dict(kept).metre == "4/4"  # one that was kept before there were others


def test_the_mean_of_what_plays_moves_to_the_vector_and_rests_stay() -> None:
    latents = np.arange(12.0).reshape(3, 2, 2)
    cells = np.array([[True, True], [False, True], [True, True]])
    vector = np.array([[10.0, 0.0], [np.nan, np.nan]])
    half, whole = (towards(latents, cells, vector, strength) for strength in (0.5, 1.0))
    assert whole[[0, 2], 0].mean(axis=0).tolist() == [10, 0]
    assert half[[0, 2], 0].mean(axis=0).tolist() == [7, 2.5]
    assert (whole[1] == latents[1]).all() and (whole[:, 1] == latents[:, 1]).all()


def test_leaning_not_at_all_changes_nothing(studio: Studio, pieces: list[Music]) -> None:
    vector = style_vector(studio.composer, pieces)
    assert lean(studio.composer, pieces[0], vector, 0.0) == pieces[0]
    assert lean(studio.composer, pieces[0], vector, 1.0) != pieces[0]


def test_a_piece_in_a_style_is_made_again_from_its_recipe(studio: Studio, pieces: list[Music]) -> None:
    own = own_style(studio.composer, pieces)
    piece = studio.in_style(OwnStyle.from_dict(own.to_dict()), bars=8, key="D minor", seed=5)
    assert [edit.kind for edit in piece.recipe.edits] == ["lean", "mix"]
    assert (piece.music.bars, str(piece.music.key), piece.music.tempo) == (8, "D minor", 91)
    assert {track.role for track in piece.music.tracks} == {"melody", "bass", "drums"}
    assert studio.replay(piece.recipe).midi == piece.midi
    assert studio.read(piece.midi).recipe == piece.recipe


def test_it_plays_the_instruments_that_most_pieces_have(studio: Studio, pieces: list[Music]) -> None:
    banjos = [
        replace(piece, tracks=tuple(replace(track, program=105) for track in piece.tracks)) for piece in pieces[:2]
    ]
    own = own_style(studio.composer, [*banjos, pieces[2]])
    made = studio.in_style(own, bars=4)
    assert {track.program for track in made.music.tracks if track.role != "drums"} == {105}


def test_a_style_of_another_model_is_refused(studio: Studio, pieces: list[Music]) -> None:
    own = own_style(studio.composer, pieces)
    with pytest.raises(RequestError, match="another model; make it again"):
        studio.in_style(replace(own, model="vae-before"))
    piece = studio.make(Request(bars=4), sound=False)
    with pytest.raises(RequestError, match="a style of this model"):
        studio.change(piece, Edit("lean", vector=vector_text(np.zeros((5, 3)))))


def test_too_few_pieces_and_damaged_styles_are_refused(studio: Studio, pieces: list[Music]) -> None:
    with pytest.raises(RequestError, match="2 to 8 pieces"):
        own_style(studio.composer, pieces[:1])
    values = own_style(studio.composer, pieces).to_dict()
    for wrong in (
        None, {}, values | {"style": "polka"}, values | {"vector": "?"}, values | {"roles": 5},
        values | {"attributes": {"tension": 9}}, values | {"programs": {"bass": 900}}, values | {"more": 1},
        values | {"tempo": 1e9}, values | {"attributes": {"density": "x"}},
    ):  # fmt: skip
        with pytest.raises(RequestError):
            OwnStyle.from_dict(wrong)


def test_pieces_are_named_by_their_notes_as_the_table_says(small_music: Music, tmp_path: Path) -> None:
    def drums(style: str, pulse: int, seed: int) -> Music:
        rng = np.random.default_rng(seed)
        notes = [Note(tick, int(rng.choice([36, 38])), 3, 90) for tick in range(0, 96, pulse)]
        return Music((Track("drums", 0, tuple(notes)),), 2, 100.0, small_music.key, style)

    ear = StyleEar([drums(style, pulse, seed) for style, pulse in PULSES.items() for seed in range(20)])
    path = tmp_path / "table.npz"
    path.write_bytes(table_of(ear))
    assert [style_of([drums("", pulse, seed) for seed in (50, 51)], path) for pulse in PULSES.values()] == [*PULSES]


def test_the_table_that_ships_knows_every_style(small_music: Music) -> None:
    with np.load(TABLE) as table:
        assert sorted(table["styles"]) == sorted(STYLE_NAMES)
    assert style_of([small_music]) in STYLE_NAMES
