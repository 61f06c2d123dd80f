"""A stopped `prepare` goes on where it was."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from musicgen.corpus import parts
from musicgen.corpus.dataset import split_of
from musicgen.corpus.duplicates import Signature
from musicgen.corpus.encoding import encode
from musicgen.corpus.grooves import GROOVES
from musicgen.corpus.leadsheets import LeadSheet
from musicgen.corpus.prepare import _by_style, _plans, prepare
from musicgen.corpus.reading import Outcome, Reading, work
from musicgen.corpus.sources import SOURCE_BY_NAME
from musicgen.music import THREE_FOUR, Key, Music, Note, Track
from tests.little_corpus import band_file

JOBS = [Reading(f"song {i}", "band", band_file(i) if i != 1 else b"damaged", "pop") for i in range(4)]


def stopping_after(count: int, seen: list[str]):
    def do(jobs: Sequence[parts.Job]) -> Iterable[Outcome]:
        for number, job in enumerate(jobs):
            if number == count:
                raise KeyboardInterrupt
            seen.append(job.name)
            yield work(job)

    return do


def names(outcomes: list[Outcome]) -> list[tuple[str, str]]:
    return [(outcome.name, outcome.reason) for outcome in outcomes]


EVERY = [("song 0", ""), ("song 1", "parse"), ("song 2", ""), ("song 3", "")]


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    path, seen = tmp_path / "part.jsonl", []
    with pytest.raises(KeyboardInterrupt):
        parts.outcomes(path, {"seed": 0}, JOBS, stopping_after(2, seen))
    found = parts.outcomes(path, {"seed": 0}, JOBS, stopping_after(9, seen))
    assert seen == ["song 0", "song 1", "song 2", "song 3"]
    assert names(found) == EVERY
    assert (found[0].pieces[0].rows == work(JOBS[0]).pieces[0].rows).all()


def test_a_line_cut_short_is_done_again(tmp_path: Path) -> None:
    path, seen = tmp_path / "part.jsonl", []
    parts.outcomes(path, {}, JOBS, stopping_after(9, seen))
    path.write_bytes(path.read_bytes()[:-50])
    assert names(parts.outcomes(path, {}, JOBS, stopping_after(9, seen))) == EVERY
    assert seen[4:] == ["song 3"]


def test_another_corpus_or_seed_begins_anew(tmp_path: Path) -> None:
    path, seen = tmp_path / "part.jsonl", []
    parts.outcomes(path, {"seed": 0}, JOBS[:1], stopping_after(9, seen))
    parts.outcomes(path, {"seed": 1}, JOBS[:1], stopping_after(9, seen))
    assert seen == ["song 0", "song 0"]
    (tmp_path / "a.mid").write_bytes(b"12345")
    before = parts.stamp_of(tmp_path / "a.mid")
    assert before[:2] == [1, 5]
    (tmp_path / "a.mid").write_bytes(b"123456")
    assert parts.stamp_of(tmp_path / "a.mid") != before


def test_a_lead_sheet_is_kept_whole(tmp_path: Path) -> None:
    sheet = LeadSheet("t", Key(9, "minor"), None, (Note(0, 60, 12, 90),), ((0, "Am"), (24, "E7")), 8)
    outcome = Outcome("t", sheet=sheet, signature=Signature(-3, frozenset({-5, 7})), counts={"key filled in": 1})
    path = tmp_path / "part.jsonl"
    for _ in range(2):
        (back,) = parts.outcomes(path, {}, [Reading("t", "lead sheets", b"")], lambda jobs: [outcome for _ in jobs])
        assert back == outcome


def test_prepare_stopped_and_started_makes_the_same_data(tmp_path: Path) -> None:
    folder = tmp_path / "pop"
    folder.mkdir()
    for i in range(5):
        (folder / f"{i}.mid").write_bytes(band_file(i))
    out = tmp_path / "out"
    prepare(tmp_path, out, [f"folder:{folder}"], workers=1, keep_parts=True)
    whole = (out / "notes.npy").read_bytes()
    part = out / "parts" / "folder-pop.jsonl"
    part.write_bytes(b"".join(part.read_bytes().splitlines(keepends=True)[:3]))  # two of five songs
    (out / "manifest.json").unlink()
    manifest = prepare(tmp_path, out, [f"folder:{folder}"], workers=1)
    assert manifest["kept"]["all"] == {"songs": 5, "pieces": 5, "bars": 80}
    assert (out / "notes.npy").read_bytes() == whole
    assert not (out / "parts").exists()


# --- plans of arrangements ---


def drummer(name: str, tempo: float) -> Outcome:
    drums = Track("drums", 0, tuple(Note(12 * i, 36, 3, 80) for i in range(32)))
    piece = encode(Music((drums,), 8, tempo, style="funk"))
    assert piece is not None
    return Outcome(name, pieces=[piece])


def test_a_song_has_other_styles_whatever_other_songs_there_are_and_drummers_of_its_split() -> None:
    sheet = LeadSheet("x", Key(0), None, (Note(0, 60, 12, 90),), ((0, "C"),), 8)
    sheets = {f"song {i}": Outcome(f"song {i}", sheet=sheet) for i in range(40)}
    drummers = [drummer(f"gmd/{i}", 60 + 5 * i) for i in range(30)]
    tempo_of = {drummer.pieces[0].tempo: drummer.name for drummer in drummers}
    source, human = SOURCE_BY_NAME["openewld"], _by_style(drummers)
    plans = list(_plans(source, sheets, human, 8, seed=0))
    of = {song: [plan for plan in plans if plan.name.startswith(f"{song} as ")] for song in sheets}
    for mine in of.values():
        assert len({(plan.style, plan.groove) for plan in mine}) == len(mine) == 16
        assert set(Counter(plan.style for plan in mine).values()) == {2}
    alone = list(_plans(source, {"song 7": sheets["song 7"]}, human, 8, seed=0))
    assert [(plan.style, plan.groove) for plan in alone] == [(plan.style, plan.groove) for plan in of["song 7"]]
    drummed = [plan for plan in plans if plan.drummer is not None]
    assert 8 <= len(drummed) <= 30  # 30 % of the funk
    for plan in drummed:
        assert plan.style == "funk"
        assert split_of(tempo_of[plan.drummer.tempo]) == split_of(plan.name.split(" as ")[0])
    assert np.isfinite([plan.drummer.tempo for plan in drummed]).all()


def test_fewer_arrangements_are_the_first_of_more_and_in_the_metre_of_the_song() -> None:
    waltz = LeadSheet("x", Key(0), None, (Note(0, 60, 12, 90),), ((0, "C"),), 8, metre=THREE_FOUR)
    sheets = {"song": Outcome("song", sheet=waltz)}
    source, human = SOURCE_BY_NAME["openewld"], _by_style([drummer(f"gmd/{i}", 90) for i in range(9)])
    few, more = (list(_plans(source, sheets, human, most, seed=0)) for most in (2, 8))
    assert more[: len(few)] == few and len(few) == 4
    assert all(plan.groove in GROOVES["3/4"][plan.style] and plan.drummer is None for plan in more)
