"""Which beat tracker finds the beat of performances: F-measure of beats within 70 ms, on scores with tempo curves.

    python -m benchmarks.beats

Scores are those that music21 brings along, their first 160 quarters. Each is performed twice, with tempo curves of 10
and 25 %: arches over phrases, wandering, ritardandi at the ends of phrases, and 12 ms of noise on each note. Beats are
counted at the best metrical level (halves, doubles, thirds, off-beats), as listeners differ too.
"""

from __future__ import annotations

import json
import time

import music21
import numpy as np
import pretty_midi

from musicgen.intake.beats import track_beats

PIECES = (
    "joplin/maple_leaf_rag", "mozart/k545/movement1_exposition", "chopin/mazurka06-2", "schumann_robert/opus48no2",
    "schubert/lindenbaum", "beethoven/opus59no1/movement3", "haydn/opus74no1/movement3", "bach/bwv66.6", "bach/bwv846",
    "schoenberg/opus19/movement2", "corelli/opus3no1/1grave", "handel/rinaldo/lascia_chio_pianga",
    "beach/prayer_of_a_tired_child", "schumann_clara/polonaise_op1n1", "mozart/k80/movement1", "mozart/k155/movement1",
    "haydn/opus1no1/movement1", "beethoven/opus18no1/movement1", "bach/bwv57.8",
)  # fmt: skip
DEPTHS = (0.1, 0.25)
LENGTH = 160.0
"""Quarters of each piece."""
TOLERANCE = 0.07
"""Seconds, as is usual for beats (mir_eval)."""


def read_onsets(name: str) -> np.ndarray:
    """The onsets of all notes of a score in quarters, rising."""
    score = music21.corpus.parse(name).stripTies()
    onsets = [float(note.offset) for note in score.flatten().notes for _ in note.pitches]
    return np.array(sorted(onset for onset in onsets if onset < LENGTH))


def perform(onsets: np.ndarray, depth: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Onsets and beats in seconds of a performance whose tempo goes up and down by about `depth`."""
    quarters = np.arange(0, onsets.max() + 8, 0.25)
    phrase = rng.choice([8, 12, 16])
    corners = np.arange(0, quarters[-1] + 8, 4)
    wander = np.interp(quarters, corners, rng.normal(0, 0.5, len(corners)))
    tempo = rng.uniform(60, 140) * (1 + depth / 2 * (wander - np.cos(2 * np.pi * quarters / phrase)))
    tempo = np.where(quarters % phrase > phrase - 2, tempo * (1 - 0.8 * depth), tempo)
    seconds = np.concatenate([[0], np.cumsum(0.25 * 60 / tempo[:-1])])
    played = np.interp(onsets, quarters, seconds) + rng.normal(0, 0.012, len(onsets))
    return np.sort(played), np.interp(np.arange(0, onsets.max() + 1), quarters, seconds)


def f_measure(reference: np.ndarray, found: np.ndarray) -> float:
    """Of beats, each of which is hit by one other at most."""
    hits, free = 0, sorted(found)
    for beat in reference:
        near = next((other for other in free if abs(other - beat) <= TOLERANCE), None)
        if near is not None:
            free.remove(near)
            hits += 1
    return 2 * hits / max(len(reference) + len(found), 1)


def best_f_measure(beats: np.ndarray, found: np.ndarray) -> float:
    """At the metrical level that fits best."""
    at = np.arange(len(beats))
    levels = [beats, *(beats[start::step] for step in (2, 3, 4) for start in range(step))]
    levels += [np.interp(np.arange(start, len(beats) - 1, step), at, beats)
               for start, step in ((0, 1 / 2), (0, 1 / 3), (1 / 2, 1), (0, 3 / 2))]  # fmt: skip
    return max(f_measure(level, found) for level in levels)


def constant_beat(onsets: np.ndarray) -> np.ndarray:
    """A steady beat at the tempo and from the start that pretty_midi estimates."""
    midi, piano = pretty_midi.PrettyMIDI(), pretty_midi.Instrument(0)
    piano.notes = [pretty_midi.Note(90, 60, max(0.0, onset), max(0.0, onset) + 0.1) for onset in onsets]
    midi.instruments.append(piano)
    return np.arange(midi.estimate_beat_start(), onsets.max(), 60 / midi.estimate_tempo())


def main() -> None:
    report = {}
    for name, track in (("librosa", track_beats), ("pretty_midi", constant_beat)):
        rng, began, values = np.random.default_rng(1), time.perf_counter(), []
        for piece in PIECES:
            for depth in DEPTHS:
                played, beats = perform(read_onsets(piece), depth, rng)
                values.append(best_f_measure(beats, track(played)))
        report[name] = {
            "F-measure": round(float(np.mean(values)), 3),
            "performances above .8": round(float(np.mean(np.array(values) > 0.8)), 2),
            "seconds": round(time.perf_counter() - began, 1),
        }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
