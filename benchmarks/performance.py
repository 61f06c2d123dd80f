"""docs/performance.md: how near `musicgen.performance` comes to drummers that it has not learned from.

python -m benchmarks.performance --corpus ../shared/corpus --out docs
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import wasserstein_distance

from benchmarks.data_report import table
from musicgen import performance
from musicgen.corpus.dataset import split_of
from musicgen.corpus.played import HELD_OUT, Take, read_drummers
from musicgen.music import TICKS_PER_BAR, TICKS_PER_QUARTER
from musicgen.performance import DRUM_GROUPS, GROUPS, PHASES
from musicgen.roles import STYLE_NAMES
from musicgen.training.performing import Notes, played, training_takes

HEAD = """# How people play

Written by `benchmarks/performance.py`; change that, not this. Notes are made, kept and shown on a grid of twelve
ticks a quarter note. How they are played is another matter (`musicgen/performance.py`): `humanise`, 0 to 100 per
cent, moves each note off the grid and changes its loudness as people do; `swing`, 50 (straight) to 67 (triplets),
says where the second half of a beat begins. Both are fields of a `Request` and of a `Mix`, two numbers in the page's
mixer, arguments of the API, and `--humanise` and `--swing` on the command line:

    python -m musicgen generate --style funk --humanise 40 --swing 54 --out song.mid

- **0 is the grid**, to the byte what it was before there was this; so are recipes and links that say nothing of it.
- **The grid is never lost.** A file that is humanised holds its notes on the grid too, with a digest of those that
  sound: brought back, it is the piece that it was, recipe and all. If somebody has changed a note since, it is read
  as what it sounds.
- **The same seed plays the same.** A bar that two versions of a piece share is played alike in both. No note leaves
  the piece, so that loops stay exact in length.
- **Swing** moves straight eighths and sixteenths alone: what is in triplets already stays, and so does 6/8, whose
  beats are triple.

## What is learned

`python -m musicgen.training.performing --corpus FOLDER` makes the table `musicgen/performance.json` ({size:.1f} kB)
from {takes} takes with {notes:,} notes: those of {drummers} drummers of the Groove MIDI Dataset whose takes are in
the training split, and tracks of Simutrans' band files that were played in. A track counts as played in where its
notes are off the grid but follow the beat, and lie about their place as people's do. The last matters: in some thirty
files of Freedoom's history every note is off the grid, but spread evenly over less than 20 ms: a program's doing.

How late a note is, and how much louder than its like, is a mean and a spread. Both are sums of small tables: of what
plays (ten groups of drums, four roles), of the place in the bar (three kinds of beat, twelve places within each, so
that every metre can be told), of the style, and of the tempo (spread only; in milliseconds it shrinks as the tempo
grows). How alike deviations are is learned too: what stays the same throughout a piece, at a place in the beat or for
an instrument in the bar, what drifts over bars, what notes of a chord share. Where notes differ in loudness already,
as our models' do, less is added: together they differ as much as people's.

{pitched}

## What a new piece gets

On the page 40 per cent, but 0 in dance and game music, whose like is made by machines; elsewhere (Python, API,
command line) 0, as notes that are to be worked on belong on the grid. Nobody has listened to choose the 40; the
reasons are these. Listeners rated the groove of swing and funk as high on the grid as with the timing of the players,
and lower where that was exaggerated (Senn et al., Frontiers in Psychology 7:1487, 2016); experts moved most to it at
40 per cent of what was played (Kilchenmann and Senn, Frontiers in Psychology 6:1232, 2015). So more than people's is
a mistake and less is none. And our drummers' deviations hold what the quantiser took for another place. In what is
heard, the time from one hit to the next, 80 per cent is nearest to them (the last table): the most that seems wise.

## How near it comes

Three drummers are held out ({held_out}). Each of their takes is put on the grid, each group of drums at one loudness,
its mean in the take, and performed at 100 per cent. The tables give Wasserstein distances from what was really
played, as means over the three drummers: of the *grid* with one loudness; of *chance*, a normal distribution as wide
as all drummers that were learned from, the same for every note; of what is *performed*; and of *other drummers* who
play the same in the same styles, which is as near as one person is to another. What delays a whole take is left out.

Performed takes are mostly as near to the held-out drummers as other drummers are, or nearer. Chance, once it is as
wide as people, is as near where all notes are taken together, and nearer for crashes; it is not where the table looks
at one place in the beat or at most drums. What is played four bars later is less like it than with people: what a
person keeps up for minutes is only partly learned. And a distance says how wide, early and loud, not how well.

