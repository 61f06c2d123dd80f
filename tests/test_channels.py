"""Which notes of a file are one instrument, and on which program."""

import mido
import pytest

from musicgen.midi_reading import ScoreTrack, read_score
from tests.test_midi import midi_file

BEAT = 96
Events = list[tuple[int, mido.Message]]


def notes(channel: int, *pitches: int, start: int = 0) -> Events:
    """A beat of each pitch after another."""
    found = []
    for place, pitch in enumerate(pitches):
        at = start + place * BEAT
        found.append((at, mido.Message("note_on", channel=channel, note=pitch)))
        found.append((at + BEAT - 1, mido.Message("note_off", channel=channel, note=pitch)))
    return found


def program(channel: int, number: int, at: int = 0) -> Events:
    return [(at, mido.Message("program_change", channel=channel, program=number))]


def control(channel: int, number: int, value: int, at: int = 0) -> Events:
    return [(at, mido.Message("control_change", channel=channel, control=number, value=value))]


def bend(channel: int, at: int = 10) -> Events:
    return [(at, mido.Message("pitchwheel", channel=channel, pitch=2000))]


def zone(master: int, members: int) -> Events:
    """The configuration message of MPE."""
    return control(master, 101, 0) + control(master, 100, 6) + control(master, 6, members)


def system(*data: int) -> Events:
    return [(0, mido.Message("sysex", data=data))]


def track(*parts: Events, name: str = "") -> list:
    now, messages = 0, [mido.MetaMessage("track_name", name=name)] if name else []
    for at, message in sorted((event for part in parts for event in part), key=lambda event: event[0]):
        messages.append(message.copy(time=at - now))
        now = at
    return messages


def instruments(*tracks: list, kind: int = 1) -> list[ScoreTrack]:
    return list(read_score(midi_file(*tracks, kind=kind)).tracks)


def summary(*tracks: list, kind: int = 1) -> list[tuple[int, bool, int]]:
    """(program, whether it is drums, how many notes) of each instrument."""
    return [(each.program, each.is_drums, len(each.notes)) for each in instruments(*tracks, kind=kind)]


STRINGS = [program(channel, 25) + notes(channel, 40 + 5 * channel, 42 + 5 * channel) for channel in range(6)]


def test_a_channel_for_each_string_is_one_guitar() -> None:
    (guitar,) = instruments(track(*STRINGS, name="Guitar"))
    assert (guitar.program, len(guitar.notes), guitar.channels, guitar.name) == (25, 12, 6, "Guitar")


def test_so_it_is_where_one_track_holds_everything() -> None:
    bass = program(7, 33) + notes(7, 36, 38)
    assert summary(track(*STRINGS, bass), kind=0) == [(25, False, 12), (33, False, 2)]


def test_so_it_is_where_each_string_has_a_track() -> None:
    tracks = [track(part, name=f"Guitar {number}") for number, part in enumerate(STRINGS, 1)]
    assert summary(*tracks) == [(25, False, 12)]


def test_violins_of_one_name_are_not_strings_of_a_guitar() -> None:
    tracks = [track(program(c, 40) + notes(c, 60 + c, 62 + c), name=f"Violin {c}") for c in range(3)]
    assert len(summary(*tracks)) == 3


def test_channels_of_other_programs_are_other_instruments() -> None:
    assert summary(track(program(0, 40), notes(0, 60), program(1, 33), notes(1, 36))) == [
        (40, False, 1), (33, False, 1),
    ]  # fmt: skip


def test_a_second_channel_for_bent_notes_belongs_to_the_first() -> None:
    lead = [program(0, 27), notes(0, 60, 62), notes(1, 64, start=2 * BEAT), bend(1)]
    assert summary(track(*lead, name="Solo")) == [(27, False, 3)]
    assert summary(track(*lead, program(1, 27)), kind=0) == [(27, False, 3)]


@pytest.mark.parametrize("kind", [0, 1])
def test_an_mpe_zone_is_one_instrument_even_on_the_tenth_channel(kind: int) -> None:
    members = [notes(channel, 48 + channel) + bend(channel) for channel in range(1, 15)]
    (lead,) = instruments(track(zone(0, 14), program(0, 81), *members), kind=kind)
    assert (lead.program, lead.is_drums, len(lead.notes), lead.channels) == (81, False, 14, 14)


def test_the_upper_zone_of_mpe_counts_down_from_channel_sixteen() -> None:
    members = [notes(channel, 48 + channel) for channel in (14, 13, 12)]
    assert summary(track(zone(15, 3), program(15, 81), *members)) == [(81, False, 3)]


