"""MIDI to sound: one synthesiser pass, stereo, at one loudness. The owner of FluidSynth and of the soundfont."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import io
import os
import struct
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from musicgen import midi
from musicgen.errors import AudioError
from musicgen.roles import STYLES

RATE = 44_100
"""Frames a second."""
LOUDNESS = -16.0
"""LUFS, integrated, as in ITU-R BS.1770-4."""
PEAK = 10 ** (-1 / 20)
"""The largest sample, as a part of full scale: -1 dBFS."""
MAX_SECONDS = 600.0
"""The longest piece that is rendered."""
MAX_TAIL_SECONDS = 4.0
"""How long the last notes may ring on."""

# FluidSynth lets events take effect at the borders of its own blocks of 64 frames only: events are put there on purpose
_BLOCK = 64
_TAIL_STEP = 69 * _BLOCK  # 0.1 s
_MIN_TAIL_STEPS = 5  # 0.5 s, more than the 0.4 s that a loudness meter needs
_FADE_SECONDS = 0.25
_SILENCE = 1e-4  # part of full scale
_GAIN = 0.5  # float samples do not clip, so that any value does; this one is near the final level
_LIMITER_FRAMES = 221  # 5 ms
_VOICES = 128  # band pieces with doubled notes sound the same with 96; a hostile file costs in proportion
_CHANNELS = 16
_SHELF_CHANNELS = 256
_BANK_SELECT = (0, 32)
_CHANNEL_MODES = 124  # controllers from here on regroup channels

SOUNDFONT_VARIABLE = "MUSICGEN_SOUNDFONT"
_FOLDERS = ("/usr/share/sounds/sf3", "/usr/share/sounds/sf2", "/usr/share/soundfonts", "/usr/local/share/soundfonts")
_NAMES = (
    "MuseScore_General.sf3",
    "MuseScore_General_Full.sf3",
    "MuseScore_General_Lite.sf3",
    "MuseScore_General.sf2",
    "MuseScore_General_Full.sf2",
    "MuseScore_General_Lite.sf2",
)
_GET_LIBRARY = (
    "Install it: apt install libfluidsynth3 (Debian, Ubuntu), brew install fluid-synth (macOS), "
    "choco install fluidsynth (Windows); and pip install pyfluidsynth."
)
_GET_SOUNDFONT = (
    f"Install one: apt install musescore-general-soundfont-small, or pip install pretty_midi; "
    f"or name a file in {SOUNDFONT_VARIABLE}."
)


@dataclass(frozen=True)
class Audio:
    """Sound.

    Args:
        samples: int16 of shape (frames, 2): left, right.
        rate: frames a second.
    """

    samples: np.ndarray
    rate: int = RATE

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def find_soundfont(environ: Mapping[str, str] | None = None) -> Path:
    """The soundfont to play with: what MUSICGEN_SOUNDFONT names, else MuseScore General where the system has it,
    else the small TimGM6mb that comes with pretty_midi.

    Args:
        environ: the environment to read, `os.environ` if None.

    Raises:
        AudioError: MUSICGEN_SOUNDFONT names no soundfont (nothing else is tried then), or there is none at all.
    """
    named = (os.environ if environ is None else environ).get(SOUNDFONT_VARIABLE)
    if named:
        _check_soundfont(Path(named))
        return Path(named)
    for path in _candidates():
        with contextlib.suppress(AudioError):
            _check_soundfont(path)
            return path
    raise AudioError(f"Expected a soundfont. Received: none on this machine. {_GET_SOUNDFONT}")


def _candidates() -> list[Path]:
    paths = [Path(folder, name) for name in _NAMES for folder in _FOLDERS]
    spec = importlib.util.find_spec("pretty_midi")  # the folder only: importing it takes a second
    paths += [Path(folder, "TimGM6mb.sf2") for folder in (spec and spec.submodule_search_locations) or ()]
    return paths


def _check_soundfont(path: Path) -> None:
    """Is the file a whole RIFF file of kind sfbk? FluidSynth's own checks are thorough but not quiet."""
    try:
        with path.open("rb") as file:
            header = file.read(12)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise AudioError(f"Expected a soundfont at {path}. Received: {error.strerror or error}.") from None
    if len(header) < 12 or header[:4] != b"RIFF" or header[8:] != b"sfbk":
        raise AudioError(f"Expected a soundfont (.sf2 or .sf3) at {path}. Received: a file of another kind.")
    promised = struct.unpack("<I", header[4:8])[0] + 8
    if size < promised:
        raise AudioError(f"Expected {promised:,} bytes of soundfont at {path}. Received: {size:,}; the file was cut.")


