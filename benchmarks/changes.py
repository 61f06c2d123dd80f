"""Do changes do what they say? Variation, morph and kept cells, on windows of songs that no model has heard.

    python -m benchmarks.changes --model vae --data data --out changes.json

**Variation**: every window at each of `STRENGTHS`. Change is 1 - onset F1 against the original, the mean of its roles;
distance is that of the latents (root mean square over cells that play, 1 for the window of another song). Each step
up must raise both: intervals of the rise are paired bootstraps by song. **Kept cells**: a random half of the cells is
kept, at strengths .5 and 1; a cell has changed if any note that begins in it is another. **Morph**: pairs of windows of
the same style and of different songs. Midpoints are compared with samples for the first window's request, with the ends
as the model rebuilds them, and with the songs at the ends, all by their distance to validation songs: the ends are test
songs, so that nothing that is measured is in what it is measured by.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
from tqdm import tqdm

from musicgen.corpus.dataset import Dataset
from musicgen.errors import MusicgenError
from musicgen.evaluation import protocol
from musicgen.evaluation.alarms import Limits, alarms
from musicgen.evaluation.answering import open_model
from musicgen.evaluation.compare import values_of
from musicgen.evaluation.metrics import THEMES
from musicgen.evaluation.protocol import Sample
from musicgen.evaluation.reconstruction import onset_f1
from musicgen.evaluation.resampling import composite_draws
from musicgen.evaluation.view import View
from musicgen.evaluation.windows import Window, request_like, windows
from musicgen.export import write
from musicgen.models.base import Composer
from musicgen.music import Music
from musicgen.request import DEFAULT_TEMPERATURE
from musicgen.roles import ROLE_NAMES

STRENGTHS = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
KEPT = (0.5, 1.0)
"""Strengths at which cells are kept."""
STEPS = 5
REFERENCE = 300
"""Validation windows that morphs and samples are measured by."""
_SHOWN = ("clash rate", "chord-tone agreement", "scale consistency")


def change(original: Music, other: Music) -> float:
    """1 - onset F1, the mean over roles that play in the original; 0 (the same notes) to 1 (no note in common)."""
    return 1 - float(np.mean([onset_f1(original, other, track.role) for track in original.tracks if track.notes]))


def apart(a: np.ndarray, b: np.ndarray, there: np.ndarray) -> float:
    """Root mean square of the difference of latents (bars, roles, size), over cells that are `there` (bars, roles)."""
    return float(np.sqrt(np.square(a - b)[there].mean()))


def rising(values: np.ndarray, songs: Sequence[str]) -> dict[str, Any]:
    """Whether values go up from column to column.

    Args:
        values: shape (pieces, strengths).

    Returns:
        `means` and `rises` (estimates with 95 % intervals by song; a rise is paired), `monotone`, whether every rise's
        interval is above 0, and `pieces`, the share of pieces in which no single step falls.
    """
    steps = np.diff(values, axis=1)
    rises = [protocol.estimate(Sample(step, songs)) for step in steps.T]
    return {
        "means": [asdict(protocol.estimate(Sample(column, songs))) for column in values.T],
        "rises": [asdict(rise) for rise in rises],
        "monotone": all(rise.low > 0 for rise in rises),
        "pieces": float((steps >= 0).all(axis=1).mean()),
    }


def changed_cells(before: Music, after: Music, keep: np.ndarray) -> int:
    """How many of the cells to keep, bool (bars, roles), have another note, or the same one with other values."""
    result = 0
    for track in before.tracks:
        column = keep[:, ROLE_NAMES.index(track.role)]
        sides = []
        for notes in (track.notes, after.notes(track.role)):
            cells: dict[int, list] = {}
            for note in notes:
                cells.setdefault(note.onset // before.ticks_per_bar, []).append(note)
            sides.append(cells)
        result += sum(sides[0].get(bar) != sides[1].get(bar) for bar in np.flatnonzero(column).tolist())
    return result


def pairs_of(found: Sequence[Window], count: int, seed: int = 0) -> list[tuple[Window, Window]]:
    """Random pairs of windows of one style and of different songs."""
    rng = np.random.default_rng(seed)
    result: list[tuple[Window, Window]] = []
    for _ in range(100 * count):
        a, b = (found[i] for i in rng.integers(len(found), size=2))
        if len(result) < count and a.song != b.song and a.music.style == b.music.style:
            result.append((a, b))
    return result


def variation(composer: Composer, found: Sequence[Window]) -> dict[str, Any]:
    """`rising` of change and of latent distance over `STRENGTHS`, and the change of a piece that is only rebuilt."""
    changes, distances = np.zeros((2, len(found), len(STRENGTHS)))
    rebuilt, another = np.zeros((2, len(found)))
    codes = [composer.encode(window.music) for window in found]
    for i, window in enumerate(tqdm(found, desc="vary", unit="piece", mininterval=10)):
        music = window.music
        there = np.tile([bool(music.notes(role)) for role in ROLE_NAMES], (music.bars, 1))
        other = next(j % len(found) for j in range(i + 1, i + len(found)) if found[j % len(found)].song != window.song)
        another[i] = apart(codes[i], codes[other], there)
        rebuilt[i] = change(music, composer.reconstruct(music))
        for j, strength in enumerate(STRENGTHS):
            varied = composer.vary(music, strength, seed=i)
            changes[i, j] = change(music, varied)
            distances[i, j] = apart(codes[i], composer.encode(varied), there)
    songs = [window.song for window in found]
    return {
        "pieces": len(found),
        "songs": len(set(songs)),
        "strengths": STRENGTHS,
        "change": rising(changes, songs),
        "distance": rising(distances / another.mean(), songs),
        "only rebuilt": asdict(protocol.estimate(Sample(rebuilt, songs))),
    }


def kept(composer: Composer, found: Sequence[Window]) -> dict[str, Any]:
    """Of the cells that were to be kept, how many are not as they were."""
    cells = changed = 0
    for i, window in enumerate(tqdm(found, desc="keep", unit="piece", mininterval=10)):
        keep = np.random.default_rng(i).random((window.music.bars, len(ROLE_NAMES))) < 0.5
        for strength in KEPT:
            varied = composer.vary(window.music, strength, seed=i, keep=keep)
            changed += changed_cells(window.music, varied, keep)
            cells += int(keep[:, [ROLE_NAMES.index(track.role) for track in window.music.tracks]].sum())
    return {"cells": cells, "changed": changed}


def morphs(
    composer: Composer, pairs: Sequence[tuple[Window, Window]], reference: Sequence[Window], temperature: float
) -> dict[str, Any]:
    """Midpoints beside samples, rebuilt ends and songs; and how faithful the ends are."""
    ways = [composer.morph(a.music, b.music, STEPS) for a, b in tqdm(pairs, desc="morph", unit="pair", mininterval=10)]
    requests = [request_like(a, seed, temperature) for seed, (a, _) in enumerate(pairs)]
    sets = {
        "midpoints": [way[STEPS // 2] for way in ways],
        "samples": composer.generate_many(requests),
        "the ends, rebuilt": [way[0] for way in ways],
        "the songs at the ends": [a.music for a, _ in pairs],
    }
    songs = [a.song for a, _ in pairs]
    real = values_of([View(window.music) for window in reference])
    around = {name: Sample(values, [window.song for window in reference]) for name, values in real.items()}
    limits = Limits.measured([window.music for window in reference])
    result: dict[str, Any] = {"pairs": len(pairs), "songs": len({w.song for pair in pairs for w in pair}), "sets": {}}
    draws = {}
    for name, pieces in sets.items():
        views = [View(piece) for piece in pieces]
        values = values_of(views)
        samples = {metric: Sample(value, songs) for metric, value in values.items()}
        distance = protocol.composite(values, real, THEMES)
        draws[name] = composite_draws(samples, around)
        draws[name] += distance - draws[name].mean()  # as `compare` does
        low, high = protocol.interval(draws[name])
        raised = np.array([bool(alarms(view, limits)) for view in views], float)
        result["sets"][name] = {
            "distance": {"value": distance, "low": low, "high": high},
            "themes": protocol.theme_distances(values, real, THEMES),
            "alarms": asdict(protocol.estimate(Sample(raised, songs))),
            **{metric: asdict(protocol.estimate(samples[metric])) for metric in _SHOWN},
        }
    low, high = protocol.interval(draws["samples"] - draws["midpoints"])
    word = protocol.BEATS if low > 0 else protocol.LOSES if high < 0 else protocol.TIED
    result["midpoints against samples"] = {"low": low, "high": high, "verdict": word}
    result["ends"] = _fidelity(pairs, ways)
    return result


def _fidelity(pairs: Sequence[tuple[Window, Window]], ways: Sequence[Sequence[Music]]) -> dict[str, Any]:
    """Onset F1 of the first and the last step against their sources, by role and as the mean of the roles."""
    ends = [
        (pair[side], way[place]) for pair, way in zip(pairs, ways, strict=True) for side, place in ((0, 0), (1, -1))
    ]
    songs = [window.song for window, _ in ends]
    rows = {
        role: [onset_f1(window.music, copy, role) if window.music.notes(role) else np.nan for window, copy in ends]
        for role in ROLE_NAMES
    }
    rows["all"] = [1 - change(window.music, copy) for window, copy in ends]
    return {role: asdict(protocol.estimate(Sample(np.array(values), songs))) for role, values in rows.items()}


def tables(report: dict[str, Any]) -> str:
    """The report as Markdown."""

    def show(value: dict[str, float], scale: int = 1) -> str:
        return " ".join(
            [f"{scale * value['value']:.3g}", f"({scale * value['low']:.3g} to {scale * value['high']:.3g})"]
        )

    vary, morph, keep = report["variation"], report["morph"], report["kept"]
    lines = ["| strength | change | rise | latent distance | rise |", "|---|---|---|---|---|"]
    for i, strength in enumerate(vary["strengths"]):
        cells = [
            text
            for kind in ("change", "distance")
            for text in (show(vary[kind]["means"][i]), show(vary[kind]["rises"][i - 1]) if i else "")
        ]
        lines.append(f"| {strength:g} | " + " | ".join(cells) + " |")
    lines += [
        "",
        f"{vary['pieces']} windows of {vary['songs']} songs; only rebuilt: {show(vary['only rebuilt'])}. "
        f"Rises with every step: {vary['change']['monotone']}, {vary['distance']['monotone']}; in every single piece: "
        f"{vary['change']['pieces']:.0%}, {vary['distance']['pieces']:.0%}.",
        f"Kept cells: {keep['cells']}, changed: {keep['changed']}.",
        "",
        f"| {morph['pairs']} pairs | distance to songs | " + " | ".join(THEMES) + " | alarms, % | "
        f"{' | '.join(_SHOWN)} |",
        "|" + "---|" * (3 + len(THEMES) + len(_SHOWN)),
    ]
    for name, found in morph["sets"].items():
        cells = [show(found["distance"]), *(f"{found['themes'][theme]:.3f}" for theme in THEMES)]
        cells += [show(found["alarms"], 100), *(show(found[metric]) for metric in _SHOWN)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    apart_ = morph["midpoints against samples"]
    lines += [
        "",
        f"Midpoints against samples: {apart_['verdict']} (samples' distance less theirs: {apart_['low']:.3f} to "
        f"{apart_['high']:.3f}).",
        "",
        "| ends | " + " | ".join(morph["ends"]) + " |",
        "|" + "---|" * (1 + len(morph["ends"])),
        "| onset F1 | " + " | ".join(show(value) for value in morph["ends"].values()) + " |",
    ]
    return "\n".join(lines)


def run(data: Path, name: str, count: int, pairs: int, temperature: float) -> dict[str, Any]:
    """Everything of the docstring above, for one model.

    Raises:
        MusicgenError: no data set, no such model, one that cannot change pieces, or no test songs that are long enough.
    """
    dataset = Dataset.open(data)
    composer = open_model(name, dataset)
    if not hasattr(composer, "morph"):
        raise MusicgenError(f"Expected a model that can change a piece. Received: {name}, which only generates.")
    test = windows(dataset, "test", count)
    wide = windows(dataset, "test", 3 * pairs, seed=1)
    reference = windows(dataset, "valid", REFERENCE, seed=2)
    return {
        "model": composer.identity,
        "variation": variation(composer, test),
        "kept": kept(composer, test),
        "morph": morphs(composer, pairs_of(wide, pairs), reference, temperature),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="vae")
    parser.add_argument("--data", type=Path, required=True, help="a folder made by prepare")
    parser.add_argument("--count", type=int, default=70, help="windows to vary")
    parser.add_argument("--pairs", type=int, default=100, help="pairs to morph")
    parser.add_argument("--temperature", type=float, default=DEFAULT_TEMPERATURE, help="of the samples")
    parser.add_argument("--out", type=Path, help="a JSON file")
    options = parser.parse_args()
    try:
        report = run(options.data, options.model, options.count, options.pairs, options.temperature)
    except MusicgenError as error:
        parser.exit(2, f"{error}\n")
    if options.out is not None:
        write(options.out, (json.dumps(report, indent=1) + "\n").encode())
    print(report["model"])
    print(tables(report))


if __name__ == "__main__":
    main()
