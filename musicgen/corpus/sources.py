"""Where the training music comes from: licence, attribution, address and reader of each source."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from musicgen.corpus import band, scores
from musicgen.errors import CorpusError
from musicgen.midi import read_score
from musicgen.music import Music


@dataclass(frozen=True)
class Source:
    """A collection of music that may be trained on.

    Args:
        name: also the archive's name, `NAME.tar.xz`.
        endings: which of its files are music.
        read: the bytes of a file to pieces; None where `prepare` treats the source specially.
    """

    name: str
    title: str
    licence: str
    attribution: str
    address: str
    endings: tuple[str, ...]
    read: Callable[[bytes], list[Music]] | None = None


def _read_band(data: bytes) -> list[Music]:
    return band.to_music(read_score(data), "game")


SOURCES: tuple[Source, ...] = (
    Source(
        "openewld", "OpenEWLD lead sheets", "public domain scores, collection MIT",
        "OpenEWLD by Federico Simonetta; arranged for band with Musical MIDI Accompaniment (MMA)",
        "github.com/00sapo/OpenEWLD", (".mxl",),
    ),
    Source(
        "lieder", "OpenScore Lieder", "CC0 1.0", "OpenScore Lieder Corpus, OpenScore contributors",
        "github.com/OpenScore/Lieder", (".mxl",), scores.read_song,
    ),
    Source(
        "freedoom", "Freedoom music", "BSD 3-Clause", "Contributors to the Freedoom project",
        "github.com/freedoom/freedoom", (".mid",), _read_band,
    ),
    Source(
        "simutrans", "Simutrans music", "Artistic License 1.0", "The Simutrans project and its composers",
        "github.com/simutrans/simutrans", (".mid",), _read_band,
    ),
    Source(
        "blasphemer", "Blasphemer music", "BSD 3-Clause style", "Contributors to the Blasphemer project",
        "github.com/Catoptromancy/blasphemer", (".mid",), _read_band,
    ),
    Source(
        "gmd", "Groove MIDI Dataset", "CC BY 4.0",
        "Groove MIDI Dataset, Google LLC (Gillick, Roberts, Engel, Eck, Bamman 2019)",
        "magenta.tensorflow.org/datasets/groove", (".mid",),
    ),
    Source(
        "chorales", "Bach chorales", "public domain", "J. S. Bach; as encoded in the music21 corpus",
        "pypi.org/project/music21", (),
    ),
)  # fmt: skip
SOURCE_BY_NAME = {source.name: source for source in SOURCES}


def iter_files(source: Source, corpus: Path) -> Iterator[tuple[str, bytes]]:
    """Song id and bytes of each music file of a source's archive, or of its unpacked folder, in order of the id.

    Raises:
        CorpusError: neither `NAME.tar.xz` nor a folder `NAME` is in `corpus`.
    """
    folder, archive = corpus / source.name, corpus / f"{source.name}.tar.xz"
    if folder.is_dir():
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in source.endings:
                yield f"{source.name}/{path.relative_to(folder).as_posix()}", path.read_bytes()
    elif archive.is_file():
        try:
            with tarfile.open(archive) as tar:
                found = {}
                for member in tar:
                    if member.isfile() and Path(member.name).suffix.lower() in source.endings:
                        stream = tar.extractfile(member)
                        if stream is not None:
                            found[member.name] = stream.read()
        except (OSError, EOFError, tarfile.TarError) as error:
            raise CorpusError(f"Expected an archive. Received: {archive} ({type(error).__name__}).") from None
        for name in sorted(found):
            yield name if name.startswith(source.name) else f"{source.name}/{name}", found[name]
    else:
        raise CorpusError(f"Expected {archive.name} or a folder {source.name} in {corpus}. Received: neither.")


def attribution() -> str:
    """The licence and attribution of every source, as Markdown, verbatim for model cards."""
    lines = [f"- **{s.title}** ({s.licence}). {s.attribution}. {s.address}" for s in SOURCES]
    return "\n".join(lines) + "\n"
