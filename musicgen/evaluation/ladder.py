"""The table of the ladder, a row a model, for the report's page and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from musicgen.evaluation.metrics import HEADLINE, THEMES
from musicgen.evaluation.protocol import DIFFERS, MATCHES
from musicgen.evaluation.tables import markdown_table, moves, percent, show, spread


def markdown(report: Mapping[str, Any]) -> str:
    """The table of the ladder, a row a model, and below it how far its numbers move from seed to seed."""
    tables = [ladder_rows(report)] + ([seed_rows(report)] if report["protocol"].get("seeds", 1) > 1 else [])
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
