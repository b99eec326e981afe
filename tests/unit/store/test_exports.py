"""Exported answers: text that people can review, which comes back as it was, and is believed only so far."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.errors import GenerationLoop, GenerationTimeout, InputError, PromptTooLong, StoreError, Unsupported
from pytest_llm.models.reference import ModelRef
from pytest_llm.providers.base import Fingerprint, Response, ToolCall, Usage
from pytest_llm.store import exports
from pytest_llm.store.address import Address
from pytest_llm.store.answers import Answer, Outcome, made
from pytest_llm.store.keys import Wanted, question
from pytest_llm.store.store import Store

REQUEST = ChatRequest(ModelRef("my/Model:1b", "ollama", "m"), (Message("user", "a\nb"),), options={"seed": 1})
HOSTILE = "\x00 \x1b[31m \u202e \ud800 \U000e0041 \u2028 \x85 \r\n\n tab\t end \\n \U0001f600 ü"
OUTCOMES: list[Outcome] = [
    Response("one\ntwo\n", "", tool_calls=(ToolCall("f", "{}"),), fingerprint=Fingerprint({"a": "b"}, {"c": 1})),
    Response(HOSTILE, HOSTILE, "length", Usage(1, 0.5, answer_only=True), 0.25, 1.5, notes=("n",), retries=("r",)),
    Response(""),
    Response("\n"),
    GenerationTimeout(1.5, "par\ntial", HOSTILE),
    GenerationLoop("la\n", "la\nla\n"),
    PromptTooLong("said", 1, None),
    Unsupported("it cannot", "do that"),
]


def answer(outcome: Outcome = OUTCOMES[0], sample: int = 0) -> Answer:
    return made(question(replace(REQUEST, sample=sample), digest="d", server="s", version="v"), outcome, alone=True)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    given = [answer(outcome, sample) for sample, outcome in enumerate(OUTCOMES)]
    assert exports.write(tmp_path, given) == len(given)
    found = {one.id: one for one in exports.read(tmp_path)}
    assert len(found) == len(given)
    for one in given:
        other = found[one.id]
        assert (other.exact, other.replay, other.made, other.alone) == (one.exact, one.replay, one.made, True)
        first, second = one.outcome(), other.outcome()
        if isinstance(first, Exception) and isinstance(second, Exception):
            assert (type(first), first.args) == (type(second), second.args)
        else:
            assert first == second


def test_nothing_in_a_file_hides_or_turns_the_text(tmp_path: Path) -> None:
    exports.write(tmp_path, [answer(OUTCOMES[1])])
    (file,) = tmp_path.iterdir()
    text = file.read_text("utf-8")
    assert all(c.isprintable() or c == "\n" for c in text)
    assert "ü" in text
    assert "\U0001f600" in text
    assert file.name.startswith("my-model-1b-")


def test_a_newer_answer_to_a_question_replaces_the_file(tmp_path: Path) -> None:
    exports.write(tmp_path, [answer(Response("old"))])
    exports.write(tmp_path, [answer(Response("new"))])
    assert [one.answer["text"] for one in exports.read(tmp_path)] == ["new"]


def test_a_folder_is_a_store_that_is_read_only(tmp_path: Path) -> None:
    one = answer()
    exports.write(tmp_path, [one])
    store = Store.open(Address(tmp_path), tmp_path.parent)
    for found in (store.replayed(one.question, Wanted(1, 1)), store.newest(one.question, Wanted(1, 1))):
        assert found
        assert found.outcome() == one.outcome()
    with pytest.raises(StoreError, match="cannot be written"):
        store.add([answer()])
    store.close()


def _set(*path: str, to: Any) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = to

    return change


BROKEN = [
    ("format", _set("format", to=2)),
    ("id", _set("id", to="x")),
    ("id", _set("id", to="' OR 1=1 --")),
    ("made", _set("made", to="now")),
    ("kind", _set("kind", to="other")),
    ("kind", _set("kind", to=["answer"])),
    ("timeout", _set("kind", to="timeout")),
    ("question", _set("question", to=None)),
    ("digest", _set("question", "digest", to=7)),
    ("request", _set("question", "request", to=7)),
    ("text", _set("answer", "text", to=7)),
    ("text", _set("answer", "text", to=[7])),
    ("notes", _set("answer", "notes", to=[7])),
    ("numbers", _set("answer", "numbers", to={})),
    ("numbers", _set("answer", "numbers", "wall", to="fast")),
    ("numbers", _set("answer", "numbers", "answer_tokens", to="many")),
    ("numbers", _set("answer", "numbers", "prompt_seconds", to=[])),
]


@pytest.mark.parametrize(("what", "change"), BROKEN, ids=[f"{n}-{what}" for n, (what, _) in enumerate(BROKEN)])
def test_a_file_that_is_none_is_named(tmp_path: Path, what: str, change: Callable[[Any], None]) -> None:
    exports.write(tmp_path, [answer()])
    (file,) = tmp_path.iterdir()
    data = json.loads(file.read_text())
    change(data)
    file.write_text(json.dumps(data))
    with pytest.raises(InputError) as caught:
        list(exports.read(tmp_path))
    assert caught.value.path == file
    assert not re.search(r"Error|indices|iterable|codec", caught.value.message)


@pytest.mark.parametrize("text", ["", "[]", "7", "null", "{", "[" * 100_000, "\ufffe"])
def test_a_text_that_is_none_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError) as caught:
        list(exports.read(tmp_path))
    assert caught.value.path == tmp_path / "x.json"
    assert not re.search(r"Error|indices|iterable|codec", caught.value.message)


def test_a_changed_question_answers_another_one(tmp_path: Path) -> None:
    """What a reviewer sees is what it answers: there is no key that could say otherwise."""
    one = answer()
    exports.write(tmp_path, [one])
    (file,) = tmp_path.iterdir()
    file.write_text(file.read_text().replace('"a\\n"', '"other\\n"'))
    (found,) = exports.read(tmp_path)
    assert (found.exact != one.exact, found.replay != one.replay) == (True, True)
    assert "exact" not in json.loads(file.read_text())


def test_an_empty_folder_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no exported answers"):
        list(exports.read(tmp_path))
