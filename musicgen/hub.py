"""Where checkpoints come from: the copy that ships, a folder, or a pinned commit on the Hugging Face Hub.

A checkpoint is a folder of config.json, model.safetensors and manifest.json; the last gives the size and sha256 of
the other two, and nothing is handed out that does not agree with it. The client of the Hub does not check content, and
gives up when it likes: so local files come first, then the network for as long as *we* say, then the digests.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from musicgen.errors import CheckpointError

MANIFEST = "manifest.json"
WEIGHTS = "model.safetensors"
FILES = ("config.json", WEIGHTS)
"""What a manifest lists."""
DEADLINE_SECONDS = 120.0

_PACKAGE = Path(__file__).resolve().parent
BUNDLED = (_PACKAGE / "checkpoints", _PACKAGE.parent / "checkpoints")
"""Folders in which a bundled name is looked for: in an installed package, and in a checkout."""

_BUNDLED_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HUB_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9._-]+)(?:@(.*))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LFS_POINTER = b"version https://git-lfs"
_MAX_MANIFEST_BYTES = 100_000
_TRIES = 3

Progress = Callable[[str, float], None]
"""Told a file name and which part of it, 0 to 1, is here."""
_T = TypeVar("_T")


def resolve(
    name: str | Path,
    *,
    endpoint: str | None = None,
    cache_dir: str | Path | None = None,
    deadline_s: float = DEADLINE_SECONDS,
    progress: Progress | None = None,
) -> Path:
    """The local folder of a checkpoint, whole and verified.

    Args:
        name: a bundled name such as "vae"; a folder; or "org/name@commit" on the Hub, with all 40 digits of the commit.
        endpoint: the address of the Hub, the public one if None.
        cache_dir: where downloads are kept, the Hub client's own cache if None. What is there needs no network.
        deadline_s: seconds after which a download is given up.
        progress: told how far a download is.

    Raises:
        CheckpointError: there is no such checkpoint, its commit is not pinned, it cannot be had in time, or it is
            damaged (a download is fetched a second time first; the damaged file is kept beside, as `*.damaged`).
    """
    text = str(name)
    if _BUNDLED_NAME.fullmatch(text):
        for folder in BUNDLED:
            if (folder / text).is_dir():
                return _verified(folder / text, manifest_required=True)
    path = Path(name)
    if os.path.isdir(path):  # Path.is_dir raises on names that are too long
        return _verified(path, manifest_required=False)
    match = _HUB_NAME.fullmatch(text)
    if match is None:
        bundled = ", ".join(bundled_names()) or "none here"
        raise CheckpointError(
            f"Expected a bundled model ({bundled}), a folder, or org/name@commit on the Hub. Received: {text[:100]!r}."
        )
    repo, revision = match[1], match[2]
    if revision is None or not _COMMIT.fullmatch(revision):
        raise CheckpointError(
            f"Expected a folder, or a model pinned to a commit: {repo}@ and its 40 hexadecimal digits, "
            f"as a branch or tag can change. Received: {text[:100]!r}."
        )
    return _from_hub(repo, revision, endpoint, cache_dir, deadline_s, progress)


def bundled_names() -> list[str]:
    """The names of the models that ship with the package."""
    return sorted({path.parent.name for folder in BUNDLED for path in folder.glob(f"*/{MANIFEST}")})


def fingerprint(folder: str | Path) -> str:
    """The identity of a checkpoint: the first 12 hexadecimal digits of the sha256 of its weights, as its manifest says.

    Raises:
        CheckpointError: the folder has no readable manifest.
    """
    return str(_read_manifest(Path(folder))[WEIGHTS]["sha256"])[:12]


def write_manifest(folder: str | Path) -> Path:
    """Write the manifest of a finished checkpoint folder, and return its path.

    Raises:
        CheckpointError: config.json or model.safetensors cannot be read, or the manifest not written.
    """
    folder = Path(folder)
    try:
        files = {name: {"sha256": _sha256(folder / name), "size": (folder / name).stat().st_size} for name in FILES}
        unfinished = folder / f".{MANIFEST}.{os.getpid()}"
        unfinished.write_text(json.dumps({"files": files}, indent=2) + "\n", encoding="utf-8")
        os.replace(unfinished, folder / MANIFEST)
    except OSError as error:
        raise CheckpointError(f"Expected {' and '.join(FILES)} in {folder}. Received: {_reason(error)}.") from None
    return folder / MANIFEST


# --- verifying -------------------------------------------------------------------------------------------------


def _verified(folder: Path, manifest_required: bool) -> Path:
    """The folder itself if it is whole. A folder of the user's own need not have a manifest."""
    if not manifest_required and not (folder / MANIFEST).exists():
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise CheckpointError(f"Expected {' and '.join(FILES)} in {folder}. Received: no {missing[0]}.")
        return folder
    damage = _damage(folder)
    if damage:
        raise CheckpointError(next(iter(damage.values())))
    return folder


