"""docs/data.md is written from a prepared data set."""

from pathlib import Path

from benchmarks.data_report import Windows, report, table
from musicgen.corpus.dataset import Dataset


def test_a_table_is_markdown_with_numbers_on_the_right() -> None:
    assert table(["style", "bars"], [["pop", 12345]]) == "| style | bars |\n| --- | ---: |\n| pop | 12,345 |\n"


def test_windows_are_counted_at_one_bar_hop(prepared: Path) -> None:
    data = Dataset.open(prepared)
    windows = Windows(data)
    assert windows.of(data.pieces[:1]) == (13, 13)  # sixteen bars
    assert windows.of([data.pieces[0], data.pieces[0]]) == (26, 13)
    assert windows.share(data.pieces, 0) == 1.0


def test_the_report_says_what_came_out_and_what_was_left_out(prepared: Path, tmp_path: Path) -> None:
    text = report(Dataset.open(prepared), tmp_path, None, 90)
    assert "| simutrans | 40 | 40 | 640 | 520 |" in text
    assert "| cannot be read: damaged, or of another kind | 1 | 1 |" in text
    assert {path.name for path in tmp_path.iterdir()} == {"data-1.png"}  # all of one style
