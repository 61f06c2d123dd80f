"""Publishing through the real client to a Hub on loopback: what goes up, what comes back, and what stops it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from safetensors.numpy import load_file, save_file

import musicgen
from musicgen.__main__ import main
from musicgen.errors import CheckpointError, MusicgenError, PublishError
from musicgen.evaluation.ladder import markdown
from musicgen.hub import upload, write_manifest
from musicgen.midi import from_midi
from musicgen.models import load_composer
from musicgen.publish import Published, build_space, difference, publish, publish_space
from musicgen.roles import ROLE_NAMES
from musicgen.training.card import write_card
from tests.loopback_hub import COMMIT, TOKEN, LoopbackHub
from tests.made_songs import made_data
from tests.test_composers import tiny_gan
from tests.tiny import tiny_vae

ROOT = Path(__file__).resolve().parent.parent
REPO = "you/musicgen-vae"
ATTRIBUTION = """- **A Songbook** (CC BY 4.0). A. Person, *Songs & more* (2001). example.org/songs
- **Old Chorales** (public domain). J. S. Bach. the Python package music21
"""
CARD = {
    "corpus": {"songs": 1234, "pieces": 2345, "bars": 34567},
    "attribution": ATTRIBUTION,
    "lead_sheets": 17,
    "plan": {"steps": 10, "windows": 4, "prior_steps": 20, "prior_windows": 8},
    "cost": {"vae_hours": 0.5, "prior_hours": 0.25, "cores": 2},
    "test": {
        "windows": 9,
        **{f"{what}_{role}": 0.125 for what in ("f1", "density", "duration", "velocity") for role in ROLE_NAMES},
    },
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint as training leaves it."""
    path = tmp_path_factory.mktemp("checkpoint")
    composer = tiny_vae()
    composer.card = CARD  # type: ignore[attr-defined]
    composer.save_pretrained(path)
    write_card(composer, path)
    write_manifest(path)
    return path


@pytest.fixture(scope="module", autouse=True)
def no_xet() -> Iterator[None]:
    """The Hub's newer storage is not on loopback; files go up as without its client."""
    import huggingface_hub.constants

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
        yield


@pytest.fixture
def server() -> Iterator[LoopbackHub]:
    with LoopbackHub({}) as server:
        yield server


@dataclass
class Publishing:
    """A model that was published, first as a dry run."""

    server: LoopbackHub
    dry: Published
    requests_of_dry_run: list[str]
    done: Published


@pytest.fixture(scope="module")
def publishing(folder: Path, no_xet: None) -> Iterator[Publishing]:
    with LoopbackHub({}) as server:
        dry = publish(str(folder), REPO, dry_run=True, endpoint=server.endpoint)
        requests = list(server.requests)
        yield Publishing(server, dry, requests, publish(str(folder), REPO, endpoint=server.endpoint, token=TOKEN))


def front_matter(text: str) -> dict:
    return yaml.safe_load(text.split("---\n")[1])


# --- models ----------------------------------------------------------------------------------------------------


def test_what_was_pushed_loads_back_by_its_commit_with_identical_bytes(publishing, folder, tmp_path):
    [(commit, pushed)] = publishing.server.repos["model", REPO]
    assert commit == publishing.done.commit
    assert set(pushed) == {"config.json", "model.safetensors", "manifest.json", "README.md"}
    for name in ("config.json", "model.safetensors", "manifest.json"):
        assert pushed[name] == (folder / name).read_bytes()
    again = musicgen.load(REPO, revision=commit, endpoint=publishing.server.endpoint, cache_dir=tmp_path)
    assert difference(load_composer(folder), again) is None


def test_a_dry_run_says_what_goes_up_and_makes_no_request(publishing):
    dry = publishing.dry
    assert publishing.requests_of_dry_run == []
    assert "Nothing was pushed" in str(dry) and dry.commit is None
    assert publishing.done.files == dry.files
    pushed = publishing.server.repos["model", REPO][-1][1]
    assert {name: size for name, (size, _) in dry.files.items()} == {name: len(data) for name, data in pushed.items()}
    for name, (size, digest) in dry.files.items():
        assert hashlib.sha256(pushed[name]).hexdigest() == digest
        assert re.search(rf"^{digest} +{size:,}  {re.escape(name)}$", str(dry), re.MULTILINE)


def test_a_model_that_its_saved_copy_does_not_equal_is_not_pushed(server):
    rounded = tiny_vae()  # in memory as float32, on disk as float16
    rounded.card = CARD  # type: ignore[attr-defined]
    with pytest.raises(PublishError, match="Expected the saved copy to give the same output"):
        musicgen.push_to_hub(rounded, REPO, endpoint=server.endpoint, token=TOKEN)
    assert server.requests == []


