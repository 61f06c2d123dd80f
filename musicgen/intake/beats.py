"""Performances that do not follow the beat of their file, such as piano recitals: a beat that is found in the notes.

Found by librosa's beat tracker (dynamic programming after Ellis 2007) on the onsets. Over 38 performances made from
19 known scores with tempo curves of 10 and 25 % and ritardandi its beats have an F-measure (70 ms) of .83 at the best
of the metrical levels, a constant beat as pretty_midi estimates it .53: benchmarks/beats.py.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from musicgen import codec
from musicgen.corpus import band
from musicgen.midi_reading import Score
from musicgen.music import BEATS_PER_BAR

FEWEST_ONSETS = 24
"""Times at which notes begin; of fewer no beat can be told."""
_FEWEST_BEATS = 8
_FRAMES = 100
"""A second; librosa's own value for audio is 43."""
_SPREAD = 1.5
"""Frames over which an onset is spread, as the notes of a chord are never struck at once."""
_TIGHTNESS = 30
"""How evenly librosa wants its beats; 100, its own value for audio, is for steadier music."""
_FAST, _FAR_MORE = 110.0, 1.5
"""Beats a minute, and how many times as many notes: the F-measure at the level of the score was .72 so, .70 without."""
_LOW = 52
"""Pitches below are a left hand's."""
_NEAR = 0.15
"""Beats from a beat within which a note is on it."""
LONGEST = 1200.0
"""Seconds of a performance in which beats are found: about the longest piece (`music.MAX_BARS`) at a walking pace. What
comes after it is laid out at its mean tempo. It is a limit to work, too: a small file may claim to last for days."""
_WINDOW_SECONDS = 8.0
"""In which onsets are compared with themselves to find the tempo, as librosa does."""
_FRAMES_AT_ONCE, _MOST_STRETCHES = 2000, 15
"""Of which the comparisons are held in memory (those of twenty minutes would be 800 MB), and stretches of so many that
are looked at: all of five minutes, of what is longer as many, evenly spread."""
_LOUDEST = 0.9
"""Quantile of the onset strength beyond which a chord of more notes counts for no more."""


def is_off_beat(score: Score) -> bool:
    """Whether the notes have nothing to do with the beat of the file."""
    starts = np.array([note.start for track in score.tracks for note in track.notes])
    return bool(
        len(np.unique(starts)) >= FEWEST_ONSETS
        and codec.on_grid(starts) < band.MIN_ON_GRID
        and band.grid_error(starts) > band.MAX_GRID_ERROR
    )


def track_beats(onsets: np.ndarray) -> np.ndarray:
    """The beats in seconds of notes that begin at these seconds, shape (n,); both rising. None after `LONGEST`."""
    import librosa  # takes a second to load, and few files need it

    first = float(onsets.min())
    onsets = onsets[onsets <= first + LONGEST]
    places = np.round((onsets - first) * _FRAMES).astype(int)
    strength = np.bincount(places, minlength=int(places.max()) + 2 * _FRAMES).astype(float)
    strength = np.minimum(strength, np.quantile(strength[strength > 0], _LOUDEST))
    around = np.arange(-4, 5)
    strength = np.convolve(strength, np.exp(-0.5 * (around / _SPREAD) ** 2), "same")
    hop = 512
    _, frames = librosa.beat.beat_track(
        onset_envelope=strength, sr=_FRAMES * hop, hop_length=hop, tightness=_TIGHTNESS, trim=False,
        bpm=_tempo(strength, hop),
    )  # fmt: skip
    return _at_walking_pace(np.asarray(frames, float) / _FRAMES + first, onsets)


