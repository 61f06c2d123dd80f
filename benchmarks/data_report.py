"""docs/data.md and its pictures, from a prepared data set.

    python -m benchmarks.data_report --data data --corpus ../shared/corpus --out docs --seconds 1500 --cores 2

`--corpus` adds the accuracy of the roles (see `roles`), `--seconds` how long `prepare` took on how many `--cores`.
"""

from __future__ import annotations

import argparse
import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.roles import accuracy
from musicgen.corpus.cleaning import STEPS
from musicgen.corpus.dataset import SPLITS, Dataset, Piece
from musicgen.corpus.reading import AGREEMENT
from musicgen.corpus.reasons import REASONS
from musicgen.corpus.sources import SOURCE_BY_NAME
from musicgen.heard import NONE
from musicgen.music import METRES
from musicgen.roles import ROLE_NAMES, STYLE_BY_NAME, STYLE_NAMES
from musicgen.rolls import draw

WINDOW = 4
EXAMPLES = 12
FEW = 10
"""Songs below which a style is hardly heard in a metre."""
EXAMPLE_BARS = 8

HEAD = """# The training data

Written by `benchmarks/data_report.py`; change that, not this. `python -m musicgen prepare --corpus FOLDER --out data`
makes the data set: it reads the archives, cleans, arranges, splits by song, labels and encodes{took}. `--source` takes
some of the sources, or `folder:PATH`, a folder of MIDI files of yours; `--download` brings archives that are missing.
Stopped, the same command goes on where it was.

All of it is in the public domain or under a licence that allows this use; `ATTRIBUTION.md`, beside the data, goes into
every model card. None of the files is in this repository.
"""

HOW = """
## How the music is made

- **Metres**: a song is read in 4/4, 3/4 or 6/8, and each stretch of eight bars or more that keeps to one metre is a
  piece (`corpus/metres.py`). 2/2 is 4/4, and two bars of 2/4 make one. 12/8 and 9/8 are read as what they are heard
  as, four and three beats with triplets; two bars of 3/8 make one of 6/8. 4/2, 3/2 and 6/4 are halved. A style and
  metre with fewer than {least} songs is marked.
- **Band music** (freedoom, freedoom-history, simutrans, blasphemer): each track gets a role from its program, name,
  register, polyphony, note density and length (`corpus/band.py`, `role_scores`). Where several tracks
  fit a role, each bar takes the best-ranked one that begins a note in it; drum tracks are merged.
- **Songs with piano** (lieder): the voice is the melody; the piano is chords and, at the bottom of the left hand,
  bass. **Chorales**: soprano, inner voices and bass as melody, pad and bass, with the durations of music21's corpus.
  **Hymns** (openhymnal, ABC): the same. **Engraved scores** (mutopia, MIDI files of LilyPond): the voice, or else the
  top of the highest staff, is the melody. Such files begin with their first note; the bar line before a pickup is
  where long notes and basses begin, and pieces in which another place is nearly as likely are left out
  (`corpus/engraved.py`).
- **Lead sheets**: melody and chords, set with MMA in grooves of the song's metre, {grooves} in all
  (`corpus/grooves.py`, `corpus/bands.py`), in several styles. Those of one song in one style count as one piece in
  training. OpenEWLD has chord symbols; repeats and endings are played out; songs that may be from after 1930 are left
  out (`corpus/rights.py`). Lieder, chorales, hymns and engraved scores make lead sheets too, of the melody and the
  likeliest chords of their notes, unless those change more than twice a bar (`corpus/charts.py`). Fiddle tunes (ryan,
  oneill, aird) have none; they get the likeliest chords by what fits the notes and by how chords follow one another
  in hymns, and count half in training. On melodies of validation and test hymns the roots of such chords are the
  hymns' own in 58 % of the halves of bars. A song that ends has a last chord that the band strikes together and
  holds. {drummers} arrangements have a human drummer's groove of their style, and of their split, from the Groove
  MIDI Dataset.
- **Splits** are by a hash of the song's id, so that they stay the same whatever is added, and all arrangements of a
  song are in one. The chorales have the 229/76/77 split of the JSB data, whose pieces have no names:
  `tools/jsb_split.py` found all but 8 of them among music21's chorales, by their notes; 18 that are not in it have
  the split of their hash.
- A song that **repeats** another is left out, in any key and across sources: one that has all its notes, or half of
  its melody's 8-grams of interval and time between onsets; or, where the two would be in different splits, three
  tenths of its melody's runs of twelve intervals, which finds a tune in another metre and to other words too
  (`corpus/duplicates.py`). So 27 chorales are left out that the first data set had: Bach set their tunes twice, and the
  JSB data have one setting to train with and the other to test with.
"""

