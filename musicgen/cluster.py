"""The one place where many jobs run: in processes of this machine, or on the workers of a Dask cluster.

It knows nothing of what the jobs do. The same jobs give the same results wherever they run; a worker that dies in the
middle of a job costs time only, as the job is given to another.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from musicgen import __version__
from musicgen.errors import ClusterError

Job = TypeVar("Job")
Result = TypeVar("Result")

WAIT_SECONDS = 60.0
"""How long a scheduler may take to answer, and its first worker to come."""
MOST_DEATHS = 3
"""A job is given up when more workers than this died while they had it; Dask's own default (`allowed-failures`)."""
_AHEAD = 2
"""Jobs that are sent for each thread of a worker: one that runs and one that waits. The rest stays here, however many
there are."""
_IGNORE_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"  # Ctrl-C is for the main process


class Cluster:
    """Workers that are ready. Made by `open_cluster`.

    Args:
        client: a `distributed.Client`, or None to run every job in this process.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def ask_each_worker(self, function: Callable[..., Result], *arguments: Any) -> list[Result]:
        """What a function gives on each worker that is there now, such as whether it has a program."""
        if self._client is None:
            return [function(*arguments)]
        return list(self._client.run(function, *arguments).values())

    def share(self, value: Any) -> Any:
        """A value that many jobs need, sent to each worker once: to be given to `results` or `map`."""
        if self._client is None:
            return value
        # a task and not `Client.scatter`: the scheduler can make it again when the worker that holds it dies
        return self._client.submit(_same, value, pure=False)

    def results(
        self,
        function: Callable[..., Result],
        jobs: Iterable[Job],
        *shared: Any,
        lost: Callable[[Job], Result] | None = None,
    ) -> Iterator[tuple[int, Result]]:
        """Place and result of each job, as they get done.

        Args:
            function: what to do with a job; a function of a module, as it is sent by its name.
            jobs: the jobs; they are drawn no faster than they get done.
            shared: further arguments of `function`, the same for all jobs; large ones as `share` gives them.
            lost: the result of a job that killed more than `MOST_DEATHS` workers, and as many again by itself. By
                default that is an error.

        Raises:
            ClusterError: a job killed every worker it was given to, or the scheduler is gone.
            Exception: what `function` raises.
        """
        if self._client is None:
            yield from ((place, function(job, *shared)) for place, job in enumerate(jobs))
            return
        from distributed import CancelledError, KilledWorker, as_completed
        from distributed.comm import CommClosedError

        waiting = enumerate(jobs)
        running: dict[str, tuple[int, Job]] = {}
        suspects: list[tuple[int, Job]] = []  # a job may only have waited where another one killed the worker
        tried_alone: set[int] = set()
        done = as_completed()

        def submit(place: int, job: Job) -> None:
            future = self._client.submit(function, job, *shared, pure=False)  # type: ignore[union-attr]
            running[future.key] = place, job
            done.add(future)

        try:
            while True:
                room = _AHEAD * max(1, sum(self._client.nthreads().values())) - len(running)
                for place, job in [pair for _, pair in zip(range(room), waiting, strict=False)]:
                    submit(place, job)
                if not running and suspects:
                    place, job = suspects.pop(0)
                    tried_alone.add(place)
                    submit(place, job)
                if not running:
                    return
                future = next(done)
                place, job = running.pop(future.key)
                try:
                    result = future.result()
                except KilledWorker:
                    if place not in tried_alone:
                        suspects.append((place, job))
                        continue
                    if lost is None:
                        raise ClusterError(
                            f"Expected each job to end. Received: one that {MOST_DEATHS + 1} workers died of "
                            f"(number {place}); perhaps they lack memory."
                        ) from None
                    result = lost(job)
                del future  # the scheduler forgets what nobody here holds
                yield place, result
        except (CancelledError, CommClosedError) as error:
            raise ClusterError(
                f"Expected the scheduler to stay. Received: {type(error).__name__}. Start it and the command again."
            ) from None

    def map(
        self,
        function: Callable[..., Result],
        jobs: Iterable[Job],
        *shared: Any,
        progress: Callable[[], Any] | None = None,
    ) -> list[Result]:
        """The results of all jobs, in the order of the jobs; arguments and errors as for `results`.

        Args:
            progress: called once for each job that is done.
        """
        found: dict[int, Result] = {}
        for place, result in self.results(function, jobs, *shared):
            found[place] = result
            if progress is not None:
                progress()
        return [found[place] for place in range(len(found))]


@contextmanager
def open_cluster(scheduler: str | None = None, workers: int | None = None) -> Iterator[Cluster]:
    """Workers for the block: processes of this machine, which end with it, or those that a scheduler has.

    Where the package `distributed` is not installed the jobs run in this process, one after another; it is an extra, as
    a page does without.

    Args:
        scheduler: address of a Dask scheduler, such as "tcp://10.0.0.5:8786"; None for processes of this machine. Its
            workers need this version of musicgen, and paths that jobs name must be the same on all machines.
        workers: processes of this machine; as many as it has cores if None, 0 for this process itself.

    Raises:
        ClusterError: this is no address, nobody or no worker answers there, the workers have another version, or
            `distributed` is needed and not installed.
    """
    if scheduler is not None and not re.fullmatch(r"(tcp|tls)://[^\s/]+:\d{1,5}", scheduler):
        raise ClusterError(f"--scheduler: expected tcp://HOST:PORT. Received: {scheduler[:60]!r}.")
    if scheduler is None and workers == 0:
        yield Cluster(None)
        return
    try:
        import distributed  # noqa: F401
    except ImportError:
        if scheduler is not None:
            raise ClusterError(
                "--scheduler: expected the package distributed. Received: none; pip install 'musicgen[cluster]'."
            ) from None
        yield Cluster(None)
        return
    with _connected(scheduler) if scheduler is not None else _local(workers or os.cpu_count() or 1) as client:
        yield Cluster(client)


def processes_for(jobs: int) -> int:
    """How many processes of this machine so many jobs shall have: at most one a core; a single job none of its own."""
    return 0 if jobs <= 1 else min(jobs, os.cpu_count() or 1)


def processes_for_networks(jobs: int) -> int:
    """`processes_for` jobs that run a network.

    All of them run in this process where Keras has another backend than TensorFlow: that may hold an accelerator, which
    processes cannot share.
    """
    return 0 if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow" else processes_for(jobs)


@contextmanager
def _local(workers: int) -> Iterator[Any]:
    """A client of worker processes of this machine, which nobody else reaches."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, host="127.0.0.1", dashboard_address="127.0.0.1:0",
            memory_limit=0, silence_logs=logging.CRITICAL, preload=[_IGNORE_INTERRUPTS],
        ) as processes,
        Client(processes, timeout=WAIT_SECONDS) as client,
    ):  # fmt: skip
        yield client


