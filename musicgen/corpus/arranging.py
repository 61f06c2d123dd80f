"""Lead sheets set for a band with Debian's `mma` (Musical MIDI Accompaniment).

Roles are given to MMA's tracks by these rules, see `_assign`:

- drums: the drum channel, each sound replaced by its class of `roles.canonical_drum`, 3 ticks long;
- bass: of the tracks named Bass or Walk the one that plays in most bars; bars that it leaves empty are filled
  from the others. Scale, Solo, Melody and Aria tracks are left out: they would quarrel with the melody;
- chords: of the Chord, Arpeggio, Strum and Plectrum tracks that play in at least half the bars the most
  rhythmic one (most distinct onsets), one named Sus, Pad or String only if there is no other; its empty bars
  are filled from the other comping tracks but the pad;
- pad: of the rest one with such a name, or else the one with the longest notes, filled in the same way. A lone
  harmonic track is chords.
"""

from __future__ import annotations

import math
import re
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from musicgen import codec
from musicgen.corpus.grooves import definition, groove_tempo
from musicgen.corpus.leadsheets import MAX_BARS, LeadSheet
from musicgen.corpus.reasons import Unusable
from musicgen.errors import CorpusError, MusicgenError
from musicgen.midi_reading import Score, ScoreNote, ScoreTrack, read_score
from musicgen.music import BEATS_PER_BAR, TICKS_PER_BAR, TICKS_PER_BEAT, Key, Music, Note, Track
from musicgen.roles import ROLE_BY_NAME, STYLE_BY_NAME, canonical_drum

MMA_TIMEOUT = 120.0
"""Seconds. An arrangement takes about half a second."""
DRUM_TICKS = 3
_GRID = (0, 3, 4, 6, 8, 9, 12)
"""Ticks within a beat that played music is drawn to: sixteenths and eighth triplets."""

_DOTTED = ("jazz", "trad", "blues")
"""Styles in which a groove of dotted eighths and sixteenths (MMA's BigBand, Bebop, Foxtrot) is notation for swing."""

_HARMONY = ("chord", "arpeggio", "strum", "plectrum")


def arrange(sheet: LeadSheet, style: str, groove: str, workdir: Path, *, swing: bool = True) -> Music:
    """Set a lead sheet for a band, in a groove of MMA. Safe to call from several processes on one `workdir`.

    The result depends on the arguments alone: MMA's seed is fixed, its timing jitter off, and what timing is
    left is drawn to sixteenths and eighth triplets.

    Args:
        sheet: the song.
        style: one of our style names: the label, the melody's program and the drum kit.
        groove: a name of `GROOVES`, or another 4/4 groove of the MMA library as "folder/file:Groove".
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
    tempo = groove_tempo(style, groove)
    text = _chart(sheet, groove, tempo)
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
            score = read_score(target.read_bytes())
        return _band(sheet, style, tempo, score, swing)
    except CorpusError:
        raise
    except subprocess.TimeoutExpired:
        raise Unusable(
            "arranging", f"Expected MMA to end within {MMA_TIMEOUT:g} s. Received: no end on {sheet.title}."
        ) from None
    except (OSError, MusicgenError) as error:
        raise Unusable("arranging", f"Expected MMA to play {groove}. Received: {error}") from None


def _chart(sheet: LeadSheet, groove: str, tempo: float) -> str:
    """The MMA source: one line a bar, one chord a beat."""
    lines = [
        "RndSeed 1",
        f"Tempo {tempo:g}",
        *definition(groove),
        "AllTracks RTime 0",
        "AllTracks Chord Strum 0",
    ]
    changes = dict(sheet.chords)
    name = "z"  # drums alone until the first chord
    for bar in range(sheet.bars):
        beats = []
        for beat in range(BEATS_PER_BAR):
            changed = changes.get(bar * TICKS_PER_BAR + beat * TICKS_PER_BEAT)
            beats.append("/" if beat and changed in (None, name) else changed or name)
            name = changed or name
        lines.append(f"{bar + 1} {' '.join(beats)}")
    return "\n".join(lines) + "\n"


def _band(sheet: LeadSheet, style: str, tempo: float, score: Score, swing: bool) -> Music:
    look = STYLE_BY_NAME[style]
    limit = sheet.bars * TICKS_PER_BAR
    tracks = [Track("drums", look.kit, _drums(score, limit))]
    for role, (program, notes) in _assign(score, limit).items():
        tracks.append(Track(role, program, notes))
    if style in _DOTTED:
        tracks = _undotted(tracks)
    swings = swing and _swings([note for track in tracks for note in track.notes])
    melody = _swung(sheet.melody) if swings else sheet.melody
    tracks.append(Track("melody", look.melody, melody))
    if not any(track.notes for track in tracks[:-1]):
        raise Unusable("arranging", f"Expected MMA to play something. Received: silence on {sheet.title}.")
    kept = tuple(track for track in tracks if track.notes)
    return Music(kept, sheet.bars, tempo, sheet.key or Key(0), style)


def _snap(beats: float) -> int:
    """The tick on the grid of sixteenths and triplets that is nearest to a time in beats."""
    whole = math.floor(beats)
    part = (beats - whole) * TICKS_PER_BEAT
    return whole * TICKS_PER_BEAT + min(_GRID, key=lambda tick: (abs(tick - part), tick % 2))


def _clean(notes: Sequence[ScoreNote], low: int, high: int, limit: int) -> tuple[Note, ...]:
    """Notes on the grid and in a role's range: of equal ones the longest, each cut where its pitch comes again."""
    best: dict[tuple[int, int], tuple[int, int]] = {}  # onset, pitch -> duration, velocity
    for note in notes:
        onset = _snap(max(0.0, note.start))
        duration = max(1, min(round(note.end * TICKS_PER_BEAT), limit) - onset)
        place = onset, codec.fold(note.pitch, low, high)
        if onset < limit:
            best[place] = max(best.get(place, (0, 0)), (duration, min(127, max(1, note.velocity))))
    return _cut([Note(onset, pitch, *values) for (onset, pitch), values in best.items()])


