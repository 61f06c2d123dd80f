"""The soundfont: which file a machine has to play with, and whether it is a whole one."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import struct
from collections.abc import Mapping
from pathlib import Path

from musicgen.errors import AudioError

DRUM_BANK = 128
"""Where a soundfont keeps its drum kits."""
SOUNDFONT_VARIABLE = "MUSICGEN_SOUNDFONT"
_FOLDERS = ("/usr/share/sounds/sf3", "/usr/share/sounds/sf2", "/usr/share/soundfonts", "/usr/local/share/soundfonts")
_NAMES = (
    "MuseScore_General.sf3",
    "MuseScore_General_Full.sf3",
    "MuseScore_General_Lite.sf3",
    "MuseScore_General.sf2",
    "MuseScore_General_Full.sf2",
    "MuseScore_General_Lite.sf2",
)
GET_SOUNDFONT = (
    f"Install one: apt install musescore-general-soundfont-small, or pip install pretty_midi; "
    f"or name a file in {SOUNDFONT_VARIABLE}."
)


def find_soundfont(environ: Mapping[str, str] | None = None) -> Path:
    """The soundfont to play with: what MUSICGEN_SOUNDFONT names, else MuseScore General where the system has it,
    else the small TimGM6mb that comes with pretty_midi.

    Args:
        environ: the environment to read, `os.environ` if None.

    Raises:
        AudioError: MUSICGEN_SOUNDFONT names no soundfont (nothing else is tried then), or there is none at all.
    """
    named = (os.environ if environ is None else environ).get(SOUNDFONT_VARIABLE)
    if named:
        check_soundfont(Path(named))
        return Path(named)
    for path in _candidates():
        with contextlib.suppress(AudioError):
            check_soundfont(path)
            return path
    raise AudioError(f"Expected a soundfont. Received: none on this machine. {GET_SOUNDFONT}")


def _candidates() -> list[Path]:
    paths = [Path(folder, name) for name in _NAMES for folder in _FOLDERS]
    spec = importlib.util.find_spec("pretty_midi")  # the folder only: importing it takes a second
    paths += [Path(folder, "TimGM6mb.sf2") for folder in (spec and spec.submodule_search_locations) or ()]
    return paths


def check_soundfont(path: Path) -> None:
    """Is the file a whole RIFF file of kind sfbk? FluidSynth's own checks are thorough but not quiet."""
    try:
        with path.open("rb") as file:
            header = file.read(12)
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        raise AudioError(f"Expected a soundfont at {path}. Received: {error.strerror or error}.") from None
    if len(header) < 12 or header[:4] != b"RIFF" or header[8:] != b"sfbk":
        raise AudioError(f"Expected a soundfont (.sf2 or .sf3) at {path}. Received: a file of another kind.")
    promised = struct.unpack("<I", header[4:8])[0] + 8
    if size < promised:
        raise AudioError(f"Expected {promised:,} bytes of soundfont at {path}. Received: {size:,}; the file was cut.")
