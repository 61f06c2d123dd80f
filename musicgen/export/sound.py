"""Sound as the bytes of a file: WAV, FLAC, Ogg Vorbis, MP3."""

from __future__ import annotations

import io
import struct
import zlib

from musicgen.audio import Audio

MP3_KILOBITS = 160
OGG_QUALITY = 0.5
"""Vorbis quality, 0 to 1: 0.5 is about 160 kbit/s."""
_OGG_FRAMES_AT_ONCE = 65_536  # libsndfile puts what one call writes on the stack
_OGG_SERIAL = 1


def wav(audio: Audio) -> bytes:
    """16 bits a sample, every sample as it is; so is `flac`."""
    return _soundfile(audio, "WAV", "PCM_16")


def flac(audio: Audio) -> bytes:
    return _soundfile(audio, "FLAC", "PCM_16")


def ogg(audio: Audio) -> bytes:
    # libsndfile's scale runs the other way: 0 is best
    return _with_ogg_serial(_soundfile(audio, "OGG", "VORBIS", compression_level=1 - OGG_QUALITY), _OGG_SERIAL)


def mp3(audio: Audio) -> bytes:
    import lameenc

    encoder = lameenc.Encoder()
    encoder.silence()
    encoder.set_in_sample_rate(audio.rate)
    encoder.set_channels(2)  # LAME chooses joint stereo
    encoder.set_bit_rate(MP3_KILOBITS)
    encoder.set_quality(5)  # 2 is best, 7 is fastest
    return bytes(encoder.encode(audio.samples.tobytes())) + bytes(encoder.flush())


def _soundfile(audio: Audio, kind: str, subtype: str, **options: float) -> bytes:
    import soundfile

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
