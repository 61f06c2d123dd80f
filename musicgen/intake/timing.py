"""Beats, bars and tempo of a foreign file, laid onto bars of 4/4 at one tempo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from musicgen import codec
from musicgen.corpus import band
from musicgen.intake.words import count_of, is_or_are, some_of
from musicgen.midi_reading import DEFAULT_TEMPO, Score, ScoreTrack
from musicgen.music import BEATS_PER_BAR, MAX_BARS, TICKS_PER_BEAT

TEMPO_RANGE = (30.0, 300.0)
"""Beats a minute; what a foreign file says beyond that is taken as the nearer limit."""

_COMMON = {(4, 4), (2, 2), (2, 4)}
_MOVED = 0.05
"""Ticks from the grid that are no more than the rounding of a file's own resolution."""


def find_grid(score: Score, said: list[str]) -> tuple[float, float]:
    """Quarter notes of the file that make a beat, and beats to add so that its bar lines are ours (0 to 4)."""
    changes = [*score.metres] if score.metres and score.metres[0][0] <= 0 else [(0.0, (4, 4)), *score.metres]
    ends = [start for start, _ in changes[1:]] + [max(score.end, changes[-1][0] + 1e-6)]  # never all of no length
    stretches = [(start, end, metre) for (start, metre), end in zip(changes, ends, strict=True) if end > start]
    held: dict[tuple[int, int], float] = {}
    for start, end, metre in stretches:
        held[metre] = held.get(metre, 0.0) + end - start
    metre = max(held, key=lambda name: held[name])
    longest = max((stretch for stretch in stretches if stretch[2] == metre), key=lambda s: (s[1] - s[0], -s[0]))
    beat = 1.5 if metre[1] == 8 and metre[0] % 3 == 0 else 1.0
    shift = -longest[0] / beat % BEATS_PER_BAR
    name = "/".join(map(str, metre))
    if not score.metres:
        said.append("The file states no metre: 4/4 is assumed.")
    elif beat != 1:
        said.append(f"The file is in {name}: a dotted quarter is a beat now, and four beats are a bar of 4/4.")
    elif metre not in _COMMON:
        said.append(f"The file is in {name}: beats keep their time, every four are a bar of 4/4, bar lines are lost.")
    if others := sorted(set(held) - {metre} - (_COMMON if metre in _COMMON else set())):
        names = some_of([f"{above}/{below}" for above, below in others])
        said.append(f"The metre changes: what is in {names} keeps its time, and the bars of 4/4 run on through it.")
    return beat, shift


def find_tempo(score: Score, beat: float, said: list[str]) -> float:
    """Beats a minute of the whole piece."""
    held = {tempo: beats for tempo, beats in score.beats_at.items() if beats > 0}
    tempo, which = score.tempo, "which most of it has"
    if len(held) > 1 and held[tempo] < sum(held.values()) / 2:
        tempo = sum(held.values()) / sum(beats / speed for speed, beats in held.items())
        which = "which takes as long"
    if not score.tempos:
        said.append(f"The file states no tempo: {tempo:g} beats a minute are assumed.")
    elif len(held) > 1:
        low, high = min(held) / beat, max(held) / beat
        late = f" ({DEFAULT_TEMPO:g} before the first that it states)" if score.tempos[0][0] > 0 else ""
        said.append(f"The tempo goes from {low:.4g} to {high:.4g}{late}: it is {tempo / beat:.4g} throughout, {which}.")
    inside = float(np.clip(round(tempo / beat, 2), *TEMPO_RANGE))
    if inside != round(tempo / beat, 2):
        said.append(f"The tempo of {tempo / beat:.4g} beats a minute is {inside:g} now.")
    return inside


def lay_out(score: Score, beat: float, shift: float, tempo: float, said: list[str]) -> tuple[list[ScoreTrack], bool]:
    """The tracks in our beats from the first bar with notes on, cut after `MAX_BARS`; and whether they were played."""

    def starts(tracks: Sequence[ScoreTrack]) -> np.ndarray:
        return np.array([note.start for track in tracks for note in track.notes])

    # a note played just before a bar line belongs after it, as in `codec.quantise`
    silent = int(np.floor((starts(score.tracks).min() / beat + shift) / BEATS_PER_BAR + 1 / 32))
    if silent:
        said.append(f"{count_of(silent, 'silent bar')} at the beginning {is_or_are(silent)} left out.")
    move, end = shift - BEATS_PER_BAR * silent, float(BEATS_PER_BAR * MAX_BARS)
    tracks = []
    for track in score.tracks:
        moved = [replace(n, start=n.start / beat + move, end=min(n.end / beat + move, end)) for n in track.notes]
        tracks.append(replace(track, notes=tuple(n for n in moved if n.start < end - 1 / 8)))
    if later := sum(len(track.notes) for track in score.tracks) - sum(len(track.notes) for track in tracks):
        said.append(f"Of a longer piece the first {MAX_BARS} bars are taken, without {count_of(later, 'later note')}.")
    tracks = [track for track in tracks if track.notes]
    exact = starts(tracks)
    human = codec.on_grid(exact) < band.MIN_ON_GRID
    stray = human and band.grid_error(exact) > band.MAX_GRID_ERROR
    human = human and not stray  # no beat to snap to: the nearest tick keeps the time best
    ticks = np.concatenate([codec.quantise(starts([track]), human) for track in tracks])
    off = np.abs(ticks - exact * TICKS_PER_BEAT)
    if moved_notes := int((off > _MOVED).sum()):
        most = 60_000 / tempo / TICKS_PER_BEAT * float(off.max())
        where = "to sixteenths or triplets, bar by bar" if human else "to the nearest twelfth of a beat"
        said.append(f"{count_of(moved_notes, 'note')} off the grid moved {where}, by {most:.0f} ms at most.")
    if stray:
        said.append("The notes do not follow the beat of the file: bar lines and beats mean little here.")
    return tracks, human