def _cut(notes: Sequence[Note]) -> tuple[Note, ...]:
    """The notes, sorted, each ending at the latest where the next of its pitch begins."""
    following: dict[int, int] = {}
    out = []
    for note in sorted(notes, reverse=True):
        out.append(note._replace(duration=min(note.duration, following.get(note.pitch, note.end) - note.onset)))
        following[note.pitch] = note.onset
    return tuple(sorted(out))


def _drums(score: Score, limit: int) -> tuple[Note, ...]:
    loudest: dict[tuple[int, int], int] = {}  # onset, pitch -> velocity
    for track in score.tracks:
        for note in track.notes if track.is_drums else ():
            pitch, onset = canonical_drum(note.pitch), _snap(max(0.0, note.start))
            if pitch is not None and onset < limit:
                loudest[onset, pitch] = max(loudest.get((onset, pitch), 1), note.velocity)
    return _cut([Note(onset, pitch, DRUM_TICKS, velocity) for (onset, pitch), velocity in loudest.items()])


def _assign(score: Score, limit: int) -> dict[str, tuple[int, tuple[Note, ...]]]:
    """Role name to (program, notes) for chords, pad and bass, by the rules at the top of this file."""
    families: dict[str, list[ScoreTrack]] = defaultdict(list)
    for track in score.tracks:
        name = re.split(r"[-\s\d]", track.name.lower())[0]
        if track.is_drums:
            continue
        track = replace(track, notes=_together(track.notes))
        family = "bass" if name in ("bass", "walk") else "harmony" if name in _HARMONY else "other"
        families[family].append(track)

    half = limit / TICKS_PER_BAR / 2
    # a first part is judged by how many bars it plays in (bass) or by its rhythm (chords), ties by the file's order
    bass = sorted(families["bass"], key=lambda track: -len(_bars(track.notes)))
    comping = sorted(
        families["harmony"],
        key=lambda track: (
            len(_bars(track.notes)) < half,
            _is_pad(track),
            -len({_snap(note.start) for note in track.notes}),
        ),
    )
    chords, rest = comping[:1], comping[1:]
    rest = sorted(rest, key=lambda track: (len(_bars(track.notes)) < half, not _is_pad(track), -_mean_length(track)))
    pad = rest[:1]
    chosen = {"chords": chords + rest[1:], "pad": pad + rest[1:], "bass": bass}
    roles: dict[str, tuple[int, tuple[Note, ...]]] = {}
    taken: set[int] = set()  # bars in which a spare track already plays for the chords
    for role, parts in chosen.items():
        if not parts or (role == "pad" and not pad):
            continue
        filled: list[ScoreNote] = []
        bars: set[int] = set()
        for place, track in enumerate(parts):
            spare = place > 0 and role != "bass"
            mine = _bars(track.notes) - bars - (taken if spare and role == "pad" else set())
            filled += [note for note in track.notes if _bar(note) in mine]
            bars |= mine
            if spare:
                taken |= mine
        notes = _clean(filled, ROLE_BY_NAME[role].low, ROLE_BY_NAME[role].high, limit)
        if notes:
            roles[role] = (parts[0].program, notes)
    return roles


