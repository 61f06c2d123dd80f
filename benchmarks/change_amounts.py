"""How much "Change the rest" changes: for every style, what is free and the amount asked for, the share of notes that
are others afterwards.

    python -m benchmarks.change_amounts --model vae

Prints a table: rows are what is free, columns amounts, and in each the median share over styles and seeds, the worst
distance from the amount, the share of pieces within .15 of it (at 1: that changed at least half), and seconds a change.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from musicgen import hub
from musicgen.models import load_composer
from musicgen.models.redrawing import changed_share
from musicgen.request import Request
from musicgen.roles import ROLE_NAMES, STYLE_NAMES

AMOUNTS = (0.1, 0.3, 0.6, 1.0)
BARS = 8
FREE = {role: (role,) for role in ROLE_NAMES} | {
    "all but bass": ("melody", "chords", "pad", "drums"),
    "all": ROLE_NAMES,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="vae")
    parser.add_argument("--seeds", type=int, nargs="+", default=[31, 5])
    options = parser.parse_args()
    composer = load_composer(hub.resolve(options.model))
    composer.warm_up(BARS)
    pieces = [
        composer.generate(Request(style=style, bars=BARS, seed=seed)) for style in STYLE_NAMES for seed in options.seeds
    ]
    print(f"| free | {' | '.join(f'{amount:.0%}' for amount in AMOUNTS)} |\n|---|{'---|' * len(AMOUNTS)}")
    for name, roles in FREE.items():
        free = np.tile([role in roles for role in ROLE_NAMES], (BARS, 1))
        cells = []
        for amount in AMOUNTS:
            began = time.perf_counter()
            changed = [composer.vary(piece, amount, 1, ~free) for piece in pieces]
            seconds = (time.perf_counter() - began) / len(pieces)
            shares = [changed_share(piece, after, free) for piece, after in zip(pieces, changed, strict=True)]
            known = np.array([share for share in shares if share is not None])
            near = known >= 0.5 if amount == 1 else np.abs(known - amount) <= 0.15
            worst = known.min() if amount == 1 else known[np.argmax(np.abs(known - amount))]
            cells.append(f"{np.median(known):.2f} ({worst:.2f}), {near.mean():.0%}, {seconds:.2f} s")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
