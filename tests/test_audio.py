"""The synthesiser, measured: how long, how loud, how alike."""

import io
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import mido
import numpy as np
import pyloudnorm
import pytest

from musicgen import levels, midi, soundfont
from musicgen.audio import MAX_TAIL_SECONDS, PEAK, Audio, Renderer
from musicgen.errors import AudioError, MidiError
from musicgen.midi import MIX, to_midi
from musicgen.midi_reading import read_timeline
from musicgen.music import Music, Note, Track
from musicgen.playing import _shares
from musicgen.soundfont import find_soundfont


def loudness(sound: Audio) -> float:
    return pyloudnorm.Meter(sound.rate).integrated_loudness(sound.samples / 32768)


def peak(sound: Audio) -> float:
    return np.abs(sound.samples.astype(int)).max() / 32768


def first_sound(sound: Audio) -> float:
    """Seconds before the sound rises over a hundredth of its peak."""
    size = np.abs(sound.samples.astype(int)).max(axis=1)
    return int(np.argmax(size > size.max() / 100)) / sound.rate


def one_note(onset=0, duration=12, velocity=100, role="melody", program=0, pitch=72, bars=1) -> Music:
    return Music((Track(role, program, (Note(onset, pitch, duration, velocity),)),), bars, 120.0)


def midi_with_events(*messages) -> bytes:
    file = mido.MidiFile(ticks_per_beat=96)
    file.tracks.append(mido.MidiTrack(messages))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def sound(renderer, small_midi) -> Audio:
    return renderer.render(small_midi)


# --- what a render is ------------------------------------------------------------------------------------------


def test_is_16_bit_stereo_at_44100(sound):
    assert sound.samples.dtype == np.int16
    assert sound.samples.shape == (round(sound.seconds * 44_100), 2)
    assert sound.rate == 44_100


def test_lasts_as_long_as_the_piece_and_a_tail(sound):
    assert 4.0 + 0.4 <= sound.seconds <= 4.0 + MAX_TAIL_SECONDS


def test_ends_in_silence(sound):
    assert np.abs(sound.samples[-10:]).max() <= 10


def test_is_as_loud_as_promised_without_clipping(sound):
    assert loudness(sound) == pytest.approx(-16, abs=1)
    assert 0.1 < peak(sound) <= PEAK


def test_is_stereo(sound):
    assert not np.array_equal(sound.samples[:, 0], sound.samples[:, 1])


def test_a_peak_over_the_ceiling_is_turned_down_and_not_clipped(renderer):
    hit = one_note(0, 3, 127, "drums", 0, 36)
    clicks = replace(hit, tracks=(Track("drums", 0, tuple(Note(24 * i, 37, 3, 127) for i in range(8))),), bars=4)
    loud = renderer.render(to_midi(clicks))
    assert peak(loud) == pytest.approx(PEAK, abs=0.001)
    assert np.sum(np.abs(loud.samples.astype(int)) >= PEAK * 32767 - 1) < 50


def test_frames_far_from_a_peak_are_as_loud_as_without_it():
    samples = np.full((5000, 2), 0.25, np.float32)
    samples[1000] = samples[1500] = samples[4000] = 1.5
    limited = levels.finish(samples.copy(), 1.0)
    assert np.abs(limited).max() == round(PEAK * 32767)
    turned = np.flatnonzero(limited[:, 0] < round(0.25 * 32767))
    near = [np.arange(peak - 220, peak + 221) for peak in (1000, 1500, 4000)]
    assert turned.tolist() == sorted({*near[0], *near[1], *near[2]} - {1000, 1500, 4000})