def _is_pad(track: ScoreTrack) -> bool:
    """MMA's library names sustained parts Chord-Sus, and so do others in their way."""
    return re.search("sus|pad|string", track.name.lower()) is not None


def _together(notes: Sequence[ScoreNote]) -> tuple[ScoreNote, ...]:
    """Strummed strings, which follow each other by a fraction of a tick, all moved to the first of their stroke."""
    out: list[ScoreNote] = []
    last, first = -1.0, -1.0
    for note in sorted(notes):
        if note.start - last > 0.7 / TICKS_PER_BEAT or note.start - first > 2.5 / TICKS_PER_BEAT:
            first = note.start
        last = note.start
        out.append(replace(note, start=first))
    return tuple(out)


def _bar(note: ScoreNote) -> int:
    return _snap(max(0.0, note.start)) // TICKS_PER_BAR


def _bars(notes: Sequence[ScoreNote]) -> set[int]:
    return {_bar(note) for note in notes}


def _mean_length(track: ScoreTrack) -> float:
    return sum(note.end - note.start for note in track.notes) / max(1, len(track.notes))


def _swings(notes: Sequence[Note]) -> bool:
    """Whether a band swings: its off-beats are on the last triplet of the beat, hardly ever half-way."""
    onsets = {note.onset for note in notes}
    triplet = sum(onset % TICKS_PER_BEAT == 8 for onset in onsets)
    straight = sum(onset % TICKS_PER_BEAT == 6 for onset in onsets)
    return triplet >= 4 and triplet > 3 * straight


def _undotted(tracks: list[Track]) -> list[Track]:
    """Move the last sixteenth of each beat to the last triplet, if the band plays hardly any other sixteenths."""
    places = [note.onset % TICKS_PER_BEAT for track in tracks for note in track.notes]
    if places.count(9) <= 2 * (places.count(3) + places.count(6)):
        return tracks

    def early(tick: int) -> int:
        return tick - (tick % TICKS_PER_BEAT == 9)

    out = []
    for track in tracks:
        # a note that moves may now meet the same pitch on its own beat's triplet: the longer one stays
        moved: dict[tuple[int, int], Note] = {}
        for n in track.notes:
            new = n._replace(onset=early(n.onset), duration=max(1, early(n.end) - early(n.onset)))
            place = new.onset, new.pitch
            if place not in moved or moved[place].duration < new.duration:
                moved[place] = new
        out.append(replace(track, notes=_cut(list(moved.values()))))
    return out


def _swung(melody: Sequence[Note]) -> tuple[Note, ...]:
    """The melody with its even eighths played long-short; beats with sixteenths or triplets stay as they are."""
    inside: dict[int, set[int]] = defaultdict(set)
    for note in melody:
        inside[note.onset // TICKS_PER_BEAT].add(note.onset % TICKS_PER_BEAT)
    even = {beat for beat, places in inside.items() if places <= {0, 6}}

    def late(tick: int) -> int:
        beat, place = divmod(tick, TICKS_PER_BEAT)
        return tick + 2 if place == 6 and (beat in even or beat not in inside) else tick

    return tuple(n._replace(onset=late(n.onset), duration=max(1, late(n.end) - late(n.onset))) for n in melody)


__all__ = ["arrange"]
