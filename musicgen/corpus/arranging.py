"""Lead sheets set for a band with Debian's `mma` (Musical MIDI Accompaniment)."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from musicgen.corpus.grooves import groove_tempo
from musicgen.corpus.leadsheets import MAX_BARS, LeadSheet
from musicgen.corpus.mma_language import chart, mma_beats
from musicgen.corpus.mma_tracks import DRUM_TICKS, cast, cut_at_repeats, drum_notes
from musicgen.corpus.reasons import Unusable
from musicgen.errors import CorpusError, MusicgenError
from musicgen.harmony import parse_chord
from musicgen.midi_reading import Score, read_score
from musicgen.music import TICKS_PER_QUARTER, Key, Metre, Music, Note, Track
from musicgen.roles import STYLE_BY_NAME

MMA_TIMEOUT = 120.0
"""Seconds. An arrangement takes about half a second."""
_DOTTED = ("jazz", "trad", "blues")
"""Styles in which a groove of dotted eighths and sixteenths (MMA's BigBand, Bebop, Foxtrot) is notation for swing."""


def arrange(sheet: LeadSheet, style: str, groove: str, workdir: Path, *, swing: bool = True) -> Music:
    """Set a lead sheet for a band, in a groove of MMA. Safe to call from several processes on one `workdir`.

    The result depends on the arguments alone: MMA's seed is fixed, its timing jitter off, and what timing is
    left is drawn to sixteenths and eighth triplets.

    Args:
        sheet: the song.
        style: one of our style names: the label, the melody's program and the drum kit.
        groove: a name of `GROOVES`, or another groove of the MMA library in the song's metre, as "folder/file:Groove".
        workdir: an existing directory for temporary files.
        swing: where the groove swings, play even eighths of the melody long-short as well. Songs are written
            in even eighths and swung by their players; False keeps the melody as it is written.

    Returns:
        Melody and what the groove has of chords, pad, bass and drums. The key is C major if the sheet's is None.

    Raises:
        CorpusError: unknown style, MMA is missing, fails, runs too long, or plays nothing.
    """
    program = shutil.which("mma")
    if program is None:
        raise CorpusError("Expected the program mma. Received: none on the PATH; install Debian's mma package.")
    if style not in STYLE_BY_NAME:
        raise CorpusError(f"Expected a style name. Received: {style!r}.")
    if not re.fullmatch(r"[\w/&+:.-]+", groove):
        raise CorpusError(f"Expected a groove's name. Received: {groove[:40]!r}.")
    tempo = groove_tempo(style, groove, sheet.metre.name)
    text = chart(sheet, groove, tempo)
    try:
        with tempfile.TemporaryDirectory(dir=workdir) as folder:
            source, target = Path(folder, "song.mma"), Path(folder, "song.mid")
            source.write_text(text)
            done = subprocess.run(
                [program, "-w", "-m", str(MAX_BARS + 1), "-f", str(target), str(source)],
                cwd=folder, capture_output=True, text=True, errors="replace", timeout=MMA_TIMEOUT, check=False,
            )  # fmt: skip
            if done.returncode or not target.exists():
                said = (done.stdout + done.stderr).strip().splitlines()
                raise Unusable(
                    "arranging", f"Expected MMA to play {groove}. Received: {said[-1][:120] if said else 'no file'}."
                )
            score = _in_quarters(read_score(target.read_bytes()), sheet.metre, groove)
        return _band(sheet, style, tempo, score, swing)
    except CorpusError:
        raise
    except subprocess.TimeoutExpired:
        raise Unusable(
            "arranging", f"Expected MMA to end within {MMA_TIMEOUT:g} s. Received: no end on {sheet.title}."
        ) from None
    except (OSError, MusicgenError) as error:
        raise Unusable("arranging", f"Expected MMA to play {groove}. Received: {error}") from None


def _band(sheet: LeadSheet, style: str, tempo: float, score: Score, swing: bool) -> Music:
    look = STYLE_BY_NAME[style]
    metre = sheet.metre
    limit = sheet.bars * metre.ticks_per_bar
    tracks = [Track("drums", look.kit, drum_notes(score, limit, metre))]
    for role, (program, notes) in cast(score, limit, metre).items():
        tracks.append(Track(role, program, notes))
    if style in _DOTTED and not metre.is_compound:
        tracks = _undotted(tracks)
    swings = swing and not metre.is_compound and _swings([note for track in tracks for note in track.notes])
    if sheet.place.ends:
        tracks = _brought_to_an_end(tracks, _last_chord(sheet), limit)
    melody = _swung(sheet.melody) if swings else sheet.melody
    tracks.append(Track("melody", look.melody, melody))
    if not any(track.notes for track in tracks[:-1]):
        raise Unusable("arranging", f"Expected MMA to play something. Received: silence on {sheet.title}.")
    kept = tuple(track for track in tracks if track.notes)
    return Music(kept, sheet.bars, tempo, sheet.key or Key(0), style, metre)


def _in_quarters(score: Score, metre: Metre, groove: str) -> Score:
    """What MMA played in quarter notes: its own beats are eighths or dotted quarters in 6/8."""
    scale = metre.quarters_per_bar / mma_beats(metre.name, groove)
    if scale == 1:
        return score
    tracks = [
        replace(track, notes=tuple(replace(n, start=n.start * scale, end=n.end * scale) for n in track.notes))
        for track in score.tracks
    ]
    return replace(score, tracks=tuple(tracks))


def _last_chord(sheet: LeadSheet) -> int:
    """The tick of the chord to end on: where the last bar begins, or in it, if that brings the tonic only then."""
    begin = (sheet.bars - 1) * sheet.metre.ticks_per_bar
    tick, name = sheet.chords[-1] if sheet.chords else (0, "z")
    parsed = parse_chord(name)
    at_home = parsed is not None and sheet.key is not None and parsed[0] == sheet.key.tonic
    return max(begin, tick) if at_home else begin


def _brought_to_an_end(tracks: Sequence[Track], hold: int, end: int) -> list[Track]:
    """The band plays its last chord together and holds it: what it would begin from `hold` on, at `hold`, to `end`."""
    out = []
    for track in tracks:
        first = next((note.onset for note in track.notes if note.onset >= hold), None)
        length = DRUM_TICKS if track.role == "drums" else end - hold
        kept = [n._replace(duration=min(n.duration, max(1, hold - n.onset))) for n in track.notes if n.onset < hold]
        last = [n._replace(onset=hold, duration=length) for n in track.notes if n.onset == first]
        out.append(replace(track, notes=(*kept, *last)))
    return out


def _swings(notes: Sequence[Note]) -> bool:
    """Whether a band swings: its off-beats are on the last triplet of the beat, hardly ever half-way."""
    onsets = {note.onset for note in notes}
    triplet = sum(onset % TICKS_PER_QUARTER == 8 for onset in onsets)
    straight = sum(onset % TICKS_PER_QUARTER == 6 for onset in onsets)
    return triplet >= 4 and triplet > 3 * straight


def _undotted(tracks: list[Track]) -> list[Track]:
    """Move the last sixteenth of each beat to the last triplet, if the band plays hardly any other sixteenths."""
    places = [note.onset % TICKS_PER_QUARTER for track in tracks for note in track.notes]
    if places.count(9) <= 2 * (places.count(3) + places.count(6)):
        return tracks

    def early(tick: int) -> int:
        return tick - (tick % TICKS_PER_QUARTER == 9)

    out = []
    for track in tracks:
        # a note that moves may now meet the same pitch on its own beat's triplet: the longer one stays
        moved: dict[tuple[int, int], Note] = {}
        for n in track.notes:
            new = n._replace(onset=early(n.onset), duration=max(1, early(n.end) - early(n.onset)))
            place = new.onset, new.pitch
            if place not in moved or moved[place].duration < new.duration:
                moved[place] = new
        out.append(replace(track, notes=cut_at_repeats(list(moved.values()))))
    return out


def _swung(melody: Sequence[Note]) -> tuple[Note, ...]:
    """The melody with its even eighths played long-short; beats with sixteenths or triplets stay as they are."""
    inside: dict[int, set[int]] = defaultdict(set)
    for note in melody:
        inside[note.onset // TICKS_PER_QUARTER].add(note.onset % TICKS_PER_QUARTER)
    even = {beat for beat, places in inside.items() if places <= {0, 6}}

    def late(tick: int) -> int:
        beat, place = divmod(tick, TICKS_PER_QUARTER)
        return tick + 2 if place == 6 and (beat in even or beat not in inside) else tick

    return tuple(n._replace(onset=late(n.onset), duration=max(1, late(n.end) - late(n.onset))) for n in melody)


__all__ = ["arrange"]
