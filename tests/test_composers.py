"""The contract that every model keeps. A new model is a line in `MODELS_UNDER_TEST`."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from musicgen.errors import CheckpointError, MusicgenError
from musicgen.models import load_composer
from musicgen.models.base import Composer
from musicgen.music import Key
from musicgen.request import BAR_CHOICES, Request
from musicgen.roles import ROLE_BY_NAME, ROLE_NAMES, STYLE_BY_NAME
from tests.tiny import tiny_vae

MODELS_UNDER_TEST: dict[str, Callable[[], Composer]] = {"vae": tiny_vae}


@pytest.fixture(scope="module", params=list(MODELS_UNDER_TEST))
def composer(request: pytest.FixtureRequest) -> Composer:
    return MODELS_UNDER_TEST[request.param]()


@pytest.fixture(scope="module")
def saved(composer: Composer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    composer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("bars", BAR_CHOICES)
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


@pytest.mark.parametrize("change", [{"model": "transformer"}, {"format": 99}, {"roles": ["drums"]}, {"steps": None}])
def test_a_config_of_something_else_is_refused(saved: Path, tmp_path: Path, change: dict) -> None:
    path = broken(saved, tmp_path) / "config.json"
    config = json.loads(path.read_text()) | change
    path.write_text(json.dumps({name: value for name, value in config.items() if value is not None}))
    with pytest.raises(CheckpointError):
        load_composer(path.parent)


def test_temperature_zero_depends_on_no_seed(composer: Composer) -> None:
    calm = Request(bars=4, temperature=0)
    assert composer.generate(replace(calm, seed=1)) == composer.generate(replace(calm, seed=2))
