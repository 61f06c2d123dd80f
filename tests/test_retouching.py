"""Notes brought to what was asked for, on chances that are written by hand."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from musicgen import codec
from musicgen.attributes import ATTRIBUTES, counts, values
from musicgen.models.consonance import STEPS, Classes, tense
from musicgen.models.decoding import Chances
from musicgen.models.retouching import Pool, retouch, syncopated
from musicgen.models.voicing import in_octaves, lasting, sounding
from musicgen.music import METRES, Music
from musicgen.request import ATTRIBUTE_RANGES
from musicgen.roles import ROLE_NAMES

MELODY, CHORDS, PAD, BASS, DRUMS = range(5)
BARS = 4


def chances(bars: int = BARS, **onsets: float) -> Chances:
    """A band: a bar of eighths, block chords and a beat, each role's onsets as probable as given; the rest unlikely."""
    table = np.full((5, bars, 48, codec.MAX_PITCHES), 1e-5, np.float32)
    for role, count in enumerate(codec.PITCHES):
        table[role, ..., count:] = 0
    for tick in range(0, 48, 6):
        table[MELODY, :, tick, 12 + tick // 6] = onsets.get("melody", 0.97)
        table[DRUMS, :, tick, 4] = onsets.get("drums", 0.97)
    for role, low in ((CHORDS, 12), (PAD, 24)):
        for pitch in (0, 4, 7):
            table[role, :, ::24, low + pitch] = onsets.get(ROLE_NAMES[role], 0.97)
            table[role, :, 12::24, low + pitch] = 0.05
    table[BASS, :, ::12, 12] = onsets.get("bass", 0.97)
    by_length = -0.5 * np.abs(np.arange(len(codec.DURATIONS)) - 5)
    return Chances(table, lambda rows: (np.tile([5, 3], (len(rows), 1)), np.tile(by_length, (len(rows), 1))))


def likeliest(chances: Chances) -> np.ndarray:
    """The notes that a plain decoder plays, sorted."""
    notes = chances.notes(chances.choose())[0]
    return notes[np.lexsort(notes.T[::-1])]


def found(notes: np.ndarray, bars: int = BARS) -> dict[str, float]:
    return dict(zip(ATTRIBUTES, values(counts(notes, bars)).tolist(), strict=True))


def test_what_is_not_asked_for_is_left_as_it_is() -> None:
    plain = chances()
    notes = likeliest(plain)
    kept = retouch(notes, plain, {})
    assert kept[np.lexsort(kept.T[::-1])].tolist() == notes.tolist()


def test_drawn_notes_keep_their_durations_and_velocities() -> None:
    drawn = likeliest(chances())
    drawn[:, 4:] = 8, 6
    higher = retouch(drawn, chances(), {"register": 60.0})
    assert higher[:, 4:].tolist() == drawn[:, 4:].tolist()


def test_fewer_notes_are_some_of_those_that_were_drawn() -> None:
    plain = chances()
    drawn = likeliest(plain)
    drawn[drawn[:, 1] == CHORDS, 3] += 1  # not what the plain decoder would play
    fewer = retouch(drawn, plain, {"density": 20.0})
    assert {tuple(row) for row in fewer[:, :4].tolist()} < {tuple(row) for row in drawn[:, :4].tolist()}


def test_every_attribute_comes_to_its_target() -> None:
    before = {"density": 32.0, "rhythm": 2.1, "register": 56.0, "polyphony": 3.7, "tension": 26.3}
    plain = chances()
    assert all(abs(found(plain.notes(plain.choose())[0])[name] - before[name]) < 0.1 for name in ATTRIBUTES)
    asked = {"density": 23.0, "rhythm": 20.0, "register": 59.0, "polyphony": 3.2, "tension": 31.0}
    notes = found(retouch(likeliest(plain), plain, asked))
    assert all(abs(notes[name] - asked[name]) < 0.5 for name in ATTRIBUTES)


def test_the_ends_of_the_sliders_leave_a_piece_that_can_be_written() -> None:
    for low in (True, False):
        rows = retouch(
            likeliest(chances()),
            chances(),
            {name: least if low else most for name, (least, most, _) in ATTRIBUTE_RANGES.items()},
        )
        limits = [BARS, 5, 48, codec.MAX_PITCHES, len(codec.DURATIONS), len(codec.VELOCITIES)]
        assert (rows >= 0).all() and (rows < limits).all()
        assert len(np.unique(rows[:, :4], axis=0)) == len(rows)  # no note twice
        assert (rows[:, 3] < np.array(codec.PITCHES)[rows[:, 1]]).all()
        assert set(rows[:, 1]) == set(range(5))  # and no role is silent


def test_drums_alone_and_silence_have_no_register_to_be_moved() -> None:
    asked = {"density": 8.0, "rhythm": 10.0, "register": 60.0, "polyphony": 4.0, "tension": 20.0}
    for silent in (range(DRUMS), range(DRUMS + 1)):
        plain = chances()
        plain.onsets[list(silent)] = 0
        notes = retouch(likeliest(plain), plain, asked)
        assert len(notes) == (0 if DRUMS in silent else 8 * BARS)


def test_more_notes_are_the_next_most_probable_and_a_melody_stays_one_voice() -> None:
    plain = chances()
    rows = plain.choose()
    more = Pool(rows, plain.logits()).onsets(len(rows) + 24)
    added = {tuple(row) for row in more.tolist()} - {tuple(row) for row in rows.tolist()}
    assert {(role, tick % 24) for role, _, tick, _ in added} <= {(CHORDS, 12), (PAD, 12)}
    melody = Pool(rows, plain.logits()).onsets(500)
    melody = melody[melody[:, 0] == MELODY]
    assert len(np.unique(melody[:, 1:3], axis=0)) == len(melody)


def test_fewer_notes_silence_no_role() -> None:
    plain = chances(bass=0.55)
    rows = Pool(plain.choose(), plain.logits()).onsets(5)
    assert set(rows[:, 0]) == {0, 1, 2, 3, 4}


def test_an_onset_goes_off_the_beat_where_it_is_least_unlikely() -> None:
    logits = np.full((5, 2, 48, codec.MAX_PITCHES), -20.0)
    rows = np.array([[BASS, bar, tick, 12] for bar in range(2) for tick in (0, 12, 24, 36)])
    logits[tuple(rows.T)] = 2.0
    logits[BASS, :, 18, 12] = -1.0  # an eighth before the third beat is not so unlikely
    assert syncopated(rows, logits, 0.25)[:, 2].tolist() == [0, 12, 18, 36] * 2
    assert syncopated(syncopated(rows, logits, 0.25), logits, 0.0)[:, 2].tolist() == [0, 12, 24, 36] * 2


def test_the_beats_of_six_eight_are_dotted_and_the_next_bar_follows_at_once() -> None:
    logits = np.full((5, 2, 36, codec.MAX_PITCHES), -20.0)
    rows = np.array([[BASS, bar, tick, 12] for bar in range(2) for tick in (0, 18)])
    logits[tuple(rows.T)] = 2.0
    logits[BASS, :, 12, 12] = -1.0  # an eighth before the second beat is not so unlikely
    assert syncopated(rows, logits, 0.5, beat=18)[:, 2].tolist() == [0, 12] * 2
    assert syncopated(np.array([[BASS, 0, 30, 12], [BASS, 1, 0, 12]]), logits, 0.0, beat=18)[:, 2].tolist() == [30, 0]


def test_sliders_are_met_in_every_metre() -> None:
    near = {"rhythm": (10.0, 1.0), "tension": (15.0, 0.5), "register": (60.0, 1.0), "density": (20.0, 0.5)}
    for metre in METRES.values():
        plain = chances(melody=0.6).within(Music((), BARS, metre=metre))
        for name, (target, most) in near.items():
            notes = retouch(likeliest(plain), plain, {name: target}, metre)
            measured = dict(zip(ATTRIBUTES, values(counts(notes, BARS, metre)).tolist(), strict=True))
            assert abs(measured[name] - target) <= most, (metre.name, name)


def test_no_onset_moves_past_another() -> None:
    logits = np.full((5, 1, 48, codec.MAX_PITCHES), -2.0)
    rows = np.array([[MELODY, 0, tick, 12] for tick in range(0, 48, 3)])
    assert syncopated(rows, logits, 0.5).tolist() == rows.tolist()


def test_notes_last_until_so_many_sound_at_a_time() -> None:
    notes = np.array([[0, CHORDS, tick, pitch, 5, 3] for tick in (0, 24) for pitch in (12, 16, 19)])
    level = np.zeros((6, len(codec.DURATIONS)))
    level[:, 5] = 4.0
    assert codec.DURATIONS[5] == 8
    long = lasting(notes, level, 1, 9.0)
    assert set(long[:, 4]) == {codec.DURATIONS.index(24)}  # until the next chord, and no longer
    assert set(lasting(notes, level, 1, 1.0)[:, 4]) == {codec.DURATIONS.index(3)}


def test_a_line_is_not_shortened_to_thin_the_chords() -> None:
    notes = np.array([[0, BASS, 0, 12, 7, 3], [0, CHORDS, 0, 12, 7, 3], [0, CHORDS, 0, 16, 7, 3]])
    short = lasting(notes, np.zeros((3, len(codec.DURATIONS))), 1, 1.0)
    assert short[0, 4] >= 7 and (short[1:, 4] == codec.DURATIONS.index(3)).all()


def test_a_note_ends_where_the_next_of_its_pitch_begins() -> None:
    notes = np.array([[0, PAD, 0, 12, 15, 3], [0, PAD, 12, 12, 15, 3]])
    begin, end, pitch = sounding(notes, 1)
    assert (begin.tolist(), end.tolist(), pitch.tolist()) == ([0, 12], [12, 48], [48, 48])


def test_a_clash_goes_to_the_likelier_neighbour() -> None:
    logits = np.full((5, 1, 48, codec.MAX_PITCHES), -20.0)
    notes = np.array([[0, CHORDS, 0, pitch, 10, 3] for pitch in (24, 28, 31)] + [[0, MELODY, 0, 13, 10, 3]])
    logits[notes[:, 1], 0, 0, notes[:, 3]] = 2.0
    logits[MELODY, 0, 0, 12] = 0.0  # C below the C sharp
    calm = tense(notes, logits, 0.0, 14.0)
    assert calm[:3].tolist() == notes[:3].tolist() and calm[3, 3] == 12
    assert tense(notes, logits, 0.0, 1.0).tolist() == notes.tolist()  # too dear


@given(st.lists(st.tuples(st.integers(0, 47), st.integers(3, 60), st.integers(40, 70)), min_size=4, max_size=4))
def test_what_a_move_is_said_to_bring_is_what_it_brings(drawn: list[tuple[int, int, int]]) -> None:
    begin, lasts, pitch = np.array(drawn).T

    def classes(pitch: np.ndarray) -> Classes:
        return Classes(begin, np.minimum(begin + lasts, 96), pitch % 12, 96, 0.2)

    said = classes(pitch).gains(np.arange(4), 4)
    for note in range(4):
        for number, step in enumerate(STEPS):
            moved = classes(pitch + step * (np.arange(4) == note))
            assert np.isclose(said[note, number], classes(pitch).needed - moved.needed)


def test_a_share_of_dissonances_is_met_although_notes_cut_each_other_off() -> None:
    def missed(notes: np.ndarray, share: float) -> float:
        begin, end, pitch = sounding(notes, BARS)
        return abs(Classes(begin, end, pitch % 12, 48 * BARS, share).needed)

    before, after = [], []
    for seed in range(20):
        rng, size = np.random.default_rng(seed), 60
        columns = [rng.integers(4, size=size), rng.integers(1, 3, size), 6 * rng.integers(8, size=size)]
        notes = np.stack([*columns, rng.integers(12, 22, size), rng.integers(8, 16, size), np.full(size, 3)], axis=1)
        logits = rng.normal(0.0, 2.0, (5, BARS, 48, codec.MAX_PITCHES))
        for share in (0.1, 0.3):
            before.append(missed(notes, share))
            after.append(missed(tense(notes, logits, share, 14.0), share))
    assert np.median(before) > 100 and np.median(after) < 1.5
    assert all(np.less_equal(after, before))


def test_octaves_bring_the_register_and_change_no_pitch_class() -> None:
    logits = np.zeros((5, 2, 48, codec.MAX_PITCHES))
    notes = np.array([[bar, CHORDS, 0, pitch, 10, 3] for bar in range(2) for pitch in (12, 16, 19, 24)])
    high = in_octaves(notes, logits, 60.0, 14.0)
    assert abs((high[:, 3] + 36).mean() - 60.0) < 1.0
    assert (high[:, 3] % 12 == notes[:, 3] % 12).all()
