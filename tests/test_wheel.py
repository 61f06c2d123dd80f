"""The package as a user gets it: a wheel that carries the checkpoints, installed away from the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from musicgen.midi import from_midi

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("musicgen", "checkpoints", "pyproject.toml", "setup.py", "requirements.txt", "README.md", "LICENSE")


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy, as a build leaves folders behind."""
    sources, out = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, sources / name)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation")
    run(*pip, "--wheel-dir", out, sources, cwd=out)
    return next(out.glob("musicgen-*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh virtual environment with the wheel; what it needs is reached in the environment of the tests."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", wheel, cwd=folder)
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=folder).strip()
    # a line of a .pth adds a folder, but does not read the .pth files in it: an editable install is not seen
    needed = [path for path in sys.path if Path(path).name == "site-packages"]
    (Path(packages) / "needed.pth").write_text("\n".join(needed) + "\n")
    return folder


def test_the_wheel_holds_every_module_the_page_and_the_checkpoints(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    wanted = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "musicgen").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    wanted += [f"musicgen/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "checkpoints").glob("*/*")]
    assert set(wanted) <= inside
    assert any(name.endswith("vae/model.safetensors") for name in wanted)
    assert not {name.split("/")[0] for name in inside if ".dist-info/" not in name} - {"musicgen"}


def test_installed_the_command_makes_music_with_the_bundled_model(environment: Path, tmp_path: Path) -> None:
    said = run(environment / "bin" / "musicgen", "generate", "--bars", "4", "--out", "song.mid", cwd=tmp_path)
    assert said.strip() == "song.mid"
    assert from_midi((tmp_path / "song.mid").read_bytes()).note_count > 0


def test_installed_it_is_not_the_checkout_that_runs(environment: Path, tmp_path: Path) -> None:
    code = "import musicgen, musicgen.hub; print(musicgen.__file__); print(musicgen.hub.resolve('vae'))"
    module, model = run(environment / "bin" / "python", "-c", code, cwd=tmp_path).split()
    assert Path(module).is_relative_to(environment)
    assert Path(model).is_relative_to(environment)
