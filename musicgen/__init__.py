"""musicgen: multi-track music in a second, from models trained on freely licensed music.

    model = musicgen.load("vae")
    music = model.generate(musicgen.Request(style="jazz", seed=7))

Importing the package is cheap on purpose: no TensorFlow, no Gradio, no network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from musicgen.models.base import Composer
    from musicgen.publish import Published
    from musicgen.request import Request

__version__ = "0.1.0"
__all__ = ["Request", "__version__", "load", "push_to_hub"]


def load(name: str | Path = "vae", revision: str | None = None, **options: Any) -> Composer:
    """A model: one that ships, one from a folder, or one from the Hub.

    Args:
        name: a bundled name; a folder as `save_pretrained` writes it; or "org/name" on the Hub.
        revision: the commit on the Hub, all 40 digits. A branch or tag is refused, as it can change.
        options: of `musicgen.hub.resolve`, such as `cache_dir`.

    Raises:
        CheckpointError: there is no such model, it cannot be had, or it is damaged.
    """
    from musicgen.hub import resolve
    from musicgen.models import load_composer

    return load_composer(resolve(name if revision is None else f"{name}@{revision}", **options))


def push_to_hub(model: Composer, repo: str, **options: Any) -> Published:
    """Push a model to "org/name" on the Hub, with its card; the `name` of what is returned is its pinned one.

    Args:
        options: of `musicgen.publish.push_to_hub`, such as `token` and `report`.

    Raises:
        CheckpointError: its card is not complete.
        PublishError: its saved copy gives other output, or the Hub refuses. Nothing was pushed then.
    """
    from musicgen.publish import push_to_hub as push

    return push(model, repo, **options)


def __getattr__(name: str) -> Any:
    """`musicgen.Request`, imported when it is first asked for."""
    if name == "Request":
        from musicgen.request import Request

        return Request
    raise AttributeError(f"module 'musicgen' has no attribute {name!r}")
