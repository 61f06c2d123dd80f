"""The report as one HTML file that needs nothing else."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from musicgen.evaluation import charts
from musicgen.evaluation.compare import Reference, Result
from musicgen.evaluation.ladder import ear_rows, ladder_rows, seed_rows
from musicgen.evaluation.metrics import HEADLINE, THEMES
from musicgen.evaluation.protocol import DIFFERS, MATCHES
from musicgen.evaluation.tables import ends, percent, share, show, spread, table
from musicgen.music import Music

TELLING = 10
"""Features that the page shows of each model; report.json has them all."""
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:1320px;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse;margin:1rem 0;font-variant-numeric:tabular-nums;font-size:13px}
th,td{padding:.2rem .6rem;text-align:right;border-bottom:1px solid #e4e4e4;white-space:nowrap}
th:first-child,td:first-child{text-align:left}thead th{border-bottom:2px solid #888}
.matches{background:#dff2e1}.differs{background:#fbe3e3}small{color:#666}.wide{overflow-x:auto}
figure{margin:.4rem 0}figcaption{font-size:12px;color:#444}svg{width:100%;height:auto;background:#fafafa}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(230px,1fr));gap:.6rem}
.rolls{display:grid;grid-template-columns:repeat(auto-fill,minmax(420px,1fr));gap:.6rem}
.small span{font-size:11px;color:#666}.small span:last-child{float:right}
.square{width:96px;display:inline-block;margin-right:.5rem;vertical-align:top}.strip{max-width:700px}
audio{width:100%;height:28px}.key{display:inline-block;width:1em;height:.7em;margin:0 .3em 0 1em}
"""


def html(
    report: Mapping[str, Any],
    reference: Reference,
    results: Mapping[str, Result],
    shown: Mapping[str, Sequence[Music]],
    sounds: Mapping[str, Sequence[bytes]],
) -> str:
    """The page.

    Args:
        report: what report.json holds.
        reference, results: the values behind it, for the distributions.
        shown: pieces to draw by name, chosen by seed.
        sounds: their MP3s, or nothing.
    """
    first = next(iter(shown))
    colours = {first: charts.REAL} | {
        name: charts.HUES[i % len(charts.HUES)] for i, name in enumerate(results)
    }  # fmt: skip
    protocol = report["protocol"]
    body = [
        "<h1>How good is the music?</h1>",
        f"<p>{protocol['pieces']} pieces of {protocol['bars']} bars of {protocol['metre']} a model, each asked for "
        f"with the style, mode, tempo and roles of a window of {protocol['songs']} held-out songs; nothing was "
        "selected. Intervals hold 95 % and are resampled by song. Green: the mean matches data (the whole interval of "
        "the gap lies within twice the noise floor, which is how far halves of the held-out songs are apart). Red: "
        "differs. Plain: undecided.</p>",
        _ear(report),
        "<h2>Distance to data</h2>"
        f"<p>Mean Kolmogorov-Smirnov distance over {len(HEADLINE)} metrics, each of the {len(THEMES)} themes counting "
        "alike: 0 is the same distribution, 1 no overlap. "
        "Songs that are new to the held-out ones are not at 0 either: see the rung <i>real</i>.</p>",
        charts.strip(
            {m["name"]: ends(m["composite"]) for m in report["models"]},
            colours,
        ),
        _ladder(report),
        _seeds(report),
        _pairs(report),
        "<h2>What gives it away</h2>",
        _telling(report),
        "<h2>Metrics</h2>",
        _metrics(report),
        "<h2>Distributions</h2>",
        "<p>" + "".join(f'<span class="key" style="background:{c}"></span>{escape(n)}' for n, c in colours.items()),
        '</p><div class="grid">',
        *(
            charts.distribution(
                name, {first: reference.values[name]} | {label: r.values[name] for label, r in results.items()}, colours
            )
            for name in HEADLINE
        ),
        "</div>",
        "<h2>Reconstruction</h2>" + _reconstruction(report)
        if any(m["reconstruction"] for m in report["models"])
        else "",
        _latents(report),
        _steering(report, colours),
        _heard(report),
        _endings(report),
        "<h2>By style</h2>",
        _styles(report),
        "<h2>Alarms and harmony</h2>",
        _alarms(report),
        "<h2>Similarity of bars</h2>",
        *(
            f"<p>{escape(name)}</p>" + "".join(charts.similarity(m, m.style) for m in pieces)
            for name, pieces in shown.items()
        ),
        "<h2>Piano rolls, by seed</h2>",
        *(_rolls(name, pieces, sounds.get(name, ())) for name, pieces in shown.items()),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>musicgen evaluation</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>'
        + "\n".join(body)
        + "</body></html>\n"
    )


