"""Code without a fence amid prose: what of an answer is taken as code."""

from __future__ import annotations

import re

import pytest

from pytest_llm.answers.extract import extract
from tests.helpers.chatter import FORMS, SPOKEN, Code, Spoken

_COMMENT = re.compile(r"^#{2,6} .*", re.MULTILINE)


def taken(text: str, language: str) -> str:
    """The answer with all that is not taken left blank; blanks at its ends and at those of lines aside."""
    block = extract(text).code(language)
    lines = "\n" * (block.line - 1) + block.text if block else ""
    return "\n".join(line.rstrip() for line in lines.rstrip().split("\n"))


def wrong(spoken: Spoken, language: str, code: Code, name: str) -> str:
    """The answer and what was taken of it, where that is not its code."""
    text, expected = spoken.answer(FORMS[name], code)
    found, wanted = taken(text, language), "\n".join(line.rstrip() for line in expected).rstrip()
    if language in ("python", "ruby", "shell", "php"):  # a heading above code is a comment there
        found = _COMMENT.sub("", found)
    return "" if found == wanted else f"{name}: {text}\n--- was taken as\n{found}"


@pytest.mark.parametrize("language", SPOKEN)
def test_the_code_amid_prose_is_taken_whole(language: str) -> None:
    spoken = SPOKEN[language]
    forms = [name for name in FORMS if (language, name) != ("shell", "compile it")]  # commands are code there
    answers = [(code, name) for code in spoken.programs for name in forms]
    assert [told for code, name in answers if (told := wrong(spoken, language, code, name))] == []


@pytest.mark.parametrize("language", SPOKEN)
def test_no_line_of_code_is_lost_where_it_is_broken(language: str) -> None:
    spoken = SPOKEN[language]
    mutants = [mutant for code in spoken.programs for mutant in code.mutated()]
    lost = []
    for mutant, name in zip(mutants * 3, [*FORMS] * 3, strict=False):
        text, expected = spoken.answer(FORMS[name], mutant)
        found = taken(text, language).split("\n")
        lost += [
            (name, line)
            for at, line in enumerate(expected)
            if line.strip() and line.rstrip() not in found[at : at + 1]
        ]
    assert lost == []
