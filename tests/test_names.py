"""What a piece and its files are called."""

import pytest

from musicgen.export.names import file_stem, title_of
from musicgen.music import Key

SEED = {"request": {"seed": 7}}


@pytest.mark.parametrize(
    ("style", "key", "recipe", "name"),
    [
        ("jazz", "F major", SEED, "jazz-in-f-major-seed7"),
        ("trad", "F# minor", SEED, "ragtime-in-f-sharp-minor-seed7"),
        ("jazz", "Eb major", None, "jazz-in-eb-major"),
        ("jazz", "F major", SEED | {"edits": [{"kind": "vary"}]}, "jazz-in-f-major-seed7-varied-c5c176"),
        ("jazz", "F major", SEED | {"edits": [{}] * 3}, "jazz-in-f-major-seed7-3-changes-c5c176"),
        ("pop", "C major", {"source": "My Song (2).MID"}, "my-song-2"),
        ("pop", "C major", {"source": "Für Elise.mid", "edits": [{"kind": "mix"}]}, "für-elise-remixed-c5c176"),
        ("../Our Style\\x", "C major", SEED, "our-style-x-in-c-major-seed7"),
        ("", "C major", None, "piece-in-c-major"),
        ("pop", "C major", {"source": "/../.mid", "request": "?", "edits": 3}, "piece"),
        ("pop", "C major", {"source": "a" * 300 + ".mid"}, "a" * 60),
    ],
)
def test_files_are_called_after_the_piece(style: str, key: str, recipe: dict[str, object] | None, name: str) -> None:
    assert file_stem(b"midi", style, Key.parse(key), recipe) == name


def test_a_piece_is_called_after_its_style_or_its_file() -> None:
    assert title_of("jazz", "F major", "tune.mid") == "Jazz in F major"
    assert title_of("", "F major", "tune.midi") == "tune in F major"
    assert title_of("Our Style", "F major") == "Our Style in F major"