def test_two_synthesisers_share_the_pitches_of_a_channel_and_one_has_the_drums():
    chord = tuple(Note(0, pitch, 24, 80) for pitch in (60, 64, 67, 72))
    kit = tuple(Note(12 * i, pitch, 3, 80) for i, pitch in enumerate((36, 42, 46)))
    melody = (Note(0, 80, 48, 80), Note(48, 81, 12, 80), Note(60, 83, 12, 80))
    music = Music((Track("melody", 73, melody), Track("chords", 0, chord), Track("drums", 0, kit)), 2)
    shares = _shares(read_timeline(to_midi(music)))
    channels = {role: midi.CHANNELS[role] for role in ("melody", "chords", "drums")}
    assert {pitch: shares[channels["melody"], pitch] for pitch in (80, 81, 83)} == {80: 1, 81: 0, 83: 0}
    assert sorted(shares[channels["chords"], pitch] for pitch in (60, 64, 67, 72)) == [0, 1, 1, 1]
    assert all(channel != channels["drums"] for channel, _ in shares)


@pytest.mark.parametrize("tick", [0, 12, 30])
def test_a_note_sounds_when_it_is_written(renderer, tick):
    sound = renderer.render(to_midi(one_note(onset=tick, role="drums", pitch=37)))
    assert first_sound(sound) == pytest.approx(tick / 24, abs=0.005)


def test_the_channel_of_drums_plays_a_kit(renderer):
    """Middle C is a bongo on channel 10, which is over long before the note ends."""
    drum = renderer.render(to_midi(one_note(0, 48, 100, "drums", 0, 60)))
    organ = renderer.render(to_midi(one_note(0, 48, 100, "melody", 19, 60)))
    last_second = slice(44_100, 2 * 44_100)
    assert np.abs(drum.samples[last_second]).mean() < 0.05 * np.abs(organ.samples[last_second]).mean()


def test_programs_sound_different(renderer):
    piano, flute = (renderer.render(to_midi(one_note(program=program))).samples for program in (0, 73))
    length = min(len(piano), len(flute))
    assert not np.array_equal(piano[:length], flute[:length])


@pytest.mark.parametrize("role", ["melody", "drums"])
def test_a_program_that_the_soundfont_lacks_still_sounds(renderer, role):
    assert peak(renderer.render(to_midi(one_note(role=role, program=127, pitch=38)))) > 0.1


def test_a_note_that_never_ends_is_ended(renderer):
    data = to_midi(one_note(0, 48, program=19)).replace(b"\x80\x48\x00", b"\xb0\x40\x7f")  # its end: a pedal down
    assert data.count(b"\xb0\x40\x7f") == 1
    sound = renderer.render(data)
    assert sound.seconds < 2 + MAX_TAIL_SECONDS and np.abs(sound.samples[-10:]).max() <= 10


def test_silence_stays_silent(renderer):
    assert peak(renderer.render(to_midi(Music((), 2)))) < 0.001
    assert peak(renderer.render(to_midi(one_note(velocity=1, pitch=0)))) < 0.01


def test_the_shortest_piece_renders(renderer):
    short = Music((Track("melody", 0, (Note(0, 72, 1, 100),)),), 1, 1000.0)
    assert peak(renderer.render(to_midi(short))) > 0.1


# --- the same bytes, the same sound ----------------------------------------------------------------------------


def test_two_renders_are_identical_to_the_bit(renderer, small_midi, sound):
    assert np.array_equal(renderer.render(small_midi).samples, sound.samples)


def test_a_new_renderer_gives_the_same_as_a_used_and_a_warm_one(small_midi, sound):
    new = Renderer()
    assert np.array_equal(new.render(small_midi).samples, sound.samples)
    new.warm_up()
    assert np.array_equal(new.render(small_midi).samples, sound.samples)


def test_renders_at_the_same_time_equal_renders_in_turn(renderer):
    pieces = [to_midi(one_note(pitch=60 + i, program=10 * i)) for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(Renderer(renderer.soundfont).render, pieces))
    for piece, sound in zip(pieces, together, strict=True):
        assert np.array_equal(renderer.render(piece).samples, sound.samples)


