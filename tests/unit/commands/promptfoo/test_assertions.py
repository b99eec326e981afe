from __future__ import annotations

from typing import Any

import pytest

from pytest_llm.checks.registry import Registry
from pytest_llm.commands.promptfoo.assertions import check, checks, compact
from pytest_llm.commands.promptfoo.left import NoCounterpart


def files(name: str) -> str:
    return "../" + name.removeprefix("file://")


def made(kind: str, value: Any = None, **more: Any) -> Any:
    return check({"type": kind, **({} if value is None else {"value": value}), **more}, files)


SCHEMA = {"type": "object", "required": ["a"]}


@pytest.mark.parametrize(
    ("assertion", "wanted"),
    [
        ({"type": "contains", "value": "x"}, {"contains": "x"}),
        ({"type": "contains", "value": 0}, {"contains": "0"}),
        ({"type": "icontains", "value": "x"}, {"contains": {"text": "x", "ignore_case": True}}),
        ({"type": "contains-all", "value": ["x", "y"]}, {"contains": ["x", "y"]}),
        ({"type": "contains-all", "value": 'x, "y, z"'}, {"contains": ["x", "y, z"]}),
        ({"type": "is-json", "value": '{"type": "object"}'}, {"schema": {"inline": {"type": "object"}}}),
        ({"type": "latency", "threshold": "1500"}, {"time": {"total": "1500ms"}}),
        (
            {"type": "g-eval", "value": ["a", "b"], "provider": "ollama:j"},
            {"judge": {"rubric": "a\nb", "model": "j"}},
        ),
        (
            {"type": "llm-rubric", "value": "file://r.md", "provider": {"text": "ollama:j"}},
            {"judge": {"rubric": {"file": "../r.md"}, "model": "j"}},
        ),
        ({"type": "contains-any", "value": ["x", "y"]}, {"any_of": [{"contains": "x"}, {"contains": "y"}]}),
        ({"type": "not-contains", "value": "x"}, {"not_contains": "x"}),
        ({"type": "not-icontains", "value": "x"}, {"not_contains": {"text": "x", "ignore_case": True}}),
        ({"type": "not-contains-all", "value": ["x", "y"]}, {"not": {"contains": ["x", "y"]}}),
        ({"type": "equals", "value": "x"}, {"equals": "x"}),
        ({"type": "equals", "value": {"a": 1}}, {"json_path": {"path": "$", "equals": {"a": 1}}}),
        ({"type": "not-equals", "value": "x"}, {"not": {"equals": "x"}}),
        ({"type": "regex", "value": r"\d+"}, {"regex": r"\d+"}),
        ({"type": "starts-with", "value": "a.b"}, {"regex": r"\Aa\.b"}),
        ({"type": "is-json"}, {"json_path": "$"}),
        ({"type": "contains-json", "value": SCHEMA}, {"schema": {"inline": SCHEMA}}),
        ({"type": "is-json", "value": "file://s.json"}, {"schema": {"file": "../s.json"}}),
        ({"type": "is-xml"}, "xml"),
        ({"type": "is-xml", "value": {"requiredElements": ["feed"]}}, {"xml": "feed"}),
        ({"type": "contains-sql", "value": {"databaseType": "PostgreSQL"}}, {"sql": "postgres"}),
        ({"type": "is-sql"}, "sql"),
        ({"type": "latency", "threshold": 1500}, {"time": {"total": "1500ms"}}),
        ({"type": "word-count", "value": {"min": 2, "max": 9}}, {"length": {"words": {"min": 2, "max": 9}}}),
        ({"type": "word-count", "value": 7}, {"length": {"words": {"min": 7, "max": 7}}}),
        ({"type": "contains", "value": "x", "weight": 0}, {"warn": {"contains": "x"}}),
        (
            {"type": "assert-set", "threshold": 0.5, "assert": [{"type": "equals", "value": v} for v in "ab"]},
            {"any_of": [{"equals": "a"}, {"equals": "b"}]},
        ),
        (
            {"type": "llm-rubric", "value": "is kind", "provider": "ollama:chat:qwen3:8b"},
            {"judge": {"rubric": "is kind", "model": "qwen3:8b"}},
        ),
        (
            {"type": "g-eval", "value": "is kind", "provider": {"id": "openai:gpt-4o", "config": {}}, "weight": 0},
            {"warn": {"judge": {"rubric": "is kind", "model": "openai:gpt-4o"}}},
        ),
    ],
)
def test_a_counterpart(assertion: Any, wanted: Any) -> None:
    assert check(assertion, files) == wanted
    if "file" not in str(wanted):
        Registry().parse(wanted)


