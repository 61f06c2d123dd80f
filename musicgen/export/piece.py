"""What a format is made from: a MIDI file, and all that can be read and rendered of it, each when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from musicgen import midi as files
from musicgen.audio import Audio, Renderer
from musicgen.errors import ExportError
from musicgen.export.chord_symbols import Symbol, find_symbols
from musicgen.export.names import title_of
from musicgen.midi_reading import Score, read_score
from musicgen.music import Music


@dataclass(frozen=True)
class Piece:
    """A piece to be written as a file.

    Args:
        midi: the bytes of a MIDI file.
        audio: its sound, if it was rendered before.
        renderer: the synthesiser, if there is one.
    """

    midi: bytes
    audio: Audio | None = None
    renderer: Renderer | None = None

    @cached_property
    def score(self) -> Score:
        """What the file says."""
        return read_score(self.midi)

    @cached_property
    def music(self) -> Music:
        """The notes, of a file that `midi.to_midi` wrote."""
        return files.from_score(self.score)

    @cached_property
    def symbols(self) -> list[Symbol]:
        """Its chords."""
        return find_symbols(self.music, files.find_recipe(self.score))

    @property
    def title(self) -> str:
        """Such as "Jazz in Eb major"."""
        return title_of(self.music.style, self.music.key)

    @cached_property
    def mix(self) -> Audio:
        """All roles, with the tail."""
        return self.synthesiser.render(self.midi) if self.audio is None else self.audio

    @cached_property
    def loop(self) -> Audio:
        """All roles, as a loop."""
        return self.synthesiser.render_loop(self.midi)

    @property
    def synthesiser(self) -> Renderer:
        """The renderer.

        Raises:
            ExportError: there is none.
        """
        if self.renderer is None:
            raise ExportError("Expected a synthesiser for loops and stems. Received: none.")
        return self.renderer
