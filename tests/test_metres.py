"""Music in 3/4 and 6/8 through the models, and which metres a model can be asked for."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from musicgen.compose import Studio
from musicgen.edits import apply
from musicgen.errors import CheckpointError, RequestError
from musicgen.midi import to_midi
from musicgen.models import load_composer
from musicgen.models.base import Composer
from musicgen.models.grid_composer import GridComposer
from musicgen.music import FOUR_FOUR, METRES, SIX_EIGHT, THREE_FOUR, Metre, Music, Note, Track
from musicgen.recipe import Edit, Mix, Recipe
from musicgen.request import Request
from tests.tiny import tiny_vae

OTHER = Recipe("vae-untrained", Request(bars=4))


@pytest.fixture(scope="module")
def composer() -> Composer:
    """A model that has learned every metre, or says so."""
    composer = tiny_vae()
    composer.metres = tuple(METRES)
    return composer


def tune(metre: Metre) -> Music:
    """Three bars, with a note on every eighth."""
    notes = tuple(Note(tick, 60, 6, 92) for tick in range(0, 3 * metre.ticks_per_bar, 6))
    return Music((Track("melody", 73, notes),), 3, metre=metre)


@pytest.mark.parametrize("metre", [THREE_FOUR, SIX_EIGHT], ids=str)
def test_a_piece_in_another_metre_goes_through_a_model_and_back(composer: Composer, metre: Metre) -> None:
    music = tune(metre)
    assert composer.encode(music).shape[0] == 3
    again = composer.reconstruct(music)
    assert (again.metre, again.bars) == (metre, 3)
    longer = composer.continue_(music, 5, seed=1)
    assert (longer.metre, longer.bars, longer.excerpt(0, 3).notes("melody")) == (metre, 8, music.notes("melody"))


def test_a_piece_that_is_asked_for_in_another_metre_is_in_it(composer: Composer) -> None:
    music = composer.generate(Request(bars=4, seed=1, metre="6/8", density=20.0, rhythm=10.0))
    assert (music.metre, music.ticks) == (SIX_EIGHT, 4 * 36) and music.note_count


def test_what_lies_past_the_end_of_a_shorter_bar_is_never_played(composer: Composer) -> None:
    latents = composer.encode(replace(composer.generate(Request(bars=4, seed=2))))
    chances = composer.codec.chances(latents, Music((Track("bass", 33, ()),), 4, metre=THREE_FOUR))  # type: ignore[attr-defined]
    assert chances.onsets[:, :, :36].any() and not chances.onsets[:, :, 36:].any()


def test_a_metre_that_a_model_has_not_learned_is_refused() -> None:
    with pytest.raises(RequestError, match=r"^metre: expected 4/4, which is what this model has learned\. Received: 3"):
        tiny_vae().generate(Request(bars=4, metre="3/4"))


def test_a_style_and_metre_of_few_training_songs_is_hardly_heard(composer: Composer) -> None:
    assert composer.hardly_heard("3/4") == (), "a checkpoint that does not say"
    assert isinstance(composer, GridComposer)
    composer.card = {"songs": {"3/4": {"pop": 10, "folk": 9}}}
    few = composer.hardly_heard("3/4")
    composer.card = {}
    assert "pop" not in few and {"folk", "reggae"} <= set(few)


def test_a_checkpoint_says_which_metres_its_model_knows(composer: Composer, tmp_path: Path) -> None:
    composer.save_pretrained(tmp_path)
    assert load_composer(tmp_path).metres == ("4/4", "3/4", "6/8")
    config = json.loads((tmp_path / "config.json").read_text())
    del config["metres"]  # as in those of before
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert load_composer(tmp_path).metres == ("4/4",)
    (tmp_path / "config.json").write_text(json.dumps(config | {"metres": ["7/8"]}))
    with pytest.raises(CheckpointError, match="Expected metres among 4/4, 3/4, 6/8"):
        load_composer(tmp_path)


def test_nothing_lies_between_pieces_of_two_metres(composer: Composer) -> None:
    said = r"^Expected pieces in one metre, to go between them\. Received: 3/4 and 6/8\.$"
    with pytest.raises(RequestError, match=said):
        composer.morph(tune(THREE_FOUR), tune(SIX_EIGHT), 3)
    with pytest.raises(RequestError, match=said):
        apply(composer, tune(THREE_FOUR), Edit("morph", partners=(OTHER,), weights=(1, 1)), [tune(SIX_EIGHT)])
    between = composer.morph(tune(THREE_FOUR), tune(THREE_FOUR), 3)
    assert [(piece.metre, piece.bars) for piece in between] == [(THREE_FOUR, 3)] * 3


def test_a_change_in_a_metre_that_the_model_has_not_learned_says_so() -> None:
    studio = Studio(tiny_vae())
    waltz, march = (studio.read(to_midi(tune(metre))) for metre in (THREE_FOUR, FOUR_FOUR))
    said = "The model learned from music in 4/4 alone: what it makes of 3/4 is less sure."
    assert said in studio.change(waltz, Edit("continue", bars=4), sound=False).said
    assert said not in studio.change(waltz, Edit("mix", mix=Mix(tempo=90)), sound=False).said
    assert said not in studio.change(march, Edit("continue", bars=4), sound=False).said
