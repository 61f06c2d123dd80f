"""Any MIDI file in: what it becomes, and what is said about it."""

import io
import struct
import time

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from musicgen.errors import MidiError, MusicgenError, RequestError
from musicgen.intake import read_music
from musicgen.midi import seconds, to_midi
from musicgen.music import FOUR_FOUR, MAX_BARS, SIX_EIGHT, THREE_FOUR, Key, Metre, Music, Note, Track
from tests.test_midi import mutations, pieces

BEAT = 96


def track(*notes: tuple[float, float, int], name: str = "", program: int = 0, channel: int = 0) -> list:
    """Events of notes (start and end in quarters, pitch) of an instrument."""
    events = [(start, 1, pitch) for start, _, pitch in notes] + [(end, 0, pitch) for _, end, pitch in notes]
    messages = [mido.MetaMessage("track_name", name=name)] if name else []
    messages.append(mido.Message("program_change", program=program, channel=channel))
    now = 0
    for beat, on, pitch in sorted(events):
        tick = round(beat * BEAT)
        kind = "note_on" if on else "note_off"
        messages.append(mido.Message(kind, note=pitch, velocity=80, channel=channel, time=tick - now))
        now = tick
    return messages


def metre(numerator: int, denominator: int, at: float = 0) -> mido.MetaMessage:
    time = round(at * BEAT)
    return mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator, time=time)


def tempo(beats_a_minute: float, at: float = 0) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=round(60e6 / beats_a_minute), time=round(at * BEAT))


def midi_file(*tracks: list, kind: int = 1) -> bytes:
    file = mido.MidiFile(type=kind, ticks_per_beat=BEAT)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


TUNE = [(i, i + 1, pitch) for i, pitch in enumerate((67, 69, 71, 72, 74, 72, 71, 69) * 2)]
LEAD = track(*TUNE, name="Flute", program=73)
BASS = track(*((i, i + 2, 36) for i in range(0, 16, 2)), name="E-Bass", program=33, channel=1)
KIT = track(*((i, i + 0.5, 36 if i % 2 else 38) for i in range(16)), channel=9)
PLAIN = [metre(4, 4), tempo(100), mido.MetaMessage("key_signature", key="G")]


def onsets(music: Music, role: str) -> list[int]:
    return [note.onset for note in music.notes(role)]


def said(data: bytes, words: str) -> str:
    """The one sentence that has these words."""
    (sentence,) = [note for note in read_music(data).notes if words in note]
    return sentence


# --- our own files ---------------------------------------------------------------------------------------------


@given(pieces().filter(lambda music: music.note_count > 0))
def test_our_own_file_comes_back_exactly_and_nothing_is_said(music: Music) -> None:
    piece = read_music(to_midi(music, {"model": "test"}))
    assert (piece.music, piece.notes) == (music, ())


def test_of_our_own_longer_piece_the_first_320_bars_are_taken() -> None:
    long = Music((Track("bass", 33, tuple(Note(48 * bar, 36, 48, 90) for bar in range(330))),), 330)
    piece = read_music(to_midi(long))
    assert piece.music == long.excerpt(0, 320)
    assert piece.notes == ("The piece has 330 bars: the first 320 are taken.",)


def test_a_file_of_ours_that_someone_changed_keeps_its_roles() -> None:
    high = track((0, 1, 84), (1.51, 3, 86), name="Bass", program=33)
    low = track((0, 4, 40), name="Melody", program=73, channel=1)
    music = read_music(midi_file([mido.MetaMessage("track_name", name="musicgen"), *PLAIN], high, low)).music
    assert {t.role: [note.pitch % 12 for note in t.notes] for t in music.tracks} == {"melody": [4], "bass": [0, 2]}


def test_a_style_may_be_given(small_midi: bytes) -> None:
    assert read_music(small_midi).music.style == "jazz"
    assert read_music(small_midi, "funk").music.style == "funk"
    assert read_music(midi_file(PLAIN, LEAD)).music.style == ""
    with pytest.raises(RequestError, match="style: expected one of pop"):
        read_music(small_midi, "polka")


