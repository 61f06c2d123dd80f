"""Descriptions in words: what is understood of them, what is not, and that no text is too much."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import musicgen.wording
from musicgen.errors import RequestError
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES, STYLE_NAMES
from musicgen.wording import MAX_CHARACTERS, parse_description

LIST = json.loads(Path(musicgen.wording.__file__).with_name("words.json").read_text(encoding="utf-8"))
WORDS = [word for entry in LIST["entries"] for word in entry["words"]]


def test_a_sad_slow_waltz_with_busy_drums() -> None:
    described = parse_description("a sad slow waltz with busy drums")
    assert described.fields == {
        "roles": ROLE_NAMES, "tempo": 71.0, "key": "A minor", "metre": "3/4", "style": "classical", "density": 62.0,
    }  # fmt: skip
    assert described.sentence == (
        "Understood: sad: A minor; slow: 71 BPM; waltz: 3/4, Classical; busy: density 62; drums: with Drums."
    )


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("jazz", {"style": "jazz"}),
        ("Jazz waltz", {"style": "jazz", "metre": "3/4"}),
        ("a march in the style of a bossa nova", {"metre": "4/4", "style": "latin", "tempo": 128.0}),
        ("in 3/4", {"metre": "3/4"}),
        ("in six, please", {"metre": "6/8"}),
        # tempo: pop is usually at 112, jazz at 132
        ("slow", {"tempo": 83.0}),
        ("very slow", {"tempo": 69.0}),
        ("a bit slow", {"tempo": 96.0}),
        ("not too fast", {"tempo": 96.0}),
        ("not slow", {"tempo": 130.0}),
        ("very, very fast jazz", {"tempo": 240.0, "style": "jazz"}),
        ("allegro", {"tempo": 132.0}),
        ("a fast allegro", {"tempo": 178.0}),
        ("slow techno", {"tempo": 98.0, "style": "dance"}),
        ("90 bpm", {"tempo": 90.0}),
        ("fast at 72.5", {"tempo": 72.5}),
        ("tempo: 100", {"tempo": 100.0}),
        ("120 beats per minute", {"tempo": 120.0}),
        ("9999 bpm", {"tempo": 240.0}),
        # keys
        ("in A minor", {"key": "A minor"}),
        ("in a minor key", {"key": "A minor"}),
        ("in a major key", {"key": "C major"}),
        ("A major hit", {"key": "C major"}),
        ("a hit in A major", {"key": "A major"}),
        ("Bb minor", {"key": "Bb minor"}),
        ("in E flat major", {"key": "Eb major"}),
        ("f-sharp minor", {"key": "F# minor"}),
        ("sad, in F", {"key": "F minor"}),
        ("happy but in D minor", {"key": "D minor"}),
        ("not sad", {"key": "C major"}),
        # length and form
        ("8 bars", {"bars": 8}),
        ("a 12-bar blues", {"bars": 12, "style": "blues"}),
        ("thirty-two measures", {"bars": 32}),
        ("10 bars", {"bars": 12}),
        ("1000 bars", {"bars": 128}),
        ("short", {"bars": 8}),
        ("a very long song", {"bars": 64}),
        ("30 seconds at 120 bpm", {"bars": 16, "tempo": 120.0}),
        ("half a minute", {"bars": 16}),
        ("a minute of reggae", {"bars": 24, "style": "reggae"}),
        ("AABA in sections of 8 bars", {"form": "AABA", "section_bars": 8}),
        ("aba'c", {"form": "ABA'C"}),
        ("verse and chorus", {"form": "ABAB"}),
        # who plays
        ("no drums", {"roles": ("melody", "chords", "pad", "bass")}),
        ("without drums or bass", {"roles": ("melody", "chords", "pad")}),
        ("without drums, with bass", {"roles": ("melody", "chords", "pad", "bass")}),
        ("solo piano", {"roles": ("chords",)}),
        ("drums and bass only", {"roles": ("bass", "drums")}),
        ("just flute, strings and a double bass", {"roles": ("melody", "pad", "bass")}),
        ("drum and bass", {"style": "dance", "tempo": 172.0}),
        # sliders
        ("sparse", {"density": 28.0}),
        ("extremely dense", {"density": 80.0}),
        ("slightly less busy", {"density": 40.0}),
        ("no syncopation", {"rhythm": 8.0}),
        ("high tension and low density", {"tension": 28.0, "density": 28.0}),
        ("density of 33", {"density": 33.0}),
        ("tension 99", {"tension": 35.0}),
        ("lush and deep", {"polyphony": 7.0, "register": 52.0}),
        ("experimental", {"temperature": 1.15}),
        ("shuffled blues", {"swing": 62, "style": "blues"}),
        ("no swing", {"swing": 50.0}),
        ("humanise 30 %", {"humanise": 30.0}),
        # chords
        ("with the chords Am F | C G7, slow", {"chords": "Am F | C G7", "tempo": 83.0}),
        ("chords C-G-Am-F", {"chords": "C G Am F"}),
        ("no chords", {"roles": ("melody", "pad", "bass", "drums")}),
    ],
)  # fmt: skip
def test_words_set_fields(text: str, fields: dict[str, object]) -> None:
    described = parse_description(text)
    assert described.fields == fields
    assert described.unknown == ()


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("a purple rainy song with drums", ("purple rainy",)),
        ("like Beethoven, slow, on Mars", ("Beethoven", "Mars")),
        ("not jazz", ("not jazz",)),
        ("in 5/4", ("5/4",)),
        ("no drums, no bass, no chords, no pad and no melody",
         ("no drums", "no bass", "no chords", "no pad", "no melody")),
        ("music for a bar", ("bar",)),
        ("chords H K", ("H K",)),
        ("😀 naïve", ("😀 naïve",)),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_told(text: str, unknown: tuple[str, ...]) -> None:
    assert parse_description(text).unknown == unknown
    assert f"Not understood: {', '.join(unknown)}." in parse_description(text).sentence


def test_words_that_others_overrule_are_told() -> None:
    assert parse_description("slow, at 200 bpm, in 4/4").sentence == (
        "Understood: slow: other words say otherwise; at 200 bpm: 200 BPM; 4/4."
    )
    assert parse_description("").sentence == "There are no words to understand."


def test_what_is_said_again_and_again_is_told_once() -> None:
    assert parse_description("drums, drums, Mars, drums and Mars").sentence == (
        "Understood: drums: with Drums. Not understood: Mars."
    )


def test_slow_is_slow_for_the_style_that_is_chosen_already() -> None:
    assert parse_description("slow", "reggae").fields == {"tempo": 62.0}
    assert parse_description("slow rock", "reggae").fields["tempo"] == 93.0


def test_what_is_given_wins_over_the_words() -> None:
    described = parse_description("a sad slow rock song of 8 bars")
    request = described.request({"style": "jazz", "bars": 4})
    assert (request.style, request.bars, str(request.key), request.tempo) == ("jazz", 4, "A minor", 93.0)
    with pytest.raises(RequestError, match="bars: expected"):
        described.request({"bars": 5})


def test_the_list_of_words_is_sound() -> None:
    assert len(WORDS) == len(set(WORDS)) > 400
    assert {entry["sets"].get("style") for entry in LIST["entries"] if "sets" in entry} >= set(STYLE_NAMES)
    for word in WORDS:
        described = parse_description(word)
        assert described.unknown == (), word
        assert described.fields, word
        Request(**described.fields)


SNIPPETS = [
    *WORDS, *LIST["degrees"], *LIST["amounts"], *LIST["negations"], *LIST["only"], *LIST["joins"], *LIST["breaks"],
    *LIST["fillers"], *LIST["numbers"], "bars", "bpm", "seconds", "sections of", "chords", "Am", "F#", "| G", "3/4",
    "0", "99999", "AABA", "in", "minor",
]  # fmt: skip


@given(st.one_of(st.text(), st.lists(st.sampled_from(SNIPPETS)).map(" ".join)))
@example("0 bars, 0 seconds, 0 bpm, density 0, sections of 0 bars")
@example("not " * 500)
def test_no_text_raises_or_exceeds_the_limits(text: str) -> None:
    described = parse_description(text)
    Request(**described.fields)
    assert "\n" not in described.sentence
    known = [words for words, _ in described.understood]
    assert all(words in " ".join(text.replace("’", "'").split()) or words.endswith("...") for words in known)
    assert all(sets for _, sets in described.understood)
    assert len(text) <= MAX_CHARACTERS or described.unknown or " ".join(text.split()) != text
