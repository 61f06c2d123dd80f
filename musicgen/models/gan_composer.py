"""`GANComposer`: the generator, and the VAE as its codec, behind the `Composer` interface."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from musicgen.errors import RequestError
from musicgen.models.checkpoint import identity, read_config, read_metres, unreadable, write_config
from musicgen.models.compiling import compiled
from musicgen.models.forms import Forms
from musicgen.models.gan import Generator
from musicgen.models.grid_composer import TIME, GridComposer
from musicgen.models.note_decoder import NoteDecoder, NoteDecoderConfig
from musicgen.models.prior import PriorConfig
from musicgen.models.progression import Progression, ProgressionConfig
from musicgen.models.vae import VAE, VAEConfig
from musicgen.models.weights import EIGHT_BIT_FROM, load_weights, save_weights
from musicgen.music import FOUR_FOUR


class GANComposer(GridComposer):
    """A `Generator` over the latents of a `VAE`.

    Args:
        vae, generator, progression, notes, time, forms, card, metres: as for `GridComposer`.
    """

    kind = "gan"

    def __init__(
        self, vae: VAE, generator: Generator, progression: Progression, forms: Forms | None = None,
        card: dict[str, Any] | None = None, metres: Sequence[str] = (FOUR_FOUR.name,),
        notes: NoteDecoder | None = None, time: float = TIME,
    ) -> None:  # fmt: skip
        super().__init__(vae, generator, progression, notes, time, forms, card, metres)
        self.generator = generator
        self._make = compiled(generator.make)

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        config = read_config(folder, cls.kind)
        try:
            vae = VAE(VAEConfig(**config["vae"]), name="vae")
            generator = Generator(PriorConfig(**config["generator"]), name="generator")
            progression = Progression(ProgressionConfig(**config["progression"]), name="progression")
            composer = cls(
                vae, generator, progression, config["forms"], config["card"], read_metres(config),
                NoteDecoder(NoteDecoderConfig(**config["notes"]), name="notes"), config["time"],
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
        save_weights(self.weights, folder / "model.safetensors", eight_bit_from=EIGHT_BIT_FROM)
        values = {
            "vae": self.vae.config.to_dict(), "generator": self.generator.config.to_dict(),
            "progression": self.progression.config.to_dict(), "notes": self.notes.config.to_dict(), "time": self.time,
            "forms": self.forms, "card": self.card,
            "metres": list(self.metres),
        }  # fmt: skip
        write_config(folder, self.kind, values)

    def sample(
        self, noise: np.ndarray, origin: np.ndarray, begin: np.float32, known_mask: np.ndarray, bar_mask: np.ndarray,
        present: np.ndarray, asked: dict[str, np.ndarray],
    ) -> np.ndarray:  # fmt: skip
        return np.asarray(self._make(noise, origin, begin, known_mask, bar_mask, present, asked))