# --- roles -----------------------------------------------------------------------------------------------------


def test_a_band_keeps_every_note_and_its_instruments() -> None:
    piece = read_music(midi_file(PLAIN, LEAD, BASS, KIT))
    assert {t.role: (t.program, len(t.notes)) for t in piece.music.tracks} == {
        "melody": (73, 16), "bass": (33, 8), "drums": (0, 16),
    }  # fmt: skip
    assert (piece.music.bars, piece.music.tempo, piece.music.key) == (4, 100, Key.parse("G major"))
    assert piece.notes == (
        'Roles: melody from "Flute"; bass from "E-Bass"; drums from drums.',
        "The key is G major, as the file states.",
    )


def test_a_file_without_drums_has_none() -> None:
    assert [t.role for t in read_music(midi_file(PLAIN, LEAD, BASS)).music.tracks] == ["melody", "bass"]


def test_one_track_of_ten_channels_is_taken_apart_by_channel() -> None:
    events = []
    for channel in range(10):
        pitch = 36 if channel == 9 else 40 + 4 * channel
        events += [(4 * i + 0.25 * channel, pitch, channel) for i in range(4)]
    one, now = [metre(4, 4)], 0
    for beat, pitch, channel in sorted(events):
        at = round(beat * BEAT)
        one.append(mido.Message("note_on", note=pitch, channel=channel, time=at - now))
        one.append(mido.Message("note_off", note=pitch, channel=channel, time=12))
        now = at + 12
    piece = read_music(midi_file(one, kind=0))
    assert len(piece.music.notes("drums")) == 4
    assert {"melody", "chords", "bass", "drums"} <= {t.role for t in piece.music.tracks}
    assert any("give way" in note for note in piece.notes)  # ten parts have no room in five roles


def test_a_piano_alone_is_taken_apart_by_register() -> None:
    chord = [(bar, bar + 4, pitch) for bar in (0, 4) for pitch in (43, 60, 64)]
    tune = [(i, i + 1, 72 + i) for i in range(8)]
    data = midi_file(PLAIN, track(*chord, *tune, name="Piano"))
    music = read_music(data).music
    assert [note.pitch for note in music.notes("melody")] == [72, 73, 74, 75, 76, 77, 78, 79]
    assert [note.pitch for note in music.notes("chords")] == [60, 64, 60, 64]
    assert [note.pitch for note in music.notes("bass")] == [43, 43]
    assert said(data, "register") == (
        '"Piano" plays everything: it is taken apart by register (melody 8 notes, chords 4 notes, bass 2 notes).'
    )


def test_where_tracks_compete_for_a_role_one_gets_a_free_role() -> None:
    strings = [track(*((i, i + 4, pitch) for i in range(0, 16, 4)), program=48, channel=c) for c, pitch in
               ((0, 55), (1, 60), (2, 64))]  # fmt: skip
    piece = read_music(midi_file(PLAIN, *strings, track((0, 16, 36), channel=3)))
    assert {"melody", "chords", "pad"} <= {t.role for t in piece.music.tracks}


def test_effects_are_left_out_and_named() -> None:
    data = midi_file(PLAIN, LEAD, track((0, 1, 60), (2, 3, 60), name="Gun", program=127, channel=2))
    assert said(data, "Left out") == 'Left out, as no role plays them: "Gun" (2 notes).'
    assert said(data, "are kept") == "16 of 18 notes are kept."


def test_effects_alone_are_played_on_a_piano() -> None:
    piece = read_music(midi_file(PLAIN, track(*TUNE, program=122)))
    assert [(t.role, t.program, len(t.notes)) for t in piece.music.tracks] == [("melody", 0, 16)]


