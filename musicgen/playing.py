"""A synthesiser that plays the events of a MIDI file: samples at no particular level.

FluidSynth gives the same samples only from a fresh synthesiser, so that each piece gets fresh ones (docs/decisions.md,
D36).
"""

from __future__ import annotations

import threading
import weakref
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from musicgen import midi_reading
from musicgen.errors import AudioError
from musicgen.fluid import library
from musicgen.levels import SILENCE
from musicgen.soundfont import DRUM_BANK, GET_SOUNDFONT, check_soundfont

RATE = 44_100
"""Frames a second."""
MAX_SECONDS = 900.0
"""The longest piece that is rendered: 128 bars of 4/4 at 40 quarter notes a minute take 768 s."""
MAX_TAIL_SECONDS = 4.0
"""How long the last notes may ring on."""

# FluidSynth lets events take effect at the borders of its own blocks of 64 frames only: events are put there on purpose
_BLOCK = 64
_TAIL_STEP = 69 * _BLOCK  # 0.1 s
_MIN_TAIL_STEPS = 5  # 0.5 s, more than the 0.4 s that a loudness meter needs
_FADE_SECONDS = 0.25
_GAIN = 0.5  # float samples do not clip, so that any value does; this one is near the final level
_VOICES = 128  # band pieces with doubled notes sound the same with 96; a hostile file costs in proportion
_AT_ONCE = 2  # synthesisers of one piece, as many as a Space has cores; fixed, so that every machine gives the same
_DRUMS = 0.3  # what a kit costs, as a part of all else that plays
_NOTES = ("note_on", "note_off")
_CHANNELS = 16
_SHELF_CHANNELS = 256
_BANK_SELECT = (0, 32)
_CHANNEL_MODES = 124  # controllers from here on regroup channels


