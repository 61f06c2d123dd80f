"""Performances that do not follow the beat of their file."""

import base64
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import expect

from musicgen.__main__ import main
from musicgen.intake import read_music
from musicgen.midi import clock, from_midi, seconds
from musicgen.midi_reading import read_score
from musicgen.web.desk import Desk
from tests.browser import Visit
from tests.odd_cases import line, metre, midi_file, tempo
from tests.test_change import loaded_once, model  # noqa: F401 (fixtures)
from tests.test_page_intake import CARD, bring, desk  # noqa: F401 (fixture)

PITCHES = (60, 62, 64, 65, 67, 69, 71, 72)


def recital(bars: int = 24) -> tuple[bytes, np.ndarray]:
    """Quarters and eighths played at 76 beats a minute and a little more or less, in a file at 120; and their onsets in
    beats as they were meant."""
    meant = np.array([4 * bar + at for bar in range(bars) for at in (0, 1, 1.5, 2, 3, 3.5)])
    beats = np.arange(0, 4 * bars + 1, 0.25)
    seconds = np.concatenate([[0], np.cumsum(0.25 * 60 / (76 * (1 + 0.08 * np.sin(beats[:-1] / 5))))])
    rng = np.random.default_rng(3)
    played = np.interp(meant, beats, seconds) + rng.normal(0, 0.008, len(meant)) + 0.3
    events = []
    for place, second in enumerate(played):
        (on, off) = line((PITCHES[place % 8] - (24 if meant[place] % 4 == 0 else 0),), 0.5)
        events += [(2 * second + on[0], *on[1:]), (2 * second + off[0], *off[1:])]
    return midi_file(tempo(120) + metre(4, 4), events), meant


@pytest.fixture(scope="module")
def data() -> bytes:
    return recital()[0]


def test_a_beat_is_found_and_said(data: bytes) -> None:
    piece = read_music(data)
    assert 4 * 24 * 60 / seconds(piece.music) == pytest.approx(76, rel=0.03)
    assert any(note.startswith("The notes do not follow the beat of the file: a beat is found") for note in piece.notes)
    onsets = np.array(sorted(note.onset for track in piece.music.tracks for note in track.notes))
    steps = np.diff(onsets)
    assert np.mean(np.isin(steps, (6, 12))) > 0.95  # quarters and eighths, as they were meant
    bass = [note.onset % 48 for track in piece.music.tracks for note in track.notes if note.pitch < 52]
    assert bass.count(0) > 0.8 * len(bass)  # low notes begin the bars


def test_it_sounds_as_it_was_played(data: bytes) -> None:
    """Each note is heard when it was struck, within the few milliseconds by which hands differ and the grid."""
    music = read_music(data).music
    when = {
        tick: second + (tick - start) * each
        for start, second, each in clock(music)
        for tick in range(start, music.ticks)
    }
    heard = np.array(sorted(when[note.onset] for track in music.tracks for note in track.notes))
    struck = np.array(sorted(note.start for track in read_score(data).tracks for note in track.notes)) / 2
    off = heard - struck
    assert np.abs(off - off.mean()).max() < 0.06
    assert max(tempo for _, tempo in music.tempos) > 1.1 * min(tempo for _, tempo in music.tempos)


def test_the_beat_of_the_file_can_be_kept(data: bytes) -> None:
    piece = read_music(data, keep_beat=True)
    assert piece.music.tempos == ((0, 120),)
    assert not any("a beat is found" in note for note in piece.notes)


def test_a_performance_to_the_beat_of_its_file_keeps_it() -> None:
    rng = np.random.default_rng(1)
    events = []
    for place in range(96):
        (on, off) = line((PITCHES[place % 8],), 0.4)
        late = rng.normal(0, 0.03)
        events += [(place + late + 1, *on[1:]), (place + late + 1.4, *off[1:])]
    assert read_music(midi_file(tempo(100) + metre(4, 4), events)).music.tempo == 100


def test_the_page_says_that_the_beat_of_the_file_can_be_had(desk: Desk, data: bytes) -> None:  # noqa: F811
    asked = {"action": "take_in", "name": "recital.mid", "data": base64.b64encode(data).decode()}
    found, kept = desk.ask(asked), desk.ask(asked | {"keep_beat": True})
    assert (found["off_beat"], kept["off_beat"]) == (True, False)
    assert (found["piece"]["tempo"], kept["piece"]["tempo"]) == (read_music(data).music.tempo, 120)


def test_a_command_keeps_the_beat_of_the_file_where_that_is_asked_for(
    model: str, data: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]  # noqa: F811
) -> None:  # fmt: skip
    source, out, way = tmp_path / "recital.mid", tmp_path / "out.mid", tmp_path / "way"
    source.write_bytes(data)
    for more, tempos in (([], 20), (["--keep-beat"], 1)):
        assert main(["vary", str(source), "--model", model, "--keep", "melody", "--out", str(out), *more]) == 0
        assert ("a beat is found in them" in capsys.readouterr().err) == (not more)
        assert len(from_midi(out.read_bytes()).tempos) >= tempos
    morph = ["morph", str(source), str(source), "--model", model, "--steps", "2", "--out", str(way)]
    assert main([*morph, "--keep-beat"]) == 0
    assert [from_midi(path.read_bytes()).tempos for path in sorted(way.iterdir())] == [((0, 120),)] * 2


def test_nothing_is_lost_on_the_way(data: bytes) -> None:
    assert read_music(data).music.note_count == read_score(data).struck


def test_a_button_brings_the_beat_of_the_file_back(visit: Visit, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "recital.mid"
    path.write_bytes(data)
    bring(visit, path)
    facts, said, button = (visit.page.locator(f"{CARD} {part}") for part in (".facts", ".said", "[data-do=beat]"))
    expected = "The notes do not follow the beat of the file: a beat is found"
    expect(said).to_contain_text(expected, timeout=120_000)  # the beat tracker is compiled first
    expect(facts).to_have_text(re.compile(r" · [678]\d(\.\d+)? BPM at first · "))
    button.click()
    expect(facts).to_contain_text("120 BPM")
    expect(said).not_to_contain_text("a beat is found")
    expect(button).to_be_hidden()
    visit.page.wait_for_function("musicgen.piece.tempo === 120")
