"""Assertions of promptfoo as checks.

What each of them means is told by promptfoo's documentation ("Deterministic metrics", "Assertions & metrics").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pytest_llm.commands.promptfoo.left import NoCounterpart
from pytest_llm.commands.promptfoo.providers import model

Assertion = Mapping[str, Any]
Files = Callable[[str], str]
"""From a `file://` path to one that a case file may name. Raises NoCounterpart."""

_COMPACT = re.compile(r"\s*([a-z][a-z0-9:-]*)\s*(?:\(([^()]*)\))?\s*:\s*(.*)", re.DOTALL)
_RUBRIC = "its rubric is promptfoo's own: write yours as `judge: {rubric, model}`"
_UNGRADED = "no model is named to grade it: give it a `provider`, or write `judge: {rubric, model}`"
_CODE = "make it a check of your own: a function with @check in conftest.py"
_TOOLS = "tool calls are not judged yet"
_WITHOUT = {
    **dict.fromkeys(("javascript", "python", "ruby", "webhook"), _CODE),
    **dict.fromkeys(
        ("factuality", "model-graded-closedqa", "model-graded-factuality", "select-best"),
        _RUBRIC,
    ),
    **dict.fromkeys(("answer-relevance", "context-faithfulness", "context-recall", "context-relevance"), _RUBRIC),
    **dict.fromkeys(("is-valid-function-call", "is-valid-openai-function-call", "tool-call-f1"), _TOOLS),
    "is-valid-openai-tools-call": _TOOLS,
    "is-html": "`browser` shows a page and judges that",
    "contains-html": "`browser` shows a page and judges that",
    "cost": "local models have no price: `token_rate` and `time` say what an answer costs",
    "finish-reason": "an answer that was cut fails here anyway",
}


def checks(assertions: Iterable[Any], files: Files) -> tuple[list[Any], list[str]]:
    """(the checks, why the others have none), in their order."""
    found, without = [], []
    for assertion in assertions:
        try:
            found.append(check(assertion, files))
        except NoCounterpart as reason:
            kind = assertion.get("type", "?") if isinstance(assertion, Mapping) else assertion
            without.append(f"the assertion {str(kind)!r} has no counterpart: {reason}")
    return found, without


def check(assertion: Any, files: Files) -> Any:
    """The entry of `checks` for one assertion. Raises NoCounterpart."""
    if not isinstance(assertion, Mapping) or not isinstance(assertion.get("type"), str):
        raise NoCounterpart("it has no type")
    kind = assertion["type"]
    if assertion.get("transform"):
        raise NoCounterpart("its `transform` is code")
    made = _positive(kind, assertion, files) if not kind.startswith("not-") else _negative(kind, assertion, files)
    return {"warn": made} if assertion.get("weight") == 0 else made


def compact(text: str) -> Assertion:
    """The assertion of an `__expected` cell: `contains: x`, `latency(500)`; a text alone must be equal."""
    found = _COMPACT.fullmatch(text)
    if not found or found[1].removeprefix("not-") not in {*_KINDS, *_WITHOUT, "similar"}:
        return {"type": "equals", "value": text}
    kind, threshold, value = found.groups()
    several = kind.rsplit("-", 1)[-1] in ("all", "any")
    read = [part.strip() for part in value.split(",")] if several else value.strip()
    return {"type": kind, "value": read, **({"threshold": float(threshold)} if threshold else {})}


def _negative(kind: str, assertion: Assertion, files: Files) -> Any:
    plain = kind.removeprefix("not-")
    if plain in ("llm-rubric", "g-eval"):
        raise NoCounterpart("a judge has no opposite: say in the rubric what is to hold")
    if plain in ("contains", "icontains"):
        return {"not_contains": _positive(plain, assertion, files)["contains"]}
    return {"not": _positive(plain, assertion, files)}


def _positive(kind: str, assertion: Assertion, files: Files) -> Any:
    if kind not in _KINDS:
        raise NoCounterpart(_WITHOUT.get(kind, "nothing here is like it"))
    return _KINDS[kind](assertion, files)


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        raise NoCounterpart(f"its value is {value!r}, not a text")
    if str(value).startswith("file://"):
        raise NoCounterpart("a text from a file: put it into the case")
    return str(value)


def _texts(value: Any) -> list[str]:
    return [_text(item) for item in (value if isinstance(value, list) else [value])]


def _contains(assertion: Assertion, _: Files) -> Any:
    folded = assertion["type"].removeprefix("not-").startswith("i")
    texts = _texts(assertion.get("value"))
    text: Any = texts[0] if len(texts) == 1 else texts
    return {"contains": {"text": text, "ignore_case": True} if folded else text}


def _contains_any(assertion: Assertion, files: Files) -> Any:
    one = dict(assertion)
    return {"any_of": [_contains({**one, "value": text}, files) for text in _texts(assertion.get("value"))]}


def _equals(assertion: Assertion, _: Files) -> Any:
    value = assertion.get("value")
    if isinstance(value, dict | list):
        return {"json_path": {"path": "$", "equals": value}}
    return {"equals": _text(value)}


def _starts_with(assertion: Assertion, _: Files) -> Any:
    text = _text(assertion.get("value"))
    if "{{" in text:
        raise NoCounterpart("a template in a pattern: write the pattern with `regex`")
    return {"regex": rf"\A{re.escape(text)}"}


def _json(assertion: Assertion, files: Files) -> Any:
    value = assertion.get("value")
    if value is None:
        return {"json_path": "$"}
    if isinstance(value, str):
        return {"schema": {"file": files(value)}}
    return {"schema": {"inline": value}}


def _xml(assertion: Assertion, _: Files) -> Any:
    value = assertion.get("value") or {}
    wanted = value.get("requiredElements", []) if isinstance(value, Mapping) else []
    roots = {str(path).partition(".")[0] for path in wanted}
    if any("." in str(path) for path in wanted) or len(roots) > 1:
        raise NoCounterpart("`xml` looks at the outermost element only")
    return {"xml": roots.pop()} if roots else "xml"


def _sql(assertion: Assertion, _: Files) -> Any:
    value = assertion.get("value") or {}
    given = value if isinstance(value, Mapping) else {}
    if given.get("allowedTables") or given.get("allowedColumns"):
        raise NoCounterpart("`sql` knows of no lists of tables and columns")
    dialect = _DIALECTS.get(str(given.get("databaseType", "")).lower())
    return {"sql": dialect} if dialect else "sql"


def _latency(assertion: Assertion, _: Files) -> Any:
    threshold = assertion.get("threshold")
    if not isinstance(threshold, int | float) or threshold <= 0:
        raise NoCounterpart("it has no threshold")
    return {"time": {"total": f"{threshold:g}ms"}}


def _words(assertion: Assertion, _: Files) -> Any:
    value = assertion.get("value")
    if isinstance(value, Mapping):
        bounds = {key: value[key] for key in ("min", "max") if key in value}
    else:
        count = int(_text(value))
        bounds = {"min": count, "max": count}
    return {"length": {"words": bounds}}


def _graded(assertion: Assertion, _: Files) -> Any:
    """A rubric that the model of its `provider` grades by."""
    if not assertion.get("provider"):
        raise NoCounterpart(
            "no model is named to grade it: give it a `provider`, or write `judge: {rubric, model}`"
        )
    return {"judge": {"rubric": _text(assertion.get("value")), "model": model(assertion["provider"]).name}}


def _set(assertion: Assertion, files: Files) -> Any:
    parts, threshold = list(assertion.get("assert") or ()), assertion.get("threshold")
    if not parts or threshold is None or threshold * len(parts) > 1:
        raise NoCounterpart("a share of several assertions; `any_of` takes one of them")
    return {"any_of": [check(part, files) for part in parts]}


_DIALECTS = {
    **{name: name for name in ("mysql", "sqlite", "bigquery", "snowflake", "hive", "trino", "redshift")},
    "postgresql": "postgres",
    "transactsql": "tsql",
    "mariadb": "mysql",
}
_KINDS: Mapping[str, Callable[[Assertion, Files], Any]] = {
    **dict.fromkeys(("contains", "icontains", "contains-all", "icontains-all"), _contains),
    **dict.fromkeys(("contains-any", "icontains-any"), _contains_any),
    "equals": _equals,
    "regex": lambda assertion, _: {"regex": _text(assertion.get("value"))},
    "starts-with": _starts_with,
    **dict.fromkeys(("is-json", "contains-json"), _json),
    **dict.fromkeys(("is-xml", "contains-xml"), _xml),
    **dict.fromkeys(("is-sql", "contains-sql"), _sql),
    "latency": _latency,
    **dict.fromkeys(("llm-rubric", "g-eval"), _graded),
    "word-count": _words,
    "assert-set": _set,
}
