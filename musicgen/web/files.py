"""Files that a visitor fetches: one folder per server process, one folder per piece, never a half-written file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from urllib.parse import quote

from gradio import FileData
from gradio.utils import get_upload_folder

from musicgen import export


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

    def put(self, path: Path, data: bytes) -> Path:
        """Write a file, whole before it has its name, so that no request ever reads half of it."""
        export.write(path, data)
        self.files.add(str(path))
        return path


def link(path: Path) -> dict[str, object]:
    """A file for a component's value; Gradio adds the URL, and the clean-up when it is due."""
    return FileData(path=str(path), orig_name=path.name).model_dump()


def url(path: Path) -> str:
    """Where the browser finds a file of the shelf, below the page's own address."""
    return "gradio_api/file=" + quote(str(path))
