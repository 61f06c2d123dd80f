"""Can a network that listens tell pieces from songs? A classifier two-sample test on notes.

Lopez-Paz and Oquab (2017), "Revisiting classifier two-sample tests". `classifier` judges pieces by features that people
chose; here a network reads every note, trained from scratch on songs and pieces for each judgement. The area under the
ROC curve is .5 where it cannot tell them apart. It compares models; nothing is ever tuned by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from musicgen.evaluation.classifier import area
from musicgen.models.note_classifier import ClassifierConfig, ClassifierTrainer, Rows
from musicgen.roles import ROLE_NAMES


def crop_pieces(pieces: Sequence[Rows], bars: int, role: str | None, seed: int) -> list[Rows]:
    """Of each piece a random stretch of so many bars that begins at a multiple of four, of one role or of all."""
    rng = np.random.default_rng(seed)
    result = []
    for rows in pieces:
        last = int(rows[:, 0].max(initial=0)) // 4 * 4
        first = int(rng.integers(0, max(last + 4 - bars, 0) // 4 + 1)) * 4
        here = (rows[:, 0] >= first) & (rows[:, 0] < first + bars)
        if role is not None:
            here &= rows[:, 1] == ROLE_NAMES.index(role)
        rows = rows[here].copy()
        rows[:, 0] -= first
        result.append(rows)
    return result


def measure_area(
    trainer: ClassifierTrainer, train_real: Sequence[Rows], train_generated: Sequence[Rows], real: Sequence[Rows],
    generated: Sequence[Rows], seed: int = 0, role: str | None = None,
) -> float:  # fmt: skip
    """Area under the ROC curve of a network trained from scratch: .5 cannot tell, 1 always can; NaN where no piece has
    the role.

    Args:
        train_real, train_generated: what it learns from, rows of `codec.COLUMNS` of each piece.
        real, generated: what it is judged by: other songs, and pieces of other seeds.
        seed: of its weights, the order of pieces and the stretches that it sees.
        role: it sees this role alone; pieces without it are left out.
    """
    sets = [
        [rows for rows in crop_pieces(pieces, trainer.config.bars, role, seed + i) if len(rows)]
        for i, pieces in enumerate((train_real, train_generated, real, generated))
    ]
    if not all(sets):
        return float("nan")
    trainer.train([*sets[0], *sets[1]], np.repeat([0.0, 1.0], [len(sets[0]), len(sets[1])]), seed)
    return area(trainer.score([*sets[2], *sets[3]]), np.repeat([0, 1], [len(sets[2]), len(sets[3])]))


@lru_cache
def _trainer(bars: int) -> ClassifierTrainer:
    """Shared by all models of a report, since it takes longer to compile than to train on few pieces."""
    return ClassifierTrainer(ClassifierConfig(bars=bars))


def judge_pieces(
    train_real: Sequence[Rows], train_generated: Sequence[Rows], real: Sequence[Rows],
    generated: Sequence[Sequence[Rows]], bars: int = 16,
) -> dict[str, Any]:  # fmt: skip
    """How well networks that read notes tell pieces from songs.

    Args:
        train_real, train_generated, real: as for `measure_area`.
        generated: the pieces to judge, once for each seed of the network.
        bars: of the pieces.

    Returns:
        "whole" and "four bars": areas of whole pieces and of stretches of four bars, one for each seed; "roles": area
        by role, of networks that see whole pieces of this role alone.
    """
    whole, short = _trainer(bars), _trainer(4)

    def areas(trainer: ClassifierTrainer) -> list[float]:
        return [
            measure_area(trainer, train_real, train_generated, real, pieces, seed)
            for seed, pieces in enumerate(generated)
        ]

    return {
        "whole": areas(whole),
        "four bars": areas(short),
        "roles": {
            role: measure_area(whole, train_real, train_generated, real, generated[0], role=role) for role in ROLE_NAMES
        },
    }
