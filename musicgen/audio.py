"""MIDI to sound: stereo, at one loudness, as a mix, a loop or a stem for each role."""

from __future__ import annotations

from dataclasses import dataclass
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

        Events are placed to 64 frames (1.5 ms). The last notes ring out for at most 4 seconds. A silent piece stays
        silent. Bank changes and controllers that regroup channels are left out: the instruments are General MIDI's.

        Args:
            data: the bytes of a MIDI file, of at most 15 minutes.

        Raises:
            MidiError: the bytes are no MIDI file, or over the limits of `midi_reading.read_timeline`.
            AudioError: the piece is over 15 minutes long, or the synthesiser fails.
        """
        mix = self._player.play(midi_reading.read_timeline(data))[0]
        return Audio(levels.finish(mix, levels.gain_of(mix, RATE)))

    def render_loop(self, data: bytes) -> Audio:
        """Play a file that `midi.to_midi` wrote so that it can be repeated: as loud as `render` makes it, exactly as
        long as its bars, the last notes ringing on into the beginning.

        Raises:
            MidiError, AudioError: as for `render`; or `midi.to_midi` did not write the file.
        """
        frames = _loop_frames(data)
        mix = self._player.play(midi_reading.read_timeline(data))[0]
        gain = levels.gain_of(mix, RATE)
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
        music, frames = midi.from_midi(data), _loop_frames(data)
        outputs = self._player.play(midi_reading.read_timeline(data), _STEM_OUTPUTS)
        gain = levels.gain_of(outputs.sum(axis=0), RATE)
        roles = [track.role for track in music.tracks if track.notes]
        stems = {role: outputs[midi.CHANNELS[role] % _STEM_OUTPUTS] for role in roles}
        if loop:
            stems = {role: levels.wrapped(samples, frames) for role, samples in stems.items()}
        peak = max((float(np.abs(samples).max()) for samples in stems.values()), default=0.0)
        gain = min(gain, PEAK / max(peak, SILENCE))
        return {role: Audio(levels.finish(samples, gain)) for role, samples in stems.items()}


def _loop_frames(data: bytes) -> int:
    """The length of a piece from its first bar line to its last, in frames."""
    return max(1, round(midi.seconds(midi.from_midi(data)) * RATE))


__all__ = ["LOUDNESS", "MAX_SECONDS", "MAX_TAIL_SECONDS", "PEAK", "RATE", "Audio", "Renderer"]
