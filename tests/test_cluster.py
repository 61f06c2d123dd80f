"""Jobs run the same in processes of this machine and on a cluster: a scheduler and two workers on the loopback."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from musicgen import cluster, make
from musicgen.cluster import Cluster, open_cluster
from musicgen.corpus.prepare import prepare
from musicgen.corpus.reading import time_limit
from musicgen.errors import ClusterError
from musicgen.evaluation.run import evaluate
from musicgen.hub import write_manifest
from musicgen.originality.build import build
from musicgen.request import Request
from tests.little_corpus import band_file
from tests.made_songs import made_data
from tests.tiny import tiny_vae

ROOT = Path(__file__).parent.parent


@dataclass
class Loopback:
    """A scheduler with its workers."""

    address: str
    workers: list[subprocess.Popen]


@pytest.fixture(scope="module")
def loopback() -> Iterator[Loopback]:
    """A real scheduler and two workers, processes of their own. A worker that is killed is not started again."""
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    scheduler = start([*command, "--no-dashboard"])
    try:
        address = next(line.split()[-1] for line in scheduler.stderr if "Scheduler at:" in line)
        workers = [start_worker(address) for _ in range(2)]
        try:
            yield Loopback(address, workers)
        finally:
            for worker in workers:
                worker.kill()
    finally:
        scheduler.kill()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    made_data(folder, 60)
    return folder


def start(command: list[str]) -> subprocess.Popen:
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def start_worker(address: str) -> subprocess.Popen:
    return start([
        sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard",
    ])  # fmt: skip


def cube(number: int, *more: int) -> int:
    return number**3 + sum(more)


def slow_cube(number: int, folder: str) -> int:
    Path(folder, f"{number}-{os.getpid()}").touch()
    time.sleep(0.3)
    return cube(number)


def end_its_process(number: int) -> int:
    if number == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def fail(number: int) -> int:
    raise ValueError(f"number {number}")


# --- processes of this machine ---


@pytest.fixture(scope="module")
def local() -> Iterator[Cluster]:
    with open_cluster(workers=2) as ready:
        yield ready


def test_results_come_in_the_order_of_the_jobs(local: Cluster) -> None:
    assert local.map(cube, range(5)) == [0, 1, 8, 27, 64]


def test_each_result_comes_with_its_place_as_it_gets_done(local: Cluster) -> None:
    assert sorted(local.results(cube, [3, 2])) == [(0, 27), (1, 8)]


def test_a_shared_value_is_a_further_argument(local: Cluster) -> None:
    assert local.map(cube, [1, 2], local.share(100)) == [101, 108]


def test_jobs_are_drawn_no_faster_than_they_get_done(local: Cluster) -> None:
    drawn = []
    results = local.results(cube, (drawn.append(number) or number for number in range(1000)))
    next(results)
    assert len(drawn) < 10
    results.close()


def test_no_jobs_no_results(local: Cluster) -> None:
    assert local.map(cube, []) == []


def test_progress_is_told_once_a_job(local: Cluster) -> None:
    told = []
    local.map(cube, range(3), progress=lambda: told.append(1))
    assert told == [1, 1, 1]


def test_an_error_of_a_job_comes_here(local: Cluster) -> None:
    with pytest.raises(ValueError, match="number 7"):
        local.map(fail, [7])


def test_a_job_that_kills_every_process_is_given_up_and_the_others_are_done(local: Cluster) -> None:
    found = dict(local.results(end_its_process, range(4), lost=lambda number: -number))
    assert found == {0: 0, 1: -1, 2: 2, 3: 3}


def test_without_the_package_jobs_run_here_one_after_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with open_cluster() as here:
        assert here.map(cube, [1, 2], here.share(100)) == [101, 108]
        assert here.ask_each_worker(os.getpid) == [os.getpid()]
    with pytest.raises(ClusterError, match=r"pip install 'musicgen\[cluster\]'"), open_cluster("tcp://127.0.0.1:1"):
        pass


# --- a cluster ---


@pytest.mark.parametrize("address", ["127.0.0.1:8786", "http://127.0.0.1:8786", "tcp://host", "tcp://a b:1", ""])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ClusterError, match="expected tcp://HOST:PORT"), open_cluster(address):
        pass


def test_where_no_scheduler_answers_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "WAIT_SECONDS", 1.0)
    expected = r"Expected a Dask scheduler at tcp://127\.0\.0\.1:1\."
    with pytest.raises(ClusterError, match=expected), open_cluster("tcp://127.0.0.1:1"):
        pass


def test_workers_of_another_version_are_refused(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "__version__", "99")
    expected = r"Expected workers with musicgen 99\. Received: 0\."
    with pytest.raises(ClusterError, match=expected), open_cluster(loopback.address):
        pass


def test_a_cluster_prepares_the_same_bytes_as_this_machine(loopback: Loopback, tmp_path: Path) -> None:
    folder = tmp_path / "pop"
    folder.mkdir()
    for i in range(6):
        (folder / f"{i}.mid").write_bytes(band_file(i) if i != 4 else b"damaged")
    prepare(tmp_path, tmp_path / "here", [f"folder:{folder}"], workers=2)
    prepare(tmp_path, tmp_path / "there", [f"folder:{folder}"], scheduler=loopback.address)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_a_cluster_indexes_the_same_bytes_as_this_machine(loopback: Loopback, made: Path, tmp_path: Path) -> None:
    build(made, tmp_path / "here")
    build(made, tmp_path / "there", loopback.address)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_a_cluster_evaluates_as_this_machine_does(loopback: Loopback, made: Path, tmp_path: Path) -> None:
    for out, address in (("here", None), ("there", loopback.address)):
        evaluate(["markov"], made, tmp_path / out, 20, seeds=1, learned=0, scheduler=address)
    here, there = (json.loads((tmp_path / out / "report.json").read_text()) for out in ("here", "there"))
    for report in (here, there):
        del report["protocol"]["seconds"], report["models"][0]["seconds"]
    assert there == here


def test_a_cluster_makes_the_same_pieces_as_this_machine(
    loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(make, "_CHUNK", 2)
    monkeypatch.setattr(make, "processes_for_networks", lambda jobs: 0)
    model = tmp_path / "model"
    tiny_vae().save_pretrained(model)
    write_manifest(model)
    request = Request(bars=4, seed=5, humanise=50)
    make.write_many(str(model), request, 5, tmp_path / "here")
    make.write_many(str(model), request, 5, tmp_path / "there", loopback.address)
    assert len(contents(tmp_path / "here")) == 5
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_worker_that_is_killed_in_the_middle_of_a_job_costs_time_only(loopback: Loopback, tmp_path: Path) -> None:
    victim = loopback.workers[0].pid
    with open_cluster(loopback.address) as remote:
        shared = remote.share(str(tmp_path))
        results = remote.results(slow_cube, range(12), shared)
        found = [next(results)]
        while not (begun := {int(path.name.split("-")[0]) for path in tmp_path.glob(f"*-{victim}")} - places(found)):
            found.append(next(results))
        os.kill(victim, signal.SIGKILL)
        found += results
    assert sorted(found) == [(number, number**3) for number in range(12)]
    again = {int(path.name.split("-")[0]) for path in tmp_path.iterdir() if not path.name.endswith(f"-{victim}")}
    assert begun <= again  # what it had begun was done by the other


def places(found: list[tuple[int, int]]) -> set[int]:
    return {place for place, _ in found}


# --- the limit of a job, which runs in a thread of a worker ---


def endless() -> None:
    with time_limit(0.05):
        while True:
            pass


def test_a_job_is_stopped_at_its_limit_in_any_thread() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert isinstance(pool.submit(endless).exception(timeout=20), TimeoutError)
        assert pool.submit(cube, 2).result() == 8  # nothing is left behind in the thread


def test_a_limit_that_is_not_reached_stops_nothing() -> None:
    with time_limit(0.02):
        pass
    time.sleep(0.05)