"""
LEAST = 200
"""Notes of a drummer in a row of the table."""
_NAMES = {
    0: "on the beat",
    3: "first off-beat sixteenth",
    6: "half beat",
    9: "last sixteenth",
    4: "triplets",
    8: "triplets",
}


class Deviations:
    """Notes, with the player of each."""

    def __init__(self, takes: Sequence[Take]) -> None:
        self.notes = Notes(takes)
        self.player = np.array([take.player for take in takes])[self.notes.take]

    def values(self, what: str, here: np.ndarray) -> np.ndarray:
        return (self.notes.late if what == "timing" else self.notes.louder)[here]


def row(
    what: str, keep: Callable[[Notes], np.ndarray], real: Deviations, ours: Deviations, others: Deviations
) -> list[object] | None:
    """Distances of a part of the notes: notes, grid, chance, ours, floor."""
    spread = float(others.values(what, np.ones(len(others.player), bool)).std())
    found = []
    for player in HELD_OUT:
        here = keep(real.notes) & (real.player == player)
        if here.sum() < LEAST:
            continue
        target = real.values(what, here)
        styles = np.unique(real.notes.style[here])
        floor = []
        for other in np.unique(others.player):
            same = keep(others.notes) & (others.player == other) & np.isin(others.notes.style, styles)
            if same.sum() >= LEAST:
                floor.append(wasserstein_distance(target, others.values(what, same)))
        chance = np.random.default_rng(0).normal(0, spread, len(target))
        found.append([
            len(target), wasserstein_distance(target, [0.0]), wasserstein_distance(target, chance),
            wasserstein_distance(target, ours.values(what, here)), np.mean(floor) if floor else np.nan,
        ])  # fmt: skip
    if not found:
        return None
    return [int(sum(each[0] for each in found)), *np.nanmean(np.array(found, float)[:, 1:], axis=0)]


def likeness(deviations: Deviations, what: str, bars: float) -> float:
    """Correlation of what is played at a place with what is played there so many bars later."""
    notes = deviations.notes
    value = notes.late if what == "timing" else notes.louder
    key = notes.take.astype(np.int64) * 10**7 + notes.onset
    places, which = np.unique(key, return_inverse=True)
    mean = np.bincount(which, value) / np.bincount(which)
    later = places + round(bars * TICKS_PER_BAR)
    at = np.minimum(np.searchsorted(places, later), len(places) - 1)
    pairs = places[at] == later
    return float(np.corrcoef(mean[pairs], mean[at[pairs]])[0, 1])


def between_hits(takes: Sequence[Take]) -> np.ndarray:
    """Milliseconds by which the time from each hit to the next, at most a beat later, differs from the grid's."""
    found = []
    for take in takes:
        ticks, which = np.unique([note.onset for note in take.notes], return_inverse=True)
        late = np.bincount(which, take.late) / np.bincount(which)
        found.append(np.diff(late)[np.diff(ticks) <= TICKS_PER_QUARTER])
    return np.concatenate(found)


def amounts(takes: Sequence[Take]) -> str:
    """The table of how much is as much as drummers do: of takes of drummers learned from that are no training takes."""
    chosen = [take for take in takes if take.player not in HELD_OUT and split_of(take.name) != "train"]
    real, hits = Notes(chosen), between_hits(chosen)
    rows = []
    for humanise in range(0, 101, 20):
        performed = [played(take, humanise) for take in chosen]
        notes = Notes(performed)
        distances = (
            wasserstein_distance(real.late, notes.late),
            wasserstein_distance(hits, between_hits(performed)),
            wasserstein_distance(real.louder, notes.louder),
        )
        rows.append([f"{humanise} %", *(f"{distance:.1f}" for distance in distances)])
    return "\n## How much is as much as drummers do\n\n" + table(
        ["humanise", "from the grid, ms", "from one hit to the next, ms", "loudness, velocity"], rows
    )


def head() -> str:
    """What the tables are about."""
    path = Path(performance.__file__).with_name("performance.json")
    learned = json.loads(path.read_text())["learned from"]
    by_group = learned["notes by group"]
    counts = ", ".join(f"{name} {by_group[name]:,}" for name in GROUPS[len(DRUM_GROUPS) :])
    pitched = (
        f"The roles that have pitches rest on little ({counts} notes), most of it one composer's\n"
        "keyboard. Their places in the bar in a style are those of the drummers of that style."
    )
    return HEAD.format(
        size=path.stat().st_size / 1000, takes=learned["takes"], notes=learned["notes"], pitched=pitched,
        drummers=sum(player.startswith("drummer") for player in learned["players"]), held_out=", ".join(HELD_OUT),
    )  # fmt: skip


def report(takes: Sequence[Take]) -> str:
    """The tables, as Markdown."""
    held_out = [take for take in takes if take.player in HELD_OUT]
    real, ours = Deviations(held_out), Deviations([played(take) for take in held_out])
    others = Deviations(training_takes(takes))
    parts = []
    kinds: list[tuple[str, Callable[[Notes], np.ndarray]]] = [("all", lambda notes: np.ones(len(notes.take), bool))]
    kinds += [(name, lambda notes, i=i: notes.group == i) for i, name in enumerate(GROUPS[: len(DRUM_GROUPS)])]
    kinds += [(name, lambda notes, i=i: notes.style == i) for i, name in enumerate(STYLE_NAMES)]
    kinds += [
        (name, lambda notes, n=name: np.isin(notes.place % PHASES, [p for p, what in _NAMES.items() if what == n]))
        for name in dict.fromkeys(_NAMES.values())
    ]
    for what, unit in (("timing", "ms"), ("loudness", "velocity")):
        rows = []
        for name, keep in kinds:
            found = row(what, keep, real, ours, others)
            if found is not None:
                rows.append([name, found[0], *(f"{value:.1f}" for value in found[1:])])
        parts.append(f"## {what.capitalize()}, {unit}\n")
        parts.append(table(["notes", "held out", "grid", "chance", "performed", "other drummers"], rows))
    rows = [
        [f"{what}, {name}", *(f"{likeness(each, what, bars):.2f}" for each in (real, ours, others))]
        for what in ("timing", "loudness")
        for name, bars in (("a beat later", 0.25), ("a bar later", 1), ("four bars later", 4))
    ]
    parts.append("## How alike what is played is to what is played later\n")
    parts.append(table(["correlation", "held-out drummers", "performed", "drummers learned from"], rows))
    return "\n".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="the folder of the archives")
    parser.add_argument("--out", type=Path, required=True, help="the folder of performance.md")
    options = parser.parse_args()
    takes = list(read_drummers(options.corpus))
    text = head() + report(takes) + amounts(takes)
    (options.out / "performance.md").write_text(text)
    print(options.out / "performance.md")


if __name__ == "__main__":
    main()