def test_a_piece_does_not_change_the_next(renderer, small_midi, sound):
    mute = midi_with_events(
        *(mido.Message("control_change", channel=channel, control=7, value=0) for channel in range(16)),
        *(mido.Message("control_change", channel=channel, control=126, value=1) for channel in range(16)),
        mido.Message("pitchwheel", pitch=8191),
        mido.Message("note_on", note=60),
    )
    renderer.render(mute)
    assert np.array_equal(renderer.render(small_midi).samples, sound.samples)


# --- limits ----------------------------------------------------------------------------------------------------


def test_more_than_a_quarter_of_an_hour_are_refused(renderer):
    too_long = midi_with_events(mido.MetaMessage("end_of_track", time=2 * 96 * 901))
    with pytest.raises(AudioError, match=r"at most 15 minutes to play\. Received: 15\.02; .* save it as MIDI"):
        renderer.render(too_long)


def test_what_is_no_midi_is_refused(renderer):
    with pytest.raises(MidiError, match="Expected a MIDI file"):
        renderer.render(b"hello")


# --- soundfonts ------------------------------------------------------------------------------------------------


def test_the_variable_names_the_soundfont(renderer):
    assert find_soundfont({"MUSICGEN_SOUNDFONT": str(renderer.soundfont)}) == renderer.soundfont


def test_without_a_variable_or_a_system_font_the_small_one_is_found(monkeypatch):
    monkeypatch.setattr(soundfont, "_FOLDERS", ())
    assert find_soundfont({}).name == "TimGM6mb.sf2"


def test_musescore_general_comes_before_the_small_one(monkeypatch, tmp_path, renderer):
    (tmp_path / "MuseScore_General.sf3").symlink_to(renderer.soundfont)
    monkeypatch.setattr(soundfont, "_FOLDERS", (str(tmp_path),))
    assert find_soundfont({}) == tmp_path / "MuseScore_General.sf3"


def test_no_soundfont_at_all_says_what_to_install(monkeypatch):
    monkeypatch.setattr(soundfont, "_candidates", lambda: [])
    with pytest.raises(AudioError, match="apt install musescore-general-soundfont-small"):
        find_soundfont({})


@pytest.fixture
def small_font(monkeypatch) -> bytes:
    monkeypatch.setattr(soundfont, "_FOLDERS", ())
    return find_soundfont({}).read_bytes()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda font: b"", "another kind"),
        (lambda font: b"garbage" * 1000, "another kind"),
        (lambda font: b"RIFF\x10\0\0\0WAVEfmt 12345678", "another kind"),
        (lambda font: font[: len(font) // 2], "the file was cut"),
        (lambda font: b"RIFF\x0c\0\0\0sfbkgarbage!", "cannot load"),
    ],
    ids=["empty", "garbage", "a wav", "truncated", "header only"],
)
def test_what_is_no_soundfont_is_refused(tmp_path, small_font, damage, message):
    path = tmp_path / "font.sf2"
    path.write_bytes(damage(small_font))
    with pytest.raises(AudioError, match=message):
        Renderer(path)


def test_a_named_soundfont_that_cannot_be_used_has_no_silent_substitute(tmp_path):
    with pytest.raises(AudioError, match=r"Expected a soundfont at .*missing\.sf2"):
        find_soundfont({"MUSICGEN_SOUNDFONT": str(tmp_path / "missing.sf2")})


# --- the library -----------------------------------------------------------------------------------------------


def run_python(code: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=120)


def test_a_missing_library_is_one_line_that_says_what_to_install():
    done = run_python("""
        import ctypes.util
        ctypes.util.find_library = lambda name: None
        from musicgen.audio import Renderer
        from musicgen.errors import AudioError
        try:
            Renderer()
        except AudioError as error:
            print(error)
    """)
    assert done.stdout.startswith("Expected the FluidSynth library. Received: none here. Install it: apt install")
    assert done.stdout.count("\n") == 1 and done.stderr == ""


