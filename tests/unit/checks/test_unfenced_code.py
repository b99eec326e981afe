"""Code amid prose without a fence, by the real compilers: what is right passes, a mutant fails in its line."""

from __future__ import annotations

import pytest

from pytest_llm.checks.base import Finding
from pytest_llm.errors import Unsupported
from tests.helpers.chatter import FORMS, SPOKEN
from tests.helpers.checking import findings

pytestmark = pytest.mark.usefixtures("csharp_by_mono")

MUTANTS = {  # of the second program: which, and the line of the code in which it fails
    "rust": (0, 4), "go": (2, 12), "c": (3, 16), "cpp": (1, 10), "java": (1, 9), "javascript": (1, 4),
    "typescript": (1, 2), "python": (1, 9), "ruby": (3, 13), "php": (1, 10), "shell": (1, 14),
    "csharp": (0, 12),
}  # fmt: skip


def judged(language: str, text: str) -> list[Finding]:
    try:
        return findings({"compile": language}, text)
    except Unsupported as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("language", MUTANTS)
def test_code_amid_prose_compiles_as_it_would_alone(language: str) -> None:
    spoken = SPOKEN[language]
    text, left = spoken.answer(FORMS["between"], spoken.programs[1])
    first = next(at for at, line in enumerate(left, 1) if line.strip())
    said = judged(language, text)
    assert [one for one in said if one.severity == "failure"] == []
    assert any(f"there is no fence; lines {first} to " in one.message for one in said)


@pytest.mark.parametrize("language", MUTANTS)
def test_a_mutant_amid_prose_fails_in_its_line(language: str) -> None:
    spoken, (number, _) = SPOKEN[language], MUTANTS[language]
    code = [*spoken.programs[1].mutated()][number]
    text, left = spoken.answer(FORMS["around"], code)
    alone = [one for one in judged(language, "\n\n".join(code.pieces)) if one.severity == "failure"]
    amid = [one for one in judged(language, text) if one.severity == "failure"]
    above = next(at for at, line in enumerate(left) if line.strip())
    assert (amid[0].line or 0) - above == alone[0].line == MUTANTS[language][1]
    assert amid[0].message == alone[0].message
