"""From what a decoder says of every role by itself to what roles play that hear each other, as songs' do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from musicgen.models.agreement import agreeing, matched
from musicgen.models.arpeggios import breaking, broken
from musicgen.models.cycles import in_cycles
from musicgen.models.decoding import MONOPHONIC, Chances
from musicgen.models.drumming import often
from musicgen.models.fullness import even, folded, fuller, steady
from musicgen.models.inversions import inverted
from musicgen.models.motifs import figured, recurring
from musicgen.models.patterns import patterned
from musicgen.models.singing import lasting, singing
from musicgen.models.striking import let_go, struck_again
from musicgen.models.syncopation import syncopated


@dataclass(frozen=True)
class Habits:
    """What speaks for notes, voices and intervals where latents are made up, in logits, so that pieces have as many as
    songs, and repeat rhythms as they do; `tools/calibrate.py` finds it for each model.

    Args:
        leaps: for each kind of interval in a melody, see `singing.singing`.
        fuller: for the onsets of each role, see `fullness.fuller`.
        places: for those on beats, eighths, sixteenths and other ticks, see there.
        voices: for the voices of each role, see `fullness.steady`.
        rhythm: how much a role's bars have rhythms in common, see `patterns.patterned`.
        matching: how much chords and pad have in common, see `agreement.matched`.
        listening: how much a melody counts what the other roles play, see `singing.singing`.
        shared: what a bass has in common with the harmony, from which on it counts that, see `motifs.figured`.
    """

    leaps: tuple[float, ...]
    fuller: Mapping[str, float] = field(default_factory=dict)
    places: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    voices: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    rhythm: Mapping[str, float] = field(default_factory=dict)
    matching: float = 1.85
    listening: float = 1.0
    shared: float = 0.22


def together(chances: Chances, habits: Habits, weight: float = 1.0) -> Chances:
    """What is left of the decoder's chances when the roles listen to each other and the melody to itself.

    Args:
        chances: of a piece, by `GridCodec.chances`.
        weight: how much of all that counts; 0 leaves the chances as they are.
    """
    if weight == 0:
        return chances
    filled = syncopated(fuller(folded(chances.onsets, weight), habits.fuller, habits.places, weight), weight)
    arpeggios = breaking(filled)
    rhythm = patterned(filled, habits.rhythm, weight, (*MONOPHONIC, *arpeggios))
    lines, decided = broken(matched(agreeing(rhythm, weight), weight * habits.matching), arpeggios, weight)
    chords = struck_again(steady(lines, habits.voices, weight), weight)
    chords[decided] = lines[decided]
    chords = inverted(even(chords, weight), weight)
    motifs = figured(recurring(in_cycles(chords, weight), weight), habits.shared, weight)
    onsets = singing(often(motifs, weight), habits.leaps, weight, habits.listening)
    return Chances(onsets, partial(lasting, partial(let_go, chances.classes, weight), weight))
