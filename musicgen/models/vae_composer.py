"""`VAEComposer`: the VAE, its prior and the codec, behind the `Composer` interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from musicgen.errors import RequestError
from musicgen.models.checkpoint import identity, read_config, read_metres, unreadable, write_config
from musicgen.models.compiling import compiled
from musicgen.models.forms import Forms
from musicgen.models.grid_composer import GridComposer
from musicgen.models.prior import Prior, PriorConfig
from musicgen.models.progression import Progression, ProgressionConfig
from musicgen.models.together import Habits
from musicgen.models.vae import VAE, VAEConfig
from musicgen.models.weights import load_weights, save_weights
from musicgen.music import FOUR_FOUR


class VAEComposer(GridComposer):
    """A `VAE` and a `Prior` that fit each other.

    Args:
        vae, prior, progression, forms, card, metres: as for `GridComposer`.
        steps: steps of the flow from noise to music.
        guidance: weight of the asked style, see `Prior.sample`.
    """

    kind = "vae"
    habits = Habits(
        leaps=(-1.6, 2.95, 0.5, -0.6, -1.1, -2.1),
        fuller={"melody": 0.65, "chords": -0.65, "pad": -0.15, "bass": 1.3},
        voices={"chords": (-1.25, -6.9, 0.2, 7.3), "pad": (-2.6, -8.5, 0.0, 11.1)},
        rhythm={"melody": 0.6, "chords": 0.55, "bass": 0.6},
        matching=1.2,
        listening=0.77,
        shared=0.25,
    )
    between = replace(
        habits, fuller={"melody": 1.0, "chords": 0.3, "pad": 1.4, "bass": 1.0}, matching=1.85, listening=0.88
    )

    def __init__(
        self, vae: VAE, prior: Prior, progression: Progression, steps: int = 5, guidance: float = 1.5,
        forms: Forms | None = None, card: dict[str, Any] | None = None, metres: Sequence[str] = (FOUR_FOUR.name,),
    ) -> None:  # fmt: skip
        super().__init__(vae, prior, progression, forms, card, metres)
        self.steps, self.guidance = steps, guidance
        self._sample = compiled(prior.sample)

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        config = read_config(folder, cls.kind)
        try:
            vae = VAE(VAEConfig(**config["vae"]), name="vae")
            prior = Prior(PriorConfig(**config["prior"]), name="prior")
            progression = Progression(ProgressionConfig(**config["progression"]), name="progression")
            composer = cls(
                vae, prior, progression, config["steps"], config["guidance"], config["forms"], config["card"],
                read_metres(config),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, AttributeError, RequestError) as error:
            raise unreadable(folder, cls.kind, error) from None
        path = folder / "model.safetensors"
        load_weights(composer.weights, path)
        composer.identity = identity(cls.kind, path)
        return composer

    def save_pretrained(self, folder: str | Path) -> None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_weights(self.weights, folder / "model.safetensors")
        values = {
            "vae": self.vae.config.to_dict(), "prior": self.prior.config.to_dict(),
            "progression": self.progression.config.to_dict(),
            "steps": self.steps, "guidance": self.guidance, "forms": self.forms, "card": self.card,
            "metres": list(self.metres),
        }  # fmt: skip
        write_config(folder, self.kind, values)

    def sample(
        self, noise: np.ndarray, origin: np.ndarray, begin: np.float32, known_mask: np.ndarray, bar_mask: np.ndarray,
        present: np.ndarray, asked: dict[str, np.ndarray], emphasis: float = 1.0,
    ) -> np.ndarray:  # fmt: skip
        # No part of the way misses by more than .25 of a deviation, all of it by .21, and by as much with a pass fewer
        # where a quarter is known already (docs/decisions.md, D9).
        passes = self.steps * (1.0 - begin) ** 2 * (0.8 if known_mask.mean() >= 0.25 else 1.0)
        steps = np.int32(max(1, np.ceil(passes - 1e-6)))
        settings = np.float32(emphasis * self.guidance), steps
        return np.asarray(self._sample(noise, origin, begin, known_mask, bar_mask, present, asked, *settings))
