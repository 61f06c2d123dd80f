"""Cells made anew on chords that a person names."""

from __future__ import annotations

import numpy as np
import pytest

import musicgen
from musicgen.compose import Studio
from musicgen.errors import RequestError
from musicgen.export.chord_symbols import name_bars
from musicgen.harmony import write_progression
from musicgen.midi_reading.file import read_file
from musicgen.models.base import Composer
from musicgen.music import THREE_FOUR, Key, Music, Note, Track
from musicgen.new_chords import change_chords, find_missed, write_guide
from musicgen.recipe import Edit, Recipe
from musicgen.recipe_texts import mask_text
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES

PITCHED = [True, True, True, True, False]


@pytest.fixture(scope="module")
def composer() -> Composer:
    return musicgen.load("vae")


@pytest.fixture(scope="module")
def studio(composer: Composer) -> Studio:
    return Studio(composer)


def cells_in(bars: int, *places: int) -> np.ndarray:
    """The cells of all pitched roles in some bars, counted from 0."""
    cells = np.zeros((bars, len(ROLE_NAMES)), bool)
    cells[list(places)] = PITCHED
    return cells


def test_the_chords_that_were_named_are_heard_and_all_else_stays(composer: Composer) -> None:
    heard, cells = [], cells_in(8, 2, 5)
    for seed in range(4):
        music = composer.generate(Request("pop", 8, key="Eb major", seed=seed))
        names = name_bars(music, None)
        names[2], names[5] = ("Bm", "Bm"), ("Db", "Gb7")
        changed = change_chords(composer, music, cells, write_progression(names), seed)
        heard += [2 not in find_missed(changed, cells, write_progression(names))]
        heard += [5 not in find_missed(changed, cells, write_progression(names))]
        for column, role in enumerate(ROLE_NAMES):
            kept = [note for note in music.notes(role) if not cells[note.onset // music.ticks_per_bar, column]]
            now = [note for note in changed.notes(role) if not cells[note.onset // music.ticks_per_bar, column]]
            assert now == kept
    assert np.mean(heard) >= 0.75, heard


def test_a_long_piece_is_changed_where_it_was_asked_for(composer: Composer) -> None:
    music = composer.generate(Request("pop", 128, seed=1))
    cells = cells_in(128, 100)
    names = name_bars(music, None)
    names[100] = ("F#m", "F#m")
    changed = change_chords(composer, music, cells, write_progression(names), 3)
    assert find_missed(changed, cells, write_progression(names)) == []
    assert {note.onset // 48 for role in ROLE_NAMES for note in set(changed.notes(role)) ^ set(music.notes(role))} == {
        100
    }


def test_the_guide_makes_the_chords_in_the_halves_of_the_metre() -> None:
    tune = Track("melody", 73, (Note(0, 72, 12, 90), Note(36, 74, 12, 90)))
    waltz = Music((tune, Track("chords", 0, ()), Track("bass", 32, ())), 2, key=Key.parse("D major"), metre=THREE_FOUR)
    cells = cells_in(2, 1)
    guide = write_guide(waltz, cells, "D | Em A7")
    assert guide.notes("melody")[0] == tune.notes[0]
    assert [(note.onset, note.pitch % 12, note.duration) for note in guide.notes("bass")] == [(36, 4, 24), (60, 9, 12)]
    assert sorted(note.pitch % 12 for note in guide.notes("chords") if note.onset == 60) == [1, 4, 7, 9]
    assert find_missed(guide, cells, "D | Em A7") == []
    assert find_missed(guide, cells, "D | Em N.C.") == [1]


def test_chords_are_part_of_the_recipe_and_of_the_file(studio: Studio) -> None:
    piece = studio.make(Request("pop", 4, seed=2))
    chords = "C | F#m7 | G | C"
    edit = Edit("infill", 5, keep=mask_text(~cells_in(4, 1)), chords=chords)
    changed = studio.change(piece, edit)
    assert changed.recipe.edits[-1].to_dict()["chords"] == chords
    assert Recipe.from_dict(changed.recipe.to_dict()) == changed.recipe
    assert studio.replay(changed.recipe).midi == changed.midi
    assert studio.read(changed.midi).recipe == changed.recipe, "the file of ours is believed"
    assert name_bars(changed.music, changed.recipe.to_dict())[1] == ("F#m7", "F#m7")
    assert "The models hear F#m7 as F#m." in changed.said
    track = read_file(changed.midi).tracks[0]
    markers = [(tick, message.text) for tick, message in track if message.type == "marker"]
    assert markers == [(0, "C"), (1920, "F#m7"), (3840, "G"), (5760, "C")]


def test_what_is_locked_may_hold_other_chords_which_is_said(studio: Studio) -> None:
    piece = studio.make(Request("pop", 4, seed=2))
    cells = np.zeros((4, 5), bool)
    cells[1, 0] = True  # the melody alone
    changed = studio.change(piece, Edit("infill", 5, keep=mask_text(~cells), chords="C | F#dim | G | C"))
    assert changed.said[-1] == (
        "In bar 2 other chords are heard than those that were asked for: try again, or free more roles."
    )


def test_an_edit_without_chords_is_written_as_before_and_no_chords_are_refused() -> None:
    assert Edit("infill", 1).to_dict() == {"kind": "infill", "seed": 1, "keep": "", "roles": []}
    with pytest.raises(RequestError, match="chords: Expected chords such as"):
        Edit("infill", 1, chords="C H")
    with pytest.raises(RequestError, match="unexpected 'chords'"):
        Edit.from_dict({"kind": "vary", "chords": "C"})
