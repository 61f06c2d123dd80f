"""Band MIDI files to `Music`: which track plays which role, in each stretch that keeps to one metre."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from musicgen import codec
from musicgen.corpus.cleaning import Cleaning, fold_counted, untangle_counted
from musicgen.corpus.keys import estimate_key
from musicgen.corpus.labels import Place
from musicgen.corpus.metres import Stretch, stretches_of
from musicgen.corpus.passages import Passage
from musicgen.corpus.reasons import Unusable
from musicgen.midi_reading import Score, ScoreNote, ScoreTrack
from musicgen.music import FOUR_FOUR, TICKS_PER_QUARTER, Key, Metre, Music, Note, Track
from musicgen.roles import ROLE_BY_NAME, ROLES, STYLE_BY_NAME, canonical_drum

MIN_ON_GRID = 0.5
"""Below this share of onsets on the grid a file was played by hand and is snapped bar by bar."""
MAX_GRID_ERROR = 0.9
"""A file whose `grid_error` is larger was not played to its own beat and is dropped. Of the band files whose onsets
are off the grid, those played to the beat are at 0.25 to 0.61, the others at 1.0."""
TIMPANI = 47

_NAMES = (
    ("bass", re.compile(r"\b(e?bass|basu|base|contrabass|tuba)\b", re.IGNORECASE)),
    ("pad", re.compile(r"\b(pad|pads|strings?|choir|ooh|aah|ahhs?|atmos\w*)\b", re.IGNORECASE)),
    ("chords", re.compile(r"\b(chords?|rhythm|rythm|comp|strum|left|piano 2|clav|seq|arp\w*)\b", re.IGNORECASE)),
    ("melody", re.compile(r"\b(lead|melody|vocals?|voice|solo|vox|tune)\b", re.IGNORECASE)),
)
_DRUM_NAME = re.compile(r"^(drum|percussion|perc\b|timp|kick|snare)", re.IGNORECASE)


@dataclass(frozen=True)
class TrackFacts:
    """What role assignment looks at: mean pitch, notes per onset, onsets per beat, mean length in beats."""

    pitch: float
    polyphony: float
    density: float
    length: float
    coverage: float
    """Share of the piece's bars in which the track begins a note."""


def facts(track: ScoreTrack, end: float) -> TrackFacts:
    """Measure a track of a piece that is `end` beats long."""
    starts = np.array([note.start for note in track.notes])
    onsets = len(np.unique(np.round(starts * 12)))
    beats = max(len(np.unique(np.floor(starts))), 1)
    bars = len(np.unique(np.floor(starts / 4)))
    return TrackFacts(
        pitch=float(np.mean([note.pitch for note in track.notes])),
        polyphony=len(track.notes) / max(onsets, 1),
        density=onsets / beats,
        length=float(np.mean([note.end - note.start for note in track.notes])),
        coverage=bars / max(end / 4, 1),
    )


def role_scores(track: ScoreTrack, fact: TrackFacts) -> dict[str, float]:
    """How well a pitched track fits each pitched role; higher is better, below 0 is no fit.

    Evidence, in points: the General MIDI family of its program, its name, its register, how many notes it
    plays at once, and how long it holds them.
    """
    family = track.program // 8
    scores = {"melody": 0.0, "chords": 0.0, "pad": 0.0, "bass": 0.0}
    if family == 4 or track.program in (43, 58):
        scores["bass"] += 3
    if track.program in range(48, 55) or family == 11:
        scores["pad"] += 1.5
    if family in (7, 8, 9) or track.program in (40, 41, 42, 75, 76, 77, 78, 79) or family == 10:
        scores["melody"] += 1
    if family in (0, 1, 2) or track.program in range(24, 32):
        scores["chords"] += 0.75
    for role, pattern in _NAMES:
        if pattern.search(track.name):
            scores[role] += 2
    mono = fact.polyphony < 1.25
    scores["bass"] += 3 if fact.pitch < 36 else 2 if fact.pitch < 45 else 0.5 if fact.pitch < 50 else -2
    scores["bass"] += 0.5 if mono else -1
    scores["melody"] += 1.5 if mono else 0 if fact.polyphony < 1.6 else -2
    scores["melody"] += 1 if fact.pitch >= 60 else -1 if fact.pitch >= 48 else -2.5
    scores["chords"] += (1.5 if fact.polyphony >= 1.6 else -0.5) + (0.5 if fact.length < 1.5 else -0.5)
    scores["chords"] += 0.75 if mono and fact.density > 2.5 else 0  # an arpeggio is broken chords
    scores["chords"] -= 1.5 if fact.pitch < 36 else 0  # too low to be heard as a chord
    scores["pad"] += (1 if fact.length >= 1.5 else -1) + (0.5 if fact.polyphony >= 1.4 else -0.5)
    if mono and fact.length >= 2.5:  # long single notes are a background more often than a tune
        scores["melody"] -= 0.75
        scores["pad"] += 0.5
    return scores


