"""Music to MIDI and back; MIDI of others; bytes that mean harm."""

import io
import random
import struct
import time

import mido
import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen.errors import MidiError
from musicgen.midi import CHANNELS, clock, from_midi, read_recipe, seconds, to_midi
from musicgen.midi_reading import MAX_BEATS, MAX_BYTES, ScoreNote, read_score, read_timeline
from musicgen.music import ALL_KEYS, METRES, SIX_EIGHT, THREE_FOUR, Key, Music, Note, Track
from musicgen.roles import ROLE_NAMES, STYLE_NAMES


def midi_file(*tracks: list, ticks_per_beat: int = 96, kind: int = 1) -> bytes:
    file = mido.MidiFile(type=kind, ticks_per_beat=ticks_per_beat)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def note(pitch: int, start: int, end: int) -> list:
    return [mido.Message("note_on", note=pitch, time=start), mido.Message("note_off", note=pitch, time=end - start)]


# --- our own files ---------------------------------------------------------------------------------------------


@st.composite
def pieces(draw) -> Music:
    bars = draw(st.integers(1, 4))
    metre = draw(st.sampled_from(list(METRES.values())))
    tracks = []
    for role in draw(st.sets(st.sampled_from(ROLE_NAMES))):
        notes = {}
        for pitch in draw(st.lists(st.integers(0, 127), min_size=1, max_size=6)):
            onset = draw(st.integers(0, bars * metre.ticks_per_bar - 1))
            notes[pitch] = Note(onset, pitch, draw(st.integers(1, 200)), draw(st.integers(1, 127)))
        tracks.append(Track(role, draw(st.integers(0, 127)), tuple(notes.values())))
    tempos = st.integers(4000, 24000).map(lambda tempo: tempo / 100)
    changes = draw(st.sets(st.integers(1, bars * metre.ticks_per_bar - 1), max_size=3))
    return Music(
        tuple(tracks),
        bars,
        draw(tempos),
        draw(st.sampled_from(ALL_KEYS)),
        draw(st.sampled_from(STYLE_NAMES)),
        metre,
        tuple((tick, draw(tempos)) for tick in sorted(changes)),
    )


@given(pieces())
def test_music_comes_back_from_midi_note_for_note(music):
    assert from_midi(to_midi(music)) == music


@pytest.mark.parametrize(("metre", "clocks"), [(THREE_FOUR, 24), (SIX_EIGHT, 36)], ids=str)
def test_a_file_says_its_metre_and_a_metronome_clicks_on_its_beats(metre, clocks):
    file = mido.MidiFile(file=io.BytesIO(to_midi(Music((), 2, metre=metre))))
    (said,) = (message for message in file.tracks[0] if message.type == "time_signature")
    assert (said.numerator, said.denominator, said.clocks_per_click) == (metre.numerator, metre.denominator, clocks)
    assert sum(message.time for message in file.tracks[0]) == 2 * 3 * 480


def test_two_bars_of_six_eight_last_as_long_as_six_quarter_notes():
    assert seconds(Music((), 2, tempo=120.0, metre=SIX_EIGHT)) == 3.0


def test_same_music_gives_the_same_bytes(small_music):
    assert to_midi(small_music, {"seed": 1}) == to_midi(small_music, {"seed": 1})


def test_each_role_has_its_channel_and_drums_have_ten():
    assert CHANNELS == {"melody": 0, "chords": 1, "pad": 2, "bass": 3, "drums": 9}


def test_of_two_notes_of_one_pitch_that_overlap_the_first_is_cut():
    music = Music((Track("bass", 0, (Note(0, 36, 24, 90), Note(12, 36, 24, 80))),), bars=1)
    assert from_midi(to_midi(music)).notes("bass") == (Note(0, 36, 12, 90), Note(12, 36, 24, 80))


def test_of_two_notes_that_begin_together_on_one_pitch_the_longer_is_kept():
    music = Music((Track("bass", 0, (Note(0, 36, 6, 90), Note(0, 36, 24, 80))),), bars=1)
    assert from_midi(to_midi(music)).notes("bass") == (Note(0, 36, 24, 80),)


@pytest.mark.parametrize("tempo", [4, 40, 240, 1000])
def test_every_tempo_that_music_may_have_can_be_written(tempo):
    assert from_midi(to_midi(Music((), 1, tempo))).tempo == pytest.approx(tempo, rel=1e-4)


def test_length_in_seconds():
    assert seconds(Music((), bars=16, tempo=120)) == 32.0
    assert read_timeline(to_midi(Music((), bars=16, tempo=120))).seconds == pytest.approx(32.0)
    slower = Music((), bars=16, tempo=120, later_tempos=((384, 60.0), (576, 30.0)))
    assert seconds(slower) == 16 + 16 + 32
    assert clock(slower) == [(0, 0.0, 1 / 24), (384, 16.0, 1 / 12), (576, 32.0, 1 / 6)]
    assert read_timeline(to_midi(slower)).seconds == pytest.approx(64.0)
    assert seconds(slower.excerpt(0, 8)) == 16.0


@given(st.dictionaries(st.text(max_size=10), st.none() | st.integers() | st.text(max_size=20) | st.booleans()))
def test_a_recipe_comes_back(recipe):
    assert read_recipe(to_midi(Music((), 1), recipe)) == recipe


@pytest.mark.parametrize("text", ["musicgen ", "musicgen [1]", "musicgen " + "[" * 100_000, "musicgen {", "hello"])
def test_text_that_is_no_recipe_is_none(text):
    assert read_recipe(midi_file([mido.MetaMessage("text", text=text)])) is None