@pytest.mark.parametrize(
    ("assertion", "words"),
    [
        ({"type": "llm-rubric", "value": "is kind"}, "no model is named to grade it"),
        ({"type": "llm-rubric", "value": "x", "provider": "anthropic:claude"}, "cases ask Ollama"),
        ({"type": "not-llm-rubric", "value": "is kind", "provider": "ollama:a"}, "a judge has no opposite"),
        ({"type": "factuality", "value": "x"}, "promptfoo's own"),
        ({"type": "javascript", "value": "output.length"}, "@check"),
        ({"type": "perplexity"}, "no score of a text"),
        ({"type": "brand-new"}, "nothing here is like it"),
        ({"type": "contains", "value": "file://x.txt"}, "put it into the case"),
        ({"type": "contians"}, "nothing here is like it, did you mean 'contains'?"),
        ({"type": "is-jsn"}, "did you mean 'is-json'?"),
        ({"type": "contains"}, "it has no value"),
        ({"type": "contains", "value": {"a": 1}}, "not a text"),
        ({"type": "latency"}, "no threshold"),
        ({"type": "is-xml", "value": {"requiredElements": ["a.b"]}}, "outermost"),
        ({"type": "is-sql", "value": {"allowedTables": ["x"]}}, "no lists of tables"),
        ({"type": "equals", "value": "x", "transform": "output.trim()"}, "code"),
        ({"type": "assert-set", "threshold": 0.8, "assert": [{"type": "is-json"}] * 2}, "a share"),
        ({"type": "starts-with", "value": "{{x}}"}, "template"),
        ({"value": "x"}, "no type"),
        ("contains", "no type"),
    ],
)
def test_no_counterpart(assertion: Any, words: str) -> None:
    with pytest.raises(NoCounterpart, match=words):
        check(assertion, files)


def test_what_has_none_is_told_and_the_rest_kept() -> None:
    found, without = checks([{"type": "is-json"}, {"type": "cost"}, 5], files)
    assert found == [{"json_path": "$"}]
    assert [line.partition(":")[0] for line in without] == [
        "the assertion 'cost' has no counterpart",
        "the assertion '5' has no counterpart",
    ]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Paris", {"type": "equals", "value": "Paris"}),
        ("contains: Paris", {"type": "contains", "value": "Paris"}),
        ("contains-any: a, b", {"type": "contains-any", "value": "a, b"}),
        ("latency(500):", {"type": "latency", "threshold": 500.0}),
        ("latency(500)", {"type": "latency", "threshold": 500.0}),
        ("is-json", {"type": "is-json"}),
        ("grade: kind", {"type": "llm-rubric", "value": "kind"}),
        ("fn: output", {"type": "javascript", "value": "output"}),
        ("file://x.py", {"type": "python", "value": "file://x.py"}),
        ("grade", {"type": "equals", "value": "grade"}),
        ("similar(0.8):Hello", {"type": "similar", "value": "Hello", "threshold": 0.8}),
        ("note: this", {"type": "equals", "value": "note: this"}),
    ],
)
def test_assertions_of_a_table(text: str, wanted: Any) -> None:
    assert compact(text) == wanted
