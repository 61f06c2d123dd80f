"""`Composer`: a network and its codec behind one interface, the same for every model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from musicgen.music import Music
from musicgen.request import Request


class Composer(ABC):
    """A model that makes `Music`.

    `identity` names the weights (model name and a digest of them), so that a recipe can say what made a piece.
    """

    identity: str

    @classmethod
    @abstractmethod
    def from_pretrained(cls, folder: str | Path) -> Composer:
        """Load a checkpoint folder (config.json, model.safetensors), strictly.

        Raises:
            CheckpointError: a file is missing or damaged, or a tensor is missing, unexpected or of another shape.
        """

    @abstractmethod
    def save_pretrained(self, folder: str | Path) -> None:
        """Write config.json and model.safetensors into a folder; loading it again gives the same music."""

    @abstractmethod
    def generate(self, request: Request) -> Music:
        """A new piece. The same request gives the same music."""

    @abstractmethod
    def encode(self, music: Music) -> np.ndarray:
        """Latents of shape (bars, roles, latent size) of a piece, the mean code."""

    @abstractmethod
    def decode(self, latents: np.ndarray, like: Music) -> Music:
        """A piece from latents of shape (bars, roles, latent size); tempo, key, style and programs as in `like`."""

    def reconstruct(self, music: Music) -> Music:
        """The piece through the model and back: what the latents know of it."""
        return self.decode(self.encode(music), music)

    def generate_many(self, requests: Sequence[Request]) -> list[Music]:
        """`generate` for each request; models that can batch override this."""
        return [self.generate(request) for request in requests]

    def warm_up(self) -> None:
        """Compile and run every function that serves, so that the first visitor does not wait for it."""
        self.reconstruct(self.generate(Request(bars=4)))
