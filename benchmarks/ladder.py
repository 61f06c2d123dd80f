"""The file behind the tab "Learn": one request, answered by the rungs of the ladder, and their distance from songs.

    python -m benchmarks.ladder --data data --report report/report.json [--report MORE] [--run runs/dense-gan]

The distances are those of reports of `python -m musicgen evaluate`, all by the same protocol; of a model that is in two
the later one's. With `--keep`, trained rungs whose runs are not at hand stay as the file has them. `glued` plays whole
bars of training songs, so the request has a style of which every training song is from a collection of public-domain
scores.
"""

from __future__ import annotations

import argparse
import base64
import json
from pathlib import Path

from benchmarks.baselines import find
from musicgen.corpus.dataset import Dataset
from musicgen.export import write
from musicgen.midi import to_midi
from musicgen.request import Request

OUT = Path(__file__).parent.parent / "musicgen" / "web" / "static" / "ladder.json"
REQUEST = Request(style="jazz", bars=8, seed=1)
SOURCE = "openewld"
"""All songs that the rungs may quote are from here."""
SAYS = {
    "noise": ("Noise", "as many notes as a song has, anywhere"),
    "glued": ("Glued bars", "each bar is out of another song"),
    "markov": ("Markov chains", "each part goes on as songs do, and hears no other"),
    "dense-gan": ("The tutorials' GAN", "two dense layers, on single steps"),
    "lstm": ("LSTM", "the next sixteenth from those before"),
    "conv-gan": ("Convolutional GAN", "four bars as a picture"),
    "musicvae": ("MusicVAE, small", "sixteen bars as one vector"),
}
"""Rung, in the order of the ladder, to label and description."""


def build(data: Path, reports: list[Path], runs: list[Path], kept: list[dict[str, object]]) -> dict[str, object]:
    """What the file holds.

    Args:
        data: a folder made by prepare.
        reports: each a report.json; together they have the rungs, `real`, and the models that may be on the page.
        runs: run folders of trained baselines to put in too; the folder's name is the rung's.
        kept: rungs of such a file to put in too, where they are not made anew.
    """
    dataset = Dataset.open(data)
    others = {piece.source for piece in dataset.split("train") if piece.style == REQUEST.style} - {SOURCE}
    assert not others, f"expected songs of {SOURCE} alone in {REQUEST.style}, received {others}"
    found = [json.loads(path.read_text()) for path in reports]
    protocols = [{**each["protocol"], "seconds": None, "seeds": None} for each in found]  # tables are of the first seed
    assert protocols == protocols[:1] * len(found), "expected reports by the same protocol"
    evaluated = [model for each in found for model in each["models"]]
    distance = {each["name"]: round(each["composite"]["value"], 3) for each in evaluated}
    models = {each["identity"]: distance[each["name"]] for each in evaluated}
    names = ["noise", "glued", "markov", *map(str, runs)]
    rungs: list[dict[str, object]] = []
    for name in sorted(names, key=lambda name: list(SAYS).index(Path(name).name)):
        baseline = find(name, dataset)
        assert baseline is not None, name
        label, about = SAYS[Path(name).name]
        if (state := Path(name) / "state.json").exists():
            about += f"; {json.loads(state.read_text())['core_hours']:.1f} core hours of training"
        midi = base64.b64encode(to_midi(baseline.generate(REQUEST))).decode()
        rungs.append({"label": label, "about": about, "distance": distance[Path(name).name], "midi": midi})
    order = [label for label, _ in SAYS.values()]
    made = {rung["label"] for rung in rungs}
    rungs += [rung for rung in kept if rung["label"] not in made]
    return {
        "request": REQUEST.to_dict(),
        "songs": distance["real"],
        "pieces": found[0]["protocol"]["pieces"],
        "models": {identity: value for identity, value in models.items() if identity.startswith(("vae-", "gan-"))},
        "rungs": sorted(rungs, key=lambda rung: order.index(str(rung["label"]))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--report", type=Path, action="append", required=True)
    parser.add_argument("--run", type=Path, action="append", default=[])
    parser.add_argument("--keep", action="store_true", help="keep rungs that the file has and that are not made anew")
    options = parser.parse_args()
    kept = json.loads(OUT.read_text())["rungs"] if options.keep else []
    values = build(options.data, options.report, options.run, kept)
    write(OUT, (json.dumps(values, indent=1) + "\n").encode())
    print(OUT)


if __name__ == "__main__":
    main()