def _damage(folder: Path) -> dict[str, str]:
    """File name to a message, for each file that is missing or not as the manifest says."""
    try:
        manifest = _read_manifest(folder)
    except CheckpointError as error:
        return {MANIFEST: str(error)}
    found = {}
    for name in FILES:
        expected_size, expected_digest = manifest[name]["size"], manifest[name]["sha256"]
        try:
            size = (folder / name).stat().st_size
            if size != expected_size:
                found[name] = f"Expected {expected_size:,} bytes in {folder / name}. Received: {size:,} bytes."
                with (folder / name).open("rb") as file:
                    if file.read(len(_LFS_POINTER)) == _LFS_POINTER:
                        received = "a Git LFS pointer to it; run git lfs pull"
                        found[name] = f"Expected the content of {folder / name}. Received: {received}."
            elif _sha256(folder / name) != expected_digest:
                found[name] = f"Expected {folder / name} with sha256 {expected_digest[:12]}... Received: other content."
        except OSError as error:
            found[name] = f"Expected a file {folder / name}. Received: {_reason(error)}."
    return found


def _read_manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """File name to {"sha256": 64 hexadecimal digits, "size": bytes}, for each of FILES."""
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            files = json.loads(file.read(_MAX_MANIFEST_BYTES))["files"]
        for name in FILES:
            size, digest = files[name]["size"], files[name]["sha256"]
            if type(size) is not int or not re.fullmatch(r"[0-9a-f]{64}", digest):
                raise ValueError(name)
    except OSError as error:
        raise CheckpointError(f"Expected a manifest at {path}. Received: {_reason(error)}.") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        expected = f"the size and sha256 of {' and '.join(FILES)}"
        raise CheckpointError(f"Expected {expected} in {path}. Received: something else.") from None
    return dict(files)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- the Hub ---------------------------------------------------------------------------------------------------


def _from_hub(
    repo: str,
    revision: str,
    endpoint: str | None,
    cache_dir: str | Path | None,
    deadline_s: float,
    progress: Progress | None,
) -> Path:
    until = time.monotonic() + deadline_s
    damage: dict[str, str] = {}
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
        damage = _damage(folder)
        if not damage:
            return folder
        # it may be the manifest that lies: it goes as well
        for name in {MANIFEST, *damage}:
            _quarantine(folder / name)
    raise CheckpointError(f"{next(iter(damage.values()))} So it was twice; the Hub's copy of {repo} seems damaged.")


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
    from huggingface_hub import errors, hf_hub_download
    from huggingface_hub.utils import logging

    logging.set_verbosity_error()  # what it would tell of its retries is in the CheckpointError

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
                    tqdm_class=_bar(name, progress),
                )
            except (OSError, ValueError, errors.EntryNotFoundError):
                raise  # an answer of the Hub, or of the disk
            except Exception:
                # a raw error of the connection: the client closes the one that all its threads share when any of
                # them fails, one that we gave up before included
                if not tries_left:
                    raise
                time.sleep(0.2)
        raise AssertionError

    wanted = f"{name} of {repo}@{revision[:12]} from the Hub"
    try:
        return Path(_within(left_s, download))
    except TimeoutError:
        reason = f"nothing complete within {deadline_s:g} s; check the network, or name a local folder"
    except errors.GatedRepoError:
        reason = "a refusal; its owner must grant access first"
    except errors.RepositoryNotFoundError:
        reason = _NO_MODEL
    except errors.RevisionNotFoundError:
        reason = "no such commit"
    except errors.LocalEntryNotFoundError as error:  # the client's word for "no answer that I can use"
        reason = _status(error.__cause__) or "no answer, and no copy in the cache; check the network"
    except errors.EntryNotFoundError:
        reason = "no such file"
    except errors.HfHubHTTPError as error:
        reason = _status(error) or type(error).__name__
    except Exception as error:  # raw httpx2 errors, OSError of the disk: none of them is a bug of ours
        reason = f"{type(error).__name__}: {_reason(error)}"
    raise CheckpointError(f"Expected {wanted}. Received: {reason}.") from None


_NO_MODEL = "no such model, or a private one"


def _status(error: BaseException | None) -> str | None:
    code = getattr(getattr(error, "response", None), "status_code", None)
    return _NO_MODEL if code in (401, 404) else f"status {code}" if code else None


def _within(seconds: float, work: Callable[[], _T]) -> _T:
    """What `work` returns or raises, if it does in time; else TimeoutError, and the work is left to end by itself.

    A thread, because the client's own timeouts count from one byte to the next, and start anew with each retry.
    """
    results: list[_T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="musicgen-download", daemon=True)
    thread.start()
    thread.join(max(0.0, seconds))
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]


def _quarantine(path: Path) -> None:
    """Set a damaged file aside: in the cache, the name in the snapshot is a link to the content."""
    try:
        content = path.resolve()
        if content.exists():
            os.replace(content, content.with_name(content.name + ".damaged"))
        if path.is_symlink():
            path.unlink()
    except OSError as error:
        raise CheckpointError(f"Expected to replace the damaged file {path}. Received: {_reason(error)}.") from None


def _bar(name: str, progress: Progress | None) -> type:
    """A stand-in for the client's progress bar that prints nothing and tells `progress`."""
    from tqdm import tqdm

    class Bar(tqdm):  # type: ignore[type-arg]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            self.have, self.all = kwargs.get("initial") or 0, kwargs.get("total")
            super().__init__(disable=True)

        def update(self, n: float | None = 1) -> None:
            self.have += n or 0
            if progress is not None and self.all:
                progress(name, min(1.0, self.have / self.all))

    return Bar


def _reason(error: BaseException) -> str:
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0][:200].rstrip(".")
