"""How people play: what is done to notes on the grid, what of it a file keeps, and what it is learned from."""

import base64
import json
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen import midi
from musicgen.audio import Renderer
from musicgen.corpus.played import Take, was_played
from musicgen.errors import MusicgenError, RequestError
from musicgen.intake import read_music
from musicgen.midi import from_midi, to_midi
from musicgen.midi_reading import ScoreNote, ScoreTrack, read_score
from musicgen.music import METRES, Music, Note, Track
from musicgen.performance import GROUPS, Played, group_of, habits, perform, place_of
from musicgen.recipe import Edit, Mix, Recipe
from musicgen.request import Request
from musicgen.training.performing import learn

FOUR_FOUR, SIX_EIGHT = METRES["4/4"], METRES["6/8"]


def drums(*onsets: int, pitch: int = 42, velocity: int = 80, bars: int = 1, metre: str = "4/4") -> Music:
    notes = tuple(Note(onset, pitch, 3, velocity) for onset in onsets)
    return Music((Track("drums", 0, notes),), bars, 120, style="rock", metre=METRES[metre])


def starts(music: Music, **how: float) -> list[float]:
    return [round(note.start, 2) for note in perform(music, **how)["drums"]]


EIGHTHS = drums(*range(0, 48 * 8, 6), bars=8)


# --- swing ---


@pytest.mark.parametrize(
    ("swing", "expected"),
    [
        (50, [0, 3, 6, 9, 12]),
        (60, [0, 3.6, 7.2, 9.6, 12]),
        (67, [0, 4, 8, 10, 12]),
    ],
)
def test_swing_moves_the_second_half_of_each_beat_and_stretches_what_is_within(swing, expected) -> None:
    assert starts(drums(0, 3, 6, 9, 12), swing=swing) == expected


def test_what_is_in_triplets_already_stays() -> None:
    assert starts(drums(0, 4, 8, 12), swing=67) == [0, 4, 8, 12]
    assert starts(drums(0, 6, 12, 18, metre="6/8"), swing=67) == [0, 6, 12, 18]


def test_notes_that_follow_one_another_still_do() -> None:
    music = Music((Track("melody", 0, (Note(0, 60, 6, 80), Note(6, 62, 6, 80))),), 1)
    assert perform(music, swing=67)["melody"] == [Played(0, 60, 8, 80), Played(8, 62, 12, 80)]


# --- humanising ---


def test_at_0_every_note_is_as_it_was() -> None:
    assert perform(EIGHTHS)["drums"] == [Played(note.onset, 42, note.end, 80) for note in EIGHTHS.notes("drums")]


def test_the_same_seed_plays_the_same_and_another_does_not() -> None:
    assert starts(EIGHTHS, humanise=50, seed=3) == starts(EIGHTHS, humanise=50, seed=3)
    assert starts(EIGHTHS, humanise=50, seed=3) != starts(EIGHTHS, humanise=50, seed=4)


def test_half_as_much_is_half_as_far_from_the_grid() -> None:
    late = {h: np.array(starts(EIGHTHS, humanise=h)) - np.arange(0, 48 * 8, 6) for h in (50, 100)}
    middle = slice(1, None)  # the first cannot be early
    assert np.abs(late[100][middle]).max() > 0.2
    assert late[50][middle] == pytest.approx(late[100][middle] / 2, abs=0.02)


def test_bars_that_are_the_same_are_played_the_same_whatever_comes_after() -> None:
    longer = drums(*range(0, 48 * 8, 6), *range(48 * 8, 48 * 12, 3), bars=12)
    first = slice(0, 6 * 8)
    assert starts(longer, humanise=100)[first] == starts(EIGHTHS, humanise=100)[first]


def test_loudness_gets_alive_and_keeps_its_mean() -> None:
    loud = [note.velocity for note in perform(EIGHTHS, 100)["drums"]]
    assert np.std(loud) > 8
    assert np.mean(loud) == pytest.approx(80, abs=8)


def test_what_differs_in_loudness_already_is_changed_less() -> None:
    written = [20, 36, 50, 64, 78, 92, 106, 120] * 8
    notes = tuple(n._replace(velocity=v) for n, v in zip(EIGHTHS.notes("drums"), written, strict=True))
    lively = replace(EIGHTHS, tracks=(Track("drums", 0, notes),))
    change = np.array([note.velocity for note in perform(lively, 100)["drums"]]) - written
    flat = np.array([note.velocity for note in perform(EIGHTHS, 100)["drums"]]) - 80
    assert 0 < np.std(change) < np.std(flat) / 2