class Player:
    """Plays with one soundfont. Holds no state of a piece: share one between all threads.

    What costs time is to unpack the samples of an instrument, so these are kept: `_shelf` is a synthesiser that never
    plays and on whose channels every instrument stays selected that was ever needed. FluidSynth shares the samples of a
    file within a process (it counts and locks them), so that a fresh synthesiser finds them unpacked.

    Args:
        soundfont: the file.

    Raises:
        AudioError: FluidSynth is not installed, or the file is not a soundfont that it can load.
    """

    def __init__(self, soundfont: Path) -> None:
        self._fluid = library()
        self.soundfont = soundfont
        check_soundfont(soundfont)
        self._shelf, self._shelf_font = self._open(_SHELF_CHANNELS)
        self._shelved: set[tuple[bool, int]] = set()  # is drums, program
        self._lock = threading.Lock()
        weakref.finalize(self, self._shelf.delete)

    def _open(self, channels: int, outputs: int = 1) -> tuple[Any, int]:
        """A fresh synthesiser with the soundfont loaded, and the font's id. The caller deletes it."""
        # settings are typed: gain=1 would be ignored without a word
        settings = {"synth.dynamic-sample-loading": 1, "synth.polyphony": _VOICES}
        settings |= dict.fromkeys(("synth.audio-channels", "synth.audio-groups", "synth.effects-groups"), outputs)
        synth = self._fluid.Synth(gain=_GAIN, samplerate=float(RATE), channels=channels, **settings)
        font = synth.sfload(str(self.soundfont))
        if font < 0:
            synth.delete()
            raise AudioError(
                f"Expected a soundfont at {self.soundfont}. Received: one that FluidSynth cannot load. {GET_SOUNDFONT}"
            )
        return synth, font

    def shelve(self, drums: bool, program: int) -> None:
        """Unpack a kit or an instrument, once and for all."""
        with self._lock:
            if (drums, program) not in self._shelved:
                bank = DRUM_BANK if drums else 0
                channel = len(self._shelved)
                # where the soundfont lacks a kit or an instrument, FluidSynth plays program 0
                if self._shelf.program_select(channel, self._shelf_font, bank, program) != 0:
                    self._shelf.program_select(channel, self._shelf_font, bank, 0)
                self._shelved.add((drums, program))

    def play(self, timeline: midi_reading.Timeline, outputs: int = 1) -> np.ndarray:
        """Float32 samples of shape (outputs, frames, 2), tail included, at no particular level.

        Two synthesisers play at once, each on a core of its own and half of the notes: always the same half, so that
        the same bytes still give the same sound. Stems come from the outputs of these two, not from one each: a voice
        of FluidSynth's sounds a little different after it was used, so that what plays beside it on the same
        synthesiser is heard (up to 0.06 of full scale were measured).

        Raises:
            AudioError: the piece is too long.
        """
        if timeline.seconds > MAX_SECONDS:
            raise AudioError(
                f"Expected a piece of at most {MAX_SECONDS / 60:g} minutes to play. Received: "
                f"{timeline.seconds / 60:.4g}; make it faster or shorter, or save it as MIDI or MusicXML."
            )
        for drums, program in _instruments(timeline):
            self.shelve(drums, program)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            parts = list(pool.map(partial(self._play_share, timeline, outputs, _shares(timeline)), range(_AT_ONCE)))
        played = max(parts, key=lambda part: part.shape[1])
        for part in parts:
            if part is not played:
                played[:, : part.shape[1]] += part
        fade = round(_FADE_SECONDS * RATE)
        played[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
        return played

    def _play_share(
        self, timeline: midi_reading.Timeline, outputs: int, shares: dict[tuple[int, int], int], share: int
    ) -> np.ndarray:
        """What one share of the notes sounds like, of shape (outputs, frames, 2), until it has died away."""
        frames = round(timeline.seconds * RATE / _BLOCK) * _BLOCK
        length = frames + int(MAX_TAIL_SECONDS * RATE) // _TAIL_STEP * _TAIL_STEP
        samples = np.zeros((outputs, 2, length), np.float32)  # FluidSynth adds to what is there
        synth, _ = self._open(_CHANNELS, outputs)
        try:
            position = 0

            def play_until(frame: int) -> None:
                nonlocal position
                if frame > position:
                    self._fluid.process(synth.synth, samples, position, frame - position)
                    position = frame

            # a program is selected when its first note comes: to unpack one that plays nothing is lost time
            wanted, selected = [0] * _CHANNELS, [-1] * _CHANNELS
            for second, message in timeline.events:
                channel = message.channel
                is_note = message.type in _NOTES
                if is_note and shares.get((channel, message.note), 0) != share:
                    continue
                play_until(round(second * RATE / _BLOCK) * _BLOCK)
                if message.type == "program_change":
                    wanted[channel] = message.program
                elif message.type == "note_on" and wanted[channel] != selected[channel]:
                    synth.program_change(channel, wanted[channel])
                    selected[channel] = wanted[channel]
                _send(synth, message)
            play_until(frames)
            for channel in range(_CHANNELS):
                synth.cc(channel, 64, 0)  # sustain pedal up
                synth.cc(channel, 123, 0)  # all notes off, with their release
            steps = 0
            while position < length:
                start = position
                play_until(position + _TAIL_STEP)
                steps += 1
                if steps >= _MIN_TAIL_STEPS and np.abs(samples[:, :, start:position].sum(axis=0)).max() < SILENCE:
                    break
        finally:
            synth.delete()
        return np.ascontiguousarray(samples[:, :, :position].transpose(0, 2, 1))


def _shares(timeline: midi_reading.Timeline) -> dict[tuple[int, int], int]:
    """Which of `_AT_ONCE` synthesisers plays a (channel, pitch), the first where not given.

    The pitches of each channel are dealt out by how long they sound, the longest first, each to the synthesiser that
    has least of the channel, as seconds of one instrument cost alike. Drums stay together, as they silence each other;
    who has them gets less of all else.
    """
    sounding: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    began: dict[tuple[int, int], float] = {}
    drums = 0.0
    for second, message in timeline.events:
        if message.channel == midi_reading.DRUM_CHANNEL:
            drums = _DRUMS
        elif message.type in _NOTES:
            note = message.channel, message.note
            if note in began:
                sounding[message.channel][message.note] += second - began.pop(note)
            if message.type == "note_on" and message.velocity > 0:
                began[note] = second
    shares: dict[tuple[int, int], int] = {}
    for channel, pitches in sounding.items():
        loads = [drums * sum(pitches.values())] + [0.0] * (_AT_ONCE - 1)
        for pitch in sorted(pitches, key=lambda pitch: (-pitches[pitch], pitch)):
            least = loads.index(min(loads))
            loads[least] += pitches[pitch]
            shares[channel, pitch] = least
    return shares


def _instruments(timeline: midi_reading.Timeline) -> list[tuple[bool, int]]:
    """The (is drums, program) that notes are played on, in order."""
    programs = [0] * _CHANNELS
    found: dict[tuple[bool, int], None] = {}
    for _, message in timeline.events:
        if message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type == "note_on" and message.velocity > 0:
            found[message.channel == midi_reading.DRUM_CHANNEL, programs[message.channel]] = None
    return list(found)


def _send(synth: Any, message: Any) -> None:
    kind = message.type
    if kind == "note_on" and message.velocity > 0:
        synth.noteon(message.channel, message.note, message.velocity)
    elif kind in _NOTES:
        synth.noteoff(message.channel, message.note)
    elif kind == "control_change":
        if message.control not in _BANK_SELECT and message.control < _CHANNEL_MODES:
            synth.cc(message.channel, message.control, message.value)
    elif kind == "pitchwheel":
        synth.pitch_bend(message.channel, message.pitch)


__all__ = ["MAX_SECONDS", "MAX_TAIL_SECONDS", "RATE", "Player"]
