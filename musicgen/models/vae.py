"""A variational autoencoder over a grid of cells (bars x roles): one latent vector per cell.

Kingma and Welling (2014), with the free-bits floor of Kingma et al. (2016). The decoder is not autoregressive: every
onset of every cell comes out of one pass, so teacher-forced and free-running reconstruction are the same.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from musicgen.codec import DURATIONS, MAX_PITCHES, PITCHES, VELOCITIES
from musicgen.models.layers import Block, CellHead, NoteSum, attention_bias
from musicgen.models.own_loss import OwnLoss
from musicgen.music import TICKS_PER_BAR
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

ROLES = len(ROLE_NAMES)
_LOSS_WEIGHT = {"melody": 2.0, "bass": 1.5}
"""Of a role's onsets, 1 where not given: one note at a time makes a small part of the loss, and is what one hears."""
_SIZES = (ROLES, TICKS_PER_BAR, MAX_PITCHES, len(DURATIONS), len(VELOCITIES))


@dataclass(frozen=True)
class VAEConfig:
    """Architecture and loss of a `VAE`.

    Args:
        bars: longest piece that the network sees at once.
        latent: numbers per cell.
        width, heads: of the Transformers.
        encoder_blocks, conductor_blocks: depth on the way in and out.
        note_width: size of a note's vector.
        features: features per tick in the cell head.
        styles: size of the style table.
        dropout: rate, in training.
        note_dropout: share of notes hidden from the encoder in training, so that it does not rely on any one.
        alone: share of training windows whose cells cannot see each other, so that a latent says what its
            cell plays rather than which song this is.
        beta: weight of the KL term.
        free_bits: nats per latent number that cost nothing.
    """

    bars: int = 16
    latent: int = 32
    width: int = 256
    heads: int = 4
    encoder_blocks: int = 2
    conductor_blocks: int = 4
    note_width: int = 192
    features: int = 40
    styles: int = len(STYLE_NAMES)
    dropout: float = 0.05
    note_dropout: float = 0.02
    alone: float = 0.3
    beta: float = 0.05
    free_bits: float = 0.05

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class VAE(OwnLoss):
    """The network. Tensors named below have these shapes, with B windows of N bars and R roles:

    notes (n, 6) int32: cell (window * N + bar) * R + role, role, tick, pitch index, duration and velocity class;
        padding rows have cell -1.
    bar_mask (B, N): 1 for bars that exist. present (B, R): 1 for roles that play in the piece.
    style (B,) int32: position in the style table, `config.styles` for "unknown".
    """

    def __init__(self, config: VAEConfig, **kwargs: Any) -> None:
        super().__init__(("loss", "onset", "duration", "velocity", "kl", "active"), **kwargs)
        self.config = config
        width = config.width
        self.note_sum = NoteSum(
            TICKS_PER_BAR, PITCHES, len(DURATIONS), len(VELOCITIES), config.note_width, name="note_sum"
        )
        self.cell_in = layers.Dense(width, name="cell_in")
        self.encoder = [
            Block(width, config.heads, dropout=config.dropout, name=f"encoder_{i}")
            for i in range(config.encoder_blocks)
        ]
        self.encoder_norm = layers.LayerNormalization(epsilon=1e-6, name="encoder_norm")
        self.posterior = layers.Dense(2 * config.latent, name="posterior")
        self.latent_in = layers.Dense(width, name="latent_in")
        self.conductor = [
            Block(width, config.heads, dropout=config.dropout, name=f"conductor_{i}")
            for i in range(config.conductor_blocks)
        ]
        self.conductor_norm = layers.LayerNormalization(epsilon=1e-6, name="conductor_norm")
        self.head = CellHead(*_SIZES, config.features, width, name="head")
        self.style = layers.Embedding(config.styles + 1, width, name="style")
        self.noise = keras.random.SeedGenerator(0)
        pitch_mask = np.zeros((ROLES, 1, 1, MAX_PITCHES), "float32")
        for role, count in enumerate(PITCHES):
            pitch_mask[role, ..., :count] = 1
        self.pitch_mask = pitch_mask
        self.onset_weight = np.array([[_LOSS_WEIGHT.get(name, 1.0)] for name in ROLE_NAMES], "float32")
        self.build()

    def build(self, input_shape: Any = None) -> None:
        config, width = self.config, self.config.width
        self.note_sum.build()
        self.cell_in.build((None, config.note_width))
        for block in (*self.encoder, *self.conductor):
            block.build((None, None, width))
        self.encoder_norm.build((None, None, width))
        self.posterior.build((None, None, width))
        self.latent_in.build((None, None, config.latent))
        self.conductor_norm.build((None, None, width))
        self.head.build()
        self.style.build((None,))
        for name in ("role_in", "role_out"):
            setattr(self, name, self.add_weight(shape=(ROLES, width), initializer="random_normal", name=name))
        for name in ("bar_in", "bar_out"):
            setattr(self, name, self.add_weight(shape=(config.bars, width), initializer="random_normal", name=name))
        self.absent = self.add_weight(shape=(ROLES, width), initializer="zeros", name="absent")
        self.built = True

    # --- forward ---

    def _place(self, x: Any, bar: Any, role: Any, present: Any) -> Any:
        """Tokens (B, N*R, width) with the embeddings of their place, and of their role's absence, added."""
        bars = x.shape[1] // ROLES
        x = ops.reshape(x, (-1, bars, ROLES, self.config.width))
        x = x + bar[None, :bars, None] + role[None, None]
        x = x + ((1.0 - present)[:, :, None] * self.absent[None])[:, None]
        return ops.reshape(x, (-1, bars * ROLES, self.config.width))

    def encode(self, notes: Any, bar_mask: Any, present: Any, context: Any = None, training: bool = False) -> Any:
        """Mean and log variance of the latents, each of shape (B, N, R, latent)."""
        bars = bar_mask.shape[1]
        cells = self.note_sum(notes, cells=ops.shape(bar_mask)[0] * bars * ROLES)
        x = ops.reshape(self.cell_in(cells), (-1, bars * ROLES, self.config.width))
        x = self._place(x, self.bar_in, self.role_in, present)
        bias = attention_bias(ops.repeat(bar_mask, ROLES, axis=1), np.eye(bars * ROLES, dtype="float32"), context)
        for block in self.encoder:
            x = block(x, bias=bias, training=training)
        stats = ops.reshape(self.posterior(self.encoder_norm(x)), (-1, bars, ROLES, 2 * self.config.latent))
        mean, log_variance = ops.split(stats, 2, axis=-1)
        return mean, ops.clip(log_variance, -10.0, 4.0)

    def decode(
        self, latents: Any, bar_mask: Any, present: Any, style: Any, context: Any = None, training: bool = False
    ) -> tuple[Any, Any]:
        """Onset logits, shape (R, B*N, ticks, pitches), and tick features, shape (R, B*N, ticks, features)."""
        bars = latents.shape[1]
        x = self.latent_in(ops.reshape(latents, (-1, bars * ROLES, self.config.latent)))
        x = self._place(x, self.bar_out, self.role_out, present) + self.style(style)[:, None]
        bias = attention_bias(ops.repeat(bar_mask, ROLES, axis=1), np.eye(bars * ROLES, dtype="float32"), context)
        for block in self.conductor:
            x = block(x, bias=bias, training=training)
        x = ops.reshape(self.conductor_norm(x), (-1, ROLES, self.config.width))
        return self.head(ops.transpose(x, (1, 0, 2)))

    def note_classes(self, features: Any, place: Any, role: Any, pitch: Any) -> tuple[Any, Any]:
        """Duration and velocity logits of notes; `place` is (role * B*N + cell of the role) * ticks + tick."""
        flat = ops.reshape(features, (-1, self.config.features))
        return self.head.note_classes(ops.take(flat, place, axis=0), role, pitch)

    # --- training ---

    def freeze_encoder(self) -> None:
        """Train the decoder alone from now on, so that latents keep their meaning."""
        for layer in (self.note_sum, self.cell_in, *self.encoder, self.encoder_norm, self.posterior):
            layer.trainable = False
        for weight in (self.role_in, self.bar_in):
            weight.trainable = False

    def call(self, x: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """One pass with a sampled latent; returns the terms of the loss, each per cell that exists."""
        config = self.config
        notes, bar_mask, present = x["notes"], x["bar_mask"], x["present"]
        bars = bar_mask.shape[1]
        context, seen, style = None, notes, x["style"]
        if training:
            chance = keras.random.uniform(ops.shape(bar_mask)[:1], seed=self.noise)
            context = ops.cast(chance >= config.alone, "float32")
            chance = keras.random.uniform(ops.shape(style), seed=self.noise)
            style = ops.where(chance < 0.1, config.styles, style)
            hidden = keras.random.uniform((notes.shape[0],), seed=self.noise) < config.note_dropout
            seen = ops.concatenate([ops.where(hidden, -1, notes[:, 0])[:, None], notes[:, 1:]], axis=1)
        mean, log_variance = self.encode(seen, bar_mask, present, context, training)
        noise = keras.random.normal(ops.shape(mean), seed=self.noise) if training else 0.0
        latents = mean + ops.exp(0.5 * log_variance) * noise
        logits, features = self.decode(latents, bar_mask, present, style, context, training)

        cell_mask = bar_mask[:, :, None] * present[:, None, :]  # B, N, R
        count = ops.maximum(ops.sum(cell_mask), 1.0)
        by_role = ops.reshape(ops.transpose(cell_mask, (2, 0, 1)), (ROLES, -1))
        onsets = ops.cast(x["onsets"], "float32")  # R, B*N, ticks, pitches
        bce = ops.softplus(logits) - logits * onsets  # binary cross-entropy from logits
        onset = ops.sum(ops.sum(bce * self.pitch_mask, axis=(2, 3)) * by_role * self.onset_weight) / count

        cell, role, tick, pitch = (notes[:, i] for i in range(4))
        real = ops.cast(cell >= 0, "float32")
        windows = ops.shape(bar_mask)[0]
        place = (role * windows * bars + ops.maximum(cell, 0) // ROLES) * TICKS_PER_BAR + tick
        durations, velocities = self.note_classes(features, place, role, pitch)
        drums = ops.cast(role == ROLES - 1, "float32")
        duration = ops.sum(_cross_entropy(durations, notes[:, 4]) * real * (1.0 - drums)) / count
        velocity = ops.sum(_cross_entropy(velocities, notes[:, 5]) * real) / count

        kl = 0.5 * (ops.square(mean) + ops.exp(log_variance) - 1.0 - log_variance)  # B, N, R, latent
        mask = cell_mask[..., None]
        kl_mean = ops.sum(kl * mask, axis=(0, 1, 2)) / count  # per latent number
        kl_loss = ops.sum(ops.maximum(kl_mean, config.free_bits))
        variance = ops.sum(ops.square(mean) * mask, axis=(0, 1, 2)) / count
        active = ops.mean(ops.cast(variance > 0.01, "float32"))
        loss = onset + duration + 0.5 * velocity + config.beta * kl_loss
        return {
            "loss": loss, "onset": onset, "duration": duration, "velocity": velocity,
            "kl": ops.sum(kl_mean), "active": active,
        }  # fmt: skip


def _cross_entropy(logits: Any, classes: Any) -> Any:
    return ops.sparse_categorical_crossentropy(classes, logits, from_logits=True)
