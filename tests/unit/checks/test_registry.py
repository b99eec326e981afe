"""Entries of `checks`: what they stand for, and what is said of those that stand for nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal

import pytest
from jsonschema_rs import is_valid, meta
from pydantic import BaseModel, Field

from pytest_llm.answers.extract import Artifact, extract
from pytest_llm.checks.base import Check, CheckContext, Duration, Finding, look
from pytest_llm.checks.combine import AnyOf, Not, Warn
from pytest_llm.checks.function import FunctionCheck, check
from pytest_llm.checks.registry import BUILT_IN, EntryError, Registry
from pytest_llm.checks.text import Contains
from pytest_llm.errors import CheckCrashed, InputError
from pytest_llm.providers.base import Response
from tests.helpers.checking import context


class Lines(Check):
    """At most so many lines."""

    name: ClassVar[str] = "lines"
    shorthand: ClassVar[str | None] = "most"
    most: int
    kind: Literal["a", "b"] = "a"
    within: Duration = 1.0
    ratio: float = 1.0
    strict: bool = False

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        if artifact.answer.count("\n") >= self.most:
            yield Finding(self.name, "too long")


class Mapped(Check):
    """Has no shorthand."""

    name: ClassVar[str] = "mapped"
    key: str = ""


class Inner(BaseModel):
    """Arguments inside arguments."""

    x: int


class Bounded(Check):
    """Has bounds of every kind."""

    name: ClassVar[str] = "bounded"
    least: int = Field(1, ge=1)
    below: int = Field(1, lt=9)
    most: int = Field(1, le=9)
    some: list[int] = Field([1], min_length=1)
    within: Duration = 1.0
    inner: Inner | None = None
    either: str | float = ""


class Unchecked:
    """No type that pydantic knows."""


@check("starts")
def starts(artifact: Artifact, word: str, times: int = 1) -> Iterator[str]:
    if not artifact.answer.startswith(word * times):
        yield f"does not start with {word}\nsecond line"


@check("bare")
def bare(artifact: Artifact, context: CheckContext) -> bool:
    return context.response.text == "yes"


@pytest.fixture
def registry() -> Registry:
    """A registry with checks of others."""
    made = Registry()
    for item in (Lines, Mapped, starts, bare):
        made.add(item)
    return made


def said(registry: Registry, entry: Any, text: str) -> list[Finding]:
    return look(registry.parse(entry), extract(text), context(Response(text)))


def test_the_three_forms_of_an_entry(registry: Registry) -> None:
    assert registry.parse({"lines": 3}) == registry.parse({"lines": {"most": 3}}) == Lines(most=3)
    assert registry.parse("mapped") == registry.parse({"mapped": None}) == Mapped()
    assert registry.parse({"contains": "x"}) == Contains.model_validate({"text": ("x",)})
    assert registry.parse({"lines": {"most": 1, "within": "2s"}}) == Lines(most=1, within=2.0)


@pytest.mark.parametrize(
    ("entry", "wanted", "at"),
    [
        ("contians", "there is no check 'contians', did you mean 'contains'?", ()),
        ({"line": 3}, "there is no check 'line', did you mean 'lines'?", ()),
        ("zzz", "there is no check 'zzz'", ()),
        (3, "a check is a name, or a name with its arguments, not 3", ()),
        ([], "a check is a name, or a name with its arguments, not []", ()),
        ({}, "a check is a name, or a name with its arguments, not {}", ()),
        ({"lines": None, "most": 3}, "'most' stands beside the check 'lines'", ()),
        ({"lines": 1, "mapped": 3}, "'mapped' stands beside the check 'lines'", ()),
        ("lines", "lines: needs `most`", ()),
        ({"mapped": 3}, "mapped: takes its arguments as a mapping, not 3 (it has key)", ("mapped",)),
        (
            {"lines": {"mots": 3}},
            "lines: has no argument 'mots', did you mean 'most'? (it has most, kind, within, ratio, strict)",
            ("lines", "mots"),
        ),
        ({"lines": "x"}, "lines: `most` must be a whole number, not 'x'", ("lines",)),
        ({"lines": {"most": [1]}}, "lines: `most` must be a whole number, not [1]", ("lines", "most")),
        (
            {"lines": {"most": 1, "kind": "c"}},
            "lines: `kind` must be one of 'a', 'b', not 'c'",
            ("lines", "kind"),
        ),
        (
            {"lines": {"most": 1, "strict": "x"}},
            "lines: `strict` must be true or false, not 'x'",
            ("lines", "strict"),
        ),
        ({"lines": {"most": 1, "ratio": "x"}}, "lines: `ratio` must be a number, not 'x'", ("lines", "ratio")),
        (
            {"lines": {"most": 1, "ratio": float("nan")}},
            "lines: `ratio` must be a number, not nan",
            ("lines", "ratio"),
        ),
        (
            {"contains": 1.10},
            "contains: `text` must be text or a list of texts, not 1.1: put it in quotes",
            ("contains",),
        ),
        ({"contains": ""}, "contains: `text` must not be empty: every answer holds that", ("contains",)),
        (
            {"contains": {"text": "a", "in": "anser"}},
            "contains: `in` must be one of 'answer', 'code', 'thinking', not 'anser', did you mean 'answer'?",
            ("contains", "in"),
        ),
        (
            {"contains": {"text": "a", "in": "x"}},
            "contains: `in` must be one of 'answer', 'code', 'thinking', not 'x'",
            ("contains", "in"),
        ),
        (
            {"regex": "("},
            "regex: '(' is no regular expression: missing ), unterminated subpattern at position 0",
            ("regex",),
        ),
        (
            {"json_path": "$["},
            "json_path: '$[' is no JSONPath: a name in quotes, an index, a slice, `*` or `?` must stand "
            "where the end is",
            ("json_path",),
        ),
        (
            {"json_path": {"path": "$", "exists": False, "min": 1}},
            "json_path: `exists: false` leaves nothing for `min` to look at",
            ("json_path",),
        ),
        ({"max_tokens": 0}, "max_tokens: `max` must be more than 0, not 0", ("max_tokens",)),
        ({"max_tokens": "many"}, "max_tokens: `max` must be a whole number, not 'many'", ("max_tokens",)),
        ({"token_rate": {"min": "40"}}, "token_rate: `min` must be a number, not '40'", ("token_rate", "min")),
        ("time", "time: needs a limit: total, first_token or load", ()),
        (
            {"time": {"totl": 1}},
            "time: has no argument 'totl', did you mean 'total'? (it has total, first_token, load)",
            ("time", "totl"),
        ),
        ("not", "not: needs a check", ()),
        ({"any_of": "x"}, "any_of: needs a list of checks", ("any_of",)),
        ({"any_of": []}, "any_of: needs a list of checks", ("any_of",)),
        ({"any_of": ["mapped", {"not": "zzzz"}]}, "there is no check 'zzzz'", ("any_of", 1, "not")),
        ({"warn": {"lines": "x"}}, "lines: `most` must be a whole number, not 'x'", ("warn", "lines")),
        ("starts", "starts: needs `word`", ()),
        (
            {"starts": {"word": "a", "tmes": 2}},
            "starts: has no argument 'tmes', did you mean 'times'? (it has word, times)",
            ("starts", "tmes"),
        ),
        (
            {"starts": {"word": "a", "times": "x"}},
            "starts: `times` must be a whole number, not 'x'",
            ("starts", "times"),
        ),
        ({"bare": 1}, "bare: takes no arguments", ("bare",)),
        ({"bare": {"context": 1}}, "bare: has no argument 'context'", ("bare", "context")),
    ],
)
def test_what_is_wrong_with_an_entry(registry: Registry, entry: Any, wanted: str, at: tuple[Any, ...]) -> None:
    with pytest.raises(EntryError) as refused:
        registry.parse(entry)
    assert (refused.value.message, refused.value.at) == (wanted, at)


def test_arguments_that_are_not_indented_get_a_hint(registry: Registry) -> None:
    with pytest.raises(EntryError, match="indent the arguments further than the name"):
        registry.parse({"lines": None, "most": 3})
    with pytest.raises(EntryError, match="give each check a dash of its own"):
        registry.parse({"lines": 3, "mapped": None})


def test_functions_as_checks(registry: Registry) -> None:
    assert said(registry, {"starts": "a"}, "abc") == []
    assert said(registry, {"starts": "b"}, "abc") == [
        Finding("starts", "does not start with b", details="second line")
    ]
    assert said(registry, {"starts": {"word": "a", "times": 2}}, "aa") == []
    assert said(registry, "bare", "yes") == []
    assert said(registry, "bare", "no") == [Finding("bare", "the answer did not pass")]


def test_what_a_function_may_answer() -> None:
    def judged(answer: Any) -> list[str]:
        def function(artifact: Artifact) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

        own = FunctionCheck(function=function, title="own")
        return [finding.message for finding in look(own, extract("x"), context(Response("x")))]

    assert judged(None) == judged(True) == judged([]) == []
    assert (
        judged("bad")
        == judged(["bad"])
        == judged([Finding("own", "bad")])
        == judged(AssertionError("bad"))
        == ["bad"]
    )
    assert judged(False) == judged(AssertionError()) == ["the answer did not pass"]
    with pytest.raises(CheckCrashed, match="the check 'own' answered 3"):
        judged([3])
    with pytest.raises(CheckCrashed, match="the check 'own' broke: ZeroDivisionError: by zero"):
        judged(ZeroDivisionError("by zero"))


def test_types_that_cannot_be_looked_into_are_not_checked() -> None:
    @check("vague")
    def vague(artifact: Artifact, word: NotKnownHere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    @check("opaque")
    def opaque(artifact: Artifact, thing: Unchecked, free, **more: Any) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001

    registry = Registry()
    registry.add(vague)
    registry.add(opaque)
    assert registry.parse({"vague": 3}).label == "vague: {word: 3}"
    assert registry.parse({"opaque": {"thing": 3, "free": 4, "else": 5}}).label == (
        "opaque: {thing: 3, free: 4, else: 5}"
    )


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({"least": 0}, "`least` must be at least 1, not 0"),
        ({"below": 9}, "`below` must be less than 9, not 9"),
        ({"most": 10}, "`most` must be at most 9, not 10"),
        ({"some": []}, "`some` must be at least 1 of them, not []"),
        ({"within": "soon"}, "`within`: 'soon' is no duration: give seconds, or 500ms, 2s, 5m"),
        ({"inner": {"x": "y"}}, "`inner.x` must be a whole number, not 'y'"),
        ({"inner": {}}, "`inner` needs `x`"),
        ({"either": [1]}, "`either` must be text or a number, not [1]"),
        ({"some": ["z" * 100]}, "`some.0` must be a whole number, not '" + "z" * 56 + "…"),
    ],
)
def test_bounds_in_words(arguments: Any, wanted: str) -> None:
    registry = Registry()
    registry.add(Bounded)
    with pytest.raises(EntryError) as refused:
        registry.parse({"bounded": arguments})
    assert refused.value.message == f"bounded: {wanted}"


def test_names_are_given_once(registry: Registry) -> None:
    registry.add(Lines)

    class Other(Lines):
        pass

    taken: tuple[Any, ...] = (Other, check("schema")(lambda artifact: None), check("not")(lambda artifact: None))
    for item in taken:
        with pytest.raises(InputError, match=r"there is a check .+ already"):
            registry.add(item)
    none: tuple[Any, ...] = (Check, lambda artifact: None, "contains")
    for item in none:
        with pytest.raises(InputError, match="is no check"):
            registry.add(item)


def test_an_error_in_a_file_keeps_its_place(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{", encoding="utf-8")
    with pytest.raises(InputError) as refused:
        registry.parse({"not": {"schema": "x.json"}}, folder=tmp_path, root=tmp_path)
    assert (refused.value.path, refused.value.line) == (tmp_path / "x.json", 1)


def test_labels_are_how_people_speak_of_a_check(registry: Registry) -> None:
    @check("own")
    def own(artifact: Artifact, thing: Any, more: Any, some: Any) -> None: ...

    registry.add(own)
    for entry, label in [
        ({"contains": "x"}, "contains: x"),
        ({"contains": {"text": ["a", "b"], "in": "code"}}, "contains: {text: [a, b], in: code}"),
        ({"contains": ["a", "b"]}, "contains: [a, b]"),
        ({"contains": ["one, two", "3", "true"]}, 'contains: ["one, two", "3", "true"]'),
        ({"contains": ["größer als", "a/b.c"]}, "contains: [größer als, a/b.c]"),
        ({"contains": ["it's"]}, "contains: it's"),
        (
            {"length": {"lines": 1, "words": {"min": 2, "max": 9}}},
            "length: {words: {min: 2, max: 9}, lines: {max: 1}}",
        ),
        (
            {"own": {"thing": None, "more": [True, {"k": [1.5, "x"]}], "some": {"b", "a"}}},
            "own: {thing: null, more: [true, {k: [1.5, x]}], some: [a, b]}",
        ),
        ({"regex": "a+"}, "regex: a+"),
        ({"lines": 3}, "lines: 3"),
        ("mapped", "mapped"),
        ({"starts": "a"}, "starts: {word: a}"),
        ({"schema": {"type": "object"}}, "schema"),
        ({"schema": "x.json"}, "schema: x.json"),
        ({"not": {"lines": 3}}, "not lines: 3"),
        ({"any_of": ["mapped", {"lines": 3}]}, "any_of mapped | lines: 3"),
        ({"warn": "mapped"}, "warn mapped"),
    ]:
        assert registry.parse(entry).label == label


def test_combinations_are_made_of_checks(registry: Registry) -> None:
    inner = Lines(most=1)
    assert registry.parse({"not": {"lines": 1}}) == Not(check=inner)
    assert registry.parse({"warn": {"any_of": [{"lines": 1}]}}) == Warn(check=AnyOf(checks=(inner,)))


def test_every_built_in_check_is_there_and_has_its_name() -> None:
    registry = Registry()
    assert {*BUILT_IN, "not", "any_of", "warn"} == set(registry.names)
    schema: dict[str, Any] = {"$defs": registry.json_schema(), "$ref": "#/$defs/check"}
    meta.validate(schema)
    known = schema["$defs"]["check"]["anyOf"][2]["properties"]
    assert set(known) == set(registry.names)


@pytest.mark.parametrize(
    ("entry", "fits"),
    [
        ("browser", True),
        ("one_of_others", True),
        ({"one_of_others": {"any": "thing"}}, True),
        ({"contains": "a"}, True),
        ({"contains": ["a", "b"]}, True),
        ({"contains": {"text": "a", "in": "code"}}, True),
        ({"contains": {"text": "a", "in": "nowhere"}}, False),
        ({"contains": 3}, False),
        ({"contains": None}, False),
        ({"token_rate": 40}, True),
        ({"token_rate": "fast"}, False),
        ({"time": {"total": "5m"}}, True),
        ({"schema": "a.json"}, True),
        ({"schema": {"type": "object"}}, True),
        ({"regex": {"pattern": "a"}}, True),
        ({"not": {"contains": 3}}, False),
        ({"any_of": [{"contains": "a"}, "other"]}, True),
        ({"any_of": []}, False),
        ({"contains": "a", "regex": "b"}, False),
        (3, False),
    ],
)
def test_the_json_schema_of_an_entry(entry: Any, fits: bool) -> None:
    schema: dict[str, Any] = {"$defs": Registry().json_schema(), "$ref": "#/$defs/check"}
    assert is_valid(schema, entry) is fits


def test_a_registry_loads_no_check_before_a_case_names_it() -> None:
    code = (
        "import sys; from pytest_llm.checks.registry import Registry; Registry().names;"
        "print([m for m in sys.modules if m in ('jsonschema_rs', 're2', 'httpx', 'playwright',"
        " 'pytest_llm.checks.schema', 'pytest_llm.checks.json_path', 'pytest_llm.checks.text')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("entry", "hint"),
    [
        ({"lines": None, "most": 3}, "indent the arguments further than the name"),
        ({"lines": 1, "mapped": 3}, "give each check a dash of its own"),
        (
            {"lines": 1, "within": 3},
            "an argument stands among the others of its check, as in `- lines: {…, within: …}`",
        ),
    ],
)
def test_what_to_do_about_a_key_beside_a_check(registry: Registry, entry: object, hint: str) -> None:
    with pytest.raises(InputError) as caught:
        registry.parse(entry)
    assert caught.value.hint == hint
