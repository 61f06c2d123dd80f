"""What the controllers, programs and system messages of a file say about its channels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import mido

from musicgen.errors import MidiError
from musicgen.midi_reading.file import MidiFile
from musicgen.midi_reading.pairing import NEVER, Pedals

_DRUM_CHANNEL = 9
_RHYTHM_BANKS = {120, 126, 127}
"""Bank numbers (controller 0) of percussion: General MIDI 2 and Yamaha XG."""
MAX_HEARD = 2_000_000
"""Controllers and programs that the voices of a file hear in all. Each voice hears those of tracks without notes, so a
small file of many tracks may have far more of them than any music needs."""
_DOWN = 64
"""Values of a pedal from here on are down."""


class _Change(NamedTuple):
    """A message of a channel: its tick, its track in the file, and itself."""

    tick: int
    track: int
    message: mido.Message


@dataclass(frozen=True)
class VoiceSettings:
    """What a channel has been told where one track of the file plays on it."""

    programs: list[tuple[int, int]]
    """(tick, program) in order."""
    pedals: Pedals
    bends: bool
    rhythm_bank: bool


@dataclass
class Settings:
    """Of a whole file.

    Args:
        rhythm_channels: those whose notes are percussion.
        rhythm_map: "gm", "gs" or "xg", see `Score`.
        zones: channel to the master channel of its MPE zone.
    """

    rhythm_channels: set[int] = field(default_factory=lambda: {_DRUM_CHANNEL})
    rhythm_map: str = "gm"
    zones: dict[int, int] = field(default_factory=dict)
    changes: dict[int, dict[int, list[_Change]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    """Channel and track to what it was told there, in order."""
    _shared: dict[tuple[int, int], list[_Change]] = field(default_factory=dict)
    _heard: int = 0

    def of_voice(self, channel: int, track: int, users: Collection[int]) -> VoiceSettings:
        """What holds for the notes of a track on a channel.

        Args:
            users: the tracks that have notes on the channel. A synthesiser would mix up what they say; where several
                play on one channel, each listens to itself and to tracks without notes there.

        Raises:
            MidiError: the voices of the file hear more than `MAX_HEARD` messages.
        """
        heard = self._told(channel, channel, track, users)
        master = self.zones.get(channel, channel)
        if master != channel:  # what a zone's master is told holds for its members
            heard = sorted([*self._told(master, channel, track, users), *heard], key=lambda change: change.tick)
        self._heard += len(heard)
        if self._heard > MAX_HEARD:
            raise MidiError(f"Expected at most {MAX_HEARD:,} controllers that tracks share. Received: more.")
        programs = [change for change in heard if change.message.type == "program_change"]
        if len(users) > 1 and any(change.track == track for change in programs):
            programs = [change for change in programs if change.track == track]
        controls = [change for change in heard if change.message.type == "control_change"]
        return VoiceSettings(
            [(change.tick, change.message.program) for change in programs],
            _read_pedals(controls),
            any(change.message.type == "pitchwheel" and change.message.pitch for change in heard),
            any(change.message.control == 0 and change.message.value in _RHYTHM_BANKS for change in controls),
        )

    def _told(self, told: int, channel: int, track: int, users: Collection[int]) -> list[_Change]:
        """What a channel was told, as a track hears it that plays on `channel`; in order."""
        own = self.changes[told].get(track, [])
        if (told, channel) not in self._shared:  # the users of a channel are the same for all of its tracks
            others = (each for index, each in self.changes[told].items() if len(users) < 2 or index not in users)
            self._shared[told, channel] = sorted((change for each in others for change in each), key=_place_of)
        shared = self._shared[told, channel]
        if not own or len(users) < 2 or track not in users:  # then it is among those that share
            return shared
        return sorted([*shared, *own], key=_place_of)


def _place_of(change: _Change) -> tuple[int, int]:
    return change.tick, change.track


def read_settings(file: MidiFile) -> Settings:
    """What a file says about its channels."""
    settings = Settings()
    events = ((tick, index, message) for index, track in enumerate(file.tracks) for tick, message in track)
    parameters: dict[int, dict[int, int]] = defaultdict(dict)
    for tick, index, message in sorted(events, key=lambda event: event[0]):
        if message.type == "sysex":
            _apply_system_message(tuple(message.data), settings)
        elif message.type in ("program_change", "pitchwheel", "control_change"):
            settings.changes[message.channel][index].append(_Change(tick, index, message))
            if message.type == "control_change" and message.control in (6, 100, 101):
                said = parameters[message.channel]
                said[message.control] = message.value
                if message.control == 6 and (said.get(101), said.get(100)) == (0, 6):
                    _add_zone(settings, message.channel, message.value)
    return settings


def _add_zone(settings: Settings, master: int, members: int) -> None:
    """The MPE configuration message: of channel 1 a zone upwards, of channel 16 one downwards."""
    if master in (0, 15) and 0 < members < 16:
        step = 1 if master == 0 else -1
        settings.zones |= {master + step * place: master for place in range(members + 1)}


def _apply_system_message(data: Sequence[int], settings: Settings) -> None:
    """Which layout percussion has, and which channels are percussion, as Roland and Yamaha say it."""
    if len(data) >= 8 and data[0] == 0x41 and tuple(data[2:4]) == (0x42, 0x12) and data[4] == 0x40:
        part, what, value = data[5], data[6], data[7]
        if (part, what) == (0x00, 0x7F):
            settings.rhythm_map = "gs"
        elif part >> 4 == 1 and what == 0x15:
            block = part & 0xF
            channel = _DRUM_CHANNEL if block == 0 else block - 1 if block <= 9 else block
            _set_rhythm(settings, channel, value > 0)
    elif len(data) >= 7 and data[0] == 0x43 and data[2] == 0x4C:
        if tuple(data[3:6]) == (0x00, 0x00, 0x7E):
            settings.rhythm_map = "xg"
        elif data[3] == 0x08 and data[5] == 0x07 and data[4] < 16:
            _set_rhythm(settings, data[4], data[6] > 0)


def _set_rhythm(settings: Settings, channel: int, on: bool) -> None:
    (settings.rhythm_channels.add if on else settings.rhythm_channels.discard)(channel)


def _read_pedals(controls: Sequence[_Change]) -> Pedals:
    spans: dict[int, list[tuple[int, int]]] = {64: [], 66: []}
    down: dict[int, int] = {}
    releases, silences = [], []
    for tick, _, message in controls:
        control, value = message.control, message.value
        if control in spans and value >= _DOWN:
            down.setdefault(control, tick)
        elif control in down and control in spans:
            spans[control].append((down.pop(control), tick))
        elif control == 121:  # all controllers as at the beginning
            for pedal in list(down):
                spans[pedal].append((down.pop(pedal), tick))
        elif control == 120:
            silences.append(tick)
            releases.append(tick)
        elif control >= 123:
            releases.append(tick)
    for pedal, tick in down.items():
        spans[pedal].append((tick, NEVER))
    return Pedals(tuple(spans[64]), tuple(spans[66]), tuple(releases), tuple(silences))