def test_importing_and_rendering_prints_nothing(tmp_path, small_midi):
    (tmp_path / "song.mid").write_bytes(small_midi)
    done = run_python(f"""
        import os, pathlib
        os.environ["CI"] = "true"
        from musicgen.audio import Renderer
        Renderer().render(pathlib.Path({str(tmp_path / "song.mid")!r}).read_bytes())
    """)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_loads_neither_the_library_nor_the_meter():
    done = run_python("""
        import sys
        import musicgen.audio
        print([name for name in ("fluidsynth", "pyloudnorm", "scipy", "pretty_midi") if name in sys.modules])
    """)
    assert done.stdout == "[]\n"


# --- loops and stems -------------------------------------------------------------------------------------------


def test_a_loop_is_exactly_as_long_as_its_bars(renderer, small_music):
    for bars, tempo, frames in ((2, 120.0, 4 * 44_100), (2, 132.0, 160_364), (3, 77.7, 408_649)):  # 8 x 60 / 132 s
        loop = renderer.render_loop(to_midi(replace(small_music, bars=bars, tempo=tempo)))
        assert loop.samples.shape == (frames, 2)


def test_what_rings_on_after_a_loop_is_at_its_beginning(renderer, small_midi, sound):
    loop = renderer.render_loop(small_midi).samples.astype(int)
    rest = sound.samples[4 * 44_100 :].astype(int)
    wanted = sound.samples[: 4 * 44_100].astype(int)
    wanted[: len(rest)] += rest
    assert np.abs(rest[:4410]).max() > 500
    assert np.abs(loop - wanted).max() <= 2


def test_a_loop_does_not_step_at_its_seam(renderer, small_music):
    held = Music((Track("pad", 19, (Note(0, 48, 96, 100),)),), 2, 120.0)  # an organ: no silence at the seam
    loop = renderer.render_loop(to_midi(held)).samples.astype(int)
    inside, seam = np.abs(np.diff(loop, axis=0)), np.abs(loop[0] - loop[-1])
    assert np.abs(loop[-100:]).max() > 1000
    assert (seam <= inside.max(axis=0)).all()
    # how much a straight line through the last two samples misses the next one by: a click is a large one
    bends = np.abs(np.diff(np.concatenate([loop, loop]), 2, axis=0))
    assert bends[len(loop) - 4 : len(loop) + 4].max() <= bends[: len(loop) - 4].max()


def test_a_tail_of_many_rounds_is_wrapped_as_often():
    samples = np.array([[1, 10], [2, 20], [3, 30], [4, 40], [5, 50]], np.float32)
    assert levels.wrapped(samples, 2).tolist() == [[9, 90], [6, 60]]
    assert levels.wrapped(samples, 7).tolist() == [*samples.tolist(), [0, 0], [0, 0]]


def test_a_loop_shorter_than_its_tail_has_its_length(renderer):
    short = Music((Track("melody", 14, (Note(0, 60, 48, 100),)),), 1, 1000.0)  # bells; 0.24 s
    assert renderer.render_loop(to_midi(short)).samples.shape == (10_584, 2)


def test_a_limited_loop_is_limited_across_its_seam():
    samples = np.zeros((2000, 2), np.float32)
    samples[5] = 2.0
    samples[1990] = 0.5
    limited = levels.finish(samples.copy(), 1.0, loop=True)
    assert limited[1990, 0] < 0.3 * 32767 < levels.finish(samples.copy(), 1.0)[1990, 0]
    assert np.abs(limited).max() <= round(PEAK * 32767)


def test_there_is_a_stem_for_each_role_that_plays(renderer, small_music):
    silent = replace(small_music, tracks=(*small_music.tracks[:3], Track("bass", 33, ())))
    assert list(renderer.render_stems(to_midi(silent))) == ["melody", "chords", "pad"]


