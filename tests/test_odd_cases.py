"""Files that were once read wrongly: what is right comes back on the command line, from the API and on the page."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from hypothesis import given, settings

from benchmarks.odd_files import OddFile, compare, odd_files
from musicgen.__main__ import main
from musicgen.intake import read_music
from musicgen.midi import from_midi
from musicgen.music import Music
from musicgen.roles import ROLE_NAMES
from musicgen.web.desk import Desk
from tests.browser import Server
from tests.odd_cases import CASES, Case
from tests.test_change import loaded_once, model  # noqa: F401 (fixtures)
from tests.test_page_intake import desk, take_in  # noqa: F401 (fixtures)

cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def check(case: Case, music: Music) -> None:
    assert (music.bars, music.tempo, str(music.key)) == (case.bars, case.tempo, case.key)
    assert music.later_tempos == case.tempos
    assert {track.role: (track.program, len(track.notes)) for track in music.tracks} == case.roles
    for role, lengths in case.lengths.items():
        assert {note.duration for note in music.notes(role)} == lengths
    if case.pitches:
        struck = [note.pitch for note in music.notes("drums")]
        assert {pitch: struck.count(pitch) for pitch in set(struck)} == case.pitches


@cases
def test_what_is_right_is_read_and_said(case: Case) -> None:
    piece = read_music(case.data)
    check(case, piece.music)
    for words in case.words:
        assert any(words in sentence for sentence in piece.notes)


@cases
def test_it_comes_back_on_the_command_line(
    case: Case, model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]  # noqa: F811
) -> None:  # fmt: skip
    source, out = tmp_path / "in.mid", tmp_path / "out.mid"
    source.write_bytes(case.data)
    roles = ",".join(ROLE_NAMES)
    assert main(["vary", str(source), "--model", model, "--keep", roles, "--seed", "1", "--out", str(out)]) == 0
    check(case, from_midi(out.read_bytes()))
    told = capsys.readouterr().err
    assert all(words in told for words in case.words)


@cases
def test_it_comes_on_the_page(case: Case, desk: Desk) -> None:  # noqa: F811
    piece = take_in(desk, case.data)["piece"]
    check(case, from_midi(base64.b64decode(piece["midi"])))
    assert (piece["bars"], piece["tempo"], piece["key"]) == (case.bars, case.tempo, case.key)
    assert {lane["role"]: len(lane["notes"]) for lane in piece["lanes"] if lane["notes"]} == {
        role: count for role, (_, count) in case.roles.items()
    }
    assert all(any(words in line for line in piece["said"]) for words in case.words)


@pytest.fixture(scope="module")
def client(server: Server) -> Client:
    return Client(server.url, verbose=False, analytics_enabled=False)


@cases
def test_it_comes_back_from_the_api(case: Case, client: Client, tmp_path: Path) -> None:
    source = tmp_path / "in.mid"
    source.write_bytes(case.data)
    path, facts = client.predict(handle_file(source), kind="vary", keep=",".join(ROLE_NAMES), api_name="/change")
    check(case, from_midi(Path(path).read_bytes()))
    assert all(any(words in line for line in facts["said"]) for words in case.words)


@settings(max_examples=150)
@given(odd_files())
def test_odd_files_come_back_as_others_hear_them(odd: OddFile) -> None:
    compare(odd)