def assign_roles(tracks: Sequence[ScoreTrack], end: float) -> dict[str, list[ScoreTrack]]:
    """Tracks to roles, the best candidate of each role first.

    Drums are every track on the drum channel. A pitched track goes to the role it scores highest in
    (`role_scores`), but a guitar is no bass where another instrument is. Sound effects (programs 112 and up),
    timpani, tracks named after drums and tracks in under 3 % of the bars are left out. If no track wins melody,
    the highest of the chords or pad candidates becomes it, provided another is left.
    """
    result: dict[str, list[tuple[float, ScoreTrack]]] = {role.name: [] for role in ROLES}
    has_bass = any(track.program // 8 == 4 and not track.is_drums for track in tracks)
    for track in tracks:
        if track.is_drums:
            result["drums"].append((len(track.notes), track))
            continue
        fact = facts(track, end)
        if track.program >= 112 or track.program == TIMPANI or _DRUM_NAME.search(track.name) or fact.coverage < 0.03:
            continue
        scores = role_scores(track, fact)
        if has_bass and track.program in range(24, 32):
            scores["bass"] -= 2.5
        role = max(scores, key=lambda name: scores[name])
        result[role].append((scores[role] + 3 * fact.coverage, track))
    if not result["melody"]:
        spare = [(facts(t, end).pitch, name, (s, t)) for name in ("chords", "pad") for s, t in result[name]]
        if len(spare) > 1:
            _, name, entry = max(spare, key=lambda item: item[0])
            result[name].remove(entry)
            result["melody"].append(entry)
    return {role: [track for _, track in sorted(found, key=lambda item: -item[0])] for role, found in result.items()}


def grid_error(starts: np.ndarray) -> float:
    """How far onsets (beats, shape (n,)) are from sixteenths or from triplets, whichever is nearer, on average.

    Returns:
        0 on the grid, 1 where the onsets have nothing to do with it.
    """
    ticks = np.asarray(starts, float) * TICKS_PER_QUARTER
    errors = [float(np.abs(ticks - np.round(ticks / step) * step).mean()) / (step / 4) for step in (3, 2)]
    return min(errors)


def to_music(score: Score, style: str, human: bool | None = None, cleaning: Cleaning | None = None) -> list[Passage]:
    """A band file as pieces, one per stretch that keeps to one metre, in its estimated key.

    Where several tracks fit a role, each bar takes the best-ranked one that begins a note in it (drum tracks
    are merged). Played files (`MIN_ON_GRID`, or `human`) are snapped bar by bar.

    Args:
        score: the file.
        style: a style name, the label of the pieces.
        human: whether the file was played and not written; measured if None.
        cleaning: counts what was mended, if given.

    Raises:
        Unusable: no eight bars in a row of one metre, fewer than two roles, or not played to its own beat.
    """
    stretches = stretches_of(score)
    cleaning = Cleaning() if cleaning is None else cleaning
    pieces = []
    off_beat = False
    for stretch in stretches:
        tracks = [mend(_cut(track, stretch), cleaning) for track in score.tracks]
        tracks = [track for track in tracks if track.notes]
        starts = np.array([note.start for track in tracks for note in track.notes])
        if not len(starts):
            continue
        played = codec.on_grid(starts) < MIN_ON_GRID if human is None else human
        if played and grid_error(starts) > MAX_GRID_ERROR:
            off_beat = True
            continue
        roles = assign_roles(tracks, stretch.quarters(stretch.end))
        kit, metre = STYLE_BY_NAME[style].kit, stretch.metre
        parts = [merge(r, found, stretch.bars, played, kit, cleaning, metre) for r, found in roles.items() if found]
        parts = [part for part in parts if part.notes]
        if len(parts) < 2:
            continue
        tempo = float(np.clip(round(score.tempo * float(stretch.signature.scale), 2), 30, 300))
        music = Music(tuple(parts), stretch.bars, tempo, Key(0), style, metre)
        cleaning["files off the grid snapped bar by bar"] += played
        for what, missing in (("tempo", not score.tempos), ("metre", not score.metres), ("key", True)):
            if missing:
                cleaning.filled_in(what)
        music = replace(music, key=estimate_key(music)[0])
        pieces.append(Passage(music, Place(stretch.begins, stretch.ends)))
    if not pieces and off_beat:
        raise Unusable("grid", "Expected notes that follow the file's beat. Received: onsets anywhere.")
    if not pieces:
        raise Unusable("roles", "Expected notes in at least two roles. Received: fewer.")
    return pieces


def mend(track: ScoreTrack, cleaning: Cleaning) -> ScoreTrack:
    """A track without its noise: notes shorter than a tick go, those longer than four bars are stuck and cut.

    Drums stay as they are, and so do short notes in a track most of whose notes are short: that is how it is played.
    """
    if track.is_drums or not track.notes:
        return track
    tick, most = 1 / TICKS_PER_QUARTER, 16.0
    short = [note.end - note.start < tick * (1 - 1e-6) for note in track.notes]
    notes = [note for note, bad in zip(track.notes, short, strict=True) if not bad]
    if 2 * len(notes) < len(track.notes):
        notes = list(track.notes)
    stuck = sum(note.end - note.start > most + tick for note in notes)
    cleaning["notes shorter than a tick removed"] += len(track.notes) - len(notes)
    cleaning["stuck notes cut to four bars"] += stuck
    return replace(track, notes=tuple(replace(note, end=min(note.end, note.start + most)) for note in notes))


def _cut(track: ScoreTrack, stretch: Stretch) -> ScoreTrack:
    """What a track plays in a stretch, in our quarter notes from its start on."""
    notes = tuple(
        ScoreNote(stretch.quarters(note.start), note.pitch, stretch.quarters(min(note.end, stretch.end)), note.velocity)
        for note in track.notes
        if stretch.start - 1e-3 <= note.start < stretch.end - 1e-3
    )
    return ScoreTrack(track.name, track.program, track.is_drums, notes)


def merge(
    role: str,
    candidates: Sequence[ScoreTrack],
    bars: int,
    human: bool,
    kit: int,
    cleaning: Cleaning,
    metre: Metre = FOUR_FOUR,
) -> Track:
    """What a role plays: of the tracks that fit it each bar takes the best-ranked one that begins a note in it.

    Drum tracks are put together instead. A part that is mostly out of its role's range moves by `register_shift`,
    single notes that still are move by octaves.

    Args:
        role: a role name.
        candidates: tracks in beats from the first bar line on, the best first, at least one.
        bars: length; what begins later is left out.
        human: see `codec.quantise`.
        kit: GM percussion program of the drums.
        cleaning: counts what was mended.
        metre: of the piece.
    """
    limits = ROLE_BY_NAME[role]
    grid = [to_grid(track.notes, human, metre) for track in candidates]
    ticks = bars * metre.ticks_per_bar
    if limits.is_drums:
        found = [
            Note(note.onset, drum, codec.DRUM_DURATION, note.velocity)
            for notes in grid
            for note in notes
            if (drum := canonical_drum(note.pitch)) is not None and 0 <= note.onset < ticks
        ]
        return Track(role, kit, untangle_counted(found, ticks, cleaning))
    by_bar: dict[int, tuple[int, list[Note]]] = {}
    for rank, notes in enumerate(grid):
        for note in notes:
            bar = note.onset // metre.ticks_per_bar
            if not 0 <= note.onset < ticks or by_bar.get(bar, (rank,))[0] != rank:
                continue
            by_bar.setdefault(bar, (rank, []))[1].append(note)
    shift = register_shift([note.pitch for note in grid[0]], limits.low, limits.high)
    found = [
        note._replace(pitch=fold_counted(note.pitch + shift, limits.low, limits.high, cleaning))
        for _, notes in by_bar.values()
        for note in notes
    ]
    return Track(role, candidates[0].program, untangle_counted(found, ticks, cleaning))


def register_shift(pitches: Sequence[int], low: int, high: int) -> int:
    """Octaves, in semitones, that bring most of a part into a role's range, so that lines are not torn note by note."""
    outside = {s: sum(not low <= p + s <= high for p in pitches) for s in (0, 12, -12, 24, -24)}
    if outside[0] <= 0.1 * len(pitches):  # a few stray notes do not move the others
        return 0
    return min(outside, key=lambda s: (outside[s], abs(s)))


def to_grid(notes: Sequence[ScoreNote], human: bool, metre: Metre = FOUR_FOUR) -> list[Note]:
    """Notes of a file on our grid: at least a tick long, at most four bars."""
    if not notes:
        return []
    starts = np.array([note.start for note in notes])
    onsets = codec.quantise(starts, human, metre)
    lengths = np.array([note.end - note.start for note in notes]) * 12
    lengths = np.where(human, np.round(lengths / 3) * 3, np.round(lengths))
    return [
        Note(int(max(onset, 0)), note.pitch, int(np.clip(length, 1, 192)), note.velocity)
        for note, onset, length in zip(notes, onsets, lengths, strict=True)
    ]
