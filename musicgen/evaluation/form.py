"""Form: does the music come back to anything, and does it go anywhere?

Both ends are faults: music that wanders matches no earlier bar, a loop matches all of them.
"""

from __future__ import annotations

import numpy as np

from musicgen.codec import scale_steps
from musicgen.evaluation.view import ONSET, PITCH, PITCHED, View, mean
from musicgen.music import Music

SECTION_BARS = 4
SAME_SECTION = 0.4
"""Mean onset similarity of aligned bars from which two sections carry the same letter."""


def chroma_matrix(music: Music | View) -> np.ndarray:
    """Cosine similarity of the bars' chroma (sixteenths on which each pitch class sounds), shape (bars, bars).

    NaN in the rows and columns of bars without a pitched note. All pitched roles together.
    """
    view = View.of(music)
    chroma = sum((view.chroma(role).astype(float) for role in PITCHED), np.zeros((view.steps, 12)))
    bars = chroma.reshape(view.bars, view.steps_per_bar, 12).sum(axis=1)
    length = np.linalg.norm(bars, axis=1, keepdims=True)
    unit = np.divide(bars, length, out=np.full_like(bars, np.nan), where=length > 0)
    return np.minimum(unit @ unit.T, 1.0)


def onset_matrix(music: Music | View) -> np.ndarray:
    """Jaccard index of the bars' (role, tick, pitch) onsets, shape (bars, bars); NaN where both bars are empty."""
    view = View.of(music)
    bar, code = view.onset_codes
    names, column = np.unique(code, return_inverse=True)
    grid = np.zeros((view.bars, max(len(names), 1)), np.float32)
    grid[bar, column] = 1
    shared = grid @ grid.T
    size = grid.sum(axis=1)
    union = size[:, None] + size[None] - shared
    return np.divide(shared, union, out=np.full_like(shared, np.nan), where=union > 0).astype(float)


def chroma_similarity(music: Music | View) -> float:
    """Mean of `chroma_matrix` over pairs of different bars, 0 to 1: bars that use the same pitch classes.

    Noise that uses all of them scores like songs; see `best_chroma_match` beside it.
    """
    matrix = chroma_matrix(music)
    pairs = matrix[np.triu_indices(len(matrix), 1)]
    return mean(pairs[~np.isnan(pairs)])


def best_chroma_match(music: Music | View) -> float:
    """Mean over bars 2 and on of the highest chroma similarity to an earlier bar, 0 to 1.

    POP909's songs score .86, uniform noise .78, bars of different songs .67.
    """
    return _best_earlier(chroma_matrix(music))


def best_earlier_match(music: Music | View) -> float:
    """Mean over bars 2 and on of the highest onset similarity to an earlier bar, 0 to 1; empty bars are left out.

    Stricter than chroma: 1 is a loop, real songs lie between, music that never comes back to anything is near 0.
    """
    view = View.of(music)
    matrix = onset_matrix(view)
    empty = np.bincount(view.onset_codes[0], minlength=view.bars) == 0
    matrix[empty] = np.nan
    return _best_earlier(matrix)


def form_code(music: Music | View) -> str:
    """A letter for every four bars, such as "AABA": the same letter where sections match by at least `SAME_SECTION`.

    A section takes the letter of the best matching first section of a letter; "-" is an empty section.
    """
    matrix = onset_matrix(music)
    starts = range(0, len(matrix) - len(matrix) % SECTION_BARS, SECTION_BARS)
    firsts: list[int] = []
    code = ""
    for start in starts:
        if np.isnan(np.diag(matrix)[start : start + SECTION_BARS]).all():
            code += "-"
            continue
        scores = []
        for first in firsts:
            aligned = np.diag(matrix[first : first + SECTION_BARS, start : start + SECTION_BARS])
            scores.append(mean(aligned[~np.isnan(aligned)]))
        if scores and max(scores) >= SAME_SECTION:
            code += chr(ord("A") + int(np.argmax(scores)))
        else:
            code += chr(ord("A") + len(firsts))
            firsts.append(start)
    return code


def distinct_sections(music: Music | View) -> float:
    """Letters of `form_code` over its sections, above 0 to 1: 1 never comes back; NaN for a piece of one section."""
    code = form_code(music).replace("-", "")
    return len(set(code)) / len(code) if len(code) > 1 else float("nan")


def motifs(music: Music | View, role: str) -> float:
    """Share of a role's bars of two notes or more that are an earlier bar again, 0 to 1, on any step of the scale.

    Notes on the same ticks, as many steps up and down; the highest of those that begin together. A motif on another
    step is a sequence.
    """
    view = View.of(music)
    notes = view.notes(role)
    notes = notes[np.lexsort((notes[:, PITCH], notes[:, ONSET]))]
    top = notes[np.diff(notes[:, ONSET], append=-1) != 0]
    step, altered = scale_steps(top[:, PITCH] + view.music.key.shift_to_normal)
    bar, tick = np.divmod(top[:, ONSET], view.bar)
    seen: set[bytes] = set()
    found = []
    for each in np.unique(bar):
        here = bar == each
        if here.sum() > 1:
            figure = np.stack([tick[here], step[here] - step[here][0], altered[here]]).tobytes()
            found.append(figure in seen)
            seen.add(figure)
    return mean(found)


def _best_earlier(matrix: np.ndarray) -> float:
    """Mean over rows 1 and on of the highest value left of the diagonal, without rows that are all NaN."""
    left = np.where(np.tri(len(matrix), k=-1, dtype=bool) & ~np.isnan(matrix), matrix, -1.0)
    best = left.max(axis=1)
    return mean(best[best >= 0])
