"""The docs are true to the code: commands parse, links resolve, ids and modules exist, pages stay short."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from musicgen.arguments import parser
from musicgen.errors import RequestError

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("checkpoints/*/README.md")])
CODE = sorted(
    path
    for folder in ("musicgen", "benchmarks", "tools", "tests")
    for ending in ("py", "js", "css", "html")
    for path in (ROOT / folder).rglob(f"*.{ending}")
)
LONGEST = {"README.md": 150, "docs/evaluation.md": 250}
"""Most lines of a page."""
CORPUS_COMMANDS = ("prepare", "index", "evaluate")
"""Commands that do nothing without the corpus or a data set made of it."""


def find_blocks(text: str) -> Iterator[str]:
    """The code blocks of a page, fenced and indented, without Python's."""
    yield from re.findall(r"^```(?!python)\w*\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"(?:^|(?<=\n\n))((?:    \S.*\n)+)", text)


def find_commands(block: str) -> list[list[str]]:
    """The commands of a block as words, without what is set before them, such as `KERAS_BACKEND=jax`."""
    lines = [shlex.split(line, comments=True) for line in block.replace("\\\n", " ").splitlines()]
    return [line[next((i for i, word in enumerate(line) if "=" not in word), 0) :] for line in lines if line]


def find_musicgen_commands(block: str) -> list[list[str]]:
    """The arguments of the `musicgen` commands of a block."""
    commands = find_commands(block) if "musicgen" in block else []
    starts = (["python", "-m", "musicgen"], ["musicgen"])
    return [words[len(start) :] for words in commands for start in starts if words[: len(start)] == start]


def test_blocks_and_commands_are_found() -> None:
    indented = "Text:\n\n    X=1 python -m musicgen generate --out 'a b.mid'  # a comment\n    make run\n\n"
    page = indented + "```sh\nmusicgen x \\\n y\n```\n"
    assert [find_musicgen_commands(block) for block in find_blocks(page)] == [
        [["x", "y"]],
        [["generate", "--out", "a b.mid"]],
    ]
    assert sum(len(find_musicgen_commands(b)) for p in PAGES for b in find_blocks(p.read_text())) > 20


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
class TestPage:
    def test_its_commands_parse(self, page: Path) -> None:
        for block in find_blocks(page.read_text(encoding="utf-8")):
            for arguments in find_musicgen_commands(block):
                try:
                    parser().parse_args(arguments)
                except RequestError as error:
                    pytest.fail(f"{shlex.join(arguments)}: {error}")

    def test_its_blocks_say_that_they_need_the_corpus(self, page: Path) -> None:
        if "checkpoints" in page.parts:
            pytest.skip("written by the commands that it names")
        for block in find_blocks(page.read_text(encoding="utf-8")):
            needs = any(arguments[0] in CORPUS_COMMANDS for arguments in find_musicgen_commands(block) if arguments)
            if needs or "--data data" in block:
                assert "needs the corpus" in block, block

    def test_commands_in_its_text_exist(self, page: Path) -> None:
        text = page.read_text(encoding="utf-8")
        known = parser().format_help()
        for command in re.findall(r"python\s+-m\s+musicgen\s+([a-z]+)", text):
            assert re.search(rf"[{{,]{command}[,}}]", known), command
        for module in re.findall(r"python\s+-m\s+((?:benchmarks|musicgen)\.[\w.]+\w)", text):
            path = ROOT / module.replace(".", "/")
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
        for script in re.findall(r"python\s+(tools/\w+\.py)", text):
            assert (ROOT / script).exists(), script

    def test_its_links_lead_to_files(self, page: Path) -> None:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if not re.match(r"[a-z]+:|#", target):
                assert (page.parent / target.partition("#")[0]).exists(), target

    def test_decisions_that_it_names_exist(self, page: Path) -> None:
        decisions = find_decisions()
        if page.name != "CHANGELOG.md":
            for name in re.findall(r"\bD\d+\b", page.read_text(encoding="utf-8")):
                assert name in decisions, name


def find_decisions() -> list[str]:
    """The ids of docs/decisions.md, in its order."""
    return re.findall(r"^\*\*(D\d+)\. ", (ROOT / "docs/decisions.md").read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_decisions_are_numbered() -> None:
    assert find_decisions() == [f"D{number + 1}" for number in range(len(find_decisions()))]


def test_code_names_decisions_and_pages_that_exist() -> None:
    decisions, named = find_decisions(), set()
    for path in CODE:
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"docs/decisions\.md,[\s#*/]+(D\d+)", text):
            assert name in decisions, (path, name)
            named.add(name)
        for page in re.findall(r"\bdocs/[\w/-]+\.(?:md|csv|png)\b", text):
            assert (ROOT / page).exists(), (path, page)
    assert len(named) >= 7


@pytest.mark.parametrize(("page", "lines"), LONGEST.items())
def test_pages_stay_short(page: str, lines: int) -> None:
    assert len((ROOT / page).read_text(encoding="utf-8").splitlines()) <= lines


def test_modules_of_the_glossary_exist() -> None:
    modules = re.findall(r"`(musicgen/[\w/]+\.py)`", (ROOT / "docs/glossary.md").read_text(encoding="utf-8"))
    assert len(modules) > 50
    assert [module for module in modules if not (ROOT / module).exists()] == []


def test_every_study_is_in_the_list_of_studies() -> None:
    folder = ROOT / "docs/experiments"
    listed = (folder / "README.md").read_text(encoding="utf-8")
    files = {path.name for path in folder.iterdir()} - {"README.md"}
    assert {name for name in files if f"]({name})" not in listed} == set()
