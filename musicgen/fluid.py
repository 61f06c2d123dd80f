"""The binding of FluidSynth: the library, loaded once and when it is first needed, with output as floats."""

from __future__ import annotations

import contextlib
import ctypes
import io
from types import ModuleType
from typing import Any

import numpy as np

from musicgen.errors import AudioError

_EFFECTS = 2  # reverb and chorus
_GET_LIBRARY = (
    "Install it: apt install libfluidsynth3 (Debian, Ubuntu), brew install fluid-synth (macOS), "
    "choco install fluidsynth (Windows); and pip install pyfluidsynth."
)


class Fluid:
    """The parts of FluidSynth in use: `Synth` of pyfluidsynth, and float output, which pyfluidsynth does not offer."""

    def __init__(self, module: ModuleType) -> None:
        self.Synth = module.Synth
        number, pointer = ctypes.c_int, ctypes.c_void_p
        buffers = ctypes.POINTER(pointer)
        arguments = (("synth", pointer, 1), ("frames", number, 1), ("effect_count", number, 1), ("effects", buffers, 1),
                     ("output_count", number, 1), ("outputs", buffers, 1))  # fmt: skip
        # dithered 16 bit output depends on what else the process has rendered, and clips; floats do neither
        self._process = module.cfunc("fluid_synth_process", number, *arguments)
        quiet = module.cfunc(
            "fluid_set_log_function", pointer, ("level", number, 1), ("function", pointer, 1), ("data", pointer, 1)
        )
        for level in range(5):  # it reports on stderr what the caller is told by an AudioError
            quiet(level, None, None)

    def process(self, synth: Any, samples: np.ndarray, start: int, frames: int) -> None:
        """Play frames from `start` on into float32 samples of shape (outputs, 2, all frames)."""
        first, (outputs, _, length) = samples.ctypes.data, samples.shape
        dry = [first + samples.itemsize * (row * length + start) for row in range(2 * outputs)]
        wet = [dry[2 * output + side] for output in range(outputs) for _ in range(_EFFECTS) for side in (0, 1)]
        # ctypes lets other threads run meanwhile
        self._process(synth, frames, len(wet), (ctypes.c_void_p * len(wet))(*wet),
                      len(dry), (ctypes.c_void_p * len(dry))(*dry))  # fmt: skip


_loaded: Fluid | None = None


def library() -> Fluid:
    """The library; one for the process.

    Raises:
        AudioError: it is not installed.
    """
    global _loaded
    if _loaded is None:
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # it prints where it found the library if CI is set
                import fluidsynth
            _loaded = Fluid(fluidsynth)
        except (ImportError, OSError):
            raise AudioError(f"Expected the FluidSynth library. Received: none here. {_GET_LIBRARY}") from None
    return _loaded
