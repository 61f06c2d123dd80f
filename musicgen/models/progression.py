"""A model of chord progressions: what a piece's harmony is to be, before its notes are.

A gated recurrent unit (Cho et al. 2014) over half bars. Beside the last two chords it hears the chords one and two
sections of four bars ago, which is how progressions come back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from keras import layers, ops

from musicgen.harmony import NO_CHORD
from musicgen.models.own_loss import OwnLoss
from musicgen.models.prior import ANY_MODE
from musicgen.music import METRES
from musicgen.roles import STYLE_NAMES

CODES = NO_CHORD + 1
BEFORE = CODES
"""Stands for the chords before the first."""
BACK = (1, 2, 8, 16)
"""Half bars back that are heard at each step: the last two, and the same place in the last two sections."""
PLACES = 32
"""Half bars of sixteen bars."""


@dataclass(frozen=True)
class ProgressionConfig:
    """Architecture of a `Progression`: numbers per chord, of the unit's state, size of the style table, dropout."""

    chord: int = 24
    width: int = 96
    styles: int = len(STYLE_NAMES)
    dropout: float = 0.3

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class Progression(OwnLoss):
    """Scores of each half bar's chord, given those before it, style and mode.

    With B progressions of N half bars: codes (B, N) of `harmony`; style (B,), `config.styles` for any; mode (B,);
    metre (B,), position in `music.METRES`.
    """

    def __init__(self, config: ProgressionConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.chord = layers.Embedding(CODES + 1, config.chord, name="chord")
        self.style = layers.Embedding(config.styles + 1, 8, name="style")
        self.mode = layers.Embedding(ANY_MODE + 1, 8, name="mode")
        self.metre = layers.Embedding(len(METRES), 16, embeddings_initializer="zeros", name="metre")
        self.place = layers.Embedding(PLACES, 8, name="place")
        self.unit = layers.GRU(config.width, return_sequences=True, name="unit")
        self.drop = layers.Dropout(config.dropout)
        self.score = layers.Dense(CODES, name="score")
        self.build()

    def build(self, input_shape: Any = None) -> None:
        for table in (self.chord, self.style, self.mode, self.metre, self.place):
            table.build((None,))
        self.unit.build((None, None, len(BACK) * self.config.chord + 3 * 8))
        self.score.build((None, None, self.config.width))
        self.built = True

    def scores(self, codes: Any, style: Any, mode: Any, metre: Any, training: bool = False) -> Any:
        """Logits of each half bar's code from those before it, shape (B, N, CODES)."""
        count, length = ops.shape(codes)[0], codes.shape[1]
        padded = ops.concatenate([ops.full((count, max(BACK)), BEFORE, "int32"), codes], axis=1)
        heard = [self.chord(padded[:, max(BACK) - back : max(BACK) - back + length]) for back in BACK]
        place = ops.broadcast_to(self.place(np.arange(length) % PLACES)[None], (count, length, 8))
        always = ops.concatenate([self.style(style), self.mode(mode)], axis=-1) + self.metre(metre)
        always = ops.broadcast_to(always[:, None], (count, length, 16))
        x = self.drop(ops.concatenate([*heard, place, always], axis=-1), training=training)
        return self.score(self.drop(self.unit(x), training=training))

    def sample(
        self, rng: np.random.Generator, bars: int, style: int, mode: int, metre: int = 0, temperature: float = 1.0,
        known: np.ndarray | None = None, fits: np.ndarray | None = None, again: np.ndarray | None = None,
    ) -> np.ndarray:  # fmt: skip
        """A progression, drawn half bar by half bar. In numpy: a step is a few small products, of which there are 128
        at most.

        Args:
            temperature: 0 takes the likeliest chord each time.
            known: codes that stay, others where they are `CODES` or more, shape (bars, 2).
            fits: what is added to the logarithm of each chord's probability, shape (2 * bars, NO_CHORD).
            again: for each bar an earlier one whose chords it has, or itself.

        Returns:
            Codes of `harmony`, uint8, shape (bars, 2).
        """
        table, places = np.asarray(self.chord.embeddings), np.asarray(self.place.embeddings)
        always = np.concatenate([np.asarray(self.style.embeddings)[style], np.asarray(self.mode.embeddings)[mode]])
        always = always + np.asarray(self.metre.embeddings)[metre]
        kernel, recurrent, bias = (np.asarray(weight) for weight in self.unit.get_weights())
        output, offset = self.score.get_weights()
        state = np.zeros(self.config.width, np.float32)
        codes = [BEFORE] * max(BACK)
        for step in range(2 * bars):
            heard = [table[codes[-back]] for back in BACK]
            x = (np.concatenate([*heard, places[step % PLACES], always]) @ kernel + bias[0]).reshape(3, -1)
            h = (state @ recurrent + bias[1]).reshape(3, -1)
            (keep, reset, new), (keep_h, reset_h, new_h) = x, h
            gate = _sigmoid(keep + keep_h)
            state = gate * state + (1 - gate) * np.tanh(new + _sigmoid(reset + reset_h) * new_h)
            logits = (state @ output + offset).astype(np.float64)
            logits[NO_CHORD] = -np.inf  # silence is for the roles to choose, not for the harmony
            if fits is not None:
                logits[:NO_CHORD] += fits[step]
            noise = rng.gumbel(size=CODES)  # drawn in any case, so that temperature changes nothing else
            drawn = int(np.argmax(logits + temperature * noise))
            given = CODES if known is None else int(known[step // 2, step % 2])
            if again is not None and again[step // 2] < step // 2:
                given = codes[max(BACK) + 2 * int(again[step // 2]) + step % 2]
            codes.append(given if given < CODES else drawn)
        return np.array(codes[max(BACK) :], np.uint8).reshape(bars, 2)

    # --- training ---

    def call(self, x: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Mean negative log likelihood, in nats, of the half bars that have a label (mask 1)."""
        logits = self.scores(x["codes"], x["style"], x["mode"], x["metre"], training)
        losses = ops.sparse_categorical_crossentropy(x["codes"], logits, from_logits=True)
        return {"loss": ops.sum(losses * x["mask"]) / ops.maximum(ops.sum(x["mask"]), 1.0)}


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))
