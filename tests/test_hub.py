"""Checkpoints from a folder, and through the real client from a Hub on loopback that can have every fault."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from musicgen import hub
from musicgen.errors import CheckpointError, HubUnreachable
from musicgen.hub import FILES, download, fingerprint, resolve, write_manifest
from musicgen.hub.waiting import within
from tests.loopback_hub import COMMIT, LoopbackHub

CONFIG = b'{"model": "vae"}'
WEIGHTS = bytes(range(256)) * 400
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 102400\n"
NAME = f"org/model@{COMMIT}"


@pytest.fixture
def folder(tmp_path):
    """A whole checkpoint."""
    path = tmp_path / "checkpoint"
    path.mkdir()
    (path / "config.json").write_bytes(CONFIG)
    (path / "model.safetensors").write_bytes(WEIGHTS)
    write_manifest(path)
    return path


@pytest.fixture
def server(folder):
    with LoopbackHub({path.name: path.read_bytes() for path in folder.iterdir()}) as server:
        yield server


@pytest.fixture
def fetch(server, tmp_path, monkeypatch):
    """`resolve` against the loopback Hub, with a cache of its own."""
    monkeypatch.setattr(download, "ANSWER_SECONDS", 60.0)  # a busy test machine is no Hub out of reach

    def fetch(name=NAME, deadline_s=60.0, progress=None):
        return resolve(
            name, endpoint=server.endpoint, cache_dir=tmp_path / "cache", deadline_s=deadline_s, progress=progress
        )

    return fetch


def refusal(call, *args, **kwargs) -> str:
    with pytest.raises(CheckpointError, match=r"Expected .* Received: ") as error:
        call(*args, **kwargs)
    assert "\n" not in str(error.value)
    return str(error.value)


# --- folders ---------------------------------------------------------------------------------------------------


def test_a_manifest_has_size_and_digest_of_each_file(folder):
    assert json.loads((folder / "manifest.json").read_text()) == {
        "files": {
            "config.json": {
                "size": 16,
                "sha256": "71089717aef933d111dbcb8f4f2e6434a4b7387d865e2ad131a7d80986e61d2c",
            },
            "model.safetensors": {
                "size": 102_400,
                "sha256": "27783e87963a4efb6829b531c9ba57b44f45797f6770bd637fbf0d807cbdbae0",
            },
        }
    }


def test_a_fingerprint_is_twelve_digits_of_the_digest_of_the_weights(folder):
    digest = json.loads((folder / "manifest.json").read_text())["files"]["model.safetensors"]["sha256"]
    assert fingerprint(folder) == digest[:12]


def test_a_folder_is_itself(folder):
    assert resolve(folder) == folder
    assert resolve(str(folder)) == folder


def test_a_folder_of_ones_own_needs_no_manifest_but_all_files(folder):
    (folder / "manifest.json").unlink()
    assert resolve(folder) == folder
    (folder / "model.safetensors").unlink()
    assert "no model.safetensors" in refusal(resolve, folder)


def test_a_bundled_name_is_found_and_verified(folder, monkeypatch):
    monkeypatch.setattr(hub, "BUNDLED", (folder.parent / "nowhere", folder.parent))
    assert resolve("checkpoint") == folder
    assert hub.bundled_names() == ["checkpoint"]
    (folder / "manifest.json").unlink()
    assert "manifest" in refusal(resolve, "checkpoint")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.safetensors", WEIGHTS[:-1] + b"!", "Received: other content"),
        ("model.safetensors", WEIGHTS[:-1], "Received: 102,399 bytes"),
        ("model.safetensors", b"", "Received: 0 bytes"),
        ("model.safetensors", POINTER, "a Git LFS pointer to it; run git lfs pull"),
        ("config.json", b'{"model": "gan"}', "Received: other content"),
        ("manifest.json", b"{", "the size and sha256"),
        ("manifest.json", b"[]", "the size and sha256"),
        ("manifest.json", b"[" * 90_000, "the size and sha256"),
        ("manifest.json", b'{"files": {}}', "the size and sha256"),
        ("manifest.json", b'{"files": {"config.json": {"size": 1, "sha256": 2}}}', "the size and sha256"),
        ("manifest.json", b"\xff\xfe", "the size and sha256"),
        ("manifest.json", POINTER, "the size and sha256"),
    ],
)
def test_a_damaged_folder_is_refused(folder, name, content, message):
    (folder / name).write_bytes(content)
    assert message in refusal(resolve, folder)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_missing_is_named(folder, name):
    (folder / name).unlink()
    assert f"{name}. Received: No such file" in refusal(resolve, folder)
    assert "No such file" in refusal(write_manifest, folder)


@pytest.mark.parametrize(
    "name",
    ["", "nothing-here", "a b", "../..x", "a/b/c", "hf://org/model", "x\0y", "🎵", "x" * 9999],
    ids=lambda name: ascii(name[:20]),
)
def test_names_of_nothing_are_refused(name):
    assert len(refusal(resolve, name)) < 400


@pytest.mark.parametrize("revision", ["", "@", "@main", "@v1.0", "@" + "a" * 39, f"@{COMMIT.upper()}", f"@{COMMIT}x"])
def test_what_is_not_pinned_to_a_commit_is_refused_without_a_request(fetch, server, revision):
    assert "pinned to a commit: org/model@ and its 40 hexadecimal digits" in refusal(fetch, f"org/model{revision}")
    assert server.requests == []


# --- the Hub ---------------------------------------------------------------------------------------------------


def test_cold_the_files_come_from_the_hub(fetch, server):
    path = fetch()
    assert path.name == COMMIT
    assert (path / "model.safetensors").read_bytes() == WEIGHTS
    assert (path / "config.json").read_bytes() == CONFIG
    assert {request.split("/")[-1] for request in server.requests} == {"manifest.json", *FILES}


def test_cached_no_request_is_made(fetch, server):
    path = fetch()
    server.requests.clear()
    server.black_hole = True
    assert fetch() == path
    assert server.requests == []


def test_of_a_partly_filled_cache_only_the_rest_is_fetched(fetch, server):
    path = fetch()
    (path / "config.json").resolve().unlink()
    (path / "config.json").unlink()
    server.requests.clear()
    fetch()
    assert {request.split("/")[-1] for request in server.requests} == {"config.json"}


def test_progress_is_told(fetch):
    told = []
    fetch(progress=lambda *state: told.append(state))
    assert ("config.json", 16, 16) in told and ("model.safetensors", 102_400, 102_400) in told
    assert all(0 < here <= size for _, here, size in told)


def test_it_is_known_whether_anything_must_be_downloaded(fetch, server, folder, tmp_path):
    cache = tmp_path / "cache"
    assert hub.is_here("vae") and hub.is_here(folder) and hub.is_here("org/model@main")  # the last is refused
    assert not hub.is_here(NAME, cache)
    path = fetch()
    server.requests.clear()
    assert hub.is_here(NAME, cache)
    (path / "config.json").resolve().write_bytes(b"damaged")
    assert not hub.is_here(NAME, cache)
    assert server.requests == []


def test_an_unknown_model_commit_or_file(fetch, server):
    assert "no such model, or a private one" in refusal(fetch, f"org/other@{COMMIT}")
    assert "no such commit" in refusal(fetch, f"org/model@{'f' * 40}")
    del server.files["model.safetensors"]
    assert "Expected model.safetensors" in refusal(fetch) and "no such file" in refusal(fetch)


@pytest.mark.parametrize(
    ("status", "message"), [(401, "no such model, or a private one"), (403, "403"), (404, "no such model")]
)
def test_a_refusal_is_no_trouble_of_the_hub(fetch, server, status, message):
    server.status = status
    with pytest.raises(CheckpointError, match=message) as error:
        fetch()
    assert not isinstance(error.value, HubUnreachable)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_hub_in_trouble_is_given_up_in_time_and_counts_as_out_of_reach(fetch, server, tmp_path, status):
    server.status = status
    started = time.monotonic()
    with pytest.raises(HubUnreachable):
        fetch(deadline_s=3)
    assert time.monotonic() - started < 6
    assert not list((tmp_path / "cache").rglob("*.json"))


def test_a_hub_that_refuses_connections_is_out_of_reach(tmp_path):
    started = time.monotonic()
    with pytest.raises(HubUnreachable):
        resolve(NAME, endpoint="http://127.0.0.1:9", cache_dir=tmp_path / "cache", deadline_s=3)
    assert time.monotonic() - started < 6


def test_a_black_hole_is_given_up_at_the_deadline(fetch, server):
    server.black_hole = True
    started = time.monotonic()
    assert "nothing complete within 2 s; check the network" in refusal(fetch, deadline_s=2)
    assert time.monotonic() - started < 4


def test_a_visitor_is_told_of_a_black_hole_within_ten_seconds(server, tmp_path):
    server.black_hole = True
    started = time.monotonic()
    with pytest.raises(HubUnreachable, match="no answer within 8 s; check the network, or name a local folder"):
        resolve(NAME, endpoint=server.endpoint, cache_dir=tmp_path / "cache")
    assert time.monotonic() - started < 10


def test_a_download_that_was_given_up_does_not_disturb_the_next(fetch, server, tmp_path):
    """Left alone, it would retry, and each refusal close the connections that the client shares between threads."""
    for number in range(3):
        with pytest.raises(HubUnreachable):
            resolve(NAME, endpoint="http://127.0.0.1:9", cache_dir=tmp_path / f"given up {number}", deadline_s=0.5)
    server.drip_seconds = 5.0
    assert (fetch() / "model.safetensors").read_bytes() == WEIGHTS
    assert not [thread for thread in threading.enumerate() if thread.name == "musicgen-hub"]


def test_work_that_is_given_up_cleans_up_and_ends():
    steps = []

    def work():
        try:
            while True:
                time.sleep(0.01)
        finally:
            steps.append("cleaned up")

    with pytest.raises(TimeoutError):
        within(0.1, work)
    for thread in threading.enumerate():
        if thread.name == "musicgen-hub":
            thread.join(10)
            assert not thread.is_alive()
    assert steps == ["cleaned up"]


def test_offline_what_is_cached_serves_and_what_is_not_whole_is_not_handed_out(fetch, server, tmp_path):
    path = fetch()
    offline = {"endpoint": "http://127.0.0.1:9", "cache_dir": tmp_path / "cache", "deadline_s": 2}
    assert resolve(NAME, **offline) == path
    (path / "config.json").unlink()
    assert "Expected config.json of org/model" in refusal(resolve, NAME, **offline)


def test_a_body_cut_short_is_no_checkpoint(fetch, server):
    server.cut_after = 100
    refusal(fetch, deadline_s=4)
    server.cut_after = None
    assert (fetch() / "model.safetensors").read_bytes() == WEIGHTS


def test_corruption_at_the_same_size_is_fetched_again_and_kept_aside(fetch, server):
    server.corrupt, server.corrupt_times = {"model.safetensors"}, 1
    path = fetch()
    assert (path / "model.safetensors").read_bytes() == WEIGHTS
    aside = list(path.parent.parent.rglob("*.damaged"))
    assert any(file.stat().st_size == len(WEIGHTS) for file in aside)


def test_corruption_twice_is_refused_and_not_left_in_the_cache(fetch, server):
    server.corrupt = {"model.safetensors"}
    assert "Received: other content. So it was twice" in refusal(fetch)
    assert sum(request.startswith("GET") and "safetensors" in request for request in server.requests) == 2
    server.corrupt = set()
    assert (fetch() / "model.safetensors").read_bytes() == WEIGHTS


def test_damage_in_the_cache_is_repaired(fetch):
    path = fetch()
    (path / "model.safetensors").resolve().write_bytes(WEIGHTS[:-1] + b"!")
    assert (fetch() / "model.safetensors").read_bytes() == WEIGHTS


def test_a_pointer_in_place_of_weights_is_refused(fetch, server):
    server.files["model.safetensors"] = POINTER
    assert "Git LFS pointer" in refusal(fetch)


def test_another_commit_than_the_pinned_one_is_refused(fetch, server):
    server.commit = "f" * 40
    assert "another commit" in refusal(fetch)


# --- the disk, and other processes -----------------------------------------------------------------------------

FETCH = """
import sys
from musicgen.errors import CheckpointError
from musicgen.hub import download, resolve
download.ANSWER_SECONDS = {answer_s}
{before}
try:
    print(resolve({name!r}, endpoint={endpoint!r}, cache_dir={cache!r}))