LABELS = """
## Labels

Beside the notes, for each bar (`corpus/labels.py`): the chord of each half bar; the key of the four bars from there,
with a confidence; the form, in sections of four bars (A, B, A'); and for each role its density, register, polyphony
and syncopation. For each arrangement: style, source, song, key, tempo, programs, and which of tempo, metre and key
the file did not say. In arrangements of lead sheets the chords are those of the sheet, elsewhere they are estimated:
chord templates on the sounding time of each pitch class, and a little more for what the bass plays. The halves of a
bar of 3/4 are two beats and one.

`edges` says in which bar the song begins and in which it ends: a window of it does so too if it has that bar.
The music of games begins again where it stops, and has no end.
`sections` has the number of the section that the song's own marks (double bars, repeats, rehearsal letters) put each
bar in, the same where they bring it back, in {marked} of {bars} bars; the others have no marks.
"""


SCORES = 250_000
CLUSTERS = (2, 16, 64)
HANDED_OUT = 0.004
"""Seconds of CPU time that the process of the command itself needs for a job: 1 to 4 ms were measured."""
HELD = 41e-6
"""GB that it holds of a score until all are read: 13 kB of file and 28 kB of what came of it, measured with lieder."""

AT_SCALE = """
## At scale

`prepare`, `generate --count`, `evaluate` and `index` hand their work out in jobs (`musicgen/cluster.py`, with Dask): to
processes of this machine, one a core, or to the workers of a cluster, and the bytes are the same. On a larger machine
there is nothing to change; for several machines the command gets one more argument:

    dask scheduler --port 8786                                      # on one of them
    dask worker tcp://HOST:8786 --nworkers 8 --nthreads 1           # on each of eight cores
    python -m musicgen prepare --corpus FOLDER --out data --scheduler tcp://HOST:8786

Workers need this version of musicgen and, for lead sheets, MMA. `prepare` sends them the files; `evaluate` and `index`
read the data set, and models that are folders, at the same paths on every machine. A worker that dies in the middle of
a job costs time only; a file that kills every worker that reads it is left out, with that reason.

What was measured here: {files:,} files in {seconds:,.0f} s on {cores} cores, {each:.2f} s of a core for each, all its
arrangements included. So {scores:,} scores like these would take {hours:.0f} hours of a core:

{table}
The process of the command needs {share:.0f} minutes of its own for that, at {ms:.0f} ms a job, however many workers
there are. It also holds what came of every score until the end: {memory:.0f} GB for {scores:,}. Arranging lead sheets
in sixteen grooves, as here, multiplies both; scores that are read as they are need .1 to .25 s of a core.
"""


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; numbers get thousands separators and stand on the right."""
    text = [[f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row] for row in rows]
    right = [
        bool(rows) and all(isinstance(row[i], (int, float)) or "%" in str(row[i]) for row in rows)
        for i in range(len(head))
    ]
    rule = ["---:" if r else "---" for r in right]
    return "\n".join("| " + " | ".join(line) + " |" for line in [list(head), rule, *text]) + "\n"


class Windows:
    """Four-bar windows at one-bar hop: how many, how many different ones, in how many each role plays."""

    def __init__(self, data: Dataset) -> None:
        offsets, notes = data.offsets, data.notes
        self.bars = [
            hashlib.blake2b(np.asarray(notes[a:b]).tobytes(), digest_size=8).digest()
            for a, b in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)
        ]
        plays = np.zeros((len(self.bars), len(ROLE_NAMES)), bool)
        plays[np.repeat(np.arange(len(self.bars)), np.diff(offsets)), np.asarray(notes[:, 0])] = True
        self.plays = plays

    def of(self, pieces: Sequence[Piece]) -> tuple[int, int]:
        """Windows and different windows (in C major or A minor) of some pieces; silent ones do not count."""
        seen: set[bytes] = set()
        count = 0
        for piece in pieces:
            for first in range(piece.start, piece.start + piece.bars - WINDOW + 1):
                if self.plays[first : first + WINDOW].any():
                    count += 1
                    seen.add(b"".join(self.bars[first : first + WINDOW]))
        return count, len(seen)

    def share(self, pieces: Sequence[Piece], role: int) -> float:
        """Share of windows in which a role plays."""
        here = [
            self.plays[first : first + WINDOW, role].any()
            for piece in pieces
            for first in range(piece.start, piece.start + piece.bars - WINDOW + 1)
        ]
        return float(np.mean(here)) if here else 0.0


def sizes(data: Dataset, windows: Windows, name: str, values: Sequence[str]) -> str:
    """Songs, arrangements, bars and windows by a field of the pieces, and of all of them."""
    rows: list[list[object]] = []
    for value in [*values, "all"]:
        pieces = [piece for piece in data.pieces if value in ("all", getattr(piece, name))]
        if pieces:
            songs, bars = len({piece.song for piece in pieces}), sum(piece.bars for piece in pieces)
            rows.append([value, songs, len(pieces), bars, *windows.of(pieces)])
    return table([name, "songs", "arrangements", "bars", "four-bar windows", "different"], rows)


def styles_by_metre(data: Dataset) -> str:
    """Songs of each style in each metre; with a star where they are too few to learn from."""
    rows: list[list[object]] = []
    for style in STYLE_NAMES:
        songs = [len({p.song for p in data.pieces if (p.style, p.metre) == (style, metre)}) for metre in METRES]
        rows.append([style, *(f"{count}{' *' if count < FEW else ''}" for count in songs)])
    return table(["songs of style", *METRES], rows)


def counts(title: str, by_source: dict[str, dict[str, int]], meaning: dict[str, str]) -> str:
    """Rows of what happened, columns of sources."""
    total: Counter[str] = Counter()
    for found in by_source.values():
        total.update(found)
    sources = [name for name in by_source if by_source[name]]
    rows = [
        [meaning.get(what, what), *(by_source[source].get(what, 0) for source in sources), total[what]]
        for what, _ in total.most_common()
    ]
    return table([title, *sources, "all"], rows)


def examples(data: Dataset, windows: Windows, out: Path) -> list[Path]:
    """Rolls of eight bars of test songs, one of each style, six a picture."""
    rng = np.random.default_rng(1)
    pieces, titles = [], []
    for style in STYLE_NAMES:
        found = [piece for piece in data.split("test") if piece.style == style and piece.bars >= EXAMPLE_BARS]
        if not found or len(pieces) == EXAMPLES:
            continue
        piece = found[int(rng.integers(len(found)))]
        starts = range(piece.bars - EXAMPLE_BARS + 1)
        first = max(starts, key=lambda s: int(windows.plays[piece.start + s : piece.start + s + EXAMPLE_BARS].sum()))
        pieces.append(data.music(piece, first, EXAMPLE_BARS))
        titles.append(f"{STYLE_BY_NAME[style].label}: {Path(piece.song).stem} ({piece.source}), from bar {first + 1}")
    paths = []
    for start in range(0, len(pieces), EXAMPLES // 2):
        paths.append(out / f"data-{len(paths) + 1}.png")
        draw(pieces[start : start + EXAMPLES // 2], titles[start : start + EXAMPLES // 2], paths[-1])
    return paths


def roles(corpus: Path) -> str:
    head = ["role", "tracks", "found", "right when given"]
    before, files, tracks = accuracy(corpus, since=False)
    after, new_files, new_tracks = accuracy(corpus, since=True)
    return (
        f"""
