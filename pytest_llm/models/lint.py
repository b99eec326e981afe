"""What is surely not meant in a Modelfile, though Ollama takes it: one sentence each, with its line."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_llm.models import system
from pytest_llm.models.grammar import COMMANDS, Command, prints
from pytest_llm.models.modelfile import ModelSpec
from pytest_llm.models.parameters import PARAMETERS, out_of_range, unmeant

_REPEATABLE = ("FROM", "LICENSE", "MESSAGE", "ADAPTER")
_COMMAND_LINE = re.compile(rf"^[ \t]*({'|'.join(COMMANDS)})[ \t]+\S", re.MULTILINE)


@dataclass(frozen=True)
class Complaint:
    """What a reader of a Modelfile should know. line: from 1."""

    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path.name}:{self.line}: {self.text}"


def lint(spec: ModelSpec, *, system_tokens: int = system.TOKENS, templates: bool = True) -> list[Complaint]:
    """What the text alone shows, in the order of its lines.

    system_tokens: how long its SYSTEM may be. templates: whether its TEMPLATE is used where it is asked.
    """
    found = [(command.line, text) for command in spec.commands for rule in _RULES for text in rule(command)]
    found += _repeated(spec)
    found += [*_unheard(spec), *_template_of_its_own(spec)] if templates else []
    found += system.complaints(spec, system_tokens)
    return [Complaint(spec.path, line, text) for line, text in sorted(found)]


def _parameter(command: Command) -> Iterator[str]:
    if command.name == "PARAMETER":
        yield from filter(None, [unmeant(command.key), out_of_range(command.key, command.value)])


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
    if command.name in ("FROM", "REQUIRES") or PARAMETERS.get(command.key, str) in (int, float, bool):
        return  # refused
    if not command.value.strip() and (command.key != "stop" or not command.value):
        keeps = f": Ollama keeps the {command.name} of FROM" if command.name in ("SYSTEM", "TEMPLATE") else ""
        yield f"the value of {command.name} is empty{keeps}"


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


def _unheard(spec: ModelSpec) -> Iterator[tuple[int, str]]:
    """A SYSTEM that no line of the TEMPLATE puts into the prompt."""
    if spec.system and spec.template and not re.search(r"\.(System|Messages)\b", spec.template):
        text = "TEMPLATE uses neither .System nor .Messages: this SYSTEM never reaches the model"
        yield spec.line("SYSTEM"), text


def _template_of_its_own(spec: ModelSpec) -> Iterator[tuple[int, str]]:
    if spec.gguf and not spec.template and not spec.renderer:
        yield (
            spec.line("FROM"),
            f"FROM {spec.base} is a file of your own, and there is no TEMPLATE: Ollama before 0.30 sends the bare "
            "prompt without any roles, newer ones take the file's own chat template, where it has one",
        )
