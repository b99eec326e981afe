"""`not`, `any_of`, `warn`, whatever the check inside does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pytest_llm.answers.extract import Artifact, extract
from pytest_llm.checks.base import Check, CheckContext, Finding, Severity, look
from pytest_llm.checks.combine import AnyOf, Not, Warn
from pytest_llm.checks.registry import Registry
from pytest_llm.checks.schema import Schema
from pytest_llm.errors import CheckCrashed, HarnessError, InputError, Unsupported
from pytest_llm.providers.base import Response
from tests.helpers.checking import context, findings


class Says(Check):
    """Says a finding of each severity it is given, or raises."""

    name: ClassVar[str] = "says"
    severities: tuple[Severity, ...] = ()
    error: Exception | None = None

    def run(self, artifact: Artifact, context: CheckContext) -> Iterable[Finding]:
        if self.error:
            raise self.error
        return [Finding("says", f"a {severity}", severity, line=3) for severity in self.severities]


class Timed(Says):
    """Looks at a time."""

    measures: ClassVar[bool] = True


PASSES, FAILS, NOTES = Says(), Says(severities=("failure",)), Says(severities=("note", "warning"))
ERRS, SKIPS = Says(severities=("error",)), Says(severities=("skip",))
LACKS, CRASHES = Says(error=Unsupported("no compiler", "install it")), Says(error=CheckCrashed("it broke"))
BREAKS = Says(error=ZeroDivisionError("oops"))


def severities(check: Check) -> list[str]:
    return [finding.severity for finding in look(check, extract("x"), context(Response("x")))]


@pytest.mark.parametrize(
    ("check", "wanted"),
    [
        (Not(check=PASSES), ["failure"]),
        (Not(check=NOTES), ["failure"]),
        (Not(check=FAILS), []),
        (Not(check=Says(severities=("note", "failure", "warning"))), ["note"]),
        (Not(check=ERRS), ["error"]),
        (Not(check=SKIPS), ["skip"]),
        (Not(check=Says(severities=("failure", "error"))), ["error"]),
        (AnyOf(checks=(PASSES,)), []),
        (AnyOf(checks=(FAILS, PASSES)), []),
        (AnyOf(checks=(FAILS, NOTES)), ["note", "warning"]),
        (AnyOf(checks=(LACKS, CRASHES, PASSES)), []),
        (AnyOf(checks=(FAILS, FAILS)), ["failure"]),
        (AnyOf(checks=(FAILS, ERRS)), ["error"]),
        (AnyOf(checks=(FAILS, SKIPS)), ["skip"]),
        (Warn(check=PASSES), []),
        (Warn(check=FAILS), ["warning"]),
        (Warn(check=Says(severities=("failure", "skip", "note", "error"))), ["warning", "note", "note", "error"]),
        (Warn(check=LACKS), ["note"]),
        (Not(check=Not(check=PASSES)), []),
        (Not(check=Not(check=FAILS)), ["failure"]),
    ],
)
def test_what_becomes_of_the_findings(check: Check, wanted: list[str]) -> None:
    assert severities(check) == wanted


@pytest.mark.parametrize(
    ("check", "error"),
    [
        (Not(check=LACKS), Unsupported),
        (Not(check=CRASHES), HarnessError),
        (AnyOf(checks=(FAILS, LACKS)), Unsupported),
        (AnyOf(checks=(LACKS, CRASHES)), HarnessError),
        (Warn(check=CRASHES), HarnessError),
        (Not(check=BREAKS), CheckCrashed),
        (AnyOf(checks=(BREAKS, FAILS)), CheckCrashed),
    ],
)
def test_what_could_not_be_decided_is_no_verdict(check: Check, error: type[Exception]) -> None:
    with pytest.raises(error):
        severities(check)


def test_the_words() -> None:
    def said(entry: Any, text: str) -> list[Finding]:
        return look(Registry().parse(entry), extract(text), context(Response(text)))

    assert said({"not": {"contains": "x"}}, "x") == [
        Finding("not contains: x", "`contains: x` holds, and it must not", kind="not")
    ]
    (none,) = said({"any_of": [{"contains": "a"}, {"not_contains": "x"}]}, "x")
    assert none == Finding(
        "any_of",
        "none of the 2 checks passed",
        kind="any_of",
        details="contains: the answer does not contain 'a'\n"
        "not_contains: the answer contains 'x', and it must not (line 1)",
    )
    (warning,) = said({"warn": {"contains": "a"}}, "x")
    assert (warning.check, warning.severity) == ("contains", "warning")


def test_a_combination_prepares_its_checks(tmp_path: Path) -> None:
    missing = Schema(file="none.json")
    for check in (Not(check=missing), AnyOf(checks=(PASSES, missing)), Warn(check=missing)):
        with pytest.raises(InputError, match="is not there"):
            check.prepare(tmp_path, tmp_path)


def test_a_combination_measures_what_its_checks_measure() -> None:
    assert Not(check=Timed()).measures
    assert AnyOf(checks=(PASSES, Timed())).measures
    assert Warn(check=Not(check=Timed())).measures
    assert not Warn(check=AnyOf(checks=(PASSES,))).measures


GO = "```go\npackage main\nfunc main() { x }\n```\n"


@pytest.mark.parametrize(
    ("entry", "text", "passes"),
    [
        ({"not": "compile"}, "only words, and no code at all", False),
        ({"not": {"compile": "rust"}}, GO, False),
        ({"not": {"compile": "go"}}, "```go\n```", False),
        ({"not": "compile"}, "```brainfuck\n+++\n```", False),
        ({"not": "browser"}, "no page", False),
        ({"not": {"schema": {"type": "null"}}}, "no JSON", False),
        ({"not": {"schema": {"type": "null"}}}, '{"a": ', False),
        ({"not": {"schema": {"type": "null"}}}, "[" * 200 + "]" * 200, False),
        ({"not": {"schema": {"type": "null"}}}, "1", True),
        ({"not": {"schema": {"type": "null"}}}, "null", False),
        ({"not": {"schema": {"type": "object"}}}, '{"a": 1, "a": 2}', True),
        ({"not": {"json_path": "$.a"}}, "no JSON", False),
        ({"not": {"json_path": "$.a"}}, "{}", True),
        ({"not": {"json_path": "$.a"}}, '{"a": 1}', False),
        ({"not": {"json_path": {"path": "$.a", "equals": 1}}}, "{}", False),
        ({"not": {"json_path": {"path": "$.a", "equals": 1}}}, '{"a": 2}', True),
        ({"not": {"json_path": {"path": "$.a[*]", "max": 5}}}, '{"a": []}', False),
        ({"not": {"json_path": {"path": "$.a", "count": 1}}}, "{}", True),
        ({"not": {"contains": {"text": "x", "in": "code"}}}, "no code", False),
        ({"not": {"contains": {"text": "x", "in": "code"}}}, "```\ny\n```", True),
        ({"not": {"not_contains": {"text": "x", "in": "code"}}}, "no code", False),
        ({"not": {"regex": {"pattern": "x", "in": "thinking"}}}, "answer", False),
        ({"not": {"contains": "x"}}, "answer", True),
        ({"not": {"equals": "x"}}, "answer", True),
        ({"not": {"token_rate": 1}}, "answer", False),
        ({"not": {"not": "browser"}}, "no page", False),
        ({"not": {"any_of": ["browser", {"compile": "go"}]}}, "words", False),
        ({"not": {"any_of": [{"contains": "x"}, "browser"]}}, "words", False),
        ({"not": {"any_of": [{"contains": "x"}, {"equals": "x"}]}}, "words", True),
        ({"any_of": [{"not": "browser"}, {"not": {"contains": "x"}}]}, "words", True),
        ({"any_of": [{"not": "browser"}, {"not": "compile"}]}, "words", False),
        ({"warn": {"not": "browser"}}, "words", True),
        ({"not": {"warn": "browser"}}, "words", False),
    ],
)
def test_not_does_not_pass_by_having_nothing_to_look_at(entry: Any, text: str, passes: bool) -> None:
    assert any(f.severity == "failure" for f in findings(entry, text)) is not passes


def test_what_was_missing_is_said() -> None:
    (found,) = findings({"not": {"compile": "rust"}}, GO)
    assert (
        found.message == "`compile: rust` had nothing to look at: no Rust code block: the code in the answer is go"
    )
    assert (found.check, found.line) == ("not compile: rust", 2)
