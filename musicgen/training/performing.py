"""`python -m musicgen.training.performing --corpus FOLDER`: how people play, as the table of `musicgen/performance.py`.

Learned from the drummers of the Groove MIDI Dataset but for `played.HELD_OUT`, and from tracks of band files that were
played in; of both only from training songs (`dataset.split_of`). Means and log spreads are sums of tables, each fitted
to what the others leave and drawn to 0 where there are few notes (ridge regression by blocks).
"""

from __future__ import annotations

import argparse
import json
import os
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from musicgen.corpus.dataset import split_of
from musicgen.corpus.played import HELD_OUT, Take, read_bands, read_drummers
from musicgen.music import FOUR_FOUR, TICKS_PER_QUARTER, Music, Track
from musicgen.performance import (
    DRUM_GROUPS,
    GROUPS,
    NORMAL,
    PHASES,
    PLACES,
    USUAL_TEMPO,
    Habit,
    group_of,
    perform,
    place_of,
)
from musicgen.roles import STYLE_NAMES

MOST_NOTES = 400
"""A take counts as no more notes than this: a few are an hour long."""
DRAWN = 60.0
"""How many notes' worth every number is drawn to 0 by."""
ROUNDS = 12
CALIBRATIONS = 2
_LOG_OF_NORMAL = -0.635  # the mean of the logarithm of a standard normal number's size
_SHARES_BELOW = np.array([NormalDist().cdf(number) for number in NORMAL])
_DRUMS = np.arange(len(GROUPS)) < len(DRUM_GROUPS)


class Notes:
    """The notes of takes in columns, all of shape (notes,): what is known of each, how late it is, and how loud."""

    def __init__(self, takes: Sequence[Take]) -> None:
        self.take = np.repeat(np.arange(len(takes)), [len(take.notes) for take in takes])
        every = [(take, note) for take in takes for note in take.notes]
        self.group = np.array([group_of(take.role, note.pitch) for take, note in every])
        self.onset = np.array([note.onset for _, note in every])
        self.place = np.array([place_of(note.onset, FOUR_FOUR) for _, note in every])
        self.style = np.array([STYLE_NAMES.index(take.style) for take, _ in every])
        self.tempo = np.array([np.log2(take.tempo / USUAL_TEMPO) for take, _ in every])
        self.weight = np.array([min(1.0, MOST_NOTES / len(take.notes)) for take, _ in every])
        self.late = np.concatenate([take.late for take in takes])
        velocity = np.array([note.velocity for _, note in every], float)
        key = self.take * len(GROUPS) + self.group
        count = np.maximum(np.bincount(key), 1)
        self.louder = velocity - (np.bincount(key, velocity) / count)[key]
        """Than the mean of the take's notes of the group: how loud an instrument is as a whole is the mix's."""


def learn(takes: Sequence[Take]) -> dict[str, Any]:
    """The content of `performance.json`."""
    notes = Notes(takes)
    timing, loudness = _habit(notes, notes.late), _habit(notes, notes.louder)
    for _ in range(CALIBRATIONS):
        # what is the same throughout a take moves its mean, and so is no part of what was measured: make up for it
        again = Notes([played(take, learned=(timing, loudness)) for take in takes])
        timing = _as_wide(timing, notes, notes.late, again.late)
        loudness = _as_wide(loudness, notes, notes.louder, again.louder)
    return {
        "timing": timing.to_dict(),
        "loudness": loudness.to_dict(),
        "learned from": {
            "takes": len(takes), "notes": len(notes.take), "players": sorted({take.player for take in takes}),
            "notes by group": dict(zip(GROUPS, np.bincount(notes.group, minlength=len(GROUPS)).tolist(), strict=True)),
        },
    }  # fmt: skip


def on_grid(take: Take) -> Music:
    """A take on the grid, what is of one group at one loudness, its mean in the take."""
    groups = [group_of(take.role, note.pitch) for note in take.notes]
    loud = np.array([note.velocity for note in take.notes], float)
    mean = {group: round(float(loud[np.equal(groups, group)].mean())) for group in set(groups)}
    notes = tuple(note._replace(velocity=mean[group]) for note, group in zip(take.notes, groups, strict=True))
    bars = notes[-1].onset // FOUR_FOUR.ticks_per_bar + 1
    return Music((Track(take.role, 0, notes),), bars, take.tempo, style=take.style)