def test_a_file_of_ours_in_another_resolution_reads_the_same():
    data = midi_file(
        [mido.MetaMessage("set_tempo", tempo=500_000), mido.MetaMessage("end_of_track", time=4 * 96)],
        [mido.MetaMessage("track_name", name="Bass"), mido.Message("program_change", program=33), *note(36, 0, 48)],
    )
    assert from_midi(data) == Music((Track("bass", 33, (Note(0, 36, 6, 64),)),), 1, 120.0, Key(0), "")


def test_tracks_that_are_not_ours_are_refused():
    with pytest.raises(MidiError, match=r"Expected tracks named Melody, .* Received: 'Piano'"):
        from_midi(midi_file([mido.MetaMessage("track_name", name="Piano"), *note(60, 0, 96)]))


# --- files of others -------------------------------------------------------------------------------------------


def test_score_has_beats_programs_and_drums():
    data = midi_file(
        [mido.MetaMessage("set_tempo", tempo=600_000), mido.MetaMessage("key_signature", key="Am")],
        [mido.MetaMessage("track_name", name="Lead"), mido.Message("program_change", program=5), *note(60, 48, 96)],
        [mido.Message("note_on", channel=9, note=36), mido.Message("note_off", channel=9, note=36, time=96)],
    )
    score = read_score(data)
    assert score.tempo == 100.0 and score.key == Key(9, "minor") and score.end == 1.0
    lead, drums = score.tracks
    assert (lead.name, lead.program, lead.is_drums) == ("Lead", 5, False)
    assert lead.notes == (ScoreNote(0.5, 60, 1.0, 64),)
    assert drums.is_drums


def test_timeline_applies_tempo_changes():
    data = midi_file(
        [mido.MetaMessage("set_tempo", tempo=500_000), mido.MetaMessage("set_tempo", tempo=1_000_000, time=96)],
        note(60, 96, 192),
    )
    played = read_timeline(data)
    assert [(second, message.type) for second, message in played.events] == [(0.5, "note_on"), (1.5, "note_off")]
    assert (played.seconds, played.note_count) == (1.5, 1)


def test_timeline_holds_only_messages_of_channels():
    data = midi_file([mido.Message("sysex", data=[1, 2]), mido.MetaMessage("text", text="x"), *note(60, 0, 96)])
    assert [message.type for _, message in read_timeline(data).events] == ["note_on", "note_off"]


# --- hostile files ---------------------------------------------------------------------------------------------

READERS = (read_score, read_timeline, from_midi, read_recipe)


def chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack(">I", len(content)) + content


HEADER = chunk(b"MThd", struct.pack(">hhh", 1, 1, 96))
LATEST = b"\xff\xff\xff\x7f"  # the longest delta time, 268,435,455 ticks
LONG = (
    chunk(b"MThd", struct.pack(">hhh", 0, 1, 1))
    + chunk(b"MTrk", b"\x00\xff\x51\x03\xff\xff\xff\x00\x90\x3c\x40" + LATEST + b"\x80\x3c\x40")
)  # fmt: skip


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"hello",
        b"RIFF" * 20,
        HEADER,
        HEADER[:-1],
        chunk(b"MThd", struct.pack(">hhh", 1, 0, 96)),  # no tracks
        chunk(b"MThd", struct.pack(">hhh", 1, 1, 0)) + chunk(b"MTrk", b"\x00\xff\x2f\x00"),  # no time base
        HEADER + b"MTrk\xff\xff\xff\xff\x00",  # a track of 4 GB
        LONG,
        b"\0" * (MAX_BYTES + 1),
    ],
    ids=lambda data: f"{len(data)}-bytes" if isinstance(data, bytes) else None,
)
def test_what_is_no_usable_midi_is_refused_in_one_line(read, data):
    with pytest.raises(MidiError, match=r"Expected .* Received: ") as error:
        read(data)
    assert "\n" not in str(error.value)


def test_a_few_bytes_that_claim_years_are_refused_at_once():
    assert len(LONG) <= 44
    started = time.perf_counter()
    with pytest.raises(MidiError, match=f"at most {MAX_BEATS:,} beats"):
        read_timeline(LONG)
    assert time.perf_counter() - started < 0.1


def test_more_notes_than_the_limit_are_refused():
    hundred = HEADER + chunk(b"MTrk", b"\x00\x90\x3c\x40" + b"\x00\x3c\x40" * 99)
    more = HEADER + chunk(b"MTrk", b"\x00\x90\x3c\x40" + b"\x00\x3c\x40" * 100)
    assert read_score(hundred, most_notes=100).struck == 100
    with pytest.raises(MidiError, match="at most 100 notes"):
        read_score(more, most_notes=100)


def mutations(data: bytes, count: int, seed: int):
    """Seeded damage: bytes changed, cut out, doubled, or the end cut off."""
    rng = random.Random(seed)
    for _ in range(count):
        mutant = bytearray(data)
        for _ in range(rng.randint(1, 6)):
            place = rng.randrange(len(mutant))
            kind = rng.randrange(4)
            if kind == 0:
                mutant[place] = rng.choice((0, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            elif kind == 1:
                del mutant[place : place + rng.randint(1, 8)]
            elif kind == 2:
                mutant[place:place] = mutant[place : place + rng.randint(1, 8)]
            elif len(mutant) > 40:
                del mutant[max(40, place) :]
        yield bytes(mutant)


@pytest.mark.parametrize("read", READERS)
def test_a_damaged_file_raises_a_midi_error_or_stays_within_the_limits(read, small_midi):
    refused = 0
    for mutant in mutations(small_midi, count=1500, seed=READERS.index(read)):
        try:
            result = read(mutant)
        except MidiError as error:
            refused += 1
            assert "\n" not in str(error)
        else:
            assert read is not read_score or result.end <= MAX_BEATS
    assert 0 < refused < 1500
