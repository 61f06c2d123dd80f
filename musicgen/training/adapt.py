"""`python -m musicgen train vae --from CHECKPOINT --data MINE`: a model led to a folder of MIDI files, in minutes.

It is the prior that says which music is likely, and the prior alone that learns: the VAE writes down what it hears, and
what latents mean stays the same. A network that is trained on little forgets the rest, and the corpus that it was
trained on is not at hand. So a share of every batch is music that the model itself made before (generative replay; Shin
et al. 2017), and the weights that come out lie between the old ones and the new ones (WiSE-FT; Wortsman et al. 2022).
docs/experiments/own-music.md has the figures of both.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from musicgen.corpus.dataset import Dataset, write
from musicgen.corpus.encoding import Encoded, encode
from musicgen.corpus.parts import stamp_of
from musicgen.corpus.prepare import prepare
from musicgen.corpus.reasons import REASONS
from musicgen.corpus.sources import FOLDER
from musicgen.errors import CorpusError
from musicgen.evaluation.naming import style_of
from musicgen.models.prior import Prior
from musicgen.models.vae_composer import VAEComposer
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES, STYLE_NAMES
from musicgen.training.card import write_card
from musicgen.training.devices import on_devices
from musicgen.training.fit import begin, order_seed
from musicgen.training.latents import LatentWindows
from musicgen.training.loop import fit
from musicgen.training.runs import hours, settle

FEWEST_BARS = 64
"""Four windows of sixteen bars: of fewer there is nothing to learn but these bars by heart."""
HELD_OUT = 10
"""From so many songs on, one in so many is held out and heard at the end."""
_DATA = "data"
_MINE, _REPLAY = "mine", "replay"
_TRAIN, _HELD = "train", "held out"
_HOP = 2
"""Bars from one window for the prior to the next."""


@dataclass(frozen=True)
class AdaptPlan:
    """How far a model is led; kept in the run's folder so that a resumed run follows it.

    Args:
        steps: optimiser steps.
        epoch: steps between checkpoints.
        windows: windows a step.
        rate: peak learning rate; warmed up linearly, then cosine to nothing.
        replay: pieces of sixteen bars that the model makes before.
        share: of the windows of a step that are of these.
        kept: share of the old weights in those that come out.
        seed: of those pieces and of the order of windows.
    """

    steps: int = 120
    epoch: int = 30
    windows: int = 32
    rate: float = 2e-4
    replay: int = 84
    share: float = 0.5
    kept: float = 0.4
    seed: int = 0


def is_music(data: Path, start: Path | None) -> bool:
    """Whether a folder is to be adapted to: one that `prepare` did not make, given a checkpoint or with MIDI files."""
    return not (data / "manifest.json").exists() and (start is not None or any(_midi_files(data)))


def adapt(
    folder: Path, run: Path, start: Path, plan: AdaptPlan | None = None, style: str | None = None,
    devices: int | None = None,
) -> VAEComposer:  # fmt: skip
    """Lead a model to the music of a folder and write `run/checkpoint`; called again it goes on where it was.

    The prior keeps what its latents are normalised by and what its attributes are measured by; the VAE and the chords'
    network stay as they are.

    Args:
        folder: MIDI files, in folders below it too.
        start: the checkpoint that is adapted.
        style: the style that the music is taken for, and asked for with afterwards; as it is heard if not given.
        devices: how many to train on, see `devices.on_devices`.

    Raises:
        CorpusError: no MIDI file, too few bars that can be used, an unknown style, or a run begun with another plan.
        CheckpointError: `start` is no checkpoint of a VAE.
    """
    plan = plan or AdaptPlan()
    if not any(_midi_files(folder)):
        raise CorpusError(f"Expected MIDI files, or what `prepare` made, in {folder}. Received: neither.")
    if style is not None and style not in STYLE_NAMES:
        raise CorpusError(f"Expected a style among {', '.join(STYLE_NAMES)}. Received: {style!r}.")
    with on_devices(devices, (plan.windows,)):
        begun = VAEComposer.from_pretrained(start)
        # nothing is settled before the music is known to be enough: more may be added then
        mine = [] if (run / _DATA / "manifest.json").exists() else _read(folder, style)
        settle(run, {"plan": asdict(plan), "from": begun.identity, "style": style, "music": stamp_of(folder)})
        if mine:
            write(run / _DATA, [*mine, *_made(begun, plan)], {"seed": plan.seed})
        return _adapt(Dataset.open(run / _DATA), run, begun, plan)


def _adapt(data: Dataset, run: Path, begun: VAEComposer, plan: AdaptPlan) -> VAEComposer:
    keras.utils.set_random_seed(plan.seed)
    apart = held_out([piece.song for piece in data.pieces if piece.source == _MINE])
    data.pieces = [replace(piece, split=_HELD if piece.song in apart else _TRAIN) for piece in data.pieces]
    mine = [piece for piece in data.pieces if piece.source == _MINE]

    prior = Prior(begun.prior.config, name="prior")
    begin(prior, begun.prior)
    weights, seed = _weights(data, begun.bars, plan.share), order_seed(run / "log-prior.csv", plan.seed)
    windows = LatentWindows(begun.vae, data, _TRAIN, plan.windows, _HOP, weights, seed)
    windows.rank(prior)
    fit(prior, iter(windows), run, "prior", plan.steps, plan.epoch, plan.rate, dict)
    between(prior, begun.prior, plan.kept)

    heard = LatentWindows(begun.vae, data, _HELD if apart else _TRAIN, plan.windows, begun.bars, {_REPLAY: 0.0}, 0)
    heard.rank(prior)
    batches = [heard.batch() for _ in range(8)]
    composer = VAEComposer(
        begun.vae, prior, begun.progression, begun.steps, begun.guidance, begun.forms, dict(begun.card), begun.metres
    )
    composer.card["adapted"] = {
        "from": begun.identity,
        "style": mine[0].style,
        "songs": len({piece.song for piece in mine}),
        "bars": sum(piece.bars for piece in mine),
        "held_out": len(apart),
        "plan": asdict(plan),
        "minutes": round(60 * hours(run / "log-prior.csv"), 1),
        "before": loss(begun.prior, batches),
        "after": loss(prior, batches),
    }
    composer.save_pretrained(run / "checkpoint")
    write_card(composer, run / "checkpoint")
    return composer


def loss(prior: Prior, batches: Sequence[dict[str, np.ndarray]]) -> float:
    """Mean loss of a prior over batches of `LatentWindows`, always with the same noise."""
    prior.compile(jit_compile=keras.backend.backend() == "jax")
    prior.noise.state.assign(np.array([1, 0], "uint32"))
    return float(np.mean([prior.test_on_batch(batch, return_dict=True)["loss"] for batch in batches]))


def sentences(adapted: dict[str, Any]) -> list[str]:
    """What a model's card says of how it was adapted, in plain words."""
    which = f"{adapted['held_out']} of them, held out," if adapted["held_out"] else "them"
    return [
        f"Adapted from {adapted['from']} to {adapted['songs']} songs, {adapted['bars']} bars, taken for "
        f"{adapted['style']}: ask for that style.",
        f"The prior's loss on {which} went from {adapted['before']:.3f} to {adapted['after']:.3f}.",
    ]