class Renderer:
    """A synthesiser with one soundfont. Holds no state of a piece: share one between all threads.

    Every render has a synthesiser of its own, because a used one does not give the same samples again. What costs
    time is to unpack the samples of an instrument, so these are kept: `_shelf` is a synthesiser that never plays
    and on whose channels every instrument stays selected that was ever needed. FluidSynth shares the samples of
    a file within a process (it counts and locks them), so that a fresh synthesiser finds them unpacked.

    Args:
        soundfont: the file; None for `find_soundfont()`.

    Raises:
        AudioError: FluidSynth is not installed, or the file is not a soundfont that it can load.
    """

    def __init__(self, soundfont: str | Path | None = None) -> None:
        self._fluid = _library()
        self.soundfont = find_soundfont() if soundfont is None else Path(soundfont)
        _check_soundfont(self.soundfont)
        self._shelf, self._shelf_font = self._open(_SHELF_CHANNELS)
        self._shelved: set[tuple[bool, int]] = set()  # is drums, program
        self._lock = threading.Lock()
        weakref.finalize(self, self._shelf.delete)

    def warm_up(self) -> None:
        """Load what the first renders would have to: the loudness meter (it imports SciPy) and the instruments of every
        style. About 3 seconds of one core; may run beside renders.
        """
        import pyloudnorm
        import scipy.ndimage  # noqa: F401

        pyloudnorm.Meter(RATE)
        for style in STYLES:
            for drums, program in ((False, style.melody), (False, style.chords), (False, style.pad),
                                   (False, style.bass), (True, style.kit)):  # fmt: skip
                self._shelve(drums, program)

    def render(self, data: bytes) -> Audio:
        """Play a MIDI file: 44,100 Hz stereo at -16 LUFS, no sample above -1 dBFS. The same bytes give the same sound.

        Events are placed to 64 frames (1.5 ms). The last notes ring out for at most 4 seconds. A silent piece stays
        silent. Bank changes and controllers that regroup channels are left out: the instruments are General MIDI's.

        Args:
            data: the bytes of a MIDI file, of at most 10 minutes.

        Raises:
            MidiError: the bytes are no MIDI file, or over the limits of `midi.timeline`.
            AudioError: the piece is over 10 minutes long, or the synthesiser fails.
        """
        timeline = midi.timeline(data)
        if timeline.seconds > MAX_SECONDS:
            raise AudioError(
                f"Expected a piece of at most {MAX_SECONDS / 60:g} minutes. Received: {timeline.seconds / 60:.4g}."
            )
        return Audio(_level(self._play(timeline)), RATE)

    def _open(self, channels: int) -> tuple[Any, int]:
        """A fresh synthesiser with the soundfont loaded, and the font's id. The caller deletes it."""
        # settings are typed: gain=1 would be ignored without a word
        settings = {"synth.dynamic-sample-loading": 1, "synth.polyphony": _VOICES}
        synth = self._fluid.Synth(gain=_GAIN, samplerate=float(RATE), channels=channels, **settings)
        font = synth.sfload(str(self.soundfont))
        if font < 0:
            synth.delete()
            raise AudioError(
                f"Expected a soundfont at {self.soundfont}. Received: one that FluidSynth cannot load. {_GET_SOUNDFONT}"
            )
        return synth, font

    def _shelve(self, drums: bool, program: int) -> None:
        with self._lock:
            if (drums, program) not in self._shelved:
                bank = midi.DRUM_BANK if drums else 0
                channel = len(self._shelved)
                # where the soundfont lacks a kit or an instrument, FluidSynth plays program 0
                if self._shelf.program_select(channel, self._shelf_font, bank, program) != 0:
                    self._shelf.program_select(channel, self._shelf_font, bank, 0)
                self._shelved.add((drums, program))

    def _play(self, timeline: midi.Timeline) -> np.ndarray:
        """Float32 samples of shape (frames, 2), tail included, at no particular level."""
        for drums, program in _instruments(timeline):
            self._shelve(drums, program)
        frames = round(timeline.seconds * RATE / _BLOCK) * _BLOCK
        samples = np.empty((frames + int(MAX_TAIL_SECONDS * RATE) // _TAIL_STEP * _TAIL_STEP, 2), np.float32)
        address = samples.ctypes.data
        synth, _ = self._open(_CHANNELS)
        try:
            position = 0

            def play_until(frame: int) -> None:
                nonlocal position
                if frame > position:
                    left, right = 2 * position, 2 * position + 1
                    # ctypes lets other threads run meanwhile
                    self._fluid.write_float(synth.synth, frame - position, address, left, 2, address, right, 2)
                    position = frame

            # a program is selected when its first note comes: to unpack one that plays nothing is lost time
            wanted, selected = [0] * _CHANNELS, [-1] * _CHANNELS
            for second, message in timeline.events:
                play_until(round(second * RATE / _BLOCK) * _BLOCK)
                channel = message.channel
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
            while position < len(samples):
                start = position
                play_until(position + _TAIL_STEP)
                steps += 1
                if steps >= _MIN_TAIL_STEPS and np.abs(samples[start:position]).max() < _SILENCE:
                    break
        finally:
            synth.delete()
        samples = samples[:position]
        fade = round(_FADE_SECONDS * RATE)
        samples[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)[:, None]
        return samples


def _instruments(timeline: midi.Timeline) -> list[tuple[bool, int]]:
    """The (is drums, program) that notes are played on, in order."""
    programs = [0] * _CHANNELS
    found: dict[tuple[bool, int], None] = {}
    for _, message in timeline.events:
        if message.type == "program_change":
            programs[message.channel] = message.program
        elif message.type == "note_on" and message.velocity > 0:
            found[message.channel == midi.DRUM_CHANNEL, programs[message.channel]] = None
    return list(found)


def _send(synth: Any, message: Any) -> None:
    kind = message.type
    if kind == "note_on" and message.velocity > 0:
        synth.noteon(message.channel, message.note, message.velocity)
    elif kind in ("note_on", "note_off"):
        synth.noteoff(message.channel, message.note)
    elif kind == "control_change":
        if message.control not in _BANK_SELECT and message.control < _CHANNEL_MODES:
            synth.cc(message.channel, message.control, message.value)
    elif kind == "pitchwheel":
        synth.pitch_bend(message.channel, message.pitch)


def _level(samples: np.ndarray) -> np.ndarray:
    """Float32 (frames, 2), 1.0 is full scale, to int16 at LOUDNESS and under PEAK; silence stays silent."""
    import pyloudnorm

    peak = float(np.abs(samples).max())
    loudness = -np.inf
    if peak > _SILENCE:
        with np.errstate(divide="ignore"):  # the meter takes the logarithm of silent blocks
            loudness = float(pyloudnorm.Meter(RATE).integrated_loudness(samples))
    gain = 10 ** ((LOUDNESS - loudness) / 20) if np.isfinite(loudness) else 1.0
    samples *= np.float32(gain)
    if peak * gain > PEAK:
        _limit(samples)
    samples *= np.float32(32767)
    return np.rint(samples, out=samples).astype(np.int16)


def _limit(samples: np.ndarray) -> None:
    """Turn peaks down to PEAK, in place, smoothly and ahead of time, both sides alike.

    The gain at a frame is the mean over a window of minima over that window, each of which sees the frame: so it is
    never above what the frame needs.
    """
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    size = np.abs(samples).max(axis=1)
    needed = np.minimum(np.float32(1), np.float32(PEAK) / np.maximum(size, np.float32(1e-9)))
    gain = uniform_filter1d(minimum_filter1d(needed, _LIMITER_FRAMES), _LIMITER_FRAMES)
    samples *= gain[:, None]
    np.clip(samples, -PEAK, PEAK, out=samples)  # rounding only


class _Fluid:
    """The parts of FluidSynth in use: `Synth` of pyfluidsynth, and float output, which pyfluidsynth does not offer."""

    def __init__(self, module: ModuleType) -> None:
        self.Synth = module.Synth
        number, pointer = ctypes.c_int, ctypes.c_void_p
        side = ((pointer, "out"), (number, "offset"), (number, "step"))
        arguments = [("synth", pointer, 1), ("frames", number, 1)]
        arguments += [(f"{name}_{channel}", kind, 1) for channel in ("left", "right") for kind, name in side]
        # dithered 16 bit output depends on what else the process has rendered, and clips; floats do neither
        self.write_float = module.cfunc("fluid_synth_write_float", number, *arguments)
        quiet = module.cfunc(
            "fluid_set_log_function", pointer, ("level", number, 1), ("function", pointer, 1), ("data", pointer, 1)
        )
        for level in range(5):  # it reports on stderr what the caller is told by an AudioError
            quiet(level, None, None)


_loaded: _Fluid | None = None


def _library() -> _Fluid:
    global _loaded
    if _loaded is None:
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints where it found the library if CI is set
                import fluidsynth
            _loaded = _Fluid(fluidsynth)
        except (ImportError, OSError):
            raise AudioError(f"Expected the FluidSynth library. Received: none here. {_GET_LIBRARY}") from None
    return _loaded


__all__ = ["LOUDNESS", "MAX_SECONDS", "MAX_TAIL_SECONDS", "PEAK", "RATE", "Audio", "Renderer", "find_soundfont"]
