"""What Ollama refuses of a Modelfile though it parses, as far as the text and the names in it show it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from pytest_llm.errors import InputError
from pytest_llm.models import template
from pytest_llm.models.files import local_file, named_file
from pytest_llm.models.grammar import Command

_HOST, PART = r"[A-Za-z0-9_][\w.:-]{0,349}", r"[A-Za-z0-9_][\w.-]{0,79}"
TAG = re.compile(rf"(https?://)?(({_HOST}/)?[A-Za-z0-9_][\w-]{{0,79}}/)?{PART}(:{PART})?", re.ASCII)
_SEMVER = re.compile(r"v?\d+(\.\d+(\.\d+([-+][0-9A-Za-z.+-]+)?)?)?")

Refusal = tuple[int | None, str, str]  # the line, what is wrong, what to do


def refused(commands: Sequence[Command], path: Path, broken: Collection[str] = ()) -> Iterator[Refusal]:
    """What `ollama create` or the server will not take. broken: commands that are there and cannot be read."""
    for command in commands:
        for message, hint in _OF_ONE.get(command.name, _nothing)(command, path):
            yield command.line, message, hint
    if not any(command.name == "FROM" for command in commands) and "FROM" not in broken:
        yield None, "there is no FROM line", "say FROM qwen3:8b, or FROM ./model.gguf"
    for rule in _OF_ALL:
        yield from rule(commands, path)


def _nothing(command: Command, path: Path) -> Iterator[tuple[str, str]]:
    yield from ()


def _from(command: Command, path: Path) -> Iterator[tuple[str, str]]:
    if not command.value:
        yield "FROM has no value", ""
    elif local_file(command.value, path) is None and not TAG.fullmatch(command.value):
        told = repr(command.value[:60])
        if re.search(r"\s", command.value):
            yield f"FROM takes one model or file, not {told}", "a comment stands on a line of its own"
        else:
            yield f"FROM names no model and no file: {told}", "say FROM qwen3:8b, or FROM ./model.gguf"


def _requires(command: Command, path: Path) -> Iterator[tuple[str, str]]:
    if not _SEMVER.fullmatch(command.value):
        yield f"REQUIRES takes a version such as 0.14.0, not {command.value[:40]!r}", ""


_OF_ONE: Mapping[str, Callable[[Command, Path], Iterator[tuple[str, str]]]] = {
    "FROM": _from,
    "REQUIRES": _requires,
}


def _draft_is_from(commands: Sequence[Command], path: Path) -> Iterator[Refusal]:
    own = {named_file(command, path) for command in commands if command.name == "FROM"} - {None}
    for command in commands:
        if command.name == "DRAFT" and named_file(command, path) in own:
            hint = "a draft is a smaller model of the same family"
            yield command.line, f"DRAFT names the file that FROM names: {command.value}", hint


def _adapters(commands: Sequence[Command], path: Path) -> Iterator[Refusal]:
    given = [command for command in commands if command.name == "ADAPTER"]
    for command in given[1:]:
        if named_file(command, path) != named_file(given[0], path):
            yield command.line, f"a model takes one ADAPTER, and line {given[0].line} has one", "merge them before"


_OF_ALL = (_draft_is_from, _adapters)


def check_template(commands: Sequence[Command], path: Path) -> None:
    """Raises InputError where the TEMPLATE that counts, the last, is none: it alone is sent."""
    for command in [command for command in commands if command.name == "TEMPLATE"][-1:]:
        try:
            template.check(command.value)
        except template.Fault as fault:
            line = command.line + command.value.count("\n", 0, fault.at)
            hint = "mend the TEMPLATE: it is one of Go's text/template"
            raise InputError(f"TEMPLATE is no template: {fault.message}", path=path, line=line, hint=hint) from None
