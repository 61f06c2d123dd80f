"""Where checkpoints come from: the copy that ships, a folder, or a pinned commit on the Hugging Face Hub.

A checkpoint is a folder of config.json, model.safetensors and manifest.json; the last gives the size and sha256 of
the other two, and nothing is handed out that does not agree with it.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from musicgen.errors import CheckpointError
from musicgen.hub.download import Progress, download_commit, in_cache
from musicgen.hub.manifest import FILES, MANIFEST, WEIGHTS, fingerprint, sha256, verified, write_manifest
from musicgen.hub.upload import push

__all__ = [
    "BUNDLED", "DEADLINE_SECONDS", "FILES", "MANIFEST", "WEIGHTS", "Progress", "bundled_names",
    "fingerprint", "is_here", "push", "resolve", "sha256", "split_name", "write_manifest",
]  # fmt: skip

DEADLINE_SECONDS = 120.0

_PACKAGE = Path(__file__).resolve().parent.parent
BUNDLED = (_PACKAGE / "checkpoints", _PACKAGE.parent / "checkpoints")
"""Folders in which a bundled name is looked for: in an installed package, and in a checkout."""

_BUNDLED_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HUB_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9._-]+)(?:@(.*))?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


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
        deadline_s: seconds after which a download is given up; a Hub that does not answer is given up sooner.
        progress: told how far a download is.

    Raises:
        HubUnreachable: a CheckpointError: the Hub cannot be had in time, and the cache has no copy.
        CheckpointError: there is no such checkpoint, its commit is not pinned, or it is damaged (a download is fetched
            a second time first; the damaged file is kept beside, as `*.damaged`).
    """
    text = str(name)
    if _BUNDLED_NAME.fullmatch(text):
        for folder in BUNDLED:
            if (folder / text).is_dir():
                return verified(folder / text, manifest_required=True)
    path = Path(name)
    if os.path.isdir(path):  # Path.is_dir raises on names that are too long
        return verified(path, manifest_required=False)
    if _HUB_NAME.fullmatch(text) is None:
        bundled = ", ".join(bundled_names()) or "none here"
        raise CheckpointError(
            f"Expected a bundled model ({bundled}), a folder, or org/name@commit on the Hub. Received: {text[:100]!r}."
        )
    repo, revision = split_name(text)
    return download_commit(repo, revision, endpoint, cache_dir, deadline_s, progress)


def is_here(name: str | Path, cache_dir: str | Path | None = None) -> bool:
    """Whether `resolve` downloads nothing, be it that it finds the checkpoint or that it refuses the name."""
    if os.path.isdir(name) or not _HUB_NAME.fullmatch(str(name)):
        return True
    try:
        return in_cache(*split_name(str(name)), cache_dir)
    except CheckpointError:
        return True


def split_name(name: str) -> tuple[str, str]:
    """Repository and commit of "org/name@commit".

    Raises:
        CheckpointError: it is not that, or the commit is not all of its 40 hexadecimal digits.
    """
    match = _HUB_NAME.fullmatch(name)
    repo, revision = (match[1], match[2]) if match else ("org/name", None)
    if revision is None or not _COMMIT.fullmatch(revision):
        raise CheckpointError(
            f"Expected a folder, or a model pinned to a commit: {repo}@ and its 40 hexadecimal digits, "
            f"as a branch or tag can change. Received: {name[:100]!r}."
        )
    return repo, revision


def bundled_names() -> list[str]:
    """The names of the models that ship with the package."""
    return sorted({path.parent.name for folder in BUNDLED for path in folder.glob(f"*/{WEIGHTS}")})
