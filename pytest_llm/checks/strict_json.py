"""The JSON of an answer, read strictly, with the place of every value in it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pytest_llm.answers.extract import Artifact, CodeBlock, position
from pytest_llm.checks.base import CheckContext, Finding, echoed, one_line, short

MAX_DEPTH = 100  # Python's json recurses, and answers are a few levels deep
SMALL = 100_000  # characters of JSON that are looked at in this very process
_SHOWN = 160  # characters of a model's line
_LARGEST = 2_000_000  # characters in which places are looked for
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_WORDS = {
    "Extra data": "there is more text after the JSON",
    "Expecting value": "a value must stand here",
    "Expecting ',' delimiter": "a comma is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting property name enclosed in double quotes": "a key in double quotes must stand here",
    "Unterminated string starting at": "a string has no end",
    "Invalid control character at": "a string holds a line break or control character",
    "Illegal trailing comma before end of object": "a comma stands before the closing brace",
    "Illegal trailing comma before end of array": "a comma stands before the closing bracket",
}

Steps = tuple[str | int, ...]


@dataclass(frozen=True)
class Json:
    """A value, and the text it was read from. complaints: what is wrong with the text though it could be read."""

    value: Any
    block: CodeBlock
    complaints: tuple[Finding, ...] = ()

    def finding(self, check: str, message: str, steps: Steps, **more: Any) -> Finding:
        """A finding that points at a value, or at the nearest thing around it."""
        while steps and steps not in self._places:
            steps = steps[:-1]
        return point(check, message, self.block, self._places.get(steps, 0), **more)

    @cached_property
    def _places(self) -> dict[Steps, int]:
        if len(self.block.text) > _LARGEST:
            return {}
        return {steps: offset for steps, offset, _ in values(self.block.text)}


def read_answer(artifact: Artifact, context: CheckContext, check: str) -> Json | list[Finding]:
    """The JSON of the answer, or why there is none.

    Where the request asked for a `format`, the whole answer must be JSON; else a fenced block of JSON will do.
    """
    asked = context.request is not None and context.request.format is not None
    block = artifact.json_text(strict=asked)
    if block.echo:
        return [echoed(check, "the JSON", block)]
    text = block.text
    twice: list[str] = []
    odd: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(items) != len(found := dict(items)):
            twice.extend(key for key, times in Counter(key for key, _ in items).items() if times > 1)
        return found

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=odd.append)
    except json.JSONDecodeError as error:
        return [_not_json(check, block, error, wrapped=asked and any(b.fenced for b in artifact.blocks))]
    except RecursionError:
        return [_too_deep(check)]
    except ValueError as error:  # a number of more digits than Python reads
        return [
            Finding(check, f"the answer's JSON cannot be read: {one_line(str(error))}", kind="syntax", unseen=True)
        ]
    if _deeper(value, MAX_DEPTH):
        return [_too_deep(check)]
    complaints = _complaints(check, block, dict.fromkeys(twice), dict.fromkeys(odd))
    return Json(value, block, tuple(complaints))


def dotted(path: Iterable[str | int]) -> str:
    """A path as JSONPath writes it: `$.a[0].b`, `$['two words']`."""
    return "$" + "".join(_step(step) for step in path)


def same(one: Any, other: Any) -> bool:
    """Equality as JSON has it: true is not 1, and 1 is 1.0."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def values(text: str) -> Iterator[tuple[Steps, int, str]]:
    """(the way to it, its offset, its first sign) of each value of a valid JSON text, outer ones first."""
    steps: list[str | int] = []
    kinds: list[str] = []
    key: str | None = None
    for match in _TOKEN.finditer(text):
        part = match[0]
        if part in "}]":
            kinds.pop()
            if steps:
                steps.pop()
        elif part == ",":
            if kinds[-1] == "[":
                steps[-1] = int(steps[-1]) + 1
            else:
                key = None
        elif part == ":":
            steps[-1] = json.loads(key or '""')
        elif kinds and kinds[-1] == "{" and key is None:
            key = part
        else:
            yield tuple(steps), match.start(), part
            if part in "{[":
                kinds.append(part)
                steps.append(0 if part == "[" else "")
                key = None


def point(check: str, message: str, block: CodeBlock, offset: int, **more: Any) -> Finding:
    """A finding at an offset of a block, with the part of the line that matters."""
    line, column, source = position(block.text, offset)
    first = max(0, column - 1 - _SHOWN // 2)
    shown = source[first : first + _SHOWN]
    line, at = block.place(line, column)
    return Finding(check, message, line=line, column=at, source=shown, **more)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if step.isidentifier() else f"[{step!r}]"


def _not_json(check: str, block: CodeBlock, error: json.JSONDecodeError, *, wrapped: bool) -> Finding:
    text = block.text
    if not text.strip():
        return Finding(check, "there is no JSON: the answer is empty", kind="syntax", line=block.line, unseen=True)
    if wrapped:
        message = "the answer is not bare JSON, as its format asks: it stands in a code fence"
    elif not text[: error.pos].strip():
        message = f"the answer is not JSON: it begins with {short(text.lstrip()[:40], 44)}"
    elif error.pos >= len(text.rstrip()):
        message = "the JSON breaks off before its end"
    else:
        reason = _WORDS.get(error.msg, error.msg[:1].lower() + error.msg[1:])
        message = f"the answer is not valid JSON: {reason}"
    return point(check, message, block, min(error.pos, max(len(text.rstrip()) - 1, 0)), kind="syntax", unseen=True)


def _too_deep(check: str) -> Finding:
    return Finding(check, f"the answer's JSON is nested deeper than {MAX_DEPTH} levels", kind="depth", unseen=True)


def _deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        level = [
            item
            for holder in level
            if isinstance(holder, dict | list)
            for item in (holder.values() if isinstance(holder, dict) else holder)
        ]
        if not level:
            return False
    return True


def _complaints(check: str, block: CodeBlock, twice: dict[str, None], odd: dict[str, None]) -> Iterator[Finding]:
    if not twice and not odd:
        return
    seen: set[Steps] = set()
    for steps, offset, part in values(block.text):
        if steps in seen and steps and steps[-1] in twice:
            yield point(check, f"the key {steps[-1]!r} is there twice", block, offset, kind="duplicate-key")
        elif part in odd:
            yield point(check, f"{part} is not JSON, though some readers take it", block, offset, kind="syntax")
        seen.add(steps)
