"""What is surely not meant in a Modelfile, though it parses: one sentence each, with its line."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator

from pytest_llm.errors import nearest
from pytest_llm.models.grammar import COMMANDS, Command, prints
from pytest_llm.models.modelfile import DEPRECATED, PARAMETERS, ModelSpec

_REPEATABLE = ("FROM", "LICENSE", "MESSAGE", "ADAPTER")
_COMMAND_LINE = re.compile(rf"^[ \t]*({'|'.join(COMMANDS)})[ \t]+\S", re.MULTILINE)


def lint(spec: ModelSpec) -> list[str]:
    """What a reader of this Modelfile should know, as `FILE:LINE: sentence`, in the order of its lines."""
    found = [(command.line, text) for command in spec.commands for rule in _RULES for text in rule(command)]
    found += _repeated(spec)
    return [f"{spec.path}:{line}: {text}" for line, text in sorted(found)]


def _parameter(command: Command) -> Iterator[str]:
    if command.name != "PARAMETER":
        return
    if command.key in DEPRECATED:
        yield f"PARAMETER {command.key} is deprecated and dropped by Ollama; remove the line"
    elif command.key.lower() in PARAMETERS and command.key not in PARAMETERS:
        yield f"PARAMETER {command.key} has no effect: names of parameters are written small"
    elif command.key not in PARAMETERS:
        yield f"unknown PARAMETER {command.key!r} has no effect{nearest(command.key, list(PARAMETERS))}"


def _swallowed(command: Command) -> Iterator[str]:
    """A quote with text after it does not close: the lines below become part of the value."""
    if command.last_line == command.line:
        return
    quote = '"""' if command.raw.startswith('"""') else '"'
    first_line = re.split(r"[\r\n]", command.raw)[0][len(quote) :]
    inner = _COMMAND_LINE.search(command.value)
    if quote in first_line or (inner and quote == '"'):
        what = f", among them {inner[1]!r}" if inner else ""
        yield (
            f"the quoted value of {command.name} runs on to line {command.last_line} and takes the lines between in"
            f"{what}; nothing may stand after the closing quote"
        )


def _single_quotes(command: Command) -> Iterator[str]:
    if len(command.raw) >= 2 and command.raw[0] == command.raw[-1] == "'":
        yield f"the single quotes are part of the value of {command.name}; write double quotes"


def _dropped(command: Command) -> Iterator[str]:
    kinds = Counter(c for c in command.raw if not prints(c) and c not in "\t\r\n")
    for char, count in kinds.items():
        name = unicodedata.name(char, "a control character")
        times = f" ({count} times)" if count > 1 else ""
        yield f"U+{ord(char):04X} {name} in {command.name}{times} does not print, and Ollama drops it"


def _comment(command: Command) -> Iterator[str]:
    if command.line == command.last_line and not command.raw.startswith('"') and re.search(r"\s#\s", command.raw):
        yield f"the text after # is part of the value of {command.name}; a comment stands on a line of its own"


def _empty(command: Command) -> Iterator[str]:
    if not command.value:
        yield f"the value of {command.name} is empty"


def _template(command: Command) -> Iterator[str]:
    if command.name == "TEMPLATE" and command.value and not re.search(r"\.(Prompt|Messages)\b", command.value):
        yield "TEMPLATE uses neither .Prompt nor .Messages: the prompt never reaches the model"


_RULES: tuple[Callable[[Command], Iterator[str]], ...] = (
    _parameter,
    _swallowed,
    _single_quotes,
    _dropped,
    _comment,
    _empty,
    _template,
)


def _repeated(spec: ModelSpec) -> list[tuple[int, str]]:
    seen: dict[str, Command] = {}
    found = []
    for command in spec.commands:
        if command.name in _REPEATABLE or command.key == "stop":
            continue
        what = f"{command.name} {command.key}".strip()
        if what in seen:
            found.append((command.line, f"{what} was already given in line {seen[what].line}; this one counts"))
        seen[what] = command
    return found