def test_drummers_accent_the_snare_on_the_second_beat() -> None:
    _, loudness = habits()
    snare = np.array([group_of("drums", 38)])
    accent, between = (loudness.mean(-1, snare, np.array([place_of(onset, FOUR_FOUR)]))[0] for onset in (12, 15))
    assert accent > between + 10


def test_notes_of_a_chord_are_nearer_to_one_another_than_to_the_grid() -> None:
    notes = tuple(Note(12 * beat, pitch, 12, 80) for beat in range(64) for pitch in (60, 64, 67))
    music = Music((Track("chords", 0, notes),), 16, 120)
    late = np.array(
        [note.start - before.onset for note, before in zip(perform(music, 100)["chords"], notes, strict=True)]
    )
    chords = late.reshape(64, 3)[1:]
    assert chords.std(axis=1).mean() < 0.8 * chords.std()


def test_every_metre_and_style_can_be_played() -> None:
    assert [place_of(onset, SIX_EIGHT) for onset in (0, 6, 12, 18)] == [0, 4, 8, 12]
    for metre in METRES.values():
        music = Music((Track("bass", 33, (Note(0, 40, 6, 80), Note(12, 43, 6, 80))),), 1, 90, style="?", metre=metre)
        assert len(perform(music, 100, 67)["bass"]) == 2


@pytest.mark.parametrize("how", [{"humanise": -1}, {"humanise": 101}, {"swing": 49}, {"swing": 80}])
def test_what_is_out_of_range_is_refused(how: dict[str, float]) -> None:
    with pytest.raises(MusicgenError, match=next(iter(how))):
        perform(EIGHTHS, **how)


# --- files ---

pieces = st.builds(
    lambda notes, metre: Music(
        (Track("melody", 73, tuple(n for n in notes if n.onset < 2 * metre.ticks_per_bar)),), 2, 120, metre=metre
    ),
    st.lists(
        st.builds(Note, st.integers(0, 95), st.integers(58, 62), st.integers(1, 60), st.integers(1, 127)), max_size=40
    ),
    st.sampled_from(list(METRES.values())),
)  # fmt: skip


@given(pieces, st.integers(0, 100), st.integers(50, 67), st.integers(0, 9))
def test_a_file_that_is_humanised_is_read_back_as_the_notes_on_the_grid(music, humanise, swing, seed) -> None:
    data = to_midi(music, None, None, humanise, swing, seed)
    assert from_midi(data) == from_midi(to_midi(music))
    if music.note_count:
        assert read_music(data).music == from_midi(to_midi(music))


@given(pieces, st.integers(0, 100), st.integers(50, 67))
def test_no_note_leaves_the_piece_and_none_is_lost(music, humanise, swing) -> None:
    plain, played = (read_score(to_midi(music, None, None, *how)) for how in ((), (humanise, swing)))
    assert played.ends[0] == plain.ends[0]
    assert all(0 <= note.start < played.ends[0] for track in played.tracks for note in track.notes)
    assert max(played.ends) <= max(plain.ends) + 2  # a last note that rings past the end may ring a little longer
    assert [len(track.notes) for track in played.tracks] == [len(track.notes) for track in plain.tracks]


def test_at_0_the_file_is_the_same_to_the_byte(small_music: Music) -> None:
    assert to_midi(small_music, None, None, 0, 50, 7) == to_midi(small_music)


def test_a_file_brings_its_recipe_and_its_grid(small_music: Music) -> None:
    data = to_midi(small_music, {"model": "test"}, None, 80, 60, 7)
    assert midi.read_recipe(data) == {"model": "test"}
    intake = read_music(data)
    assert (intake.music, intake.notes) == (small_music, ())
    assert any(note.start * 12 % 1 for track in read_score(data).tracks for note in track.notes)


def test_a_file_that_was_changed_since_is_read_as_it_sounds(small_music: Music) -> None:
    data = to_midi(small_music, None, None, 80, 50, 7)
    velocity = read_score(data).tracks[0].notes[0].velocity
    changed = data.replace(bytes([0x90, 72, velocity]), bytes([0x90, 72, 1 + velocity % 127]))
    assert changed != data
    assert midi.grid_notes(read_score(changed)) is None
    assert read_music(changed).music.notes("melody")[0].pitch == 72


