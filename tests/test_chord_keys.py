"""Chords in another key than the one that was asked for: found, moved, and told wherever a piece is asked for."""

import pytest

from musicgen.errors import MusicgenError
from musicgen.harmony import better_key, transpose_progression
from musicgen.music import Key
from musicgen.request import Request, remarks


@pytest.mark.parametrize(
    ("chords", "key", "better"),
    [
        ("Am F C G", "C major", None),
        ("Am F C G", "A minor", None),
        ("Am F C G", "F major", "A minor"),
        ("C F G C", "A minor", None),
        ("C F G C", "Eb major", "C major"),
        ("C7 F7 | C7 G7", "C major", None),  # a blues
        ("Am E7 Am Dm", "A minor", None),
        ("C D7 G C", "C major", None),  # one borrowed chord is none of another key
        ("F#m D A E", "A major", None),
        ("F#m D A E", "C major", "F# minor"),
        ("C/E Fmaj7 Gsus4 C6", "C major", None),
    ],
)
def test_another_key_is_found_where_the_chords_clearly_fit_it_better(chords: str, key: str, better: str | None) -> None:
    found = better_key(chords, Key.parse(key))
    assert (None if found is None else str(found)) == better


@pytest.mark.parametrize(
    ("chords", "old", "new", "moved"),
    [
        ("Am F C G", "A minor", "F major", "Dm Bb F C"),
        ("Am7 D7/F# | Gmaj7", "G major", "A major", "Bm7 E7/G# | Amaj7"),
        ("Bbm Ebdim", "Bb minor", "A minor", "Am Ddim"),
        ("C N.C. | F G", "C major", "Db major", "Db N.C. | Gb Ab"),
    ],
)
def test_chords_move_to_another_key_or_its_relative(chords: str, old: str, new: str, moved: str) -> None:
    assert transpose_progression(chords, Key.parse(old), Key.parse(new)) == moved


def test_moved_chords_fit_and_what_is_no_chord_is_refused() -> None:
    moved = transpose_progression("F#m D A E", Key.parse("F# minor"), Key.parse("C major"))
    assert better_key(moved, Key.parse("C major")) is None
    with pytest.raises(MusicgenError, match="Received: 'H'"):
        transpose_progression("Am H", Key(0), Key(2))


def test_a_request_is_remarked_on_where_it_may_not_be_meant() -> None:
    assert remarks(Request(chords="Am F C G", key="C major")) == ()
    assert remarks(Request(chords="Am F C G", key="F# major")) == (
        "These chords fit A minor better than F# major, the key that was asked for.",
    )
    assert remarks(Request(temperature=0)) == ("At temperature 0 every seed gives the same piece.",)
