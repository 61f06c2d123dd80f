"""A checkpoint from a pinned commit on the Hugging Face Hub.

The client of the Hub does not check content, and gives up when it likes: so what is cached comes first, then the
network for as long as *we* say, then the digests.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from musicgen.errors import CheckpointError, HubUnreachable
from musicgen.hub.manifest import FILES, MANIFEST, damage, reason
from musicgen.hub.waiting import Unanswered, within

ANSWER_SECONDS = 8.0
"""Until the content of a file begins to come. Then the Hub is out of reach: a visitor is told within ten seconds."""
_ABANDONED_SECONDS = 60.0
"""A file that another process did not write to for so long is none that comes."""
_TRIES = 3
_CHUNK_BYTES = 1 << 18
"""Between one word of progress and the next; the client's own 10 MB are a third of a model."""

Progress = Callable[[str, int, int], None]
"""Told a file name, how many of its bytes are here, and how many it has."""


def download_commit(
    repo: str,
    revision: str,
    endpoint: str | None,
    cache_dir: str | Path | None,
    deadline_s: float,
    progress: Progress | None,
) -> Path:
    """The folder of a commit in the cache, whole and verified. A damaged file is set aside and fetched once more.

    Raises:
        HubUnreachable: the Hub cannot be had in time.
        CheckpointError: the Hub refuses, the disk does, or what came is damaged twice.
    """
    until = time.monotonic() + deadline_s
    found: dict[str, str] = {}
    for _ in range(2):
        paths = {name: _cached(repo, revision, name, cache_dir) for name in (MANIFEST, *FILES)}
        for name, path in paths.items():
            if path is None:
                left = until - time.monotonic()
                paths[name] = _fetch(repo, revision, name, endpoint, cache_dir, left, deadline_s, progress)
        folders = {path.parent for path in paths.values() if path is not None}
        folder = folders.pop()
        if folders or folder.name != revision:
            raise CheckpointError(f"Expected {repo} at commit {revision}. Received: another commit from the Hub.")
        found = damage(folder)
        if not found:
            return folder
        # it may be the manifest that lies: it goes as well
        for name in {MANIFEST, *found}:
            _quarantine(folder / name)
    raise CheckpointError(f"{next(iter(found.values()))} So it was twice; the Hub's copy of {repo} seems damaged.")


def in_cache(repo: str, revision: str, cache_dir: str | Path | None) -> bool:
    """Whether the cache has a whole copy of a commit."""
    paths = [_cached(repo, revision, name, cache_dir) for name in (MANIFEST, *FILES)]
    return all(paths) and paths[0] is not None and not damage(paths[0].parent)


def _cached(repo: str, revision: str, name: str, cache_dir: str | Path | None) -> Path | None:
    """The file in the cache, without any request."""
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(repo, name, cache_dir=cache_dir, revision=revision)
    return Path(found) if isinstance(found, str) else None


def _fetch(
    repo: str,
    revision: str,
    name: str,
    endpoint: str | None,
    cache_dir: str | Path | None,
    left_s: float,
    deadline_s: float,
    progress: Progress | None,
) -> Path:
    from huggingface_hub import constants, errors, get_session, hf_hub_download
    from huggingface_hub.utils import logging

    logging.set_verbosity_error()  # what it would tell of its retries is in the CheckpointError
    begun = threading.Event()
    bar = _bar(name, progress, begun)
    constants.DOWNLOAD_CHUNK_SIZE = min(_CHUNK_BYTES, constants.DOWNLOAD_CHUNK_SIZE)
    get_session()  # setting up the client is not part of the time for an answer

    def download() -> str:
        for tries_left in reversed(range(_TRIES)):
            try:
                return hf_hub_download(
                    repo,
                    name,
                    revision=revision,
                    cache_dir=cache_dir,
                    endpoint=endpoint,
                    etag_timeout=max(0.1, min(10.0, left_s)),
                    tqdm_class=bar,
                )
            except (OSError, ValueError, errors.EntryNotFoundError):
                raise  # an answer of the Hub, or of the disk
            except Exception as error:
                # a raw error of the connection: the client closes those that all its threads share when any of them
                # is refused one. A body cut short it has fetched five times itself.
                if not tries_left or type(error).__name__ == "RemoteProtocolError":
                    raise
                time.sleep(0.2)
        raise AssertionError

    folder = Path(cache_dir or constants.HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}" / "blobs"
    wanted = f"{name} of {repo}@{revision[:12]} from the Hub"
    away = True
    try:
        return Path(within(left_s, download, ANSWER_SECONDS, lambda: begun.is_set() or _is_coming(folder)))
    except Unanswered:
        said = f"no answer within {ANSWER_SECONDS:g} s; check the network, or name a local folder"
    except TimeoutError:
        said = f"nothing complete within {deadline_s:g} s; check the network, or name a local folder"
    except errors.GatedRepoError:
        away, said = False, "a refusal; its owner must grant access first"
    except errors.RepositoryNotFoundError:
        away, said = False, _NO_MODEL
    except errors.RevisionNotFoundError:
        away, said = False, "no such commit"
    except errors.LocalEntryNotFoundError as error:  # the client's word for "no answer that I can use"
        code = _status(error.__cause__)
        away = code is None or _is_trouble(code)
        said = _said(code) or "no answer, and no copy in the cache; check the network"
    except errors.EntryNotFoundError:
        away, said = False, "no such file"
    except errors.HfHubHTTPError as error:
        code = _status(error)
        away, said = code is not None and _is_trouble(code), _said(code) or type(error).__name__
    except OSError as error:  # of the disk
        away, said = False, f"{type(error).__name__}: {reason(error)}"
    except Exception as error:  # raw httpx2 errors: none of them is a bug of ours
        said = f"{type(error).__name__}: {reason(error)}"
    raise (HubUnreachable if away else CheckpointError)(f"Expected {wanted}. Received: {said}.") from None


_NO_MODEL = "no such model, or a private one"


def _status(error: BaseException | None) -> int | None:
    return getattr(getattr(error, "response", None), "status_code", None)


def _said(code: int | None) -> str | None:
    return _NO_MODEL if code in (401, 404) else f"status {code}" if code else None


def _is_trouble(code: int) -> bool:
    """Whether a status is about the Hub rather than about what was asked for."""
    return code == 429 or code >= 500


def _is_coming(folder: Path) -> bool:
    """Whether another process is writing to a cache folder, so that the client waits for it."""
    for path in folder.glob("*.incomplete"):
        with suppress(OSError):  # it may be complete by now
            if time.time() - path.stat().st_mtime < _ABANDONED_SECONDS:
                return True
    return False


def _quarantine(path: Path) -> None:
    """Set a damaged file aside: in the cache, the name in the snapshot is a link to the content."""
    try:
        content = path.resolve()
        if content.exists():
            os.replace(content, content.with_name(content.name + ".damaged"))
        if path.is_symlink():
            path.unlink()
    except OSError as error:
        raise CheckpointError(f"Expected to replace the damaged file {path}. Received: {reason(error)}.") from None


def _bar(name: str, progress: Progress | None, begun: threading.Event) -> type:
    """A stand-in for the client's progress bar that prints nothing, sets `begun`, and tells `progress`."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            begun.set()  # the client makes its bar when the content begins
            self.have, self.all = kwargs.get("initial") or 0, kwargs.get("total")
            super().__init__(disable=True)

        def update(self, n: float | None = 1) -> None:
            self.have += n or 0
            if progress is not None and self.all:
                progress(name, min(int(self.have), int(self.all)), int(self.all))

    return Bar
