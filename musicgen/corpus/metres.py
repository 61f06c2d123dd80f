"""Time signatures as files write them, and the stretches of a score that keep to one metre of ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from musicgen.corpus.reasons import Unusable
from musicgen.midi_reading import Score
from musicgen.music import FOUR_FOUR, SIX_EIGHT, THREE_FOUR, Metre

MIN_BARS = 8
_HALVED, _TRIPLE = Fraction(1, 2), Fraction(2, 3)


@dataclass(frozen=True)
class TimeSignature:
    """How a time signature is read.

    Args:
        metre: what it is heard as.
        bars: how many written bars make a bar of the metre.
        scale: our quarter notes to a written one. Below 1 where note values are halved, or where a dotted quarter
            is a beat with triplets.
    """

    metre: Metre
    bars: int = 1
    scale: Fraction = Fraction(1)

    @property
    def bar(self) -> float:
        """Length of a written bar in written quarter notes."""
        return float(self.metre.quarters_per_bar / self.scale / self.bars)

    @property
    def whole(self) -> float:
        """Length of a bar of the metre in written quarter notes."""
        return self.bar * self.bars

    @property
    def is_triple(self) -> bool:
        """Whether a written beat has three parts where the metre's has two."""
        return self.scale == _TRIPLE

    def same_grid(self, other: TimeSignature) -> bool:
        """Whether bars of both may follow each other in one stretch."""
        return (self.metre, self.scale) == (other.metre, other.scale)


TIME_SIGNATURES: dict[str, TimeSignature] = {
    "4/4": TimeSignature(FOUR_FOUR), "2/2": TimeSignature(FOUR_FOUR), "2/4": TimeSignature(FOUR_FOUR, 2),
    "4/2": TimeSignature(FOUR_FOUR, 1, _HALVED), "12/8": TimeSignature(FOUR_FOUR, 1, _TRIPLE),
    "3/4": TimeSignature(THREE_FOUR), "3/2": TimeSignature(THREE_FOUR, 1, _HALVED),
    "9/8": TimeSignature(THREE_FOUR, 1, _TRIPLE),
    "6/8": TimeSignature(SIX_EIGHT), "6/4": TimeSignature(SIX_EIGHT, 1, _HALVED), "3/8": TimeSignature(SIX_EIGHT, 2),
}  # fmt: skip
"""Time signature to how it is read. 12/8 and 9/8 become beats with triplets, two bars of 2/4 or 3/8 become one."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of a song, in written quarter notes, that keeps to one metre.

    Args:
        start, end: where it begins, at a bar line (before the first note of a pickup), and where it ends.
        signature: how it is read.
        begins, ends: whether the song does so with it.
    """

    start: float
    end: float
    signature: TimeSignature
    begins: bool = False
    ends: bool = False

    @property
    def metre(self) -> Metre:
        return self.signature.metre

    @property
    def bars(self) -> int:
        """Length in bars of the metre; a last bar that is cut counts."""
        return max(1, int((self.end - self.start) / self.signature.whole + 1 - 1e-6))

    def quarters(self, written: float) -> float:
        """Our quarter notes from the start of the stretch to a place in written ones."""
        return (written - self.start) * float(self.signature.scale)


def long_enough(stretches: Iterable[Stretch]) -> list[Stretch]:
    """The stretches of at least `MIN_BARS` bars.

    Raises:
        Unusable: there are none.
    """
    found = [s for s in stretches if s.end - s.start >= MIN_BARS * s.signature.whole - 1e-6]
    if not found:
        names = ", ".join(TIME_SIGNATURES)
        raise Unusable("metre", f"Expected {MIN_BARS} bars in a row of one of {names}. Received: none.")
    return found


def stretches_of(score: Score) -> list[Stretch]:
    """The stretches of a MIDI file that keep to one metre, 4/4 where none is stated.

    Raises:
        Unusable: none is `MIN_BARS` long.
    """
    changes = [(beat, f"{above}/{below}") for beat, (above, below) in score.metres] or [(0.0, "4/4")]
    if changes[0][0] > 0:
        changes.insert(0, (0.0, "4/4"))
    ends = [beat for beat, _ in changes[1:]] + [score.end]
    found: list[Stretch] = []
    for (start, name), end in zip(changes, ends, strict=True):
        signature = TIME_SIGNATURES.get(name)
        if signature is None or end <= start:
            continue
        last = found[-1] if found else None
        if (
            last
            and last.end == start
            and last.signature.same_grid(signature)
            and not (start - last.start) % signature.whole
        ):
            found[-1] = Stretch(last.start, end, signature)
        else:
            found.append(Stretch(start, end, signature))
    first, final = changes[0][0], score.end
    return long_enough(Stretch(s.start, s.end, s.signature, s.start <= first, s.end >= final) for s in found)


@dataclass(frozen=True)
class Measure:
    """A written bar: where it begins, its length in quarter notes, and its time signature, such as "6/8"."""

    start: float
    length: float
    signature: str


def stretches_in(measures: Sequence[Measure]) -> list[Stretch]:
    """The stretches of a written score that keep to one metre.

    A pickup counts back from the first full bar; a bar written in two halves (around a repeat sign) is one.

    Raises:
        Unusable: none is `MIN_BARS` long.
    """
    found: list[Stretch] = []
    current: TimeSignature | None = None
    filled = 0.0
    for measure in measures:
        signature, start, end = TIME_SIGNATURES.get(measure.signature), measure.start, measure.start + measure.length
        if signature is None:
            current = None
            continue
        if current is None or not current.same_grid(signature):
            pickup = measure.length < signature.bar - 1e-6
            found.append(Stretch(end - signature.bar if pickup else start, end, signature))
            current, filled = signature, 0.0
            continue
        filled += measure.length
        if filled > signature.bar + 1e-6:
            found.append(Stretch(start, end, signature))
            filled = measure.length % signature.bar
        else:
            found[-1] = Stretch(found[-1].start, end, found[-1].signature)
            filled = 0.0 if abs(filled - signature.bar) < 1e-6 else filled
        current = signature
    if measures:
        first, final = measures[0].start, measures[-1].start + measures[-1].length
        found = [Stretch(s.start, s.end, s.signature, s.start <= first, s.end >= final - 1e-6) for s in found]
    return long_enough(found)