## How often the roles are right

{files} band files, {tracks} tracks, judged by hand from a table of what each track plays, without hearing them and
before seeing what the program says (`docs/role-check.csv`); tracks that could be more than one role are not counted.
When the rules were changed, only the errors in every second file were looked at.
`python -m benchmarks.roles --corpus FOLDER` measures it.

"""
        + table(head, before)
        + f"""
The same for {new_files} files of freedoom-history, {new_tracks} tracks, which no rule was made with:

"""
        + table(head, after)
    )


CHORDS = """
## How often the chords are right

Where the chord is known, that is in arrangements, the estimate has its root in {root:.1%} of {known:,} halves of
bars, and its root and third in {third:.1%}.

Thirty places of the new sources were judged by hand, from the notes alone and before seeing what the program says
(`docs/chord-check.csv`, in C major or A minor; where two chords share the place, or both would do, either is right).
In hymns 9 of 10 roots are right, in lieder 7 of 8 (two places have too few notes to tell), in fiddle tunes, whose
chords are found and not heard, 15 of 20.
"""


def at_scale(manifest: dict[str, Any], seconds: float, cores: int) -> str:
    """What many more scores would take, from what these took."""
    kept = sum(found["songs"] for found in manifest["kept"]["by source"].values())
    files = kept + sum(sum(reasons.values()) for reasons in manifest["dropped"].values())
    each = seconds * cores / files
    rows = [[count, f"{SCORES * each / 3600 / count:.1f}"] for count in CLUSTERS]
    return AT_SCALE.format(
        files=files, seconds=seconds, cores=cores, each=each, scores=SCORES, hours=SCORES * each / 3600,
        table=table(["cores", "hours"], rows), share=SCORES * HANDED_OUT / 60, ms=1000 * HANDED_OUT,
        memory=SCORES * HELD,
    )  # fmt: skip


def report(data: Dataset, out: Path, corpus: Path | None, seconds: float | None, cores: int = 2) -> str:
    """The whole text; draws the pictures into `out`."""
    windows, manifest = Windows(data), data.manifest
    took = "" if seconds is None else f" in {seconds / 60:.0f} minutes"
    parts = [HEAD.format(took=took), "\n## Sources\n"]
    used = [name for name in SOURCE_BY_NAME if name in manifest["kept"]["by source"] or name == "gmd"]
    rows = [[s.name, s.title, s.licence, s.address] for s in (SOURCE_BY_NAME[name] for name in used)]
    parts += [table(["source", "what", "licence", "where"], rows), "\n## What came out\n"]
    parts += [sizes(data, windows, "source", used)]
    parts += [sizes(data, windows, "style", STYLE_NAMES), sizes(data, windows, "metre", tuple(METRES))]
    parts += [sizes(data, windows, "split", SPLITS), styles_by_metre(data)]
    shares = [
        [role, manifest["kept"]["bars by role"][role], f"{windows.share(data.pieces, i):.0%}"]
        for i, role in enumerate(ROLE_NAMES)
    ]
    parts += [table(["role", "bars of arrangements that have it", "windows in which it plays"], shares)]
    parts.append(
        "Windows overlap, at one-bar hop; two are different if any note is, in C major or A minor. The arrangements\n"
        "of a song share its melody: what a model learns of tunes, it learns from the songs.\n"
    )
    drummers = manifest.get("human drum grooves used", 0)
    parts.append(HOW.format(grooves=manifest.get("grooves", 0), drummers=drummers, least=FEW))
    parts += ["\n## What was left out, and why\n", counts("files", manifest["dropped"], REASONS)]
    if manifest.get("cleaned"):
        parts += ["\n## What was mended\n", counts("step", manifest["cleaned"], {step: step for step in STEPS})]
    sections = data.labels["sections"]
    parts.append(LABELS.format(marked=f"{int((sections != NONE).sum()):,}", bars=f"{len(sections):,}"))
    heard = manifest.get("chords heard")
    if heard:
        known, root, third = (heard[name] for name in AGREEMENT)
        parts.append(CHORDS.format(root=root / known, known=known, third=third / known))
    if corpus is not None:
        parts.append(roles(corpus))
    if seconds is not None:
        parts.append(at_scale(manifest, seconds, cores))
    parts.append("\n## Twelve examples\n\nEight bars each of test songs, one of each style.\n")
    parts += [f"\n![Piano rolls]({path.name})\n" for path in examples(data, windows, out)]
    return "\n".join(part.strip("\n") + "\n" for part in parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    text = report(Dataset.open(options.data), options.out, options.corpus, options.seconds, options.cores)
    (options.out / "data.md").write_text(text)
    print(options.out / "data.md")


if __name__ == "__main__":
    main()