def test_a_model_in_memory_is_pushed_with_the_licences_of_its_training_data(folder, server):
    model = musicgen.load(folder)
    model.card = CARD | {"attribution": ""}  # type: ignore[attr-defined]
    with pytest.raises(CheckpointError, match=r"Received: no attribution; .*train` records them"):
        model.push_to_hub(REPO, endpoint=server.endpoint, token=TOKEN)
    assert server.requests == []
    model.card = CARD  # type: ignore[attr-defined]
    name = model.push_to_hub(REPO, endpoint=server.endpoint, token=TOKEN)
    [(commit, pushed)] = server.repos["model", REPO]
    assert name == f"{REPO}@{commit}"
    assert ATTRIBUTION in pushed["README.md"].decode()
    assert json.loads(pushed["config.json"])["card"]["attribution"] == ATTRIBUTION


def test_a_class_loads_its_own_kind_from_the_hub_as_from_a_folder(publishing, folder, tmp_path):
    from musicgen.models.gan_composer import GANComposer
    from musicgen.models.vae_composer import VAEComposer

    commit, hub = publishing.done.commit, {"endpoint": publishing.server.endpoint, "cache_dir": tmp_path}
    there, here = VAEComposer.from_pretrained(REPO, revision=commit, **hub), VAEComposer.from_pretrained(folder)
    assert there.identity == here.identity
    with pytest.raises(CheckpointError, match=f"Expected a gan. Received: {here.identity}"):
        GANComposer.from_pretrained(REPO, revision=commit, **hub)
    with pytest.raises(CheckpointError, match="40 hexadecimal digits"):
        VAEComposer.from_pretrained(REPO, **hub)


def test_what_ships_names_the_sources_of_its_training_data_in_its_config_and_in_its_card():
    for config in (ROOT / "checkpoints").glob("*/config.json"):
        attribution = json.loads(config.read_text())["card"]["attribution"]
        assert attribution.count("- **") >= 2
        assert attribution.strip() in config.with_name("README.md").read_text()


def test_the_card_has_its_front_matter_the_attribution_word_for_word_and_every_part(publishing):
    text = publishing.server.repos["model", REPO][-1][1]["README.md"].decode()
    front = front_matter(text)
    assert (front["library_name"], front["license"], front["pipeline_tag"]) == (
        "musicgen",
        "apache-2.0",
        "text-to-audio",
    )
    assert front["datasets"] == ["a-songbook", "old-chorales"]
    assert {"music", "midi", "vae"} <= set(front["tags"])
    assert ATTRIBUTION in text
    for heading in ("Use", "Intended use", "Training data and licence", "Cost of training", "Measured", "Limits"):
        assert f"\n## {heading}\n" in text
    assert f'load("{REPO}", revision=' in text
    assert "0.75 h on 2 CPU cores" in text
    assert "| melody | 0.125 | 0.125 | 0.125 | 0.125 |" in text
    assert "MuseScore General (MIT)" in text


def test_a_gan_has_a_card_of_what_its_training_records(tmp_path):
    composer = tiny_gan()
    plan, cost = {"steps": 10, "windows": 4}, {"hours": 0.03, "hardware": "one GPU"}
    told = {"corpus": CARD["corpus"], "attribution": ATTRIBUTION}
    composer.card = told | {"plan": plan, "cost": cost, "valid": {"coverage": 0.5}}  # type: ignore[attr-defined]
    composer.save_pretrained(tmp_path)
    write_card(composer, tmp_path, REPO)
    text = (tmp_path / "README.md").read_text()
    assert "gan" in front_matter(text)["tags"] and text.count("# musicgen GAN") == 1
    assert "1.8 minutes on one GPU. The plan: steps 10, windows 4." in text
    assert "| coverage | 0.5 |" in text


def test_a_model_without_a_card_is_not_pushed(server, tmp_path):
    tiny_vae().save_pretrained(tmp_path)
    with pytest.raises(CheckpointError, match="Received: no corpus"):
        publish(str(tmp_path), REPO, endpoint=server.endpoint, token=TOKEN)
    assert server.requests == []


