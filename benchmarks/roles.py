"""How often does `band.assign_roles` give a track the role that a person gave it?

    python -m benchmarks.roles --corpus ../shared/corpus

docs/role-check.csv holds one letter a track for each of its files, in the order of `read_score`: m melody, c chords,
p pad, b bass, d drums, - none of them (sound effects, timpani, a single note), ? could be more than one, not counted.
They were judged from a table of each track's name, program, register, polyphony, density, note length and share of
bars, without hearing the files and without seeing what the program says.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from pathlib import Path

from musicgen.corpus.band import assign_roles
from musicgen.corpus.sources import SOURCE_BY_NAME, iter_files
from musicgen.midi_reading import read_score

LETTERS = {"m": "melody", "c": "chords", "p": "pad", "b": "bass", "d": "drums", "-": "none"}
NEW = "freedoom-history/"
"""Songs that no rule was made with."""
CHECK = Path(__file__).parent.parent / "docs" / "role-check.csv"


def judged(corpus: Path) -> list[tuple[str, int, str, str]]:
    """(song, track, role by a person, role by the program) of each track that was judged; "none" for no role."""
    with CHECK.open() as file:
        rows = {row["song"]: row["roles"] for row in csv.DictReader(file)}
    files = {
        song: data
        for name in sorted({song.split("/")[0] for song in rows})
        for song, data in iter_files(SOURCE_BY_NAME[name], corpus)
        if song in rows
    }
    result = []
    for song, letters in rows.items():
        score = read_score(files[song])
        roles = assign_roles(score.tracks, score.end)
        if len(letters) != len(score.tracks):
            continue  # judged when the reader put its channels together in another way
        for index, (letter, track) in enumerate(zip(letters, score.tracks, strict=True)):
            if letter != "?":
                found = next((role for role, tracks in roles.items() if any(t is track for t in tracks)), "none")
                result.append((song, index, LETTERS[letter], found))
    return result


def accuracy(corpus: Path, since: bool | None = None) -> tuple[list[list[object]], int, int]:
    """Rows of (role, tracks, share of them found, share right of those given it), and numbers of files and tracks.

    Args:
        corpus: the folder of the archives.
        since: only what came to the corpus since the rules were made (`NEW`), or only what was there before.
    """
    rows = [row for row in judged(corpus) if since is None or row[0].startswith(NEW) == since]
    pairs = Counter((row[2], row[3]) for row in rows)
    result: list[list[object]] = []
    for role in LETTERS.values():
        asked = sum(count for (truth, _), count in pairs.items() if truth == role)
        given = sum(count for (_, found), count in pairs.items() if found == role)
        right = pairs[role, role]
        result.append([role, asked, f"{right / max(asked, 1):.1%}", f"{right / max(given, 1):.1%}"])
    for name, chosen in (("all", rows), ("all but drums", [row for row in rows if row[2] != "drums"])):
        share = sum(row[2] == row[3] for row in chosen) / len(chosen)
        result.append([name, len(chosen), f"{share:.1%}", f"{share:.1%}"])
    return result, len({row[0] for row in rows}), len(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="the folder of the archives")
    parser.add_argument("--errors", action="store_true", help="list the tracks on which they differ")
    options = parser.parse_args()
    result, files, tracks = accuracy(options.corpus)
    print(f"{files} files, {tracks} tracks")
    for row in [["role", "tracks", "found", "right when given"], *result]:
        print(f"{row[0]:14} {row[1]:>7} {row[2]:>7} {row[3]:>17}")
    if options.errors:
        for song, index, truth, found in judged(options.corpus):
            if truth != found:
                print(f"{song} track {index}: {truth}, given {found}")


if __name__ == "__main__":
    main()
