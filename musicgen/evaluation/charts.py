"""Pictures for the report, as SVG: piano rolls, distributions, similarity matrices. Text in, text out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from musicgen.evaluation.form import chroma_matrix
from musicgen.music import Music
from musicgen.roles import DRUM_PITCHES
from musicgen.rolls import COLOURS, opacity

REAL = "#444"
HUES = ("#d1495b", "#2e86ab", "#2a9d5c", "#b8860b", "#8f7ab8", "#c05fa8", "#5f9ea0", "#7a5230")
"""A colour for each model, in order."""


def roll(music: Music, title: str) -> str:
    """A piece as a piano roll, a colour per role, stronger for louder notes, drums as rows below the
    lowest pitch."""
    width, height = 640, 150
    across, up = width / music.ticks, height / 100
    lines = "".join(
        f"M{bar * music.ticks_per_bar * across:.1f} 0v{height}" for bar in range(music.bars + 1)
    )  # fmt: skip
    parts = [f'<path d="{lines}" stroke="#ddd" fill="none"/>']
    for track in music.tracks:
        paths: dict[float, list[str]] = {}  # by how strong a colour shows how loud a note is
        for note in track.notes:
            row = 21 - DRUM_PITCHES.index(note.pitch) if note.pitch in DRUM_PITCHES else 21
            y = height - ((row if track.role == "drums" else min(note.pitch, 98)) + 1) * up
            length = max((min(note.duration, music.ticks - note.onset) - 0.4) * across, 0.8)
            path = paths.setdefault(round(opacity(note.velocity), 1), [])
            path.append(f"M{note.onset * across:.1f} {y:.1f}h{length:.1f}")
        parts += [
            f'<path d="{"".join(path)}" stroke="{COLOURS[track.role]}" stroke-opacity="{strength}"'
            f' stroke-width="{up:.2f}" fill="none"/>'
            for strength, path in paths.items()
        ]
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="Piano roll: {escape(title)}">{"".join(parts)}</svg></figure>'
    )


def distribution(name: str, values: Mapping[str, np.ndarray], colours: Mapping[str, str]) -> str:
    """Histograms of a metric, one line a model, over twenty bins between the extremes of all."""
    known = {label: value[~np.isnan(value)] for label, value in values.items()}
    known = {label: value for label, value in known.items() if len(value)}
    if not known:
        return ""
    every = np.concatenate(list(known.values()))
    low, high = float(np.quantile(every, 0.005)), float(np.quantile(every, 0.995))
    high = high if high > low else low + 1
    width, height = 230, 80
    parts = []
    shares = {k: np.histogram(np.clip(v, low, high), 20, (low, high))[0] / len(v) for k, v in known.items()}
    top = max(float(share.max()) for share in shares.values())
    for label, share in shares.items():
        points = " ".join(
            f"{(i + side) * width / 20:.1f},{height - value / top * (height - 4):.1f}"
            for i, value in enumerate(share)
            for side in (0, 1)
        )
        fill = "#4442" if label == next(iter(shares)) else "none"
        start, end = (f"0,{height} ", f" {width},{height}") if fill != "none" else ("", "")
        parts.append(
            f'<polyline points="{start}{points}{end}" stroke="{colours[label]}" stroke-width="1.4" fill="{fill}"/>'
        )
    return (
        f'<figure class="small"><figcaption>{escape(name)}</figcaption>'
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Distribution of {escape(name)}">{"".join(parts)}'
        f"</svg><span>{low:.3g}</span><span>{high:.3g}</span></figure>"
    )


def similarity(music: Music, title: str) -> str:
    """The chroma similarity of a piece's bars, darker is more alike."""
    matrix = np.nan_to_num(chroma_matrix(music), nan=0.0)
    size = len(matrix)
    cells = "".join(
        f'<rect x="{column}" y="{row}" width="1" height="1" fill-opacity="{matrix[row, column] ** 3:.2f}"/>'
        for row in range(size)
        for column in range(size)
        if matrix[row, column] > 0.3
    )
    return (
        f'<figure class="square"><svg viewBox="0 0 {size} {size}" role="img" aria-label="Similarity of bars: '
        f'{escape(title)}">{cells}</svg><figcaption>{escape(title)}</figcaption></figure>'
    )


def strip(rows: Mapping[str, tuple[float, float, float]], colours: Mapping[str, str]) -> str:
    """Values with their intervals on one axis from 0 to 1, a row a model."""
    parts = []
    for index, (label, (value, low, high)) in enumerate(rows.items()):
        y, colour = 16 + 24 * index, colours[label]
        parts.append(f'<text x="0" y="{y + 4}" font-size="12">{escape(label)}</text>')
        if np.isnan(low):
            continue
        parts.append(
            f'<path d="M{160 + 400 * low:.1f} {y}H{160 + 400 * high:.1f}" stroke="{colour}" stroke-width="3"/>'
        )
        parts.append(f'<circle cx="{160 + 400 * value:.1f}" cy="{y}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="570" y="{y + 4}" font-size="12">{value:.3f}</text>')
    bottom = 8 + 24 * len(rows)
    axis = f'<path d="M160 {bottom}H560M160 {bottom - 4}v8M360 {bottom - 4}v8M560 {bottom - 4}v8" stroke="#888"/>'
    return f'<svg class="strip" viewBox="0 0 620 {bottom + 8}" role="img" aria-label="Distance to data">{axis}' + (
        "".join(parts) + "</svg>"
    )


def follows(name: str, curve: Sequence[Sequence[float]], colour: str) -> str:
    """Targets of an attribute against what was measured: median and, shaded, quartiles; dashed, what was asked."""
    width, height = 230, 120
    low, high = curve[0][0], curve[-1][0]
    span = high - low or 1.0

    def place(target: float, value: float) -> str:
        y = height - min(max((value - low) / span, -0.2), 1.2) / 1.4 * height - height / 7
        return f"{(target - low) / span * width:.1f},{y:.1f}"

    band = [place(t, q) for t, q, _, _ in curve] + [place(t, q) for t, _, _, q in reversed(curve)]
    middle = " ".join(place(t, m) for t, _, m, _ in curve)
    return (
        f'<figure class="small"><figcaption>{escape(name)}</figcaption>'
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="Target and measured {escape(name)}">'
        f'<polyline points="{place(low, low)} {place(high, high)}" stroke="#888" stroke-dasharray="4" fill="none"/>'
        f'<polygon points="{" ".join(band)}" fill="{colour}" fill-opacity=".2"/>'
        f'<polyline points="{middle}" stroke="{colour}" stroke-width="2" fill="none"/></svg>'
        f"<span>{low:.3g}</span><span>{high:.3g}</span></figure>"
    )
