"""Each format read back; files written whole or not at all."""

import io
import os
import stat
import sys
import time

import mido
import numpy as np
import pytest
import soundfile

from musicgen import export
from musicgen.audio import Audio
from musicgen.errors import ExportError
from musicgen.export import FORMATS, encode, format_of, needs_audio, write

RATE = 44_100


@pytest.fixture(scope="module")
def tone() -> Audio:
    """A second of 440 Hz on the left and half as much of 660 Hz on the right."""
    time = np.arange(RATE) / RATE
    left, right = 10_000 * np.sin(2 * np.pi * 440 * time), 5_000 * np.sin(2 * np.pi * 660 * time)
    return Audio(np.stack([left, right], axis=1).astype(np.int16), RATE)


def frequency(samples: np.ndarray) -> float:
    """The strongest frequency, in hertz."""
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * RATE / len(samples))


def test_the_formats_and_what_they_need():
    assert {name: form.needs_audio for name, form in FORMATS.items()} == {
        "mid": False, "wav": True, "mp3": True, "ogg": True, "flac": True, "loop.wav": True, "musicxml": False,
        "zip": True,
    }  # fmt: skip
    assert not needs_audio("mid") and needs_audio("wav")


def test_mid_is_the_midi_itself(small_midi):
    data = encode("mid", small_midi)
    assert data == small_midi
    assert mido.MidiFile(file=io.BytesIO(data)).type == 1


@pytest.mark.parametrize(("name", "kind"), [("wav", "WAV"), ("flac", "FLAC")])
def test_wav_and_flac_keep_every_sample(name, kind, tone):
    data = io.BytesIO(encode(name, b"", tone))
    assert soundfile.info(data).format == kind
    data.seek(0)
    samples, rate = soundfile.read(data, dtype="int16")
    assert rate == RATE and np.array_equal(samples, tone.samples)


@pytest.mark.parametrize("name", ["ogg", "mp3"])
def test_ogg_and_mp3_keep_what_is_heard(name, tone):
    samples, rate = soundfile.read(io.BytesIO(encode(name, b"", tone)))
    assert rate == RATE and samples.shape[1] == 2
    assert len(samples) == pytest.approx(RATE, abs=3000)  # MP3 comes in whole frames
    assert frequency(samples[:, 0]) == pytest.approx(440, abs=2)
    assert frequency(samples[:, 1]) == pytest.approx(660, abs=2)
    assert np.abs(samples[5000:40_000, 0]).max() == pytest.approx(10_000 / 32768, rel=0.1)


def test_ogg_of_many_pages_is_whole():
    noise = np.random.default_rng(0).integers(-8000, 8000, (20 * RATE, 2)).astype(np.int16)
    samples, _ = soundfile.read(io.BytesIO(encode("ogg", b"", Audio(noise, RATE))))
    assert samples.shape == noise.shape


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_piece_gives_the_same_bytes_at_another_time(name, tone, small_midi, renderer):
    first = encode(name, small_midi, tone, renderer)
    time.sleep(2.1 if name == "zip" else 1.1)  # libsndfile seeds Ogg serial numbers from the clock; zips count in twos
    assert encode(name, small_midi, tone, renderer) == first


def test_sound_is_rendered_where_it_was_not_yet(small_midi, renderer):
    data = io.BytesIO(encode("wav", small_midi, renderer=renderer))
    assert np.array_equal(soundfile.read(data, dtype="int16")[0], renderer.render(small_midi).samples)


def test_a_loop_is_as_long_as_its_bars(small_midi, renderer):
    samples, _ = soundfile.read(io.BytesIO(encode("loop.wav", small_midi, None, renderer)), dtype="int16")
    assert np.array_equal(samples, renderer.render_loop(small_midi).samples) and len(samples) == 4 * RATE


