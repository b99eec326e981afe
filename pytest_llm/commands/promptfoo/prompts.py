"""The prompts of a promptfoo configuration."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pytest_llm.commands.promptfoo.left import LeftOut, NoCounterpart
from pytest_llm.commands.promptfoo.sources import CODE, DATA, TEXTS, data, files, listed, text

_SEPARATOR = re.compile(r"^---[ \t]*$", re.MULTILINE)
_ROLES = ("system", "user", "assistant")
_LINES = ".jsonl"
_PATH = re.compile(rf"[^\s{{}}]+({'|'.join(map(re.escape, (*TEXTS[:-1], *DATA, _LINES, '.csv', *CODE)))})(:\w+)?")
_PATTERN = re.compile(r"[^\s{}]*/[^\s{}]*\*[^\s{}]*")
_UNSAID = ("function", "config")


@dataclass(frozen=True)
class Prompt:
    """label: what its file is called after. One of text, file (a path) and messages. names: how others name it."""

    label: str
    text: str = ""
    file: Path | None = None
    messages: tuple[Mapping[str, str], ...] = ()
    names: tuple[str, ...] = ()

    def wanted(self, by: tuple[str, ...]) -> bool:
        """Whether a list of labels or ids (`group*` too) that a model or a test has names it; none name all."""
        return not by or any(fnmatchcase(name, pattern) for pattern in by for name in self.names)


def prompts(given: Any, folder: Path, left: LeftOut) -> Iterator[Prompt]:
    if isinstance(given, Mapping) and not {"raw", "id", "label"} & set(given):
        given = [{"id": name, "label": label} for name, label in given.items()]
    for number, entry in enumerate(listed(given), 1):
        try:
            yield from _prompt(entry, number, folder, left)
        except NoCounterpart as reason:
            left.add(f"prompts[{number}]", reason)


def _prompt(entry: Any, number: int, folder: Path, left: LeftOut) -> Iterator[Prompt]:
    given = entry if isinstance(entry, Mapping) else {"raw": entry}
    for key in _UNSAID:
        if key in given:
            left.add(f"prompts[{number}]", f"its `{key}` has no counterpart")
    names = tuple(str(given[key]) for key in ("label", "id", "raw") if isinstance(given.get(key), str))
    label = str(given.get("label") or given.get("id") or "")
    for made in _read(given.get("raw", given.get("id")), label, f"prompt-{number}", folder):
        yield replace(made, names=(*names, made.label))


def _read(written: Any, label: str, numbered: str, folder: Path) -> Iterator[Prompt]:
    if isinstance(written, list):
        yield _chat(written, label or numbered)
        return
    if not isinstance(written, str) or not written.strip():
        raise NoCounterpart("it is no text")
    if written.startswith("exec:"):
        raise NoCounterpart("it is made by a program: write out what that makes")
    if _is_path(written, folder):
        label = "" if label == written else label
        for path in files(written, folder):
            yield from _from_file(path, label or path.stem)
    else:
        yield _made(written, label or numbered)


def _is_path(written: str, folder: Path) -> bool:
    if re.match(r"\w+://", written) or _PATH.fullmatch(written) or _PATTERN.fullmatch(written):
        return "\n" not in written
    return len(written) < 200 and "\0" not in written and (folder / written).is_file()


def _from_file(path: Path, label: str) -> Iterator[Prompt]:
    if path.suffix in DATA:
        yield _chat(data(path), label)
    elif path.suffix == _LINES:
        lines = [line for line in text(path).splitlines() if line.strip()]
        yield from (_made(line, f"{label}-{number}") for number, line in enumerate(lines, 1))
    elif path.suffix == ".csv":
        yield from _from_table(path, label)
    elif path.suffix in TEXTS:
        yield from _from_text(path, label)
    else:
        raise NoCounterpart(f"{path.name} is no text")


def _from_text(path: Path, label: str) -> Iterator[Prompt]:
    whole = text(path)
    parts = _SEPARATOR.split(whole) if path.suffix == ".txt" else [whole]
    parts = [part.strip() for part in parts if part.strip()]
    if len(parts) == 1:
        made = _made(parts[0], label)
        yield made if made.messages else replace(made, file=path)
        return
    yield from (_made(part, f"{label}-{number}") for number, part in enumerate(parts, 1))


def _from_table(path: Path, label: str) -> Iterator[Prompt]:
    for number, row in enumerate(csv.DictReader(text(path).lstrip("\ufeff").splitlines(keepends=True)), 1):
        written = row.get("prompt")
        if not isinstance(written, str) or not written.strip():
            raise NoCounterpart(f"{path.name} has no column `prompt` in row {number}")
        yield _made(written, row.get("label") or f"{label}-{number}")


def _made(written: str, label: str) -> Prompt:
    """A prompt's text; one that is a conversation in JSON is a conversation."""
    if written.lstrip().startswith("["):
        try:
            return _chat(json.loads(written), label)
        except (ValueError, RecursionError):
            if re.search(r'"role"\s*:', written):
                raise NoCounterpart("a template makes its messages: write them out as `messages`") from None
    return Prompt(label, written)


def _chat(found: Any, label: str) -> Prompt:
    messages = found if isinstance(found, list) else []
    for message in messages:
        plain = isinstance(message, Mapping) and isinstance(message.get("content"), str)
        if not plain or message.get("role") not in _ROLES:
            raise NoCounterpart("its messages are more than a role and a text")
    if not messages:
        raise NoCounterpart("it is no list of messages")
    return Prompt(label, messages=tuple({"role": m["role"], "content": m["content"]} for m in messages))
