"""The model card of a checkpoint: README.md with the Hub's front matter, made of what config.json records."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any

from safetensors import safe_open

from musicgen.errors import CheckpointError, CorpusError
from musicgen.models.base import Composer
from musicgen.models.weights import SCALE
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

_WHAT = {
    "vae": "A variational autoencoder over a grid of bars and roles ({roles}), with a rectified-flow prior over its\n"
    "latents. It writes up to sixteen bars of five-part music in 4/4 at once, in {styles} styles, and can encode,\n"
    "vary and decode a piece bar by bar and role by role.",
    "gan": "A generator of whole pieces in one pass, trained against a critic, over the latents of a variational\n"
    "autoencoder on a grid of bars and roles ({roles}). It writes sixteen bars of\n"
    "five-part music in 4/4 at once, in {styles} styles and in a form that can be asked for, such as AABA.",
}
"""What a model is, by its kind."""
_LATENTS = """Latents made for the plans of validation windows, beside those windows. Distances between made ones
(pairwise) and to the nearest window (nearest) are shares of those among the windows, and coverage is the share of
windows with a made one near by. The rows same and other are cosine similarities of bars with the same letter of the
form and with another. Gaps are in standard deviations; spread is 1 in songs, and so is frechet between halves.
From flow is the mean square distance to what the prior of the VAE makes of the same noise in many steps, frechet flow
that prior's own frechet, and clash the share of intervals between roles that are dissonant, as a small network hears
them in the latents."""


def write_card(composer: Composer, folder: Path, repo: str | None = None, samples: str | None = None) -> None:
    """Write README.md into a checkpoint folder that has its weights already.

    Args:
        composer: the model; its `kind` and `card` (corpus counts, plan, cost, measurements, and the licences of
            the training data as Markdown, which are copied word for word) are read.
        folder: the checkpoint.
        repo: "org/name" if it is for the Hub, for the lines that show how to load it.
        samples: a table of pieces beside held-out songs, Markdown.

    Raises:
        CheckpointError: the model's kind is not known here, or its card lacks what is said of it.
    """
    kind, card = getattr(composer, "kind", None), getattr(composer, "card", None) or {}
    if kind not in _WHAT:
        raise CheckpointError(f"Expected a model among {', '.join(_WHAT)} for a model card. Received: {kind!r}.")
    measured = card.get("test") or card.get("valid") or {}
    told = {name: card.get(name) for name in ("corpus", "attribution", "plan", "cost")} | {"test": measured}
    missing = [name for name, value in told.items() if not value]
    if missing:
        raise CheckpointError(
            "Expected training data, its licences, cost and measurements in the model's card. "
            f"Received: no {missing[0]}; `python -m musicgen train` records them."
        )
    corpus = card["corpus"]
    what = _WHAT[kind].format(roles=", ".join(ROLE_NAMES), styles=len(STYLE_NAMES))
    counted = f"{corpus['songs']:,} songs, {corpus['pieces']:,} arrangements, {corpus['bars']:,} bars"
    text = f"""{_front_matter(kind, card["attribution"])}
# musicgen {kind.upper()}

{what} {_stored(folder)}

## Use

{_use(kind, repo)}

## Intended use

Making, varying and studying music, on the page of the project or in Python. What you make with the model is yours.
It is not meant for judging or imitating any person's work.

## Training data and licence

{_adapted(card)}{counted}; split by song into 80 %
training, 10 % validation and 10 % test. Only public-domain and permissively licensed music:

{card["attribution"].strip()}

Lead sheets were set for a band by MMA (GPL-2+), a program; its output here is music made from public-domain melodies.
The model makes notes; sound comes from FluidSynth with MuseScore General (MIT), or TimGM6mb (GPL-2), neither of which
is in here.

## Cost of training

{_training(card)}

{_arithmetic(card)}## Measured

{_measured(measured, card.get("adapted"))}
{_samples(samples)}
## Limits

{" and ".join(composer.metres)} only, five roles, no lyrics, no expression beyond velocity. The corpus is small beside
the world's music: what it has little of, the model does worse. {_leaning(card)}
"""
    temporary = folder / "README.md.tmp"
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, folder / "README.md")


def read_attribution(data: Path) -> str:
    """The licences of a data set made by `prepare`, Markdown.

    Raises:
        CorpusError: there are none.
    """
    try:
        return (data / "ATTRIBUTION.md").read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise CorpusError(
            f"Expected ATTRIBUTION.md in {data}. Received: {type(error).__name__}; run `prepare` again."
        ) from None


def _front_matter(kind: str, attribution: str) -> str:
    titles = re.findall(r"^- \*\*(.+?)\*\*", attribution, flags=re.MULTILINE)
    names = [re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") for title in titles]
    return f"""---
