"""A piece as a file: the table of formats, and the one way to write a file.

The same piece gives the same bytes in every format, with the same versions of libsndfile, LAME and Pillow.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from musicgen.audio import Audio, Renderer
from musicgen.errors import ExportError
from musicgen.export import sound
from musicgen.export.pack import pack
from musicgen.export.piece import Piece
from musicgen.export.score import musicxml


@dataclass(frozen=True)
class Format:
    """A file format.

    Args:
        name: the ending of its files, without the first dot.
        label: for people.
        mime: the media type.
        needs_audio: whether the sound must be rendered for it.
        encode: a piece to the bytes of a file.
    """

    name: str
    label: str
    mime: str
    needs_audio: bool
    encode: Callable[[Piece], bytes]


def needs_audio(format_name: str) -> bool:
    """Whether `encode` needs the sound for this format.

    Raises:
        ExportError: there is no such format.
    """
    return _format(format_name).needs_audio


def encode(format_name: str, midi: bytes, audio: Audio | None = None, renderer: Renderer | None = None) -> bytes:
    """A piece as the bytes of a file.

    Args:
        format_name: a name of `FORMATS`.
        midi: the bytes of a MIDI file; of one that `midi.to_midi` wrote for "musicxml", "loop.wav" and "zip".
        audio: the sound of it where it was rendered before.
        renderer: renders what is needed else; "loop.wav" and "zip" do not go without.

    Raises:
        ExportError: there is no such format, it needs sound and can get none, the piece is too long for it, or the
            encoder fails.
        MidiError, AudioError: the file cannot be read or rendered.
    """
    chosen = _format(format_name)
    if chosen.needs_audio and audio is None and renderer is None:
        raise ExportError(f"Expected sound to write {chosen.label}. Received: none; render the piece first.")
    try:
        return chosen.encode(Piece(midi, audio, renderer))
    except (OSError, RuntimeError, ImportError) as error:  # soundfile, lameenc; or one of them is not installed
        reason = str(error).split("\n")[0] or type(error).__name__
        raise ExportError(f"Expected to write {chosen.label}. Received from the encoder: {reason}") from None


def format_of(path: str | Path) -> str:
    """The format that the ending of a path asks for; capitals do not matter.

    Raises:
        ExportError: no format has that ending.
    """
    name = Path(path).name.lower()
    fitting = [form for form in FORMATS if name.endswith(f".{form}") and len(name) > len(form) + 1]
    if not fitting:
        endings = ", ".join(f".{form}" for form in FORMATS)
        raise ExportError(f"Expected a file that ends in {endings}. Received: {str(path)[-60:]!r}.")
    return max(fitting, key=len)  # .loop.wav, not .wav


def write(path: str | Path, data: bytes) -> None:
    """Write a file whole or not at all, with the folders above it.

    Through a symbolic link the file that it points to is written. A file that was there keeps its mode.

    Raises:
        ExportError: it cannot be written; an older file of that name is as it was.
    """
    path = Path(path)
    unfinished = None
    try:
        path = path.resolve()  # of links that point at nothing too
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(None, "a folder has that name")
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o666 & ~_umask()
        # in the same folder, so that the replacement cannot be half done
        handle, unfinished = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(unfinished, mode)  # mkstemp makes files that others may not read
        os.replace(unfinished, path)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        if unfinished is not None:
            with contextlib.suppress(OSError):
                os.unlink(unfinished)
        reason = getattr(error, "strerror", None) or error
        raise ExportError(f"Expected a place to write {str(path)!r}. Received from the system: {reason}.") from None


def _umask() -> int:
    # there is no call that only reads it; setting it for a moment would be seen by other threads
    try:
        status = Path("/proc/self/status").read_text()
        return int(status.split("Umask:")[1].split()[0], 8)
    except (OSError, IndexError, ValueError):
        return 0o022


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise ExportError(f"Expected a format among {', '.join(FORMATS)}. Received: {str(name)[:40]!r}.")
    return FORMATS[name]


FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format("mid", "MIDI", "audio/midi", False, lambda piece: piece.midi),
        Format("wav", "WAV", "audio/wav", True, lambda piece: sound.wav(piece.mix)),
        Format("mp3", "MP3", "audio/mpeg", True, lambda piece: sound.mp3(piece.mix)),
        Format("ogg", "Ogg Vorbis", "audio/ogg", True, lambda piece: sound.ogg(piece.mix)),
        Format("flac", "FLAC", "audio/flac", True, lambda piece: sound.flac(piece.mix)),
        Format("loop.wav", "WAV loop", "audio/wav", True, lambda piece: sound.wav(piece.loop)),
        Format("musicxml", "MusicXML", "application/vnd.recordare.musicxml+xml", False,
               lambda piece: musicxml(piece.music, piece.title, piece.symbols)),
        Format("zip", "Everything", "application/zip", True, pack),
    )
}  # fmt: skip
"""Format name to format, in the order to offer them."""
