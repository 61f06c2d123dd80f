"""The zip: what is in it, that its parts fit together, and what it refuses."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from PIL import Image

from musicgen import rolls
from musicgen.audio import PEAK, Audio, Renderer
from musicgen.errors import ExportError, MidiError
from musicgen.export import encode
from musicgen.export.chord_symbols import find_symbols
from musicgen.export.pack import pack
from musicgen.export.piece import Piece
from musicgen.export.score import musicxml
from musicgen.midi import from_midi, read_recipe, seconds, stems, to_midi
from musicgen.music import SIX_EIGHT, THREE_FOUR, Metre, Music, Note, Track

ROLES = ["melody", "chords", "pad", "bass", "drums"]


@pytest.fixture(scope="module")
def mix(renderer: Renderer, small_midi: bytes) -> Audio:
    return renderer.render(small_midi)


@pytest.fixture(scope="module")
def packed(renderer: Renderer, small_midi: bytes, mix: Audio) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(encode("zip", small_midi, mix, renderer)))


def sound(packed: zipfile.ZipFile, name: str) -> np.ndarray:
    return soundfile.read(io.BytesIO(packed.read(name)), dtype="int16")[0].astype(int)


def test_everything_is_there_and_whole(packed: zipfile.ZipFile) -> None:
    assert packed.testzip() is None
    assert packed.namelist() == [
        "jazz-in-c-major-seed7.mid", "jazz-in-c-major-seed7.wav", "jazz-in-c-major-seed7-loop.wav",
        "jazz-in-c-major-seed7.musicxml", "jazz-in-c-major-seed7.png",
        *(f"stems/{role}.mid" for role in ROLES), *(f"stems/{role}.wav" for role in ROLES),
        "settings.json", "LICENSE.txt",
    ]  # fmt: skip


def test_nothing_tells_when_or_where_it_was_made(packed: zipfile.ZipFile) -> None:
    assert {(entry.date_time, entry.create_system) for entry in packed.infolist()} == {((1980, 1, 1, 0, 0, 0), 3)}


def test_midi_sound_and_score_are_what_the_formats_give(
    packed: zipfile.ZipFile, small_midi: bytes, mix: Audio, renderer: Renderer
) -> None:
    name = "jazz-in-c-major-seed7"
    assert packed.read(f"{name}.mid") == small_midi
    assert packed.read(f"{name}.wav") == encode("wav", small_midi, mix)
    assert packed.read(f"{name}-loop.wav") == encode("loop.wav", small_midi, mix, renderer)
    assert packed.read(f"{name}.musicxml") == encode("musicxml", small_midi)


def test_the_stems_are_as_long_as_the_bars_and_together_the_loop(packed: zipfile.ZipFile) -> None:
    loop = sound(packed, "jazz-in-c-major-seed7-loop.wav")
    parts = [sound(packed, f"stems/{role}.wav") for role in ROLES]
    assert {len(part) for part in parts} == {len(loop)} == {4 * 44_100}
    assert np.abs(loop).max() < PEAK * 32767 - 1
    assert np.abs(sum(parts) - loop).max() <= 3


def test_a_midi_stem_has_the_notes_of_its_role_and_the_length_of_the_piece(
    packed: zipfile.ZipFile, small_midi: bytes
) -> None:
    whole = from_midi(small_midi)
    for track in whole.tracks:
        data = packed.read(f"stems/{track.role}.mid")
        assert from_midi(data) == replace(whole, tracks=(track,))
        assert read_recipe(data) is None


def test_midi_stems_keep_the_volumes_of_the_file(small_music: Music) -> None:
    data = to_midi(small_music, volumes={"bass": 33})
    assert bytes((0xB3, 7, 33)) in stems(data)["bass"]


@pytest.mark.parametrize("metre", [THREE_FOUR, SIX_EIGHT], ids=str)
def test_loop_and_stems_are_as_long_as_bars_of_three_quarters(renderer: Renderer, metre: Metre) -> None:
    tracks = (Track("bass", 33, (Note(0, 36, 18, 90), Note(54, 43, 18, 90))), Track("drums", 0, (Note(18, 38, 3, 90),)))
    music = Music(tracks, 2, tempo=90.0, metre=metre)
    data = to_midi(music)
    assert len(renderer.render_loop(data).samples) == seconds(music) * 44100 == 4 * 44100
    assert {role: from_midi(stem).metre for role, stem in stems(data).items()} == {"bass": metre, "drums": metre}


def test_roles_that_are_silent_have_no_stem(small_music: Music) -> None:
    music = replace(small_music, tracks=(small_music.tracks[0], Track("bass", 33, ())))
    assert list(stems(to_midi(music))) == ["melody"]


def test_settings_say_how_it_was_made(packed: zipfile.ZipFile, renderer: Renderer) -> None:
    settings = json.loads(packed.read("settings.json"))
    assert settings["recipe"] == {"model": "test", "request": {"seed": 7}}
    assert settings["piece"]["tempo"] == 120 and settings["piece"]["programs"]["bass"] == 33
    assert settings["sound"]["soundfont"] == renderer.soundfont.name
    assert settings["sound"]["frames of the loop"] == 4 * 44_100


def test_settings_say_the_metre_where_it_is_not_four_four(packed: zipfile.ZipFile, renderer: Renderer) -> None:
    assert "metre" not in json.loads(packed.read("settings.json"))["piece"]
    waltz = Music((Track("bass", 33, (Note(0, 36, 36, 90),)),), 1, tempo=180.0, metre=THREE_FOUR)
    inside = zipfile.ZipFile(io.BytesIO(pack(Piece(to_midi(waltz), renderer=renderer))))
    assert json.loads(inside.read("settings.json"))["piece"]["metre"] == "3/4"


def test_the_licence_is_in_plain_words_and_names_the_soundfont(packed: zipfile.ZipFile) -> None:
    text = packed.read("LICENSE.txt").decode()
    assert text.startswith("What you make here is yours")
    assert any(f"with the soundfont {name}" in text for name in ("MuseScore General, MIT", "TimGM6mb, GNU"))


def test_an_unknown_soundfont_is_named(small_midi: bytes, mix: Audio, renderer: Renderer) -> None:
    like = SimpleNamespace(
        soundfont=renderer.soundfont.with_name("Mine.sf2"),
        render_loop=renderer.render_loop, render_stems=renderer.render_stems,
    )  # fmt: skip
    text = zipfile.ZipFile(io.BytesIO(pack(Piece(small_midi, mix, like)))).read("LICENSE.txt")  # type: ignore[arg-type]
    assert b"with the soundfont Mine.sf2, under its own licence" in text


def test_a_piece_too_long_is_refused_before_the_work(small_music: Music, renderer: Renderer) -> None:
    long = replace(small_music, bars=121)
    assert seconds(long) == 242
    with pytest.raises(ExportError, match=r"at most 240 seconds to pack\. Received: 242; save its MIDI"):
        pack(Piece(to_midi(long), None, SimpleNamespace()))  # type: ignore[arg-type]


def test_what_is_no_file_of_ours_is_refused(renderer: Renderer) -> None:
    with pytest.raises(MidiError):
        encode("zip", b"MThd", None, renderer)


def test_a_style_that_is_no_name_for_a_file_is_tidied(small_music: Music, renderer: Renderer, mix: Audio) -> None:
    data = to_midi(replace(small_music, style="../Our Style\\x"))
    names = zipfile.ZipFile(io.BytesIO(encode("zip", data, mix, renderer))).namelist()
    assert names[0] == "our-style-x-in-c-major.mid"


# --- the picture -----------------------------------------------------------------------------------------------


def test_the_picture_shows_each_role_in_its_colour(small_music: Music) -> None:
    image = Image.open(io.BytesIO(rolls.png(small_music, "Jazz")))
    found = {colour for _, colour in image.getcolors(1 << 20) or []}
    for colour in rolls.COLOURS.values():  # the legend; notes are lighter where they are soft
        assert tuple(bytes.fromhex(colour[1:])) in found
    assert image.getpixel((0, 0)) == (255, 254, 251)


def test_a_note_is_where_it_sounds() -> None:
    high, low = Note(24, 72, 12, 127), Note(0, 60, 12, 127)
    image = rolls.picture(Music((Track("melody", 0, (low, high)),), 1), "", tick=2, row=7)
    red = rolls._tint(rolls.COLOURS["melody"], 1.0)
    lines = 40  # below the title
    dots = [(x, y) for y in range(lines, image.height) for x in range(image.width) if image.getpixel((x, y)) == red]
    assert {x - 16 for x, _ in dots} == {*range(0, 23), *range(48, 71)}  # 16 is the margin
    first, second = (max(y for x, y in dots if low <= x - 16 < high) for low, high in ((0, 24), (48, 72)))
    assert first - second == 12 * 7


@pytest.mark.parametrize(("metre", "beats"), [(THREE_FOUR, [0, 12, 24, 36]), (SIX_EIGHT, [0, 18, 36])], ids=str)
def test_lines_are_at_the_beats_of_the_metre(metre: Metre, beats: list[int]) -> None:
    image = rolls.picture(Music((), 1, metre=metre), "", tick=2, row=7)
    height = image.height // 2
    paper = image.getpixel((0, height)), image.getpixel((17, height))
    lines = [x for x in range(image.width) if image.getpixel((x, height)) not in paper]
    assert [(x - lines[0]) // 2 for x in lines] == beats


def test_a_loud_note_is_stronger_in_colour_and_thicker_than_a_soft_one() -> None:
    notes = tuple(Note(24 * place, 60, 20, velocity) for place, velocity in enumerate((36, 64, 92)))
    image = rolls.picture(Music((Track("melody", 0, notes),), 2), "", tick=2, row=7)
    ink = []
    for note in notes:
        column = [image.getpixel((16 + 2 * note.onset + 10, y)) for y in range(40, image.height - 40)]
        ink.append([255 - pixel[2] for pixel in column if pixel[0] - pixel[2] > 20])  # red, and not the paper
    assert sum(ink[0]) * 1.4 < sum(ink[1]) < sum(ink[2]) / 1.3
    assert len(ink[0]) < len(ink[2])


def test_a_very_long_piece_has_a_picture_of_bounded_size() -> None:
    image = rolls.picture(Music((Track("drums", 0, (Note(0, 36, 3, 90),)),), 1000), "long")
    assert image.width < 8100


def test_the_score_in_the_zip_is_titled(packed: zipfile.ZipFile, small_music: Music) -> None:
    assert packed.read("jazz-in-c-major-seed7.musicxml") == musicxml(
        small_music, "Jazz in C major", find_symbols(small_music, None)
    )