def packed(content: bytes) -> str:
    return base64.b64encode(zlib.compress(content)).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "?",
        packed(b"[]"),
        packed(b"1" * 10_000_000),
        packed(json.dumps({"digest": "", "notes": {"kazoo": [[1, 2]]}}).encode()),
        packed(json.dumps({"digest": "", "notes": {"melody": [[0, 60, 1, 80]]}}).encode()),
    ],
    ids=range(6),
)
def test_a_grid_that_is_none_is_passed_over(small_music: Music, text: str) -> None:
    score = read_score(to_midi(small_music))
    assert midi.grid_notes(replace(score, texts=("musicgen-grid " + text,))) is None


def test_a_loop_stays_exact_in_length(small_music: Music, renderer: Renderer) -> None:
    plain, played = (renderer.render_loop(to_midi(small_music, None, None, *how)).samples for how in ((), (100, 67)))
    assert len(played) == len(plain) == 4 * 44_100
    assert (played != plain).any()


# --- the mix ---


def test_the_last_mix_that_says_it_counts_and_old_recipes_are_on_the_grid() -> None:
    recipe = Recipe("vae-x", Request(seed=5))
    assert (recipe.mix.humanise, recipe.mix.swing) == (0, 50)
    assert "humanise" not in Request(seed=5).to_dict()
    assert Recipe("vae-x", Request(humanise=30)).mix.humanise == 30
    played = recipe.after(Edit("mix", mix=Mix(humanise=60, swing=55))).after(Edit("vary"))
    slower = played.after(Edit("mix", mix=Mix(tempo=90)))
    assert (slower.mix.humanise, slower.mix.swing, slower.mix.tempo, slower.seed) == (60, 55, 90, 5)
    assert slower.after(Edit("mix", mix=Mix(humanise=0))).mix.humanise == 0
    assert Recipe.from_dict(slower.to_dict()) == slower


def test_mixes_one_after_another_become_one() -> None:
    recipe = Recipe("vae-x", Request()).after(Edit("mix", mix=Mix(tempo=90))).after(Edit("mix", mix=Mix(humanise=40)))
    assert recipe.edits == (Edit("mix", mix=Mix(tempo=90, humanise=40)),)


@pytest.mark.parametrize("values", [{"humanise": 101}, {"humanise": "much"}, {"swing": 40}, {"swing": float("nan")}])
def test_a_mix_out_of_range_is_refused(values: dict) -> None:
    with pytest.raises(RequestError, match=next(iter(values))):
        Mix.from_dict(values)


# --- learning ---


def takes(late: float, count: int = 6) -> list[Take]:
    """Takes of a drummer whose snare is late and loud on the second and fourth beat, and whose kick is on the grid."""
    rng = np.random.default_rng(0)
    kick = [Note(onset, 36, 3, 80 + int(rng.integers(-5, 6))) for onset in range(0, 48 * 32, 24)]
    snare = [
        Note(onset, 38, 3, 110 if onset % 24 == 12 else 60) for onset in range(6, 48 * 32, 6) if onset % 24 in (6, 12)
    ]
    notes = tuple(sorted([*kick, *snare]))
    deviations = np.array([late * (note.pitch == 38) + rng.normal(0, 5) for note in notes])
    return [Take(f"take {i}", "a drummer", "drums", "rock", 110, notes, deviations) for i in range(count)]


def test_what_a_drummer_does_is_learned() -> None:
    table = learn(takes(20.0))
    scale, group = table["timing"]["group"]
    learned = (
        np.array(group) / scale + np.array(table["timing"]["style_group"][1][1]) / table["timing"]["style_group"][0]
    )
    assert learned[GROUPS.index("snare")] > learned[GROUPS.index("kick")] + 8
    scale, accents = table["loudness"]["group_place"]
    snare = np.array(accents[GROUPS.index("snare")]) / scale
    assert snare[place_of(12, FOUR_FOUR)] > snare[place_of(6, FOUR_FOUR)]
    assert table["learned from"]["notes by group"]["kick"] == 64 * 6


def test_only_what_a_person_played_is_learned_from() -> None:
    rng = np.random.default_rng(0)

    def judged(deviations: np.ndarray) -> bool:
        beats = np.arange(200) / 2
        notes = tuple(
            ScoreNote(float(beat + late / 500), 60, float(beat + 0.4), 60 + int(i % 12))
            for i, (beat, late) in enumerate(zip(beats, deviations, strict=True))
        )
        take = Take("x", "x", "melody", "game", 120, (), deviations - deviations.mean())
        return was_played(ScoreTrack("", 0, False, notes), take)

    assert judged(rng.normal(0, 12, 200))
    assert not judged(np.zeros(200))
    assert not judged(rng.uniform(-20, 20, 200))  # a program's chance
