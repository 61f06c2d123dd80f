"""Songs made by rule, with keys, harmony, groove and form, for tests that need something like real music."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from musicgen import codec
from musicgen.corpus.dataset import FORMAT, Dataset, Piece, split_of
from musicgen.music import TICKS_PER_BAR, Key, Music, Note, Track
from musicgen.roles import ROLE_NAMES

_TRIADS = {"I": (0, 4, 7), "ii": (2, 5, 9), "iii": (4, 7, 11), "IV": (5, 9, 12), "V": (7, 11, 14), "vi": (9, 12, 16)}
_PROGRESSIONS = (("I", "vi", "IV", "V"), ("I", "IV", "ii", "V"), ("vi", "IV", "I", "V"), ("I", "iii", "IV", "V"))


def song(seed: int, form: str = "AABA") -> Music:
    """Four bars for each letter of `form`: a tune on chord tones, chords, a held pad, a bass and drums."""
    rng = np.random.default_rng(seed)
    key = Key(int(rng.integers(12)))
    sections = {letter: _section(np.random.default_rng([seed, ord(letter)])) for letter in sorted(set(form))}
    notes: dict[str, list[Note]] = {role: [] for role in ("melody", "chords", "pad", "bass", "drums")}
    groove = np.sort(rng.choice([0, 6, 12, 18, 24, 30, 36, 42], 5, replace=False)).tolist()
    for index, letter in enumerate(form):
        start = index * 4 * TICKS_PER_BAR
        for role, part in sections[letter].items():
            notes[role] += [Note(start + n.onset, n.pitch, n.duration, n.velocity) for n in part]
        for bar in range(4):
            first = start + bar * TICKS_PER_BAR
            kit = [(place, 42) for place in groove] + [(0, 36), (12, 38), (24, 36), (36, 38)]
            notes["drums"] += [Note(first + place, pitch, 3, 90) for place, pitch in kit]
            notes["drums"].append(Note(first + 42, (45, 47, 50, 46)[index % 4], 3, 80))
    tracks = tuple(Track(role, 0, tuple(part)) for role, part in notes.items())
    return Music(tracks, 4 * len(form)).transposed((key.tonic + 5) % 12 - 5)


def _section(rng: np.random.Generator) -> dict[str, list[Note]]:
    parts: dict[str, list[Note]] = {role: [] for role in ("melody", "chords", "pad", "bass")}
    rhythm = np.sort(rng.choice([0, 6, 12, 18, 24, 30, 36, 42], int(rng.integers(3, 7)), replace=False)).tolist()
    strums = np.sort(rng.choice([0, 6, 12, 18, 24, 30, 36], 2, replace=False)).tolist()
    for bar, name in enumerate(_PROGRESSIONS[rng.integers(len(_PROGRESSIONS))]):
        triad, first = _TRIADS[name], bar * TICKS_PER_BAR
        ends = [*rhythm[1:], TICKS_PER_BAR]
        for place, end in zip(rhythm, ends, strict=True):
            pitch = 60 + int(rng.choice(triad)) + 12 * int(rng.integers(2))
            parts["melody"].append(Note(first + place, pitch, end - place, 92))
        for place in strums:
            parts["chords"] += [Note(first + place, 48 + tone, 9, 75) for tone in triad]
        parts["pad"] += [Note(first, 60 + tone, TICKS_PER_BAR, 60) for tone in triad[:2]]
        parts["bass"] += [Note(first, 36 + triad[0], 24, 90), Note(first + 24, 36 + triad[2] % 12, 24, 85)]
    return parts


def made_data(folder: Path, count: int = 240) -> Dataset:
    """A data set of such songs, in a folder."""
    forms = ("AABA", "ABAB", "AABB", "ABAC")
    tables, counts, pieces = [], [], []
    for seed in range(count):
        music = song(seed, forms[seed % 4])
        rows = codec.encode(music)
        counts.append(np.bincount(rows[:, 0], minlength=music.bars))
        tables.append(rows[:, 1:].astype(np.uint8))
        name = f"made/{seed}"
        start = seed * music.bars
        programs = (73, 0, 48, 33, 0)
        pieces.append(Piece(name, "made", split_of(name), "pop", str(music.key), 112, programs, start, music.bars))
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "notes.npy", np.concatenate(tables))
    np.save(folder / "offsets.npy", np.append(0, np.cumsum(np.concatenate(counts))))
    (folder / "pieces.json").write_text(json.dumps([asdict(piece) for piece in pieces]))
    (folder / "manifest.json").write_text(json.dumps({"format": FORMAT, "roles": ROLE_NAMES, "kept": {}}))
    return Dataset.open(folder)