def test_a_bass_below_its_range_moves_as_a_whole() -> None:
    deep = track(*((i, i + 1, pitch) for i, pitch in enumerate((16, 23, 16, 28))), name="Bass", program=33)
    data = midi_file(PLAIN, deep, LEAD[:1] + track(*TUNE, name="Flute", program=73, channel=1)[1:])
    assert [note.pitch for note in read_music(data).music.notes("bass")] == [28, 35, 28, 40]
    assert said(data, "octave") == "The bass as a whole (4 notes) moved 1 octave up, into its range."


def test_percussion_that_no_drum_stands_for_is_counted() -> None:
    data = midi_file(PLAIN, LEAD, track((0, 1, 36), (1, 2, 27), (2, 3, 71), channel=9))
    assert said(data, "percussion") == "2 notes of percussion that no drum stands for are left out."


def test_a_track_name_cannot_break_the_line_or_carry_a_tag() -> None:
    sentence = said(midi_file(PLAIN, track(*TUNE, name="a\nb<script>\x1b[31m" + "x" * 99, program=73)), "Roles")
    assert sentence == 'Roles: melody from "abscript31mxxxxxxxxxxxxx".'


# --- time ------------------------------------------------------------------------------------------------------


def test_a_waltz_stays_a_waltz() -> None:
    data = midi_file([metre(3, 4), tempo(90)], track(*TUNE[:12], program=73))
    piece = read_music(data)
    assert onsets(piece.music, "melody") == [12 * i for i in range(12)]
    assert (piece.music.metre, piece.music.bars, piece.music.tempo) == (THREE_FOUR, 4, 90)
    assert not any("3/4" in note for note in piece.notes)


def test_a_jig_stays_in_six_eight() -> None:
    jig = [(i / 2, i / 2 + 0.5, 72 + i % 3) for i in range(24)]
    data = midi_file([metre(6, 8), tempo(180)], track(*jig, program=73))
    piece = read_music(data)
    assert onsets(piece.music, "melody") == [6 * i for i in range(24)]
    assert (piece.music.metre, piece.music.bars, piece.music.tempo) == (SIX_EIGHT, 4, 180)


def test_a_jig_that_was_played_is_snapped_to_sixteenths() -> None:
    rng = np.random.default_rng(1)
    late = rng.uniform(-0.06, 0.06, 48)
    jig = [(3 + i / 2 + late[i], 3.4 + i / 2 + late[i], 72 + i % 3) for i in range(48)]
    data = midi_file([metre(6, 8), tempo(180)], track(*jig, program=73))
    piece = read_music(data)
    assert onsets(piece.music, "melody") == [6 * i for i in range(48)]
    assert "off the grid moved to sixteenths, by" in said(data, "grid")


@pytest.mark.parametrize(
    ("signature", "ours", "bars", "eighth", "speed", "sentence"),
    [
        ((12, 8), FOUR_FOUR, 2, 4, 80, "a dotted quarter is a beat now, and four beats are a bar of 4/4."),
        ((9, 8), THREE_FOUR, 3, 4, 80, "a dotted quarter is a beat now, and three beats are a bar of 3/4."),
        ((3, 2), THREE_FOUR, 2, 3, 60, "note values are halved, and a bar of it is one of 3/4."),
        ((3, 8), SIX_EIGHT, 4, 6, 120, "two bars of it are one of 6/8."),
        ((7, 8), FOUR_FOUR, 3, 6, 120, "beats keep their time, every four are a bar of 4/4, bar lines are lost."),
    ],
    ids=str,
)
def test_other_metres_become_those_they_are_heard_as(
    signature: tuple[int, int], ours: Metre, bars: int, eighth: int, speed: float, sentence: str
) -> None:
    data = midi_file([metre(*signature), tempo(120)], track(*((i / 2, i / 2 + 0.5, 72 + i % 3) for i in range(24))))
    music = read_music(data).music
    assert (music.metre, music.bars, music.tempo) == (ours, bars, speed)
    assert {note.onset for track in music.tracks for note in track.notes} == {eighth * i for i in range(24)}
    assert said(data, "The file is in") == f"The file is in {signature[0]}/{signature[1]}: {sentence}"


