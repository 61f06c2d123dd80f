"""Models and the page to the Hugging Face Hub: write, load again, compare, and only then push, in one commit."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from musicgen import hub
from musicgen.errors import PublishError
from musicgen.models import load_composer
from musicgen.models.base import Composer
from musicgen.request import Request
from musicgen.training.card import write_card

_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
_PROJECT = Path(__file__).resolve().parent.parent
_OWNED = ("musicgen/", "checkpoints/", "docs/")
"""Folders of a Space that hold nothing but what is pushed: a module that is no longer there must not linger."""
_SPACE = ("app.py", "musicgen", "checkpoints", "docs", "README.md", "requirements.txt", "packages.txt", "LICENSE")
_COMPARED = (
    Request(style="jazz", bars=4, seed=1),
    Request(style="rock", bars=16, key="A minor", seed=2),
    Request(style="classical", bars=32, key="Eb major", seed=3, roles=("melody", "chords", "bass")),
)
"""What a model and its copy on disk must answer alike."""


@dataclass(frozen=True)
class Published:
    """What was pushed, or would be.

    Args:
        repo: "org/name".
        kind: "model" or "space".
        files: path to (bytes, sha256).
        commit: 40 digits, or None if nothing was pushed.
    """

    repo: str
    kind: str
    files: dict[str, tuple[int, str]]
    commit: str | None

    @property
    def name(self) -> str:
        """What `load` takes: "org/name@commit"."""
        return f"{self.repo}@{self.commit}"

    def __str__(self) -> str:
        lines = [f"{digest}  {size:>12,}  {path}" for path, (size, digest) in self.files.items()]
        total = f"{len(lines)} files, {sum(size for size, _ in self.files.values()):,} bytes"
        if self.commit is None:
            removed = "" if self.kind == "model" else f"; anything else in {', '.join(_OWNED)} there would be removed"
            lines.append(f"Nothing was pushed. To {self.kind} {self.repo} would go {total}, in one commit{removed}.")
        else:
            lines.append(f"Pushed {total}: {self.kind} {self.name}")
        return "\n".join(lines)


def publish(
    model: str,
    repo: str,
    *,
    report: Path | None = None,
    dry_run: bool = False,
    endpoint: str | None = None,
    token: str | None = None,
) -> Published:
    """Push a checkpoint with its model card.

    Args:
        model: a bundled name, a folder, or "org/name@commit".
        repo: "org/name", created if it is not there.
        report: report.json of `evaluate` with this very model in it, for the table of samples.
        dry_run: do all but push.
        endpoint, token: see `hub.push`.

    Raises:
        CheckpointError: the model cannot be loaded, or its card is not complete.
        PublishError: the copy differs from the model, the report is of other weights, or the Hub refuses. Nothing was
            pushed then.
    """
    composer = load_composer(hub.resolve(model, endpoint=endpoint))
    return push_to_hub(composer, repo, report=report, dry_run=dry_run, endpoint=endpoint, token=token)


def push_to_hub(
    composer: Composer,
    repo: str,
    *,
    report: Path | None = None,
    dry_run: bool = False,
    endpoint: str | None = None,
    token: str | None = None,
) -> Published:
    """As `publish`, for a model in memory."""
    _check(repo)
    samples = None if report is None else _samples(report, composer.identity)
    with tempfile.TemporaryDirectory(prefix="musicgen-") as temporary:
        folder = Path(temporary)
        composer.save_pretrained(folder)
        write_card(composer, folder, repo, samples)
        hub.write_manifest(folder)
        other = difference(composer, load_composer(hub.resolve(folder)))
        if other is not None:
            raise PublishError(
                f"Expected the saved copy to give the same output as the model. Received: {other}. Weights are kept as "
                "float16: save the model, load it from there, and push that."
            )
        message = f"musicgen {composer.identity}"
        commit = None if dry_run else hub.push(folder, repo, message, endpoint=endpoint, token=token)
        return Published(repo, "model", _files(folder), commit)


def difference(first: Composer, second: Composer) -> str | None:
    """What two models answer differently, or None if all of it is the same, bit for bit."""
    for request in _COMPARED:
        music = first.generate(request)
        if second.generate(request) != music:
            return f"another piece for seed {request.seed}"
        if first.encode(music).tobytes() != second.encode(music).tobytes():
            return f"other latents for the piece of seed {request.seed}"
        if first.reconstruct(music) != second.reconstruct(music):
            return f"another reconstruction of the piece of seed {request.seed}"
    return None


def publish_space(
    repo: str,
    *,
    model: str | None = None,
    dry_run: bool = False,
    endpoint: str | None = None,
    token: str | None = None,
) -> Published:
    """Push the page as a Space.

    Args:
        repo: "org/name", created as a Gradio Space if it is not there.
        model: "org/name@commit" that the page shall load; it is fetched and verified first. The bundled one if None.
        dry_run: do all but push.
        endpoint, token: see `hub.push`.

    Raises:
        CheckpointError: the model cannot be had.
        PublishError: this is no checkout of the project, or the Hub refuses.
    """
    _check(repo)
    if model is not None:
        hub.split_name(model)
        hub.resolve(model, endpoint=endpoint)
    with tempfile.TemporaryDirectory(prefix="musicgen-") as temporary:
        folder = Path(temporary)
        build_space(folder, model)
        message = "musicgen" if model is None else f"musicgen with {model}"
        commit = None
        if not dry_run:
            commit = hub.push(folder, repo, message, kind="space", owned=_OWNED, endpoint=endpoint, token=token)
        return Published(repo, "space", _files(folder), commit)


def build_space(folder: Path, model: str | None = None) -> None:
    """Write the files of a Space into an empty folder; arguments and errors as `publish_space`."""
    if not all((_PROJECT / name).exists() for name in _SPACE):
        raise PublishError(
            f"Expected a checkout of the project at {_PROJECT}. Received: an installed package; clone the repository."
        )
    for name in _SPACE:
        if (_PROJECT / name).is_dir():
            shutil.copytree(_PROJECT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copyfile(_PROJECT / name, folder / name)
    if model is not None:
        name, commit = hub.split_name(model)
        files = ",".join((*hub.FILES, hub.MANIFEST))
        readme, app = folder / "README.md", folder / "app.py"
        pinned = f'models: [{name}]\npreload_from_hub: ["{name} {files} {commit}"]\n'
        front, rest = readme.read_text(encoding="utf-8").removeprefix("---\n").split("---\n", 1)
        readme.write_text(f"---\n{front}{pinned}---\n{rest}", encoding="utf-8")
        chosen = f'os.environ.setdefault("MUSICGEN_MODEL", "{model}")  # a variable of the Space of this name wins'
        app.write_text(f"import os\n\n{chosen}\n\n{app.read_text(encoding='utf-8')}", encoding="utf-8")


def _check(repo: str) -> None:
    if not isinstance(repo, str) or not _REPO.fullmatch(repo):
        raise PublishError(f"Expected a repository as org/name. Received: {str(repo)[:100]!r}.")


def _samples(path: Path, identity: str) -> str:
    """The table of a report in which the model of this identity is."""
    from musicgen.evaluation.ladder import markdown

    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        found = [row["identity"] for row in report["models"]]
        table = markdown(report)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PublishError(f"Expected report.json of `evaluate`. Received: {path} ({type(error).__name__}).") from None
    if identity not in found:
        raise PublishError(f"Expected a report on {identity}. Received: one on {', '.join(found)}.")
    return table


def _files(folder: Path) -> dict[str, tuple[int, str]]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): (path.stat().st_size, hub.sha256(path)) for path in paths}