def _ear(report: Mapping[str, Any]) -> str:
    """How well networks that read the notes tell pieces from songs; nothing where none was trained."""
    head, rows = ear_rows(report)
    if not rows:
        return ""
    return (
        "<h2>Can a network that listens tell?</h2>"
        "<p>Networks that read every note, trained from scratch on songs and on pieces asked for like them, tell "
        "held-out songs from fresh pieces: area under the ROC curve, .5 cannot tell, 1 always can. Whole pieces and "
        "four bars: mean and range over seeds of the network and of the pieces. By role: networks that see this role "
        "alone. Nothing is ever tuned by it.</p>" + table(head, rows)
    )


def _ladder(report: Mapping[str, Any]) -> str:
    head, rows = ladder_rows(report)
    return table(head, [[cell.strip("*") for cell in row] for row in rows], escaped=False)


def _seeds(report: Mapping[str, Any]) -> str:
    """How far numbers move when the same requests are answered again; nothing where they were answered once."""
    if report["protocol"]["seeds"] < 2:
        return ""
    text = (
        "<p>The same requests answered again with other seeds (for <i>real</i> and <i>rebuilt</i>: other stretches of "
        "validation songs). This is how far the draw alone moves a number; the intervals above say how far the choice "
        "of songs does. Everything else on this page is of the first seeds.</p>"
    )
    return text + table(*seed_rows(report))


def _telling(report: Mapping[str, Any]) -> str:
    """The features that tell each model's pieces from songs, and how well each kind of feature does."""
    parts = [
        "<p>How well one feature alone tells the pieces from songs: .5 not at all; above, the pieces have more of it, "
        "below less. Then the classifier that is shown one kind of feature and no other.</p>"
    ]
    for model in report["models"]:
        rows = [
            [row["feature"], spread(row | {"value": row["AUC"]}), show(row["generated"]), show(row["real"])]
            for row in model["classifier"]["telling"][:TELLING]
        ]
        head = ["feature", "AUC, alone", "mean of the pieces", "mean of songs"]
        parts.append(f"<h3>{escape(model['name'])}</h3>{table(head, rows)}")
    models = report["models"]
    kinds = list(models[0]["classifier"]["by kind"]) if models else []
    rows = [[kind, *(show(model["classifier"]["by kind"][kind]) for model in models)] for kind in kinds]
    return "".join(parts) + table(["classifier AUC, of one kind of feature", *(m["name"] for m in models)], rows)


def _pairs(report: Mapping[str, Any]) -> str:
    rows = [
        [f"{pair['model']} {pair['composite']} {pair['other']}"]
        + [str(pair["metrics"].get(word, 0)) for word in ("beats", "not told apart from", "loses to")]
        for pair in report["pairs"]
    ]
    head = ["nearer to the data, by distance", "metrics on which it beats", "not told apart", "loses"]
    return table(head, rows) if rows else ""


def _metrics(report: Mapping[str, Any]) -> str:
    models = report["models"]
    rows = []
    for name, real in report["held-out"]["metrics"].items():
        row = [
            f"<b>{escape(name)}</b>" if name in HEADLINE else escape(name),
            spread(real),
            show(real["noise floor"]),
        ]
        for model in models:
            value = model["metrics"][name]
            kind = {MATCHES: "matches", DIFFERS: "differs"}.get(value["verdict"], "")
            row.append(f'<span class="{kind}">{spread(value)}</span>')
        rows.append(row)
    head = ["metric (bold: in the distance)", "held-out songs", "noise floor", *(escape(m["name"]) for m in models)]
    return table(head, rows, escaped=False)


def _reconstruction(report: Mapping[str, Any]) -> str:
    names = ("onset F1", "Markov floor of F1", "framewise accuracy", "Markov floor of accuracy", "hold floor")
    rows = [
        [model["name"], role, *(show(value[name]) for name in names)]
        for model in report["models"]
        for role, value in model["reconstruction"].items()
    ]
    text = (
        "<p>Held-out songs through the latents and back. Floors: chains that are told the true past of every sixteenth "
        "and predict it, and a copy that never begins a note.</p>"
    )
    return text + table(["model", "role", *names], rows)


def _latents(report: Mapping[str, Any]) -> str:
    """Whether the code is used, and by what; nothing for models without a posterior."""
    rows = []
    for model in report["models"]:
        found = model["latents"]
        if not found:
            continue
        active = f"{percent(found['active units'])} ({percent(found['used numbers'])} used)"
        rows.append([model["name"], "all", active, show(found["KL, nats per cell"]), "", ""])
        rows += [
            [model["name"], role, percent(value["active units"]), *(show(value[k]) for k in ("KL", "play", "rest"))]
            for role, value in found["roles"].items()
        ]
        rows += [[model["name"], style, "", show(value), "", ""] for style, value in found["styles"].items()]
    text = (
        "<p>On held-out windows. A unit is a number of a role's latent; it is active if its posterior mean has a "
        "variance above .01 over all cells (Burda et al. 2016). A number is used if it costs more than .1 nats. KL: "
        "nats from the prior N(0, 1) to the posterior of a cell, a bar of a role.</p>"
    )
    head = ["model", "cells", "active units", "KL, nats a cell", "where it plays", "where it rests"]
    return "<h2>Latents</h2>" + text + table(head, rows) if rows else ""


