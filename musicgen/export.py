"""A piece as a file: the table of formats, and the one way to write a file.

The same piece gives the same bytes in every format, with the same versions of libsndfile and LAME.
"""

from __future__ import annotations

import contextlib
import io
import os
import struct
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from musicgen.audio import Audio
from musicgen.errors import ExportError

MP3_KILOBITS = 160
OGG_QUALITY = 0.5
"""Vorbis quality, 0 to 1: 0.5 is about 160 kbit/s."""
_OGG_FRAMES_AT_ONCE = 65_536  # libsndfile puts what one call writes on the stack
_OGG_SERIAL = 1


@dataclass(frozen=True)
class Format:
    """A file format.

    Args:
        name: the ending of its files, without the dot.
        label: for people.
        mime: the media type.
        needs_audio: whether the sound must be rendered for it.
        encode: the bytes of a MIDI file and the sound (None if it is not needed) to the bytes of a file.
    """

    name: str
    label: str
    mime: str
    needs_audio: bool
    encode: Callable[[bytes, Audio | None], bytes]


def needs_audio(format_name: str) -> bool:
    """Whether `encode` needs the sound for this format.

    Raises:
        ExportError: there is no such format.
    """
    return _format(format_name).needs_audio


def encode(format_name: str, midi: bytes, audio: Audio | None = None) -> bytes:
    """A piece as the bytes of a file.

    Args:
        format_name: a name of `FORMATS`.
        midi: the bytes of a MIDI file.
        audio: the sound of it, for the formats that need it.

    Raises:
        ExportError: there is no such format, it needs sound and got none, or the encoder fails.
    """
    chosen = _format(format_name)
    if chosen.needs_audio and audio is None:
        raise ExportError(f"Expected sound to write {chosen.label}. Received: none; render the piece first.")
    try:
        return chosen.encode(midi, audio)
    except (OSError, RuntimeError, ImportError) as error:  # soundfile, lameenc; or one of them is not installed
        reason = str(error).split("\n")[0] or type(error).__name__
        raise ExportError(f"Expected to write {chosen.label}. Received from the encoder: {reason}") from None


def format_of(path: str | Path) -> str:
    """The format that the ending of a path asks for; capitals do not matter.

    Raises:
        ExportError: no format has that ending.
    """
    ending = Path(path).suffix
    if ending.lower().removeprefix(".") not in FORMATS or not ending:
        endings = ", ".join(f".{name}" for name in FORMATS)
        raise ExportError(f"Expected a file that ends in {endings}. Received: {str(path)[-60:]!r}.")
    return ending.lower().removeprefix(".")


def write(path: str | Path, data: bytes) -> None:
    """Write a file whole or not at all, with the folders above it.

    Raises:
        ExportError: it cannot be written; an older file of that name is as it was.
    """
    path = Path(path)
    unfinished = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise IsADirectoryError(None, "a folder has that name")
        # in the same folder, so that the replacement cannot be half done
        handle, unfinished = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(unfinished, 0o666 & ~_umask())  # mkstemp makes files that others may not read
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


# --- formats ---------------------------------------------------------------------------------------------------


def _mid(midi: bytes, audio: Audio | None) -> bytes:
    return midi


def _wav(midi: bytes, audio: Audio | None) -> bytes:
    return _soundfile(audio, "WAV", "PCM_16")


def _flac(midi: bytes, audio: Audio | None) -> bytes:
    return _soundfile(audio, "FLAC", "PCM_16")


def _ogg(midi: bytes, audio: Audio | None) -> bytes:
    # libsndfile's scale runs the other way: 0 is best
    return _with_ogg_serial(_soundfile(audio, "OGG", "VORBIS", compression_level=1 - OGG_QUALITY), _OGG_SERIAL)


def _mp3(midi: bytes, audio: Audio | None) -> bytes:
    import lameenc

    assert audio is not None
    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(audio.rate)
    encoder.set_channels(2)  # LAME chooses joint stereo
    encoder.set_bit_rate(MP3_KILOBITS)
    encoder.set_quality(5)  # 2 is best, 7 is fastest
    return bytes(encoder.encode(audio.samples.tobytes())) + bytes(encoder.flush())


def _soundfile(audio: Audio | None, kind: str, subtype: str, **options: float) -> bytes:
    import soundfile

    assert audio is not None
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", audio.rate, 2, subtype, format=kind, **options) as file:
        for start in range(0, len(audio.samples), _OGG_FRAMES_AT_ONCE):
            file.write(audio.samples[start : start + _OGG_FRAMES_AT_ONCE])
    return buffer.getvalue()


_BITS_REVERSED = bytes(int(f"{value:08b}"[::-1], 2) for value in range(256))


def _with_ogg_serial(data: bytes, serial: int) -> bytes:
    """An Ogg stream with another serial number: libsndfile draws one from the clock. Page layout: RFC 3533."""
    pages = bytearray(data)
    start = 0
    while start < len(pages):
        segments = pages[start + 26]
        end = start + 27 + segments + sum(pages[start + 27 : start + 27 + segments])
        struct.pack_into("<I", pages, start + 14, serial)
        struct.pack_into("<I", pages, start + 22, 0)
        struct.pack_into("<I", pages, start + 22, _ogg_checksum(pages[start:end]))
        start = end
    return bytes(pages)


def _ogg_checksum(page: bytes | bytearray) -> int:
    """CRC-32 with Ogg's bit order and no inversions, by way of zlib's, which is the same polynomial mirrored."""
    mirrored = zlib.crc32(page.translate(_BITS_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


FORMATS: dict[str, Format] = {
    form.name: form
    for form in (
        Format("mid", "MIDI", "audio/midi", False, _mid),
        Format("wav", "WAV", "audio/wav", True, _wav),
        Format("mp3", "MP3", "audio/mpeg", True, _mp3),
        Format("ogg", "Ogg Vorbis", "audio/ogg", True, _ogg),
        Format("flac", "FLAC", "audio/flac", True, _flac),
    )
}
"""Format name to format, in the order to offer them."""
