"""The table of the ladder, a row a model, for the report's page and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from musicgen.evaluation.metrics import HEADLINE, THEMES
from musicgen.evaluation.protocol import DIFFERS, MATCHES
from musicgen.evaluation.tables import markdown_table, moves, percent, show, spread
from musicgen.roles import ROLE_NAMES


def markdown(report: Mapping[str, Any]) -> str:
    """The learned ear, the table of the ladder, and how far its numbers move from seed to seed, a row a model each."""
    ear = [ear_rows(report)] if any(model.get("learned ear") for model in report["models"]) else []
    tables = [*ear, ladder_rows(report)] + ([seed_rows(report)] if report["protocol"].get("seeds", 1) > 1 else [])
    return "\n\n".join(markdown_table(*table) for table in tables)


def ladder_rows(report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The head, and a row a model; the last is of the held-out songs themselves."""
    head = [
        "model", "distance to data", *THEMES, "matches / undecided / differs", "classifier AUC", "harmony gain (clash)",
        "coverage", "precision", "recall", "pairwise distance, of data's", "unique two-bar", "reuse of training runs",
        "pieces with an alarm",
    ]  # fmt: skip
    real = report["held-out"]
    rows = []
    for model in report["models"]:
        words, auc, variety = model["verdicts"], model["classifier"], model["diversity"]
        counts = [words.get(MATCHES, 0), 0, words.get(DIFFERS, 0)]
        counts[1] = len(HEADLINE) - counts[0] - counts[2]
        rows.append(
            [
                model["name"],
                spread(model["composite"]),
                *(show(model["themes"][theme]) for theme in THEMES),
                " / ".join(map(str, counts)),
                f"{show(auc['AUC'])} ({show(auc['low'])} to {show(auc['high'])})",
                show(model["harmony gain"]["clash rate"]),
                *(show(variety[k]) for k in ("coverage", "precision", "recall", "of the data's")),
                show(variety["unique two-bar hashes"]),
                percent(model["memorisation"]["reuse"]["value"]),
                percent(model["alarms"]["any"]),
            ]
        )
    rows.append(
        ["*held-out songs themselves*", "", *("" for _ in THEMES), "", "", "1", "", "", "", "1",
         show(real["unique two-bar hashes"]), percent(real["reuse"]["value"]), percent(real["alarms"]["any"])]
    )  # fmt: skip
    return head, rows


def seed_rows(report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The head, and a row a model: how far its numbers move from seed to seed."""
    names = list(report["models"][0]["seeds"]) if report["models"] else []
    head = [f"mean (least to most) over {report['protocol']['seeds']} seeds", *names]
    rows = [[model["name"], *(moves(model["seeds"][name]) for name in names)] for model in report["models"]]
    return head, rows


def ear_rows(report: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """The head, and a row a model: how well networks that read the notes tell its pieces from songs."""
    head = ["learned ear, AUC", "whole pieces", "four bars", *(f"{role} alone" for role in ROLE_NAMES)]
    rows = []
    for model in report["models"]:
        ear = model.get("learned ear")
        if ear:
            areas = (_mean_and_range(ear[name]) for name in ("whole", "four bars"))
            rows.append([model["name"], *areas, *(show(ear["roles"][role]) for role in ROLE_NAMES)])
    return head, rows


def _mean_and_range(values: Sequence[float]) -> str:
    return moves({"mean": sum(values) / len(values), "least": min(values), "most": max(values)})
