"""Alarms: what is wrong with a single piece, in words. Gates, not metrics: a real song raises one now and then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from musicgen.evaluation.form import best_chroma_match
from musicgen.evaluation.texture import STUCK_TICKS, longest_note, one_tick_notes, out_of_range, top_pitch
from musicgen.evaluation.tonality import chord_tone_agreement, clash_rate, scale_consistency
from musicgen.evaluation.view import PITCHED, View
from musicgen.music import Music

LIMIT_QUANTILE = 0.98
"""`Limits.measured` widens a limit until no more than 2 % of real pieces cross it."""


@dataclass(frozen=True)
class Limits:
    """From where on a value is an alarm.

    Args:
        clash: highest clash rate of each pitched role.
        agreement: lowest chord-tone agreement of the melody.
        scale: lowest scale consistency.
        top_pitch: highest share of one pitch in the melody.
        one_tick: highest share of notes of one tick.
        wandering, looping: lowest and highest best chroma match.
    """

    clash: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(PITCHED, 0.12))
    agreement: float = 0.35
    scale: float = 0.85
    top_pitch: float = 0.6
    one_tick: float = 0.02
    wandering: float = 0.75
    looping: float = 0.97

    @classmethod
    def measured(cls, pieces: Sequence[Music | View]) -> Limits:
        """The stated limits, widened to what real pieces do; notes of one tick from twice the real share on."""
        views = [View.of(piece) for piece in pieces]
        plain = cls()

        def high(values: list[float], least: float) -> float:
            known = [value for value in values if not np.isnan(value)]
            return max(least, float(np.quantile(known, LIMIT_QUANTILE))) if known else least

        def low(values: list[float], most: float) -> float:
            return -high([-value for value in values], -most)

        return cls(
            clash={r: high([clash_rate(v, r) for v in views if r in v.roles], plain.clash[r]) for r in PITCHED},
            agreement=low([chord_tone_agreement(v) for v in views], plain.agreement),
            scale=low([scale_consistency(v) for v in views], plain.scale),
            top_pitch=high([top_pitch(v, "melody") for v in views], plain.top_pitch),
            one_tick=max(plain.one_tick, 2 * float(np.nanmean([one_tick_notes(v) for v in views]))),
            wandering=low([best_chroma_match(v) for v in views], plain.wandering),
            looping=high([best_chroma_match(v) for v in views], plain.looping),
        )


def alarms(music: Music | View, limits: Limits | None = None) -> list[str]:
    """What is wrong with a piece, in words, the kind of fault before a colon; empty if nothing is."""
    view = View.of(music)
    limits = limits or Limits()
    found = [f"silent role: {role}" for role in view.roles if not len(view.notes(role))]
    if longest_note(view) > STUCK_TICKS:
        found.append(f"stuck note: {longest_note(view)} ticks")
    if out_of_range(view) > 0:
        found.append(f"out of range: {out_of_range(view):.0%} of the notes")
    found += [
        f"clash: {role} on {rate:.0%} of its sixteenths"
        for role in PITCHED
        if (rate := clash_rate(view, role)) > limits.clash[role]
    ]
    if (share := chord_tone_agreement(view)) < limits.agreement:
        found.append(f"agreement: {share:.0%} of the melody on chord tones")
    if (share := scale_consistency(view)) < limits.scale:
        found.append(f"scale: {share:.0%} of the notes on one scale")
    if (share := top_pitch(view, "melody")) > limits.top_pitch:
        found.append(f"one pitch: {share:.0%} of the melody")
    if (share := one_tick_notes(view)) > limits.one_tick:
        found.append(f"fragments: {share:.0%} of the notes last one tick")
    match = best_chroma_match(view)
    if match < limits.wandering:
        found.append(f"wandering: bars match earlier ones by {match:.2f}")
    if match > limits.looping:
        found.append(f"looping: bars match earlier ones by {match:.2f}")
    return found
