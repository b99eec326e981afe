"""A promptfoo configuration as it is read: prompts, models, tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytest_llm.commands.promptfoo.left import LeftOut, NoCounterpart
from pytest_llm.commands.promptfoo.prompts import Prompt, prompts
from pytest_llm.commands.promptfoo.providers import Model, model
from pytest_llm.commands.promptfoo.sources import CODE, data, document, files, listed, resolved
from pytest_llm.commands.promptfoo.tests import Test, tests
from pytest_llm.errors import InputError


@dataclass
class Config:
    prompts: list[Prompt]
    models: list[Model]
    tests: list[Test]
    description: str = ""
    repeat: int = 1
    left: LeftOut = field(default_factory=LeftOut)


_READ = frozenset(
    {
        *("prompts", "providers", "targets", "tests", "scenarios", "defaultTest", "description"),
        *("evaluateOptions", "commandLineOptions", "assertionTemplates"),
    }
)
_IDLE = {
    "outputPath": "--llm-report FILE, --llm-jsonl FILE, --llm-markdown FILE",
    "env": "variables of the environment are the shell's",
    **dict.fromkeys(("sharing", "tags", "metadata", "writeLatestResults"), ""),
}
_OPTIONS = {
    "maxConcurrency": "--llm-slots N",
    "timeoutMs": "`timeout` of a case",
    "maxEvalTimeMs": "--llm-budget 30m",
    "cache": "--llm-reuse",
}


def read(path: Path) -> Config:
    """The configuration in a file. Raises InputError where it is none."""
    if path.suffix in CODE:
        raise InputError(
            "this configuration is code, which is not run here",
            path=path,
            hint="write what it makes to a file of JSON, and import that",
        )
    given = document(path)
    if not isinstance(given, Mapping) or "prompts" not in given:
        raise InputError("this is no promptfoo configuration: it has no `prompts`", path=path)
    left, folder = LeftOut(), path.parent
    found = resolved(given, given, folder)
    _tell(found, left)
    return Config(
        prompts=list(prompts(found["prompts"], folder, left)),
        models=list(_models(found.get("providers", found.get("targets")), folder, left)),
        tests=list(tests(found, folder, left)),
        description=str(found.get("description") or ""),
        repeat=_repeat(found, left),
        left=left,
    )


def _tell(found: Mapping[str, Any], left: LeftOut) -> None:
    for key in map(str, found):
        if key in _IDLE:
            left.ignore(key, _IDLE[key])
        elif key not in _READ and not key.startswith("$"):
            left.add(key, "has no counterpart")


def _repeat(found: Mapping[str, Any], left: LeftOut) -> int:
    """How often each prompt is asked; what else the options say is told."""
    repeat = 1
    for where in ("evaluateOptions", "commandLineOptions"):
        given = found.get(where) or {}
        if not isinstance(given, Mapping):
            left.add(where, "it is no mapping")
            continue
        for key, value in given.items():
            if key == "repeat" and isinstance(value, int) and value > 0:
                repeat = value
            elif key == "repeat":
                left.add(f"{where}.repeat", f"{value!r} is no number")
            else:
                left.ignore(f"{where}.{key}", _OPTIONS.get(str(key), ""))
    return repeat


def _models(given: Any, folder: Path, left: LeftOut, depth: int = 0) -> Iterator[Model]:
    for entry in listed(given):
        name = entry if isinstance(entry, str) else entry.get("id", entry) if isinstance(entry, Mapping) else entry
        try:
            if isinstance(entry, str) and entry.startswith("file://") and depth < 5:
                for path in files(entry, folder):
                    yield from _models(data(path), path.parent, left, depth + 1)
                continue
            found = model(entry)
        except NoCounterpart as reason:
            left.add(f"provider {name}", reason)
            continue
        for note in found.notes:
            left.add(f"provider {found.label}", note)
        yield found