@pytest.mark.parametrize("loop", [False, True], ids=["once", "loop"])
def test_the_stems_together_are_the_mix(renderer, small_midi, loop):
    mix = (renderer.render_loop if loop else renderer.render)(small_midi).samples
    assert np.abs(mix).max() < PEAK * 32767 - 1  # nothing was limited
    stems = renderer.render_stems(small_midi, loop)
    assert {stem.samples.shape for stem in stems.values()} == {mix.shape}
    total = sum(stem.samples.astype(int) for stem in stems.values())
    assert np.abs(total - mix).max() <= 3  # five roundings to 16 bits


def test_a_stem_plays_one_role_only(renderer, small_music, small_midi):
    stems = renderer.render_stems(small_midi)
    alone = replace(small_music, tracks=small_music.tracks[-1:])
    drums, only = stems["drums"].samples[:88_200].astype(float), renderer.render(to_midi(alone)).samples[:88_200]
    assert np.corrcoef(drums[:, 0], only[:, 0])[0, 1] > 0.98
    assert np.abs(stems["bass"].samples[:88_200].astype(float) - drums).mean() > 10


def test_a_stem_that_is_too_loud_alone_turns_all_down_alike(renderer):
    clicks = tuple(Note(24 * i, 37, 3, 127) for i in range(8))
    quiet = Track("pad", 48, (Note(0, 48, 190, 20),))
    data = to_midi(Music((Track("drums", 0, clicks), quiet), 4, 120.0))
    stems = renderer.render_stems(data)
    assert peak(stems["drums"]) == pytest.approx(PEAK, abs=0.001)
    mix = renderer.render(data).samples.astype(float)
    between = slice(40_000, 44_000)  # no click, so no limiter: the mix as it is
    together = (stems["drums"].samples.astype(float) + stems["pad"].samples)[between]
    gains = together[np.abs(mix[between]) > 200] / mix[between][np.abs(mix[between]) > 200]
    assert gains.std() < 0.02 and gains.mean() < 0.95


def test_stems_are_of_our_own_files_only(renderer):
    with pytest.raises(MidiError, match="Expected tracks named Melody"):
        renderer.render_stems(midi_with_events(mido.Message("note_on", note=60), mido.Message("note_off", note=60)))


# --- volumes ---------------------------------------------------------------------------------------------------


def level(sound: Audio) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(sound.samples / 32768))))


def test_all_roles_at_a_third_are_a_ninth_as_loud(renderer, small_music, sound):
    """A channel volume counts by its square."""
    third = {role: round(volume / 3) for role, (volume, _) in MIX.items()}
    quiet = renderer.render(to_midi(small_music, volumes=third))
    assert level(quiet) == pytest.approx(level(sound) / 9, rel=0.1)


def test_a_role_that_is_muted_leaves_the_rest_as_loud_as_it_was(renderer, small_music, small_midi, sound):
    without = renderer.render(to_midi(small_music, volumes={"drums": 0}))
    drums = renderer.render_stems(small_midi)["drums"].samples.astype(int)
    rest = sound.samples.astype(int) - drums
    frames = min(len(rest), len(without.samples))
    difference = without.samples[:frames].astype(int) - rest[:frames]
    assert np.sqrt(np.mean(np.square(difference))) < 0.05 * np.sqrt(np.mean(np.square(rest)))


def test_faders_play_every_role_at_its_usual_volume_whatever_the_file_says(renderer, small_music, small_midi, sound):
    stems, factor = renderer.render_faders(to_midi(small_music, volumes={"bass": 0, "melody": 20}))
    total = factor * sum(stem.samples.astype(float) for stem in stems.values())
    assert list(stems) == ["melody", "chords", "pad", "bass", "drums"]
    assert np.abs(total[: len(sound.samples)] - sound.samples).mean() < 0.02 * np.abs(sound.samples).mean() + 20
