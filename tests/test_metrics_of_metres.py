"""Metrics of pieces in 3/4 and 6/8, against values worked out by hand; and what evaluation takes from a data set."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.baselines.noise import Noise
from musicgen.corpus.dataset import Dataset
from musicgen.errors import MusicgenError, RequestError
from musicgen.evaluation import form, metrics, rhythm, texture
from musicgen.evaluation.features import features
from musicgen.evaluation.markov_floor import MarkovFloor
from musicgen.evaluation.reconstruction import framewise_accuracy
from musicgen.evaluation.tonality import swapped
from musicgen.evaluation.view import View
from musicgen.evaluation.windows import request_like, windows
from musicgen.music import FOUR_FOUR, SIX_EIGHT, THREE_FOUR, Metre, Music, Note, Track
from musicgen.request import Request
from tests.made_songs import made_data


def line(metre: Metre, *onsets: int, bars: int = 2, role: str = "melody") -> Music:
    return Music((Track(role, 0, tuple(Note(onset, 60, 3, 80) for onset in onsets)),), bars, metre=metre)


def test_bars_of_three_quarters_are_counted_by_themselves() -> None:
    waltz = line(THREE_FOUR, 0, 36, 48)
    assert metrics.notes_per_bar(waltz, "melody") == 1.5
    assert metrics.empty_bars(line(THREE_FOUR, 36), "melody") == 0.5
    assert View(waltz).chroma("melody").shape == (24, 12)
    assert form.best_earlier_match(line(THREE_FOUR, 0, 12, 36, 48)) == 1.0
    assert rhythm.in_cycles(line(SIX_EIGHT, *range(0, 8 * 36, 36), bars=8), "melody") == 1.0
    assert rhythm.groove_consistency(line(SIX_EIGHT, 0, 18, 36, 54)) == 1.0


@pytest.mark.parametrize(
    ("metre", "onset", "following", "points"),
    [
        (FOUR_FOUR, 12, 48, 1),  # on beat 2, held over beat 3
        (THREE_FOUR, 12, 36, 0),  # on beat 2, held over beat 3, which is no stronger
        (THREE_FOUR, 30, 48, 2),  # on the last eighth, held over the bar line
        (SIX_EIGHT, 12, 36, 1),  # on the third eighth, held over the second beat
        (SIX_EIGHT, 18, 36, 0),  # on the second beat
    ],
    ids=str,
)
def test_syncopation_is_weighed_by_the_metre(metre: Metre, onset: int, following: int, points: int) -> None:
    assert rhythm.syncopation(line(metre, onset, following), "melody") == points / 2  # a bar


def test_a_chord_is_struck_again_within_a_half_bar_of_its_metre() -> None:
    chords = Music(
        (Track("chords", 0, tuple(Note(onset, pitch, 6, 80) for onset in (0, 12, 24) for pitch in (60, 64))),), 1
    )
    assert texture.struck_again(chords, "chords") == 1.0  # of 0 and 12; 24 is another half bar
    apart = replace(chords, tracks=(Track("chords", 0, tuple(n for n in chords.notes("chords") if n.onset != 0)),))
    assert str(texture.struck_again(replace(apart, metre=SIX_EIGHT), "chords")) == "nan"  # 12 and 24: two halves


@pytest.mark.parametrize("metre", [FOUR_FOUR, THREE_FOUR, SIX_EIGHT], ids=str)
def test_features_are_the_same_ones_in_every_metre(metre: Metre) -> None:
    piece = line(metre, 0, 12, 24, 36, bars=4)
    assert list(features(piece)) == list(features(line(FOUR_FOUR, 0)))
    assert framewise_accuracy(piece, piece, "melody") == 1.0
    assert 0 <= MarkovFloor([piece]).accuracy(piece, "melody") <= 1
    assert swapped([piece, replace(piece, style="jazz"), replace(piece)]) is not None


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Made songs, of which every other one is called a waltz; its bars' last beats are left out."""
    folder = tmp_path_factory.mktemp("made")
    made = made_data(folder, 40)
    rows = json.loads((folder / "pieces.json").read_text())
    for row in rows[::2]:
        row["metre"] = "3/4"
    (folder / "pieces.json").write_text(json.dumps(rows))
    notes, offsets = made.notes, made.offsets
    short = {bar for row in rows[::2] for bar in range(row["start"], row["start"] + row["bars"])}
    keep = [
        place for bar in range(len(offsets) - 1) for place in range(offsets[bar], offsets[bar + 1])
        if bar not in short or notes[place, 1] < 36
    ]  # fmt: skip
    counts = np.bincount(np.searchsorted(offsets, keep, side="right") - 1, minlength=len(offsets) - 1)
    np.save(folder / "offsets.npy", np.append(0, np.cumsum(counts)))
    np.save(folder / "notes.npy", np.asarray(notes)[keep])
    return Dataset.open(folder)


def test_windows_are_of_one_metre_and_so_are_the_requests_that_are_like_them(dataset: Dataset) -> None:
    waltzes = windows(dataset, "train", 6, metre="3/4")
    assert {window.music.metre for window in waltzes} == {THREE_FOUR}
    assert {window.music.metre for window in windows(dataset, "train", 6)} == {FOUR_FOUR}
    assert request_like(waltzes[0], 1, 0.8).metre == "3/4"
    with pytest.raises(MusicgenError, match="pieces of 16 bars in 6/8 in the train split"):
        windows(dataset, "train", 6, metre="6/8")


def test_training_songs_are_counted_by_metre_and_style(dataset: Dataset) -> None:
    count = len(dataset.split("train"))
    waltzes = sum(piece.metre == "3/4" for piece in dataset.split("train"))
    assert dataset.songs_by_metre() == {"3/4": {"pop": waltzes}, "4/4": {"pop": count - waltzes}}


def test_baselines_answer_in_four_four_alone(dataset: Dataset) -> None:
    with pytest.raises(RequestError, match=r"expected 4/4, the only one of the baselines\. Received: 3/4"):
        Noise(dataset).generate(Request(metre="3/4"))
