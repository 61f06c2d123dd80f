"""How a piece ends, against values worked out by hand; and which stretches of songs it is set beside."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from musicgen.corpus.dataset import Dataset
from musicgen.corpus.labels import ENDS
from musicgen.evaluation.endings import MEASURES, endings, ends_on_tonic, last_chord_on_tonic, last_note, silence
from musicgen.evaluation.report import _endings
from musicgen.evaluation.windows import final_windows, request_like, windows
from musicgen.music import SIX_EIGHT, Key, Music, Note, Track
from tests.made_songs import made_data


def notes(*each: tuple[int, int, int]) -> tuple[Note, ...]:
    """Notes of (onset, pitch, duration)."""
    return tuple(Note(onset, pitch, duration, 80) for onset, pitch, duration in each)


G_TRIAD, D_TRIAD = ((67, 71, 74), (62, 66, 69))
CLOSED = Music(
    (
        Track("melody", 0, notes((0, 74, 24), (48, 71, 24), (72, 67, 12), (72, 64, 12))),
        Track("chords", 0, notes(*((0, p, 48) for p in D_TRIAD), *((48, p, 36) for p in G_TRIAD))),
        Track("bass", 33, notes((0, 38, 48), (48, 43, 24), (72, 50, 12), (72, 43, 6))),
        Track("drums", 0, notes((84, 36, 3))),
    ),
    bars=2, key=Key(7),
)  # fmt: skip
"""Two bars in G major: D, then G; the last drum is struck a beat before the end."""
OPEN = replace(
    CLOSED,
    tracks=(
        Track("melody", 0, notes((90, 62, 48))),
        Track("chords", 0, notes(*((0, p, 48) for p in G_TRIAD), *((48, p, 48) for p in D_TRIAD))),
        Track("bass", 33, notes((0, 43, 48), (48, 38, 36))),
    ),
)
"""The same chords the other way round; the last note rings past the end."""


def test_a_piece_that_comes_home() -> None:
    assert {name: measure(CLOSED) for name, measure in MEASURES.items()} == {  # type: ignore[arg-type]
        "last chord on the tonic": 1.0,
        "last bass note on the tonic": 1.0,
        "melody ends on the tonic": 1.0,
        "last note, quarter notes": 1.0,
        "silence after it, quarter notes": 0.75,
    }


def test_a_piece_that_is_left_open() -> None:
    assert [measure(OPEN) for measure in MEASURES.values()] == [0.0, 0.0, 0.0, 4.0, 0.0]  # type: ignore[arg-type]


def test_a_minor_piece_ends_on_its_own_tonic() -> None:
    minor = replace(OPEN, key=Key(2, "minor"))
    assert (last_chord_on_tonic(minor), ends_on_tonic(minor, "melody"), ends_on_tonic(minor, "bass")) == (1, 1, 1)


def test_a_bar_is_as_long_as_its_metre_says() -> None:
    jig = Music((Track("melody", 0, notes((36, 60, 18))),), 2, metre=SIX_EIGHT)
    assert (last_note(jig), silence(jig), last_chord_on_tonic(jig)) == (1.5, 1.5, 1.0)


def test_what_a_piece_has_not_is_not_measured() -> None:
    drums = Music((Track("drums", 0, notes((0, 36, 3))),), 1)
    assert [math.isnan(measure(drums)) for measure in MEASURES.values()] == [True] * 4 + [False]  # type: ignore[arg-type]
    assert silence(drums) == 3.75
    assert all(math.isnan(measure(Music((), 1))) for measure in MEASURES.values())  # type: ignore[arg-type]


def test_pieces_are_averaged_and_those_that_do_not_define_a_measure_are_left_out() -> None:
    found = endings([CLOSED, OPEN, Music((), 1)], ["a", "b", "c"])
    assert list(found) == list(MEASURES)
    assert (found["last chord on the tonic"]["value"], found["last chord on the tonic"]["count"]) == (0.5, 2)
    assert found["last note, quarter notes"]["value"] == 2.5
    assert found["silence after it, quarter notes"] == pytest.approx(
        {"value": 0.375, "low": 0, "high": 0.75, "count": 2}
    )


def test_the_report_sets_models_beside_songs_in_one_table() -> None:
    songs, pieces = endings([CLOSED], ["a"]), endings([OPEN], ["a"])
    models = [{"name": "vae <1>", "endings": pieces}, {"name": "of before"}]
    page = _endings({"held-out": {"endings": songs}, "models": models})
    assert page.count("<table>") == 1 and page.count("<tr>") == 1 + len(MEASURES)
    assert "<td>last note, quarter notes</td><td>1 (1 to 1)</td><td>4 (4 to 4)</td>" in page
    assert "vae &lt;1&gt;" in page and "of before" not in page
    assert _endings({"held-out": {}, "models": models}) == ""


# --- which songs ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Made songs, of which three in four are known to end."""
    folder = tmp_path_factory.mktemp("made")
    made = made_data(folder, 60)
    edges = np.zeros(60 * 16, np.uint8)
    edges[15::16] = ENDS
    edges[63::64] = 0
    np.save(folder / "edges.npy", edges)
    assert made.labels == {}
    return Dataset.open(folder)


def test_the_last_windows_are_those_of_songs_that_are_known_to_end(dataset: Dataset) -> None:
    found = final_windows(dataset, "train", 100)
    ending = {piece.song for piece in dataset.split("train") if (piece.start // 16) % 4 != 3}
    assert {window.song for window in found} == ending and len(found) == len(ending)
    assert all(window.ends and window.music.bars == 16 for window in found)
    assert len(final_windows(dataset, "train", 5)) == 5
    assert final_windows(dataset, "train", 5, metre="6/8") == []


def test_a_request_like_a_window_ends_where_the_song_does(dataset: Dataset) -> None:
    found = windows(dataset, "train", 40)
    assert {request_like(window, 1, 0.8).ending for window in found} == {True, False}
    assert all(request_like(window, 1, 0.8).ending is window.ends for window in found)


def test_a_data_set_that_does_not_say_where_songs_end_has_no_endings(tmp_path: Path) -> None:
    made = made_data(tmp_path, 12)
    assert final_windows(made, "train", 5) == []
    assert not any(window.ends for window in windows(made, "train", 5))