def _tempo(strength: np.ndarray, hop: int) -> np.ndarray:
    """What `librosa.feature.tempo` says of an onset strength, with a limit to the memory that it takes."""
    import librosa

    rate, length = _FRAMES * hop, round(_WINDOW_SECONDS * _FRAMES)
    padded = np.pad(strength, length // 2, mode="linear_ramp", end_values=0)
    starts = np.arange(0, len(strength), _FRAMES_AT_ONCE)
    if len(starts) > _MOST_STRETCHES:
        starts = starts[np.linspace(0, len(starts) - 1, _MOST_STRETCHES).round().astype(int)]
    total, count = np.zeros(length), 0
    for start in starts.tolist():
        part = padded[start : min(start + _FRAMES_AT_ONCE, len(strength)) + length - 1]
        found = librosa.feature.tempogram(onset_envelope=part, sr=rate, hop_length=hop, win_length=length, center=False)
        total, count = total + found.sum(axis=1), count + found.shape[1]
    return np.asarray(librosa.feature.tempo(tg=total[:, None] / count, sr=rate, hop_length=hop))


def _at_walking_pace(beats: np.ndarray, onsets: np.ndarray) -> np.ndarray:
    """Every other beat of fast ones, where far more notes begin on these than on those between."""
    while len(beats) >= 2 * _FEWEST_BEATS and 60 * (len(beats) - 1) / (beats[-1] - beats[0]) > _FAST:
        place = np.interp(onsets, beats, np.arange(len(beats)))
        near = np.round(place).astype(int)
        even, odd = np.bincount(near[np.abs(place - near) < _NEAR] % 2, minlength=2)
        if max(even, odd) < _FAR_MORE * min(even, odd):
            break
        beats = beats[int(odd > even) :: 2]
    return beats


def follow_beat(score: Score) -> Score | None:
    """The file with its notes on beats that are found in them, in 4/4, at the tempo of each; None if none is found."""
    starts = np.array([note.start for track in score.tracks for note in track.notes])
    beats = track_beats(np.unique(_to_seconds(score, starts)))
    if len(beats) < _FEWEST_BEATS:
        return None
    length = float(beats[-1] - beats[0]) / (len(beats) - 1)
    downbeat = _find_downbeat(score, _to_seconds(score, starts), beats)

    def move(places: list[float]) -> list[float]:
        seconds = _to_seconds(score, np.array(places))
        outside = np.minimum(0, seconds - beats[0]) + np.maximum(0, seconds - beats[-1])
        moved = np.interp(seconds, beats, np.arange(len(beats))) + outside / length - downbeat
        return list(moved + BEATS_PER_BAR)  # what comes before the first downbeat is a pickup

    tracks = []
    for track in score.tracks:
        begins, ends = (move([getattr(note, field) for note in track.notes]) for field in ("start", "end"))
        notes = [
            replace(note, start=max(0.0, start), end=end)
            for note, start, end in zip(track.notes, begins, ends, strict=True)
        ]
        tracks.append(replace(track, notes=tuple(sorted(notes))))
    paces = [60 / length, *(60 / np.diff(beats)).tolist(), 60 / length]
    places = [0.0, *(np.arange(len(beats)) - downbeat + BEATS_PER_BAR).astype(float).tolist()]
    tempos = tuple(zip(places, paces, strict=True))
    return replace(score, tracks=tuple(tracks), tempos=tempos, metres=((0.0, (4, 4)),))


def mean_tempo(score: Score) -> float:
    """Beats a minute of a score that `follow_beat` gave, without what is before its first beat and after its last."""
    places, paces = np.array(score.tempos[1:]).T
    return float(60 * (len(places) - 1) / np.sum(60 / paces[:-1]))


def _to_seconds(score: Score, beats: np.ndarray) -> np.ndarray:
    """Seconds at beats of the file, by its tempos."""
    starts, speeds = np.array(score.tempos_throughout).T
    times = np.concatenate([[0.0], np.cumsum(np.diff(starts) * 60 / speeds[:-1])])
    place = np.maximum(np.searchsorted(starts, beats, side="right") - 1, 0)
    return np.asarray(times[place] + (beats - starts[place]) * 60 / speeds[place])


def _find_downbeat(score: Score, seconds: np.ndarray, beats: np.ndarray) -> int:
    """Which of the first beats, 0 to 3, begins a bar: where most is struck, and struck low."""
    notes = [note for track in score.tracks for note in track.notes]
    weight = np.array([note.velocity / 127 * (2.0 if note.pitch < _LOW else 1.0) for note in notes])
    place = np.interp(seconds, beats, np.arange(len(beats)))
    near = np.round(place).astype(int)
    on_beat = np.abs(place - near) < _NEAR
    totals = np.bincount(near[on_beat] % BEATS_PER_BAR, weight[on_beat], BEATS_PER_BAR)
    return int(np.argmax(totals))