def test_a_few_bars_of_another_metre_are_run_through_and_that_is_said() -> None:
    notes = [(i, i + 1, 72) for i in range(40)]
    data = midi_file([metre(3, 4), metre(4, 4, at=30), tempo(120)], track(*notes, program=73))
    assert read_music(data).music.metre == THREE_FOUR
    assert "what is in 4/4 keeps its time, and the bars of 3/4 run on through it" in said(data, "changes")
    alike = midi_file([metre(2, 4), metre(4, 4, at=8)], track(*notes, program=73))
    assert not any("metre" in note for note in read_music(alike).notes)


@pytest.mark.parametrize(("before", "after"), [(2, 8), (8, 2)])
def test_a_bar_of_two_quarters_moves_the_bar_lines_after_it_and_that_is_said(before: int, after: int) -> None:
    """The longest stretch of the file has its bar lines; what is beyond the short bar is half a bar off."""
    turn = 4 * before
    bars = [4 * bar for bar in range(before)] + [turn + 2 + 4 * bar for bar in range(after)]
    notes = [(start, start + 4, 72) for start in bars if start != turn - 4] + [(turn - 4, turn + 2, 72)]
    data = midi_file([metre(4, 4), metre(2, 4, at=turn), metre(4, 4, at=2), tempo(120)], track(*notes, program=73))
    music = read_music(data).music
    first, second = (0, 24) if before > after else (24, 0)
    assert [onset % 48 for onset in onsets(music, "melody")] == [first] * before + [second] * after
    assert said(data, "metre changes") == (
        "The metre changes: what is in 2/4 keeps its time, and the bars of 4/4 run on through it. "
        "Bar lines are those of the longest stretch in 4/4, of 8 bars."
    )


def test_metres_and_keys_after_the_last_note_are_not_spoken_of() -> None:
    late = [metre(3, 4, at=1000), mido.MetaMessage("key_signature", key="D")]
    sentences = read_music(midi_file([*PLAIN, *late], LEAD)).notes
    assert sentences == read_music(midi_file(PLAIN, LEAD)).notes
    assert not any("change" in sentence for sentence in sentences)


def test_two_bars_of_two_quarters_are_a_bar_and_move_nothing() -> None:
    notes = [(i, i + 1, 72) for i in range(40)]
    data = midi_file([metre(4, 4), metre(2, 4, at=8), metre(4, 4, at=4), tempo(120)], track(*notes, program=73))
    assert onsets(read_music(data).music, "melody") == [12 * i for i in range(40)]
    assert not any("metre" in note for note in read_music(data).notes)


def test_a_pickup_that_has_its_own_bar_ends_on_the_bar_line() -> None:
    notes = [(0, 1, 67), *((i + 1, i + 2, 72) for i in range(8))]
    music = read_music(midi_file([metre(1, 4), metre(4, 4, at=1)], track(*notes, program=73))).music
    assert onsets(music, "melody") == [36, *(48 + 12 * i for i in range(8))]
    assert music.bars == 3


def test_silence_before_the_first_bar_is_cut() -> None:
    data = midi_file([metre(4, 4)], track((9, 10, 72), (12, 13, 74), program=73))
    assert onsets(read_music(data).music, "melody") == [12, 48]
    assert said(data, "silent") == "2 silent bars at the beginning are left out."


def test_a_tempo_that_changes_changes_at_the_same_beats() -> None:
    data = midi_file([metre(4, 4), tempo(60), tempo(120, at=4), tempo(240, at=4), tempo(80, at=4)], LEAD)
    assert read_music(data).music.tempos == ((0, 60), (48, 120), (96, 240), (144, 80))
    assert said(data, "tempo") == "The tempo changes, between 60 and 240 beats a minute: it changes so here, too."


