"""Can the suite be fooled? Planted faults must raise their alarm, and the ladder must come out in order."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.baselines import UNTRAINED, find
from musicgen.corpus.dataset import Dataset
from musicgen.evaluation import classifier, diversity
from musicgen.evaluation.alarms import Limits, alarms
from musicgen.evaluation.memorisation import FLAG, Melodies
from musicgen.music import TICKS_PER_BAR, Music, Note
from musicgen.request import Request
from musicgen.roles import ROLE_BY_NAME, ROLE_NAMES
from tests.made_songs import made_data, song

GOOD = song(4, "ABAC")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return made_data(tmp_path_factory.mktemp("made"))


def with_notes(music: Music, role: str, notes: tuple[Note, ...]) -> Music:
    return replace(music, tracks=tuple(replace(t, notes=notes) if t.role == role else t for t in music.tracks))


def kinds(music: Music, limits: Limits | None = None) -> set[str]:
    return {text.split(":")[0] for text in alarms(music, limits)}


# --- planted faults ---


def test_a_good_song_raises_no_alarm() -> None:
    assert alarms(GOOD) == []


def test_a_stuck_note() -> None:
    stuck = GOOD.notes("pad")[0]._replace(duration=5 * TICKS_PER_BAR)
    assert kinds(with_notes(GOOD, "pad", (stuck, *GOOD.notes("pad")[1:]))) == {"stuck note"}


def test_a_silent_role() -> None:
    assert alarms(with_notes(GOOD, "bass", ())) == ["silent role: bass"]


@pytest.mark.parametrize("role", ["melody", "chords", "bass"])
def test_one_role_a_semitone_off(role: str) -> None:
    moved = tuple(note._replace(pitch=note.pitch + 1) for note in GOOD.notes(role))
    found = alarms(with_notes(GOOD, role, moved))
    assert any(text.startswith(f"clash: {role}") for text in found)


def test_a_looped_bar() -> None:
    tracks = []
    for track in GOOD.tracks:
        bar = [note for note in track.notes if note.onset < TICKS_PER_BAR]
        notes = tuple(note._replace(onset=note.onset + i * TICKS_PER_BAR) for i in range(16) for note in bar)
        tracks.append(replace(track, notes=notes))
    assert "looping" in kinds(replace(GOOD, tracks=tuple(tracks)))


def test_one_pitch_over_and_over() -> None:
    assert "one pitch" in kinds(with_notes(GOOD, "melody", tuple(n._replace(pitch=60) for n in GOOD.notes("melody"))))


def test_notes_in_splinters() -> None:
    splinters = tuple(note._replace(duration=1) for note in GOOD.notes("chords"))
    assert "fragments" in kinds(with_notes(GOOD, "chords", splinters))


def test_a_pitch_out_of_the_range_of_its_role() -> None:
    low = tuple(note._replace(pitch=note.pitch - 24) for note in GOOD.notes("bass"))
    assert "out of range" in kinds(with_notes(GOOD, "bass", low))


def test_limits_are_widened_to_what_real_songs_do_but_never_narrowed() -> None:
    chords = tuple(note._replace(pitch=note.pitch + 1) for note in GOOD.notes("chords"))
    odd = with_notes(GOOD, "chords", chords)
    assert "clash" not in kinds(odd, Limits.measured([odd]))
    assert Limits.measured([GOOD]) == Limits()


def test_a_training_song_copied_into_another_key_and_place_is_named() -> None:
    melodies = Melodies((f"song {seed}", song(seed)) for seed in range(30))
    copy = song(7).transposed(4)
    later = with_notes(
        replace(copy, bars=17), "melody", tuple(n._replace(onset=n.onset + TICKS_PER_BAR) for n in copy.notes("melody"))
    )
    match = melodies.nearest(later)
    assert melodies.reuse(later) == 1
    assert match is not None
    assert (match.song, match.bar, match.song_bar) == ("song 7", 1, 0)
    assert match.length == len(copy.notes("melody")) - 1


def test_a_new_song_is_no_copy() -> None:
    melodies = Melodies((f"song {seed}", song(seed)) for seed in range(30))
    assert melodies.reuse(song(999)) <= FLAG
    assert np.isnan(melodies.reuse(with_notes(song(999), "melody", ())))


# --- many pieces ---


def test_a_model_with_one_song_in_it_is_seen() -> None:
    songs = [song(seed) for seed in range(40)]
    embedding = diversity.Embedding(songs)
    assert diversity.mean_pairwise_distance(embedding([song(1)] * 40)) < 1e-6
    assert diversity.unique_two_bar_hashes([song(1)] * 40) < 0.05
    assert diversity.mean_pairwise_distance(embedding(songs)) > 0.5


def test_a_loop_of_two_bars_has_one_hash() -> None:
    notes = tuple(Note(TICKS_PER_BAR * bar, 60 + bar % 2, 6, 80) for bar in range(4))
    music = with_notes(Music(GOOD.tracks[:1], 16), "melody", notes)
    assert diversity.unique_two_bar_hashes([replace(music, bars=4)]) == 0.5


def test_coverage_precision_and_recall_on_a_line() -> None:
    real = np.array([[0.0], [1.0], [2.0], [3.0]])  # every nearest neighbour is 1 away
    generated = np.array([[0.5], [10.0]])  # these are 9.5 away from each other
    assert diversity.coverage(generated, real, neighbours=1) == 0.5  # 0 and 1 have one within 1
    assert diversity.covered(generated, real, neighbours=1).tolist() == [1, 1, 0, 0]
    assert diversity.precision(generated, real, neighbours=1) == 0.5  # 10 is out in the cold
    assert diversity.recall(generated, real, neighbours=1) == 1


def test_stretches_of_one_song_are_no_neighbours_of_each_other() -> None:
    real = np.array([[0.0], [0.01], [1.0], [1.01]])
    generated = np.array([[0.5]])
    assert diversity.coverage(generated, real, neighbours=1) == 0
    assert diversity.coverage(generated, real, ["a", "a", "b", "b"], neighbours=1) == 1


def test_the_area_under_the_curve() -> None:
    # of the four pairs of a real and a generated piece, three are in order
    assert classifier.area(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1])) == 0.75
    assert classifier.area(np.array([0.5, 0.5]), np.array([0, 1])) == 0.5


def test_the_classifier_tells_apart_what_differs_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    songs = [f"song {i // 2}" for i in range(120)]
    real, same = rng.standard_normal((2, 120, 10))
    labels = np.repeat([0, 1], 120)
    assert classifier.area(classifier.scores(real, same, songs, songs), labels) == pytest.approx(0.5, abs=0.12)
    assert classifier.area(classifier.scores(real, same + 1.5, songs, songs), labels) > 0.95


# --- the ladder ---


@pytest.mark.parametrize("name", list(UNTRAINED))
@pytest.mark.parametrize("bars", (4, 12, 64))
def test_a_rung_gives_what_was_asked_for(dataset: Dataset, name: str, bars: int) -> None:
    rung = find(name, dataset)
    assert rung is not None
    request = Request("pop", bars, 90, "F# minor", seed=3, roles=("melody", "bass", "drums"))
    music = rung.generate(request)
    assert (music.bars, music.tempo, str(music.key), music.style) == (bars, 90, "F# minor", "pop")
    assert [track.role for track in music.tracks] == ["melody", "bass", "drums"]
    assert all(len(track.notes) > bars // 2 for track in music.tracks)
    for track in music.tracks:
        role = ROLE_BY_NAME[track.role]
        assert all(role.low <= note.pitch <= role.high and note.end <= music.ticks for note in track.notes)
    assert rung.generate(request) == music
    assert rung.generate(replace(request, seed=4)) != music


def test_no_rung_has_that_name(dataset: Dataset) -> None:
    assert find("vae", dataset) is None


def test_the_ladder_is_in_order(dataset: Dataset) -> None:
    """Noise, then bars of different songs, then Markov, then songs that were held out."""
    from musicgen.evaluation.compare import values_of
    from musicgen.evaluation.metrics import THEMES
    from musicgen.evaluation.protocol import composite
    from musicgen.evaluation.view import View
    from musicgen.evaluation.windows import windows

    test, valid = (windows(dataset, split, 40) for split in ("test", "valid"))
    real = values_of([View(window.music) for window in test])
    pieces = {"real": [window.music for window in valid]}
    for name in UNTRAINED:
        rung = find(name, dataset)
        assert rung is not None
        pieces[name] = rung.generate_many([Request(seed=i, roles=ROLE_NAMES) for i in range(40)])
    found = {name: composite(values_of([View(m) for m in ms]), real, THEMES) for name, ms in pieces.items()}
    assert found["noise"] > found["glued"] > found["markov"] > found["real"]


def test_resampled_distances_lie_about_the_plain_one() -> None:
    from musicgen.evaluation.metrics import HEADLINE, THEMES
    from musicgen.evaluation.protocol import Sample, composite
    from musicgen.evaluation.resampling import composite_draws

    rng = np.random.default_rng(0)
    songs = [f"song {i // 2}" for i in range(200)]
    real, far = rng.standard_normal(200), rng.standard_normal(200) + 2
    draws = composite_draws(dict.fromkeys(HEADLINE, Sample(far, songs)), dict.fromkeys(HEADLINE, Sample(real, songs)))
    plain = composite(dict.fromkeys(HEADLINE, far), dict.fromkeys(HEADLINE, real), THEMES)
    assert draws.shape == (200,)
    assert draws.mean() == pytest.approx(plain, abs=0.03)
    assert draws.std() < 0.06
