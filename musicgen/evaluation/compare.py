"""One model against held-out songs: every metric of every piece, put through the protocol."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np

from musicgen.evaluation import classifier, diversity, features, protocol, tonality
from musicgen.evaluation.alarms import Limits, alarms
from musicgen.evaluation.form import form_code
from musicgen.evaluation.memorisation import FLAG, Melodies
from musicgen.evaluation.metrics import HEADLINE, THEMES, summary
from musicgen.evaluation.protocol import Sample
from musicgen.evaluation.resampling import COMPOSITE_DRAWS, composite_draws
from musicgen.evaluation.telling import by_kind, telling
from musicgen.evaluation.view import View, mean
from musicgen.music import Music

HARMONY = ("clash rate", "chord-tone agreement", "tonal distance, melody-chords", "tonal distance, melody-bass")
_NAMED = 5
"""Pieces whose nearest training song the report names."""


def values_of(views: Sequence[View]) -> dict[str, np.ndarray]:
    """Metric to its value for each piece, shape (pieces,)."""
    rows = [summary(view) for view in views]
    return {name: np.array([row[name] for row in rows], float) for name in rows[0]}


class Reference:
    """Held-out songs, and what is measured of them once for all models.

    Args:
        pieces, songs: windows of test songs, and the song of each.
        train: windows of training songs, for the embedding.
        melodies: all training songs, for memorisation.
    """

    def __init__(
        self, pieces: Sequence[Music], songs: Sequence[str], train: Sequence[Music], melodies: Melodies
    ) -> None:
        self.pieces, self.songs, self.melodies = list(pieces), list(songs), melodies
        views = [View(piece) for piece in pieces]
        self.views = views
        self.values = values_of(views)
        self.samples = {name: Sample(values, self.songs) for name, values in self.values.items()}
        self.floors = {name: protocol.noise_floor(sample) for name, sample in self.samples.items()}
        self.embedding = diversity.Embedding(train)
        self.table = features.matrix(views)
        self.points = self.embedding.points(self.table)
        self.limits = Limits.measured(views)
        self.styles = np.array([piece.style for piece in pieces])

    @cached_property
    def swapped(self) -> dict[str, float]:
        """Means of the harmony metrics under melodies of other songs."""
        values = values_of([View(piece) for piece in tonality.swapped(self.pieces)])
        return {name: Sample(values[name], [""] * len(values[name])).mean for name in HARMONY}

    def summary(self) -> dict[str, Any]:
        """What the report says of the held-out songs."""
        found = [alarms(view, self.limits) for view in self.views]
        reuse = np.array([self.melodies.reuse(view) for view in self.views])
        return {
            "metrics": {
                name: asdict(protocol.estimate(sample)) | {"noise floor": self.floors[name]}
                for name, sample in self.samples.items()
            },
            "same-key shuffle": self.swapped,
            "alarms": _alarm_rates(found),
            "reuse": asdict(protocol.estimate(Sample(reuse, self.songs))),
            "mean pairwise distance": diversity.mean_pairwise_distance(self.points),
            "unique two-bar hashes": diversity.unique_two_bar_hashes(self.views),
            "form codes": dict(Counter(form_code(view) for view in self.views).most_common(8)),
        }


@dataclass(frozen=True)
class Result:
    """What was measured of one model: values by metric, the song of each piece, and its part of the report."""

    values: Mapping[str, np.ndarray]
    songs: Sequence[str]
    reference: Reference
    report: dict[str, Any]
    draws: np.ndarray
    """Resamplings of the composite."""


def compare(reference: Reference, pieces: Sequence[Music], songs: Sequence[str]) -> Result:
    """Measure pieces against held-out songs.

    Args:
        pieces: as many as the reference has; piece i answers a request taken from its window i.
        songs: the song of each piece, or of its request.
    """
    views = [View(piece) for piece in pieces]
    values = values_of(views)
    samples = {name: Sample(value, songs) for name, value in values.items()}
    metrics = {name: _against(samples[name], reference, name) for name in values}
    composite = protocol.composite(values, reference.values, THEMES)
    draws = composite_draws(samples, reference.samples)
    draws += composite - draws.mean()  # resampled sets are rougher, so further apart: keep the spread, not the bias
    table, names = features.matrix(views), features.names()
    points = reference.embedding.points(table)
    found = [alarms(view, reference.limits) for view in views]
    styles = np.array([piece.style for piece in pieces])
    covered = diversity.covered(points, reference.points, reference.songs)
    report = {
        "composite": {
            "value": composite,
            **dict(zip(("low", "high"), protocol.interval(draws), strict=True)),
        },
        "themes": protocol.theme_distances(values, reference.values, THEMES),
        "metrics": metrics,
        "verdicts": dict(Counter(metrics[name]["verdict"] for name in HEADLINE)),
        "styles": {
            style: {
                "composite": protocol.composite(
                    {name: value[styles == style] for name, value in values.items()},
                    {name: value[reference.styles == style] for name, value in reference.values.items()},
                    THEMES,
                ),
                "coverage": mean(covered[reference.styles == style]),
                "metrics": {
                    name: asdict(protocol.estimate(_only(samples[name], styles == style), 400)) for name in HEADLINE
                },
            }
            for style in sorted(set(styles))
        },
        "classifier": _classifier(reference, points, songs)
        | {
            "telling": telling(names, reference.table, table, reference.songs, songs),
            "by kind": by_kind(names, reference.points, points, reference.songs, songs),
        },
        "harmony gain": {
            name: tonality.harmony_gain(samples[name].mean, reference.samples[name].mean, reference.swapped[name])
            for name in HARMONY
        },
        "diversity": {
            "mean pairwise distance": diversity.mean_pairwise_distance(points),
            "of the data's": diversity.mean_pairwise_distance(points)
            / diversity.mean_pairwise_distance(reference.points),
            "unique two-bar hashes": diversity.unique_two_bar_hashes(views),
            **_nearness(reference, points, songs),
        },
        "memorisation": _memorisation(reference.melodies, views, songs),
        "alarms": _alarm_rates(found),
        "form codes": dict(Counter(form_code(view) for view in views).most_common(8)),
    }
    return Result(values, songs, reference, report, draws)


def headline(report: Mapping[str, Any]) -> dict[str, float]:
    """The numbers by which models are compared, out of a report of `compare`."""
    metrics, spread = report["metrics"], report["diversity"]
    return {
        "distance to data": report["composite"]["value"],
        **{f"distance, {theme}": report["themes"][theme] for theme in THEMES},
        "classifier AUC": report["classifier"]["AUC"],
        "clash rate": metrics["clash rate"]["value"],
        "chord-tone agreement": metrics["chord-tone agreement"]["value"],
        **{name: spread[name] for name in ("coverage", "precision", "recall")},
        "reuse of training runs": report["memorisation"]["reuse"]["value"],
        "pieces with an alarm": report["alarms"]["any"],
    }


def brief(reference: Reference, pieces: Sequence[Music], songs: Sequence[str]) -> dict[str, float]:
    """`headline` of `compare` without all the rest, which takes most of the time."""
    views = [View(piece) for piece in pieces]
    values = values_of(views)
    points = reference.embedding(views)
    labels = np.repeat([0, 1], [len(reference.points), len(points)])
    reuse = np.array([reference.melodies.reuse(view) for view in views])
    themes = protocol.theme_distances(values, reference.values, THEMES)
    return {
        "distance to data": protocol.composite(values, reference.values, THEMES),
        **{f"distance, {theme}": themes[theme] for theme in THEMES},
        "classifier AUC": classifier.area(classifier.scores(reference.points, points, reference.songs, songs), labels),
        **{name: Sample(values[name], songs).mean for name in ("clash rate", "chord-tone agreement")},
        **_nearness(reference, points, songs),
        "reuse of training runs": Sample(reuse, songs).mean,
        "pieces with an alarm": _alarm_rates([alarms(view, reference.limits) for view in views])["any"],
    }


def over_seeds(sets: Sequence[Mapping[str, float]]) -> dict[str, dict[str, Any]]:
    """Each headline number over the sets of pieces, which differ in nothing but the seed: all, least, mean and most."""
    return {
        name: {
            "each": [found[name] for found in sets],
            "least": float(np.min([found[name] for found in sets])),
            "mean": float(np.mean([found[name] for found in sets])),
            "most": float(np.max([found[name] for found in sets])),
        }
        for name in sets[0]
    }


def _nearness(reference: Reference, points: np.ndarray, songs: Sequence[str]) -> dict[str, float]:
    return {
        "coverage": diversity.coverage(points, reference.points, reference.songs),
        "precision": diversity.precision(points, reference.points, reference.songs),
        "recall": diversity.recall(points, reference.points, songs),
    }


def pairs(results: Mapping[str, Result]) -> list[dict[str, Any]]:
    """Each model against each later one: which is nearer to the data, by composite and by headline metric.

    Only models that answered the same requests are paired; "real" songs are not.
    """
    rows = []
    names = list(results)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            a, b = results[one], results[other]
            if list(a.songs) != list(b.songs):
                continue
            low, high = protocol.interval(b.draws - a.draws)
            words = {
                name: protocol.beats(
                    Sample(a.values[name], a.songs), Sample(b.values[name], b.songs), a.reference.samples[name]
                )
                for name in HEADLINE
            }
            rows.append(
                {
                    "model": one,
                    "other": other,
                    "composite": protocol.BEATS if low > 0 else protocol.LOSES if high < 0 else protocol.TIED,
                    "metrics": dict(Counter(words.values())),
                    "by metric": words,
                }
            )
    return rows


def _against(sample: Sample, reference: Reference, name: str) -> dict[str, Any]:
    real = reference.samples[name]
    apart = protocol.gap(sample, real)
    return asdict(protocol.estimate(sample)) | {
        "gap": {"value": apart.value, "low": apart.low, "high": apart.high},
        "gap, % of the data's": 100 * apart.value / abs(real.mean) if real.mean else float("nan"),
        "verdict": protocol.verdict(apart, reference.floors[name]),
        "distance": protocol.distance(sample.values, real.values),
    }


def _only(sample: Sample, chosen: np.ndarray) -> Sample:
    return Sample(sample.values[chosen], [song for song, here in zip(sample.songs, chosen, strict=True) if here])


def _classifier(reference: Reference, points: np.ndarray, songs: Sequence[str]) -> dict[str, Any]:
    scores = classifier.scores(reference.points, points, reference.songs, songs)
    labels = np.repeat([0, 1], [len(reference.points), len(points)])
    names = np.array([*reference.songs, *songs])
    place = np.unique(names, return_inverse=True)[1]
    weights = protocol.resampled(names.tolist(), COMPOSITE_DRAWS)[:, place]
    low, high = protocol.interval(np.array([classifier.area(scores, labels, row) for row in weights]))
    return {"AUC": classifier.area(scores, labels), "low": low, "high": high}


def _memorisation(melodies: Melodies, views: Sequence[View], songs: Sequence[str]) -> dict[str, Any]:
    reuse = np.array([melodies.reuse(view) for view in views])
    matches = [(match.length, index, match) for index, view in enumerate(views) if (match := melodies.nearest(view))]
    return {
        "reuse": asdict(protocol.estimate(Sample(reuse, songs))),
        "pieces flagged": float(np.mean(np.nan_to_num(reuse, nan=0.0) > FLAG)),
        "nearest": [
            {"piece": index, **asdict(match)}
            for _, index, match in sorted(matches, key=lambda item: (-item[0], item[1]))[:_NAMED]
        ],
    }


def _alarm_rates(found: Sequence[Sequence[str]]) -> dict[str, float]:
    """Share of pieces with each kind of alarm, and with any."""
    kinds = Counter(kind for piece in found for kind in {text.split(":")[0] for text in piece})
    return {"any": float(np.mean([bool(piece) for piece in found]))} | {
        kind: count / len(found) for kind, count in sorted(kinds.items())
    }