def test_of_tempos_that_change_off_the_grid_everything_after_them_is_as_late_as_it_was() -> None:
    curve = [tempo(97 - 3 * step, at=5 / BEAT) for step in range(20)]  # a ritardando, as programs write it
    data = midi_file([metre(4, 4), tempo(100), *curve], LEAD)
    piece = read_music(data).music
    assert [tick for tick, _ in piece.tempos] == list(range(14)) and piece.tempos[-1][1] == 40
    beats = [0.0, *(5 * (step + 1) / BEAT for step in range(20)), 4.0 * piece.bars]
    speeds = [100.0, *(97.0 - 3 * step for step in range(20))]
    lasts = sum((end - start) * 60 / speed for start, end, speed in zip(beats[:-1], beats[1:], speeds, strict=True))
    assert seconds(piece) == pytest.approx(lasts, abs=0.005)


def test_tempos_of_a_first_bar_that_is_silent_and_of_what_follows_the_last_note_do_not_count() -> None:
    late = track(*((start + 4, end + 4, pitch) for start, end, pitch in TUNE), program=73)
    data = midi_file([metre(4, 4), tempo(50), tempo(70, at=2), tempo(90, at=8), tempo(200, at=100)], late)
    assert read_music(data).music.tempos == ((0, 70), (72, 90))


def test_a_piece_whose_tempo_changes_comes_back_exactly() -> None:
    data = midi_file([metre(4, 4), tempo(60), tempo(120, at=4), tempo(80, at=4.5)], LEAD)
    piece = read_music(data).music
    again = read_music(to_midi(piece))
    assert again.music == piece and again.notes == ()


def test_a_tempo_out_of_range_is_taken_as_the_limit() -> None:
    data = midi_file([metre(4, 4), tempo(600)], LEAD)
    assert read_music(data).music.tempo == 300
    assert said(data, "tempo") == "The tempo of 600 beats a minute is 300 now."


def test_notes_off_the_grid_are_moved_and_the_most_is_said() -> None:
    # 5 of 96 ticks late: 0.625 of ours, so the nearest tick is 0.375 of 50 ms away
    data = midi_file([metre(4, 4), tempo(100)], track(*TUNE, (16 + 5 / BEAT, 17, 72), program=73))
    assert onsets(read_music(data).music, "melody")[-1] == 193
    assert said(data, "grid") == "1 note off the grid moved to the nearest twelfth of a quarter note, by 19 ms at most."


def test_a_longer_piece_is_cut_after_320_bars() -> None:
    long = [(i, i + 1, 72) for i in range(1300)]
    data = midi_file(PLAIN, track(*long, program=73))
    music = read_music(data).music
    assert (music.bars, music.note_count) == (MAX_BARS, 1280)
    assert said(data, "longer") == "Of a longer piece the first 320 bars are taken, without 20 later notes."


# --- key -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stated", [None, "C"])
def test_a_key_that_is_not_stated_or_the_default_is_estimated(stated: str | None) -> None:
    scale = [(i, i + 1, pitch) for i, pitch in enumerate((62, 66, 69, 74, 67, 69, 73, 74))]  # D major
    signature = [mido.MetaMessage("key_signature", key=stated)] if stated else []
    data = midi_file([metre(4, 4), *signature], track(*scale, program=73))
    assert read_music(data).music.key == Key.parse("D major")
    assert said(data, "key").startswith("The key is estimated as D major: the file states")


def test_drums_alone_have_no_key() -> None:
    assert said(midi_file(PLAIN, KIT), "only drums") == "There are only drums: the key is called C major."


def test_a_key_that_does_not_exist_does_not_make_a_file_unreadable() -> None:
    good = midi_file([mido.MetaMessage("key_signature", key="Bb"), metre(4, 4)], LEAD)
    bad = good.replace(b"\xff\x59\x02\xfe\x00", b"\xff\x59\x02\xff\xff")
    assert bad != good
    assert said(bad, "impossible") == "Events that are too short or impossible are left out: key."


