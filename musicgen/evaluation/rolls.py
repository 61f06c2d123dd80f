"""Piano rolls as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from musicgen.music import TICKS_PER_BAR, Music
from musicgen.roles import DRUM_PITCHES

COLOURS = {"melody": "#d1495b", "chords": "#2e86ab", "pad": "#8f7ab8", "bass": "#2a9d5c", "drums": "#6c6c6c"}


def draw(pieces: Sequence[Music], titles: Sequence[str], path: Path, columns: int = 2) -> None:
    """Draw pieces as piano rolls, a colour per role, drums as rows below the lowest pitch, into a PNG file."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot
    from matplotlib.patches import Rectangle

    rows = -(-len(pieces) // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(9 * columns, 2.6 * rows), squeeze=False)
    for axis in axes.flat[len(pieces) :]:
        axis.axis("off")
    for axis, music, title in zip(axes.flat, pieces, titles, strict=False):
        for track in music.tracks:
            for note in track.notes:
                is_drums = track.role == "drums"
                y = 21 - DRUM_PITCHES.index(note.pitch) if is_drums else note.pitch
                width = note.duration - 0.4
                axis.add_patch(Rectangle((note.onset, y), width, 0.9, color=COLOURS[track.role], alpha=0.85, lw=0))
        axis.set_xlim(0, music.ticks)
        axis.set_ylim(0, 97)
        axis.set_xticks([bar * TICKS_PER_BAR for bar in range(music.bars)], [str(bar + 1) for bar in range(music.bars)])
        axis.grid(axis="x", alpha=0.4)
        axis.set_title(title, fontsize=9, loc="left")
    figure.tight_layout()
    figure.savefig(path, dpi=70)
    pyplot.close(figure)
