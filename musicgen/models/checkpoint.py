"""config.json of a checkpoint folder: what a network is made of, checked before any weight is read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from musicgen.errors import CheckpointError
from musicgen.music import FOUR_FOUR, METRES
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

FORMAT = 1


def read_config(folder: Path, kind: str) -> dict[str, Any]:
    """config.json of a checkpoint of this kind.

    Raises:
        CheckpointError: there is none, or it is of another kind, format, or table of roles or styles.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if config["model"] != kind or config["format"] != FORMAT:
            raise CheckpointError(
                f'Expected a "{kind}" checkpoint of format {FORMAT}. '
                f"Received: {config['model']!r}, {config['format']!r}."
            )
        if config["roles"] != list(ROLE_NAMES) or config["styles"] != list(STYLE_NAMES[: len(config["styles"])]):
            raise CheckpointError("Expected the roles and styles of this version. Received: others in config.json.")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise unreadable(folder, kind, error) from None
    return dict(config)


def read_metres(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The metres that a config.json lists; 4/4 alone where it lists none, as all did before there were others.

    Raises:
        CheckpointError: there is one that this version does not know.
    """
    metres = config.get("metres", [FOUR_FOUR.name])
    if not isinstance(metres, list) or not metres or any(metre not in METRES for metre in metres):
        raise CheckpointError(f"Expected metres among {', '.join(METRES)} in config.json. Received: {metres!r}.")
    return tuple(metre for metre in METRES if metre in metres)


def unreadable(folder: Path, kind: str, error: Exception) -> CheckpointError:
    """The error for a config.json that a network cannot be built from."""
    return CheckpointError(
        f"Expected a config.json of a {kind} in {folder}. Received: {type(error).__name__}: {error}."
    )


def write_config(folder: Path, kind: str, values: dict[str, Any]) -> None:
    """Write config.json: written to a temporary name, then renamed."""
    config = {"model": kind, "format": FORMAT, "roles": list(ROLE_NAMES), "styles": list(STYLE_NAMES), **values}
    temporary = folder / "config.json.tmp"
    temporary.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, folder / "config.json")


def identity(kind: str, path: Path) -> str:
    """Kind and a digest of the file of weights."""
    return f"{kind}-{hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