library_name: musicgen
license: apache-2.0
pipeline_tag: text-to-audio
tags: [music, midi, symbolic-music, {kind}, keras]
datasets: [{", ".join(names)}]
---
"""


def _use(kind: str, repo: str | None) -> str:
    where, hint = (f'"{kind}"', "")
    if repo is not None:
        where = f'"{repo}", revision="COMMIT"'
        hint = "\n\n`COMMIT` is all 40 digits of a commit of this repository: a branch or tag could change."
    return f"""```python
from musicgen import Request, load
from musicgen.midi import to_midi

model = load({where})
music = model.generate(Request(style="jazz", bars=16, key="F major", seed=7))
open("song.mid", "wb").write(to_midi(music))
```{hint}"""


def _stored(folder: Path) -> str:
    """How many parameters there are, and as what."""
    with safe_open(folder / "model.safetensors", framework="numpy") as file:
        slices = [file.get_slice(name) for name in file.keys() if not name.endswith(SCALE)]  # noqa: SIM118, not a dict
        count = sum(math.prod(part.get_shape()) for part in slices)
        large = any(part.get_dtype() == "I8" for part in slices)
    return f"{count / 1e6:.1f} million parameters, stored as {'int8 and ' if large else ''}float16."


def _training(card: dict[str, Any]) -> str:
    plan, cost = card["plan"], card["cost"]
    before = card.get("earlier") or {"steps": 0, "vae_hours": 0.0}
    hours = before["vae_hours"] + sum(value for name, value in cost.items() if name.endswith("hours"))
    time = f"{hours:.2f} h" if hours >= 0.1 else f"{60 * hours:.1f} minutes"
    # checkpoints from before there were others say how many cores
    total = f"{time} on {cost.get('hardware') or '{cores} CPU cores'.format(**cost)}"
    if not {"steps", "windows", "prior_steps", "prior_windows"} <= plan.keys():
        before = f", besides that of {card['from']}, whose latents it makes" if card.get("from") else ""
        return f"{total}{before}. The plan: " + ", ".join(f"{name} {value}" for name, value in plan.items()) + "."
    steps, vae_hours = before["steps"] + plan["steps"], before["vae_hours"] + cost["vae_hours"]
    windows = steps * plan["windows"] + plan["prior_steps"] * plan["prior_windows"]
    first = f", the first {before['steps']:,} in an earlier run" if before["steps"] else ""
    return (
        f"{total}: {steps:,} steps of {plan['windows']} windows for the VAE ({vae_hours:.2f} h{first}) and "
        f"{plan['prior_steps']:,} steps of {plan['prior_windows']} windows for the prior "
        f"({cost['prior_hours']:.2f} h), {windows:,} windows in all."
    )


def _adapted(card: dict[str, Any]) -> str:
    """What a model was led to that was trained on a corpus before; nothing if it was not."""
    adapted = card.get("adapted")
    if not adapted:
        return ""
    return (
        f"Adapted from `{adapted['from']}` in {adapted['minutes']:.1f} minutes to {adapted['songs']:,} songs, "
        f"{adapted['bars']:,} bars of MIDI files, whose\nrights are for their owner to know. They were taken for the "
        f"style {adapted['style']}. What follows is of the model before:\n\n"
    )


def _arithmetic(card: dict[str, Any]) -> str:
    """What a piece costs, if config.json has what `benchmark` reports under "arithmetic"."""
    cost = card.get("arithmetic")
    if not cost:
        return ""
    reached, peak = (f"{cost[name]:.0f} GFLOP/s" for name in ("gflop_per_s", "peak_gflop_per_s"))
    return f"""## Cost of a piece

Sixteen bars of five roles are {cost["gflop"]:.2f} GFLOP of matrix products (the flow and the decoder), done at
{reached}, {cost["share"]:.0%} of the {peak} that one large product reached on the same machine in the same
process (`python -m musicgen benchmark`).

"""


def _measured(test: dict[str, Any], adapted: dict[str, Any] | None = None) -> str:
    """Tables of what the last step of training measured, and of what adapting changed."""
    rebuilt = {f"{what}_{role}" for what in ("f1", "density", "duration", "velocity") for role in ROLE_NAMES}
    parts = []
    if rebuilt <= test.keys():
        lines = [
            f"Reconstruction of {test['windows']:,} sixteen-bar windows of held-out test songs, free-running, from the",
            "mean code. F1 counts an onset as right when bar, tick (a twelfth of a beat) and pitch agree exactly.",
            "",
            "| role | onset F1 | notes found / real | exact duration class | exact velocity class |",
            "|---|---|---|---|---|",
        ]
        for role in ROLE_NAMES:
            duration = "-" if role == "drums" else f"{test[f'duration_{role}']:.3f}"
            lines.append(
                f"| {role} | {test[f'f1_{role}']:.3f} | {test[f'density_{role}']:.3f} | {duration} | "
                f"{test[f'velocity_{role}']:.3f} |"
            )
        parts.append("\n".join(lines))
    others = {name: value for name, value in test.items() if name not in rebuilt | {"windows"}}
    if others:
        rows = [f"| {name.replace('_', ' ')} | {value:.4g} |" for name, value in others.items()]
        parts += [_LATENTS] * ("pairwise" in others)
        parts.append("\n".join(["| measure | value |", "|---|---|", *rows]))
    parts.append("Measured by the last step of `python -m musicgen train`, on songs held out of it.")
    if adapted:
        which = "held out of it" if adapted["held_out"] else "it was adapted to"
        parts[-1] += " The VAE is as it was before the prior was adapted;"
        parts[-1] += (
            f" the prior's loss on the songs {which} went from {adapted['before']:.3f} to {adapted['after']:.3f}."
        )
    return "\n\n".join(parts)


def _samples(table: str | None) -> str:
    if table is None:
        return "How samples are measured beside held-out songs: docs/evaluation.md of the project.\n"
    return (
        "\nPieces beside held-out songs (`python -m musicgen evaluate`; docs/evaluation.md of the project says how to "
        f"read it):\n\n{table.strip()}\n"
    )


def _leaning(card: dict[str, Any]) -> str:
    if not card.get("lead_sheets"):
        return ""
    return (
        f"Most band arrangements in the training data were set by a program over\n{card['lead_sheets']} lead sheets "
        "from before 1931, so harmony and form lean on that time."
    )