@pytest.fixture(scope="module")
def report(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """report.json of `evaluate`, with the model of `folder` in it."""
    data, out = tmp_path_factory.mktemp("made"), tmp_path_factory.mktemp("report")
    made_data(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("musicgen.evaluation.run.RECONSTRUCTED", 2)
        patch.setattr("musicgen.evaluation.run.ENCODED", 2)
        patch.setattr("musicgen.evaluation.run.steering", lambda *_: {})  # minutes, and no row of the table
        settings = ["--data", str(data), "--count", "20", "--seeds", "1", "--learned", "0", "--out", str(out)]
        assert main(["evaluate", "--model", str(folder), *settings]) == 0
    return out / "report.json"


def test_the_card_has_the_table_of_a_report_on_the_model(folder, report, tmp_path, server):
    pushed = publish(str(folder), REPO, report=report, endpoint=server.endpoint, token=TOKEN)
    card = server.repos["model", REPO][-1][1]["README.md"].decode()
    assert "Pieces beside held-out songs (`python -m musicgen evaluate`" in card
    table = markdown(json.loads(report.read_text()))
    assert len(table.splitlines()) == 4 and table in card  # a head, a rule, the model, the songs themselves
    assert pushed.files["README.md"][0] == len(card.encode())


def test_a_report_that_is_none_or_on_other_weights_is_refused(folder, report, server, tmp_path):
    other = json.loads(report.read_text())
    other["models"][0]["identity"] = "vae-0123456789ab"
    for content, said in (
        ("{}", r"Expected report\.json of `evaluate`"),
        (json.dumps(other), "one on vae-0123456789ab"),
    ):
        path = tmp_path / "report.json"
        path.write_text(content)
        with pytest.raises(PublishError, match=said):
            publish(str(folder), REPO, report=path, endpoint=server.endpoint, token=TOKEN)
    assert server.requests == []


def test_weights_of_another_shape_are_refused_however_well_they_are_signed(folder, server, tmp_path):
    files = {name: (folder / name).read_bytes() for name in ("config.json", "model.safetensors")}
    tensors = load_file(folder / "model.safetensors")
    name = next(name for name, tensor in tensors.items() if tensor.ndim == 2)
    save_file({**tensors, name: tensors[name][:-1].copy()}, tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_bytes(files["config.json"])
    write_manifest(tmp_path)
    wrong = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    server.repos["model", REPO] = [(COMMIT, wrong)]
    with pytest.raises(CheckpointError, match=r"Expected .* of shape \(.*Received: \("):
        musicgen.load(REPO, revision=COMMIT, endpoint=server.endpoint, cache_dir=tmp_path / "cache")


# --- what the Hub may say ---------------------------------------------------------------------------------------


@pytest.fixture
def pushing(folder, server, tmp_path):
    """Push a small folder; no model, as it is the Hub that matters."""
    small = tmp_path / "small"
    small.mkdir()
    (small / "model.safetensors").write_bytes(b"0" * 1000)
    (small / "README.md").write_text("---\nlicense: mit\n---\n")

    def pushing(token=TOKEN, repo=REPO):
        return upload.push(small, repo, "message", endpoint=server.endpoint, token=token)

    return pushing


def refusal(call, **kwargs) -> str:
    with pytest.raises(PublishError, match=r"Expected to push to .* Received: ") as error:
        call(**kwargs)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_all_files_go_up_in_one_commit_and_large_ones_to_storage(pushing, server):
    pushing()
    assert sum("/commit/" in request for request in server.requests) == 1
    assert sum(request.startswith("PUT /lfs/") for request in server.requests) == 1


def test_a_repository_that_is_there_gets_another_commit(pushing, server):
    first, second = pushing(), pushing()
    assert [commit for commit, _ in server.repos["model", REPO]] == [first, second]


def test_a_bad_token_is_told_in_one_line(pushing, server):
    said = refusal(pushing, token="hf_wrong")
    assert "a refusal of the token; log in with `hf auth login`, or set HF_TOKEN" in said
    assert ("model", REPO) not in server.repos


@pytest.mark.parametrize("place", ["/api/repos/create", "/preupload/", "/lfs/objects/batch", "/commit/"])
def test_wherever_the_hub_refuses_nothing_is_committed(pushing, server, place):
    server.refuse = (place, 403)
    assert "the token may not write there" in refusal(pushing)
    assert not server.repos.get(("model", REPO))


def test_a_hub_that_does_not_answer_is_given_up(pushing, server, monkeypatch):
    monkeypatch.setattr(upload, "ANSWER_SECONDS", 1.0)
    server.black_hole = True
    assert "no answer in time; check the network" in refusal(pushing)


@pytest.mark.parametrize("repo", ["", "musicgen", "a/b/c", "a b/c", "/c", "../x"])
def test_a_name_that_is_no_repository_is_refused_before_any_work(server, repo):
    for call in (lambda: publish_space(repo, endpoint=server.endpoint), lambda: musicgen.push_to_hub(None, repo)):  # type: ignore[arg-type]
        with pytest.raises(PublishError, match="Expected a repository as org/name"):
            call()
    assert server.requests == []


# --- the Space --------------------------------------------------------------------------------------------------


def test_a_space_has_everything_that_it_runs_on(server):
    done = publish_space("you/space", dry_run=True, endpoint=server.endpoint)
    assert server.requests == []
    wanted = {path.relative_to(ROOT).as_posix() for path in (ROOT / "musicgen").rglob("*.py")}
    wanted |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "checkpoints").glob("*/*")}
    assert wanted | {"app.py", "requirements.txt", "packages.txt", "README.md"} <= set(done.files)
    assert not any("__pycache__" in name for name in done.files)


def test_a_space_pins_its_model_in_what_it_preloads_and_in_what_it_runs(tmp_path):
    build_space(tmp_path, f"you/model@{COMMIT}")
    front = front_matter((tmp_path / "README.md").read_text())
    assert front["models"] == ["you/model"]
    assert front["preload_from_hub"] == [f"you/model config.json,model.safetensors,manifest.json {COMMIT}"]
    assert (front["sdk"], front["app_file"]) == ("gradio", "app.py")
    assert re.fullmatch(r"3\.\d+", front["python_version"])
    code = """
import os, runpy, sys, types
sys.modules["musicgen.web"] = types.SimpleNamespace(launch=lambda: print(os.environ["MUSICGEN_MODEL"]))
runpy.run_path("app.py", run_name="__main__")
"""
    environ = {name: value for name, value in os.environ.items() if name != "MUSICGEN_MODEL"}
    for variable, model in (({}, f"you/model@{COMMIT}"), ({"MUSICGEN_MODEL": "mine"}, "mine")):
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env=environ | variable,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.stdout.strip() == model, done.stderr


@pytest.mark.parametrize("model", ["you/model", "you/model@main", "vae"])
def test_a_space_takes_no_model_that_is_not_pinned(server, model):
    with pytest.raises(MusicgenError, match="40 hexadecimal digits"):
        publish_space("you/space", model=model, endpoint=server.endpoint, token=TOKEN)
    assert server.requests == []


def test_pushing_a_space_again_removes_modules_that_are_no_longer_there_and_nothing_else(server):
    old = {"musicgen/old.py": b"", "checkpoints/old/config.json": b"", "notes.txt": b"the owner's"}
    server.repos["space", "you/space"] = [("0" * 40, old)]
    done = publish_space("you/space", endpoint=server.endpoint, token=TOKEN)
    [_, (commit, files)] = server.repos["space", "you/space"]
    assert commit == done.commit
    assert set(files) == set(done.files) | {"notes.txt"}


# --- the README -------------------------------------------------------------------------------------------------


def test_the_five_lines_of_the_readme_do_what_they_say(folder, tmp_path):
    """From a Hub on loopback, in an empty folder and with an empty cache, as they are printed."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    [lines] = [block for block in blocks if "revision=" in block]
    assert len([line for line in lines.splitlines() if line and not line.startswith(("import", "from"))]) <= 5
    repo, commit = re.search(r'load\("([^"]+)", revision="([0-9a-f]{40})"\)', lines).groups()  # type: ignore[union-attr]
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    with LoopbackHub({}) as server:
        server.repos["model", repo] = [(commit, files)]
        environ = os.environ | {
            "HF_ENDPOINT": server.endpoint,
            "HF_HOME": str(tmp_path / "hf"),
            "PYTHONPATH": str(ROOT),
        }
        done = subprocess.run(
            [sys.executable, "-c", lines], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=600
        )
    assert done.returncode == 0, done.stderr
    assert from_midi((tmp_path / "song.mid").read_bytes()).bars == 16
    assert json.loads((tmp_path / "my-model" / "config.json").read_text())["model"] == "vae"
    assert (tmp_path / "my-model" / "model.safetensors").read_bytes() == files["model.safetensors"]


# --- the command line -------------------------------------------------------------------------------------------


def test_the_command_shows_what_would_go_up(folder, capsys):
    assert main(["publish", str(folder), "--repo", REPO, "--dry-run"]) == 0
    assert "model.safetensors" in capsys.readouterr().out


def test_the_command_refuses_in_one_line(capsys):
    for bad in (
        ["vae", "--repo", "nowhere"],
        ["space", "--repo", "a/b", "--model", "vae"],
        ["vae", "--repo", "a/b", "--model", "x"],
    ):
        assert main(["publish", *bad, "--dry-run"]) == 2
        assert re.fullmatch(r"musicgen: .*[Ee]xpected .* Received: .*", capsys.readouterr().err.strip())
