"""A corpus of little songs, as real MIDI files, and the data set made of it."""

import tarfile
from pathlib import Path

import numpy as np

from musicgen.corpus.prepare import prepare
from musicgen.midi import to_midi
from musicgen.music import Music, Note, Track


def band_file(seed: int) -> bytes:
    """A real MIDI file of sixteen bars: a tune of its own over drums and bass."""
    rng = np.random.default_rng(seed)
    melody = tuple(Note(12 * i, int(60 + rng.integers(15)), 12, 80) for i in range(64))
    bass = tuple(Note(24 * i, 36 + 7 * (i % 2), 24, 80) for i in range(32))
    kit = tuple(Note(12 * i, 36 if i % 2 == 0 else 38, 3, 80) for i in range(64))
    return to_midi(Music((Track("melody", 80, melody), Track("bass", 33, bass), Track("drums", 0, kit)), 16))


def prepare_little_songs(corpus: Path, out: Path) -> None:
    """Write forty little songs, one of them twice and one more damaged, and prepare them."""
    folder = corpus / "simutrans"
    folder.mkdir()
    for i in range(40):
        (folder / f"song{i:02}.mid").write_bytes(band_file(i))
    (folder / "song03 again.mid").write_bytes(band_file(3))
    (folder / "damaged.mid").write_bytes(band_file(50)[:-90])
    archive = corpus / "simutrans.tar.xz"
    with tarfile.open(archive, "w:xz") as tar:
        tar.add(folder, "simutrans")
    for path in folder.iterdir():  # so that it is the archive that is read
        path.unlink()
    folder.rmdir()
    prepare(corpus, out, ["simutrans"], workers=2)
