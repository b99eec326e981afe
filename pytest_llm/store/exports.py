"""Stored answers as text that people can review and git can keep: a file of JSON each.

The keys are not in it: they are made of the question that is shown, so that no file answers another one. Whatever
does not print is escaped, also what turns the direction of writing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytest_llm.errors import InputError
from pytest_llm.providers.base import Response
from pytest_llm.providers.plain import known
from pytest_llm.store.answers import KINDS, Answer, row
from pytest_llm.store.keys import Question

FORMAT = 1
SUFFIX = ".json"
_TEXTS = frozenset(("text", "thinking", "partial", "content"))
_ID = re.compile(r"[0-9a-f]{32}")
_MADE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.+]{8,20}")


def write(folder: Path, answers: Iterable[Answer]) -> int:
    """A file for each answer; one of the same question is replaced. How many. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    for number, answer in enumerate(answers, 1):  # noqa: B007
        (folder / _name(answer)).write_text(_text(answer), encoding="utf-8")
    return number


def read(folder: Path) -> Iterator[Answer]:
    """The answers of a folder. Raises InputError, which names the file."""
    if not folder.is_dir():
        raise InputError(
            "there is no such folder", path=folder, hint="name one that `pytest-llm store export` wrote"
        )
    files = sorted(folder.glob(f"*{SUFFIX}"))
    if not files:
        raise InputError(
            "there are no exported answers in it", path=folder, hint="`pytest-llm store export` writes some"
        )
    for file in files:
        try:
            yield _held(_json(file))
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", path=file) from None
        except InputError as error:
            raise InputError(error.message, path=file, line=error.line, hint=error.hint or MEND) from None
        except RecursionError:
            raise InputError("is no exported answer: it is nested too deep", path=file, hint=MEND) from None


def _json(file: Path) -> Mapping[str, Any]:
    """Raises InputError, OSError, RecursionError."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except json.JSONDecodeError as error:
        raise _none(f"it is no JSON ({error.msg})", error.lineno) from None
    except UnicodeDecodeError:
        raise _none("it is no text in UTF-8") from None
    if not isinstance(found, dict):
        raise _none("it is no mapping")
    return found


def _held(data: Mapping[str, Any]) -> Answer:
    """Raises InputError, RecursionError."""
    try:
        return _answer(data)
    except KeyError as error:
        raise _none(f"it lacks {error}") from None
    except (ValueError, TypeError, AttributeError):
        raise _none("a part of it is of another kind") from None


MEND = "export the answer anew, or take the file away"


def _none(why: str, line: int | None = None) -> InputError:
    return InputError(f"is no exported answer: {why}", line=line)


def _name(answer: Answer) -> str:
    model = re.sub(r"[^a-z0-9.-]+", "-", answer.question.model.lower(), flags=re.ASCII).strip("-.")
    return f"{model[:60] or 'model'}-{answer.exact[:16]}{SUFFIX}"


def _text(answer: Answer) -> str:
    data = {
        "format": FORMAT,
        **{name: getattr(answer, name) for name in ("id", "made", "kind", "alone")},
        "question": _mapped(asdict(answer.question), _lines),
        "answer": _mapped(dict(answer.answer), _lines),
    }
    text = json.dumps(data, ensure_ascii=False, indent=1)
    return "".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in text) + "\n"


def _escaped(character: str) -> str:
    return json.dumps(character, ensure_ascii=True)[1:-1]


def _answer(data: Mapping[str, Any]) -> Answer:
    if data["format"] != FORMAT:
        raise InputError(
            f"was exported in format {data['format']!r}, this pytest-llm reads {FORMAT}", hint="update it"
        )
    question = Question(**known(Question, _mapped(data["question"], _joined)))
    words = {name: value for name, value in asdict(question).items() if name != "request"}
    if not all(isinstance(value, str) for value in words.values()):
        raise _none("who was asked must be texts")
    said = _mapped(data["answer"], _joined)
    answer = Answer(
        data["id"],
        data["made"],
        data["kind"],
        data["alone"] is True,
        question,
        said,
        question.exact,
        question.replay,
    )
    if not (_ID.fullmatch(answer.id) and _MADE.fullmatch(answer.made) and answer.kind in KINDS):
        raise _none("id, made or kind is none")
    _check(answer)
    return answer


def _check(answer: Answer) -> None:
    """Raises InputError where it would not be what it is taken for."""
    outcome = answer.outcome()
    if row(answer)["cut"] is not None and not isinstance(row(answer)["cut"], int | float):
        raise _none("where it was cut is no number")
    if not isinstance(outcome, Response):
        return
    if not all(
        isinstance(text, str) for text in (outcome.text, outcome.thinking, outcome.finish_word, *outcome.notes)
    ):
        raise _none("the answer is no text")
    numbers = [outcome.first_token, outcome.context_length, outcome.wall, *asdict(outcome.usage).values()]
    if not all(number is None or isinstance(number, int | float) for number in numbers):
        raise _none("a number is none")


def _mapped(value: Any, change: Callable[[Any], Any], key: str = "") -> Any:
    """The data with `change` made to each text of a message or an answer."""
    if key in _TEXTS and isinstance(value, str | list):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _mapped(item, change, name) for name, item in value.items()}
    return [_mapped(item, change) for item in value] if isinstance(value, list | tuple) else value


def _lines(text: Any) -> Any:
    """A text of several lines as a list of them, so that a change of one is a change of a line."""
    if not isinstance(text, str) or "\n" not in text:
        return text
    lines = text.split("\n")
    return [*(f"{line}\n" for line in lines[:-1]), *filter(None, lines[-1:])]


def _joined(lines: Any) -> Any:
    return "".join(lines) if isinstance(lines, list) else lines
