"""The keys of stored answers: whatever can change an answer changes them, and nothing else does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_llm.cases.request import ChatRequest, Message
from pytest_llm.models.modelfile import parse
from pytest_llm.models.reference import ModelRef
from pytest_llm.store.keys import Question, new_id, question

MODEL = ModelRef("m", "ollama", "m")
ONE = ChatRequest(MODEL, (Message("user", "hi"),))
WHO = {"digest": "sha256:abc", "server": "http://a:1", "version": "0.33.0"}
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}


def modelfile(text: str) -> ModelRef:
    return replace(MODEL, spec=parse(text, Path("m.Modelfile")))


def asked(request: ChatRequest = ONE, **who: str) -> Question:
    return question(request, **{**WHO, **who})


# (what is done to the request or to who was asked, whether the exact key changes, whether that for a replay does)
CHANGES: list[tuple[dict[str, Any], bool, bool]] = [
    ({}, False, False),
    ({"messages": (Message("user", "ho"),)}, True, True),
    ({"messages": (Message("system", "hi"),)}, True, True),
    ({"messages": (Message("user", "hi"), Message("user", "hi"))}, True, True),
    ({"messages": (Message("user", "hi "),)}, True, True),
    ({"think": True}, True, True),
    ({"think": False}, True, True),
    ({"think": "high"}, True, True),
    ({"format": "json"}, True, True),
    ({"format": SCHEMA}, True, True),
    ({"options": {"temperature": 0}}, True, True),
    ({"options": {"seed": 0}}, True, True),
    ({"options": {"num_ctx": 4096}}, True, True),
    ({"options": {"seed": None}}, False, False),
    ({"options": {}}, False, False),
    ({"sample": 1}, True, True),
    ({"trim": True}, True, True),
    ({"timeout": 1.0}, False, False),
    ({"keep_alive": "5m"}, False, False),
    ({"model": replace(MODEL, written="renamed")}, False, True),
    ({"model": replace(MODEL, name="renamed")}, False, False),
    ({"model": replace(MODEL, engine="openai")}, True, True),
    ({"model": modelfile("FROM x")}, False, True),
    ({"digest": "sha256:def"}, True, False),
    ({"version": "0.34.0"}, True, False),
    ({"server": "http://b:1"}, False, False),
]


def test_keys_are_those_of_the_stores_that_there_are() -> None:
    """Were they others, nothing that is stored would be found again."""
    rich = replace(ONE, format=SCHEMA, think="high", options={"temperature": 1.0, "stop": ["ä"], "seed": 7})
    found = [asked(), asked(rich), asked(rich, digest="")]
    assert [(one.exact[:16], one.replay[:16]) for one in found] == [
        ("e2dc8933922fc289", "09729c6f5c104fd6"),
        ("cb8e6b27daf34759", "22a395da985d281c"),
        ("e51cdb1d3ad95ff7", "22a395da985d281c"),
    ]


@pytest.mark.parametrize(("change", "exact", "replay"), CHANGES, ids=str)
def test_what_changes_a_key(change: dict[str, Any], exact: bool, replay: bool) -> None:
    who = {key: value for key, value in change.items() if key in WHO}
    other = asked(replace(ONE, **{key: value for key, value in change.items() if key not in WHO}), **who)
    assert (other.exact != asked().exact, other.replay != asked().replay) == (exact, replay)


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"server": "http://b:1"}, True),
        ({"model": replace(MODEL, name="renamed")}, True),
        ({"model": replace(MODEL, written="renamed")}, False),
        ({"model": modelfile("FROM x")}, True),
    ],
    ids=str,
)
def test_without_a_digest_server_and_name_count(change: dict[str, Any], differs: bool) -> None:
    who = {key: value for key, value in change.items() if key in WHO}
    request = replace(ONE, **{key: value for key, value in change.items() if key not in WHO})
    assert (asked(request, **{"digest": "", **who}).exact != asked(digest="").exact) is differs


SAME: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"options": {"temperature": 0, "seed": 1}}, {"options": {"seed": 1, "temperature": 0.0}}),
    ({"format": {"enum": [1.0, 2]}}, {"format": {"enum": [1, 2.0]}}),
    ({"options": {"stop": ("a", "b")}}, {"options": {"stop": ["a", "b"]}}),
]
OTHER = [
    ({"format": SCHEMA}, {"format": {**SCHEMA, "properties": dict(reversed(SCHEMA["properties"].items()))}}),
    ({"options": {"stop": ["a", "b"]}}, {"options": {"stop": ["b", "a"]}}),
    ({"options": {"temperature": 1}}, {"options": {"temperature": True}}),
    ({"options": {"temperature": 0.1}}, {"options": {"temperature": 0.2}}),
    ({"format": {"const": 2**60}}, {"format": {"const": 2**60 + 1}}),
    ({"format": {"const": None}}, {"format": {"const": "null"}}),
    ({"messages": (Message("user", "\ud800"),)}, {"messages": (Message("user", "\ud801"),)}),
    ({"messages": (Message("user", "a\x00b"),)}, {"messages": (Message("user", "ab"),)}),
]


@pytest.mark.parametrize(("one", "two", "same"), [(*p, True) for p in SAME] + [(*p, False) for p in OTHER], ids=str)
def test_values_that_are_the_same_to_a_server(one: dict[str, Any], two: dict[str, Any], same: bool) -> None:
    first, second = asked(replace(ONE, **one)), asked(replace(ONE, **two))
    assert (first.exact == second.exact, first.replay == second.replay) == (same, same)


def test_ids_sort_by_time_and_never_clash() -> None:
    made = [new_id() for _ in range(2000)]
    assert len(set(made)) == 2000
    assert [name[:16] for name in made] == sorted(name[:16] for name in made)
