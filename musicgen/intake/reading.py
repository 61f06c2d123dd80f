"""Reading a MIDI file: ours exactly, a foreign one as far as it goes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from musicgen.corpus import band
from musicgen.corpus.cleaning import Cleaning
from musicgen.corpus.keys import estimate_key
from musicgen.errors import MidiError, RequestError
from musicgen.intake.beats import follow_beat, is_off_beat, mean_tempo
from musicgen.intake.casting import LABELS, cast, say_losses
from musicgen.intake.percussion import find_drums
from musicgen.intake.timing import find_grid, find_tempos, lay_out, skip_silence
from musicgen.intake.words import count_of, is_or_are
from musicgen.midi import from_score, grid_notes, is_ours
from musicgen.midi_reading import Score, read_score
from musicgen.music import MAX_BARS, METRES, TICKS_PER_QUARTER, Key, Music
from musicgen.roles import STYLE_BY_NAME, STYLE_NAMES

_OUR_METRES = {(metre.numerator, metre.denominator) for metre in METRES.values()}

OFF_BEAT = "The notes do not follow the beat of the file: a beat is found in them"
"""How the sentence begins that says so."""


@dataclass(frozen=True)
class Intake:
    """A piece that was read.

    Args:
        music: the piece, at most `MAX_BARS` bars.
        notes: one sentence for each thing that is not as in the file; none for a file of ours.
    """

    music: Music
    notes: tuple[str, ...]


def read_music(data: bytes, style: str | None = None, keep_beat: bool = False) -> Intake:
    """Read a MIDI file of type 0 or 1, whoever wrote it.

    Notes of a foreign file keep their place in time. Its metre is the one that most of the file has, as
    `corpus.metres.TIME_SIGNATURES` reads it: 3/4 and 6/8 stay what they are, 12/8 and 9/8 become 4/4 and 3/4 with
    triplets. Bar lines are those of the longest stretch in it; those of 5/4, 7/8 and the like are lost. The tempo
    changes where that of the file does, to a tick. A key signature is believed unless it is C major, which many
    programs write by default: then the key is estimated.

    Args:
        data: the file, within the limits of `midi_reading.read_score`.
        style: a style name, the label of the piece; if not given the one that a file of ours says, else "", any.
        keep_beat: of a performance that does not follow the beat of its file: take that all the same, instead of one
            that is found in the notes.

    Raises:
        MidiError: not a usable MIDI file, or one without notes.
        RequestError: an unknown style.
    """
    return interpret(read_score(data), style, keep_beat)


def interpret(score: Score, style: str | None = None, keep_beat: bool = False) -> Intake:
    """`read_music` for a file that was read before; arguments and errors as there."""
    if style is not None and style not in STYLE_BY_NAME:
        raise RequestError(f"style: expected one of {', '.join(STYLE_NAMES)}. Received: {str(style)[:40]!r}.")
    if not score.tracks:
        raise MidiError("Expected notes. Received: a MIDI file without any.")
    said = [*score.said]
    music = _exact(score)
    if music is None:
        music = _foreign(score if keep_beat else _on_beat(score, said), said)
    elif music.bars > MAX_BARS:
        said.append(f"The piece has {music.bars} bars: the first {MAX_BARS} are taken.")
        music = music.excerpt(0, MAX_BARS)
    return Intake(music if style is None else replace(music, style=style), tuple(said))


def _exact(score: Score) -> Music | None:
    """The piece if `midi.from_midi` can read the file without changing anything, else None."""
    labels = [track.name for track in score.tracks]
    places = np.array([(note.start, note.end) for track in score.tracks for note in track.notes]) * TICKS_PER_QUARTER
    if (
        not is_ours(score)
        or not set(labels) <= set(LABELS)
        or len(set(labels)) < len(labels)
        or {metre for _, metre in score.metres} - _OUR_METRES
        or len(score.metres) > 1
        or not _is_on_grid(np.array([beat for beat, _ in score.tempos]) * TICKS_PER_QUARTER)
        or (places[:, 1] <= places[:, 0]).any()
    ):
        return None
    if not _is_on_grid(places) and grid_notes(score) is None:
        return None
    try:
        return from_score(score)
    except MidiError:  # notes after the end of the first track, for instance
        return None


def _is_on_grid(places: np.ndarray) -> bool:
    return bool((np.abs(places - np.round(places)) < 1e-6).all())


def _on_beat(score: Score, said: list[str]) -> Score:
    """The file, on a beat that is found where its notes do not follow its own."""
    found = follow_beat(score) if is_off_beat(score) else None
    if found is None:
        return score
    said.append(f"{OFF_BEAT}, {mean_tempo(found):.4g} a minute on average, and bar lines are a guess.")
    return found


def _foreign(score: Score, said: list[str]) -> Music:
    grid = skip_silence(score, find_grid(score, said), said)
    tempos = find_tempos(score, grid, said)
    tracks, human = lay_out(score, grid, min(tempo for _, tempo in tempos), said)
    cleaning = Cleaning()
    tracks = [band.mend(track, cleaning) for track in find_drums(tracks, score.rhythm_map)]
    last = max(note.start for track in tracks for note in track.notes)
    end = min(max(note.end for track in tracks for note in track.notes), last + grid.metre.quarters_per_bar)
    bars = min(MAX_BARS, max(1, int(np.ceil((end - 1 / 8) / grid.metre.quarters_per_bar))))
    roles = cast(tracks, end, is_ours(score), said)
    parts = []
    for role, candidates in roles.items():
        if candidates:
            part = band.merge(role, candidates, bars, human, candidates[0].program, cleaning, grid.metre)
            say_losses(part, candidates, said)
            parts.append(part)
    parts = [part for part in parts if part.notes]
    _say_cleaning(cleaning, said)
    if not parts:
        raise MidiError("Expected notes that a melody, chords, a pad, a bass or drums can play. Received: none.")
    later = tuple((tick, tempo) for tick, tempo in tempos[1:] if tick < bars * grid.metre.ticks_per_bar)
    music = Music(tuple(parts), bars, tempos[0][1], Key(0), "", grid.metre, later)
    if music.note_count < score.struck:
        said.append(f"{music.note_count:,} of {count_of(score.struck, 'note')} are kept.")
    # the markers of our files are the names of their chords, which are found again in the notes
    lost = [(what, count) for what, count in score.lost if what != "markers" or not is_ours(score)]
    if lost:
        things = ", ".join(f"{what} ({count:,})" for what, count in lost)
        said.append(f"Left out, as our notes have none of it: {things}.")
    return replace(music, key=_key(music, score, said))


def _say_cleaning(cleaning: Cleaning, said: list[str]) -> None:
    for step, what in (
        ("notes shorter than a tick removed", "shorter than a twelfth of a quarter note {} left out"),
        ("stuck notes cut to four bars", "longer than four bars of 4/4 {} cut"),
        ("notes moved by octaves into their role's range", "{} moved by octaves, into the range of the role"),
        ("doubled notes removed", "on the place and pitch of another {} left out"),
    ):
        if count := int(cleaning[step]):
            said.append(f"{count_of(count, 'note')} {what.format(is_or_are(count))}.")


def _key(music: Music, score: Score, said: list[str]) -> Key:
    if not any(track.notes for track in music.tracks if track.role != "drums"):
        said.append("There are only drums: the key is called C major.")
        return Key(0)
    stated, count = score.key, len({key for beat, key in score.keys if beat < score.end})
    if stated is not None and count > 1:
        said.append(f"The key changes: it is {stated} throughout, which holds longest.")
        return stated
    if stated is not None and stated != Key(0):
        said.append(f"The key is {stated}, as the file states.")
        return stated
    key, _ = estimate_key(music)
    if key == stated:
        said.append(f"The key is {key}, as the file states and its notes say.")
        return key
    says = "states none" if stated is None else "states C major, as many do by default"
    said.append(f"The key is estimated as {key}: the file {says}.")
    return key
