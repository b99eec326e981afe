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
from pytest_llm.commands.promptfoo.config import Config
from pytest_llm.commands.promptfoo.left import NoCounterpart
from pytest_llm.commands.promptfoo.prompts import Prompt
from pytest_llm.commands.promptfoo.providers import Model
from pytest_llm.commands.promptfoo.sources import text as text_of
from pytest_llm.commands.promptfoo.tests import Test

SUFFIX = ".prompt.yaml"
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


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
    asked: set[int] = set()
    for prompt in config.prompts:
        documents = list(_documents(config, prompt, folder, target, asked))
        name = _free(_slug(prompt.label) or "prompt", taken)
        if documents:
            text = "---\n".join(_dump(document) for document in documents)
            yield target / f"{name}{SUFFIX}", text
    _tell_unasked(config, asked)


def _tell_unasked(config: Config, asked: set[int]) -> None:
    for test in config.tests:
        if config.prompts and id(test) not in asked:
            config.left.add(test.where, "no prompt and provider that it names are there")
    for model in config.models:
        if config.prompts and not any(prompt.wanted(model.prompts) for prompt in config.prompts):
            config.left.add(f"provider {model.label}", "no prompt that it names is there")


def _documents(
    config: Config, prompt: Prompt, folder: Path, target: Path, asked: set[int]
) -> Iterator[dict[str, Any]]:
    """The cases of a prompt. asked: gets the identities of the tests that ask it, or have no check to judge by."""
    ids: set[str] = set()
    question = _question(prompt, folder, target)
    asking = [one for one in config.models if prompt.wanted(one.prompts)]
    for models in _alike(asking) if config.models else [[]]:
        groups: dict[str, tuple[list[Any], list[Test], list[str]]] = {}
        for test in config.tests:
            names = [one.name for one in models if _asks(test, one)]
            found = _checks(config, test, folder, target)
            meant = (names or not config.models) and prompt.wanted(test.prompts)
            if meant or not found:
                asked.add(id(test))
            if found and meant:
                if not test.vars and _TEMPLATE.search(str(question)):
                    config.left.add(test.where, "it gives no variables to a prompt that is a template")
                key = json.dumps([found, names, bool(test.vars)], sort_keys=True, default=str)
                groups.setdefault(key, (found, [], names))[1].append(test)
        for found, tests, names in groups.values():
            yield _document(config, prompt, question, (models[:1], names), found, tests, ids)


def _checks(config: Config, test: Test, folder: Path, target: Path) -> list[Any]:
    found, without = checks(test.assertions, lambda name: _relative(name, folder, target))
    for reason in without:
        config.left.add(test.where, reason)
    if any(isinstance(one, Mapping) and "metric" in one for one in test.assertions):
        config.left.ignore("`metric` of assertions")
    if not found:
        config.left.add(test.where, "nothing is left that could fail, so it makes no case")
    return [_in_jinja(one) for one in found]


def _document(
    config: Config,
    prompt: Prompt,
    question: Mapping[str, Any],
    asked: tuple[Sequence[Model], list[str]],
    found: list[Any],
    tests: Sequence[Test],
    ids: set[str],
) -> dict[str, Any]:
    like, names = asked
    told = tests[0].description if len(tests) == 1 else config.description
    document: dict[str, Any] = {"id": _free(_slug(told) or _slug(prompt.label) or "case", ids)}
    if told:
        document["description"] = told
    if names:
        document["models"] = list(dict.fromkeys(names))
    for model in like:
        document |= {"think": model.think} if model.think else {}
        document |= {"options": dict(model.options)} if model.options else {}
    if config.repeat > 1:
        document["samples"] = config.repeat
    rows = [_row(test) for test in tests]
    if len(rows) == 1 and tests[0].vars:
        document["vars"] = dict(tests[0].vars)
    elif any(test.vars for test in tests):
        document["parametrize"] = rows
    return {**document, **question, "checks": found}


def _row(test: Test) -> dict[str, Any]:
    name = _slug(test.description)
    return {**({"id": name} if name and "id" not in test.vars else {}), **test.vars}


def _question(prompt: Prompt, folder: Path, target: Path) -> dict[str, Any]:
    if prompt.messages:
        return {"messages": [_in_jinja(message) for message in prompt.messages]}
    if prompt.file is None:
        return {"prompt": _jinja(prompt.text)}
    written = text_of(prompt.file)
    if _jinja(written) != written or folder.resolve() not in prompt.file.resolve().parents:
        return {"prompt": _jinja(written)}
    return {"prompt": {"file": os.path.relpath(prompt.file, target)}}


def _in_jinja(value: Any) -> Any:
    if isinstance(value, str):
        return _jinja(value)
    if isinstance(value, Mapping):
        return {key: _in_jinja(item) for key, item in value.items()}
    return list(map(_in_jinja, value)) if isinstance(value, list) else value


def _jinja(text: str) -> str:
    """Of Nunjucks, which promptfoo renders with, the words that Jinja has others for."""
    return _TEMPLATE.sub(lambda found: _tag(found[0]), text)


def _tag(text: str) -> str:
    return re.sub(r"\|\s*dump\b", "| tojson", text).replace("===", "==").replace("!==", "!=")


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
