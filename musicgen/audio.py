"""MIDI to sound: stereo, at one loudness, as a mix, a loop or a stem for each role."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from musicgen import levels, midi, midi_reading
from musicgen.levels import LOUDNESS, PEAK, SILENCE
from musicgen.playing import MAX_SECONDS, MAX_TAIL_SECONDS, RATE, Player
from musicgen.roles import STYLES
from musicgen.soundfont import find_soundfont

# FluidSynth sends a channel to the output whose number is the channel's, modulo their count: with five, each role has
# one of its own
_STEM_OUTPUTS = 5
_GAINS = 256
"""Pieces whose gain is remembered."""


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


class Renderer:
    """A synthesiser with one soundfont. Holds no state of a piece: share one between all threads.

    Args:
        soundfont: the file; None for `find_soundfont()`.

    Raises:
        AudioError: FluidSynth is not installed, or the file is not a soundfont that it can load.
    """

    def __init__(self, soundfont: str | Path | None = None) -> None:
        self.soundfont = find_soundfont() if soundfont is None else Path(soundfont)
        self._player = Player(self.soundfont)
        self._gains: dict[bytes, float] = {}  # of pieces that somebody mixes at present

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
                self._player.shelve(drums, program)

    def render(self, data: bytes) -> Audio:
        """Play a MIDI file: 44,100 Hz stereo at -16 LUFS, no sample above -1 dBFS. The same bytes give the same sound.

        A file of ours is at -16 LUFS with its usual volumes; with others it is as loud as they are.

        Events are placed to 64 frames (1.5 ms). The last notes ring out for at most 4 seconds. A silent piece stays
        silent. Bank changes and controllers that regroup channels are left out: the instruments are General MIDI's.

        Args:
            data: the bytes of a MIDI file, of at most 15 minutes.

        Raises:
            MidiError: the bytes are no MIDI file, or over the limits of `midi_reading.read_timeline`.
            AudioError: the piece is over 15 minutes long, or the synthesiser fails.
        """
        timeline = midi_reading.read_timeline(data)
        mix = self._player.play(timeline)[0]
        return Audio(levels.finish(mix, self._gain(data, timeline, mix)))

    def render_loop(self, data: bytes) -> Audio:
        """Play a file that `midi.to_midi` wrote so that it can be repeated: as loud as `render` makes it, exactly as
        long as its bars, the last notes ringing on into the beginning.

        Raises:
            MidiError, AudioError: as for `render`; or `midi.to_midi` did not write the file.
        """
        frames, timeline = _loop_frames(data), midi_reading.read_timeline(data)
        mix = self._player.play(timeline)[0]
        gain = self._gain(data, timeline, mix)
        return Audio(levels.finish(levels.wrapped(mix, frames), gain, loop=True))

    def render_stems(self, data: bytes, loop: bool = False) -> dict[str, Audio]:
        """Play a file that `midi.to_midi` wrote, each role by itself: role name to sound, in the order of the roles.

        All begin together, are as long as the mix and have its gain, reverb and chorus, so that their sum is what
        `render` gives before it turns down peaks. Only where a stem alone is over -1 dBFS all are less loud, alike.
        Costs about two renders.

        Args:
            data: the bytes of the MIDI file.
            loop: as `render_loop` instead of `render`.

        Raises:
            MidiError, AudioError: as for `render_loop`.
        """
        timeline = midi_reading.read_timeline(data)
        outputs = self._player.play(timeline, _STEM_OUTPUTS)
        gain = self._gain(data, timeline, outputs.sum(axis=0))
        stems = _by_role(data, outputs)
        if loop:
            frames = _loop_frames(data)
            stems = {role: levels.wrapped(samples, frames) for role, samples in stems.items()}
        return _finished(stems, gain)[0]

    def render_faders(self, data: bytes) -> tuple[dict[str, Audio], float]:
        """Play each role of a file that `midi.to_midi` wrote at its usual volume, for a mixer to set the levels of.

        Returns:
            Role name to sound, as `render_stems`; and the factor that makes their sum as loud as `render` makes the
            piece at its usual volumes, 1 or more.

        Raises:
            MidiError, AudioError: as for `render_loop`.
        """
        usual = _at_volumes(midi_reading.read_timeline(data), midi.usual_volumes(data))
        outputs = self._player.play(usual, _STEM_OUTPUTS)
        return _finished(_by_role(data, outputs), self._gain(data, usual, outputs.sum(axis=0)))

    def _gain(self, data: bytes, timeline: midi_reading.Timeline, played: np.ndarray) -> float:
        """The factor that brings a piece to loudness at its usual volumes: what is turned down by hand stays down.

        Args:
            played: what the timeline of `data` sounds like, as the mix, shape (frames, 2).
        """
        usual = _at_volumes(timeline, midi.usual_volumes(data))
        key = hashlib.sha256(repr(usual).encode()).digest()
        gain = self._gains.get(key)
        if gain is None:
            mix = played if usual == timeline else self._player.play(usual)[0]
            gain = self._gains[key] = levels.gain_of(mix, RATE)
            while len(self._gains) > _GAINS:
                self._gains.pop(next(iter(self._gains)), None)
        return gain


def _at_volumes(timeline: midi_reading.Timeline, volumes: Mapping[int, int]) -> midi_reading.Timeline:
    """The timeline with these channel volumes instead of its own."""
    events = tuple(
        (second, message.copy(value=volumes[message.channel]))
        if message.type == "control_change" and message.control == 7 and message.channel in volumes
        else (second, message)
        for second, message in timeline.events
    )
    return replace(timeline, events=events)


def _by_role(data: bytes, outputs: np.ndarray) -> dict[str, np.ndarray]:
    """The outputs of a player, shape (`_STEM_OUTPUTS`, frames, 2), by the roles that play."""
    roles = [track.role for track in midi.from_midi(data).tracks if track.notes]
    return {role: outputs[midi.CHANNELS[role] % _STEM_OUTPUTS] for role in roles}


def _finished(stems: Mapping[str, np.ndarray], gain: float) -> tuple[dict[str, Audio], float]:
    """Stems with one gain, less where a stem alone would be over the ceiling; and by how much less."""
    peak = max((float(np.abs(samples).max()) for samples in stems.values()), default=0.0)
    used = min(gain, PEAK / max(peak, SILENCE))
    return {role: Audio(levels.finish(samples, used)) for role, samples in stems.items()}, gain / used


def _loop_frames(data: bytes) -> int:
    """The length of a piece from its first bar line to its last, in frames."""
    return max(1, round(midi.seconds(midi.from_midi(data)) * RATE))


__all__ = ["LOUDNESS", "MAX_SECONDS", "MAX_TAIL_SECONDS", "PEAK", "RATE", "Audio", "Renderer"]
