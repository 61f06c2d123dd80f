"""What the phrases of a description come to: a value for each field, and what each phrase has set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from musicgen.music import METRES, Key
from musicgen.request import ATTRIBUTE_RANGES, DEFAULT_TEMPERATURE, Request
from musicgen.roles import ROLE_BY_NAME, ROLE_NAMES, STYLE_BY_NAME
from musicgen.wording.claims import EXACT, LIMITS, Claim, Phrase, limit
from musicgen.wording.patterns import nearest_bars

_LEVEL = 0.25
"""Share of a slider's range that a plain word such as "busy" lies above or below the middle."""
_PACE = 1.35
"""By what a plain "slow" or "fast" divides or multiplies the tempo."""
_SPREAD = 0.35
"""How far a plain word moves the temperature."""
_USUAL_BARS = 16
_LABELS = {
    "density": "density", "rhythm": "syncopation", "register": "register", "polyphony": "polyphony",
    "tension": "tension", "temperature": "temperature",
}  # fmt: skip


@dataclass
class Fields:
    """Fields of a `Request`, and the claims that they come from."""

    values: dict[str, Any] = field(default_factory=dict)
    winners: dict[str, list[Claim]] = field(default_factory=dict)
    """Name of a claim to those that count."""


def settle(phrases: list[Phrase], style: str | None) -> Fields:
    """One value for each field: of two claims the stronger one counts, of equal ones the later."""
    fields = Fields()
    _settle_roles(phrases, fields)
    best: dict[str, Claim] = {}
    for claim in (claim for phrase in phrases for claim in phrase.claims or [] if claim.name != "roles"):
        if claim.name not in best or claim.strength >= best[claim.name].strength:
            best[claim.name] = claim
    named = best["style"].value if "style" in best else style
    usual = STYLE_BY_NAME[named if named in STYLE_BY_NAME else Request().style].tempo
    _settle_tempo(best, fields, usual)
    _settle_key(best, fields)
    _settle_length(best, fields, usual)
    for name, claim in best.items():
        if name in ATTRIBUTE_RANGES or name == "temperature":
            fields.values[name] = claim.value if claim.strength == EXACT else _scale(name, claim.value)
        elif name not in ("tempo", "pace", "tonic", "mode", "bars", "length", "seconds"):
            fields.values[name] = claim.value
        else:
            continue
        fields.winners[name] = [claim]
    return fields


def _scale(name: str, level: float) -> float:
    """A slider's value for a level: 1 is a plain word such as "busy", -1 one such as "sparse"."""
    if name == "temperature":
        return limit(name, round(20 * (DEFAULT_TEMPERATURE + _SPREAD * level)) / 20)
    low, high = LIMITS[name]
    value = limit(name, low + (high - low) * (0.5 + _LEVEL * level))
    return round(value, 1) if name == "polyphony" else float(round(value))


def _settle_roles(phrases: list[Phrase], fields: Fields) -> None:
    claims = [claim for phrase in phrases for claim in phrase.claims or [] if claim.name == "roles"]
    named = {
        how: {role for role, each in (claim.value for claim in claims) if each == how} for how in ("only", "silent")
    }
    playing = tuple(
        role for role in ROLE_NAMES if role in (named["only"] or ROLE_NAMES) and role not in named["silent"]
    )
    if claims and playing:
        fields.values["roles"] = playing
        fields.winners["roles"] = claims
    elif claims:  # somebody has to play
        for phrase in phrases:
            if any(claim.name == "roles" for claim in phrase.claims or []):
                phrase.claims = None


def _settle_tempo(best: Mapping[str, Claim], fields: Fields, usual: float) -> None:
    """A number counts alone; "fast" is measured from what a word such as "allegro" names, or from the usual tempo."""
    tempo, pace = best.get("tempo"), best.get("pace")
    if tempo is not None and tempo.strength == EXACT:
        pace = None
    if tempo is None and pace is None:
        return
    base = usual if tempo is None else tempo.value
    value = limit("tempo", base * _PACE ** (0 if pace is None else pace.value))
    fields.values["tempo"] = value if pace is None else float(round(value))
    for name, claim in (("tempo", tempo), ("pace", pace)):
        if claim is not None:
            fields.winners[name] = [claim]


def _settle_key(best: Mapping[str, Claim], fields: Fields) -> None:
    tonic, mode = best.get("tonic"), best.get("mode")
    if tonic is None and mode is None:
        return
    named = "major" if mode is None else mode.value
    key = Key.parse(f"{'A' if named == 'minor' else 'C'} {named}" if tonic is None else f"{tonic.value} {named}")
    fields.values["key"] = str(key)
    for name, claim in (("tonic", tonic), ("mode", mode)):
        if claim is not None:
            fields.winners[name] = [claim]


def _settle_length(best: Mapping[str, Claim], fields: Fields, usual: float) -> None:
    """Bars by number, else by time, else by "short" and "long"."""
    name = next((name for name in ("bars", "seconds", "length") if name in best), None)
    if name is None:
        return
    value = best[name].value
    if name == "seconds":
        tempo = fields.values.get("tempo", usual)
        metre = METRES[best["metre"].value if "metre" in best else Request().metre]
        value = value * tempo / 60 / metre.quarters_per_bar
    elif name == "length":
        value = _USUAL_BARS * 2.0**value
    fields.values["bars"] = nearest_bars(value)
    fields.winners[name] = [best[name]]


def tell(claims: list[Claim], fields: Fields) -> Iterator[str]:
    """What the claims of a phrase have set, for a person to read."""
    counted = [claim for claim in claims if any(claim is each for each in fields.winners.get(claim.name, []))]
    for claim in counted:
        yield _tell_one(claim, fields.values)
    if not counted:
        yield "other words say otherwise"


def _tell_one(claim: Claim, values: Mapping[str, Any]) -> str:
    name = claim.name
    if name == "roles":
        role, how = claim.value
        return {"plays": "with", "silent": "without", "only": "only"}[how] + " " + ROLE_BY_NAME[role].label
    if name in ("tempo", "pace"):
        return f"{values['tempo']:g} BPM"
    if name in ("tonic", "mode"):
        return values["key"]
    if name in ("bars", "seconds", "length"):
        return f"{values['bars']} bars"
    if name == "style":
        return STYLE_BY_NAME[values["style"]].label
    if name in _LABELS:
        return f"{_LABELS[name]} {values[name]:g}"
    return {
        "swing": "swing {} %", "humanise": "humanised by {} %", "form": "form {}",
        "section_bars": "sections of {} bars",
    }.get(name, "{}").format(f"{values[name]:g}" if isinstance(values[name], float) else values[name])  # fmt: skip