@pytest.mark.parametrize("name", ["loop.wav", "zip"])
def test_loops_and_stems_need_a_synthesiser(name, tone, small_midi):
    with pytest.raises(ExportError, match="Expected a synthesiser for loops and stems"):
        encode(name, small_midi, tone)


@pytest.mark.parametrize("name", ["wav", "mp3", "ogg", "flac", "loop.wav", "zip"])
def test_sound_is_needed_for_sound(name):
    with pytest.raises(ExportError, match=r"Expected sound to write .* Received: none"):
        encode(name, b"MThd", None)


@pytest.mark.parametrize("name", ["aiff", "", ".mid", "MID"])
def test_an_unknown_format_names_the_known_ones(name):
    for ask in (needs_audio, lambda name: encode(name, b"")):
        with pytest.raises(ExportError, match="Expected a format among mid, wav, mp3, ogg, flac"):
            ask(name)


def test_an_encoder_that_fails_is_an_export_error(monkeypatch, tone):
    monkeypatch.setitem(sys.modules, "lameenc", None)
    with pytest.raises(ExportError, match="Expected to write MP3"):
        encode("mp3", b"", tone)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("song.mid", "mid"),
        ("a.b/song.WAV", "wav"),
        ("x.tar.flac", "flac"),
        ("x.Mp3", "mp3"),
        ("x.loop.wav", "loop.wav"),
        ("loop.wav", "wav"),
        ("x.musicxml", "musicxml"),
        ("x.ZIP", "zip"),
    ],
)
def test_the_ending_says_the_format(path, name):
    assert format_of(path) == name


@pytest.mark.parametrize("path", ["song", "song.", "song.txt", "", ".mid", "mid", "folder.mid/song"])
def test_an_unknown_ending_lists_the_known_ones(path):
    with pytest.raises(ExportError, match=r"ends in \.mid, \.wav, .*, \.musicxml, \.zip\. Received: "):
        format_of(path)


# --- writing ---------------------------------------------------------------------------------------------------


def test_write_makes_folders_and_replaces(tmp_path):
    path = tmp_path / "a" / "b" / "song.mid"
    write(path, b"one")
    write(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_written_file_has_the_usual_permissions(tmp_path):
    (tmp_path / "usual").write_bytes(b"")
    write(tmp_path / "song.mid", b"one")
    assert stat.S_IMODE((tmp_path / "song.mid").stat().st_mode) == stat.S_IMODE((tmp_path / "usual").stat().st_mode)


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_file_that_is_there_keeps_its_mode(tmp_path):
    path = tmp_path / "song.mid"
    path.write_bytes(b"old")
    path.chmod(0o600)
    write(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o600)


def test_through_a_link_the_file_that_it_points_to_is_written(tmp_path):
    (tmp_path / "there").mkdir()
    for name in ("old.mid", "new.mid"):  # the second points at nothing yet
        link, target = tmp_path / name, tmp_path / "there" / name
        link.symlink_to(target)
        (tmp_path / "there" / "old.mid").write_bytes(b"old")
        write(link, b"new")
        assert link.is_symlink() and target.read_bytes() == b"new" and not target.is_symlink()


@pytest.mark.parametrize("fails", ["replace", "chmod", "fdopen"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, fails):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    path = tmp_path / "song.mid"
    path.write_bytes(b"old")
    monkeypatch.setattr(export.os, fails, full)
    with pytest.raises(ExportError, match=r"Received from the system: No space left on device\.$") as error:
        write(path, b"new")
    assert "\n" not in str(error.value)
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_places_that_cannot_be_written_are_export_errors(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder.mid").mkdir()
    for path in (tmp_path / "file" / "song.mid", tmp_path / "folder.mid", tmp_path / "nul\0l.mid",
                 tmp_path / ("x" * 300 + ".mid")):  # fmt: skip
        with pytest.raises(ExportError, match="Expected a place to write") as error:
            write(path, b"new")
        assert "\n" not in str(error.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.mid"]
