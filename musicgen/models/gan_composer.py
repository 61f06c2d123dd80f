"""`GANComposer`: the generator, and the VAE as its codec, behind the `Composer` interface."""

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
from musicgen.models.gan import Generator
from musicgen.models.grid_composer import GridComposer
from musicgen.models.prior import PriorConfig
from musicgen.models.progression import Progression, ProgressionConfig
from musicgen.models.together import Habits
from musicgen.models.vae import VAE, VAEConfig
from musicgen.models.weights import load_weights, save_weights
from musicgen.music import FOUR_FOUR
from musicgen.roles import ROLE_NAMES

_EIGHT_BIT_FROM = 2**16
"""Size of the matrices that are stored in 8 bits: onset F1 of reconstruction stays the same to .0005 for every role."""


class GANComposer(GridComposer):
    """A `Generator` over the latents of a `VAE`.

    Args:
        vae, generator, progression, forms, card, metres: as for `GridComposer`.
    """

    kind = "gan"
    habits = Habits(
        leaps=(-0.75, 3.55, 0.88, -0.4, -1.3, -3.7),
        fuller={"melody": 0.9, "chords": -0.75, "pad": 0.1, "bass": 1.45, "drums": 0.3},
        places={"melody": (-0.15, 0.4, 0.8, 0.3)} | dict.fromkeys(ROLE_NAMES[1:], (-0.3, 0.6, 1.5, 0.6)),
        voices={"chords": (-1.3, -3.6, 5.5, 13.6), "pad": (-2.3, -5.3, 4.0, 15.0)},
        rhythm={"melody": 1.0, "chords": 0.9, "pad": 0.9, "bass": 0.9, "drums": 0.3},
        matching=1.6,
        listening=0.95,
    )
    between = replace(habits, fuller={"melody": 0.9, "chords": -0.8, "bass": 0.7}, matching=1.85, listening=1.0)

    def __init__(
        self, vae: VAE, generator: Generator, progression: Progression, forms: Forms | None = None,
        card: dict[str, Any] | None = None, metres: Sequence[str] = (FOUR_FOUR.name,),
    ) -> None:  # fmt: skip
        super().__init__(vae, generator, progression, forms, card, metres)
        self.generator = generator
        self._make = compiled(generator.make)

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        config = read_config(folder, cls.kind)
        try:
            vae = VAE(VAEConfig(**config["vae"]), name="vae")
            generator = Generator(PriorConfig(**config["generator"]), name="generator")
            progression = Progression(ProgressionConfig(**config["progression"]), name="progression")
            composer = cls(vae, generator, progression, config["forms"], config["card"], read_metres(config))
        except (KeyError, TypeError, ValueError, AttributeError, RequestError) as error:
            raise unreadable(folder, cls.kind, error) from None
        path = folder / "model.safetensors"
        load_weights(composer.weights, path)
        composer.identity = identity(cls.kind, path)
        return composer

    def save_pretrained(self, folder: str | Path) -> None:
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_weights(self.weights, folder / "model.safetensors", eight_bit_from=_EIGHT_BIT_FROM)
        values = {
            "vae": self.vae.config.to_dict(), "generator": self.generator.config.to_dict(),
            "progression": self.progression.config.to_dict(), "forms": self.forms, "card": self.card,
            "metres": list(self.metres),
        }  # fmt: skip
        write_config(folder, self.kind, values)

    def sample(
        self, noise: np.ndarray, origin: np.ndarray, begin: np.float32, known_mask: np.ndarray, bar_mask: np.ndarray,
        present: np.ndarray, asked: dict[str, np.ndarray], emphasis: float = 1.0,
    ) -> np.ndarray:  # fmt: skip
        return np.asarray(self._make(noise, origin, begin, known_mask, bar_mask, present, asked))
