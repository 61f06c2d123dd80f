"""The model card of a checkpoint: README.md with the Hub's front matter, made of what config.json records."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from musicgen.models.vae_composer import VAEComposer
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

_FRONT_MATTER = """---
library_name: musicgen
license: apache-2.0
pipeline_tag: text-to-audio
tags: [music, midi, symbolic-music, vae, keras]
---
"""


def write_card(composer: VAEComposer, attribution: str, folder: Path) -> None:
    """Write README.md into a checkpoint folder.

    Args:
        composer: the model; its `card` holds corpus counts, plan, cost and measurements.
        attribution: licences of the training data, Markdown, copied word for word.
        folder: the checkpoint.
    """
    card = composer.card
    corpus, test = card["corpus"], card["test"]
    parameters = sum(model.count_params() for model in (composer.vae, composer.prior))
    text = f"""{_FRONT_MATTER}
# musicgen VAE

A variational autoencoder over a grid of bars and roles ({", ".join(ROLE_NAMES)}), with a rectified-flow prior over its
latents. It writes up to sixteen bars of five-part music in 4/4 at once, in {len(STYLE_NAMES)} styles, and can encode,
vary and decode a piece bar by bar and role by role. {parameters / 1e6:.1f} million parameters, stored as float16.

## Use

```python
from musicgen.compose import Studio
from musicgen.request import Request

result = Studio.open("vae").make(Request(style="jazz", bars=16, key="F major", seed=7))
open("song.mid", "wb").write(result.midi)
```

## Training data and licence

{corpus["songs"]:,} songs, {corpus["pieces"]:,} arrangements, {corpus["bars"]:,} bars; split by song into 80 %
training, 10 % validation and 10 % test. Only public-domain and permissively licensed music. What you make with the
model is yours.

{attribution.strip()}

Lead sheets were set for a band by MMA (GPL-2+), a program; its output here is music made from public-domain melodies.

## Training

{_training(card)}

## Measured

Reconstruction of {test["windows"]:,} sixteen-bar windows of held-out test songs, free-running, from the mean
code. F1 counts an onset as right when bar, tick (a twelfth of a beat) and pitch agree exactly.

{_table(test)}

Measured by the last step of `python -m musicgen train vae`. Samples are measured in docs/evaluation.md of the project.

## Limits

4/4 only, five roles, no lyrics, no expression beyond velocity. Most band arrangements in the training data were set
by a program over {card["lead_sheets"]} lead sheets from before 1931, so harmony and form lean on that time. It is meant
for making and studying music, not for judging or imitating any person's work.
"""
    (folder / "README.md").write_text(text, encoding="utf-8")


def _training(card: dict[str, Any]) -> str:
    plan, cost = card["plan"], card["cost"]
    windows = plan["steps"] * plan["windows"] + plan["prior_steps"] * plan["prior_windows"]
    return (
        f"{plan['steps']:,} steps of {plan['windows']} windows for the VAE ({cost['vae_hours']:.2f} h) and "
        f"{plan['prior_steps']:,} steps of {plan['prior_windows']} windows for the prior "
        f"({cost['prior_hours']:.2f} h), "
        f"{windows:,} windows in all, on {cost['cores']} CPU cores."
    )


def _table(test: dict[str, float]) -> str:
    lines = [
        "| role | onset F1 | notes found / real | exact duration class | exact velocity class |",
        "|---|---|---|---|---|",
    ]
    for role in ROLE_NAMES:
        duration = "-" if role == "drums" else f"{test[f'duration_{role}']:.3f}"
        lines.append(
            f"| {role} | {test[f'f1_{role}']:.3f} | {test[f'density_{role}']:.3f} | {duration} | "
            f"{test[f'velocity_{role}']:.3f} |"
        )
    return "\n".join(lines)
