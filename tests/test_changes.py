"""The program that measures variation, morph and kept cells: what counts as a change, and what it says of a model."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.changes import apart, change, changed_cells, pairs_of, rising, run, tables
from musicgen.evaluation.windows import Window
from musicgen.music import Music, Note, Track
from musicgen.roles import ROLE_NAMES
from tests.made_songs import made_data
from tests.tiny import tiny_vae

TUNE = Music(
    (
        Track("melody", 73, (Note(0, 72, 12, 90), Note(48, 74, 12, 90))),
        Track("bass", 33, (Note(0, 36, 24, 90), Note(48, 43, 24, 90))),
    ),
    2,
)


def with_bass(*notes: Note) -> Music:
    return Music((TUNE.tracks[0], Track("bass", 33, notes)), 2)


def test_change_is_the_mean_over_the_roles() -> None:
    assert change(TUNE, TUNE) == 0
    assert change(TUNE, with_bass()) == 0.5
    assert change(TUNE, with_bass(Note(0, 36, 3, 20), Note(48, 44, 24, 90))) == 0.25  # lengths do not count


def test_latents_are_apart_where_cells_play() -> None:
    a, b = np.zeros((1, 2, 2)), np.array([[[3.0, 3.0], [50, 50]]])
    assert apart(a, b, np.array([[True, False]])) == 3


def test_a_kept_cell_changes_with_any_value_of_any_note_in_it() -> None:
    keep = np.ones((2, len(ROLE_NAMES)), bool)
    assert changed_cells(TUNE, TUNE, keep) == 0
    louder = with_bass(Note(0, 36, 24, 91), Note(48, 43, 24, 90))
    assert changed_cells(TUNE, louder, keep) == 1
    keep[0] = False
    assert changed_cells(TUNE, louder, keep) == 0
    assert changed_cells(TUNE, with_bass(), keep) == 1


def test_rising_needs_every_step_to_rise() -> None:
    songs = ["a", "b", "c", "d"]
    up = rising(np.array([[0.0, 1, 2], [0, 2, 3], [0, 1, 4], [0, 3, 4]]), songs)
    assert (up["monotone"], up["pieces"]) == (True, 1)
    assert [mean["value"] for mean in up["means"]] == [0, 1.75, 3.25]
    falls = rising(np.array([[0.0, 1, 2], [0, 2, 3], [0, 1, 4], [0, 3, 1]]), songs)
    assert (falls["monotone"], falls["pieces"]) == (False, 0.75)


def test_pairs_are_of_one_style_and_of_different_songs() -> None:
    styles = ("jazz", "jazz", "folk", "folk", "folk")
    found = [Window(f"song {i % 4}", Music((), 1, style=style)) for i, style in enumerate(styles)]
    pairs = pairs_of(found, 8)
    assert len(pairs) == 8
    assert all(a.song != b.song and a.music.style == b.music.style for a, b in pairs)


def test_a_model_is_measured_from_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_data(tmp_path / "data", 60)
    tiny_vae().save_pretrained(tmp_path / "tiny")
    monkeypatch.setattr("benchmarks.changes.STRENGTHS", (0.0, 1.0))
    monkeypatch.setattr("benchmarks.changes.REFERENCE", 8)
    report = run(tmp_path / "data", str(tmp_path / "tiny"), count=4, pairs=3, temperature=0.8)
    first, last = report["variation"]["change"]["means"]
    assert first["value"] == 0  # a strength of 0 gives the piece itself
    assert last["value"] > 0.5
    assert report["kept"]["changed"] == 0 < report["kept"]["cells"]
    assert set(report["morph"]["sets"]) >= {"midpoints", "samples"}
    text = tables(report)
    assert "| midpoints |" in text
    assert "changed: 0." in text
