"""`NoteDecoder`: from vague latents to notes, drawn one after another, each given all that is decided.

The plain decoder of the `VAE` gives every onset a probability of its own. Latents of songs leave little doubt, so that
is enough for them; sampled latents lie between meanings, and onsets that are drawn independently are then mush. This
network is told how vague its latents are (conditioning augmentation; Ho et al. 2022, "Cascaded diffusion models",
section 4), and factorises the notes autoregressively:

- Cells are drawn in waves: (bar, role) in wave bar + rank of the role, so that a cell hears all earlier bars of its own
  role, and of each role ranked before it also the present bar. Cells that are given are heard from the first wave on.
- Inside a cell notes are drawn in the order of tick and pitch; after each, the next tick or the end of the cell, then
  the pitch, then duration and velocity.

The logits of each choice are those that the independent onsets of the plain decoder imply, plus a learned correction
that begins at zero: an untrained network therefore is the plain decoder, sampled.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from musicgen.attributes import ATTRIBUTES
from musicgen.chord_tones import TONES
from musicgen.codec import DURATIONS, MAX_PITCHES, PITCHES, VELOCITIES
from musicgen.models.layers import Block, CellHead, NoteSum, attention_bias
from musicgen.models.note_layers import ROLES, HistoryBlock, InnerBlock
from musicgen.models.note_losses import sum_losses
from musicgen.models.own_loss import OwnLoss
from musicgen.models.prior import ANY_MODE, CHORDS, EDGES, SECTIONS
from musicgen.music import CELL_TICKS as TICKS
from musicgen.music import METRES
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

RANKS = tuple(("drums", "bass", "chords", "pad", "melody").index(name) for name in ROLE_NAMES)
"""In which order the roles of a bar are drawn: the melody last, hearing all others."""
MAX_CELL_NOTES = 64
_EARLIER = np.triu(np.ones((max(TICKS, MAX_PITCHES),) * 2, "float32"), 1)
"""Sums what comes before each place: TensorFlow's `cumsum` takes ten times as long as this product."""
_NEVER = -1e9
_SILENT = -30.0
"""Logit of onsets that no role plays."""
_FREQUENCIES = np.exp(np.linspace(np.log(1.0), np.log(100.0), 16)).astype("float32")
_TICKS_PER_BAR = np.array([metre.ticks_per_bar for metre in METRES.values()], "int32")
_VALID_PITCH = (np.arange(MAX_PITCHES) < np.array(PITCHES)[:, None]).astype("float32")


@dataclass(frozen=True)
class NoteDecoderConfig:
    """Architecture of a `NoteDecoder`.

    Args:
        bars, latent, width, heads, conductor_blocks, note_width, features, styles: as of the `VAE` whose latents it
            decodes, from whose weights it begins.
        history_blocks: cross-attention blocks from a cell to the notes that are decided.
        inner_width, inner_heads, inner_blocks: of the Transformer over the notes of a cell.
        dropout: rate, in training.
    """

    bars: int = 16
    latent: int = 32
    width: int = 256
    heads: int = 4
    conductor_blocks: int = 4
    note_width: int = 192
    features: int = 40
    styles: int = len(STYLE_NAMES)
    history_blocks: int = 2
    inner_width: int = 128
    inner_heads: int = 4
    inner_blocks: int = 2
    dropout: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