def test_an_mpe_zone_may_have_a_track_for_each_channel() -> None:
    tracks = [track(notes(channel, 48 + channel)) for channel in range(1, 5)]
    assert summary(track(zone(0, 4), program(0, 81)), *tracks) == [(81, False, 4)]


def test_bends_on_channels_in_a_row_are_one_instrument_without_a_zone_too() -> None:
    members = [notes(channel, 48 + channel) + bend(channel) for channel in range(1, 13)]
    assert summary(track(*members, name="Seaboard")) == [(0, False, 12)]


def test_two_channels_without_programs_stay_apart() -> None:
    assert len(summary(track(notes(0, 72, 74), notes(1, 36, 38)))) == 2


def test_a_program_may_stand_in_another_track() -> None:
    setup = track(program(0, 65), program(1, 33))
    assert summary(setup, track(notes(0, 60)), track(notes(1, 36))) == [(65, False, 1), (33, False, 1)]


def test_tracks_that_share_a_channel_have_their_own_programs() -> None:
    tracks = [track(program(0, number), notes(0, 60 + number)) for number in (65, 33, 0)]
    assert summary(*tracks) == [(65, False, 1), (33, False, 1), (0, False, 1)]


def test_an_instrument_that_changes_is_the_one_that_most_notes_have() -> None:
    lead = track(program(0, 73), notes(0, 72, 74, 76), program(0, 65, at=3 * BEAT), notes(0, 77, start=3 * BEAT))
    (flute,) = instruments(lead)
    assert (flute.program, flute.programs, len(flute.notes)) == (73, (73, 65), 4)


def test_of_several_instruments_in_a_track_its_name_names_none() -> None:
    both = track(program(0, 40), notes(0, 60), program(1, 33), notes(1, 36), name="Bass and all that")
    assert [each.name for each in instruments(both, kind=0)] == ["", ""]


def test_the_name_of_an_instrument_stands_for_a_name_that_is_missing() -> None:
    assert instruments([mido.MetaMessage("instrument_name", name="Oboe"), *track(notes(0, 60))])[0].name == "Oboe"


@pytest.mark.parametrize(
    "told",
    [
        system(0x41, 0x10, 0x42, 0x12, 0x40, 0x1B, 0x15, 0x02, 0x0E),  # Roland GS: part 11 is the second rhythm part
        system(0x43, 0x10, 0x4C, 0x08, 0x0B, 0x07, 0x02),  # Yamaha XG: part 12 is the first drum setup
        control(11, 0, 127),  # the bank of Yamaha's drums
        control(11, 0, 120),  # the bank of percussion of General MIDI 2
    ],
    ids=["gs", "xg", "xg-bank", "gm2-bank"],
)
def test_other_channels_can_be_told_to_be_drums(told: Events) -> None:
    assert summary(track(told, notes(11, 36, 38))) == [(0, True, 2)]


def test_the_tenth_channel_can_be_told_to_be_none() -> None:
    melodic = system(0x41, 0x10, 0x42, 0x12, 0x40, 0x10, 0x15, 0x00, 0x1B)
    assert summary(track(melodic, program(9, 40), notes(9, 60))) == [(40, False, 1)]
    assert summary(track(program(9, 40), notes(9, 60))) == [(40, True, 1)]


@pytest.mark.parametrize(
    ("told", "layout"),
    [
        ([], "gm"),
        (system(0x41, 0x10, 0x42, 0x12, 0x40, 0x00, 0x7F, 0x00, 0x41), "gs"),
        (system(0x43, 0x10, 0x4C, 0x00, 0x00, 0x7E, 0x00), "xg"),
    ],
)
def test_the_layout_of_percussion(told: Events, layout: str) -> None:
    assert read_score(midi_file(track(told, notes(9, 36)))).rhythm_map == layout


def test_a_pedal_in_another_track_holds_unless_the_track_shares_its_channel() -> None:
    pedal = track(control(0, 64, 127), control(0, 64, 0, at=4 * BEAT))
    assert instruments(pedal, track(notes(0, 60)))[0].notes[0].end == 4
    piano = track(notes(0, 60), control(0, 64, 127), control(0, 64, 0, at=4 * BEAT))
    ends = {each.notes[0].pitch: round(each.notes[0].end, 2) for each in instruments(piano, track(notes(0, 36)))}
    assert ends == {60: 4, 36: 0.99}


def test_what_notes_cannot_say_is_counted() -> None:
    score = read_score(midi_file(track(notes(0, 60), bend(0), bend(0, at=20), control(0, 1, 64), control(0, 64, 0))))
    assert score.lost == (("modulation", 1), ("pitch bends", 2))