def _steering(report: Mapping[str, Any], colours: Mapping[str, str]) -> str:
    """Do the controls do what they say? Nothing for models that have none."""
    parts = []
    for model in report["models"]:
        steered = model["steering"]
        if not steered:
            continue
        rows = [["all at once", *row] for row in _followed(steered["attributes"])]
        for others, found in steered.get("one slider", {}).items():  # reports of before have none
            rows += [[f"one, the others {others}", *row] for row in _followed(found)]
        curves = (charts.follows(n, f["curve"], colours[model["name"]]) for n, f in steered["attributes"].items())
        chords, form = steered["chords"], steered["form"]
        parts.append(
            f"<h3>{escape(model['name'])}</h3>"
            + table(["asked for", "attribute", "Spearman's rho", "leakage", "median error", "met"], rows)
            + f'<div class="grid">{"".join(curves)}</div>'
            + f"<p>Half bars heard as the chord asked for: root {percent(chords['root'])}, root and third "
            f"{percent(chords['root and third'])}. Form as asked: {percent(form['exact'])} of pieces, "
            f"{percent(form['pairs'])} of pairs of sections.</p>"
        )
    return "<h2>Steering</h2>" + "".join(parts) if parts else ""


def _followed(attributes: Mapping[str, Any]) -> list[list[str]]:
    """Rows of how attributes follow their targets, see `control.follow`."""
    return [
        [name, *(show(found[k]) for k in ("rho", "leakage", "error")), percent(found.get("met", float("nan")))]
        for name, found in attributes.items()
    ]


def _heard(report: Mapping[str, Any]) -> str:
    """How often the style that was asked for is the one that is heard, beside held-out songs."""
    models = report["models"]
    styles = sorted({style for model in models for style in model["style heard"]["styles"]})
    rows = [["all", *(share(model["style heard"]["all"]) for model in models)]]
    rows += [[style, *(share(model["style heard"]["styles"].get(style)) for model in models)] for style in styles]
    text = (
        "<p>An ear trained on songs of the training split names styles from notes alone. Each entry: how often it "
        "names the style asked for, as a share of how often it names that of held-out songs rightly (which follows)."
        "</p>"
    )
    return "<h2>Style, heard</h2>" + text + table(["style", *(model["name"] for model in models)], rows)


def _endings(report: Mapping[str, Any]) -> str:
    """How pieces end beside how songs do; nothing where the data set does not know where songs end."""
    songs = report["held-out"].get("endings")  # reports of before have none
    if not songs:
        return ""
    models = [model for model in report["models"] if model.get("endings")]
    count = max(value["count"] for value in songs.values())
    rows = [
        [name, spread(found), *(spread(model["endings"][name]) for model in models)] for name, found in songs.items()
    ]
    text = (
        f"<p>The last bars of {count} held-out songs, and of pieces that were asked to end, with the style, mode, "
        "tempo and roles of these. Shares of pieces, and means; with intervals of 95 %, resampled by song.</p>"
    )
    return "<h2>Endings</h2>" + text + table(["", "held-out songs", *(model["name"] for model in models)], rows)


def _styles(report: Mapping[str, Any]) -> str:
    models = report["models"]
    styles = sorted({style for model in models for style in model["styles"]})
    tables = ""
    for key, head in (("composite", "distance to data"), ("coverage", "coverage")):
        rows = [[style, *(show(model["styles"].get(style, {}).get(key)) for model in models)] for style in styles]
        tables += table([head, *(model["name"] for model in models)], rows)
    return tables + "<p><small>Few songs a style: distances of small sets are larger.</small></p>"


def _alarms(report: Mapping[str, Any]) -> str:
    columns = [("held-out songs", report["held-out"]["alarms"])] + [(m["name"], m["alarms"]) for m in report["models"]]
    kinds = sorted({kind for _, alarms in columns for kind in alarms})
    rows = [[kind, *(percent(alarms.get(kind, 0)) for _, alarms in columns)] for kind in kinds]
    names = list(report["held-out"]["same-key shuffle"])
    gains = [[name, "1", *(show(model["harmony gain"][name]) for model in report["models"])] for name in names]
    return table(["pieces with an alarm", *(name for name, _ in columns)], rows) + table(
        ["harmony gain (0: same-key shuffle)", *(name for name, _ in columns)], gains
    )


def _rolls(name: str, pieces: Sequence[Music], sounds: Sequence[bytes]) -> str:
    figures = []
    for index, music in enumerate(pieces):
        figure = charts.roll(music, f"{name}, piece {index}: {music.style}")
        if index < len(sounds):
            data = base64.b64encode(sounds[index]).decode()
            figure += f'<audio controls preload="none" src="data:audio/mpeg;base64,{data}"></audio>'
        figures.append(f"<div>{figure}</div>")
    return f'<details open><summary>{escape(name)}</summary><div class="rolls">{"".join(figures)}</div></details>'
