"""`Studio`: pieces made, read, changed, mixed and made again, with a tiny model and no sound."""

from dataclasses import replace

import numpy as np
import pytest

from musicgen.compose import Studio
from musicgen.errors import RequestError
from musicgen.midi import from_midi, to_midi
from musicgen.midi_reading import read_score, read_timeline
from musicgen.music import Music
from musicgen.recipe import Edit, Mix, link_text
from musicgen.recipe_texts import mask_text
from musicgen.request import Request
from tests.tiny import tiny_vae


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio(tiny_vae())


def test_a_change_is_added_to_the_recipe_and_replay_gives_the_same_bytes(studio: Studio) -> None:
    piece = studio.make(Request(bars=4, seed=1))
    keep = np.zeros((4, 5), bool)
    keep[:2] = True
    varied = studio.change(piece, Edit("vary", 5, 0.7, mask_text(keep)))
    longer = studio.change(varied, Edit("continue", 6, bars=2))
    other = studio.make(Request(bars=8, style="rock", seed=2))
    between = studio.morph([longer, other, piece], [2, 1, 1])
    played = studio.change(between, Edit("mix", mix=Mix(tempo=77, programs={"bass": 34}, volumes={"drums": 0})))
    assert [edit.kind for edit in played.recipe.edits] == ["vary", "continue", "morph", "mix"]
    for each in (varied, longer, between, played):
        again = studio.replay(each.recipe)
        assert again.midi == each.midi and again.notice is None
    assert [varied.music.bars, longer.music.bars, between.music.bars] == [4, 6, 8]


def test_a_piece_that_travels_as_its_midi_goes_on_from_its_recipe(studio: Studio) -> None:
    piece = studio.change(studio.make(Request(bars=4, seed=1)), Edit("vary", 5, 0.7))
    back = studio.read(piece.midi)
    assert (back.midi, back.recipe, back.said) == (piece.midi, piece.recipe, ())
    assert studio.change(back, Edit("reconstruct")).midi == studio.change(piece, Edit("reconstruct")).midi


def test_a_file_of_ours_that_somebody_changed_is_a_file_like_any_other(studio: Studio) -> None:
    piece = studio.make(Request(bars=4, seed=1))
    tracks = tuple(replace(track, notes=track.notes[:-1]) for track in piece.music.tracks)
    data = to_midi(replace(piece.music, tracks=tracks), piece.recipe.to_dict())
    assert studio.read(data, "mine.mid").recipe.source == "mine.mid"
    assert studio.read(data, trust=True).recipe == piece.recipe


def test_a_foreign_file_has_no_request_and_cannot_be_replayed(studio: Studio, small_music: Music) -> None:
    piece = studio.read(to_midi(small_music), "tune.mid")
    assert (piece.request, piece.recipe.source, piece.music) == (None, "tune.mid", small_music)
    with pytest.raises(RequestError, match="file of yours"):
        studio.replay(studio.change(piece, Edit("vary", 1, 0.5)).recipe)


def test_a_recipe_of_another_version_is_played_and_said_so(studio: Studio) -> None:
    recipe = studio.make(Request(bars=4)).recipe
    for other in (replace(recipe, model="vae-another"), replace(recipe, version=1)):
        again = studio.replay(other)
        assert "another version" in str(again.notice)
        assert again.recipe == recipe


def test_a_recipe_of_too_many_steps_is_not_followed(studio: Studio) -> None:
    piece = studio.make(Request(bars=4, seed=1))
    long = replace(piece.recipe, edits=(Edit("reconstruct"),) * 40)
    nested = replace(piece.recipe, edits=(Edit("morph", partners=(long,) * 3, weights=(1, 1, 1, 1)),))
    assert (long.steps, long.replayable, nested.steps, nested.replayable) == (41, True, 125, False)
    assert link_text(long) is not None and link_text(nested) is None
    with pytest.raises(RequestError, match="at most 100 steps"):
        studio.replay(nested)
    assert studio.read(to_midi(piece.music, nested.to_dict()), "mine.mid").recipe.source == "mine.mid"


def test_a_mix_sets_tempo_instruments_and_volumes_and_no_note(studio: Studio) -> None:
    piece = studio.make(Request(bars=4, seed=1))
    edit = Edit("mix", mix=Mix(tempo=77, programs={"bass": 34}, volumes={"drums": 0}))
    mixed = studio.change(piece, edit)
    assert mixed.music.tempo == 77
    assert [track.notes for track in mixed.music.tracks] == [track.notes for track in piece.music.tracks]
    assert {track.role: track.program for track in mixed.music.tracks}["bass"] == 34
    volumes = {
        message.channel: message.value
        for _, message in read_timeline(mixed.midi).events
        if message.type == "control_change" and message.control == 7
    }
    assert volumes[9] == 0 and volumes[0] > 0
    assert studio.change(mixed, Edit("reconstruct")).recipe.mix.volumes == {"drums": 0}


def test_a_morph_at_a_corner_is_that_piece_as_the_model_knows_it(studio: Studio) -> None:
    first, last = studio.make(Request(bars=4, seed=1)), studio.make(Request(bars=4, seed=2, style="rock"))
    assert studio.morph([first, last], [0, 1]).music.tracks == studio.composer.reconstruct(last.music).tracks
    assert studio.morph([first, last], [1, 0]).music.tracks == studio.composer.reconstruct(first.music).tracks


def test_a_change_that_does_not_fit_is_refused(studio: Studio) -> None:
    piece = studio.make(Request(bars=4))
    with pytest.raises(RequestError, match="mask of 4 bars"):
        studio.change(piece, Edit("vary", keep="ff"))
    with pytest.raises(RequestError, match="model: expected one of vae"):
        studio.make(Request(), kind="gan")


def test_the_recipe_is_in_the_file(studio: Studio) -> None:
    piece = studio.change(studio.make(Request(bars=4)), Edit("vary", 5, 0.7))
    assert any('"kind": "vary"' in text for text in read_score(piece.midi).texts)
    assert from_midi(piece.midi) == piece.music
