"""What reads the documents of answers; called in the limited process. Each gives complaints as plain data.

A complaint: `message`, `line` and `column` from 1 or None, `kind`.
"""

from __future__ import annotations

import csv as comma
import io
import logging
from collections.abc import Iterator, Mapping
from typing import Any
from xml.parsers import expat

from pytest_llm.errors import InputError, counted, nearest

Complaint = dict[str, Any]
_COLON = "a `: ` stands where no key can be; put the text in quotes"
_WORDS = {  # libyaml's and PyYAML's own
    "mapping values are not allowed in this context": _COLON,
    "mapping values are not allowed here": _COLON,
}


def yaml(text: str, rules: Mapping[str, Any]) -> list[Complaint]:
    """As PyYAML composes it: tags are not resolved, so nobody's tags are wrong and nothing is built by them."""
    from yaml import MarkedYAMLError, YAMLError

    loader = _loader()
    try:
        nodes = list(_composed(text, loader))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = _WORDS.get(error.problem or "", error.problem or str(error))
        place = (mark.line + 1, mark.column + 1) if mark else (None, None)
        return [_said(f"the YAML cannot be read: {problem}", *place)]
    except YAMLError as error:
        return [_said(f"the YAML cannot be read: {error}".split("\n")[0])]
    except RecursionError:
        return [_said("the YAML is nested too deeply", kind="depth")]
    if any(not isinstance(node.value, list) for node in nodes) or not nodes:
        return [_said("the answer is no YAML but plain text: neither a mapping nor a list", 1)]
    return [complaint for node in nodes for complaint in _twice(node)]


def xml(text: str, rules: Mapping[str, Any]) -> list[Complaint]:
    """As expat reads it: nothing is fetched, and it refuses entities that multiply."""
    begin = len(text) - len(text.lstrip())
    first = text.count("\n", 0, begin)
    names: list[str] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, _: None if names else names.append(name)
    try:
        parser.Parse(text[begin:].encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        message = f"the XML is not well-formed: {expat.ErrorString(error.code)}"
        return [_said(message, error.lineno + first, error.offset + 1)]
    wanted = rules.get("root")
    if wanted is not None and names[0] != wanted:
        return [_said(f"the outermost element is <{names[0][:80]}>, not <{wanted}>", first + 1, kind="value")]
    return []


def csv(text: str, rules: Mapping[str, Any]) -> list[Complaint]:
    """As Python's csv module reads it, strictly; blank lines at the ends do not count."""
    begin = len(text) - len(text.lstrip("\r\n"))
    first = text.count("\n", 0, begin)
    comma.field_size_limit(2**31 - 1)
    reader = comma.reader(io.StringIO(text[begin:].rstrip(), newline=""), delimiter=rules["delimiter"], strict=True)
    rows: list[tuple[int, list[str]]] = []
    line = 1
    try:
        for row in reader:
            rows.append((line + first, row))
            line = reader.line_num + 1
    except comma.Error as error:
        return [_said(f"the CSV cannot be read: {error}", reader.line_num + first)]
    return list(_table(rows, rules["columns"], rules["rows"]))


def sql(text: str, rules: Mapping[str, Any]) -> list[Complaint]:
    """As sqlglot parses it. What it leaves unread must begin as a statement does that it knows by name."""
    import sqlglot
    from sqlglot import errors, exp

    logging.disable(logging.CRITICAL)
    try:
        found = [part for part in sqlglot.parse(text, read=rules["dialect"]) if part is not None]
    except errors.ParseError as error:
        first = error.errors[0] if error.errors else {}
        what = f"near {first['highlight']!r}" if first.get("highlight") else ""
        return [_said(f"the SQL cannot be read {what}".rstrip(), first.get("line"), None)]
    except errors.SqlglotError as error:
        return [_said(f"the SQL cannot be read: {str(error).splitlines()[0][:160]}")]
    except RecursionError:
        return [_said("the SQL is nested too deeply", kind="depth")]
    if not found:
        return [_said("there is no SQL but comments", kind="empty")]
    if any(isinstance(part, exp.Column | exp.Alias | exp.Literal | exp.Identifier) for part in found):
        return [_said("the answer is no SQL but plain text", 1)]
    wanted = rules["statements"]
    if wanted is not None and len(found) != wanted:
        return [_said(f"{_there(len(found), 'statement')}, not {wanted}", kind="count")]
    return []


def check_dialect(name: str) -> None:
    """Raises InputError for a dialect that sqlglot does not know."""
    from sqlglot.dialects.dialect import Dialects

    known = sorted(dialect.value for dialect in Dialects if dialect.value)
    if name not in known:
        raise InputError(f"there is no dialect {name!r}{nearest(name, known)}", hint=f"known: {', '.join(known)}")


def _composed(text: str, loader: Any) -> Iterator[Any]:
    reader = loader(text)
    try:
        while reader.check_node():
            yield reader.get_node()
    finally:
        reader.dispose()


def _loader() -> Any:
    import yaml as pyyaml

    return getattr(pyyaml, "CSafeLoader", pyyaml.SafeLoader)


def _twice(node: Any) -> Iterator[Complaint]:
    """The keys that a mapping has twice; an alias is followed once."""
    seen, todo = set(), [node]
    while todo:
        node = todo.pop()
        if id(node) in seen or not isinstance(node.value, list):
            continue
        seen.add(id(node))
        keys = set()
        for part in node.value:
            key, value = part if isinstance(part, tuple) else (None, part)
            todo.append(value)
            if key is None or not isinstance(key.value, str) or key.value == "<<":
                continue
            if key.value in keys:
                mark = key.start_mark
                yield _said(
                    f"the key {key.value!r} is there twice", mark.line + 1, mark.column + 1, "duplicate-key"
                )
            keys.add(key.value)


def _table(rows: list[tuple[int, list[str]]], columns: Any, bounds: Any) -> Iterator[Complaint]:
    names = columns if isinstance(columns, list) else None
    header = [name.strip() for name in rows[0][1]] if names else []
    if names and header != names:
        yield _said(
            f"the columns are {', '.join(header)[:160]}, not {', '.join(names)}", rows[0][0], kind="columns"
        )
        return
    width = columns if isinstance(columns, int) else len(names or rows[0][1])
    for line, row in rows:
        if len(row) != width:
            yield _said(f"the row has {len(row)} fields, not {width}", line, kind="columns")
    if names is None and columns is None and width == 1:
        yield _said("the answer is no CSV but plain text: no row has more than one field", rows[0][0])
    count = len(rows) - bool(names)
    if bounds and bounds["min"] is not None and count < bounds["min"]:
        yield _said(f"{_there(count, 'row')}, fewer than {bounds['min']}", kind="count")
    if bounds and bounds["max"] is not None and count > bounds["max"]:
        yield _said(f"{_there(count, 'row')}, more than {bounds['max']}", kind="count")


def _said(message: str, line: int | None = None, column: int | None = None, kind: str = "syntax") -> Complaint:
    return {"message": message, "line": line, "column": column, "kind": kind}


def _there(number: int, noun: str) -> str:
    return f"there {'is' if number == 1 else 'are'} {counted(number, noun)}"