def between(model: keras.Model, other: keras.Model, kept: float) -> None:
    """Weights that are a share `kept` those of another model, and else its own."""
    pairs = zip(model.get_weights(), other.get_weights(), strict=True)
    model.set_weights([theirs + (1 - kept) * (mine - theirs) for mine, theirs in pairs])  # what is equal stays equal


def _midi_files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix.lower() in (".mid", ".midi"))


def held_out(songs: Sequence[str]) -> set[str]:
    """The songs that are kept for the report: of few none, because there the model needs all of them."""
    return set(sorted(set(songs))[HELD_OUT - 1 :: HELD_OUT])


def _read(folder: Path, style: str | None) -> list[tuple[str, str, Encoded]]:
    """The music of a folder as (song, source, piece), read and cleaned as the corpus is."""
    with tempfile.TemporaryDirectory() as place:
        prepare(folder, Path(place), [f"{FOLDER}{folder}"])
        found = Dataset.open(place)
        bars = sum(piece.bars for piece in found.pieces)
        if bars < FEWEST_BARS:
            dropped = [
                f"{n} ({REASONS.get(why, why)})"
                for each in found.manifest["dropped"].values()
                for why, n in each.items()
            ]
            raise CorpusError(
                f"Expected at least {FEWEST_BARS} bars of music that can be used in {folder}. Received: {bars}, in "
                f"{len(found.pieces)} files" + (f"; left out: {', '.join(dropped)}." if dropped else ".")
            )
        name = style or style_of([found.music(piece, 0, min(piece.bars, 16)) for piece in found.pieces])
        encoded = [(piece.song, encode(replace(found.music(piece), style=name))) for piece in found.pieces]
    return [(song, _MINE, piece) for song, piece in encoded if piece is not None]


def _made(begun: VAEComposer, plan: AdaptPlan) -> list[tuple[str, str, Encoded]]:
    """Pieces of the model as it was, all styles in turn, drawn as it learned them: neither cooled nor exaggerated."""
    rng = np.random.default_rng(plan.seed)
    guidance, begun.guidance = begun.guidance, 1.0
    result = []
    for index in tqdm(range(plan.replay), desc="replay", unit="piece", mininterval=10):
        some = rng.random(len(ROLE_NAMES)) < (1.0 if rng.random() < 0.7 else 0.6)
        roles = tuple(role for role, here in zip(ROLE_NAMES, some, strict=True) if here) or ROLE_NAMES
        request = Request(
            style=STYLE_NAMES[index % len(STYLE_NAMES)], key=("C major", "A minor")[int(rng.integers(2))],
            seed=plan.seed + index, temperature=1.0, roles=roles,
            ending=False,  # as its bars are labelled
        )  # fmt: skip
        piece = encode(begun.generate(request))
        if piece is not None:
            result.append((f"{_REPLAY}/{index}", _REPLAY, piece))
    begun.guidance = guidance
    return result


def _weights(data: Dataset, bars: int, share: float) -> dict[str, float]:
    """Weights of the two sources by which a share of the windows is replayed; see `LatentWindows`."""
    mine, made = (
        sum(
            np.sqrt(max(piece.bars - bars, 0) // _HOP + 1)
            for piece in data.pieces
            if (piece.source, piece.split) == (source, _TRAIN)
        )
        for source in (_MINE, _REPLAY)
    )
    return {_MINE: 1.0, _REPLAY: float(share / (1 - share) * mine / made) if made else 0.0}


__all__ = ["AdaptPlan", "adapt", "between", "held_out", "is_music", "loss", "sentences"]
