"""The case files of a promptfoo configuration."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from pytest_llm.commands.promptfoo.assertions import checks
from pytest_llm.commands.promptfoo.config import Config, Prompt, Test
from pytest_llm.commands.promptfoo.left import NoCounterpart
from pytest_llm.commands.promptfoo.providers import Model

SUFFIX = ".prompt.yaml"


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _block)


def case_files(config: Config, folder: Path, target: Path) -> Iterator[tuple[Path, str]]:
    """(path, text) of each case file. folder: of the configuration; target: where they go.

    What has no counterpart is added to `config.left`.
    """
    taken: set[str] = set()
    for prompt in config.prompts:
        documents = list(_documents(config, prompt, folder, target))
        name = _free(_slug(prompt.label) or "prompt", taken)
        if documents:
            text = "---\n".join(_dump(document) for document in documents)
            yield target / f"{name}{SUFFIX}", text


def _documents(config: Config, prompt: Prompt, folder: Path, target: Path) -> Iterator[dict[str, Any]]:
    ids: set[str] = set()
    for models in _alike(config.models):
        groups: dict[str, tuple[list[Any], list[Test], list[str]]] = {}
        for test in config.tests:
            names = [one.name for one in models if _asks(test, one)]
            found, without = checks(test.assertions, lambda name: _relative(name, folder, target))
            for reason in without:
                config.left.add(test.where, reason)
            if not found:
                config.left.add(test.where, "nothing is left that could fail, so it makes no case")
            elif names:
                key = json.dumps([found, names], sort_keys=True, default=str)
                groups.setdefault(key, (found, [], names))[1].append(test)
        for found, tests, names in groups.values():
            yield _document(config, prompt, target, (models[0], names), found, tests, ids)


def _document(
    config: Config,
    prompt: Prompt,
    target: Path,
    asked: tuple[Model, list[str]],
    found: list[Any],
    tests: Sequence[Test],
    ids: set[str],
) -> dict[str, Any]:
    model, names = asked
    told = tests[0].description if len(tests) == 1 else config.description
    document: dict[str, Any] = {"id": _free(_slug(told) or _slug(prompt.label) or "case", ids)}
    if told:
        document["description"] = told
    document["models"] = list(dict.fromkeys(names))
    if model.think:
        document["think"] = model.think
    if model.options:
        document["options"] = dict(model.options)
    if config.repeat > 1:
        document["samples"] = config.repeat
    rows = [_row(test) for test in tests]
    if len(rows) == 1 and tests[0].vars:
        document["vars"] = dict(tests[0].vars)
    elif any(test.vars for test in tests):
        document["parametrize"] = rows
    return {**document, **_question(prompt, target), "checks": found}


def _row(test: Test) -> dict[str, Any]:
    name = _slug(test.description)
    return {**({"id": name} if name and "id" not in test.vars else {}), **test.vars}


def _question(prompt: Prompt, target: Path) -> dict[str, Any]:
    if prompt.messages:
        return {"messages": [{**message, "content": _jinja(message["content"])} for message in prompt.messages]}
    if prompt.file is not None:
        return {"prompt": {"file": os.path.relpath(prompt.file, target)}}
    return {"prompt": _jinja(prompt.text)}


def _jinja(text: str) -> str:
    """Of Nunjucks, which promptfoo renders with, the words that Jinja has others for."""
    return re.sub(r"\|\s*dump\b", "| tojson", text)


def _alike(models: Sequence[Model]) -> list[list[Model]]:
    """Models that are asked in the same way: options stand for a whole case."""

    ways: dict[str, list[Model]] = {}
    for model in models:
        ways.setdefault(json.dumps([model.options, model.think], sort_keys=True, default=str), []).append(model)
    return list(ways.values())


def _asks(test: Test, model: Model) -> bool:
    return not test.providers or any(
        wanted in (model.label, model.name) or (wanted.endswith("*") and model.label.startswith(wanted[:-1]))
        for wanted in test.providers
    )


def _relative(written: str, folder: Path, target: Path) -> str:
    path = folder / written.removeprefix("file://")
    if not path.is_file():
        raise NoCounterpart(f"there is no file {written.removeprefix('file://')}")
    return os.path.relpath(path, target)


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60].strip("-")


def _free(name: str, taken: set[str]) -> str:
    number = 1
    while (found := name if number == 1 else f"{name}-{number}") in taken:
        number += 1
    taken.add(found)
    return found


def _dump(document: Mapping[str, Any]) -> str:
    return yaml.dump(
        dict(document), Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=100
    )