@contextmanager
def _connected(scheduler: str) -> Iterator[Any]:
    """A client of a scheduler that has workers with this version of musicgen."""
    from distributed import Client

    try:
        client = Client(scheduler, timeout=WAIT_SECONDS)
    except (OSError, ValueError) as error:  # TimeoutError is an OSError
        raise ClusterError(
            f"Expected a Dask scheduler at {scheduler}. Received: {type(error).__name__}. Start one: dask scheduler."
        ) from None
    with client:
        try:
            client.wait_for_workers(1, timeout=WAIT_SECONDS)
        except TimeoutError:
            raise ClusterError(
                f"Expected workers at {scheduler}. Received: none in {WAIT_SECONDS:g} s. Start some: dask worker."
            ) from None
        try:
            versions = set(client.run(_version).values())
        except Exception as error:  # whatever a worker without musicgen says
            raise ClusterError(
                f"Expected workers with musicgen {__version__}. Received: {type(error).__name__}: {str(error)[:80]}."
            ) from None
        if versions != {__version__}:
            raise ClusterError(
                f"Expected workers with musicgen {__version__}. Received: {', '.join(sorted(versions))}."
            )
        yield client


def _same(value: Any) -> Any:
    return value


def _version() -> str:
    return __version__


__all__ = ["Cluster", "open_cluster", "processes_for", "processes_for_networks"]
