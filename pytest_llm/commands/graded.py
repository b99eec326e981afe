"""Answers that people graded, from a file: YAML or JSON (a list), or JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llm.cases.yamlfile import load_documents, read_text
from pytest_llm.checks.grading import FAIL, PASS, Grade, Scale
from pytest_llm.errors import InputError, nearest

_KEYS = ["answer", "grade", "prompt"]
_WORDS: dict[Any, str] = {True: PASS, False: FAIL, PASS: PASS, FAIL: FAIL}


@dataclass(frozen=True)
class Graded:
    """line: where it stands in its file. prompt: what was asked, None where that is the case's own."""

    answer: str
    grade: Grade
    line: int
    prompt: str | None = None


def read(path: Path, scale: Scale) -> list[Graded]:
    """Raises InputError with the line of the first entry that is none."""
    entries = _lines(path) if path.suffix == ".jsonl" else _documents(path)
    return [_graded(path, line, entry, scale) for line, entry in entries]


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(read_text(path).split("\n"), 1):
        try:
            if line.strip():
                yield number, json.loads(line)
        except (ValueError, RecursionError):
            raise InputError("is no line of JSON", path=path, line=number) from None


def _documents(path: Path) -> Iterator[tuple[int, Any]]:
    for document in load_documents(path):
        entries = document.value if isinstance(document.value, list) else [document.value]
        for number, entry in enumerate(entries):
            yield document.line((number,) if isinstance(document.value, list) else ()), entry


def _graded(path: Path, line: int, entry: Any, scale: Scale) -> Graded:
    def wrong(message: str) -> InputError:
        return InputError(message, path=path, line=line, hint="each entry is {answer: …, grade: …, prompt: …}")

    if not isinstance(entry, dict):
        raise wrong(f"an entry is a mapping, not {entry!r:.60}")
    if unknown := [key for key in entry if key not in _KEYS]:
        raise wrong(f"unknown key {unknown[0]!r}{nearest(str(unknown[0]), _KEYS)}")
    answer, grade, prompt = (entry.get(key) for key in _KEYS)
    if not isinstance(answer, str) or not answer.strip():
        raise wrong("`answer` must be the answer's text")
    if not isinstance(prompt, str | None):
        raise wrong("`prompt` must be text")
    return Graded(answer, _grade(grade, scale, wrong), line, prompt)


def _grade(grade: Any, scale: Scale, wrong: Any) -> Grade:
    if scale.top and isinstance(grade, int) and not isinstance(grade, bool) and grade in scale.grades:
        return grade
    if not scale.top and isinstance(grade, bool | str) and grade in _WORDS:
        return _WORDS[grade]
    wanted = f"a whole number from 1 to {scale.top}" if scale.top else f"{PASS} or {FAIL}"
    raise wrong(f"`grade` must be {wanted}, as the judge's is, not {grade!r:.60}")
