"""Bringing a source's archive from its public address."""

from __future__ import annotations

import os
import tempfile
import urllib.error
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

from tqdm import tqdm

from musicgen.corpus.sources import ARCHIVES, Source, find
from musicgen.errors import CorpusError

MAX_BYTES = 1_500_000_000
"""Bytes. The largest archive, OpenScore Lieder with all its formats, is some hundred megabytes."""
TIMEOUT = 60.0
"""Seconds without an answer."""
_CHUNK = 1 << 18
_STARTS = {".zip": b"PK", ".tar.gz": b"\x1f\x8b", ".tar.xz": b"\xfd7zXZ"}


class _SameScheme(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never from https to something less."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]
        if urlsplit(newurl).scheme != urlsplit(req.full_url).scheme:
            raise urllib.error.URLError(f"a redirect to {urlsplit(newurl).scheme}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def address_of(source: Source, mirror: str | None = None) -> str:
    """The full address of a source's archive; `mirror`, such as "https://example.org", replaces its host.

    Raises:
        CorpusError: the source has no archive to download, or the address is neither https nor on this machine.
    """
    if not source.archive:
        raise CorpusError(f"Expected a source that can be downloaded. Received: {source.name}, from {source.address}.")
    address = (mirror or source.host).rstrip("/") + source.archive
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")):
        raise CorpusError(f"Expected an https address. Received: {address}.")
    return address


def fetch(source: Source, corpus: Path, mirror: str | None = None, limit: int = MAX_BYTES) -> Path:
    """The archive or folder of a source in `corpus`, downloaded first if there is none.

    The file has a temporary name until all of it is there.

    Args:
        source: a source whose `archive` is not empty.
        corpus: the folder of the archives; made if it is missing.
        mirror: address that replaces the source's host.
        limit: most bytes.

    Raises:
        CorpusError: no connection, an error of the server, too many bytes or too few, or no archive.
    """
    there = find(source, corpus)
    if there is not None:
        return there
    address = address_of(source, mirror)
    ending = next(ending for ending in ARCHIVES if source.archive.endswith(ending))
    corpus.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=corpus, prefix=f".{source.name}-", suffix=ending)
    try:
        request = urllib.request.Request(address, headers={"User-Agent": "musicgen"})
        opener = urllib.request.build_opener(_SameScheme)
        with os.fdopen(handle, "wb") as file, opener.open(request, timeout=TIMEOUT) as answer:
            _copy(answer, file, source.name, limit)
        with open(temporary, "rb") as written:
            if not written.read(8).startswith(_STARTS[ending]):
                raise CorpusError(f"Expected a {ending} archive from {address}. Received: something else.")
        target = corpus / f"{source.name}{ending}"
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
        return target
    except (OSError, HTTPException, ValueError) as error:  # URLError is an OSError
        raise CorpusError(f"Expected {source.name} from {address}. Received: {error}.") from None
    finally:
        Path(temporary).unlink(missing_ok=True)


def _copy(answer: HTTPResponse, file, name: str, limit: int) -> None:  # type: ignore[no-untyped-def]
    said = answer.headers.get("Content-Length", "")
    total = int(said) if said.isdigit() else None
    if total is not None and total > limit:
        raise CorpusError(f"Expected at most {limit:,} bytes of {name}. Received: {total:,}.")
    done = 0
    with tqdm(total=total, desc=f"downloading {name}", unit="B", unit_scale=True) as bar:
        while chunk := answer.read(_CHUNK):
            done += len(chunk)
            if done > limit:
                raise CorpusError(f"Expected at most {limit:,} bytes of {name}. Received: more.")
            file.write(chunk)
            bar.update(len(chunk))
    if total is not None and done != total:
        raise CorpusError(f"Expected {total:,} bytes of {name}. Received: {done:,}, then the connection ended.")


__all__ = ["address_of", "fetch"]
