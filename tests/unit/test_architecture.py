"""The way of the data: a module imports only what stands before it, and few of them know pytest."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "pytest_llm"
CHAIN = """
    errors durations thinking settings gate templating languages fences paths yamlfile importing invalid
    fields case casefile modelfile_grammar modelfile modelfile_lint models matrix request
    providers engine remote extract cgroup sandbox toolchains chromium firefox checks schema luck verdict pipeline
    reports doctor cli exitcode options hookspecs session nodes running distributed plugin
""".split()  # noqa: SIM905
KNOW_PYTEST = {"exitcode", "options", "hookspecs", "session", "nodes", "running", "distributed", "plugin"}
FILES = sorted(PACKAGE.rglob("*.py"))


def room(file: Path) -> str:
    """The name under which a file stands in the chain: its folder's, or its own."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return parts[0]


def imports(file: Path) -> Iterator[str]:
    """Every module that a file imports at run time, also inside functions; those for type checkers only aside."""
    tree = ast.parse(file.read_text("utf-8"))
    typing = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in typing:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names if node.module == "pytest_llm")


def test_every_room_has_its_place() -> None:
    assert {room(file) for file in FILES} - {"__init__"} == set(CHAIN)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_nothing_is_imported_from_further_down(file: Path) -> None:
    here = room(file)
    if here == "__init__":
        return
    rooms = {name.split(".")[1] for name in imports(file) if name.startswith("pytest_llm.")}
    behind = {name for name in rooms & set(CHAIN) if CHAIN.index(name) > CHAIN.index(here)}
    assert behind == set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))
def test_few_know_pytest(file: Path) -> None:
    knows = any(name.split(".")[0] in ("pytest", "_pytest", "xdist") for name in imports(file))
    assert not knows or room(file) in KNOW_PYTEST
