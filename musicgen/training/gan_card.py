"""The model card of a GAN's checkpoint: README.md with the Hub's front matter, made of what config.json records."""

from __future__ import annotations

from pathlib import Path

from musicgen.models.gan_composer import GANComposer
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

_FRONT_MATTER = """---
library_name: musicgen
license: apache-2.0
pipeline_tag: text-to-audio
tags: [music, midi, symbolic-music, gan, keras]
---
"""


def write_gan_card(composer: GANComposer, attribution: str, folder: Path) -> None:
    """Write README.md into a checkpoint folder.

    Args:
        composer: the model; its `card` holds corpus counts, plan, cost and measurements.
        attribution: licences of the training data, Markdown, copied word for word.
        folder: the checkpoint.
    """
    card = composer.card
    corpus, plan, cost, valid = card["corpus"], card["plan"], card["cost"], card["valid"]
    generator, vae = composer.generator.count_params() / 1e6, composer.vae.count_params() / 1e6
    text = f"""{_FRONT_MATTER}
# musicgen GAN

A generator that turns noise into sixteen bars of five roles ({", ".join(ROLE_NAMES)}) at once, in {len(STYLE_NAMES)}
styles and in a form that can be asked for, such as AABA. It was trained against a critic, over the latents of a
variational autoencoder, whose decoder writes the notes. {generator:.1f} million parameters and {vae:.1f} million of
the autoencoder ({card["from"]}), stored as float16.

## Use

```python
from musicgen.compose import Studio
from musicgen.request import Request

result = Studio.open("gan").make(Request(style="jazz", bars=16, key="F major", seed=7))
open("song.mid", "wb").write(result.midi)
```

## Training data and licence

{corpus["songs"]:,} songs, {corpus["pieces"]:,} arrangements, {corpus["bars"]:,} bars; split by song into 80 %
training, 10 % validation and 10 % test. Only public-domain and permissively licensed music. What you make with the
model is yours.

{attribution.strip()}

## Training

{plan["steps"]:,} steps of {plan["windows"]} windows ({cost["hours"]:.2f} h on {cost["cores"]} CPU cores), with a
relativistic loss and gradient penalties (Huang et al. 2024).

## Measured

Latents made for the plans of validation windows, beside those windows: mean pairwise distance {valid["pairwise"]:.3f}
of theirs, coverage {valid["coverage"]:.3f}, cosine similarity of bars with the same letter {valid["same_made"]:.3f}
(songs {valid["same_real"]:.3f}) and with other letters {valid["other_made"]:.3f} (songs {valid["other_real"]:.3f}).
The music itself is measured in docs/evaluation.md of the project.

## Limits

4/4 only, five roles, no lyrics, no expression beyond velocity. It is meant for making and studying music, not for
judging or imitating any person's work.
"""
    (folder / "README.md").write_text(text, encoding="utf-8")
