"""The controls of the model that ships do what they say. Curves over many pieces: `python -m musicgen evaluate`."""

from collections.abc import Iterator

import numpy as np
import pytest

from musicgen import codec, hub
from musicgen.attributes import ATTRIBUTES, measure
from musicgen.corpus.labels import agreement
from musicgen.harmony import progression_codes
from musicgen.heard import heard_chords
from musicgen.midi import to_midi
from musicgen.models import load_composer
from musicgen.models.base import Composer
from musicgen.music import Music
from musicgen.request import ATTRIBUTE_RANGES, Request
from musicgen.roles import STYLE_NAMES


@pytest.fixture(scope="module")
def vae() -> Iterator[Composer]:
    yield load_composer(hub.resolve("vae"))


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_slider_alone_brings_what_it_names(vae: Composer, name: str) -> None:
    low, high, _ = ATTRIBUTE_RANGES[name]
    for seed, share in enumerate((0.2, 0.6)):
        target = low + share * (high - low)
        music = vae.generate(Request(STYLE_NAMES[seed], seed=seed, key="Eb major", **{name: target}))
        assert abs(measure(music)[name] - target) < 0.05 * (high - low)


def test_all_sliders_at_either_end_make_a_whole_piece(vae: Composer) -> None:
    for end in (0, 1):
        request = Request(bars=8, **{name: ATTRIBUTE_RANGES[name][end] for name in ATTRIBUTES})
        music = vae.generate(request)
        assert all(track.notes for track in music.tracks)
        assert max(note.duration for track in music.tracks for note in track.notes) <= 192
        assert abs(measure(music)["density"] - request.attributes["density"]) < 8
        assert to_midi(music)


def test_chords_that_are_asked_for_are_heard(vae: Composer) -> None:
    total = np.zeros(3)
    for seed, key, shift in ((0, "C major", 0), (1, "D major", -2), (2, "C major", 0), (3, "D major", -2)):
        chords = {"C major": "C F | G7 | Am | F G", "D major": "D G | A7 | Bm | G A"}[key]
        music = vae.generate(Request(seed=seed, key=key, chords=chords)).transposed(shift)
        total += agreement(heard_chords(codec.encode(music), 16), progression_codes(chords, 16, shift))
    assert total[1] / total[0] > 0.75


def test_a_form_comes_back_where_its_letter_does(vae: Composer) -> None:
    music = vae.generate(Request(seed=3, form="ABAC"))
    bars = [_bar(music, bar) for bar in range(16)]

    def shared(first: int, second: int) -> float:
        pairs = [(bars[first + i], bars[second + i]) for i in range(3)]
        return float(np.mean([len(a & b) / max(len(a | b), 1) for a, b in pairs]))

    assert shared(0, 8) > 0.75 and max(shared(0, 4), shared(0, 12)) < 0.5


def test_the_same_wishes_give_the_same_piece(vae: Composer) -> None:
    request = Request(seed=5, bars=8, density=40, tension=20, chords="Am F C G", form="AA'")
    assert vae.generate(request) == vae.generate(request) != vae.generate(Request(seed=5, bars=8))


def _bar(music: Music, bar: int) -> set[tuple[str, int, int]]:
    tracks = [track for track in music.tracks if track.role != "drums"]  # a groove goes on whatever the section
    return {(t.role, n.onset % 48, n.pitch) for t in tracks for n in t.notes if n.onset // 48 == bar}


def test_what_lies_between_two_pieces_is_on_the_chords_of_the_nearer_one(vae: Composer) -> None:
    first, last = (vae.generate(Request("pop", chords=chords, seed=1)) for chords in ("C G Am F", "Dm E7 F G"))
    between = [heard_chords(codec.encode(music), 16) for music in vae.morph(first, last, 5)]
    known, of_first, _ = agreement(between[1], heard_chords(codec.encode(first), 16))
    assert of_first > 0.75 * known
    known, of_last, _ = agreement(between[3], heard_chords(codec.encode(last), 16))
    assert of_last > 0.75 * known
