"""The contract that every model keeps. A new model is a line in `MODELS_UNDER_TEST`."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from musicgen.errors import CheckpointError, MusicgenError, RequestError
from musicgen.models import load_composer
from musicgen.models.base import Composer, slerp
from musicgen.models.grid_composer import GridComposer
from musicgen.models.weights import load_weights, save_weights, to_int8
from musicgen.music import Key, Music, Note, Track
from musicgen.request import Request
from musicgen.roles import ROLE_BY_NAME, ROLE_NAMES, STYLE_BY_NAME
from tests.tiny import tiny_gan, tiny_vae

MODELS_UNDER_TEST: dict[str, Callable[[], Composer]] = {"vae": tiny_vae, "gan": tiny_gan}


@pytest.fixture(scope="module", params=list(MODELS_UNDER_TEST))
def composer(request: pytest.FixtureRequest) -> Composer:
    return MODELS_UNDER_TEST[request.param]()


@pytest.fixture(scope="module")
def saved(composer: Composer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    composer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("bars", (4, 12, 16, 128))
def test_a_piece_has_what_was_asked_for(composer: Composer, bars: int) -> None:
    music = composer.generate(Request("jazz", bars, 90, "F# minor", seed=3))
    assert (music.bars, music.tempo, music.key, music.style) == (bars, 90, Key.parse("F# minor"), "jazz")
    assert [track.role for track in music.tracks] == list(ROLE_NAMES)
    assert [track.program for track in music.tracks] == [STYLE_BY_NAME["jazz"].program(role) for role in ROLE_NAMES]


def test_notes_keep_to_the_range_of_their_role_and_to_the_piece(composer: Composer) -> None:
    music = composer.generate(Request(bars=8, seed=1, key="B major"))
    for track in music.tracks:
        role = ROLE_BY_NAME[track.role]
        assert all(role.low <= note.pitch <= role.high for note in track.notes)
        assert all(note.end <= music.ticks for note in track.notes)


def test_only_the_roles_asked_for_play(composer: Composer) -> None:
    music = composer.generate(Request(bars=4, seed=1, roles=("bass", "drums")))
    assert [track.role for track in music.tracks] == ["bass", "drums"]


def test_the_same_request_gives_the_same_music(composer: Composer) -> None:
    assert composer.generate(Request(seed=5)) == composer.generate(Request(seed=5))


def test_another_seed_gives_other_music(composer: Composer) -> None:
    assert composer.generate(Request(seed=5)).tracks != composer.generate(Request(seed=6)).tracks


def test_another_key_is_an_exact_transposition(composer: Composer) -> None:
    home = composer.generate(Request(bars=4, seed=2, key="C major"))
    away = composer.generate(Request(bars=4, seed=2, key="D major"))
    for a, b in zip(home.tracks, away.tracks, strict=True):
        shift = 0 if a.role == "drums" else 2
        # at the edge of a range a note moves by an octave, where it may meet another one
        assert {(n.onset, (n.pitch + shift) % 12) for n in a.notes} == {(n.onset, n.pitch % 12) for n in b.notes}


def test_a_batch_gives_what_single_calls_give(composer: Composer) -> None:
    requests = [Request(bars=4, seed=seed) for seed in (1, 2)]
    assert composer.generate_many(requests) == [composer.generate(request) for request in requests]


def test_latents_have_a_vector_per_cell_and_decode_to_the_same_piece_each_time(composer: Composer) -> None:
    music = composer.generate(Request(bars=8, seed=1))
    latents = composer.encode(music)
    assert latents.shape[:2] == (8, len(ROLE_NAMES))
    assert composer.decode(latents, music) == composer.decode(latents, music) == composer.reconstruct(music)


def test_latents_of_another_shape_are_refused(composer: Composer) -> None:
    music = composer.generate(Request(bars=4))
    with pytest.raises(MusicgenError, match="Expected latents of shape"):
        composer.decode(np.zeros((3, 5, 2), np.float32), music)


def dense(pitches: int, bars: int) -> Music:
    """Sixteen bars, with so many notes on every tick of the first `bars`."""
    notes = tuple(Note(tick, 48 + i, 1, 80) for tick in range(48 * bars) for i in range(pitches))
    return Music((Track("chords", 0, notes),), 16, 120, Key.parse("C major"), "pop")


def test_every_note_of_a_dense_window_is_heard_and_too_many_are_refused(composer: Composer) -> None:
    full, thin = composer.encode(dense(3, 16)), composer.encode(dense(3, 15))  # 2304 and 2160 notes
    assert np.abs(full - thin)[15, 1].max() > 0.01
    with pytest.raises(MusicgenError, match=r"Expected at most 8192 notes in 16 bars\. Received: 8448\."):
        composer.encode(dense(11, 16))


def test_saved_and_loaded_it_is_the_same(composer: Composer, saved: Path, tmp_path: Path) -> None:
    loaded = load_composer(saved)
    loaded.save_pretrained(tmp_path)
    again = load_composer(tmp_path)
    assert loaded.generate(Request(bars=4, seed=9)) == again.generate(Request(bars=4, seed=9))
    assert (tmp_path / "model.safetensors").read_bytes() == (saved / "model.safetensors").read_bytes()
    assert loaded.identity == again.identity


def broken(saved: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "broken"
    shutil.copytree(saved, folder)
    return folder


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"config\.json"):
        load_composer(tmp_path / "nothing")


def test_weights_that_are_cut_short_are_told(saved: Path, tmp_path: Path) -> None:
    path = broken(saved, tmp_path) / "model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="Expected a safetensors file"):
        load_composer(path.parent)


@pytest.mark.parametrize("damage", ["missing", "unknown", "shape", "type", "nan"])
def test_every_tensor_must_be_there_and_fit(saved: Path, tmp_path: Path, damage: str) -> None:
    path = broken(saved, tmp_path) / "model.safetensors"
    tensors = load_file(path)
    name = sorted(tensors)[0]
    if damage == "missing":
        del tensors[name]
    elif damage == "unknown":
        tensors["stranger"] = np.zeros(1, np.float16)
    elif damage == "shape":
        tensors[name] = np.zeros((1, 2, 3, 4, 5), np.float16)
    elif damage == "type":
        tensors[name] = tensors[name].astype(np.int32)
    else:
        tensors[name] = np.full_like(tensors[name], np.nan)
    save_file(tensors, path)
    with pytest.raises(CheckpointError, match="Expected"):
        load_composer(path.parent)


class Matrix:
    """What saving and loading needs of a Keras variable."""

    path, shape = "table", (2, 3)

    def __init__(self, value: list) -> None:
        self.value = np.array(value, np.float32)

    def assign(self, value: np.ndarray) -> None:
        self.value = value


def test_a_large_matrix_is_stored_in_eight_bits_with_a_scale_a_row(tmp_path: Path) -> None:
    path, table, again = tmp_path / "a", Matrix([[0.3, -0.1, 0.02], [50, 7, 0]]), Matrix([[0, 0, 0], [0, 0, 0]])
    save_weights([table], path, eight_bit_from=6)
    assert {name: tensor.dtype.name for name, tensor in load_file(path).items()} == {
        "table": "int8", "table:scale": "float32",
    }  # fmt: skip
    load_weights([again], path)
    assert (np.abs(again.value - table.value).max(axis=1) <= np.array([0.3, 50]) / 254 * 1.002).all()
    save_weights([again], tmp_path / "b", eight_bit_from=6)
    assert (tmp_path / "b").read_bytes() == path.read_bytes()
    save_weights([table], path, eight_bit_from=7)
    assert load_file(path)["table"].dtype == np.float16


def test_eight_bits_stay_the_same_when_they_are_stored_again() -> None:
    rows = np.random.default_rng(0).standard_normal((1000, 20)) * np.logspace(-6, 4, 1000)[:, None]
    rows[7] = 0
    whole, scale = to_int8(rows.astype(np.float32))
    assert whole.min() >= -127 and not whole[7].any() and (np.abs(whole).max(axis=1) == 127).sum() == 999
    assert all(np.array_equal(a, b) for a, b in zip(to_int8(whole * scale), (whole, scale), strict=True))


@pytest.mark.parametrize("scale", [None, np.ones((2, 2), np.float32), np.ones((2, 1), np.float16), "nan", "stranger"])
def test_eight_bits_need_their_scales(tmp_path: Path, scale: object) -> None:
    tensors: dict[str, np.ndarray] = {"table": np.zeros((2, 3), np.int8), "table:scale": np.ones((2, 1), np.float32)}
    if scale is None:
        del tensors["table:scale"]
    elif isinstance(scale, np.ndarray):
        tensors["table:scale"] = scale
    elif scale == "nan":
        tensors["table:scale"][0] = np.nan
    else:
        tensors["table"] = tensors["table"].astype(np.float16)  # which has no scales
    save_file(tensors, tmp_path / "a")
    table = Matrix([[1, 2, 3], [4, 5, 6]])
    with pytest.raises(CheckpointError, match="Expected"):
        load_weights([table], tmp_path / "a")
    assert table.value[1, 2] == 6


@pytest.mark.parametrize("change", [{"model": "transformer"}, {"format": 99}, {"roles": ["drums"]}, {"vae": None}])
def test_a_config_of_something_else_is_refused(saved: Path, tmp_path: Path, change: dict) -> None:
    path = broken(saved, tmp_path) / "config.json"
    config = json.loads(path.read_text()) | change
    path.write_text(json.dumps({name: value for name, value in config.items() if value is not None}))
    with pytest.raises(CheckpointError):
        load_composer(path.parent)


@pytest.mark.parametrize("bars", [4, 8])
def test_a_short_piece_is_the_beginning_of_a_longer_one(composer: Composer, bars: int) -> None:
    short, longer = composer.generate(Request(bars=bars, seed=6)), composer.generate(Request(bars=16, seed=6))
    for role in ROLE_NAMES:
        beginning = [(note.onset, note.pitch) for note in longer.notes(role) if note.onset < 48 * bars]
        assert [(note.onset, note.pitch) for note in short.notes(role)] == beginning


def test_temperature_zero_depends_on_no_seed(composer: Composer) -> None:
    calm = Request(bars=4, temperature=0)
    assert composer.generate(replace(calm, seed=1)) == composer.generate(replace(calm, seed=2))


# --- changing a piece ---

KEEP_DRUMS = np.tile([role == "drums" for role in ROLE_NAMES], (8, 1))


@pytest.fixture(scope="module")
def song(composer: Composer) -> Music:
    return composer.generate(Request(bars=8, seed=4))


def test_strength_zero_changes_nothing_and_more_strength_changes_more(composer: Composer, song: Music) -> None:
    latents, nothing = composer.encode(song), np.zeros((8, 5), bool)

    def change(strength: float) -> float:
        return float(np.abs(composer.resample(latents, nothing, strength, 1, ROLE_NAMES, "pop") - latents).mean())

    assert composer.vary(song, 0) == song
    assert change(0.1) < change(0.4) < change(1.0)


def test_kept_cells_come_back_note_for_note(composer: Composer, song: Music) -> None:
    varied = composer.vary(song, 1.0, seed=1, keep=KEEP_DRUMS)
    assert varied.notes("drums") == song.notes("drums")
    assert varied.notes("melody") != song.notes("melody")


def test_a_short_piece_is_changed_as_one_that_is_heard_over_and_over(
    composer: Composer, song: Music, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(composer, GridComposer)
    heard = []

    def listening(noise: np.ndarray, origin: np.ndarray, begin: object, mask: np.ndarray, *rest: object) -> np.ndarray:
        heard.append((origin[0].copy(), mask[0].copy()))
        return noise

    monkeypatch.setattr(composer, "sample", listening)
    latents, keep = composer.encode(song)[:6], KEEP_DRUMS[:6]
    assert composer.resample(latents, keep, 0.5, 1, ROLE_NAMES, "pop").shape == latents.shape
    (origin, mask), bars = heard[0], [*range(6), *range(6), *range(4)]
    assert np.array_equal(origin, latents[bars]) and np.array_equal(mask, keep[bars])


def test_infill_touches_only_the_cells_asked_for(composer: Composer, song: Music) -> None:
    cells = np.zeros((8, 5), bool)
    cells[2:4] = True
    filled = composer.infill(song, cells, seed=1)
    for role in ROLE_NAMES:
        assert [n for n in filled.notes(role) if not 96 <= n.onset < 192] == [
            n for n in song.notes(role) if not 96 <= n.onset < 192
        ]
    assert filled != song


def test_a_melody_is_accompanied(composer: Composer, song: Music) -> None:
    alone = replace(song, tracks=tuple(track for track in song.tracks if track.role == "melody"))
    band = composer.accompany(alone, seed=1)
    assert [track.role for track in band.tracks] == list(ROLE_NAMES)
    assert band.notes("melody") == song.notes("melody")
    assert band.notes("bass")


def test_a_band_in_which_a_new_role_is_silent_is_drawn_again(
    composer: Composer, song: Music, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = replace(song, tracks=tuple(track for track in song.tracks if track.role == "melody"))
    vary, seeds = composer.vary, []

    def silent_at_first(music: Music, strength: float, seed: int, keep: np.ndarray) -> Music:
        seeds.append(seed)
        band = vary(music, strength, seed, keep)
        return replace(band, tracks=(*band.tracks[:-1], replace(band.tracks[-1], notes=()))) if seed == 5 else band

    monkeypatch.setattr(composer, "vary", silent_at_first)
    assert composer.accompany(alone, ("melody", "drums"), seed=5) == composer.accompany(
        alone, ("melody", "drums"), seed=6
    )
    assert seeds == [5, 6, 6]


def test_a_piece_goes_on(composer: Composer, song: Music) -> None:
    longer = composer.continue_(song, 16, seed=1)
    assert longer.bars == 24
    assert longer.excerpt(0, 8).notes("bass") == song.notes("bass")
    assert any(note.onset >= 8 * 48 for note in longer.notes("drums"))


def test_a_piece_moves_to_another_style_with_its_melody(composer: Composer, song: Music) -> None:
    moved = composer.transfer(song, "reggae", seed=1)
    assert (moved.style, moved.tracks[1].program) == ("reggae", STYLE_BY_NAME["reggae"].chords)
    assert moved.notes("melody") == song.notes("melody")


def test_a_morph_begins_and_ends_with_its_ends(composer: Composer, song: Music) -> None:
    other = composer.generate(Request("jazz", bars=8, seed=9, tempo=200))
    path = composer.morph(song, other, 3)
    assert [path[0], path[-1]] == [composer.reconstruct(song), composer.reconstruct(other)]
    assert [music.bars for music in path] == [8, 8, 8]
    assert path[1].tempo == (song.tempo + 200) / 2


@pytest.mark.parametrize(
    "call",
    [
        lambda c, m: c.vary(m, 2.0),
        lambda c, m: c.vary(m, float("nan")),
        lambda c, m: c.vary(m, 0.5, keep=np.zeros((3, 5), bool)),
        lambda c, m: c.continue_(m, 0),
        lambda c, m: c.transfer(m, "polka"),
        lambda c, m: c.morph(m, m, 1),
    ],
)
def test_a_change_that_cannot_be_is_refused(composer: Composer, song: Music, call: Callable) -> None:
    with pytest.raises(RequestError, match=r"xpected .* Received: "):
        call(composer, song)


def test_slerp_keeps_the_length_that_a_straight_line_would_lose() -> None:
    a, b = np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]])
    assert np.allclose(slerp(a, b, 0.5), [[2**-0.5, 2**-0.5]])
    assert np.allclose(slerp(a, a, 0.3), a)
