"""Where the training music comes from: licence, attribution, address and kind of each source."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from musicgen.errors import CorpusError
from musicgen.roles import STYLE_BY_NAME

MAX_FILE_BYTES = 30_000_000
"""A larger file of an archive or folder is not music and is read as empty, so that it is counted as damaged."""
ARCHIVES = (".tar.xz", ".tar.gz", ".zip")
"""Endings of archives, in order of preference. What `download.fetch` brings ends in one of the last two."""
FOLDER = "folder:"
"""Prefix that makes a source of a folder of MIDI files, as in "folder:PATH"."""


@dataclass(frozen=True)
class Source:
    """A collection of music that may be trained on.

    Args:
        name: also the archive's name, `NAME.tar.xz`.
        address: where people find it.
        endings: which of its files are read.
        kind: how they are read, see `reading`: "band", "lead sheets", "songs", "chorales", "hymns", "engraved", "tunes"
            or "drums".
        archive: path on `host` of the archive that `download.fetch` brings; empty if it is not downloaded.
        inside: folder of that archive, below its own top folder, in which the music is.
        hashed: song ids end in eight digits of the file's git hash, so that a song whose music was replaced is new.
        style: style name of a band's music.
        path: the folder of a user's own music.
        styles: styles that each of its lead sheets is set in.
        grooves: arrangements of it in each of them.
        most: files that are read, chosen by a hash of their names; all if 0.
        loops: its music begins again where it stops, as games' does, and so has no endings.
        weight: how often its pieces are drawn in training, against 1.
    """

    name: str
    title: str
    licence: str
    attribution: str
    address: str
    endings: tuple[str, ...]
    kind: str
    host: str = "https://github.com"
    archive: str = ""
    inside: str = ""
    hashed: bool = False
    style: str = "game"
    path: Path | None = None
    styles: int = 0
    grooves: int = 1
    most: int = 0
    weight: float = 1.0
    loops: bool = False


SOURCES: tuple[Source, ...] = (
    Source(
        "openewld", "OpenEWLD lead sheets", "public domain scores, collection MIT",
        "OpenEWLD by Federico Simonetta; arranged for band with Musical MIDI Accompaniment (MMA)",
        "github.com/00sapo/OpenEWLD", (".mxl",), "lead sheets", archive="/00sapo/OpenEWLD/archive/HEAD.tar.gz",
        styles=8, grooves=2,
    ),
    Source(
        "lieder", "OpenScore Lieder", "CC0 1.0", "OpenScore Lieder Corpus, OpenScore contributors",
        "github.com/OpenScore/Lieder", (".mxl",), "songs", archive="/OpenScore/Lieder/archive/HEAD.tar.gz",
        styles=3,
    ),
    Source(
        "freedoom", "Freedoom music", "BSD 3-Clause", "Contributors to the Freedoom project",
        "github.com/freedoom/freedoom", (".mid",), "band",
        archive="/freedoom/freedoom/archive/HEAD.tar.gz", inside="musics", hashed=True, loops=True,
    ),
    Source(
        "simutrans", "Simutrans music", "Artistic License 1.0", "The Simutrans project and its composers",
        "github.com/simutrans/simutrans", (".mid",), "band",
        archive="/simutrans/simutrans/archive/HEAD.tar.gz", inside="simutrans/music", loops=True,
    ),
    Source(
        "blasphemer", "Blasphemer music", "BSD 3-Clause style", "Contributors to the Blasphemer project",
        "github.com/Catoptromancy/blasphemer", (".mid",), "band",
        archive="/Catoptromancy/blasphemer/archive/HEAD.tar.gz", loops=True,
    ),
    Source(
        "gmd", "Groove MIDI Dataset", "CC BY 4.0",
        "Groove MIDI Dataset, Google LLC (Gillick, Roberts, Engel, Eck, Bamman 2019)",
        "magenta.tensorflow.org/datasets/groove", (".mid", ".csv"), "drums",
        host="https://storage.googleapis.com",
        archive="/magentadata/datasets/groove/groove-v1.0.0-midionly.zip",
    ),
    Source(
        "chorales", "Bach chorales", "public domain", "J. S. Bach; as encoded in the music21 corpus",
        "the Python package music21", (), "chorales", styles=3,
    ),
    # what came later stands behind, so that of a song that is there twice the first to come stays
    Source(
        "freedoom-history", "Music of earlier versions of Freedoom", "BSD 3-Clause",
        "Contributors to the Freedoom project", "the history of github.com/freedoom/freedoom", (".mid",), "band",
        loops=True,
    ),
    Source(
        "openhymnal", "Open Hymnal", "public domain", "The Open Hymnal Project, edited by Brian J. Dumont",
        "github.com/mzealey/openhymnal", (".abc",), "hymns", archive="/mzealey/openhymnal/archive/HEAD.tar.gz",
        styles=4,
    ),
    Source(
        "mutopia", "Mutopia, hymns, songs, marches and ragtime", "public domain",
        "The Mutopia Project and those who engraved its scores", "mutopiaproject.org", (".mid", ".tsv"), "engraved",
        styles=4,
    ),
    Source(
        "ryan", "Ryan's Mammoth Collection (1883)", "tunes in the public domain, encoded with permission",
        "Encoded by Ray Davies, Bob Puckette, John Walsh, John Chambers and others, in the music21 corpus; arranged "
        "for band with MMA", "the Python package music21", (".abc",), "tunes", inside="ryansMammoth", styles=3,
        most=260, weight=0.5,
    ),
    Source(
        "oneill", "O'Neill's Music of Ireland (1903)", "tunes in the public domain, encoded with permission",
        "Encoded by Henrik Norbeck, Bob Safranek, Trish O'Neil, John Chambers, Dan G. Petersen, Michael Hogan, Stephen "
        "Foy, John B. Walsh, Tom Keays, Chris Falt and others, in the music21 corpus; arranged for band with MMA",
        "the Python package music21", (".abc",), "tunes", inside="oneills1850", styles=3, most=340, weight=0.5,
    ),
    Source(
        "aird", "Aird's Selection of Airs (1778 ff.)", "tunes in the public domain, encoded with permission",
        "Encoded by Jack Campin, in the music21 corpus; arranged for band with MMA",
        "the Python package music21", (".abc",), "tunes", inside="airdsAirs", styles=3, most=240, weight=0.5,
    ),
)  # fmt: skip
SOURCE_BY_NAME = {source.name: source for source in SOURCES}


def resolve(names: Iterable[str], style: str | None = None) -> list[Source]:
    """Sources by their names in the table or as "folder:PATH", in the table's order, folders last.

    Args:
        names: what to use; a name given twice counts once.
        style: style name of the folders; by default a folder's own name if it is a style, or else "pop".

    Raises:
        CorpusError: an unknown name or style, a folder that is none, or two folders of one name.
    """
    if style is not None and style not in STYLE_BY_NAME:
        raise CorpusError(f"Expected a style among {', '.join(STYLE_BY_NAME)}. Received: {style!r}.")
    wanted: set[str] = set()
    folders: dict[str, Source] = {}
    for name in names:
        if not name.startswith(FOLDER):
            if name not in SOURCE_BY_NAME:
                known = ", ".join(SOURCE_BY_NAME)
                raise CorpusError(f"Expected sources among {known}, or {FOLDER}PATH. Received: {name!r}.")
            wanted.add(name)
            continue
        source = _folder(Path(name.removeprefix(FOLDER)), style)
        if folders.setdefault(source.name, source) != source:
            raise CorpusError(f"Expected folders of different names. Received: two named {source.name!r}.")
    return [source for source in SOURCES if source.name in wanted] + list(folders.values())


def _folder(path: Path, style: str | None) -> Source:
    path = path.resolve()
    if not path.is_dir():
        raise CorpusError(f"Expected a folder of MIDI files. Received: {path}, which is none.")
    own = path.name.lower()
    style = style or (own if own in STYLE_BY_NAME else "pop")
    return Source(
        FOLDER + path.name, f"Folder {path.name}", "as stated by whoever prepared this data set", "", "a local folder",
        (".mid", ".midi"), "band", style=style, path=path,
    )  # fmt: skip


def find(source: Source, corpus: Path) -> Path | None:
    """The folder `NAME` or archive `NAME.*` of a source in `corpus`, or None where there is neither."""
    if source.path is not None:
        return source.path
    places = [corpus / source.name, *(corpus / f"{source.name}{ending}" for ending in ARCHIVES)]
    return next((place for place in places if place.exists()), None)


def iter_files(source: Source, corpus: Path) -> Iterator[tuple[str, bytes]]:
    """Song id and bytes of each file of a source's archive, or of its unpacked folder, in order of the id.

    The ids are the same whether an archive of ours, a download or a folder is read.

    Raises:
        CorpusError: neither an archive nor a folder of the source is in `corpus`, or the archive is damaged.
    """
    place = find(source, corpus)
    if place is None:
        raise CorpusError(
            f"Expected {source.name}.tar.xz or a folder {source.name} in {corpus}. Received: neither. "
            + (f"Download it from {source.address}, or pass --download." if source.archive else "")
        )
    if place.is_dir():
        for path in sorted(place.rglob("*")):
            if path.suffix.lower() in source.endings and path.is_file():
                small = path.stat().st_size <= MAX_FILE_BYTES
                yield f"{source.name}/{path.relative_to(place).as_posix()}", path.read_bytes() if small else b""
        return
    try:
        found = dict(_unzipped(source, place) if place.name.endswith(".zip") else _untarred(source, place))
    except (OSError, EOFError, ValueError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise CorpusError(f"Expected an archive. Received: {place} ({type(error).__name__}).") from None
    yield from sorted(found.items())


def _untarred(source: Source, place: Path) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(place) as tar:
        for member in tar:
            name = _song_path(source, member.name, place) if member.isfile() else None
            stream = tar.extractfile(member) if name is not None else None
            if name is not None and stream is not None:
                data = stream.read() if member.size <= MAX_FILE_BYTES else b""
                yield _song_id(source, name, data, place), data


def _unzipped(source: Source, place: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(place) as archive:
        for member in archive.infolist():
            name = None if member.is_dir() else _song_path(source, member.filename, place)
            if name is not None:
                data = archive.read(member) if member.file_size <= MAX_FILE_BYTES else b""
                yield _song_id(source, name, data, place), data


def _song_path(source: Source, member: str, place: Path) -> str | None:
    """Path of a member below the source's music, or None if it is not music of the source."""
    path = PurePosixPath(member)
    if path.suffix.lower() not in source.endings or "__MACOSX" in path.parts:
        return None
    if place.name.endswith(".tar.xz"):  # an archive of ours, whose top folder is the source's name or missing
        return member.removeprefix(f"{source.name}/")
    below = PurePosixPath(*path.parts[1:])  # a download, whose top folder is the project's name and version
    return str(below.relative_to(source.inside)) if below.is_relative_to(source.inside) else None


def _song_id(source: Source, name: str, data: bytes, place: Path) -> str:
    if source.hashed and not place.name.endswith(".tar.xz"):
        digest = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
        name = str(PurePosixPath(name).with_suffix("")) + f"_{digest[:8]}" + PurePosixPath(name).suffix
    return f"{source.name}/{name}"


def attribution(sources: Iterable[Source] = SOURCES) -> str:
    """The licence and attribution of sources, as Markdown, verbatim for model cards."""
    lines = []
    for source in sources:
        credit = f" {source.attribution}." if source.attribution else ""
        lines.append(f"- **{source.title}** ({source.licence}).{credit} {source.address}")
    return "\n".join(lines) + "\n"


__all__ = ["SOURCES", "SOURCE_BY_NAME", "Source", "attribution", "find", "iter_files", "resolve"]
