"""What may be asked for, and what is said to anything else."""

import contextlib
import itertools
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicgen.errors import RequestError
from musicgen.music import ALL_KEYS, METRES, Key
from musicgen.request import BAR_CHOICES, MAX_SEED, Request
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

NAN, INF = math.nan, math.inf


def test_defaults_are_filled_in():
    request = Request(style="jazz")
    assert (request.bars, request.tempo, request.key, request.seed) == (16, 132.0, Key(0, "major"), 0)
    assert request.roles == ("melody", "chords", "pad", "bass", "drums")


def test_values_are_normalised():
    request = Request(bars=8.0, tempo=90, key="a minor", seed=7.0, roles=["drums", "bass", "bass"])
    assert (request.bars, request.tempo, request.key, request.seed) == (8, 90.0, Key(9, "minor"), 7)
    assert request.roles == ("bass", "drums")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("style", value) for value in ("polka", "", "POP", None, 3, ["pop"], NAN)],
        *[("bars", value) for value in (0, -4, 5, 256, 4.5, NAN, INF, "16", None, True, [4], 10**5000)],
        *[("tempo", value) for value in (39.9, 240.1, 0, -120, NAN, INF, -INF, "120", True, [120], 10**5000)],
        *[("key", value) for value in ("", "H minor", "C" * 1000, None, 3, NAN, [], 10**5000)],
        *[("seed", value) for value in (-1, MAX_SEED + 1, 0.5, NAN, INF, "7", None, True, 10**5000)],
        *[("temperature", value) for value in (-0.1, 1.51, NAN, INF, -INF, "1", None, False)],
        *[("roles", value) for value in ((), "drums", None, 3, ("lead",), ("bass", None), (["bass"],), {"x": 1})],
        ("roles", itertools.count()),
        *[("density", value) for value in (9.9, 81, -1, NAN, INF, "20", True, [20], 10**5000)],
        *[("tension", value) for value in (-5, 101, NAN, "low")],
        *[("chords", value) for value in ("", "H", "C | F G A", "c f", "C " * 321, "||", 3, ["C"], "C\nX", "Cmajor7x")],
        *[("section_bars", value) for value in (0, -4, 65, 4.5, "8", True, [4], NAN)],
        *[("metre", value) for value in ("", "5/4", "3/8", "4", None, 4, ["3/4"], METRES["3/4"])],
        *[("ending", value) for value in (None, 0, 1, "yes", "", [True], NAN)],
        *[("form", value) for value in ("", "E", "A-B", "A" * 33, "'A", 3, ["A"], "AABA\n")],
    ],
    ids=lambda value: str(type(value).__name__) if not isinstance(value, str) else value[:20],
)
def test_refuses_and_says_what_was_expected_and_received(field, value):
    with pytest.raises(RequestError, match=rf"^{field}: .*[Ee]xpected .* Received: ") as error:
        Request(**{field: value})
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


def test_a_request_in_four_four_says_nothing_of_its_metre():
    assert "metre" not in Request().to_dict() and Request.from_dict({"bars": 8}).metre == "4/4"
    assert Request(metre="6/8").to_dict()["metre"] == "6/8"


def test_a_request_has_an_ending_and_one_that_was_stored_before_there_were_endings_has_none():
    assert Request().ending is True and Request().to_dict()["ending"] is True
    assert Request.from_dict({"bars": 8}).ending is False
    assert "ending" not in Request(ending=False).to_dict()


def test_a_form_fits_the_piece():
    assert [Request(bars=bars, form="AABA").section_length for bars in (4, 16, 32, 128)] == [1, 4, 8, 32]
    blues = Request("blues", bars=12, form="aab")
    assert (blues.sections, blues.section_length) == (("A", "A", "B"), 4)
    assert Request().sections is None


def test_a_form_of_sections_of_a_chosen_length_is_repeated_to_the_end_of_the_piece():
    assert Request(bars=32, form="aaba'", section_bars=4).sections == ("A", "A", "B", "A'") * 2
    assert Request(bars=8, form="ABAC", section_bars=4).sections == ("A", "B")
    assert Request(bars=24, form="AB", section_bars=16).sections == ("A", "B"), "the last section is cut"
    assert "section_bars" not in Request(form="AB").to_dict()
    assert Request.from_dict(Request(form="AB", section_bars=8).to_dict()).section_bars == 8


def test_only_targets_that_are_set_are_attributes():
    assert Request(density=40, tension=12.5).attributes == {"density": 40.0, "tension": 12.5}


_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.binary(max_size=20)
_ANYTHING = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
)


@given(
    st.sampled_from(["style", "bars", "tempo", "key", "seed", "temperature", "roles", "rhythm", "chords", "form"]),
    _ANYTHING,
)
def test_no_value_raises_anything_else(field, value):
    with contextlib.suppress(RequestError):
        Request(**{field: value})


@given(
    st.builds(
        Request,
        style=st.sampled_from(STYLE_NAMES),
        bars=st.sampled_from(BAR_CHOICES),
        tempo=st.floats(40, 240),
        key=st.sampled_from(ALL_KEYS),
        seed=st.integers(0, MAX_SEED),
        temperature=st.floats(0, 1.5),
        roles=st.lists(st.sampled_from(ROLE_NAMES), min_size=1),
        metre=st.sampled_from(list(METRES)),
        ending=st.booleans(),
    )
)
def test_survives_json(request):
    assert Request.from_dict(json.loads(json.dumps(request.to_dict()))) == request


@pytest.mark.parametrize("values", [{"sytle": "pop"}, {1: 2, "x": 3}, {"bars": 5}, None, [], "bars"], ids=str)
def test_from_dict_refuses(values):
    with pytest.raises(RequestError, match=r"xpected .* Received: "):
        Request.from_dict(values)
