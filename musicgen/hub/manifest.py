"""The manifest of a checkpoint: size and sha256 of its files, and what is wrong where they do not agree with it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

from musicgen.errors import CheckpointError

MANIFEST = "manifest.json"
WEIGHTS = "model.safetensors"
FILES = ("config.json", WEIGHTS)
"""What a manifest lists."""

_LFS_POINTER = b"version https://git-lfs"
_MAX_MANIFEST_BYTES = 100_000


def write_manifest(folder: str | Path) -> Path:
    """Write the manifest of a finished checkpoint folder, and return its path.

    Raises:
        CheckpointError: config.json or model.safetensors cannot be read, or the manifest not written.
    """
    folder = Path(folder)
    try:
        files = {name: {"sha256": sha256(folder / name), "size": (folder / name).stat().st_size} for name in FILES}
        unfinished = folder / f".{MANIFEST}.{os.getpid()}"
        unfinished.write_text(json.dumps({"files": files}, indent=2) + "\n", encoding="utf-8")
        os.replace(unfinished, folder / MANIFEST)
    except OSError as error:
        raise CheckpointError(f"Expected {' and '.join(FILES)} in {folder}. Received: {reason(error)}.") from None
    return folder / MANIFEST


def read_manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """File name to {"sha256": 64 hexadecimal digits, "size": bytes}, for each of FILES.

    Raises:
        CheckpointError: there is none, or it is not one.
    """
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            files = json.loads(file.read(_MAX_MANIFEST_BYTES))["files"]
        for name in FILES:
            size, digest = files[name]["size"], files[name]["sha256"]
            if type(size) is not int or not re.fullmatch(r"[0-9a-f]{64}", digest):
                raise ValueError(name)
    except OSError as error:
        raise CheckpointError(f"Expected a manifest at {path}. Received: {reason(error)}.") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        expected = f"the size and sha256 of {' and '.join(FILES)}"
        raise CheckpointError(f"Expected {expected} in {path}. Received: something else.") from None
    return dict(files)


def fingerprint(folder: str | Path) -> str:
    """The identity of a checkpoint: the first 12 hexadecimal digits of the sha256 of its weights, as its manifest says.

    Raises:
        CheckpointError: the folder has no readable manifest.
    """
    return str(read_manifest(Path(folder))[WEIGHTS]["sha256"])[:12]


def verified(folder: Path, manifest_required: bool) -> Path:
    """The folder itself if it is whole. A folder of the user's own need not have a manifest.

    Raises:
        CheckpointError: a file is missing, or is not as the manifest says.
    """
    if not manifest_required and not (folder / MANIFEST).exists():
        missing = [name for name in FILES if not (folder / name).is_file()]
        if missing:
            raise CheckpointError(f"Expected {' and '.join(FILES)} in {folder}. Received: no {missing[0]}.")
        return folder
    found = damage(folder)
    if found:
        raise CheckpointError(next(iter(found.values())))
    return folder


def damage(folder: Path) -> dict[str, str]:
    """File name to a message, for each file that is missing or not as the manifest says."""
    try:
        manifest = read_manifest(folder)
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
            elif sha256(folder / name) != expected_digest:
                found[name] = f"Expected {folder / name} with sha256 {expected_digest[:12]}... Received: other content."
        except OSError as error:
            found[name] = f"Expected a file {folder / name}. Received: {reason(error)}."
    return found


def sha256(path: Path) -> str:
    """The digest of a file, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def reason(error: BaseException) -> str:
    """What an error of the system or of a library says, in one short line."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0][:200].rstrip(".")