class NoteDecoder(OwnLoss):
    """The network. With B windows of N bars and R roles, tensors have these shapes:

    x (B, N, R, latent): normalised latents, mixed with noise: time * latents + (1 - time) * noise.
    time (B, N, R): how much of each cell is not noise, 1 for latents that are exact, 0 for nothing known.
    given_mask (B, N, R): 1 for cells whose notes are decided beforehand.
    bar_mask (B, N), present (B, R): as for the `VAE`. asked: as of a `Prior`, and
    metre (B,): position in `music.METRES`. edge (B, N): of each bar, a code below `EDGES`.
    tones (B, N, 2, TONES): of each half bar, as `chord_tones.encode_tones`; zeros where not told.
    """

    def __init__(self, config: NoteDecoderConfig, **kwargs: Any) -> None:
        super().__init__(("loss", "tick", "pitch", "duration", "velocity", "exact", "vague"), **kwargs)
        self.config = config
        width, inner = config.width, config.inner_width
        self.latent_in = layers.Dense(width, name="latent_in")
        self.style = layers.Embedding(config.styles + 1, width, name="style")
        self.conductor = [
            Block(width, config.heads, dropout=config.dropout, name=f"conductor_{i}")
            for i in range(config.conductor_blocks)
        ]
        self.conductor_norm = layers.LayerNormalization(epsilon=1e-6, name="conductor_norm")
        self.head = CellHead(
            ROLES, TICKS, MAX_PITCHES, len(DURATIONS), len(VELOCITIES), config.features, width, name="head"
        )
        self.note_sum = NoteSum(TICKS, PITCHES, len(DURATIONS), len(VELOCITIES), config.note_width, name="note_sum")

        def zero(units: int, name: str) -> layers.Dense:
            return layers.Dense(units, kernel_initializer="zeros", name=name)

        self.vague_in = zero(width, "vague_in")
        self.time_1 = layers.Dense(width, activation="silu", name="time_1")
        self.time_2 = zero(width, "time_2")
        self.mode = layers.Embedding(ANY_MODE + 1, width, embeddings_initializer="zeros", name="mode")
        self.attributes_1 = layers.Dense(128, activation="silu", name="attributes_1")
        self.attributes_2 = zero(width, "attributes_2")
        self.chord = layers.Embedding(CHORDS, 32, name="chord")
        self.chords_in = zero(width, "chords_in")
        self.tones_in = zero(width, "tones_in")
        self.section = layers.Embedding(SECTIONS, width, embeddings_initializer="zeros", name="section")
        self.metre = layers.Embedding(len(METRES), width, embeddings_initializer="zeros", name="metre")
        self.edge = layers.Embedding(EDGES, width, embeddings_initializer="zeros", name="edge")
        self.memory_notes = layers.Dense(width, name="memory_notes")
        self.memory_cell = layers.Dense(width, use_bias=False, name="memory_cell")
        self.history = [
            HistoryBlock(width, config.heads, config.bars, config.dropout, name=f"history_{i}")
            for i in range(config.history_blocks)
        ]
        self.cell_in = layers.Dense(inner, name="cell_in")
        self.last_tick = layers.Embedding(ROLES * (TICKS + 1), inner, name="last_tick")
        self.last_pitch = layers.Embedding(ROLES * (MAX_PITCHES + 1), inner, name="last_pitch")
        self.last_duration = layers.Embedding(len(DURATIONS) + 1, inner, name="last_duration")
        self.last_velocity = layers.Embedding(len(VELOCITIES) + 1, inner, name="last_velocity")
        self.inner = [
            InnerBlock(inner, config.inner_heads, config.dropout, name=f"inner_{i}") for i in range(config.inner_blocks)
        ]
        self.inner_norm = layers.LayerNormalization(epsilon=1e-6, name="inner_norm")
        self.tick_out = zero(ROLES * (TICKS + 1), "tick_out")
        self.next_tick = layers.Embedding(ROLES * TICKS, inner, name="next_tick")
        self.pitch_1 = layers.Dense(inner, activation="silu", name="pitch_1")
        self.pitch_features = layers.Dense(inner, name="pitch_features")
        self.pitch_out = zero(ROLES * MAX_PITCHES, "pitch_out")
        self.next_pitch = layers.Embedding(ROLES * MAX_PITCHES, inner, name="next_pitch")
        self.class_1 = layers.Dense(inner, activation="silu", name="class_1")
        self.class_out = zero(len(DURATIONS) + len(VELOCITIES), "class_out")
        self.noise = keras.random.SeedGenerator(2)
        self.build()

    def build(self, input_shape: Any = None) -> None:
        config, width, inner = self.config, self.config.width, self.config.inner_width
        self.latent_in.build((None, None, config.latent))
        self.style.build((None,))
        for block in self.conductor:
            block.build((None, None, width))
        self.conductor_norm.build((None, None, width))
        self.head.build()
        self.note_sum.build()
        self.vague_in.build((None, None, config.latent))
        self.time_1.build((None, None, 2 * len(_FREQUENCIES)))
        self.time_2.build((None, None, width))
        self.mode.build((None,))
        self.attributes_1.build((None, 2 * len(ATTRIBUTES)))
        self.attributes_2.build((None, 128))
        self.chord.build((None,))
        self.chords_in.build((None, None, 64))
        self.tones_in.build((None, None, 2 * TONES))
        self.section.build((None,))
        self.metre.build((None,))
        self.edge.build((None,))
        self.memory_notes.build((None, config.note_width))
        self.memory_cell.build((None, width))
        for history in self.history:
            history.build()
        self.cell_in.build((None, width))
        tables = (self.last_tick, self.last_pitch, self.last_duration, self.last_velocity, self.next_tick)
        for table in (*tables, self.next_pitch):
            table.build((None,))
        for block in (*self.inner, self.inner_norm, self.tick_out, self.pitch_out, self.pitch_1, self.class_1):
            block.build((None, inner))
        self.pitch_features.build((None, config.features))
        self.class_out.build((None, inner))
        self.role_out = self.add_weight(shape=(ROLES, width), initializer="random_normal", name="role_out")
        self.bar_out = self.add_weight(shape=(config.bars, width), initializer="random_normal", name="bar_out")
        self.absent = self.add_weight(shape=(ROLES, width), initializer="zeros", name="absent")
        table = (ROLES, config.latent)
        self.mean = self.add_weight(shape=table, initializer="zeros", trainable=False, name="mean")
        self.scale = self.add_weight(shape=table, initializer="ones", trainable=False, name="scale")
        self.built = True

    @classmethod
    def of(cls, vae: Any, prior: Any) -> NoteDecoder:
        """One that has learned nothing yet beyond what the decoder of a `VAE` knows."""
        shared = vae.config.to_dict()
        names = ("bars", "latent", "width", "heads", "conductor_blocks", "note_width", "features", "styles")
        decoder = cls(NoteDecoderConfig(**{name: shared[name] for name in names}), name="notes")
        decoder.begin_from(vae, prior)
        return decoder

    def begin_from(self, vae: Any, prior: Any) -> None:
        """Take over what a `VAE` has learned of decoding, and what its `Prior` normalises latents by."""
        pairs = [(self.latent_in, vae.latent_in), (self.style, vae.style), (self.conductor_norm, vae.conductor_norm)]
        pairs += [(self.head, vae.head), (self.note_sum, vae.note_sum)]
        pairs += list(zip(self.conductor, vae.conductor, strict=True))
        for here, there in pairs:
            for weight, learned in zip(here.weights, there.weights, strict=True):
                weight.assign(learned)
        for name in ("role_out", "bar_out", "absent"):
            getattr(self, name).assign(getattr(vae, name))
        self.mean.assign(prior.mean)
        self.scale.assign(prior.scale)

    # --- what is known of each cell ---

    def context(self, x: Any, time: Any, bar_mask: Any, present: Any, asked: Any, training: bool = False) -> Any:
        """What latents and conditions say of each cell, shape (B, N * R, width)."""
        config = self.config
        bars = x.shape[1]
        at = ops.cast(time, "float32")[..., None]
        x = ops.cast(x, "float32")
        # the mean of latents of unit variance, given x
        likely = x * at / (ops.square(at) + ops.square(1.0 - at))
        latents = likely * ops.cast(self.scale, "float32") + ops.cast(self.mean, "float32")
        tokens = self.latent_in(latents) + self.vague_in(x)
        angles = at * ops.convert_to_tensor(_FREQUENCIES)
        tokens = tokens + self.time_2(self.time_1(ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)))
        chords = ops.reshape(self.chord(asked["chords"]), (-1, bars, 64))
        by_bar = self.chords_in(chords) + self.section(asked["form"]) + self.edge(asked["edge"])
        by_bar = by_bar + self.tones_in(ops.reshape(asked["tones"], (-1, bars, 2 * TONES))) + self.bar_out[None, :bars]
        attributes = ops.reshape(asked["attributes"] * asked["attributes"][..., 1:], (-1, 2 * len(ATTRIBUTES)))
        whole = self.style(asked["style"]) + self.mode(asked["mode"]) + self.metre(asked["metre"])
        whole = whole + self.attributes_2(self.attributes_1(attributes))
        present = ops.cast(present, self.compute_dtype)
        tokens = tokens + by_bar[:, :, None] + whole[:, None, None] + self.role_out[None, None]
        tokens = tokens + ((1.0 - present)[:, :, None] * self.absent[None])[:, None]
        tokens = ops.reshape(tokens, (-1, bars * ROLES, config.width))
        bias = attention_bias(ops.repeat(bar_mask, ROLES, axis=1), np.eye(bars * ROLES, dtype="float32"))
        for block in self.conductor:
            tokens = block(tokens, bias=bias, training=training)
        return tokens

    def remember(self, notes: Any, context: Any) -> Any:
        """Memory of decided cells, shape as `context` (cells, width); notes as for `NoteSum`."""
        cells = context.shape[0] if context.shape[0] is not None else ops.shape(context)[0]
        return self.memory_notes(self.note_sum(notes, cells=cells)) + self.memory_cell(context)

    def ticks_of(self, metre: Any) -> Any:
        """Which ticks the bars of windows have, bool, shape (B, ticks); metre (B,)."""
        return ops.arange(TICKS, dtype="int32")[None] < ops.take(_TICKS_PER_BAR, metre)[:, None]

    def cell_logits(self, cells: Any, ticks: Any) -> tuple[Any, Any]:
        """Of cells, shape (R, n, width), onset logits (R, n, ticks, pitches) and tick features (R, n, ticks, f).

        Args:
            ticks: which ticks the bars have, bool, shape (n, ticks).
        """
        logits, features = self.head(self.conductor_norm(cells))
        valid = ops.logical_and(_VALID_PITCH[:, None, None] > 0, ticks[None, :, :, None])
        # sums of log probabilities need full precision, whatever the layers compute in
        return ops.where(valid, ops.cast(logits, "float32"), _SILENT), features

    # --- one note after another ---

    def note_input(self, cell: Any, role: Any, last: Any) -> Any:
        """Input of the inner Transformer: `cell` of `cell_in`, shape (n, inner); `last` (n, 4): tick, pitch, duration
        and velocity class of the note before, one past the classes at the beginning of a cell."""
        tick, pitch, duration, velocity = (last[:, i] for i in range(4))
        return (
            cell + self.last_tick(role * (TICKS + 1) + tick) + self.last_pitch(role * (MAX_PITCHES + 1) + pitch)
            + self.last_duration(duration) + self.last_velocity(velocity)
        )  # fmt: skip

    def tick_logits(self, hidden: Any, role: Any, last: Any, silence: Any, rest: Any, exists: Any) -> Any:
        """Logits of the next tick or `END`, shape (n, 49).

        Args:
            hidden: (n, inner). silence: log probability that nothing begins at each tick, (n, ticks).
            exists: which ticks the bar has, bool, (n, ticks).
            rest: log probability that nothing higher begins at the last note's tick, (n,).
        """
        tick = last[:, 0]  # 48 at the beginning
        begun = ops.where(tick == TICKS, -1, tick)
        ticks = ops.arange(TICKS, dtype="int32")[None]
        later = ops.cast(ticks > begun[:, None], "float32")
        here = ops.cast(ticks == begun[:, None], "float32")
        quiet = later * silence + here * rest[:, None]
        before = ops.matmul(quiet, _EARLIER[:TICKS, :TICKS])
        sounds = ops.log(-ops.expm1(ops.minimum(quiet, -1e-6)))
        plain = ops.where(ops.logical_and(later + here > 0, exists), sounds + before, _NEVER)
        plain = ops.concatenate([plain, ops.sum(quiet, axis=1, keepdims=True)], axis=1)
        learned = ops.reshape(ops.cast(self.tick_out(hidden), "float32"), (-1, ROLES, TICKS + 1))
        return plain + ops.squeeze(ops.take_along_axis(learned, role[:, None, None], axis=1), 1)

    def pitch_logits(self, hidden: Any, role: Any, last: Any, tick: Any, onsets: Any, features: Any) -> tuple[Any, Any]:
        """Logits of the pitch at a tick, shape (n, pitches), and what the classes of the note are read from.

        Args:
            onsets, features: of that tick, (n, pitches) and (n, features).
        """
        lowest = ops.where(tick == last[:, 0], last[:, 1] + 1, 0)
        silent = -ops.softplus(onsets)
        pitches = ops.arange(MAX_PITCHES, dtype="int32")[None]
        open_ = pitches >= lowest[:, None]
        silent = ops.where(open_, silent, 0.0)
        plain = -ops.softplus(-onsets) + ops.matmul(silent, _EARLIER[:MAX_PITCHES, :MAX_PITCHES])
        plain = ops.where(open_, plain, _NEVER)
        state = self.pitch_1(hidden + self.next_tick(role * TICKS + tick) + self.pitch_features(features))
        learned = ops.reshape(ops.cast(self.pitch_out(state), "float32"), (-1, ROLES, MAX_PITCHES))
        return plain + ops.squeeze(ops.take_along_axis(learned, role[:, None, None], axis=1), 1), hidden + state

    def class_logits(self, state: Any, role: Any, pitch: Any, features: Any) -> tuple[Any, Any]:
        """Duration and velocity logits of a note."""
        plain_duration, plain_velocity = self.head.note_classes(features, role, pitch)
        learned = self.class_out(self.class_1(state + self.next_pitch(role * MAX_PITCHES + pitch)))
        learned, plain_duration, plain_velocity = (
            ops.cast(logits, "float32") for logits in (learned, plain_duration, plain_velocity)
        )
        return plain_duration + learned[:, : len(DURATIONS)], plain_velocity + learned[:, len(DURATIONS) :]

    # --- training ---

    def call(self, x: dict[str, Any], training: bool = False) -> dict[str, Any]:
        """Nats a note. Beside what is said above:

        notes (n, 6): as for the `VAE`. tokens (T, 9): cell, last tick, pitch, duration, velocity (one past the classes
            at a cell's beginning), then the same of the next note, tick `END` for none; padding has cell -1.
        """
        tokens, bars = x["tokens"], x["bar_mask"].shape[1]
        cells = bars * ROLES
        bar_mask, present, time, given, latents = (
            ops.cast(x[name], "float32") for name in ("bar_mask", "present", "time", "given_mask", "latents")
        )
        data = (latents - ops.cast(self.mean, "float32")) / ops.cast(self.scale, "float32")
        at = time[..., None]
        vague = at * data + (1.0 - at) * keras.random.normal(ops.shape(data), seed=self.noise)
        context = self.context(vague, time, bar_mask, present, x, training)
        flat = ops.reshape(context, (-1, self.config.width))
        memory = self.remember(x["notes"], flat)
        memory = ops.reshape(memory, (-1, cells, self.config.width))
        wave = (np.arange(bars)[:, None] + np.array(RANKS)[None]).reshape(-1)
        earlier = ops.convert_to_tensor((wave[None] < wave[:, None]).astype("float32"))
        heard = ops.maximum(earlier[None, None], ops.reshape(given, (-1, 1, 1, cells))) * ops.reshape(
            bar_mask[:, :, None] * present[:, None], (-1, 1, 1, cells)
        )
        bias = (1.0 - heard) * _NEVER
        here = (np.arange(cells) // ROLES).astype("int32"), (np.arange(cells) % ROLES).astype("int32")
        for block in self.history:
            keys, values = block.remember(memory)
            context = block(
                context,
                keys,
                values,
                bias + ops.cast(block.place_bias(*here, bars), "float32")[None],
                training=training,
            )
        by_role = ops.transpose(ops.reshape(context, (-1, ROLES, self.config.width)), (1, 0, 2))
        ticks = ops.repeat(self.ticks_of(x["metre"]), bars, axis=0)  # of a cell in (B, N)
        logits, features = self.cell_logits(by_role, ticks)
        return sum_losses(self, context, (logits, features, ticks), tokens, time, given, training)
