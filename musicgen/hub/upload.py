"""A folder to a repository on the Hugging Face Hub, in one commit."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from musicgen.errors import PublishError
from musicgen.hub.manifest import reason
from musicgen.hub.waiting import within

ANSWER_SECONDS = 30.0
"""For the first request, which moves next to nothing. The client itself would wait for ever."""
UPLOAD_SECONDS = 1800.0


def push(
    folder: Path,
    repo: str,
    message: str,
    *,
    kind: Literal["model", "space"] = "model",
    owned: tuple[str, ...] = (),
    endpoint: str | None = None,
    token: str | None = None,
) -> str:
    """Push every file of a folder, creating the repository if it is not there; returns the digits of the commit.

    One commit, so that no visitor ever meets half of it: `upload_folder` would make several of a large folder.

    Args:
        repo: "org/name".
        message: of the commit.
        owned: folders, each with a slash at its end, in which the same commit removes what `folder` does not have.
        endpoint: the address of the Hub, the public one if None.
        token: a token that may write; the one of `hf auth login` or of HF_TOKEN if None.

    Raises:
        PublishError: the Hub refuses, or does not answer in time. Nothing was committed then.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfApi, errors
    from huggingface_hub.utils import logging

    logging.set_verbosity_error()  # what it would say is in the PublishError
    api = HfApi(endpoint=endpoint, token=token)
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}

    def create() -> None:
        api.create_repo(repo, repo_type=kind, space_sdk="gradio" if kind == "space" else None, exist_ok=True)

    def commit() -> str:
        there = api.list_repo_files(repo, repo_type=kind) if owned else []
        gone = [name for name in there if name.startswith(owned) and name not in files]
        operations: list[CommitOperationAdd | CommitOperationCopy | CommitOperationDelete] = [
            *(CommitOperationAdd(name, path) for name, path in files.items()),
            *(CommitOperationDelete(name) for name in gone),
        ]
        return api.create_commit(repo, operations, commit_message=message, repo_type=kind).oid

    try:
        if not files:
            raise ValueError("a folder without files")
        within(ANSWER_SECONDS, create)
        return within(UPLOAD_SECONDS, commit)
    except TimeoutError:
        said = "no answer in time; check the network"
    except errors.HfHubHTTPError as error:
        code = error.response.status_code
        said = {
            401: "a refusal of the token; log in with `hf auth login`, or set HF_TOKEN to a token that may write",
            403: "a refusal: the token may not write there",
            404: "no such organisation or repository",
        }.get(code, f"status {code}")
    except Exception as error:  # raw errors of the connection and of the client
        said = f"{type(error).__name__}: {reason(error)}"
    raise PublishError(f"Expected to push to {repo} on the Hub. Received: {said}.") from None
