"""Whether a control does what it says, and whether the measure of that can tell."""

import numpy as np

from musicgen.attributes import ATTRIBUTES
from musicgen.evaluation import charts
from musicgen.evaluation.control import follow, targets
from musicgen.evaluation.steering import FORMS, PROGRESSIONS, steering
from musicgen.harmony import QUALITIES, progression_codes
from musicgen.music import Music, Note, Track
from musicgen.request import ATTRIBUTE_RANGES, Request

RANGES = {name: (low, high) for name, (low, high, _) in ATTRIBUTE_RANGES.items()}
_TRIADS = {"major": (0, 4, 7), "minor": (0, 3, 7), "dominant": (0, 4, 7, 10), "diminished": (0, 3, 6)}


def at_pitch(pitch: int, notes: int = 4) -> Music:
    return Music((Track("chords", 0, tuple(Note(12 * i, pitch, 12, 92) for i in range(notes))),), 1)


def test_targets_are_independent_and_in_range() -> None:
    asked = targets(RANGES, 500)
    assert asked == targets(RANGES, 500) != targets(RANGES, 500, seed=1)
    values = np.array([[target[name] for name in ATTRIBUTES] for target in asked])
    assert all(values[:, i].min() >= RANGES[n][0] and values[:, i].max() <= RANGES[n][1] for i, n in enumerate(RANGES))
    assert np.abs(np.corrcoef(values.T) - np.eye(5)).max() < 0.15


def test_what_follows_has_rho_one_and_what_does_not_has_none() -> None:
    asked = targets(RANGES, 300)
    obedient = follow(asked, [at_pitch(round(target["register"])) for target in asked])
    assert obedient["register"]["rho"] > 0.99 and obedient["register"]["error"] <= 0.5
    assert obedient["density"]["leakage"] < 0.1 and obedient["tension"]["leakage"] < 0.1
    rng = np.random.default_rng(0)
    deaf = follow(asked, [at_pitch(int(rng.integers(46, 70))) for _ in asked])
    assert abs(deaf["register"]["rho"]) < 0.15


def test_an_attribute_that_moves_with_another_leaks() -> None:
    asked = targets(RANGES, 300)
    found = follow(asked, [at_pitch(46 + round(target["density"] / 4)) for target in asked])
    assert found["density"]["leakage"] > 0.99  # asked for density, and the register moved instead


def test_a_target_counts_as_met_within_a_twentieth_of_its_range() -> None:
    asked = [{"register": 50.0}, {"register": 60.0}, {"register": 70.0}]
    found = follow(asked, [at_pitch(50), at_pitch(61), at_pitch(72)])
    assert found["register"]["met"] == 2 / 3


def test_pieces_that_were_not_asked_for_an_attribute_take_no_part_in_its_figures() -> None:
    asked = [{"register": 50.0 + i} for i in range(9)] + [{"density": 10.0 + i} for i in range(9)]
    found = follow(asked, [at_pitch(50 + i) for i in range(9)] + [at_pitch(60)] * 9)
    assert found["register"]["rho"] == 1.0 and found["register"]["error"] == 0.0
    assert np.isnan(found["density"]["rho"]) and np.isnan(found["tension"]["rho"])


def test_a_curve_has_a_point_for_each_part_of_the_targets_and_draws() -> None:
    curve = follow(targets(RANGES, 90), [at_pitch(60)] * 90)["register"]["curve"]
    assert len(curve) == 9 and [point[2] for point in curve] == [60.0] * 9
    assert charts.follows("register", curve, "#000").count("<polyline") == 2


def test_a_model_that_does_as_it_is_told_steers_well() -> None:
    def obey(requests: list[Request]) -> list[Music]:
        return [_as_told(request) for request in requests]

    found = steering(obey, 56)
    assert found["chords"]["root"] > 0.95 and found["chords"]["root and third"] > 0.95
    assert found["form"] == {"exact": 1.0, "pairs": 1.0}
    assert found["one slider"].keys() == {"open", "held"} and found["one slider"]["open"].keys() == set(ATTRIBUTES)


def test_a_slider_that_is_moved_alone_leaves_the_others_open_or_holds_them() -> None:
    requests: list[Request] = []

    def note(new: list[Request]) -> list[Music]:
        requests.extend(new)
        return [at_pitch(60, notes=2 + 2 * (request.density is not None)) for request in new]

    steering(note, 20)
    alone = [request.attributes for request in requests if len(request.attributes) == 1]
    assert len(alone) == 4 * 5
    held = [request.attributes for request in requests if request.attributes.keys() > {"register"}][20:]
    assert [round(each["register"], 9) for each in held].count(60.0) == 4 * 4  # what all had, but for its own slider
    assert {len(form) for form in FORMS} == {4} and all(Request(chords=text) for text in PROGRESSIONS)


def _as_told(request: Request) -> Music:
    """Block chords as asked for; or for each letter of the form other notes."""
    notes = []
    if request.chords is not None:
        for half, code in enumerate(progression_codes(request.chords, request.bars, 0).ravel().tolist()):
            tones = _TRIADS[QUALITIES[code // 12]]
            notes += [Note(24 * half, 48 + code % 12 + tone, 24, 92) for tone in tones]
    for section, name in enumerate(request.sections or ()):
        notes += [Note(192 * section + 12 * i, 50 + 3 * i % 7 + 4 * "ABCD".index(name), 12, 92) for i in range(16)]
    return Music((Track("chords", 0, tuple(notes)),), request.bars)