# --- what is refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", midi_file(), midi_file(PLAIN), midi_file(PLAIN, track(name="Silence")), to_midi(Music((), 4))],
)
def test_a_file_without_notes_is_refused(data: bytes) -> None:
    with pytest.raises(MidiError, match=r"^Expected .* Received: .*\.$"):
        read_music(data)


def test_percussion_that_no_drum_stands_for_alone_is_refused() -> None:
    with pytest.raises(MidiError, match=r"can play\. Received: none"):
        read_music(midi_file(PLAIN, track((0, 1, 27), channel=9)))


def raw(notes: int) -> bytes:
    """A file of so many notes, in as few bytes as can be."""
    events = b"\x00\x90\x3c\x40" + b"\x00\x3c\x40" * (notes - 1)
    return b"MThd" + struct.pack(">IhhhL", 6, 1, 1, 96, 0)[:10] + b"MTrk" + struct.pack(">I", len(events)) + events


def test_a_file_of_five_megabytes_is_refused_unread() -> None:
    started = time.process_time()
    with pytest.raises(MidiError, match="at most 2,000,000 bytes"):
        read_music(b"\0" * 5_000_000)
    assert time.process_time() - started < 0.5


def test_a_file_of_too_many_notes_is_refused_soon() -> None:
    started = time.process_time()
    with pytest.raises(MidiError, match="at most 100,000 notes"):
        read_music(raw(200_000))
    assert time.process_time() - started < 20  # measured: 1 to 2 s, most of it in mido


FOREIGN = midi_file([metre(6, 8), tempo(90), metre(3, 4, at=3), tempo(70, at=2)], LEAD, BASS, KIT)


@pytest.mark.parametrize("source", ["foreign", "ours"])
def test_a_damaged_file_raises_nothing_but_our_errors(source: str, small_midi: bytes) -> None:
    read = refused = 0
    for mutant in mutations(FOREIGN if source == "foreign" else small_midi, count=600, seed=11):
        try:
            piece = read_music(mutant)
        except MusicgenError as error:
            refused += 1
            assert "\n" not in str(error)
        else:
            read += 1
            assert 1 <= piece.music.bars <= MAX_BARS and piece.music.note_count > 0
            assert all("\n" not in note for note in piece.notes)
    assert read > 20 and refused > 50


@st.composite
def anything(draw: st.DrawFn) -> bytes:
    """A file that is well formed, whatever it says."""
    byte, channel = st.integers(0, 127), st.integers(0, 15)
    time = st.sampled_from([0, 0, 1, 7, 24, 48, 96, 384, 5000])
    notes = st.builds(mido.Message, st.just("note_on"), note=byte, velocity=byte, channel=channel, time=time)
    ends = st.builds(mido.Message, st.just("note_off"), note=byte, channel=channel, time=time)
    programs = st.builds(mido.Message, st.just("program_change"), program=byte, channel=channel)
    metres = st.builds(metre, st.integers(1, 13), st.sampled_from([1, 2, 4, 8, 16, 32]), st.sampled_from([0, 0.5, 4]))
    tempos = st.builds(tempo, st.sampled_from([4, 60, 120, 1000, 100_000]), st.sampled_from([0, 4]))
    names = st.sampled_from(["Bass", "Melody", "Drums", "Chords", "Piano", "drum loop", ""])
    named = st.builds(lambda name: mido.MetaMessage("track_name", name=name), names)
    events = st.lists(st.one_of(notes, notes, notes, ends, programs, metres, tempos, named), max_size=40)
    return midi_file(*draw(st.lists(events, min_size=1, max_size=5)), kind=1)


@settings(max_examples=300)
@given(anything())
def test_whatever_a_file_says_it_is_read_or_refused(data: bytes) -> None:
    try:
        music = read_music(data).music
    except MidiError:
        return
    assert 1 <= music.bars <= MAX_BARS and music.note_count > 0
    assert all(note.end <= music.ticks + 16 * 48 for t in music.tracks for note in t.notes)
    assert read_music(to_midi(music)).music.note_count == music.note_count
