"""Tables and numbers as the report writes them, as HTML and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any


def table(head: Sequence[str], rows: Sequence[Sequence[str]], escaped: bool = True) -> str:
    """A table as HTML; cells are text, or HTML themselves if not `escaped`."""
    clean = escape if escaped else str
    body = "".join("<tr>" + "".join(f"<td>{clean(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    top = "".join(f"<th>{clean(cell)}</th>" for cell in head)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def ends(value: Mapping[str, Any]) -> tuple[float, float, float]:
    """A value and its interval, NaN where unknown."""
    return _number(value["value"]), _number(value["low"]), _number(value["high"])


def show(value: float | None) -> str:
    """Three digits, or a dash where unknown."""
    number = _number(value)
    return "–" if number != number else f"{number:.3g}"


def percent(value: float | None) -> str:
    number = _number(value)
    return "–" if number != number else f"{100 * number:.1f} %"


def moves(value: Mapping[str, Any]) -> str:
    """A mean over seeds, and from where to where they go."""
    return f"{show(value['mean'])} ({show(value['least'])} to {show(value['most'])})"


def spread(value: Mapping[str, Any]) -> str:
    """A value and its interval."""
    return f"{show(value['value'])} ({show(value['low'])} to {show(value['high'])})"


def share(found: Mapping[str, float] | None) -> str:
    """A ratio to what held-out songs have, and what that is; nothing where there is none."""
    return f"{show(found['ratio'])} (songs {percent(found['real'])})" if found else ""
