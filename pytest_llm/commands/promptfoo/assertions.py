"""Assertions of promptfoo as checks.

What each of them means is told by promptfoo's documentation ("Deterministic metrics", "Assertions & metrics").
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from pathlib import Path, PurePath
from typing import Any

from pytest_llm.cases.yamlfile import parse
from pytest_llm.commands.promptfoo.left import NoCounterpart
from pytest_llm.commands.promptfoo.providers import model
from pytest_llm.errors import InputError, nearest

Assertion = Mapping[str, Any]
Files = Callable[[str], str]
"""From a `file://` path to one that a case file may name. Raises NoCounterpart."""

_COMPACT = re.compile(r"\s*([a-z][a-z0-9:-]*?)\s*(?:\((\d+(?:\.\d+)?)\))?\s*(?::\s*(.*))?", re.DOTALL)
_SHORT = {"grade": "llm-rubric", "fn": "javascript", "eval": "javascript"}
_SCRIPTS = {".js": "javascript", ".py": "python", ".rb": "ruby"}
_READ = frozenset({"type", "value", "weight", "metric"})
_MORE: Mapping[str, Set[str]] = {
    "llm-rubric": {"provider"},
    "g-eval": {"provider"},
    "latency": {"threshold"},
    "assert-set": {"threshold", "assert"},
}
_RUBRIC = "its rubric is promptfoo's own: write yours as `judge: {rubric, model}`"
_UNGRADED = "no model is named to grade it: give it a `provider`, or write `judge: {rubric, model}`"
_CODE = "make it a check of your own: a function with @check in conftest.py"
_TOOLS = "tool calls are not judged yet"
_LIKE = "how alike two texts are is not measured: `contains`, `regex`, or `judge` with a rubric"
_SCORE = "no score of a text is measured here: `length`, `regex`, or `judge` with a rubric"
_TRACES = "steps of an agent are not recorded"
_SERVICE = "it asks a service"
_WITHOUT = {
    **dict.fromkeys(("javascript", "python", "ruby", "webhook"), _CODE),
    **dict.fromkeys(("factuality", "model-graded-closedqa", "model-graded-factuality"), _RUBRIC),
    **dict.fromkeys(("select-best", "max-score", "search-rubric", "agent-rubric"), _RUBRIC),
    "conversation-relevance": _RUBRIC,
    **dict.fromkeys(("answer-relevance", "context-faithfulness", "context-recall", "context-relevance"), _RUBRIC),
    **dict.fromkeys(("is-valid-function-call", "is-valid-openai-function-call", "tool-call-f1"), _TOOLS),
    **dict.fromkeys(("is-valid-openai-tools-call", "skill-used"), _TOOLS),
    **dict.fromkeys(("similar", "similar:cosine", "similar:dot", "similar:euclidean", "levenshtein"), _LIKE),
    **dict.fromkeys(("rouge-n", "rouge-s", "rouge-l", "bleu", "gleu", "meteor"), _LIKE),
    **dict.fromkeys(("perplexity", "perplexity-score"), _SCORE),
    **dict.fromkeys(("trace-span-count", "trace-span-duration", "trace-error-spans"), _TRACES),
    **dict.fromkeys(("classifier", "moderation", "guardrails", "pi"), _SERVICE),
    "is-refusal": "write what a refusal says as `not_contains` or `regex`",
    "human": "people grade by `pytest-llm calibrate`",
    "is-html": "`browser` shows a page and judges that",
    "contains-html": "`browser` shows a page and judges that",
    "cost": "local models have no price: `token_rate` and `time` say what an answer costs",
    "finish-reason": "an answer that was cut fails here anyway",
}


def checks(assertions: Iterable[Any], files: Files) -> tuple[list[Any], list[str]]:
    """(the checks, why the others have none), in their order."""
    found, without = [], []
    for assertion in _flat(assertions):
        kind = assertion.get("type", assertion.get("$ref", "?")) if isinstance(assertion, Mapping) else assertion
        try:
            found.append(check(assertion, files))
        except NoCounterpart as reason:
            without.append(f"the assertion {str(kind)!r} has no counterpart: {reason}")
        else:
            without.extend(f"the assertion {str(kind)!r}: {note}" for note in _notes(assertion))
    return found, without


def _flat(assertions: Iterable[Any]) -> Iterator[Any]:
    """The assertions, those of a set that must all hold one by one."""
    for assertion in assertions:
        whole = isinstance(assertion, Mapping) and assertion.get("type") == "assert-set"
        if whole and assertion.get("threshold") in (None, 1) and isinstance(assertion.get("assert"), list):
            graded = {key: assertion[key] for key in ("provider",) if key in assertion}
            yield from _flat({**graded, **one} if isinstance(one, Mapping) else one for one in assertion["assert"])
        else:
            yield assertion


def check(assertion: Any, files: Files) -> Any:
    """The entry of `checks` for one assertion. Raises NoCounterpart."""
    if not isinstance(assertion, Mapping) or not isinstance(assertion.get("type"), str):
        named = isinstance(assertion, Mapping) and "$ref" in assertion
        raise NoCounterpart("its `$ref` names nothing" if named else "it has no type")
    kind = assertion["type"]
    if assertion.get("transform"):
        raise NoCounterpart("its `transform` is code")
    try:
        made = (_negative if kind.startswith("not-") else _positive)(kind, assertion, files)
    except (TypeError, ValueError, AttributeError, InputError):  # any value can stand anywhere in a stranger's file
        raise NoCounterpart("it is not written as promptfoo documents it") from None
    return {"warn": made} if assertion.get("weight") == 0 else made


def _notes(assertion: Assertion) -> Iterator[str]:
    """What a check cannot say of an assertion that became one."""
    kind = assertion["type"].removeprefix("not-")
    known = _READ | _MORE.get(kind, frozenset())
    if assertion.get("weight", 1) not in (0, 1):
        yield "its `weight` has no counterpart: every check must hold"
    for key, value in assertion.items():
        if key not in known and value is not None and not (key == "provider" and kind not in _MORE):
            yield f"its `{key}` has no counterpart"


def compact(text: str) -> Assertion:
    """The assertion of an `__expected` cell: `contains: x`, `latency(500)`; a text alone must be equal."""
    if text.startswith("file://") and (script := _SCRIPTS.get(PurePath(text.partition(":")[2]).suffix)):
        return {"type": script, "value": text}
    found = _COMPACT.fullmatch(text)
    kind = _SHORT.get(found[1], found[1]) if found else ""
    alone = found is not None and found[3] is None
    if not found or kind.removeprefix("not-") not in {*_KINDS, *_WITHOUT} or (alone and found[1] in _SHORT):
        return {"type": "equals", "value": text}
    value = (found[3] or "").strip()
    return {
        "type": kind,
        **({"value": value} if value else {}),
        **({"threshold": float(found[2])} if found[2] else {}),
    }


def _negative(kind: str, assertion: Assertion, files: Files) -> Any:
    plain = kind.removeprefix("not-")
    if plain in ("llm-rubric", "g-eval"):
        raise NoCounterpart("a judge has no opposite: say in the rubric what is to hold")
    if plain in ("contains", "icontains"):
        return {"not_contains": _positive(plain, assertion, files)["contains"]}
    return {"not": _positive(plain, assertion, files)}


def _positive(kind: str, assertion: Assertion, files: Files) -> Any:
    if kind not in _KINDS:
        meant = nearest(kind, [*_KINDS, *_WITHOUT])
        raise NoCounterpart(_WITHOUT.get(kind, f"nothing here is like it{meant}"))
    return _KINDS[kind](assertion, files)


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
        raise NoCounterpart("it has no value" if value is None else f"its value is {value!r}, not a text")
    if str(value).startswith("file://"):
        raise NoCounterpart("a text from a file: put it into the case")
    return str(value)


def _texts(value: Any) -> list[str]:
    return [_text(item) for item in (value if isinstance(value, list) else [value])]


def _several(assertion: Assertion) -> list[str]:
    """The texts of an assertion; where its kind takes several, one text is a line of a table."""
    value = assertion.get("value")
    if isinstance(value, str) and assertion["type"].endswith(("-all", "-any")):
        value = [part.strip() for part in next(csv.reader([value], skipinitialspace=True), [])]
    if not (texts := _texts(value)):
        raise NoCounterpart("it names no text")
    return texts


def _contains(assertion: Assertion, _: Files) -> Any:
    folded = assertion["type"].removeprefix("not-").startswith("i")
    texts = _several(assertion)
    text: Any = texts[0] if len(texts) == 1 else texts
    return {"contains": {"text": text, "ignore_case": True} if folded else text}


def _contains_any(assertion: Assertion, files: Files) -> Any:
    return {"any_of": [_contains({**assertion, "value": [text]}, files) for text in _several(assertion)]}


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
    if isinstance(value, str) and value.startswith("file://"):
        return {"schema": {"file": files(value)}}
    return {"schema": {"inline": _schema(value)}}


def _schema(value: Any) -> Any:
    """A schema, which may be a text in YAML or JSON."""
    if isinstance(value, str):
        found = parse(value, Path("the schema"))
        value = found[0].value if found else None
    if not isinstance(value, Mapping | bool):
        raise NoCounterpart("its value is no schema")
    return value


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
    threshold = float(assertion.get("threshold") or 0)
    if threshold <= 0:
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


def _graded(assertion: Assertion, files: Files) -> Any:
    """A rubric that the model of its `provider` grades by."""
    if not assertion.get("provider"):
        raise NoCounterpart(_UNGRADED)
    value = assertion.get("value")
    written = isinstance(value, str) and value.startswith("file://")
    rubric = {"file": files(str(value))} if written else "\n".join(_texts(value))
    return {"judge": {"rubric": rubric, "model": model(assertion["provider"]).name}}


def _set(assertion: Assertion, files: Files) -> Any:
    parts, threshold = list(assertion.get("assert") or ()), float(assertion.get("threshold") or 1)
    weighed = any(isinstance(part, Mapping) and part.get("weight", 1) != 1 for part in parts)
    if not parts or weighed or threshold * len(parts) > 1:
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
