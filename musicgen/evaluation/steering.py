"""Requests that steer (attributes, chords, form), what came out, and how far the one is the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from musicgen import codec
from musicgen.attributes import ATTRIBUTES, measure
from musicgen.corpus import labels
from musicgen.evaluation.control import follow, targets
from musicgen.harmony import progression_codes
from musicgen.heard import heard_chords
from musicgen.music import FOUR_FOUR, Key, Music
from musicgen.request import ATTRIBUTE_RANGES, SECTION_BARS, Request
from musicgen.roles import STYLE_NAMES

PROGRESSIONS = (
    "C G Am F", "C Am F G", "C F G C", "C Am Dm G7", "Am F C G", "Am Dm E7 Am", "C | G7 | C F | G7 C",
    "C E7 Am F", "F G Em Am", "C C7 F Fm", "Am G F E7", "Dm7 G7 Cmaj7 A7",
)  # fmt: skip
FORMS = ("AABA", "ABAB", "ABAC", "AABB", "AAAA", "AAAB", "ABCD")
_BARS = 16


def steering(
    generate_many: Callable[[Sequence[Request]], list[Music]], count: int, metre: str = FOUR_FOUR.name
) -> dict[str, Any]:
    """What a model makes of requests that steer, in one metre, styles in turn.

    Returns:
        `attributes`: `control.follow` of `count` pieces, each asked for all attributes at once.
        `one slider`: of a fifth as many pieces for each attribute, asked for it alone: `open`, the others left to the
        model; `held`, the others asked to stay what the piece had when nothing was asked.
        `chords`: of a quarter as many, the share of half bars heard as the chord that was asked for, its `root`, and
        its `root and third`. The ear is `heard_chords`, which errs on real songs too (docs/data.md).
        `form`: of as many, `exact`, the share of pieces whose pattern of equal and different sections, as
        `labels.measure` hears it, is the one asked for, and `pairs`, the share of pairs of sections that are so.
    """
    ranges = {name: (low, high) for name, (low, high, _) in ATTRIBUTE_RANGES.items()}
    asked = targets(ranges, count)
    shaped = generate_many([_request(seed, metre=metre, **target) for seed, target in enumerate(asked)])
    few = range(count // 4)
    chords = [_request(seed, metre=metre, chords=PROGRESSIONS[seed % len(PROGRESSIONS)]) for seed in few]
    harmonised = generate_many(chords)
    formed = generate_many([_request(seed, metre=metre, form=FORMS[seed % len(FORMS)]) for seed in few])
    return {
        "pieces": count,
        "attributes": follow(asked, shaped),
        "one slider": _one_slider(generate_many, asked[: count // 5], metre),
        "chords": _chords(harmonised),
        "form": _forms(formed),
    }


def _one_slider(
    generate_many: Callable[[Sequence[Request]], list[Music]], asked: Sequence[Mapping[str, float]], metre: str
) -> dict[str, dict[str, Any]]:
    moved = [(seed, {name: target[name]}) for name in ATTRIBUTES for seed, target in enumerate(asked)]
    untouched = generate_many([_request(seed, metre=metre) for seed in range(len(asked))])
    had = [_in_range(measure(music)) for music in untouched]
    requests = {
        "open": [_request(seed, metre=metre, **target) for seed, target in moved],
        "held": [_request(seed, metre=metre, **had[seed] | target) for seed, target in moved],
    }
    targets_of = [target for _, target in moved]
    return {name: follow(targets_of, generate_many(each)) for name, each in requests.items()}


def _in_range(values: Mapping[str, float]) -> dict[str, float]:
    """What of the attributes of a piece can be asked for, as near to it as can be asked for."""
    ranges = {name: (low, high) for name, (low, high, _) in ATTRIBUTE_RANGES.items()}
    return {name: float(np.clip(value, *ranges[name])) for name, value in values.items() if not np.isnan(value)}


def _request(seed: int, **asked: Any) -> Request:
    style = STYLE_NAMES[seed % len(STYLE_NAMES)]
    mode = "minor" if str(asked.get("chords", "")).startswith("Am") else "major"
    return Request(style, _BARS, seed=seed, key=Key(9 if mode == "minor" else 0, mode), **asked)


def _chords(pieces: Sequence[Music]) -> dict[str, float]:
    total = np.zeros(3)
    for seed, music in enumerate(pieces):
        asked = progression_codes(PROGRESSIONS[seed % len(PROGRESSIONS)], _BARS, 0)
        total += labels.agreement(heard_chords(codec.encode(music), _BARS, music.metre), asked)
    return {"root": float(total[1] / total[0]), "root and third": float(total[2] / total[0])}


def _forms(pieces: Sequence[Music]) -> dict[str, float]:
    exact, pairs = [], []
    for seed, music in enumerate(pieces):
        letters = labels.measure(codec.encode(music), _BARS, metre=music.metre)["form"][::SECTION_BARS] // 2
        form = FORMS[seed % len(FORMS)]
        same = [
            (letters[i] == letters[j]) == (form[i] == form[j]) for i in range(len(form)) for j in range(i)
        ]  # fmt: skip
        exact.append(all(same))
        pairs.append(np.mean(same))
    return {"exact": float(np.mean(exact)), "pairs": float(np.mean(pairs))}
