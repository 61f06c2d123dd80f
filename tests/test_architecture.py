"""The layout of docs/architecture.md: who may import whom, and that importing costs nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "musicgen"

ALLOWED = {
    "errors": set(),
    "cluster": {"errors"},
    "roles": set(),
    "music": {"errors", "roles"},
    "chord_names": {"errors"},
    "harmony": {"errors", "music", "chord_names"},
    "request": {"errors", "roles", "music", "harmony", "attributes", "performance"},
    "wording": {"wording", "errors", "roles", "music", "chord_names", "harmony", "performance", "request"},
    "codec": {"errors", "roles", "music"},
    "attributes": {"roles", "music", "codec"},
    "heard": {"roles", "music", "harmony", "codec"},
    "chord_fit": {"roles", "music", "harmony", "heard"},
    "chord_tones": {"roles", "music", "chord_names", "codec", "harmony", "heard"},
    "models": {
        "errors", "roles", "music", "request", "codec", "attributes", "harmony", "heard", "chord_fit", "chord_tones",
        "models",
    },
    "hub": {"errors", "hub"},
    "midi_reading": {"errors", "music", "midi_reading"},
    "performance": {"errors", "roles", "music"},
    "midi": {"errors", "roles", "music", "midi_reading", "performance"},
    "levels": set(),
    "soundfont": {"errors"},
    "fluid": {"errors"},
    "playing": {"errors", "midi_reading", "levels", "soundfont", "fluid"},
    "audio": {"errors", "roles", "midi_reading", "midi", "levels", "soundfont", "playing"},
    "rolls": {"roles", "music"},
    "cards": {"music", "rolls"},
    "export": {
        "errors", "roles", "music", "chord_names", "harmony", "codec", "heard", "midi_reading", "midi", "rolls",
        "audio", "export",
    },
    "recipe_texts": {"errors", "roles"},
    "recipe": {"errors", "music", "roles", "request", "recipe_texts"},
    "new_chords": {"roles", "music", "request", "codec", "harmony", "heard", "models"},
    "edits": {"errors", "roles", "music", "recipe_texts", "recipe", "models", "new_chords"},
    "own_style": {
        "errors", "roles", "music", "request", "attributes", "recipe_texts", "recipe", "models", "evaluation",
    },
    "compose": {
        "errors", "music", "request", "harmony", "models", "hub", "midi_reading", "midi", "audio", "export",
        "intake", "recipe", "new_chords", "edits", "own_style",
    },
    "benchmark": {"errors", "request", "models", "compose"},
    "corpus": {
        "errors", "cluster", "roles", "music", "harmony", "codec", "heard", "chord_fit", "midi_reading", "corpus",
    },
    "training": {
        "errors", "roles", "music", "performance", "request", "codec", "attributes", "harmony", "chord_tones", "models",
        "corpus", "training",
    },
    "evaluation": {"errors", "roles", "music", "codec", "attributes", "rolls", "originality", "evaluation"},
    "intake": {"errors", "roles", "music", "codec", "midi_reading", "midi", "corpus", "intake"},
    "originality": {"errors", "cluster", "music", "codec", "heard", "hub", "export", "corpus", "intake", "originality"},
    "change": {"errors", "roles", "music", "export", "recipe_texts", "recipe", "compose"},
    "make": {"errors", "cluster", "request", "export", "compose"},
    "publish": {"errors", "request", "models", "hub", "training", "evaluation"},
    "web": {
        "errors", "roles", "attributes", "music", "harmony", "performance", "request", "wording", "recipe_texts",
        "recipe", "hub", "midi_reading", "midi", "cards", "export", "compose", "own_style", "evaluation", "intake",
        "originality", "change", "web",
    },
    "arguments": {"errors", "roles", "music", "request"},
    "__main__": {
        "errors", "recipe", "request", "wording", "export", "hub", "arguments", "make", "benchmark", "corpus",
        "training", "evaluation", "originality", "change", "publish",
    },
    "__init__": {"request", "models", "hub", "publish"},
}  # fmt: skip
"""What each module or folder of the package may import from it; `musicgen` itself only for its version."""

EXCEPTIONS = {
    "training/adapt.py": {"errors", "roles", "request", "models", "corpus", "training", "evaluation"},
    "models/base.py": {"load", "push_to_hub"},
    "evaluation/steering.py": {"roles", "music", "request", "harmony", "codec", "heard", "corpus"},
    "evaluation/endings.py": {"music", "codec", "heard"},
    "evaluation/windows.py": {"errors", "roles", "music", "request", "corpus"},
    "evaluation/answering.py": {"cluster", "roles", "music", "request", "hub", "models", "corpus"},
    "evaluation/learned_ear.py": {"roles", "models"},
    "evaluation/run.py": {
        "errors",
        "codec",
        "cluster",
        "roles",
        "music",
        "request",
        "midi",
        "audio",
        "export",
        "corpus",
    },
}
"""Files that may import more than their folder: metrics know no networks, the command that runs them must; what every
model can do includes what only the package's front door, `musicgen` itself, knows how to do."""


def imports(path: Path) -> set[str]:
    """Names below `musicgen` that a file imports, and top-level names of everything else."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def home(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_upward_only(path: Path) -> None:
    own = {name.split(".")[1] for name in imports(path) if name.startswith("musicgen.")} - {"__version__"}
    allowed = ALLOWED[home(path)] | EXCEPTIONS.get(path.relative_to(PACKAGE).as_posix(), set())
    assert own <= allowed, f"{path.name} may not know {own - allowed}"


@pytest.mark.parametrize(
    ("library", "homes"),
    [
        ("gradio", {"web"}),
        ("keras", {"models", "training"}),
        ("tensorflow", {"models"}),
        ("huggingface_hub", {"hub"}),
        ("fluidsynth", {"fluid"}),
        ("distributed", {"cluster"}),
        ("mido", {"midi_reading", "midi"}),
    ],
)
def test_a_library_is_known_in_one_place(library: str, homes: set[str]) -> None:
    users = {
        home(path)
        for path in PACKAGE.rglob("*.py")
        if any(name == library or name.startswith(library + ".") for name in imports(path))
    }
    assert users <= homes


def test_importing_the_package_opens_no_socket_and_loads_neither_tensorflow_nor_gradio() -> None:
    code = """
import socket, sys
def refuse(*args, **kwargs): raise AssertionError("a socket was opened")
socket.socket.connect = socket.create_connection = refuse
import musicgen, musicgen.__main__, musicgen.request, musicgen.music, musicgen.midi, musicgen.codec, musicgen.web
heavy = {"tensorflow", "keras", "gradio", "huggingface_hub", "distributed"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
