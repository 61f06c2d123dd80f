"""Songs and bands in the language of MMA."""

from __future__ import annotations

import re

from musicgen.corpus.bands import BANDS
from musicgen.corpus.leadsheets import LeadSheet
from musicgen.errors import CorpusError
from musicgen.music import FOUR_FOUR, SIX_EIGHT, THREE_FOUR

_BEATS = {FOUR_FOUR.name: 4, THREE_FOUR.name: 3, SIX_EIGHT.name: 6}
"""Beats of a bar in MMA's language: in 6/8 its library counts eighths."""


def mma_beats(metre: str, groove: str) -> int:
    """Beats of a bar in MMA's language: those of its library's 6/8 march are dotted quarters, not eighths."""
    return 2 if groove.startswith("stdlib/68march:") else _BEATS[metre]


def chart(sheet: LeadSheet, groove: str, tempo: float) -> str:
    """The source of a song in a groove: one line a bar, one chord a beat."""
    lines = [
        "RndSeed 1",
        f"Tempo {tempo:g}",
        *definition(groove),
        "AllTracks RTime 0",
        "AllTracks Chord Strum 0",
    ]
    changes = dict(sheet.chords)
    count = mma_beats(sheet.metre.name, groove)
    name = "z"  # drums alone until the first chord
    for bar in range(sheet.bars):
        beats = []
        for beat in range(count):
            changed = changes.get((bar * count + beat) * sheet.metre.ticks_per_bar // count)
            beats.append("/" if beat and changed in (None, name) else changed or name)
            name = changed or name
        lines.append(f"{bar + 1} {' '.join(beats)}")
    return "\n".join(lines) + "\n"


_HIT = {"X": 115, "x": 90, "o": 55}
"""Velocities of drum steps."""


def definition(groove: str) -> list[str]:
    """Lines of MMA that put a groove in force.

    Raises:
        CorpusError: a name under "own/" that is not in `BANDS`.
    """
    if not groove.startswith("own/"):
        return [f"Groove {groove}"]
    style, _, name = groove.removeprefix("own/").partition(":")
    metre = next((metre for metre, bands in BANDS.items() if name in bands.get(style, {})), None)
    if metre is None:
        raise CorpusError(f"Expected a band of BANDS. Received: {groove!r}.")
    words, beats = BANDS[metre][style][name].split(), _BEATS[metre]
    tracks = list(zip(words[::2], words[1::2], strict=True))
    signature = metre.replace("/", " ")
    lines = ["SeqClear", f"Time {beats}", f"TimeSig {signature}", f"SeqSize {max(_bars(s) for _, s in tracks)}"]
    for instrument, steps in tracks:
        lines += _track(instrument, steps, beats)
    return lines


def _bars(steps: str) -> int:
    return 2 if len(steps) in (18, 24, 32) else 1


def _track(instrument: str, steps: str, beats: int) -> list[str]:
    kind, number = re.fullmatch(r"([a-z]*)(\d+)", instrument).groups()  # type: ignore[union-attr]
    per_bar = len(steps) // _bars(steps)
    bars = []
    for start in range(0, len(steps), per_bar):
        events = []
        for step in range(per_bar):
            mark = steps[start + step]
            if mark in ".-":
                continue
            beat = f"{1 + step * beats / per_bar:.4g}"
            rest = steps[start + step + 1 :]
            held = len(rest) - len(rest.lstrip(".")) + 1
            # MMA's own unit, 192 ticks a beat; a note may ring into the next bar of the pattern but not past its end
            long = f"{held * 192 * beats // per_bar}t"
            short = f"{int(0.8 * 192 * beats / per_bar)}t"
            if kind == "":
                events.append(f"{beat} 0 {_HIT[mark]}")
            elif kind == "bass":
                events.append(f"{beat} {long} {'1+' if mark == '8' else mark} 90")
            else:
                events.append(f"{beat} {long if mark == 'X' else short} {75 if kind == 'pad' else 90}")
        bars.append("{" + "; ".join(events) + "}" if events else "z")
    name = {"": "Drum-", "bass": "Bass-", "chord": "Chord-", "pad": "Chord-Pad", "arp": "Arpeggio-"}[kind] + number
    lines = [f"Begin {name}", f"  Tone {number}" if kind == "" else f"  Voice {number}", f"  Sequence {' '.join(bars)}"]
    if kind in ("chord", "pad"):
        lines.append("  Voicing Mode=Optimal")
    if kind == "pad":
        lines.append("  Unify On")  # a chord that is struck again rings on; one that changed in mid-bar is heard
    if kind == "arp":
        lines += ["  Octave 5", "  Direction BOTH"]
    if kind == "bass":
        lines.append("  Octave 3")
    return [*lines, "  RVolume 8", "End"]


__all__ = ["chart", "definition", "mma_beats"]
