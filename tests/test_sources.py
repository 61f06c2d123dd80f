"""Where music comes from: archives, folders of one's own, and downloads from a server on loopback."""

import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from musicgen.corpus.dataset import Dataset
from musicgen.corpus.download import address_of, fetch
from musicgen.corpus.prepare import prepare
from musicgen.corpus.sources import SOURCE_BY_NAME, iter_files, resolve
from musicgen.errors import CorpusError
from tests.little_corpus import band_file


def tar_gz(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return packed.getvalue()


@contextmanager
def server(answers: dict[str, tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    """Answers to GET by path: status, headers, body; yields the server's address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = answers.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{http.server_port}"
    finally:
        http.shutdown()
        http.server_close()


HERE = Path(__file__).parent
SIMUTRANS = SOURCE_BY_NAME["simutrans"]
PATH = "/simutrans/simutrans/archive/HEAD.tar.gz"
PACKED = tar_gz({f"simutrans-1a2b/simutrans/music/song{i}.mid": band_file(i) for i in range(9)})


# --- a folder of one's own ---


def test_a_folder_is_a_source_whose_style_is_its_name_or_pop() -> None:
    assert [(s.name, s.style) for s in resolve([f"folder:{HERE}"])] == [("folder:tests", "pop")]
    assert [s.style for s in resolve([f"folder:{HERE}"], style="jazz")] == ["jazz"]


def test_a_folder_named_after_a_style_is_of_that_style(tmp_path: Path) -> None:
    (tmp_path / "Funk").mkdir()
    assert [s.style for s in resolve([f"folder:{tmp_path}/Funk", "gmd"])] == ["game", "funk"]


@pytest.mark.parametrize(
    ("names", "style", "reason"),
    [
        (["gmx"], None, "sources among openewld"),
        (["folder:no/such"], None, "folder of MIDI files"),
        (["gmd"], "polka", "a style among pop"),
        ([f"folder:{HERE}", f"folder:{HERE.parent}/musicgen", f"folder:{HERE}/../tests"], None, ""),
    ],
)
def test_what_is_no_source_is_refused(names: list[str], style: str | None, reason: str) -> None:
    if not reason:  # the same folder by two paths is one source
        assert [source.name for source in resolve(names, style)] == ["folder:tests", "folder:musicgen"]
        return
    with pytest.raises(CorpusError, match=reason):
        resolve(names, style)


def test_two_folders_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a/songs").mkdir(parents=True)
    (tmp_path / "b/songs").mkdir(parents=True)
    with pytest.raises(CorpusError, match="different names"):
        resolve([f"folder:{tmp_path}/a/songs", f"folder:{tmp_path}/b/songs"])


def test_a_folder_of_midi_files_is_prepared(tmp_path: Path) -> None:
    songs = tmp_path / "my songs"
    (songs / "new").mkdir(parents=True)
    (songs / "one.mid").write_bytes(band_file(1))
    (songs / "new" / "two.MIDI").write_bytes(band_file(2))
    (songs / "notes.txt").write_text("not music")
    prepare(tmp_path, tmp_path / "out", [f"folder:{songs}"], workers=1, style="reggae")
    data = Dataset.open(tmp_path / "out")
    assert [(piece.song, piece.source, piece.style) for piece in data.pieces] == [
        ("folder:my songs/new/two.MIDI", "folder:my songs", "reggae"),
        ("folder:my songs/one.mid", "folder:my songs", "reggae"),
    ]
    assert "**Folder my songs** (as stated by" in (tmp_path / "out/ATTRIBUTION.md").read_text()


# --- downloads ---


def test_an_archive_is_downloaded_once(tmp_path: Path) -> None:
    answers = {PATH: (200, {}, PACKED)}
    with server(answers) as address:
        assert fetch(SIMUTRANS, tmp_path / "corpus", address) == tmp_path / "corpus/simutrans.tar.gz"
        answers.clear()
        fetch(SIMUTRANS, tmp_path / "corpus", address)
    assert [path.name for path in (tmp_path / "corpus").iterdir()] == ["simutrans.tar.gz"]
    assert next(iter_files(SIMUTRANS, tmp_path / "corpus")) == ("simutrans/song0.mid", band_file(0))


def test_prepare_downloads_what_is_missing(tmp_path: Path) -> None:
    with server({PATH: (200, {}, PACKED)}) as address:
        kept = prepare(tmp_path, tmp_path / "out", ["simutrans"], workers=1, download=True, mirror=address)["kept"]
    assert kept["by source"] == {"simutrans": {"songs": 9, "pieces": 9, "bars": 144}}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((404, {}, b""), "404"),
        ((200, {}, b"<html>not here</html>"), "something else"),
        ((200, {"Content-Length": "999999"}, PACKED), "999,999 bytes"),
        ((200, {"Content-Length": "9999999"}, PACKED), "at most 1,000,000"),
        ((302, {"Location": "ftp://127.0.0.1/x"}, b""), "redirect|not allowed"),
    ],
)
def test_a_failed_download_says_why_and_leaves_nothing(answer: tuple, reason: str, tmp_path: Path) -> None:
    with server({PATH: answer}) as address, pytest.raises(CorpusError, match=reason):
        fetch(SIMUTRANS, tmp_path, address, limit=1_000_000)
    assert list(tmp_path.iterdir()) == []


def test_a_body_without_a_length_is_cut_at_the_limit(tmp_path: Path) -> None:
    with (
        server({PATH: (200, {"Content-Length": "", "Connection": "close"}, PACKED)}) as address,
        pytest.raises(CorpusError, match="Received: more"),
    ):
        fetch(SIMUTRANS, tmp_path, address, limit=1000)
    assert list(tmp_path.iterdir()) == []


def test_addresses_are_https() -> None:
    assert address_of(SIMUTRANS) == "https://github.com/simutrans/simutrans/archive/HEAD.tar.gz"
    assert address_of(SOURCE_BY_NAME["gmd"]).startswith("https://storage.googleapis.com/magentadata/")
    with pytest.raises(CorpusError, match="https"):
        address_of(SIMUTRANS, "http://example.org")
    with pytest.raises(CorpusError, match="can be downloaded"):
        address_of(SOURCE_BY_NAME["chorales"])


# --- song ids ---


def test_song_ids_do_not_depend_on_where_the_files_are_from(tmp_path: Path) -> None:
    """Splits follow from the ids, so a downloaded song must have the id that it has in our archive."""
    freedoom = SOURCE_BY_NAME["freedoom"]
    for name in ("ours", "download", "folder"):
        (tmp_path / name).mkdir()
    with tarfile.open(tmp_path / "ours/freedoom.tar.xz", "w:xz") as tar:
        info = tarfile.TarInfo("freedoom/d_e1m1_95d09f2b.mid")  # git's hash of b"hello world"
        info.size = 11
        tar.addfile(info, io.BytesIO(b"hello world"))
    files = {"freedoom-0.13/musics/d_e1m1.mid": b"hello world", "freedoom-0.13/other/x.mid": b""}
    (tmp_path / "download/freedoom.tar.gz").write_bytes(tar_gz(files))
    (tmp_path / "folder/freedoom").mkdir()
    (tmp_path / "folder/freedoom/d_e1m1_95d09f2b.mid").write_bytes(b"hello world")
    expected = [("freedoom/d_e1m1_95d09f2b.mid", b"hello world")]
    assert [list(iter_files(freedoom, tmp_path / name)) for name in ("ours", "download", "folder")] == [expected] * 3


def test_a_zip_is_read_below_its_own_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "gmd.zip", "w") as archive:
        archive.writestr("groove/info.csv", "style")
        archive.writestr("groove/drummer1/a.mid", b"x")
        archive.writestr("groove/README", "")
    assert [name for name, _ in iter_files(SOURCE_BY_NAME["gmd"], tmp_path)] == ["gmd/drummer1/a.mid", "gmd/info.csv"]


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    (tmp_path / "simutrans.tar.gz").write_bytes(PACKED[:200])
    with pytest.raises(CorpusError, match="Expected an archive"):
        list(iter_files(SIMUTRANS, tmp_path))