def played(take: Take, humanise: float = 100.0, learned: tuple[Habit, Habit] | None = None) -> Take:
    """A take as `performance.perform` plays what it is on the grid."""
    music = on_grid(take)
    written = music.notes(take.role)
    notes = perform(music, humanise, seed=zlib.crc32(take.name.encode()), learned=learned)[take.role]
    late = np.array([note.start - before.onset for note, before in zip(notes, written, strict=True)])
    late = late / TICKS_PER_QUARTER * 60e3 / take.tempo
    louder = tuple(before._replace(velocity=note.velocity) for note, before in zip(notes, written, strict=True))
    return replace(take, notes=louder, late=late - late.mean())


def _as_wide(habit: Habit, notes: Notes, real: np.ndarray, performed: np.ndarray) -> Habit:
    """The habit, the spread of each group as much wider as what was played is than what was performed."""
    change = np.zeros(len(GROUPS))
    for group in np.unique(notes.group):
        here = notes.group == group
        spreads = [np.sqrt(np.average(each[here] ** 2, weights=notes.weight[here])) for each in (real, performed)]
        change[group] = np.log(spreads[0] / spreads[1]) if min(spreads) > 0 else 0.0
    return replace(habit, spread_group=habit.spread_group + change)


def _habit(notes: Notes, value: np.ndarray) -> Habit:
    sizes = {"group": (len(GROUPS),), "group_place": (len(GROUPS), PLACES), "style_place": (len(STYLE_NAMES), PLACES),
             "style_group": (len(STYLE_NAMES), len(GROUPS))}  # fmt: skip
    keys = {"group": (notes.group,), "group_place": (notes.group, notes.place),
            "style_place": (notes.style, notes.place), "style_group": (notes.style, notes.group)}  # fmt: skip
    means, left = _fit(value, notes.weight, keys, sizes)
    drums = _DRUMS[notes.group]
    log = np.log(np.maximum(np.abs(left), 0.5)) - _LOG_OF_NORMAL
    base = np.where(drums, np.average(log[drums], weights=notes.weight[drums]), 0.0)
    if not drums.all():
        base[~drums] = np.average(log[~drums], weights=notes.weight[~drums])
    weight, tempo = notes.weight, notes.tempo
    slope = np.sum(weight * (log - base) * tempo) / (np.sum(weight * tempo**2) + DRAWN)
    parts, _ = _fit(
        log - base - slope * notes.tempo, notes.weight,
        {"spread_group": (notes.group,), "spread_style": (notes.style,), "spread_phase": (notes.place % PHASES,)},
        {"spread_group": (len(GROUPS),), "spread_style": (len(STYLE_NAMES),), "spread_phase": (PHASES,)},
    )  # fmt: skip
    of_group = np.array([base[drums][0] if is_drum or drums.all() else base[~drums][0] for is_drum in _DRUMS])
    empty = np.zeros(len(GROUPS))
    habit = Habit(
        **means, **parts | {"spread_group": parts["spread_group"] + of_group}, spread_tempo=np.array(slope),
        shape=np.zeros((len(GROUPS), len(NORMAL))), feel=empty, pattern=empty, slow=empty, together=empty,
    )  # fmt: skip
    spread = np.exp(habit.spread_group[notes.group] + habit.spread_style[notes.style]
                    + habit.spread_phase[notes.place % PHASES] + slope * notes.tempo)  # fmt: skip
    apart = left / spread
    shape = np.array([_quantiles(apart, notes, group) for group in range(len(GROUPS))])
    shares = [_shares(apart, notes, kind) for kind in (True, False)]
    feel, pattern, slow, together = (np.where(_DRUMS, a, b) for a, b in zip(*shares, strict=True))
    size = np.array([_size(row) for row in shape])
    shape, spread_group = shape / size[:, None], habit.spread_group + np.log(size)
    return Habit(
        **vars(habit)
        | {
            "shape": shape,
            "spread_group": spread_group,
            "feel": feel,
            "pattern": pattern,
            "slow": slow,
            "together": together,
        }
    )