except CheckpointError as error:
    print(error)
"""


def fetching(server, tmp_path, before="", answer_s=60.0) -> subprocess.Popen:
    """Another process that fetches the model into the same cache."""
    code = FETCH.format(
        answer_s=answer_s, before=before, name=NAME, endpoint=server.endpoint, cache=str(tmp_path / "cache")
    )
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_download_that_has_begun_may_take_longer_than_an_answer(server, fetch, monkeypatch):
    monkeypatch.setattr(download, "ANSWER_SECONDS", 3.0)
    server.drip_seconds = 4.5
    assert (fetch() / "model.safetensors").read_bytes() == WEIGHTS


def test_two_processes_at_once_both_get_the_whole_model(server, fetch, tmp_path):
    server.drip_seconds = 4.0
    both = [fetching(server, tmp_path, answer_s=3.0) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]
    server.drip_seconds = 0.0
    folder = fetch()
    assert [out.strip() for out, _ in said] == [str(folder)] * 2, said
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


def test_a_disk_without_room_is_told_and_leaves_nothing_that_passes_for_the_model(server, fetch, tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))"
    said, _ = fetching(server, tmp_path, before=limit).communicate(timeout=120)
    assert said.startswith("Expected model.safetensors of org/model") and "OSError: File too large" in said
    assert not list((tmp_path / "cache").rglob("model.safetensors"))
    assert (fetch() / "model.safetensors").read_bytes() == WEIGHTS  # when there is room again


@pytest.fixture
def open_cache(server) -> Iterator[Path]:
    """A cache with the model in it that any user may reach, and the client already imported."""
    with tempfile.TemporaryDirectory() as name:
        cache = Path(name)
        cache.chmod(0o755)
        resolve(NAME, endpoint=server.endpoint, cache_dir=cache)
        yield cache


@contextmanager
def read_only(cache: Path) -> Iterator[None]:
    """Nobody may write into the cache. Permissions do not bind root, who becomes another user."""
    folders = [cache, *(path for path in cache.rglob("*") if path.is_dir())]
    root = os.geteuid() == 0
    for path in folders:
        path.chmod(0o555)
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for path in folders:
            path.chmod(0o755)


def test_from_a_read_only_cache_the_model_serves_without_a_request(server, open_cache):
    server.requests.clear()
    with read_only(open_cache):
        path = resolve(NAME, endpoint=server.endpoint, cache_dir=open_cache)
    assert (path / "model.safetensors").read_bytes() == WEIGHTS
    assert server.requests == []


def test_a_read_only_cache_without_the_model_is_told(server, open_cache, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "any")  # else the client looks for one in a home that is not this user's
    shutil.rmtree(next(open_cache.glob("models--*")))
    with read_only(open_cache):
        assert "PermissionError: Permission denied" in refusal(
            resolve, NAME, endpoint=server.endpoint, cache_dir=open_cache
        )


def test_damage_in_a_read_only_cache_is_told(server, open_cache):
    weights = next(open_cache.rglob("model.safetensors")).resolve()
    weights.write_bytes(WEIGHTS[:-1] + b"!")
    with read_only(open_cache):
        said = refusal(resolve, NAME, endpoint=server.endpoint, cache_dir=open_cache)
    assert "Expected to replace the damaged file" in said and "Permission denied" in said


def test_importing_loads_no_client_and_no_framework():
    code = """
import sys, musicgen.hub
print([name for name in ("huggingface_hub", "tensorflow", "keras", "tqdm") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr
