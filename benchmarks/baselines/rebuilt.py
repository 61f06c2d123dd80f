"""Songs through a model's latents and back: what codec and decoder lose, with no prior to blame.

The rung between a model's samples and real songs. What it is further from the data than `real` is the decoder's doing;
what the samples are further than it is the prior's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.baselines import Baseline
from musicgen.corpus.dataset import Dataset
from musicgen.errors import CheckpointError
from musicgen.music import Music
from musicgen.request import Request


class Rebuilt(Baseline):
    """What a model makes of songs when it is shown them: the mean code, nothing drawn.

    `evaluate` hands it windows of the validation split, chosen as for `real`, so that nothing of the songs that it is
    compared with is in it. `rebuilt` is through the bundled VAE, `rebuilt:MODEL` through another.
    """

    def __init__(self, dataset: Dataset, composer: Any) -> None:
        if not hasattr(composer, "reconstruct"):
            raise CheckpointError(f"Expected a model that can encode a piece. Received: {composer.identity}.")
        self.dataset, self.composer = dataset, composer
        self.identity = f"validation songs through {composer.identity}"

    def rebuild(self, pieces: Sequence[Music]) -> list[Music]:
        """Each piece through the latents and back."""
        return [self.composer.reconstruct(piece) for piece in pieces]

    def generate(self, request: Request) -> Music:
        """A stretch of a validation song of the style, rebuilt; its roles, mode and tempo are the song's."""
        pieces = [piece for piece in self.dataset.split("valid") if piece.bars >= request.bars]
        pieces = [piece for piece in pieces if piece.style == request.style] or pieces
        rng = np.random.default_rng(request.seed)
        piece = pieces[rng.integers(len(pieces))]
        first = int(rng.integers(piece.bars - request.bars + 1))
        return self.composer.reconstruct(self.dataset.music(piece, first, request.bars))