def _fit(
    value: np.ndarray, weight: np.ndarray, keys: dict[str, tuple[np.ndarray, ...]], sizes: dict[str, tuple[int, ...]]
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Tables whose sum is nearest to the values, and what they leave."""
    flat = {name: np.ravel_multi_index(key, sizes[name]) for name, key in keys.items()}
    tables = {name: np.zeros(int(np.prod(size))) for name, size in sizes.items()}
    left = value.copy()
    for _ in range(ROUNDS):
        for name, table in tables.items():
            left += table[flat[name]]
            total = np.bincount(flat[name], weight * left, minlength=len(table))
            table[:] = total / (np.bincount(flat[name], weight, minlength=len(table)) + DRAWN)
            left -= table[flat[name]]
    return {name: table.reshape(sizes[name]) for name, table in tables.items()}, left


def _quantiles(apart: np.ndarray, notes: Notes, group: int) -> np.ndarray:
    """The shape of a group's deviations; that of all drums, or of all else, where it has few notes."""
    here = notes.group == group
    if here.sum() < 20 * len(NORMAL):
        here = _DRUMS[notes.group] == _DRUMS[group]
    if not here.any():
        here = np.ones(len(apart), bool)
    order = np.argsort(apart[here])
    share = np.cumsum(notes.weight[here][order])
    return np.interp(_SHARES_BELOW * share[-1], share, apart[here][order])


def _size(shape: np.ndarray) -> float:
    """Standard deviation of what a shape makes of standard normal numbers."""
    middle = np.array([NormalDist().inv_cdf(share) for share in (np.arange(1000) + 0.5) / 1000])
    return float(np.interp(middle, NORMAL, shape).std())


def _shares(apart: np.ndarray, notes: Notes, drums: bool) -> tuple[float, ...]:
    """Shares of the variance, `Habit.feel` and the next three, from how alike notes are that are so far apart."""
    here = _DRUMS[notes.group] == drums
    if not here.any():
        return 0.0, 0.0, 0.0, 0.0
    group, value = notes.group[here], np.clip(apart[here], -3, 3)
    key = notes.take[here].astype(np.int64) * 10**7 + notes.onset[here]
    variance = float(np.mean(value**2))

    def alike(ticks: int, of_group: int | None = None) -> tuple[float, int]:
        chosen = np.ones(len(key), bool) if of_group is None else group == of_group
        places, which = np.unique(key[chosen], return_inverse=True)
        mean = np.bincount(which, value[chosen]) / np.bincount(which)
        at = np.minimum(np.searchsorted(places, places + ticks), len(places) - 1)
        pairs = places[at] == places + ticks
        return float(np.sum(mean[pairs] * mean[at[pairs]])) / variance, int(pairs.sum())

    def average(found: Iterable[tuple[float, int]]) -> float:
        total, count = np.sum(list(found), axis=0)
        return float(total / count) if count > 100 else 0.0

    far = [FOUR_FOUR.ticks_per_bar * bars for bars in (4, 6, 8)]
    feel = float(np.clip(average(alike(ticks + beat) for ticks in far for beat in (12, 24, 36)), 0, 0.6))
    kept = average(alike(ticks, of_group) for ticks in far for of_group in np.unique(group))
    pattern = float(np.clip(kept - feel, 0, 0.9 - feel))
    slow = float(np.clip(average([alike(12)]) - feel, 0, 0.95 - feel - pattern))
    pairs = (key[1:] == key[:-1]) & ((group[1:] != group[:-1]) | (not drums))  # two strokes of one drum are a flam
    same = float(np.mean(value[1:][pairs] * value[:-1][pairs])) / variance if pairs.sum() > 100 else 0.0
    return feel, pattern, slow, float(np.clip(same - feel - slow, 0, 1 - feel - pattern - slow))


def training_takes(takes: Iterable[Take]) -> list[Take]:
    """Those that may be learned from."""
    return [take for take in takes if take.player not in HELD_OUT and split_of(take.name) == "train"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="the folder of the archives")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent.parent / "performance.json")
    options = parser.parse_args()
    takes = training_takes([*read_drummers(options.corpus), *read_bands(options.corpus)])
    table = learn(takes)
    temporary = options.out.with_name("tmp-" + options.out.name)
    temporary.write_text(json.dumps(table, separators=(",", ":")) + "\n")
    os.replace(temporary, options.out)
    print(options.out, json.dumps(table["learned from"], indent=1))


if __name__ == "__main__":
    main()
