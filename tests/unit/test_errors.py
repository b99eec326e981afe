"""How an error reads: what happened, and below it what to do, each line of it indented alike."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import pytest_llm
from pytest_llm.errors import InputError, InputErrors, ServerDown
from pytest_llm.plugin.telling import told

HINTS = {"": "wrong", "do": "wrong\n  do", "do\nor do": "wrong\n  do\n  or do"}


@pytest.mark.parametrize(("hint", "text"), HINTS.items())
def test_each_line_of_a_hint_is_indented(hint: str, text: str) -> None:
    error = InputError("wrong", hint=hint)
    assert str(ServerDown("wrong", hint=hint)) == str(error) == told(error, Path()) == text
    assert told(InputErrors([error, error]), Path()) == f"{text}\n{text}"


def test_no_hint_brings_an_indentation_of_its_own() -> None:
    """Some stand below a finding, where each line is indented once more."""
    for file in Path(pytest_llm.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if (isinstance(node, ast.keyword) and node.arg == "hint") or (
                isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).endswith(("hint", "pull"))
            ):
                texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
                assert not any("\n " in text for text in texts if isinstance(text, str)), f"{file}:{node.lineno}"
