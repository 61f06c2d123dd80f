"""The page's endpoints: for scripts (gradio_client, plain HTTP) and as tools for assistants."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from musicgen.midi import from_midi, to_midi
from musicgen.music import Music
from tests.browser import ROOT, Server


@pytest.fixture(scope="module")
def client(server: Server) -> Client:
    return Client(server.url, verbose=False, analytics_enabled=False)


@pytest.fixture(scope="module")
def made(client: Client) -> Path:
    path, _ = client.predict(style="jazz", bars=4, key="F major", seed=3, api_name="/generate")
    return Path(path)


def read(path: str) -> Music:
    return from_midi(Path(path).read_bytes())


def test_the_example_in_the_readme_runs(server: Server, tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
    (example,) = [block for block in blocks if "gradio_client" in block]
    (tmp_path / "example.py").write_text(example.replace("http://127.0.0.1:7860/", server.url))
    environ = os.environ | {"GRADIO_ANALYTICS_ENABLED": "False"}
    done = subprocess.run(
        [sys.executable, "example.py"], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]


def test_what_may_not_be_meant_is_said(client: Client) -> None:
    _, facts = client.predict(bars=4, chords="Am F C G", key="F# major", temperature=0, api_name="/generate")
    assert facts["said"] == [
        "At temperature 0 every seed gives the same piece.",
        "These chords fit A minor better than F# major, the key that was asked for.",
    ]


def test_a_piece_without_an_ending_says_nothing_of_it_in_its_recipe(client: Client) -> None:
    _, facts = client.predict(bars=4, api_name="/generate")
    assert facts["recipe"]["request"]["ending"] is True
    _, facts = client.predict(bars=4, ending=False, api_name="/generate")
    assert "ending" not in facts["recipe"]["request"]
    for value in ("no", 0, None):
        with pytest.raises(AppError, match=f"ending: expected true or false. Received: {value!r}"):
            client.predict(bars=4, ending=value, api_name="/generate")


def test_callers_who_give_arguments_by_place_need_not_know_of_the_ending(client: Client) -> None:
    asked = ["blues", 12, 90, "A minor", 5, 0.8, *[None] * 5, "Am E7", "AAB", None, 4, "4/4", 0, 50, "melody,bass"]
    _, facts = client.predict(*asked, api_name="/generate")
    assert facts["recipe"]["request"].items() >= {
        "style": "blues", "section_bars": 4, "roles": ["melody", "bass"], "ending": True,
    }.items()  # fmt: skip


def test_a_description_gives_the_arguments_of_generate(client: Client) -> None:
    found = client.predict("a sad fast reggae song of 4 bars in Mars, only drums and bass", api_name="/describe")
    assert found == {
        "arguments": {"roles": "bass,drums", "tempo": 113.0, "key": "A minor", "bars": 4, "style": "reggae"},
        "understood": [
            {"words": "sad", "sets": "A minor"}, {"words": "fast", "sets": "113 BPM"},
            {"words": "reggae", "sets": "Reggae"}, {"words": "4 bars", "sets": "4 bars"},
            {"words": "drums", "sets": "only Drums"}, {"words": "bass", "sets": "only Bass"},
        ],
        "unknown": ["Mars"],
    }  # fmt: skip
    path, facts = client.predict(**found["arguments"], api_name="/generate")
    assert (read(path).style, read(path).bars, read(path).tempo) == ("reggae", 4, 113)
    assert facts["recipe"]["request"]["roles"] == ["bass", "drums"]


def test_files_are_called_after_the_piece(made: Path) -> None:
    assert made.name == "jazz-in-f-major-seed3.mid"


def test_vary_keeps_what_it_is_told_to_keep(client: Client, made: Path) -> None:
    path, facts = client.predict(
        handle_file(made), kind="vary", strength=0.9, keep="drums,bass", seed=1, api_name="/change"
    )
    before, after = read(str(made)), read(path)
    for role in ("drums", "bass"):
        assert after.notes(role) == before.notes(role)
    assert after.notes("melody") != before.notes("melody")
    assert facts["said"] == [] and facts["notes"] == after.note_count
    assert facts["changed"] > 0.5
    assert [edit["kind"] for edit in facts["recipe"]["edits"]] == ["vary"]


def test_chords_are_understood_or_refused(client: Client) -> None:
    _, facts = client.predict(bars=4, chords="C-7 | FΔ/A | C° | G7sus", api_name="/generate")
    assert facts["said"] == ["The models hear C-7 as Cm, FΔ/A as F, G7sus as G7."]
    with pytest.raises(AppError, match=r"Received: 'C7\+'"):
        client.predict(bars=4, chords="C C7+", api_name="/generate")


@pytest.mark.parametrize(
    ("values", "kept", "says"),
    [
        ({"kind": "continue", "more": 4}, (), {"bars": 8}),
        ({"kind": "infill", "bars": "2", "roles": "melody"}, ("chords", "pad", "bass", "drums"), {"bars": 4}),
        ({"kind": "infill", "bars": "2", "chords": "F Gm C7 F"}, (), {"bars": 4}),
        ({"kind": "restyle", "style": "funk"}, ("melody",), {"style": "funk"}),
        ({"kind": "mix", "tempo": 99}, ("melody", "chords", "pad", "bass", "drums"), {"tempo": 99}),
        ({"kind": "reconstruct"}, (), {"bars": 4, "style": "jazz"}),
    ],
)
def test_every_change_does_what_it_says(
    client: Client, made: Path, values: dict, kept: tuple[str, ...], says: dict
) -> None:
    path, _ = client.predict(handle_file(made), **values, api_name="/change")
    before, after = read(str(made)), read(path)
    assert {name: getattr(after, name) for name in says} == says
    assert all(after.notes(role) == before.notes(role) for role in kept)
    assert after.tracks != before.tracks or values["kind"] == "mix"


def test_anyone_s_file_is_changed_and_what_reading_changed_is_said(
    client: Client, small_music: Music, tmp_path: Path
) -> None:
    (tmp_path / "mine.mid").write_bytes(to_midi(small_music))
    path, facts = client.predict(handle_file(tmp_path / "mine.mid"), kind="continue", more=2, api_name="/change")
    assert read(path).bars == 4
    assert facts["recipe"]["source"] == "mine.mid"


def test_morph_lies_between_and_originality_tells(client: Client, made: Path) -> None:
    other, _ = client.predict(style="rock", bars=4, tempo=100, seed=4, api_name="/generate")
    path, facts = client.predict(handle_file(made), handle_file(other), share=0.5, api_name="/morph")
    assert read(path).tempo == (read(str(made)).tempo + 100) / 2
    assert facts["recipe"]["edits"][0]["kind"] == "morph"
    told = client.predict(handle_file(path), api_name="/originality")
    assert told["headline"] and {kind["label"] for kind in told["kinds"]} >= {"Melody", "Chords"}


def test_what_is_wrong_is_one_line(client: Client, server: Server, made: Path, tmp_path: Path) -> None:
    (tmp_path / "text.mid").write_text("no music")
    secret = {"path": "/etc/hostname"}  # without the mark of a file Gradio does not check where it is
    for values in (
        {"midi": handle_file(tmp_path / "text.mid")}, {"midi": secret}, {"midi": "x"}, {"midi": {"path": "a\0b"}},
        {"midi": handle_file(made), "kind": "<b>"}, {"midi": handle_file(made), "keep": "kazoo"},
        {"midi": handle_file(made), "kind": "infill", "bars": "9"}, {"midi": handle_file(made), "strength": "much"},
        {"midi": handle_file(made), "kind": "restyle", "style": "no"},
        {"midi": handle_file(made), "kind": "mix", "volumes": {"bass": 999}},
        {"midi": handle_file(made), "kind": "continue", "more": 1000},
        {"midi": handle_file(made), "seed": None},
    ):  # fmt: skip
        with pytest.raises(AppError, match=r"[Ee]xpected") as error:
            client.predict(**values, api_name="/change")
        assert "\n" not in str(error.value)
    for share in (-1, 2, "x", None, True):
        with pytest.raises(AppError, match="share: expected"):
            client.predict(handle_file(made), handle_file(made), share=share, api_name="/morph")
    assert "Traceback" not in server.output()


def test_fifty_sessions_at_once_get_a_piece_each_and_each_its_own(server: Server, client: Client) -> None:
    """Fifty sessions, each with a seed: all are answered, and the answer is that of the seed asked alone."""
    answers: dict[int, Any] = {}

    def visit(seed: int) -> None:
        asked = ["pop", 4, None, "C major", seed, 0.8, *[None] * 9, "4/4", 0, 50, "", True]
        answers[seed] = call(server, "generate", {"data": asked, "session_hash": f"session-{seed}"})

    threads = [threading.Thread(target=visit, args=(seed,)) for seed in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(answers) == list(range(50)), "every session is answered"
    pieces = {}
    for seed, (file, facts) in answers.items():
        assert facts["recipe"]["request"]["seed"] == seed
        with urllib.request.urlopen(file["url"]) as answer:
            pieces[seed] = answer.read()
    assert len(set(pieces.values())) == 50
    alone, _ = client.predict(style="pop", bars=4, seed=17, api_name="/generate")
    assert Path(alone).read_bytes() == pieces[17]


def call(server: Server, name: str, values: dict) -> Any:
    """The answer of an endpoint over plain HTTP: https://www.gradio.app/guides/querying-gradio-apps-with-curl."""
    address = f"{server.url}gradio_api/call/{name}"
    request = urllib.request.Request(address, json.dumps(values).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{address}/{event}", timeout=120) as answer:
        lines = answer.read().decode().splitlines()
    assert "event: complete" in lines, lines
    return json.loads(lines[lines.index("event: complete") + 1].removeprefix("data: "))


def test_an_assistant_finds_tools_and_makes_a_piece(server: Server) -> None:
    tools = {tool["name"].split("_")[-1]: tool for tool in ask_tools(server, "tools/list", {})["tools"]}
    assert set(tools) == {"generate", "change", "morph", "originality", "describe"}
    assert "bars" in tools["generate"]["inputSchema"]["properties"]
    assert "Compose" in tools["generate"]["description"]
    assert tools["generate"]["inputSchema"]["properties"]["ending"]["default"] is True
    made = ask_tools(server, "tools/call", {"name": tools["generate"]["name"], "arguments": {"bars": 4, "seed": 9}})
    assert not made.get("isError")
    assert any(".mid" in str(part) for part in made["content"])


def ask_tools(server: Server, method: str, parameters: dict) -> Any:
    """A request in the Model Context Protocol (streamable HTTP, without a session)."""
    values = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
    heads = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    request = urllib.request.Request(f"{server.url}gradio_api/mcp/", json.dumps(values).encode(), heads)
    with urllib.request.urlopen(request, timeout=120) as answer:
        text = answer.read().decode()
    data = next((line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")), text)
    return json.loads(data)["result"]
