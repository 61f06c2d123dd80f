"""Files that a visitor fetches: one folder per server process, one folder per piece, never a half-written file."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from gradio import FileData
from gradio.utils import get_upload_folder

from musicgen import export
from musicgen.compose import Result


def piece_id(result: Result) -> str:
    """Names a piece by its content: the same request to the same model has the same id."""
    return hashlib.sha256(result.midi).hexdigest()[:20]


def file_stem(result: Result) -> str:
    """File name of a piece without its ending, such as "musicgen-jazz-seed7"."""
    return f"musicgen-{result.request.style}-seed{result.request.seed}"


class Shelf:
    """A folder of Gradio's cache in which the files of pieces lie until Gradio's clean-up takes them."""

    def __init__(self) -> None:
        os.makedirs(get_upload_folder(), exist_ok=True)
        # A folder of its own: another process may render the same notes with another soundfont.
        self.folder = Path(tempfile.mkdtemp(prefix="musicgen-", dir=get_upload_folder()))
        self.files: set[str] = set()
        """Every file that was put here, for Gradio's clean-up."""

    def path(self, piece: str, name: str) -> Path:
        return self.folder / piece / name

    def put(self, piece: str, name: str, data: bytes) -> Path:
        """Write a file, whole before it has its name, so that no request ever reads half of it."""
        path = self.path(piece, name)
        export.write(path, data)
        self.files.add(str(path))
        return path


def link(path: Path) -> dict[str, object]:
    """A file for a component's value; Gradio adds the URL, and the clean-up when it is due."""
    return FileData(path=str(path), orig_name=path.name).model_dump()
