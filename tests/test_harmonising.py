"""Changes keep to the harmony that is there, and where it is open fit what is there."""

import numpy as np
import pytest

import musicgen
from musicgen import codec
from musicgen.chord_fit import fits
from musicgen.evaluation.compare import values_of
from musicgen.evaluation.view import View
from musicgen.heard import NONE, heard_chords
from musicgen.models.base import Composer
from musicgen.models.harmonising import told_chords
from musicgen.music import THREE_FOUR, Key, Music, Note, Track

C, F, G, AM = 0, 5, 7, 21
ROOTS = [C, C, 9, 9, F, F, G, G]
"""Of C, Am, F and G, a half bar each: two bars each."""


def notes(*pitches: int, start: int = 0, duration: int = 24) -> tuple[Note, ...]:
    return tuple(Note(start, pitch, duration, 80) for pitch in pitches)


def rows(*tracks: Track, bars: int = 1) -> np.ndarray:
    return codec.encode(Music(tracks, bars))


def test_two_roles_tell_the_chord_and_one_leaves_it_open() -> None:
    triad, root = Track("chords", 0, notes(60, 64, 67)), Track("bass", 32, notes(36))
    assert told_chords(rows(triad, root), 1)[0, 0] == C
    assert told_chords(rows(triad), 1).tolist() == [[NONE, NONE]]
    drums = Track("drums", 0, (Note(0, 36, 3, 90),))
    assert told_chords(rows(triad, drums), 1).tolist() == [[NONE, NONE]], "drums have no chord"


def test_the_chords_that_fit_a_tune_best_are_those_it_outlines() -> None:
    tune = Track("melody", 0, (*notes(72, duration=12), *notes(76, start=12, duration=12), *notes(74, start=24)))
    first, second = fits(rows(tune), 1)
    assert first.argmax() == C
    assert first[AM] > first[F] > first[1], "A minor has both notes, F major one, C sharp major none"
    assert second[G] > second[C], "a D is of G, not of C"


def test_the_last_beat_of_a_waltz_may_have_a_chord_of_its_own() -> None:
    tune = Track("melody", 73, notes(60, 64, 67) + notes(67, 71, 74, start=24, duration=12))
    band = Track("chords", 0, notes(48, 52, 55) + notes(55, 59, 62, start=24, duration=12))
    waltz = codec.encode(Music((tune, band), 1, metre=THREE_FOUR))
    assert told_chords(waltz, 1, THREE_FOUR)[0].tolist() == [C, C + 7]
    assert fits(waltz[waltz[:, 1] == 0], 1, THREE_FOUR).argmax(axis=1).tolist() == [C, C + 7]


def test_silence_fits_every_chord_alike() -> None:
    assert (fits(rows(bars=2), 2) == 0).all()


@pytest.fixture(scope="module", params=["vae", "gan"])
def composer(request: pytest.FixtureRequest) -> Composer:
    return musicgen.load(request.param)


def song() -> Music:
    """Eight bars over C, Am, F and G: a tune that outlines them, a band that plays them."""
    tune, chords, bass = [], [], []
    for half in range(16):
        low = {C: 60, 9: 57, F: 65, G: 67}[ROOTS[half // 2 % 8]]
        third = 3 if low == 57 else 4
        at = 24 * half
        for step, interval in enumerate((0, third, 7, third)):
            tune.append(Note(at + 6 * step, low + 12 + interval, 6, 90))
        chords += notes(low, low + third, low + 7, start=at)
        bass += notes(36 + low % 12, start=at)
    parts = Track("melody", 73, tuple(tune)), Track("chords", 0, tuple(chords)), Track("bass", 32, tuple(bass))
    return Music(parts, 8, key=Key(0), style="pop")


def in_agreement(music: Music, other: Music) -> float:
    """Share of half bars in which the same root is heard."""
    both = (heard_chords(codec.encode(each), each.bars).reshape(-1) % 12 for each in (music, other))
    return float(np.mean(np.equal(*both)))


def test_another_style_keeps_the_chords(composer: Composer) -> None:
    assert in_agreement(song(), composer.transfer(song(), "jazz", seed=1)) >= 0.8


def test_a_band_fits_the_tune_it_accompanies(composer: Composer, monkeypatch: pytest.MonkeyPatch) -> None:
    tune = Music(song().tracks[:1], 8, style="pop")

    def agreement() -> float:
        pieces = [View(composer.accompany(tune, seed=seed)) for seed in range(4)]
        return float(np.mean(values_of(pieces)["chord-tone agreement"]))

    fitting = agreement()
    monkeypatch.setattr(type(composer), "redraw", Composer.redraw)  # without any thought of chords
    assert fitting > max(0.65, agreement() + 0.1)


def test_a_part_made_anew_is_on_the_chords_of_the_others(composer: Composer) -> None:
    cells = np.zeros((8, 5), bool)
    cells[:, 1] = True
    agreed = []
    for seed in range(8):
        anew = composer.infill(song(), cells, seed=seed)
        alone = Music(tuple(track for track in anew.tracks if track.role == "chords"), 8)
        agreed.append(in_agreement(song(), alone))
    assert np.mean(agreed) >= 0.8
