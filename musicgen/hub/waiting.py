"""Work of a client that may wait for ever, under a deadline of our own (docs/decisions.md, D47)."""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


class Unanswered(TimeoutError):
    """There was no sign of an answer, though the deadline is not over."""


class _GivenUp(SystemExit):
    """Raised in a thread whose work nobody waits for any more; a thread that ends by it says nothing."""


def within(
    seconds: float, work: Callable[[], _T], answer_s: float | None = None, answered: Callable[[], bool] | None = None
) -> _T:
    """What `work` returns or raises, if it does in time; otherwise the work is given up.

    A thread, because the client's own timeouts count from one byte to the next, and start anew with each retry. Work
    that is given up ends when the system next gives the thread back to Python: left alone, it would go on to retry, and
    close the connections that the client shares between threads under whatever is downloaded next.

    Args:
        seconds: for the whole.
        work: what to do.
        answer_s: seconds in which `answered` must have become true, or None if there is no such sign.
        answered: whether there is a sign that the work goes on.

    Raises:
        TimeoutError: the work is not done in time; `Unanswered` if there was no sign of it either.
    """
    results: list[_T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="musicgen-hub", daemon=True)
    started = time.monotonic()
    thread.start()
    if answer_s is not None and answer_s < seconds:
        thread.join(answer_s)
        if thread.is_alive() and answered is not None and not answered():
            _give_up(thread)
            raise Unanswered
    thread.join(max(0.0, started + seconds - time.monotonic()))
    if errors:
        raise errors[0]
    if not results:
        _give_up(thread)
        raise TimeoutError
    return results[0]


def _give_up(thread: threading.Thread) -> None:
    """Raise `_GivenUp` in a thread, so that it cleans up and ends."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_GivenUp))
