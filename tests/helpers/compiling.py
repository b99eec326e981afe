"""What the tables of programs share: a program compiled alone and eight at a time, and the comparison."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_llm.errors import Unsupported
from pytest_llm.toolchains import toolchain
from pytest_llm.toolchains.base import Diagnostic, Options, Snippet

Broken = tuple[str, str, int | None]  # the text, the kind and the line of an error in it


def compiled(language: str, text: str, options: Options | None = None) -> list[Diagnostic]:
    """What the compiler says; the test is skipped where this machine has no such compiler."""
    try:
        return toolchain(language).check([Snippet(text)], options or Options(seconds=120))
    except Unsupported as reason:
        pytest.skip(str(reason))


def errors(diagnostics: Sequence[Diagnostic]) -> list[tuple[str, int | None]]:
    return [(one.kind, one.line) for one in diagnostics if one.severity == "error"]


def agrees(language: str, valid: Sequence[str], broken: Sequence[Broken]) -> None:
    """Eight at a time, every program gets the verdict that it gets alone."""
    assert min(len(valid), len(broken)) >= 8
    texts = [*valid, *(text for text, _, _ in broken)]
    compiled(language, texts[0])
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda text: errors(compiled(language, text)), texts))
    assert [text for text, found in zip(valid, said, strict=False) if found] == []
    for (text, kind, line), found in zip(broken, said[len(valid) :], strict=True):
        assert (kind, line) in found, (text, found)
